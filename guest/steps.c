/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/steps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/record/steps.h"
#include "guest/vm.h"

#define WIDE (REGS_ALL & ~REGS_CORE & ~REGS_DEBUG)

/* ---- recording ----------------------------------------------------------------------------------- */

static void get_core(void *ctx, struct regs *ret)
{
	struct vcpu *v = ctx;

	regs_init(ret, v->vm->target.arch);
	machine_host.regs_core(v, ret);
}

static bool get_wide(void *ctx, struct regs *ret)
{
	struct error *error = machine_host.regs_read(ctx, WIDE, ret);

	error_destroy(error);
	return !error;
}

static struct step_machine machine_of(struct vcpu *v, const struct mem_reader *reader)
{
	return (struct step_machine){
		.ctx = v, .vcpu = v->index, .mem = reader, .core = get_core, .wide = get_wide,
	};
}

void steps_before(struct vcpu *v, uint64_t pc, const uint8_t *code, size_t len)
{
	if (!v->vm->steps)
		return;
	const struct mem_reader reader = vcpu_reader(v);
	struct step_machine m = machine_of(v, &reader);

	/* The order remembers a handler for its whole run; here it counts for each step. */
	v->entered_before = v->order.entered_irq;
	v->order.entered_irq = false;
	step_log_before(v->vm->steps, &m, pc, code, len);
}

void steps_after(struct vcpu *v)
{
	if (!v->vm->steps)
		return;
	const struct mem_reader reader = vcpu_reader(v);
	struct step_machine m = machine_of(v, &reader);

	step_log_after(v->vm->steps, &m, v->order.entered_irq);
	v->order.entered_irq |= v->entered_before;
}

void steps_resume(struct vm *vm, const struct run_request *req)
{
	if (!vm->steps)
		return;
	if (req->kind == RUN_CONTINUE)
		step_log_break(vm->steps, "the guest ran freely before");
	else if (req->all)
		step_log_break(vm->steps, "other vCPUs ran meanwhile");
	else if (req->let_irqs)
		step_log_break(vm->steps, "interrupts were let in (`set step-irqs off`)");
}

void steps_forget(struct vm *vm, const char *why)
{
	if (vm->steps && !vm->steps_back)
		step_log_break(vm->steps, why);
}

struct error *steps_record(struct vm *vm, uint64_t bytes)
{
	if (vm->nvcpus && !vm->target.arch->disasm)
		return error_create(ERROR_UNSUPPORTED, "steps of %s can not be recorded", vm->target.arch->name);
	step_log_destroy(vm->steps);
	vm->steps = bytes ? step_log_create(bytes) : NULL;
	return NULL;
}

bool steps_status(struct vm *vm, uint64_t *ret_steps, uint64_t *ret_dropped)
{
	if (!vm->steps)
		return false;
	*ret_steps = step_log_steps(vm->steps);
	*ret_dropped = step_log_dropped(vm->steps);
	return true;
}

/* ---- back ---------------------------------------------------------------------------------------- */

/* Registers of vCPUs as they were when the way began, and as they are by now. */
struct back {
	struct vm *vm;
	struct {
		struct regs was, is;
	} *vcpu[GUEST_VCPUS_MAX];
	uint64_t steps, device, failed;
};

static struct regs *back_regs(void *ctx, unsigned index)
{
	struct back *b = ctx;
	struct error *error;
	bool stale;

	if (index >= b->vm->nvcpus)
		return NULL;
	if (b->vcpu[index])
		return &b->vcpu[index]->is;
	b->vcpu[index] = xcalloc(1, sizeof(*b->vcpu[0]));
	regs_init(&b->vcpu[index]->was, b->vm->target.arch);
	error = target_regs_read(&b->vm->target, index, REGS_CORE | WIDE, &b->vcpu[index]->was, &stale);
	error_destroy(error);
	b->vcpu[index]->is = b->vcpu[index]->was;
	return &b->vcpu[index]->is;
}

static bool back_write(void *ctx, const struct regs *regs, uint64_t gva, const void *data, size_t len)
{
	struct back *b = ctx;
	size_t done;
	struct error *error = target_virt_write(&b->vm->target, regs, gva, data, len, &done);

	error_destroy(error);
	return !error;
}

struct put_call {
	const struct regs *was, *is;
};

