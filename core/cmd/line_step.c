/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * step, next and until without a location: source lines. The range of a line is stepped by the target in
 * one run; what leaves it is looked at:
 *
 *	into a call  --> next: runs to the return address; step: to the first line behind the prologue,
 *	                 or as next when the function has no lines
 *	an interrupt --> runs to where it was taken
 *	elsewhere    --> the start of another line: done; the middle of one (after a return): on to its end
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "core/cmd/step.h"
#include "core/command/command.h"

#define STEP_CHUNK 1000000	/* instructions a target steps before it reports back */
#define IRQ_WORDS 4		/* error code, vector and such lie above the interrupted pc */

enum line_kind { LINE_STEP, LINE_NEXT, LINE_UNTIL };

struct line_plan {
	struct session_plan plan;
	enum line_kind kind;
	uint64_t left;
	unsigned line;			/* being left */
	char file[512];			/* copy: the symbols may be reloaded while it runs */
	uint64_t lo, hi;		/* stepped through without looking */
	uint64_t from;			/* until: stops only behind the line it started in */
	unsigned break_id;
	bool to_body;			/* break_id stands behind the prologue of a function stepped into */
};

static void line_start(struct line_plan *p, const struct source_line *line)
{
	p->line = line->line;
	p->lo = line->start;
	p->hi = line->end;
	snprintf(p->file, sizeof(p->file), "%s", line->file);
}

static bool same_line(const struct line_plan *p, const struct source_line *line)
{
	return line->line == p->line && !strncmp(p->file, line->file, sizeof(p->file) - 1);
}

static struct run_request range_request(const struct session *s, const struct line_plan *p)
{
	struct run_request req = step_request(s, STEP_CHUNK);

	req.range_lo = p->lo;
	req.range_hi = p->hi;
	return req;
}

/* Whether one of the first @words on the stack returns into the line's range: a call out of it led to the
 * pc, or an interrupt (what it pushes and the first instructions of its handler come before). */
static bool returns_here(struct session *s, const struct line_plan *p, unsigned words, uint64_t *ret_back,
			 uint64_t *ret_sp)
{
	const struct regs *regs;
	struct error *error;
	uint8_t stack[8 * IRQ_WORDS] = { 0 };
	unsigned size = 8;
	size_t done = 0;
	bool stale;

	error = session_regs(s, 0, &regs, &stale);
	if (!error)
		error = step_stack(s, ret_sp);
	if (!error) {
		size = s->target->arch->code_bits ? s->target->arch->code_bits(regs) / 8 : 8;
		error = session_mem_read(s, *ret_sp, stack, words * size, &done);
	}
	error_destroy(error);
	for (unsigned i = 0; i < words && (i + 1) * size <= done; i++) {
		*ret_back = bytes_read(stack + i * size, size, s->target->arch->big_endian);
		if (*ret_back > p->lo && *ret_back <= p->hi)
			return true;
	}
	return false;
}

static struct error *run_on(struct session *s, const struct line_plan *p)
{
	struct run_request req = range_request(s, p);

	return session_plan_resume(s, &req);
}

static struct error *run_to_break(struct session *s)
{
	struct run_request req = { .kind = RUN_CONTINUE, .vcpu = s->vcpu };

	return session_plan_resume(s, &req);
}

/* At the first instruction of a called function: true when the guest runs again. */
static bool enter_or_pass(struct session *s, struct line_plan *p, uint64_t pc, uint64_t back, uint64_t sp,
			  bool *ret_done, struct error **ret_error)
{
	struct source_line line;
	uint64_t body;

	if (p->kind == LINE_STEP && symbols_line_by_addr(s->symbols, pc, &line)) {
		body = symbols_after_prologue(s->symbols, pc);
		if (body == pc) {
			*ret_done = true;
			return false;
		}
		*ret_error = session_internal_break(s, body, s->vcpu, NULL, &p->break_id);
		p->to_body = true;
	} else {
		*ret_error = step_break_after(s, back, sp + 1, &p->break_id);
	}
	if (!*ret_error)
		*ret_error = run_to_break(s);
	return !*ret_error;
}

/* At @pc outside the range, not by a call: true when the guest runs again. */
static bool landed(struct session *s, struct line_plan *p, uint64_t pc, bool *ret_done,
		   struct error **ret_error)
{
	struct source_line line;

	*ret_done = true;
	if (!symbols_line_by_addr(s->symbols, pc, &line))
		return false;
	if (p->kind == LINE_UNTIL && pc < p->from) {
		/* The loop goes round: leave this line too. */
		line_start(p, &line);
	} else if (same_line(p, &line) || pc != line.start) {
		line_start(p, &line);
	} else if (!line.is_stmt) {
		/* Code moved here by an optimizer: nobody's line begins, pass through it. */
		p->lo = line.start;
		p->hi = line.end;
	} else {
		return false;
	}
	*ret_done = false;
	*ret_error = run_on(s, p);
	return !*ret_error;
}

