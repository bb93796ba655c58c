/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a frame to its caller: by the call frame information of the loaded files (.debug_frame,
 * .eh_frame), which is exact at every instruction; where there is none, by the architecture's frame
 * pointers.
 */
#pragma once

#include <stdbool.h>

#include "core/arch/arch.h"
#include "core/symbols/symbols.h"

struct unwind_frame {
	struct regs regs;	/* as the frame sees them; those that calls may change and nobody saved stay as they are
				 * now, as in gdb */
	struct frame frame;	/* pc and sp linear */
	bool exact_pc;		/* pc is about to execute: innermost, or interrupted; else it was called from
				 * the instruction before pc, and that one's line is meant */
	bool by_cfi;		/* reached by call frame information, not by a guess */
};

/* The innermost frame of @regs (REGS_CORE at least). */
void unwind_start(struct unwind_frame *ret, const struct regs *regs);
/* Moves @f to its caller; false, and @f as it was, at the end of the stack. Callers bound the count. */
bool unwind_caller(const struct symbols *syms, const struct mem_reader *mem, struct unwind_frame *f);

enum unwind_result {
	UNWIND_CALLER,
	UNWIND_END,	/* outermost, says the file; or a stack that does not read */
	UNWIND_UNKNOWN,	/* no call frame information for this pc */
};
/* The same by call frame information alone, over @regs; *exact_pc goes in and out. */
enum unwind_result symbols_unwind(const struct symbols *syms, const struct mem_reader *mem,
				  struct regs *regs, bool *exact_pc);
