/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The live guest as a struct target. All calls come from the main thread. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"
#include "guest/steps.h"
#include "guest/vm.h"

static struct vm *vm_of(struct target *t)
{
	return container_of(t, struct vm, target);
}

static struct error *vcpu_of(struct target *t, unsigned index, struct vcpu **ret)
{
	struct vm *vm = vm_of(t);

	if (index >= vm->nvcpus)
		return error_create(ERROR_NOT_FOUND, "there is no vCPU %u (0 to %u)", index, vm->nvcpus - 1);
	*ret = vm->vcpus[index];
	return NULL;
}

enum target_state target_live_state(struct vm *vm)
{
	enum target_state state;

	pthread_mutex_lock(&vm->run.lock);
	state = vm->run.state;
	pthread_mutex_unlock(&vm->run.lock);
	return state;
}

static bool is_running(struct vm *vm)
{
	enum target_state state = target_live_state(vm);

	return state == TARGET_RUNNING || state == TARGET_STOPPING;
}

static void live_destroy(struct target *t)
{
	vm_destroy(vm_of(t));
}

static unsigned live_vcpu_count(struct target *t)
{
	return vm_of(t)->nvcpus;
}

static struct error *live_vcpu_info(struct target *t, unsigned index, struct vcpu_info *ret)
{
	bool running = is_running(vm_of(t));
	struct vcpu *v;
	struct error *err = vcpu_of(t, index, &v);

	if (err)
		return err;
	*ret = (struct vcpu_info){
		.index = index, .hw_id = machine_host.hw_id(v), .tid = v->tid,
		.exits = atomic_load(&v->exits), .pc = atomic_load(&v->last_pc), .stale = running,
		.state = running ? VCPU_RUNNING : v->activity,
	};
	return NULL;
}

struct regs_call {
	unsigned groups;
	struct regs *regs;
};

static struct error *call_regs(struct vcpu *v, void *ctx)
{
	struct regs_call *call = ctx;

	return machine_host.regs_read(v, call->groups, call->regs);
}

static struct error *live_regs_read(struct target *t, unsigned index, unsigned groups, struct regs *ret,
				    bool *ret_stale)
{
	struct regs_call call = { .groups = groups & ~REGS_CORE, .regs = ret };
	bool running = is_running(vm_of(t));
	struct vcpu *v;
	struct error *err = vcpu_of(t, index, &v);

	if (err)
		return err;
	if (ret->arch != t->arch)
		regs_init(ret, t->arch);
	if (groups & REGS_CORE)
		machine_host.regs_core(v, ret);
	if (call.groups && !running) {
		err = vcpu_call(v, call_regs, &call);
		if (err)
			return err;
	}
	if (ret_stale)
		*ret_stale = running;
	return NULL;
}

struct write_call {
	unsigned reg;
	const void *data;
	size_t len;
};

static struct error *call_reg_write(struct vcpu *v, void *ctx)
{
	struct write_call *call = ctx;
	struct error *err = machine_host.reg_write(v, call->reg, call->data, call->len);

	/* KVM ties a step to the pc of the debug ioctl: it is told again. */
	v->debug_generation = 0;
	atomic_store(&v->last_pc, machine_host.pc(v));
	return err;
}

static struct error *live_reg_write(struct target *t, unsigned index, unsigned reg, const void *data,
				    size_t len)
{
	struct write_call call = { .reg = reg, .data = data, .len = len };
	struct vcpu *v;
	struct error *err = vcpu_of(t, index, &v);

	if (err)
		return err;
	if (reg >= t->arch->nregs)
		return error_create(ERROR_NOT_FOUND, "there is no register number %u", reg);
	if (is_running(vm_of(t)))
		return error_create(ERROR_STATE, "registers can be written when the guest is stopped");
	steps_forget(vm_of(t), "a register was written");
	return vcpu_call(v, call_reg_write, &call);
}

static struct error *live_phys_read(struct target *t, uint64_t gpa, void *buf, size_t len)
{
	uint64_t bad;

	if (memory_read(&vm_of(t)->mem, gpa, buf, len, &bad))
		return NULL;
	return error_create(ERROR_FAULT, "no memory at guest-physical 0x%" PRIx64, bad);
}

static struct error *live_phys_write(struct target *t, uint64_t gpa, const void *buf, size_t len)
{
	struct vm *vm = vm_of(t);
	uint64_t bad;

