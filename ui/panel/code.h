/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the code panel: rows of instructions and of source lines. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/out.h"
#include "core/base/vec.h"
#include "core/session/session.h"

enum code_row_kind { CODE_INSN, CODE_LABEL, CODE_SOURCE, CODE_NOTE };

struct code_row {
	enum code_row_kind kind;
	uint64_t addr;		/* of the instruction; of a source line's first one, 0 none */
	unsigned line;		/* SOURCE */
	uint64_t target;	/* INSN: where a direct branch goes, 0 none */
	bool current;		/* the selected frame executes here */
};

struct code_rows {
	struct out *text;	/* a line for each row */
	VEC(struct code_row) row;
	uint64_t next;		/* address after the last instruction */
};

/* Rows of disassembly from @top, @count of them, with @source lines between; @width cells decide how
 * much is shown. */
void code_build_asm(struct session *s, struct code_rows *rows, uint64_t top, unsigned count, bool source,
		    unsigned width);
/* Rows of the lines @first.. of @file; false when its text can not be had. */
bool code_build_source(struct session *s, struct code_rows *rows, const char *file, unsigned first,
		       unsigned count);
/* @n instructions before @addr. Where no symbol tells where they start: @guess what decodes up to @addr,
 * or stay there. */
uint64_t code_back(struct session *s, uint64_t addr, unsigned n, bool guess);
/* The code panel shows source: steps are those of source lines. */
struct panel;
bool code_shows_source(const struct panel *code);
/* Looks at @addr; the place left is one to come back to. */
void code_show(struct panel *code, uint64_t addr);
/* An enabled or disabled breakpoint at @addr; NULL: none. */
struct stop *code_stop_at(struct session *s, uint64_t addr);
