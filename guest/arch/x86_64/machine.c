/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The x86-64 machine: creation, the exits only x86 has, and the descriptor. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch/x86_64/x86.h"

/* Pages KVM needs for itself on some hosts (real mode on Intel), below the reset vector's ROM area. */
#define TSS_ADDR 0xfffbd000ul
#define IDENTITY_MAP_ADDR 0xfffbc000ull

#ifndef KVM_CAP_X86_USER_SPACE_MSR
#define KVM_CAP_X86_USER_SPACE_MSR 188
#endif
#ifndef KVM_CAP_XSAVE2
#define KVM_CAP_XSAVE2 208
#endif
#ifndef KVM_MSR_EXIT_REASON_UNKNOWN
#define KVM_MSR_EXIT_REASON_UNKNOWN (1 << 1)
#endif

static struct error *machine_create(struct vm *vm)
{
	struct x86_vm *x = xcalloc(1, sizeof(*x));
	uint64_t identity = IDENTITY_MAP_ADDR;
	struct kvm_enable_cap msr_exits = { .cap = KVM_CAP_X86_USER_SPACE_MSR,
					    .args = { KVM_MSR_EXIT_REASON_UNKNOWN } };
	struct error *err;
	int r;

	vm->arch = x;
	x->irqchip = vm->config->irqchip;
	if (ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) || ioctl(vm->fd, KVM_SET_TSS_ADDR, TSS_ADDR))
		return error_errno(errno, "KVM refuses the address of its own pages");
	x->has_xsave = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE) > 0;
	x->has_xcrs = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_XCRS) > 0;
	x->has_debugregs = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_DEBUGREGS) > 0;
	r = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE2);
	x->xsave_size = r > (int)sizeof(struct kvm_xsave) ? (size_t)r : sizeof(struct kvm_xsave);
	/* MSRs KVM does not know come to us, to be seen; they still fault in the guest. */
	x->msr_exits = ioctl(vm->fd, KVM_ENABLE_CAP, &msr_exits) == 0;
	err = x86_cpuid_load(vm);
	return err ? err : x86_irq_create(vm);
}

static void machine_destroy(struct vm *vm)
{
	struct x86_vm *x = x86_vm(vm);

	x86_irq_destroy(vm);
	free(x->cpuid);
	free(x);
	vm->arch = NULL;
}

static bool exit_msr(struct vcpu *v, struct stop_report *report, bool write)
{
	struct vmm_exit_msr ev = {
		.pc = x86_pc(v), .index = v->run->msr.index, .write = write,
		.value = write ? v->run->msr.data : 0,
	};

	v->run->msr.error = 1; /* #GP, as KVM alone would do */
	v->io_pending = true;
	return vcpu_exit_event(v, VMM_EXIT_MSR, &ev, sizeof(ev), report);
}

static bool machine_exit(struct vcpu *v, struct stop_report *report, bool *ret_stop)
{
	struct vmm_exit_eoi eoi;

	switch (v->run->exit_reason) {
	case KVM_EXIT_X86_RDMSR:
	case KVM_EXIT_X86_WRMSR:
		*ret_stop = exit_msr(v, report, v->run->exit_reason == KVM_EXIT_X86_WRMSR);
		return true;
	case KVM_EXIT_IOAPIC_EOI:
		eoi = (struct vmm_exit_eoi){ .pc = x86_pc(v), .vector = v->run->eoi.vector };
		if (x86_vm(v->vm)->ioapic)
			x86_ioapic_eoi(x86_vm(v->vm)->ioapic, eoi.vector);
		*ret_stop = vcpu_exit_event(v, VMM_EXIT_EOI, &eoi, sizeof(eoi), report);
		return true;
	case KVM_EXIT_SET_TPR:
		return true;
	default:
		return false;
	}
}

static enum vcpu_state activity(struct vcpu *v)
{
	struct kvm_mp_state mp;
	struct kvm_xcrs xcrs;

	if (x86_vm(v->vm)->has_xcrs && ioctl(v->fd, KVM_GET_XCRS, &xcrs) == 0)
		for (unsigned i = 0; i < xcrs.nr_xcrs && i < KVM_MAX_XCRS; i++)
			if (xcrs.xcrs[i].xcr == 0)
				x86_vcpu(v)->xcr0 = xcrs.xcrs[i].value;
	if (!x86_lapic_in_kernel(v->vm) || ioctl(v->fd, KVM_GET_MP_STATE, &mp))
		return VCPU_STOPPED;
	switch (mp.mp_state) {
	case KVM_MP_STATE_HALTED:
		return VCPU_HALTED;
	case KVM_MP_STATE_UNINITIALIZED:
	case KVM_MP_STATE_INIT_RECEIVED:
	case KVM_MP_STATE_SIPI_RECEIVED:
		return VCPU_WAITING;
	default:
		return VCPU_STOPPED;
	}
}

