/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registers and frames of the selected vCPU, cached for one stop. */
#include "core/session/session.h"

#include <stdlib.h>

#include "core/base/cleanup.h"

void session_invalidate(struct session *s)
{
	s->groups_now = 0;
	s->frames.len = 0;
	s->frames_end = false;
}

static struct error *no_guest(void)
{
	return error_create(ERROR_STATE, "there is no guest");
}

static struct error *read_now(struct session *s, unsigned groups)
{
	struct regs *now = &s->regs_now[0];
	unsigned missing = groups & ~s->groups_now;
	struct error *error;
	bool stale;

	if (!missing)
		return NULL;
	if (!s->groups_now)
		regs_init(now, s->target->arch);
	error = target_regs_read(s->target, s->vcpu, missing, now, &stale);
	if (!error)
		s->groups_now |= missing;
	return error;
}

/* The registers of the selected frame: unwound again, since only the last frame's are kept. */
static void view_of_frame(struct session *s)
{
	struct target_reader ctx = { s->target, &s->regs_now[0] };
	struct mem_reader mem = target_reader(&ctx);
	struct unwind_frame frame;

	unwind_start(&frame, &s->regs_now[0]);
	for (unsigned i = 0; i < s->frame && unwind_caller(s->symbols, &mem, &frame); i++)
		;
	s->regs_view = frame.regs;
}

struct error *session_regs(struct session *s, unsigned groups, const struct regs **ret, bool *ret_stale)
{
	struct error *error;

	if (!s->target)
		return no_guest();
	groups |= REGS_CORE;
	if (!session_is_halted(s)) {
		regs_init(&s->regs_view, s->target->arch);
		*ret_stale = true;
		error = target_regs_read(s->target, s->vcpu, groups, &s->regs_view, ret_stale);
		if (!error)
			*ret = &s->regs_view;
		return error;
	}
	error = read_now(s, groups);
	if (error)
		return error;
	*ret_stale = false;
	if (s->frame) {
		view_of_frame(s);
		*ret = &s->regs_view;
		return NULL;
	}
	*ret = &s->regs_now[0];
	return NULL;
}

/* ---- frames -------------------------------------------------------------------------------------- */

static void unwind_to(struct session *s, unsigned n)
{
	const struct regs *regs = &s->regs_now[0];
	struct target_reader ctx = { s->target, regs };
	struct mem_reader mem = target_reader(&ctx);

	if (s->frames.len == 0) {
		unwind_start(&s->frame_last, regs);
		vec_push(&s->frames, s->frame_last.frame);
	}
	while (s->frames.len <= n && !s->frames_end) {
		if (s->frames.len >= s->options.backtrace_limit ||
		    !unwind_caller(s->symbols, &mem, &s->frame_last))
			s->frames_end = true;
		else
			vec_push(&s->frames, s->frame_last.frame);
	}
}

struct error *session_frame(struct session *s, unsigned n, struct frame *ret, bool *ret_exists)
{
	struct error *error;

	*ret_exists = false;
	if (!s->target)
		return no_guest();
	if (!session_is_halted(s))
		return error_create(ERROR_STATE, "frames need a stopped guest");
	error = read_now(s, REGS_CORE);
	if (error)
		return error;
	unwind_to(s, n);
	if (n < s->frames.len) {
		*ret = s->frames.data[n];
		*ret_exists = true;
	}
	return NULL;
}

struct error *session_frame_pc(struct session *s, uint64_t *ret_pc)
{
	struct frame frame;
	struct error *error;
	bool exists;

	error = session_frame(s, s->frame, &frame, &exists);
	if (error)
		return error;
	if (!exists)
		return error_create(ERROR_STATE, "there is no frame %u", s->frame);
	*ret_pc = s->frame && !frame.interrupted ? frame.pc - 1 : frame.pc;
	return NULL;
}

struct error *session_pc(struct session *s, uint64_t *ret_pc)
{
	const struct regs *regs;
	struct error *error;
	bool stale;

	error = session_regs(s, 0, &regs, &stale);
	if (error)
		return error;
	*ret_pc = s->target->arch->pc_linear ? s->target->arch->pc_linear(regs) :
					       regs_u64(regs, s->target->arch->reg_pc);
	return NULL;
}
