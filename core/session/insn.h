/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instructions of the selected vCPU, decoded and shown. */
#pragma once

#include "core/arch/arch.h"
#include "core/session/session.h"

/* Decodes the instruction at linear address @addr; ERROR_FAULT when its first byte can not be read. */
struct error *session_insn(struct session *s, uint64_t addr, struct insn *ret);
/* The same at a guest-physical address. */
struct error *session_insn_phys(struct session *s, uint64_t gpa, struct insn *ret);

enum {
	INSN_SHOW_BYTES = 1 << 0,
	INSN_SHOW_ARROW = 1 << 1,	/* "=> " when it is where the selected frame executes, else "   " */
	INSN_SHOW_OPERAND = 1 << 2,	/* what its memory operand points at, with the registers of now */
};

/* One record "insn" on a line of its own. */
void session_print_insn(struct session *s, struct out *out, const struct insn *insn, unsigned flags);
