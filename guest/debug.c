/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a vCPU's thread does between "go" and "park". Two ways to run the guest:
 *
 *	free	KVM_RUN with the debug register slots live; a false condition costs one step over the
 *		breakpoint with the slots off;
 *	steps	one instruction a KVM_RUN: an order to step, or a stop condition that no cheaper mechanism
 *		serves here. Breakpoints are compared in software then, the execution slots are off.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "guest/steps.h"
#include "guest/vm.h"

enum step_result { STEP_DONE, STEP_AGAIN, STEP_STOP };

static bool must_park(struct vcpu *v)
{
	return atomic_load_explicit(&v->requests, memory_order_acquire) & (VCPU_REQ_PARK | VCPU_REQ_QUIT);
}

bool vcpu_debug_apply(struct vcpu *v, const struct vcpu_debug *want, struct stop_report *report)
{
	int err;

	if (v->debug_generation == v->vm->stops.generation &&
	    memcmp(&v->debug, want, sizeof(*want)) == 0)
		return true;
	err = machine_host.debug_set(v, want);
	if (err) {
		report->reason = STOP_ERROR;
		report->vcpu = v->index;
		snprintf(report->text, sizeof(report->text),
			 "vCPU %u: KVM refuses the debug control: %s", v->index, strerror(err));
		v->debug_generation = 0;
		return false;
	}
	v->debug = *want;
	v->debug_generation = v->vm->stops.generation;
	return true;
}

/* A vCPU without in-kernel LAPIC halted: wait here until an interrupt can wake it. */
static enum exit_next wait_halted(struct vcpu *v, struct stop_report *report)
{
	sigset_t kick, old;
	enum exit_next next = EXIT_GO;

	sigemptyset(&kick);
	sigaddset(&kick, v->vm->kick_signal);
	/* Blocked while we look, open while we wait: a kick in between is not lost. */
	pthread_sigmask(SIG_BLOCK, &kick, &old);
	while (v->halted && !must_park(v)) {
		bool never = false;

		atomic_fetch_and(&v->requests, ~VCPU_REQ_LOOK);
		if (machine_host.halt_wakes(v, &never)) {
			v->halted = false;
		} else if (never) {
			report->reason = STOP_HALTED;
			report->vcpu = v->index;
			snprintf(report->text, sizeof(report->text),
				 "vCPU %u halted with interrupts off: nothing can wake it", v->index);
			next = EXIT_STOP;
			break;
		} else {
			ppoll(NULL, 0, NULL, &old);
		}
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return next;
}

/* One instruction of the guest (an access to a device included). */
static enum step_result step_one(struct vcpu *v, uint64_t pc, bool block_irqs, struct stop_report *report)
{
	struct vcpu_debug want = { .step = true, .block_irqs = block_irqs, .data = true, .byte = true };

	if (v->halted && wait_halted(v, report) == EXIT_STOP)
		return STEP_STOP;
	if (!vcpu_debug_apply(v, &want, report))
		return STEP_STOP;
	for (;;) {
		enum exit_next next = vcpu_enter(v, report);

		if (next == EXIT_GO && v->io_pending)
			next = vcpu_complete(v, report);
		if (next == EXIT_DEBUG) {
			/* Steps made of plants: another one is the guest's own break instruction. */
			if (machine_host.step_plant && !v->last_debug.step) {
				machine_host.debug_inject(v, &v->last_debug);
				v->last_debug.pc = machine_host.pc(v);
			}
			return STEP_DONE;
		}
		v->last_debug.slots = 0;
		v->last_debug.pc = machine_host.pc(v);
		if (next == EXIT_STOP)
			return STEP_STOP;
		/* An emulated access completes without a debug exit of its own, and a halt exit may swallow
		 * it: the instruction is done when pc moved. */
		if (v->last_debug.pc != pc || v->halted)
			return STEP_DONE;
		if (atomic_load(&v->requests) || vm_exit_pending(v->vm))
			return STEP_AGAIN;
	}
}

static enum step_result cannot_plant(struct vcpu *v, uint64_t pc, struct stop_report *report)
{
	report->reason = STOP_ERROR;
	report->vcpu = v->index;
	snprintf(report->text, sizeof(report->text),
		 "vCPU %u: the instruction at 0x%" PRIx64 " can not be stepped: it, or a place it leads to, is not in memory",
		 v->index, pc);
	return STEP_STOP;
}

/* With planted bytes in memory, the instruction under one is stepped while all others are parked; so is
 * every one where stepping itself plants. */
static enum step_result step_exclusive(struct vcpu *v, uint64_t pc, bool block_irqs,
				       struct stop_report *report)
{
	struct memory *mem = &v->vm->mem;
	/* A watch took the turn already; only this thread makes it so. */
	bool mine = machine_host.step_plant && v->vm->run.exclusive == v, live;
	enum step_result r;

