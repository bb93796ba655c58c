/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deciding on the vCPU's thread whether something reached is a stop: filters, condition, ignore count. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/event/store.h"
#include "guest/vm.h"

struct env {
	struct vm *vm;
	struct vcpu *v;		/* NULL: a device's event, nobody's registers */
	struct mem_reader reader;
	struct event_field_ctx field;
};

static bool env_reg(void *ctx, unsigned id, uint64_t *ret)
{
	struct env *env = ctx;
	struct reg_ref ref;
	uint64_t whole;

	if (!env->v)
		return false;
	if (id < REGS_MAX)
		return machine_host.reg_get(env->v, id, ret);
	ref = reg_ref_unpack(id);
	if (ref.shift >= 64 || !machine_host.reg_get(env->v, ref.reg, &whole))
		return false;
	whole >>= ref.shift;
	*ret = ref.bits >= 64 ? whole : whole & (BIT(ref.bits) - 1);
	return true;
}

static bool env_mem(void *ctx, uint64_t gva, void *buf, size_t len)
{
	struct env *env = ctx;

	return env->v && env->reader.virt(env->reader.ctx, gva, buf, len);
}

static bool env_phys(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct env *env = ctx;
	uint64_t bad;

	if (!env->v)
		return memory_read(&env->vm->mem, gpa, buf, len, &bad);
	return env->reader.phys(env->reader.ctx, gpa, buf, len);
}

static bool env_field(void *ctx, unsigned index, uint64_t *ret)
{
	struct env *env = ctx;

	return env->field.event && event_env_field(&env->field, index, ret);
}

static const char *reg_name(unsigned id)
{
	unsigned reg = id < REGS_MAX ? id : reg_ref_unpack(id).reg;

	return reg < machine_host.arch->nregs ? machine_host.arch->regs[reg].name : "?";
}

/* 1: holds, 0: does not, -1: @report says why it could not be evaluated. @v NULL: a device's event. */
static int evaluate(struct vm *vm, struct vcpu *v, struct stop_entry *e, const struct event *event,
		    struct stop_report *report)
{
	struct env env = { .vm = vm, .v = v };
	const struct expr_env ops = {
		.ctx = &env, .reg = env_reg, .mem = env_mem, .phys = env_phys, .field = env_field,
		.big_endian = machine_host.arch->big_endian,
	};
	struct expr_value value;
	struct expr_fault fault;
	struct error *err;

	if (v)
		env.reader = vcpu_reader(v);
	if (event)
		env.field = (struct event_field_ctx){ .schema = &vmm_schemas[event->schema], .event = event };
	atomic_fetch_add_explicit(&e->checked, 1, memory_order_relaxed);
	if (expr_eval(e->spec.cond, &ops, &value, &fault))
		return value.bits != 0;
	err = expr_fault_error(&fault, e->spec.cond, reg_name);
	memset(report, 0, sizeof(*report));
	report->reason = STOP_COND_FAULT;
	report->vcpu = v ? v->index : 0;
	report->id = e->spec.id;
	snprintf(report->text, sizeof(report->text), "the condition of %u (%s) cannot be evaluated: %s",
		 e->spec.id, expr_text(e->spec.cond), error_message(err));
	error_destroy(err);
	return -1;
}

/* One pass of the ignore count, if there is one left. */
static bool ignored(struct stop_entry *e)
{
	uint64_t left = atomic_load(&e->ignore_left);

	while (left)
		if (atomic_compare_exchange_weak(&e->ignore_left, &left, left - 1))
			return true;
	return false;
}

bool stops_accept(struct vcpu *v, struct stop_entry *e, const struct event *event,
		  struct stop_report *report)
{
	static const enum stop_reason reasons[] = {
		[STOP_KIND_BREAK] = STOP_BREAK, [STOP_KIND_WATCH] = STOP_WATCH, [STOP_KIND_CATCH] = STOP_CATCH,
	};

	machine_host.refresh(v);
	if (e->fired || (e->spec.vcpu >= 0 && (unsigned)e->spec.vcpu != v->index))
		return false;
	if (e->spec.has_sp_above && machine_host.sp(v) <= e->spec.sp_above)
		return false;
	if (e->spec.cond) {
		int holds = evaluate(v->vm, v, e, event, report);

		if (holds <= 0)
			return holds < 0;
	}
	atomic_fetch_add_explicit(&e->hits, 1, memory_order_relaxed);
	if (ignored(e))
		return false;
	/* Two vCPUs can arrive together: a temporary one stops the guest once. */
	if (e->spec.temporary && atomic_exchange(&e->fired, true))
		return false;
	memset(report, 0, sizeof(*report));
	report->reason = reasons[e->spec.kind];
	report->vcpu = v->index;
	report->id = e->spec.id;
	report->pc = machine_host.pc(v);
	if (event)
		memcpy(report->event_bytes, event, event->size);
	return true;
}

