/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Types of the kernel's BTF as the types of expressions: args.NAME of a function, and their members. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/expr/expr.h"

struct btf;

struct typed_args {
	const struct btf *btf;	/* borrowed */
	uint32_t proto;		/* FUNC_PROTO */
	unsigned skip;		/* leading parameters that are not meant: a tracepoint's own */
	struct expr_scope scope; /* ctx: this */
};

/* "args.vcpu" and "vcpu" name parameters: their register is their position. */
void typed_args_init(struct typed_args *t, const struct btf *btf, uint32_t proto, unsigned skip);
unsigned typed_args_count(const struct typed_args *t);
/* Name of the @i-th; "argN" where it has none. Bytes and sign of a number, @ret_pointer: it is an address. */
const char *typed_args_at(const struct typed_args *t, unsigned i, unsigned *ret_size, bool *ret_signed,
			  bool *ret_pointer);
