/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/expr/emit.h"

#include <stdlib.h>

void emitter_deinit(struct emitter *e)
{
	for (size_t i = 0; i < e->strings.len; i++)
		free(e->strings.data[i].data);
	vec_free(&e->strings);
	vec_free(&e->code);
}

/* How an operation changes the depth of the stack where code goes on after it. */
static int stack_effect(enum expr_op op)
{
	if (op == OP_PUSH || op == OP_REG || op == OP_FIELD)
		return 1;
	if ((op >= OP_ADD && op <= OP_SGE) || op == OP_JUMP_ZERO || op == OP_ZERO_ELSE_POP ||
	    op == OP_TRUE_ELSE_POP)
		return -1;
	return 0;
}

unsigned emit_sized(struct emitter *e, enum expr_op op, unsigned size, bool is_signed, uint64_t imm)
{
	vec_push(&e->code, (struct expr_insn){ op, size, is_signed, imm });
	e->sp += stack_effect(op);
	if (e->sp > e->max_sp)
		e->max_sp = e->sp;
	return e->code.len - 1;
}

unsigned emit(struct emitter *e, enum expr_op op, uint64_t imm)
{
	return emit_sized(e, op, 8, false, imm);
}

void emit_label(struct emitter *e, unsigned jump)
{
	e->code.data[jump].imm = e->code.len;
}

void emit_undo(struct emitter *e)
{
	e->sp -= stack_effect(e->code.data[--e->code.len].op);
}

struct operand emit_const(struct emitter *e, uint64_t v, struct expr_type type)
{
	return (struct operand){ .type = type, .is_const = true, .at = emit(e, OP_PUSH, v) };
}

static uint64_t const_value(const struct emitter *e, const struct operand *a)
{
	return e->code.data[a->at].imm;
}

/* After an operation the operand is a plain value, unless it folded. */
static void set_value(struct operand *a, struct expr_type type, bool is_const)
{
	a->type = type;
	a->place = PLACE_NONE;
	a->is_const = is_const;
	a->is_text = false;
}

void emit_unary(struct emitter *e, int op, struct operand *a)
{
	struct expr_type type = { .size = 8, .is_literal = a->type.is_literal };
	uint64_t *imm = a->is_const ? &e->code.data[a->at].imm : NULL;

	switch (op) {
	case '-':
		type.is_signed = true;
		if (imm)
			*imm = 0 - *imm;
		else
			emit(e, OP_NEG, 0);
		break;
	case '~':
		type.is_signed = expr_type_signed(a->type);
		if (imm)
			*imm = ~*imm;
		else
			emit(e, OP_NOT, 0);
		break;
	case '!':
		type = TYPE_BOOL;
		if (imm)
			*imm = *imm == 0;
		else
			emit(e, OP_IS_ZERO, 0);
		break;
	default: /* + */
		type.is_signed = expr_type_signed(a->type);
		break;
	}
	set_value(a, type, imm != NULL);
}

void emit_cast(struct emitter *e, struct operand *a, struct expr_type type)
{
	unsigned size = expr_type_size(type);
	bool is_signed = expr_type_signed(type);

	if (a->is_const)
		e->code.data[a->at].imm = expr_extend(const_value(e, a), size, is_signed);
	else if (size < 8)
		emit_sized(e, OP_EXTEND, size, is_signed, 0);
	set_value(a, type, a->is_const);
}

void emit_load(struct emitter *e, struct operand *a, enum expr_op op, struct expr_type type)
{
	emit_sized(e, op, expr_type_size(type), expr_type_signed(type), 0);
	set_value(a, type, false);
	a->place = op == OP_LOAD ? PLACE_MEM : PLACE_PHYS;
}

const char *emit_deref(struct emitter *e, struct operand *a)
{
	struct expr_type type = a->type;

	type.self = 0;
	type.is_aggregate = false;
	if (!type.depth && type.target) {
		return "a structure is no pointer";
	} else if (!type.depth) {
		type = TYPE_U64;
	} else if (--type.depth == 0 && type.target) {
		/* A structure is not loaded: it stands for its place. */
		type.is_aggregate = true;
		type.self = type.target;
		type.bytes = type.span;
		a->type = type;
		a->place = PLACE_AGGREGATE;
		return NULL;
	} else if (type.depth == 0 && type.is_void) {
		return "what this points at has no size here; cast it, as in *(u32 *)p";
	}
	type.is_address = false;
	emit_load(e, a, OP_LOAD, type);
	return NULL;
}

