/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stepi and nexti: instructions. */
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "core/cmd/step.h"
#include "core/command/command.h"
#include "core/session/insn.h"
#include "core/session/report.h"

struct run_request step_request(const struct session *s, uint64_t count)
{
	return (struct run_request){
		.kind = RUN_STEP, .vcpu = s->vcpu, .count = count, .let_irqs = s->options.step_irqs,
	};
}

struct error *step_stack(struct session *s, uint64_t *ret_sp)
{
	const struct regs *regs;
	struct error *error;
	bool stale;

	error = session_regs(s, 0, &regs, &stale);
	if (error)
		return error;
	*ret_sp = s->target->arch->sp_linear ? s->target->arch->sp_linear(regs) :
					       regs_u64(regs, s->target->arch->reg_sp);
	return NULL;
}

struct error *step_break_after(struct session *s, uint64_t addr, uint64_t sp, unsigned *ret_id)
{
	uint64_t above = sp - 1;

	/* A recursive call passes the same address with a lower stack: only at this depth or above. */
	return session_internal_break(s, addr, s->vcpu, sp ? &above : NULL, ret_id);
}

/* ---- stepi --------------------------------------------------------------------------------------- */

static struct error *stepi_run(struct session *s, const struct args *args, struct out *out)
{
	uint64_t count = args->value[0].given ? args->value[0].number : 1;
	struct run_request req = step_request(s, count);

	s->frame = 0;
	if (!count) {
		session_print_where(s, out);
		return NULL;
	}
	return session_resume(s, &req);
}

const struct command cmd_stepi = {
	.name = "stepi",
	.aliases = (const char *const[]){ "si", NULL },
	.group = "running",
	.summary = "execute N instructions of the selected vCPU",
	.help = "The other vCPUs stay parked and interrupts are held off (`set step-irqs on` lets them\n"
		"in). A repeated string instruction counts each repetition.",
	.examples = (const char *const[]){ "stepi", "stepi 5", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.needs = NEED_TARGET | NEED_STOPPED,
	.repeats = true,
	.run = stepi_run,
};

/* ---- nexti --------------------------------------------------------------------------------------- */

struct nexti_plan {
	struct session_plan plan;
	uint64_t left, total;
	unsigned break_id;	/* behind the call being stepped over; 0: none */
};

static bool steps_over(const struct insn *insn)
{
	return insn->kind == INSN_CALL || insn->kind == INSN_REP;
}

/* Puts the run for one instruction into @req. */
static struct error *nexti_prepare(struct session *s, struct nexti_plan *p, struct run_request *req)
{
	struct error *error;
	struct insn insn;
	uint64_t pc, sp;

	*req = step_request(s, 1);
	error = session_pc(s, &pc);
	if (error)
		return error;
	error = session_insn(s, pc, &insn);
	if (error) {
		/* Not readable: the step will show the fault the guest takes. */
		error_destroy(error);
		return NULL;
	}
	if (!steps_over(&insn))
		return NULL;
	error = step_stack(s, &sp);
	if (!error)
		error = step_break_after(s, pc + insn.len, sp, &p->break_id);
	req->kind = RUN_CONTINUE;
	return error;
}

static bool nexti_stopped(struct session *s, struct session_plan *plan, struct stop_report *report,
			  struct error **ret_error)
{
	struct nexti_plan *p = container_of(plan, struct nexti_plan, plan);
	struct run_request req;

	if (report->reason == STOP_BREAK && report->id != p->break_id)
		return false;
	session_internal_disarm(s, take_id(&p->break_id));
	if (--p->left == 0) {
		report->reason = STOP_STEP;
		report->id = 0;
		report->steps = p->total;
		return false;
	}
	*ret_error = nexti_prepare(s, p, &req);
	if (!*ret_error)
		*ret_error = session_plan_resume(s, &req);
	return !*ret_error;
}

static void nexti_destroy(struct session *s, struct session_plan *plan)
{
	struct nexti_plan *p = container_of(plan, struct nexti_plan, plan);

	session_internal_disarm(s, p->break_id);
	free(p);
}

static struct error *nexti_run(struct session *s, const struct args *args, struct out *out)
{
	uint64_t count = args->value[0].given ? args->value[0].number : 1;
	struct nexti_plan *p;
	struct run_request req;
	struct error *error;

	s->frame = 0;
	if (!count) {
		session_print_where(s, out);
		return NULL;
	}
	p = xcalloc(1, sizeof(*p));
	p->plan = (struct session_plan){ .stopped = nexti_stopped, .destroy = nexti_destroy };
	p->left = p->total = count;
	error = nexti_prepare(s, p, &req);
	if (error) {
		nexti_destroy(s, &p->plan);
		return error;
	}
	return session_resume_plan(s, &req, &p->plan);
}

const struct command cmd_nexti = {
	.name = "nexti",
	.aliases = (const char *const[]){ "ni", NULL },
	.group = "running",
	.summary = "execute N instructions, calls and repeated string instructions as one",
	.help = "Over a call all vCPUs run until this one comes back at the same stack depth.",
	.examples = (const char *const[]){ "nexti", "nexti 3", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.needs = NEED_TARGET | NEED_STOPPED,
	.repeats = true,
	.run = nexti_run,
};