/* All that is different, on the vCPU's thread. */
static struct error *call_put(struct vcpu *v, void *ctx)
{
	struct put_call *put = ctx;
	const struct arch *arch = put->is->arch;
	struct error *error = NULL;

	/* Control registers and segments first decide what the rest may be. */
	for (unsigned pass = 0; pass < 2 && !error; pass++)
		for (unsigned i = 0; i < arch->nregs && !error; i++)
			if (regs_differ(put->was, put->is, i) &&
			    ((arch->regs[i].group & REGS_CONTROL) != 0) == (pass == 0))
				error = machine_host.reg_write(v, i, regs_bytes(put->is, i), (arch->regs[i].bits + 7u) / 8);
	v->debug_generation = 0;
	v->skip = true;
	v->skip_pc = machine_host.pc(v);
	atomic_store(&v->last_pc, v->skip_pc);
	return error;
}

static struct error *put_back(struct back *b)
{
	struct error *error = NULL;

	for (unsigned i = 0; i < b->vm->nvcpus; i++) {
		struct put_call put;

		if (!b->vcpu[i])
			continue;
		put = (struct put_call){ &b->vcpu[i]->was, &b->vcpu[i]->is };
		if (!error)
			error = vcpu_call(b->vm->vcpus[i], call_put, &put);
		free(b->vcpu[i]);
	}
	stops_remember(b->vm);
	return error;
}

static bool is_here(struct back *b, unsigned vcpu)
{
	const struct arch *arch = b->vm->target.arch;
	struct regs *regs = back_regs(b, vcpu);
	uint64_t pc = arch->pc_linear ? arch->pc_linear(regs) : regs_u64(regs, arch->reg_pc);

	return stops_break_at(&b->vm->stops, pc);
}

static void describe(const struct back *b, const char *why, struct stop_report *report)
{
	size_t n;

	n = (size_t)snprintf(report->text, sizeof(report->text), "%" PRIu64 " step%s undone", b->steps,
			     b->steps == 1 ? "" : "s");
	if (b->device && n < sizeof(report->text))
		n += (size_t)snprintf(report->text + n, sizeof(report->text) - n,
				      "; %" PRIu64 " talked to devices, which know what they were told", b->device);
	if (b->failed && n < sizeof(report->text))
		n += (size_t)snprintf(report->text + n, sizeof(report->text) - n,
				      "; memory of %" PRIu64 " could not be written back", b->failed);
	if (why && n < sizeof(report->text))
		snprintf(report->text + n, sizeof(report->text) - n, "; no further: %s", why);
}

struct error *steps_travel(struct vm *vm, const struct travel *travel)
{
	struct stop_report report = { .reason = STOP_TRAVEL, .vcpu = travel->vcpu };
	struct back b = { .vm = vm };
	const struct step_undo how = { .ctx = &b, .regs = back_regs, .write = back_write };
	uint64_t left = travel->kind == TRAVEL_STEP ? travel->n : UINT64_MAX;
	const char *why = NULL;
	struct error *error;

	if (!travel->back || (travel->kind != TRAVEL_STEP && travel->kind != TRAVEL_STOP))
		return error_hint(error_create(ERROR_UNSUPPORTED, "a live guest goes to no other time"),
				  "only back through recorded steps; `vmscope play` goes anywhere in a recording");
	if (target_live_state(vm) != TARGET_STOPPED)
		return error_create(ERROR_STATE, "going back needs a guest that is stopped");
	if (!vm->steps)
		return error_hint(error_create(ERROR_STATE, "steps are not recorded"),
				  "`record steps on`, then step: those can be undone");
	vm->steps_back = true;
	while (left) {
		struct step_undone undone;

		if (!step_log_undo(vm->steps, &how, &undone, &why))
			break;
		b.steps++;
		b.device += undone.device;
		b.failed += undone.failed;
		report.vcpu = undone.vcpu;
		if (travel->kind == TRAVEL_STEP)
			left -= undone.vcpu == travel->vcpu;
		else if (is_here(&b, undone.vcpu))
			break;
	}
	vm->steps_back = false;
	if (!b.steps)
		return error_create(ERROR_STATE, "there is no way back: %s", why);
	error = put_back(&b);
	if (error)
		return error;
	describe(&b, why, &report);
	run_post(vm, &report);
	if (travel->done)
		travel->done(travel->ctx);
	return NULL;
}
