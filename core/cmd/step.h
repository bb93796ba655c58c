/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the stepping commands share. */
#pragma once

#include "core/session/session.h"

/* A step of the selected vCPU under the session's options. */
struct run_request step_request(const struct session *s, uint64_t count);
/* Linear stack pointer of the selected vCPU. */
struct error *step_stack(struct session *s, uint64_t *ret_sp);
/* An internal breakpoint at @addr of the selected vCPU when its stack pointer is @sp or above. */
struct error *step_break_after(struct session *s, uint64_t addr, uint64_t sp, unsigned *ret_id);

static inline unsigned take_id(unsigned *id)
{
	unsigned v = *id;

	*id = 0;
	return v;
}

/* `until` without a location by source lines; *ret_has_line false: the pc has none. */
struct error *line_step_until(struct session *s, bool *ret_has_line);

/* The commands that line stepping falls back to. */
struct command;
extern const struct command cmd_stepi, cmd_nexti;
