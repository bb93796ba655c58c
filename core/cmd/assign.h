/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Assignments: of `set` and of `print LVALUE = EXPR`. */
#pragma once

#include "core/session/session.h"

/* Whether @text assigns: a lone `=` (or += -= |= &= ^=) outside quotes and brackets. */
bool assign_is(const char *text);
/* Does it; *ret is the new value. */
struct error *assign_run(struct session *s, const char *text, struct expr_value *ret);
/* Puts back what the last assignment to a register or memory replaced. */
struct error *assign_undo(struct session *s, struct session_undo *ret);
