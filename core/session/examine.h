/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gdb's output formats: values of print, rows of x. */
#pragma once

#include "core/base/error.h"
#include "core/base/out.h"
#include "core/session/session.h"

#define EXAMINE_COUNT_MAX 65536

/* "/8xg": count, letter (x d u o t z c a s f i; 0: not given) and unit (b h w g; 0: not given). */
struct format {
	unsigned count;		/* 1 when not given */
	bool has_count;
	char letter;
	char unit;
};

struct error *format_parse(const char *text, struct format *ret);
unsigned format_unit_size(char unit); /* 0 for 0 */

/* The text of @value of its own size in @letter's format (0: decimal as it is signed or not) into @buf. */
const char *format_value(char letter, struct expr_value value, char *buf, size_t size);

/* Shows memory from @addr in rows, as gdb's x; *ret_next: where it ended. @physical: guest-physical. */
struct error *session_examine(struct session *s, struct out *out, const struct format *format,
			      uint64_t addr, bool physical, uint64_t *ret_next);
