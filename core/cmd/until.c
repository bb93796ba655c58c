/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finish, until, advance: run to a place by internal breakpoints. */
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "core/cmd/step.h"
#include "core/command/command.h"
#include "core/session/insn.h"
#include "core/session/report.h"

struct place_plan {
	struct session_plan plan;
	unsigned break_id[2];	/* the place; the return of the selected frame */
	bool show_value;	/* finish: the function's result */
};

static void place_shown(struct session *s, struct session_plan *plan, struct out *out)
{
	struct place_plan *p = container_of(plan, struct place_plan, plan);
	const struct arch *arch = s->target->arch;
	const struct regs *regs;
	struct reg_ref ref;
	struct error *error;
	uint64_t value;
	bool stale;

	if (!p->show_value || s->last_stop.reason != STOP_STEP)
		return;
	/* The register that holds a function's result, by the ABIs of the architectures we know. */
	if (!reg_lookup(arch, "rax", &ref) && !reg_lookup(arch, "r3", &ref))
		return;
	error = session_regs(s, REGS_GENERAL, &regs, &stale);
	if (error || !reg_ref_get(regs, ref, &value)) {
		error_destroy(error);
		return;
	}
	out_begin(out, "return");
	out_text(out, ROLE_TEXT, "returned ");
	out_str(out, ROLE_LABEL, "register", 0, arch->regs[ref.reg].name);
	out_text(out, ROLE_TEXT, " = ");
	out_hex(out, ROLE_NUMBER, "value", 0, value);
	if (value > 9)
		out_text(out, ROLE_COMMENT, " (%lld)", (long long)value);
	out_end(out);
}

static bool place_stopped(struct session *s, struct session_plan *plan, struct stop_report *report,
			  struct error **ret_error)
{
	struct place_plan *p = container_of(plan, struct place_plan, plan);

	if (report->reason == STOP_BREAK &&
	    (report->id == p->break_id[0] || report->id == p->break_id[1])) {
		report->reason = STOP_STEP;
		report->id = 0;
		report->steps = 0;
	}
	return false;
}

static void place_destroy(struct session *s, struct session_plan *plan)
{
	struct place_plan *p = container_of(plan, struct place_plan, plan);

	session_internal_disarm(s, p->break_id[0]);
	session_internal_disarm(s, p->break_id[1]);
	free(p);
}

static struct place_plan *place_create(void)
{
	struct place_plan *p = xcalloc(1, sizeof(*p));

	p->plan = (struct session_plan){
		.stopped = place_stopped, .shown = place_shown, .destroy = place_destroy,
	};
	return p;
}

static struct error *place_go(struct session *s, struct place_plan *p, struct error *error)
{
	struct run_request req = { .kind = RUN_CONTINUE, .vcpu = s->vcpu };

	if (error) {
		place_destroy(s, &p->plan);
		return error;
	}
	return session_resume_plan(s, &req, &p->plan);
}

/* A breakpoint where the selected frame returns to; none when nobody called it. */
static struct error *break_at_return(struct session *s, unsigned *ret_id, bool *ret_has)
{
	struct frame caller;
	struct error *error;

	error = session_frame(s, s->frame + 1, &caller, ret_has);
	if (error || !*ret_has)
		return error;
	return step_break_after(s, caller.pc, caller.sp, ret_id);
}

/* ---- finish -------------------------------------------------------------------------------------- */

static struct error *finish_run(struct session *s, const struct args *args, struct out *out)
{
	struct place_plan *p = place_create();
	struct error *error;
	uint64_t pc;
	bool has;

	error = break_at_return(s, &p->break_id[0], &has);
	if (!error && !has)
		error = error_hint(error_create(ERROR_NOT_FOUND, "frame %u has no caller to return to",
						s->frame),
				   "`backtrace` shows the frames, `advance LOCATION` runs to a place");
	if (!error)
		error = session_pc(s, &pc);
	if (!error) {
		p->show_value = true;
		out_begin(out, "finish");
		out_text(out, ROLE_TEXT, "running until the return of frame ");
		out_dec(out, ROLE_NUMBER, "frame", 0, s->frame);
		session_out_symbol(s, out, ROLE_SYMBOL, pc);
		out_end(out);
	}
	return place_go(s, p, error);
}

const struct command cmd_finish = {
	.name = "finish",
	.aliases = (const char *const[]){ "fin", NULL },
	.group = "running",
	.summary = "run until the selected frame returns",
	.help = "The return address comes from the unwinder (`backtrace`); a recursive call of the same\n"
		"function does not end it. The value of the result register is shown.",
	.examples = (const char *const[]){ "break leaf; continue; finish", NULL },
	.needs = NEED_TARGET | NEED_STOPPED,
	.run = finish_run,
};

/* ---- until, advance ------------------------------------------------------------------------------ */

static struct error *run_to(struct session *s, const char *location)
{
	struct place_plan *p = place_create();
	struct error *error;
	uint64_t addr;
	bool has;

	error = session_break_location(s, location, &addr);
	if (!error)
		error = session_internal_break(s, addr, s->vcpu, NULL, &p->break_id[0]);
	if (!error)
		error = break_at_return(s, &p->break_id[1], &has);
	return place_go(s, p, error);
}

/* Behind the instruction at the pc: a branch back to the start of a loop is run through. */
static struct error *run_past(struct session *s)
{
	struct place_plan *p = place_create();
	struct error *error;
	struct insn insn;
	uint64_t pc, sp;

	error = session_pc(s, &pc);
	if (!error)
		error = session_insn(s, pc, &insn);
	if (!error)
		error = step_stack(s, &sp);
	if (!error)
		error = step_break_after(s, pc + insn.len, sp, &p->break_id[0]);
	return place_go(s, p, error);
}

static bool branches_back(struct session *s)
{
	struct insn insn;
	uint64_t pc;
	_error_ struct error *error = session_pc(s, &pc);

	if (error)
		return false;
	error = session_insn(s, pc, &insn);
	return !error && insn.kind == INSN_BRANCH && insn.has_target && insn.target <= pc;
}

static struct error *until_run(struct session *s, const struct args *args, struct out *out)
{
	struct error *error;
	bool has_line;

	if (args->value[0].given)
		return run_to(s, args->value[0].text);
	s->frame = 0;
	error = line_step_until(s, &has_line);
	if (has_line)
		return error;
	if (branches_back(s))
		return run_past(s);
	return cmd_nexti.run(s, args, out);
}

static struct error *advance_run(struct session *s, const struct args *args, struct out *out)
{
	return run_to(s, args->value[0].text);
}

const struct command cmd_until = {
	.name = "until",
	.aliases = (const char *const[]){ "u", NULL },
	.group = "running",
	.summary = "run to LOCATION, or out of the loop at the pc",
	.help = "Without LOCATION: as `next` (or `nexti`), but a jump back to the start of a loop runs until\n"
		"the loop is left. With LOCATION: ends there, or when the selected frame returns.",
	.examples = (const char *const[]){ "until leaf", "until", NULL },
	.args = { { .type = ARG_LOCATION, .name = "LOCATION", .optional = true } },
	.needs = NEED_TARGET | NEED_STOPPED,
	.repeats = true,
	.run = until_run,
};

const struct command cmd_advance = {
	.name = "advance",
	.group = "running",
	.summary = "run to LOCATION, or to the return of the selected frame",
	.examples = (const char *const[]){ "advance leaf", "advance *0x100013", NULL },
	.args = { { .type = ARG_LOCATION, .name = "LOCATION" } },
	.needs = NEED_TARGET | NEED_STOPPED,
	.run = advance_run,
};