/* One line is done: the next one, or the end. */
static bool line_done(struct session *s, struct line_plan *p, uint64_t pc, struct stop_report *report,
		      struct error **ret_error)
{
	struct source_line line;

	report->reason = STOP_STEP;
	report->id = 0;
	report->steps = 0;
	if (--p->left == 0 || !symbols_line_by_addr(s->symbols, pc, &line))
		return false;
	line_start(p, &line);
	p->from = line.end;
	*ret_error = run_on(s, p);
	return !*ret_error;
}

static bool line_stopped(struct session *s, struct session_plan *plan, struct stop_report *report,
			 struct error **ret_error)
{
	struct line_plan *p = container_of(plan, struct line_plan, plan);
	bool done = false, body = p->to_body;
	uint64_t pc, back, sp;

	if (report->reason == STOP_BREAK && report->id != p->break_id)
		return false;
	session_internal_disarm(s, take_id(&p->break_id));
	p->to_body = false;
	*ret_error = session_pc(s, &pc);
	if (*ret_error)
		return false;
	if (report->reason == STOP_BREAK && body)
		return line_done(s, p, pc, report, ret_error);
	if (pc >= p->lo && pc < p->hi) {
		*ret_error = run_on(s, p);
		return !*ret_error;
	}
	if (report->stepped_irq) {
		/* Not what the source says: through the handler and on with the line. */
		if (!returns_here(s, p, IRQ_WORDS, &back, &sp))
			return false;
		*ret_error = step_break_after(s, back, sp + 1, &p->break_id);
		if (!*ret_error)
			*ret_error = run_to_break(s);
		return !*ret_error;
	}
	if (report->reason == STOP_STEP && returns_here(s, p, 1, &back, &sp)) {
		if (enter_or_pass(s, p, pc, back, sp, &done, ret_error))
			return true;
	} else if (landed(s, p, pc, &done, ret_error)) {
		return true;
	}
	if (!done || *ret_error)
		return false;
	return line_done(s, p, pc, report, ret_error);
}

static void line_destroy(struct session *s, struct session_plan *plan)
{
	struct line_plan *p = container_of(plan, struct line_plan, plan);

	session_internal_disarm(s, p->break_id);
	free(p);
}

/* False when the pc has no line: the caller steps instructions instead. */
static bool line_begin(struct session *s, enum line_kind kind, uint64_t count, struct error **ret_error)
{
	struct source_line line;
	struct run_request req;
	struct line_plan *p;
	uint64_t pc;

	s->frame = 0;
	*ret_error = session_pc(s, &pc);
	if (*ret_error)
		return true;
	if (!symbols_line_by_addr(s->symbols, pc, &line))
		return false;
	p = xcalloc(1, sizeof(*p));
	p->plan = (struct session_plan){ .stopped = line_stopped, .destroy = line_destroy };
	p->kind = kind;
	p->left = count;
	p->from = line.end;
	line_start(p, &line);
	req = range_request(s, p);
	*ret_error = session_resume_plan(s, &req, &p->plan);
	return true;
}

struct error *line_step_until(struct session *s, bool *ret_has_line)
{
	struct error *error;

	*ret_has_line = line_begin(s, LINE_UNTIL, 1, &error);
	return *ret_has_line ? error : NULL;
}

static struct error *step_run(struct session *s, const struct args *args, struct out *out)
{
	uint64_t count = args->value[0].given ? args->value[0].number : 1;
	struct error *error;

	if (!count || !line_begin(s, LINE_STEP, count, &error))
		return cmd_stepi.run(s, args, out);
	return error;
}

static struct error *next_run(struct session *s, const struct args *args, struct out *out)
{
	uint64_t count = args->value[0].given ? args->value[0].number : 1;
	struct error *error;

	if (!count || !line_begin(s, LINE_NEXT, count, &error))
		return cmd_nexti.run(s, args, out);
	return error;
}

const struct command cmd_step = {
	.name = "step",
	.aliases = (const char *const[]){ "s", NULL },
	.group = "running",
	.summary = "go on to the next source line, into calls",
	.help = "Where the pc has no line information it is `stepi`.",
	.examples = (const char *const[]){ "step", "step 2", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.needs = NEED_TARGET | NEED_STOPPED,
	.repeats = true,
	.run = step_run,
};

const struct command cmd_next = {
	.name = "next",
	.aliases = (const char *const[]){ "n", NULL },
	.group = "running",
	.summary = "go on to the next source line, over calls",
	.help = "Where the pc has no line information it is `nexti`.",
	.examples = (const char *const[]){ "next", "next 2", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.needs = NEED_TARGET | NEED_STOPPED,
	.repeats = true,
	.run = next_run,
};
