/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Code generation with static types: what the parser calls. Private to core/expr. */
#pragma once

#include "core/base/vec.h"
#include "core/expr/lexer.h"
#include "core/expr/prog.h"

/* Where an operand's value came from: what '&' and assignments can use. */
enum expr_place {
	PLACE_NONE,
	PLACE_MEM, PLACE_PHYS,	/* the last instruction is the load */
	PLACE_REG,
	PLACE_SYMBOL,		/* an address that is its own & */
	PLACE_AGGREGATE,	/* a structure: the address is on the stack */
};

/* An operand whose code has been emitted; strings have none until they are compared. */
struct operand {
	struct expr_type type;
	enum expr_place place;
	bool is_const;		/* one PUSH, at instruction @at */
	bool is_string;
	bool is_text;		/* the address of text that ends with NUL */
	bool is_untyped_symbol;	/* scope->object() has not been asked */
	unsigned at;		/* is_const: index of the PUSH; is_string: index of the string */
	struct token token;	/* its first, for errors */
};

struct emitter {
	VEC(struct expr_insn) code;
	VEC(struct expr_string) strings;
	unsigned sp, max_sp;	/* depth of the stack after the code so far, and its maximum */
};

void emitter_deinit(struct emitter *e);

unsigned emit(struct emitter *e, enum expr_op op, uint64_t imm);
unsigned emit_sized(struct emitter *e, enum expr_op op, unsigned size, bool is_signed, uint64_t imm);
/* A jump to be aimed at the next instruction by emit_label(). */
void emit_label(struct emitter *e, unsigned jump);
/* Takes the last instruction back. */
void emit_undo(struct emitter *e);

struct operand emit_const(struct emitter *e, uint64_t v, struct expr_type type);
/* Operators over operands already emitted; constants fold. @op is the C token. The caller refused
 * strings. A NULL result is success; an error is a sentence without a place, for the parser to wrap. */
void emit_unary(struct emitter *e, int op, struct operand *a);
const char *emit_binary(struct emitter *e, int op, struct operand *a, const struct operand *b);
const char *emit_match(struct emitter *e, int op, struct operand *a, const struct operand *b);
void emit_cast(struct emitter *e, struct operand *a, struct expr_type type);
/* The element a pointer points at; anything that is no pointer points at 8 bytes. */
const char *emit_deref(struct emitter *e, struct operand *a);
void emit_load(struct emitter *e, struct operand *a, enum expr_op op, struct expr_type type);
/* The type of c ? a : b. */
struct expr_type emit_join_types(const struct emitter *e, const struct operand *a,
				 const struct operand *b);

#define TYPE_U64 ((struct expr_type){ .size = 8 })
#define TYPE_BOOL ((struct expr_type){ .size = 4 })
#define TYPE_LITERAL ((struct expr_type){ .size = 8, .is_signed = true, .is_literal = true })
#define TYPE_ADDRESS ((struct expr_type){ .size = 8, .is_address = true })