	if (!mine && !run_exclusive_begin(v))
		return STEP_AGAIN;
	live = memory_plants_live(mem, false, machine_host.break_insn);
	if (!machine_host.step_plant) {
		r = step_one(v, pc, block_irqs, report);
	} else if (machine_host.step_plant(v, pc, block_irqs)) {
		r = step_one(v, pc, block_irqs, report);
		machine_host.step_unplant(v);
	} else {
		r = cannot_plant(v, pc, report);
	}
	memory_plants_live(mem, live, machine_host.break_insn);
	if (!mine)
		run_exclusive_end(v);
	return r;
}

static bool planted_here(struct vcpu *v, uint64_t pc)
{
	uint64_t gpa;
	size_t len;

	return v->vm->stops.any_byte && vcpu_fetch_code(v, pc, &len, &gpa) &&
	       memory_planted(&v->vm->mem, gpa);
}

static enum step_result step_any(struct vcpu *v, uint64_t pc, bool block_irqs, struct stop_report *report)
{
	return machine_host.step_plant || planted_here(v, pc) ? step_exclusive(v, pc, block_irqs, report)
				   : step_one(v, pc, block_irqs, report);
}

/* The instruction at @pc, of which @code holds @len bytes (0: not readable). */
static enum step_result step_insn(struct vcpu *v, uint64_t pc, const uint8_t *code, size_t len,
				  bool block_irqs, struct stop_report *report)
{
	if (len && machine_host.step_halt(v, code, len)) {
		v->last_debug = (struct debug_exit){ .pc = machine_host.pc(v) };
		return STEP_DONE;
	}
	return step_any(v, pc, block_irqs, report);
}

/*
 * While memory is compared after each step, one vCPU steps at a time. Where steps plant, all others are
 * parked for it: they must not wait for the lock then. False: it is to be tried again.
 */
static bool step_turn_begin(struct vcpu *v)
{
	if (machine_host.step_plant)
		return run_exclusive_begin(v);
	stops_step_lock(&v->vm->stops);
	return true;
}

static void step_turn_end(struct vcpu *v)
{
	if (machine_host.step_plant)
		run_exclusive_end(v);
	else
		stops_step_unlock(&v->vm->stops);
}

static bool stop_at_pc(struct vcpu *v, uint64_t pc, struct stop_report *report)
{
	if (v->skip && v->skip_pc == pc)
		return false;
	if (!stops_break_at(&v->vm->stops, pc))
		return false;
	v->skip = true;
	v->skip_pc = pc;
	return stops_hit_pc(v, pc, report);
}

static bool order_finished(struct vcpu *v, uint64_t pc, struct stop_report *report)
{
	const struct vcpu_order *o = &v->order;
	bool left_range = o->done && o->range_hi > o->range_lo && (pc < o->range_lo || pc >= o->range_hi);

	if (o->kind != RUN_STEP || (o->left && !left_range))
		return false;
	v->skip = true;
	v->skip_pc = pc;
	report->reason = STOP_STEP;
	report->vcpu = v->index;
	report->steps = o->done;
	report->stepped_irq = o->entered_irq;
	return true;
}

static void count_step(struct vcpu *v, uint64_t pc, uint64_t sp, enum insn_class cls)
{
	struct vcpu_order *o = &v->order;
	uint64_t now = v->last_debug.pc;

	v->skip = false;
	if (!v->vm->stops.support.step_lasts)
		v->debug_generation = 0; /* told again before the next */
	v->may_halt = cls == INSN_CLASS_HALT && machine_host.halt(v, pc);
	o->done++;
	if (o->kind != RUN_STEP)
		return;
	o->left--;
	/* A plain instruction ends at most 15 bytes on: only far jumps are worth a look at the stack. */
	if (now - pc > 15 && cls != INSN_CLASS_SOFT_IRQ && !o->entered_irq) {
		const struct mem_reader reader = vcpu_reader(v);

		o->entered_irq = machine_host.step_interrupted(v, &reader, pc, sp);
	}
}

/* One pass of the stepping way; true: stop. */
static bool pass_step(struct vcpu *v, struct stop_report *report)
{
	struct stops *stops = &v->vm->stops;
	uint64_t pc = machine_host.pc(v), sp, gpa;
	enum insn_class cls = INSN_CLASS_OTHER;
	enum step_result r;
	const uint8_t *code;
	bool block, locked, hit = false;
	size_t len = 0;

	if (stop_at_pc(v, pc, report) || order_finished(v, pc, report))
		return true;
	/* It must not wait while all others are parked for its step. */
	if (v->halted && machine_host.step_plant)
		return wait_halted(v, report) == EXIT_STOP;
	sp = machine_host.sp(v);
	code = vcpu_fetch_code(v, pc, &len, &gpa);
	if (code)
		cls = machine_host.classify(v, code, len);
	machine_host.lazy(v, cls == INSN_CLASS_PLAIN);
	/* Only an interrupt gets a halted vCPU on. */
	block = v->order.kind == RUN_STEP && !v->order.let_irqs && !v->may_halt;
	if (stops->step_watch && stops_watch_reads(v, pc, report))
		hit = true;
	locked = stops->step_watch && !v->may_halt && v->vm->nvcpus > 1;
	if (locked && !step_turn_begin(v))
		return hit;
	steps_before(v, pc, code, code ? len : 0);
	r = step_insn(v, pc, code, code ? len : 0, block, report);
	if (r != STEP_AGAIN && stops->step_watch && stops_hit_step(v, pc, report))
		hit = true;
	if (locked)
		step_turn_end(v);
	if (r == STEP_DONE)
		count_step(v, pc, sp, cls);
	if (r == STEP_DONE)
		steps_after(v);
	if (r == STEP_DONE && v->last_debug.slots && !hit)
		hit = stops_hit_slots(v, &v->last_debug, report);
	return hit || r == STEP_STOP;
}

/* One pass of the free way; true: stop. */
static bool pass_free(struct vcpu *v, struct stop_report *report)
{
	static const struct vcpu_debug off = { 0 };
	const struct vcpu_debug live = { .exec = true, .data = true, .byte = true };
	struct stops *stops = &v->vm->stops;
	enum exit_next next;

	if (v->skip) {
		uint64_t pc = machine_host.pc(v);
		bool here = v->skip_pc == pc && stops_break_at(stops, pc);

		if (here) {
			const struct mem_reader reader = vcpu_reader(v);
			uint64_t sp = machine_host.sp(v);
			enum step_result r;
			size_t len = 0;
			uint64_t gpa;
			const uint8_t *code = vcpu_fetch_code(v, pc, &len, &gpa);

			r = step_insn(v, pc, code, code ? len : 0, !v->may_halt, report);

			/* Also when nobody asks: what the step left in an interrupt's frame is cleaned up. */
			if (r == STEP_DONE) {
				machine_host.step_interrupted(v, &reader, pc, sp);
				v->skip = false;
			}
			if (r == STEP_DONE && v->last_debug.slots && stops_hit_slots(v, &v->last_debug, report))
				return true;
			return r == STEP_STOP;
		}
		v->skip = false;
	}
	if (v->halted && wait_halted(v, report) == EXIT_STOP)
		return true;
	if (v->halted)
		return false;
	if (!vcpu_debug_apply(v, stops->nbreaks || stops->any_slot ? &live : &off, report))
		return true;
	next = vcpu_enter(v, report);
	if (next != EXIT_DEBUG)
		return next == EXIT_STOP;
	if (!v->last_debug.slots && !(v->last_debug.byte && planted_here(v, v->last_debug.pc)) &&
	    !v->last_debug.step) {
		machine_host.debug_inject(v, &v->last_debug);
		return false;
	}
	return stops_hit_slots(v, &v->last_debug, report);
}

/* Completes what is pending, so that registers are exact; what it brings up comes second. */
static void come_to_rest(struct vcpu *v)
{
	struct stop_report late = { 0 };
	enum vcpu_state activity;
	enum exit_next next;

	while (v->io_pending) {
		next = vcpu_complete(v, &late);
		if (next == EXIT_DEBUG && v->order.kind == RUN_STEP && v->order.left) {
			v->order.left--;
			v->order.done++;
		}
		if (next == EXIT_STOP)
			run_report(v, &late);
	}
	machine_host.lazy(v, false);
	machine_host.sync(v);
	machine_host.refresh(v);
	activity = machine_host.activity(v);
	if (activity == VCPU_STOPPED && v->halted)
		activity = VCPU_HALTED;
	vcpu_note_activity(v, v->dead ? VCPU_DEAD : activity);
	v->may_halt = v->activity != VCPU_STOPPED;
	atomic_store(&v->last_pc, machine_host.pc(v));
}

void vcpu_execute(struct vcpu *v)
{
	struct stop_report report;
	bool stop = false;

	__atomic_store_n(&v->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	memset(&report, 0, sizeof(report));
	while (!stop && !must_park(v)) {
		if (v->order.kind == RUN_STEP || v->vm->stops.stepping)
			stop = pass_step(v, &report);
		else
			stop = pass_free(v, &report);
		if (atomic_load_explicit(&v->requests, memory_order_relaxed) & VCPU_REQ_LOOK)
			stop |= vcpu_look(v, &report);
		if (!stop && vm_exit_pending(v->vm))
			stop = vm_exit_taken(v->vm, &report);
	}
	if (stop && report.reason != STOP_CATCH)
		report.pc = machine_host.pc(v);
	come_to_rest(v);
	if (stop)
		run_report(v, &report);
}
