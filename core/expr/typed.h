/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Operands with C types: locals, members, what symbols name. Private to core/expr. */
#pragma once

#include "core/expr/parser.h"

/* A number of 1 to 8 bytes as the next size there is. */
static inline unsigned expr_round_size(unsigned size)
{
	return size <= 1 ? 1 : size <= 2 ? 2 : size <= 4 ? 4 : 8;
}

struct expr_type typed_shape(const struct expr_shape *shape);
/* Code for a local whose name is the parser's token. */
struct error *typed_local(struct parser *p, const struct expr_local *local, struct operand *ret);
/* Makes a symbol a pointer to the variable it names, when the scope knows its type. Only where it is
 * followed (*, [], ., ->): `table + 4` counts bytes with and without debug info. */
void typed_symbol(struct parser *p, struct operand *a);
/* The parser stands at "->" or at a name with a leading dot. */
struct error *typed_member(struct parser *p, struct operand *a);