	if (!memory_write(&vm->mem, gpa, buf, len, &bad))
		return error_create(ERROR_FAULT, "no memory at guest-physical 0x%" PRIx64, bad);
	/* What the user writes is not a change a watchpoint reports, nor one that a recorded step undoes. */
	if (!is_running(vm))
		stops_remember(vm);
	steps_forget(vm, "memory was written");
	return NULL;
}

static const void *live_phys_ptr(struct target *t, uint64_t gpa, size_t *ret_len)
{
	return memory_ptr(&vm_of(t)->mem, gpa, ret_len);
}

static bool live_region(struct target *t, unsigned i, struct mem_region *ret)
{
	struct vm *vm = vm_of(t);

	if (i >= vm->regions.len)
		return false;
	*ret = vm->regions.data[i];
	return true;
}

struct translate_call {
	uint64_t gva, gpa;
};

static struct error *call_translate(struct vcpu *v, void *ctx)
{
	struct translate_call *call = ctx;

	return machine_host.translate(v, call->gva, &call->gpa);
}

static struct error *live_translate(struct target *t, unsigned index, uint64_t gva, uint64_t *ret_gpa)
{
	struct translate_call call = { .gva = gva };
	struct vcpu *v;
	struct error *err = vcpu_of(t, index, &v);

	if (!err)
		err = vcpu_call(v, call_translate, &call);
	if (!err)
		*ret_gpa = call.gpa;
	return err;
}

/* ---- named state ------------------------------------------------------------------------------ */

struct state_call {
	enum state_kind kind;
	void *buf;
	size_t size, len;
};

static struct error *call_state(struct vcpu *v, void *ctx)
{
	struct state_call *call = ctx;

	return machine_host.vcpu_state(v, call->kind, call->buf, call->size, &call->len);
}

static struct error *vm_info(struct vm *vm, void *buf, size_t size, size_t *ret_len)
{
	static const uint32_t irqchip[] = { [IRQCHIP_OFF] = 0, [IRQCHIP_SPLIT] = 1, [IRQCHIP_KERNEL] = 2 };
	struct state_vm_info info = {
		.version = STATE_VERSION, .irqchip = irqchip[vm->config->irqchip],
		.mem_bytes = vm->mem.bytes, .vcpus = vm->nvcpus,
	};

	if (size < sizeof(info))
		return error_create(ERROR_FAILED, "the buffer for the VM's description is too small");
	snprintf(info.backend, sizeof(info.backend), "KVM API %d%s", vm->caps.api,
		 vm->caps.sync_regs ? ", shared registers" : "");
	snprintf(info.image, sizeof(info.image), "%s", vm->image_ref.name);
	snprintf(info.boot, sizeof(info.boot), "%s", vm->boot.protocol ? vm->boot.protocol : "");
	memcpy(buf, &info, sizeof(info));
	*ret_len = sizeof(info);
	return NULL;
}

static struct error *live_state_get(struct target *t, enum state_kind kind, unsigned index, void *buf,
				    size_t size, size_t *ret_len)
{
	struct state_call call = { .kind = kind, .buf = buf, .size = size };
	struct vm *vm = vm_of(t);
	struct vcpu *v;
	struct error *err;

	switch (kind) {
	case STATE_VM_INFO:
		return vm_info(vm, buf, size, ret_len);
	case STATE_VIRTIO_DEVICE:
	case STATE_VIRTIO_QUEUE:
	case STATE_VIRTIO_INFLIGHT:
	case STATE_VIRTIO_IOVA:
		return vm_virtio_state(vm, kind, index, buf, size, ret_len);
	case STATE_X86_LAPIC:
	case STATE_VCPU_EVENTS:
	case STATE_XIVE_VP:
	case STATE_PPC_SLB:
		err = vcpu_of(t, index, &v);
		if (!err)
			err = vcpu_call(v, call_state, &call);
		if (!err)
			*ret_len = call.len;
		return err;
	default:
		return machine_host.vm_state(vm, kind, index, buf, size, ret_len);
	}
}

static struct error *live_xive_act(struct target *t, enum xive_act act, uint32_t lisn, uint8_t *ret_old)
{
	struct vm *vm = vm_of(t);

	if (!machine_host.xive_act)
		return error_create(ERROR_UNSUPPORTED, "a %s guest has no XIVE", machine_host.arch->name);
	if (is_running(vm))
		return error_hint(error_create(ERROR_STATE, "the guest runs"), "stop it first (Ctrl-C)");
	return machine_host.xive_act(vm, act, lisn, ret_old);
}

