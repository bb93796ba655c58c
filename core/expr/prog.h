/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A compiled expression: code of a stack machine without backward jumps, so that one evaluation takes
 * at most as many steps as there are instructions. Private to core/expr, and to what translates programs.
 *
 * All values on the stack are 64 bits, sign- or zero-extended by the static type the compiler knows;
 * signedness is in the operation, the type of the result in the program.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/expr/expr.h"

/* Recursion of the parser, and so the stack of a program: each level keeps at most one operand. */
#define EXPR_NESTING_MAX 256
#define EXPR_STACK_MAX (EXPR_NESTING_MAX + 4)
#define EXPR_STRING_MAX 255

enum expr_op {
	OP_PUSH,	/* imm */
	OP_REG,		/* register imm, its low @size bytes, sign-extended when is_signed */
	OP_FIELD,	/* event field imm */
	OP_LOAD,	/* address -> value of @size, sign-extended when is_signed */
	OP_LOAD_PHYS,
	OP_MATCH,	/* address -> 1 when memory there equals string imm */
	OP_EXTEND,	/* the low @size bytes, sign-extended when is_signed */
	OP_NEG, OP_NOT, OP_IS_ZERO, OP_IS_TRUE,
	/* Two operands -> one. */
	OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_SDIV, OP_MOD, OP_SMOD, OP_SHL, OP_SHR, OP_SAR,
	OP_AND, OP_OR, OP_XOR, OP_EQ, OP_NE, OP_LT, OP_SLT, OP_LE, OP_SLE,
	OP_GT, OP_SGT, OP_GE, OP_SGE,
	/* Control, always forward: to instruction imm. */
	OP_JUMP,
	OP_JUMP_ZERO,		/* pops */
	OP_ZERO_ELSE_POP,	/* && : jumps with the 0 kept, else pops it */
	OP_TRUE_ELSE_POP,	/* || */
	OP_COUNT
};

struct expr_insn {
	uint8_t op;
	uint8_t size;
	bool is_signed;
	uint64_t imm;
};

/* Static type of an operand. */
struct expr_type {
	uint8_t size;		/* of the number, or of what the last pointer points at */
	bool is_signed;
	uint8_t depth;		/* pointers around it; the value is then 8 bytes, unsigned */
	bool is_void;		/* depth > 0: the innermost is void, or a structure */
	bool is_address;	/* show as a symbol */
	bool is_literal;	/* takes the other side's sign, as constants do in Go */
	bool is_aggregate;	/* the value is the address of a structure or array */
	/* As in struct expr_shape. @self is that of variables and members, not of what is computed. */
	uint64_t target, span, bytes, self;
};

struct expr_string {
	unsigned char *data;
	unsigned len;
};

struct expr_prog {
	atomic_uint refs;
	char *text;
	struct expr_insn *code;
	unsigned ncode;
	struct expr_string *strings;
	unsigned nstrings;
	struct expr_type type;
};

const char *expr_op_name(enum expr_op op);

/* @op over @a and @b; false on a division by zero. Every result is defined. */
bool expr_op_apply(enum expr_op op, uint64_t a, uint64_t b, uint64_t *ret);
uint64_t expr_extend(uint64_t v, unsigned size, bool is_signed);

/* Is what the program gives a signed number? */
static inline bool expr_is_signed(const struct expr_prog *prog)
{
	return prog && !prog->type.depth && prog->type.is_signed;
}

static inline unsigned expr_type_size(struct expr_type t) { return t.depth ? 8 : t.size; }
static inline bool expr_type_signed(struct expr_type t) { return !t.depth && t.is_signed; }
