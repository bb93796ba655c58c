/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What expressions of tests run on: a few registers, fields, symbols, locals and 256 bytes of memory. */
#pragma once

#include "core/expr/expr.h"

#define MACHINE_MEM 0x1000

struct machine {
	uint8_t mem[256];	/* at MACHINE_MEM, and at physical 0 */
	unsigned reads;		/* of memory so far */
};

extern const struct expr_scope machine_scope;
void machine_init(struct machine *m);
struct expr_env machine_env(struct machine *m);
