/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Is anybody still getting anywhere? The device thread lets every running vCPU look at itself a few
 * times a second. Two things a KVM never tells by itself: all vCPUs halted with nothing that can wake
 * them, and an instruction that is executed again and again without effect (a hypercall on a KVM that
 * does not serve it).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "guest/vm.h"

#define STALLED_LOOKS 3
#define HALTED_LOOKS 2	/* a wake-up may be under way at the first */

static bool all_halted(struct vm *vm)
{
	for (unsigned i = 0; i < vm->nvcpus; i++) {
		const struct vcpu *v = vm->vcpus[i];

		if (v->go && !atomic_load(&v->halted_for_good))
			return false;
	}
	return true;
}

/* Only a hypercall: a loop on itself is a guest's usual way to wait. */
static bool stalled(struct vcpu *v, uint64_t pc)
{
	uint64_t gpa;
	size_t len;
	const uint8_t *code = vcpu_fetch_code(v, pc, &len, &gpa);

	if (!code || machine_host.classify(v, code, len) != INSN_CLASS_VMCALL) {
		v->stall_count = 0;
		return false;
	}
	v->stall_count = v->stall_pc == pc ? v->stall_count + 1 : 1;
	v->stall_pc = pc;
	return v->stall_count >= STALLED_LOOKS;
}

bool vcpu_look(struct vcpu *v, struct stop_report *report)
{
	struct vm *vm = v->vm;
	enum vcpu_state activity;
	bool dead, all;
	uint64_t pc;

	atomic_fetch_and(&v->requests, ~VCPU_REQ_LOOK);
	machine_host.sync(v);
	machine_host.refresh(v);
	pc = machine_host.pc(v);
	atomic_store(&v->last_pc, pc);
	activity = machine_host.activity(v);
	vcpu_note_activity(v, activity);
	dead = activity == VCPU_WAITING || (activity == VCPU_HALTED && !machine_host.can_wake(v));
	v->halt_looks = dead ? v->halt_looks + (v->halt_looks < HALTED_LOOKS) : 0;
	dead = v->halt_looks == HALTED_LOOKS;
	atomic_store(&v->halted_for_good, dead);
	if (dead && activity == VCPU_HALTED) {
		pthread_mutex_lock(&vm->run.lock);
		all = all_halted(vm);
		pthread_mutex_unlock(&vm->run.lock);
		if (!all)
			return false;
		memset(report, 0, sizeof(*report));
		report->reason = STOP_HALTED;
		report->vcpu = v->index;
		snprintf(report->text, sizeof(report->text), vm->nvcpus > 1 ?
			 "every vCPU halted with interrupts off: nothing can wake them" :
			 "the vCPU halted with interrupts off: nothing can wake it");
		return true;
	}
	if (activity != VCPU_STOPPED || !stalled(v, pc))
		return false;
	v->stall_count = 0;
	memset(report, 0, sizeof(*report));
	report->reason = STOP_ERROR;
	report->vcpu = v->index;
	snprintf(report->text, sizeof(report->text),
		 "vCPU %u executes the hypercall at 0x%" PRIx64 " again and again: this host's KVM does not serve it",
		 v->index, pc);
	return true;
}