static bool halt(struct vcpu *v, uint64_t pc)
{
	struct kvm_mp_state mp;

	if (x86_pc(v) != pc + 1)
		return false;
	if (!x86_lapic_in_kernel(v->vm)) {
		v->halted = true;
	} else if (ioctl(v->fd, KVM_GET_MP_STATE, &mp) == 0 && mp.mp_state == KVM_MP_STATE_RUNNABLE) {
		mp.mp_state = KVM_MP_STATE_HALTED;
		ioctl(v->fd, KVM_SET_MP_STATE, &mp);
	}
	return true;
}

static bool step_halt(struct vcpu *v, const uint8_t *code, size_t len)
{
	struct kvm_mp_state mp = { .mp_state = KVM_MP_STATE_HALTED };
	struct kvm_vcpu_events events;
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	/* With prefixes it is KVM's to decide; without its LAPIC the exit does it. */
	if (code[0] != 0xf4 || !x86_lapic_in_kernel(v->vm) ||
	    ioctl(v->fd, KVM_GET_VCPU_EVENTS, &events) || ioctl(v->fd, KVM_GET_REGS, &regs) ||
	    ioctl(v->fd, KVM_GET_SREGS, &sregs))
		return false;
	/* Outside ring 0 it faults. */
	if ((sregs.cr0 & X86_CR0_PE) && (sregs.ss.dpl || (regs.rflags & X86_FLAGS_VM)))
		return false;
	if (events.exception.injected || events.exception.pending || events.interrupt.injected ||
	    events.nmi.injected)
		return false; /* something is on its way in before the halt */
	regs.rip++;
	events.interrupt.shadow = 0;
	events.flags = KVM_VCPUEVENT_VALID_SHADOW;
	if (ioctl(v->fd, KVM_SET_REGS, &regs) || ioctl(v->fd, KVM_SET_VCPU_EVENTS, &events) ||
	    ioctl(v->fd, KVM_SET_MP_STATE, &mp))
		return false;
	x86_refresh(v);
	return true;
}

/* Interrupts wait for IF; an NMI comes from another CPU or a watchdog nobody set up here. */
static bool can_wake(struct vcpu *v)
{
	return x86_vcpu(v)->regs->rflags & X86_FLAGS_IF;
}

static struct error *translate(struct vcpu *v, uint64_t gva, uint64_t *ret_gpa)
{
	struct kvm_translation tr = { .linear_address = gva };

	if (ioctl(v->fd, KVM_TRANSLATE, &tr))
		return error_errno(errno, "vCPU %u: KVM cannot translate 0x%" PRIx64, v->index, gva);
	if (!tr.valid)
		return error_create(ERROR_FAULT, "0x%" PRIx64 " is not mapped", gva);
	*ret_gpa = tr.physical_address;
	return NULL;
}

/* APIC ids are given in order (cpuid.c). */
static uint32_t hw_id(const struct vcpu *v)
{
	return v->index;
}

static const uint8_t int3[] = { 0xcc };

const struct machine machine_host = {
	.arch = &arch_x86_64,
	.boot_modes = BIT(BOOT_REAL16) | BIT(BOOT_PROT32) | BIT(BOOT_LONG64),
	.flat_mode = FLAT_REAL,
	.irqchip_starts_vcpus = true,
	.nslots = 4,
	.break_insn = int3,
	.break_len = sizeof(int3),
	.ram_hole_start = 0xc0000000ull,
	.ram_hole_end = 0x100000000ull,
	.vm_create = machine_create,
	.vm_destroy = machine_destroy,
	.vm_reset = x86_irq_reset,
	.irq_set = x86_irq_set,
	.msi = x86_msi,
	.vm_state = x86_vm_state,
	.vcpu_create = x86_vcpu_create,
	.vcpu_destroy = x86_vcpu_destroy,
	.vcpu_reset = x86_vcpu_reset,
	.sync = x86_sync,
	.lazy = x86_lazy,
	.refresh = x86_refresh_lazy,
	.activity = activity,
	.debug_set = x86_debug_set,
	.debug_decode = x86_debug_decode,
	.debug_inject = x86_debug_inject,
	.exit = machine_exit,
	.enter = x86_enter,
	.halt_wakes = x86_halt_wakes,
	.halt = halt,
	.step_halt = step_halt,
	.can_wake = can_wake,
	.regs_read = x86_regs_read,
	.reg_write = x86_reg_write,
	.translate = translate,
	.vcpu_state = x86_vcpu_state,
	.pc = x86_pc,
	.sp = x86_sp,
	.reg_get = x86_reg_get,
	.regs_core = x86_regs_core,
	.mmu_key = x86_mmu_key,
	.classify = x86_classify,
	.step_interrupted = x86_step_interrupted,
	.hw_id = hw_id,
	.selftest = x86_selftest,
	.checks = x86_checks,
	.missing_kvm = x86_missing_kvm,
};
