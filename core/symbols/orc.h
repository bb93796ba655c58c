/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a frame to its caller by the ORC tables that an x86-64 Linux kernel keeps in its memory for its own
 * backtraces (Documentation/arch/x86/orc-unwinder.rst), exact at every instruction, through interrupts and
 * exceptions. The tables are looked up in guest memory entry by entry; how an entry is laid out is in the
 * kernel's BTF.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/arch/arch.h"
#include "core/base/vec.h"
#include "core/symbols/btf.h"
#include "core/symbols/unwind.h"

/* Bits of an entry: a field read as a little-endian number. */
struct orc_field {
	uint16_t bit, bits;
};

struct orc_layout {
	unsigned entry_size;
	struct orc_field sp_offset, bp_offset, sp_reg, bp_reg, type, end;
	bool has_end;		/* until 6.3: the end has a bit of its own, and types count from 0 */
	/* struct pt_regs. */
	struct {
		int id;		/* of struct arch */
		uint16_t offset;
	} reg[24];
	unsigned nregs;
	uint16_t ip_offset;	/* of the saved pc there: an interrupt saved it and what follows */
};

/* Places relative to themselves, ascending, and an entry for each. */
struct orc_table {
	uint64_t ips, entries;
	uint32_t count;
};

struct orc {
	struct orc_layout layout;
	VEC(struct orc_table) tables; /* the kernel's first */
};

/* False: this kernel has no ORC, or its types do not tell the layout. */
bool orc_layout_find(const struct btf *btf, const struct arch *arch, struct orc_layout *ret);
/* Moves @regs to the caller. *exact_pc goes in and out; *interrupted: the callee was an interrupt or exception.
 * UNWIND_UNKNOWN: no table covers the pc. */
enum unwind_result orc_unwind(const struct orc *orc, const struct mem_reader *mem, struct regs *regs,
			      bool *exact_pc, bool *interrupted);