/* ---- run control ------------------------------------------------------------------------------ */

static enum target_state live_state(struct target *t)
{
	return target_live_state(vm_of(t));
}

static struct error *live_resume(struct target *t, const struct run_request *req)
{
	return run_resume(vm_of(t), req);
}

static struct error *live_interrupt(struct target *t)
{
	return run_interrupt(vm_of(t));
}

static struct error *live_kill(struct target *t)
{
	struct vm *vm = vm_of(t);

	if (target_live_state(vm) != TARGET_ENDED)
		run_kill(vm, STOP_KILLED);
	return NULL;
}

static struct error *live_reset(struct target *t)
{
	struct stop_report report = { .reason = STOP_STARTED };
	struct vm *vm = vm_of(t);
	struct error *err;

	if (is_running(vm))
		run_kill(vm, STOP_KILLED);
	err = vm_reset(vm);
	if (err)
		return err;
	steps_forget(vm, "the guest was reset");
	stops_plan(vm);
	run_post(vm, &report);
	return NULL;
}

static int live_stop_fd(struct target *t)
{
	return vm_of(t)->run.stop_fd;
}

static bool live_stop_take(struct target *t, struct stop_report *ret)
{
	return run_take(vm_of(t), ret);
}

static struct error *live_stop_arm(struct target *t, const struct stop_spec *spec)
{
	return stops_arm(vm_of(t), spec);
}

static struct error *live_stop_disarm(struct target *t, unsigned id)
{
	return stops_disarm(vm_of(t), id);
}

static struct error *live_stop_update(struct target *t, unsigned id, struct expr_prog *cond, uint64_t ignore)
{
	return stops_update(vm_of(t), id, cond, ignore);
}

static bool live_stop_status(struct target *t, unsigned id, struct stop_status *ret)
{
	return stops_status(vm_of(t), id, ret);
}

static unsigned live_events_drain(struct target *t, struct event_store *store, unsigned max)
{
	return vm_events_drain(vm_of(t), store, max);
}

static int live_event_fd(struct target *t)
{
	return vm_of(t)->event_fd;
}

static struct error *live_console_input(struct target *t, const void *data, size_t len)
{
	struct vm *vm = vm_of(t);
	const uint8_t *p = data;

	for (size_t done = 0; done < len;) {
		struct vmm_console ev = { .dir = 1 };

		ev.len = len - done < sizeof(ev.data) ? len - done : sizeof(ev.data);
		memcpy(ev.data, p + done, ev.len);
		vm_event(vm, VMM_CONSOLE, EVENT_NO_VCPU, &ev, offsetof(struct vmm_console, data) + ev.len);
		done += ev.len;
	}
	return vm_console_input(vm, data, len);
}

static struct error *live_travel(struct target *t, const struct travel *travel)
{
	return steps_travel(vm_of(t), travel);
}

static struct error *live_steps_record(struct target *t, uint64_t bytes)
{
	if (is_running(vm_of(t)))
		return error_create(ERROR_STATE, "the guest runs: stop it first");
	return steps_record(vm_of(t), bytes);
}

static bool live_steps_status(struct target *t, uint64_t *ret_steps, uint64_t *ret_dropped)
{
	return steps_status(vm_of(t), ret_steps, ret_dropped);
}

const struct target_ops target_live_ops = {
	.name = "kvm",
	.destroy = live_destroy,
	.vcpu_count = live_vcpu_count,
	.vcpu_info = live_vcpu_info,
	.regs_read = live_regs_read,
	.reg_write = live_reg_write,
	.phys_read = live_phys_read,
	.phys_write = live_phys_write,
	.phys_ptr = live_phys_ptr,
	.region = live_region,
	.translate = live_translate,
	.state_get = live_state_get,
	.xive_act = live_xive_act,
	.state = live_state,
	.resume = live_resume,
	.interrupt = live_interrupt,
	.kill = live_kill,
	.reset = live_reset,
	.stop_fd = live_stop_fd,
	.stop_take = live_stop_take,
	.stop_arm = live_stop_arm,
	.stop_disarm = live_stop_disarm,
	.stop_update = live_stop_update,
	.stop_status = live_stop_status,
	.events_drain = live_events_drain,
	.event_fd = live_event_fd,
	.travel = live_travel,
	.steps_record = live_steps_record,
	.steps_status = live_steps_status,
	.console_input = live_console_input,
};
