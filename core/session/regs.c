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

/* Outer frames know pc, sp and fp; the others are shown as the innermost frame has them, as every
 * debugger without full unwinding does. */
static struct error *view_of_frame(struct session *s)
{
	const struct arch *arch = s->target->arch;
	struct regs *view = &s->regs_view;
	struct frame frame;
	struct error *error;
	uint64_t base;
	bool exists;

	error = session_frame(s, s->frame, &frame, &exists);
	if (error)
		return error;
	*view = s->regs_now[0];
	if (!exists)
		return NULL;
	base = arch->pc_linear ? arch->pc_linear(view) - regs_u64(view, arch->reg_pc) : 0;
	regs_set(view, arch->reg_pc, frame.pc - base);
	base = arch->sp_linear ? arch->sp_linear(view) - regs_u64(view, arch->reg_sp) : 0;
	regs_set(view, arch->reg_sp, frame.sp - base);
	regs_set(view, arch->reg_fp, frame.fp);
	return NULL;
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
		error = view_of_frame(s);
		if (error)
			return error;
		*ret = &s->regs_view;
		return NULL;
	}
	*ret = &s->regs_now[0];
	return NULL;
}

/* ---- frames -------------------------------------------------------------------------------------- */

static struct error *unwind_to(struct session *s, unsigned n)
{
	const struct arch *arch = s->target->arch;
	const struct regs *regs = &s->regs_now[0];
	struct target_reader ctx = { s->target, regs };
	struct mem_reader mem = target_reader(&ctx);
	struct frame frame;

	if (s->frames.len == 0) {
		frame = (struct frame){
			.pc = arch->pc_linear ? arch->pc_linear(regs) : regs_u64(regs, arch->reg_pc),
			.sp = arch->sp_linear ? arch->sp_linear(regs) : regs_u64(regs, arch->reg_sp),
			.fp = regs_u64(regs, arch->reg_fp),
		};
		vec_push(&s->frames, frame);
	}
	while (s->frames.len <= n && !s->frames_end) {
		frame = s->frames.data[s->frames.len - 1];
		if (!arch->unwind || s->frames.len >= s->options.backtrace_limit ||
		    !arch->unwind(regs, &mem, &frame))
			s->frames_end = true;
		else
			vec_push(&s->frames, frame);
	}
	return NULL;
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
	if (!error)
		error = unwind_to(s, n);
	if (error)
		return error;
	if (n < s->frames.len) {
		*ret = s->frames.data[n];
		*ret_exists = true;
	}
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