/* Size of what a pointer points at, 1 for other numbers: the factor of pointer arithmetic. */
static uint64_t element_size(struct expr_type t)
{
	if (t.depth == 1 && t.target)
		return t.span;
	if (!t.depth || (t.depth == 1 && t.is_void))
		return 1;
	return t.depth > 1 ? 8 : t.size;
}

/* Whether the operation itself is signed: a literal that is not negative goes along with the other. */
static bool is_signed_operation(const struct emitter *e, const struct operand *a,
				const struct operand *b)
{
	bool sa = expr_type_signed(a->type), sb = expr_type_signed(b->type);

	if (a->type.is_literal && b->type.is_literal)
		return sa && sb;
	if (a->type.is_literal)
		return sb || (sa && a->is_const && (int64_t)const_value(e, a) < 0);
	if (b->type.is_literal)
		return sa || (sb && b->is_const && (int64_t)const_value(e, b) < 0);
	return sa || sb;
}

/* Type of a result whose bits do not depend on signs: a mask such as ~0xfff leaves $rsp unsigned. */
static struct expr_type number_type(const struct operand *a, const struct operand *b)
{
	bool sa = expr_type_signed(a->type), sb = expr_type_signed(b->type);
	struct expr_type type = { .size = 8 };

	if (a->type.is_literal && b->type.is_literal) {
		type.is_literal = true;
		type.is_signed = sa && sb;
	} else if (a->type.is_literal) {
		type.is_signed = sb;
	} else if (b->type.is_literal) {
		type.is_signed = sa;
	} else {
		type.is_signed = sa || sb;
	}
	return type;
}

static void emit_op(struct emitter *e, enum expr_op op, struct operand *a, const struct operand *b,
		    struct expr_type type)
{
	uint64_t v;

	/* A constant division by zero is left to evaluation: && and ?: may never get there. */
	if (a->is_const && b->is_const &&
	    expr_op_apply(op, const_value(e, a), const_value(e, b), &v)) {
		emit_undo(e);
		e->code.data[a->at].imm = v;
		set_value(a, type, true);
		return;
	}
	emit(e, op, 0);
	set_value(a, type, false);
}

/* a + b and a - b where one is a pointer or an address. */
static const char *emit_pointer_sum(struct emitter *e, int op, struct operand *a,
				    const struct operand *b)
{
	struct operand rhs = *b, unit;
	struct expr_type type = a->type;

	type.self = 0;
	type.is_aggregate = false;

	if (op == '-' && b->type.depth) {
		if (!a->type.depth || element_size(a->type) != element_size(b->type))
			return "only pointers to the same type can be subtracted";
		emit_op(e, OP_SUB, a, b, (struct expr_type){ .size = 8, .is_signed = true });
		if (element_size(b->type) > 1) {
			unit = emit_const(e, element_size(b->type), TYPE_LITERAL);
			emit_op(e, OP_SDIV, a, &unit, a->type);
		}
		return NULL;
	}
	if (a->type.depth && b->type.depth)
		return "two pointers cannot be added";
	if (b->type.depth) {
		/* n + p: scaling n, below p on the stack, would need another operation. */
		if (element_size(b->type) > 1 && !a->is_const)
			return "write the pointer first: p + n";
		type = b->type;
		type.self = 0;
		if (a->is_const)
			e->code.data[a->at].imm *= element_size(b->type);
	} else if (element_size(a->type) > 1) {
		unit = emit_const(e, element_size(a->type), TYPE_LITERAL);
		emit_op(e, OP_MUL, &rhs, &unit, rhs.type);
	}
	if (!type.depth) {
		/* An address plus a number is an address; the distance of two is a number. */
		type = number_type(a, b);
		type.is_literal = false;
		type.is_address = op == '+' ? a->type.is_address != b->type.is_address
					    : a->type.is_address && !b->type.is_address;
		if (type.is_address)
			type.is_signed = false;
		else if (op == '-' && a->type.is_address)
			type.is_signed = true;
	}
	emit_op(e, op == '+' ? OP_ADD : OP_SUB, a, &rhs, type);
	return NULL;
}

static enum expr_op compare_op(int op, bool is_signed)
{
	switch (op) {
	case TOK_EQ: return OP_EQ;
	case TOK_NE: return OP_NE;
	case '<': return is_signed ? OP_SLT : OP_LT;
	case TOK_LE: return is_signed ? OP_SLE : OP_LE;
	case '>': return is_signed ? OP_SGT : OP_GT;
	default: return is_signed ? OP_SGE : OP_GE;
	}
}

