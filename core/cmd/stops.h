/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the breakpoint commands share. */
#pragma once

#include "core/command/command.h"
#include "core/session/session.h"

/* "breakpoint", "hw breakpoint", "temporary breakpoint", "watchpoint", "catchpoint". */
const char *stop_kind_word(const struct stop *stop);
/* ": file demo.c, line 12", or nothing. */
void stop_print_line(struct session *s, struct out *out, uint64_t addr);
/* What was just made, on a line of its own. */
void stop_print_made(struct session *s, struct out *out, const struct stop *stop);

/* What `ignore` and `continue N` answer. */
void stop_print_ignore(struct out *out, unsigned id, uint64_t n);

/* Calls @fn with each number of "1 3-5" in the words of @args (all user stops when there are none). */
struct error *stop_each_id(struct session *s, const struct args *args,
			   struct error *(*fn)(struct session *s, unsigned id, void *ctx), void *ctx);

/* Compiles a condition; with @events (bits over enum vmm_event) the fields of the lowest one are known. */
struct error *stop_compile_condition(struct session *s, uint64_t events, const char *text,
				     struct expr_prog **ret);
void stop_scope_free(struct expr_prog **prog); /* _cleanup_ */