bool stops_break_at(const struct stops *stops, uint64_t pc)
{
	if (!(stops->bloom & BIT(pc & 63)))
		return false;
	for (size_t i = 0; i < stops->list.len; i++) {
		const struct stop_entry *e = stops->list.data[i];

		if (e->spec.kind == STOP_KIND_BREAK && (e->spec.physical || e->spec.addr == pc))
			return true;
	}
	return false;
}

static bool break_matches(struct vcpu *v, const struct stop_entry *e, uint64_t pc)
{
	uint64_t gpa;
	size_t len;

	if (e->spec.kind != STOP_KIND_BREAK)
		return false;
	if (!e->spec.physical)
		return e->spec.addr == pc;
	return vcpu_fetch_code(v, pc, &len, &gpa) && gpa == e->spec.addr;
}

/* All conditions at @pc count, also those behind the first that stops. */
bool stops_hit_pc(struct vcpu *v, uint64_t pc, struct stop_report *report)
{
	struct stops *stops = &v->vm->stops;
	bool hit = false;

	for (size_t i = 0; i < stops->list.len; i++) {
		struct stop_entry *e = stops->list.data[i];
		struct stop_report other;

		if (break_matches(v, e, pc))
			hit |= stops_accept(v, e, NULL, hit ? &other : report);
	}
	return hit;
}

/* Event of a debug exit that matters to the user: a breakpoint or watchpoint was reached. */
static void debug_event(struct vcpu *v, const struct debug_exit *debug, struct stop_report *report)
{
	struct vmm_exit_debug ev = {
		.pc = debug->pc, .dr6 = debug->status, .dr7 = debug->control, .exception = debug->exception,
	};

	v->exit_time_ns = clock_now_ns();
	vcpu_exit_event(v, VMM_EXIT_DEBUG, &ev, sizeof(ev), report);
}

bool stops_hit_slots(struct vcpu *v, const struct debug_exit *debug, struct stop_report *report)
{
	struct stops *stops = &v->vm->stops;
	bool exec = debug->byte, hit = false;
	struct stop_report other;

	for (unsigned i = 0; i < machine_host.nslots; i++)
		exec |= (debug->slots & BIT(i)) && stops->slot[i].used && !stops->slot[i].access;
	if (exec) {
		v->skip = true;
		v->skip_pc = debug->pc;
		hit = stops_hit_pc(v, debug->pc, report);
	}
	for (size_t i = 0; i < stops->list.len; i++) {
		struct stop_entry *e = stops->list.data[i];

		if (e->spec.kind == STOP_KIND_WATCH && e->mech == STOP_MECH_DR && (e->slots & debug->slots))
			hit |= stops_watch_changed(v, e, hit ? &other : report);
	}
	if (hit)
		debug_event(v, debug, &other);
	return hit;
}

bool stops_hit_event(struct vcpu *v, const struct event *event, struct stop_report *report)
{
	struct stops *stops = &v->vm->stops;
	struct stop_report other;
	bool hit = false;

	for (size_t i = 0; i < stops->list.len; i++) {
		struct stop_entry *e = stops->list.data[i];

		if (e->spec.kind == STOP_KIND_CATCH && (e->spec.catch_events & BIT(event->schema)))
			hit |= stops_accept(v, e, event, hit ? &other : report);
	}
	return hit;
}

/* ---- devices --------------------------------------------------------------------------------------- */

static bool accept_device(struct vm *vm, struct stop_entry *e, const struct event *event,
			  struct stop_report *report)
{
	if (e->fired)
		return false;
	if (e->spec.cond) {
		int holds = evaluate(vm, NULL, e, event, report);

		if (holds <= 0)
			return holds < 0;
	}
	atomic_fetch_add_explicit(&e->hits, 1, memory_order_relaxed);
	if (ignored(e) || (e->spec.temporary && atomic_exchange(&e->fired, true)))
		return false;
	memset(report, 0, sizeof(*report));
	report->reason = STOP_CATCH;
	report->id = e->spec.id;
	memcpy(report->event_bytes, event, event->size);
	return true;
}

bool stops_hit_device(struct vm *vm, const struct event *event)
{
	struct stops *stops = &vm->stops;
	struct stop_report report;
	bool hit = false;

	if (!(atomic_load_explicit(&stops->device_events, memory_order_relaxed) & BIT(event->schema)))
		return false;
	pthread_mutex_lock(&stops->event_lock);
	for (size_t i = 0; i < stops->list.len; i++) {
		struct stop_entry *e = stops->list.data[i];

		if (e->spec.kind != STOP_KIND_CATCH || !(e->spec.catch_events & BIT(event->schema)) ||
		    !accept_device(vm, e, event, &report))
			continue;
		hit = true;
		if (!stops->has_device_report)
			stops->device_report = report;
		stops->has_device_report = true;
	}
	pthread_mutex_unlock(&stops->event_lock);
	return hit;
}

bool stops_take_device(struct vm *vm, struct stop_report *ret)
{
	struct stops *stops = &vm->stops;
	bool has;

	pthread_mutex_lock(&stops->event_lock);
	has = stops->has_device_report;
	if (has)
		*ret = stops->device_report;
	stops->has_device_report = false;
	pthread_mutex_unlock(&stops->event_lock);
	return has;
}