/* d[p] == -1 and $eax == -1 mean what they say: the constant is as wide as the other side. */
static void narrow_constant(struct emitter *e, const struct operand *c, struct expr_type other)
{
	uint64_t *imm;

	if (!c->is_const || !c->type.is_literal || other.is_literal || expr_type_signed(other))
		return;
	imm = &e->code.data[c->at].imm;
	if (expr_type_signed(c->type) && (int64_t)*imm < 0)
		*imm = expr_extend(*imm, expr_type_size(other), false);
}

const char *emit_binary(struct emitter *e, int op, struct operand *a, const struct operand *b)
{
	bool is_signed = is_signed_operation(e, a, b);
	struct expr_type type = number_type(a, b);

	switch (op) {
	case '+':
	case '-':
		if (a->type.depth || b->type.depth || a->type.is_address || b->type.is_address)
			return emit_pointer_sum(e, op, a, b);
		emit_op(e, op == '+' ? OP_ADD : OP_SUB, a, b, type);
		return NULL;
	case '*': emit_op(e, OP_MUL, a, b, type); return NULL;
	case '&':
		/* Masking keeps an address an address: main & ~0xfff. */
		type.is_address = a->type.is_address || a->type.depth;
		emit_op(e, OP_AND, a, b, type);
		return NULL;
	case '|': emit_op(e, OP_OR, a, b, type); return NULL;
	case '^': emit_op(e, OP_XOR, a, b, type); return NULL;
	case '/':
	case '%':
		type.is_signed = is_signed;
		if (op == '/')
			emit_op(e, is_signed ? OP_SDIV : OP_DIV, a, b, type);
		else
			emit_op(e, is_signed ? OP_SMOD : OP_MOD, a, b, type);
		return NULL;
	case TOK_SHL:
	case TOK_SHR:
		type.is_signed = expr_type_signed(a->type);
		type.is_literal = a->type.is_literal;
		if (op == TOK_SHL)
			emit_op(e, OP_SHL, a, b, type);
		else
			emit_op(e, type.is_signed ? OP_SAR : OP_SHR, a, b, type);
		return NULL;
	case TOK_EQ:
	case TOK_NE:
		narrow_constant(e, a, b->type);
		narrow_constant(e, b, a->type);
		break;
	}
	emit_op(e, compare_op(op, is_signed), a, b, TYPE_BOOL);
	return NULL;
}

const char *emit_match(struct emitter *e, int op, struct operand *a, const struct operand *b)
{
	const struct operand *string = a->is_string ? a : b;
	unsigned at = string->at;

	if (a->is_string && b->is_string)
		return "one side of a comparison with a string must be an address";
	struct expr_string *literal = &e->strings.data[at];
	if ((a->is_string ? b : a)->is_text && (!literal->len || literal->data[literal->len - 1])) {
		literal->data = xrealloc(literal->data, literal->len + 1);
		literal->data[literal->len++] = '\0';
	}
	emit(e, OP_MATCH, at);
	a->is_text = false;
	if (op == TOK_NE)
		emit(e, OP_IS_ZERO, 0);
	a->is_string = false;
	set_value(a, TYPE_BOOL, false);
	return NULL;
}

static bool same_type(struct expr_type a, struct expr_type b)
{
	return a.size == b.size && a.is_signed == b.is_signed && a.depth == b.depth &&
	       a.is_void == b.is_void && a.is_address == b.is_address && a.is_literal == b.is_literal &&
	       a.is_aggregate == b.is_aggregate && a.target == b.target && a.self == b.self;
}

struct expr_type emit_join_types(const struct emitter *e, const struct operand *a,
				 const struct operand *b)
{
	struct expr_type type = a->type;

	if (same_type(a->type, b->type)) {
		/* x ? 1 : 2 may still go along with another sign, x ? 1 : -1 may not. */
		type.is_literal = type.is_literal && a->is_const && b->is_const &&
				  (int64_t)(const_value(e, a) | const_value(e, b)) >= 0;
		return type;
	}
	if (a->type.depth && !b->type.depth)
		return a->type;
	if (b->type.depth && !a->type.depth)
		return b->type;
	type = number_type(a, b);
	type.is_literal = false;
	type.is_address = (a->type.is_address || a->type.depth) && (b->type.is_address || b->type.depth);
	return type;
}
