/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/expr/typed.h"

#include <string.h>

#define NAME_MAX_LEN 256

struct expr_type typed_shape(const struct expr_shape *s)
{
	struct expr_type type = {
		.size = expr_round_size(s->size), .is_signed = s->is_signed, .depth = s->depth,
		.is_void = s->depth && !s->size, .is_address = s->is_aggregate,
		.is_aggregate = s->is_aggregate, .target = s->target, .span = s->span,
		.bytes = s->bytes, .self = s->self,
	};

	if (s->is_aggregate && !s->depth) {
		type.size = 8;
		type.is_signed = false;
	}
	return type;
}

/* What @shape's object at the address on the stack is as an operand. */
static void load_shape(struct parser *p, const struct expr_shape *shape, struct operand *ret)
{
	struct expr_type type = typed_shape(shape);

	if (!shape->is_aggregate) {
		emit_load(&p->out, ret, OP_LOAD, type);
		return;
	}
	ret->type = type;
	ret->place = shape->depth ? PLACE_SYMBOL : PLACE_AGGREGATE;
}

/* Pushes the register a local is found by, plus its offset. */
static void push_base(struct parser *p, const struct expr_local *local)
{
	if (local->reg < 0) {
		emit(&p->out, OP_PUSH, local->offset);
		return;
	}
	emit(&p->out, OP_REG, local->reg);
	if (local->offset) {
		emit(&p->out, OP_PUSH, local->offset);
		emit(&p->out, OP_ADD, 0);
	}
}

struct error *typed_local(struct parser *p, const struct expr_local *local, struct operand *ret)
{
	struct expr_type type = typed_shape(&local->shape);

	switch (local->place) {
	case EXPR_LOCAL_MEM:
		push_base(p, local);
		load_shape(p, &local->shape, ret);
		return NULL;
	case EXPR_LOCAL_REG:
		emit_sized(&p->out, OP_REG, expr_type_size(type), expr_type_signed(type), local->reg);
		ret->type = type;
		ret->place = PLACE_REG;
		return NULL;
	case EXPR_LOCAL_VALUE:
		push_base(p, local);
		emit_cast(&p->out, ret, type);
		return NULL;
	default:
		return lexer_error(&p->lexer, ERROR_NOT_FOUND, p->tok.start,
				   "'%.*s' has no value here (optimized out)", (int)p->tok.name_len,
				   p->tok.name);
	}
}

void typed_symbol(struct parser *p, struct operand *a)
{
	const struct expr_scope *s = p->scope;
	struct expr_shape shape;

	if (!a->is_untyped_symbol || !a->is_const || !s->object ||
	    !s->object(s->ctx, p->out.code.data[a->at].imm, &shape))
		return;
	a->is_untyped_symbol = false;
	/* An array is a pointer to its first element already; anything else gets a pointer around it. */
	if (shape.is_aggregate && !shape.depth && !shape.target)
		return;
	a->type = typed_shape(&shape);
	if (!shape.is_aggregate || !shape.depth) {
		a->type.depth++;
		a->type.is_void = shape.is_aggregate || (shape.depth && !shape.size);
	}
	a->type.is_address = true;
	a->type.is_aggregate = false;
	a->type.self = 0;
}

/* A bit field: its unit is loaded, the bits moved to the top and back down with the right sign. */
static void load_bits(struct parser *p, const struct expr_member *m, struct operand *a)
{
	struct expr_type type = typed_shape(&m->shape);

	emit_sized(&p->out, OP_LOAD, expr_type_size(type), false, 0);
	emit(&p->out, OP_PUSH, 64 - m->bit_shift - m->bit_size);
	emit(&p->out, OP_SHL, 0);
	emit(&p->out, OP_PUSH, 64 - m->bit_size);
	emit(&p->out, type.is_signed ? OP_SAR : OP_SHR, 0);
	*a = (struct operand){ .type = type, .token = a->token };
}

static struct error *access_member(struct parser *p, const char *name, const struct token *at,
				   struct operand *a)
{
	const struct expr_scope *s = p->scope;
	struct operand offset;
	struct expr_member m;
	const char *sentence;

	if (a->type.depth > 1 || !a->type.target)
		return lexer_error(&p->lexer, ERROR_SYNTAX, at->start,
				   "'%s' needs a structure or a pointer to one before it", name);
	if (!s->member || !s->member(s->ctx, a->type.target, name, &m))
		return lexer_error(&p->lexer, ERROR_NOT_FOUND, at->start, "no member is named '%s'", name);
	if (m.bit_size && (m.shape.is_aggregate || m.bit_shift + m.bit_size > m.shape.size * 8))
		return lexer_error(&p->lexer, ERROR_SYNTAX, at->start, "'%s' is an odd bit field", name);
	/* The address counts in bytes here. */
	a->type = TYPE_U64;
	offset = emit_const(&p->out, m.offset, TYPE_U64);
	sentence = emit_binary(&p->out, '+', a, &offset);
	if (sentence)
		return lexer_error(&p->lexer, ERROR_SYNTAX, at->start, "%s", sentence);
	if (m.bit_size)
		load_bits(p, &m, a);
	else
		load_shape(p, &m.shape, a);
	return NULL;
}

struct error *typed_member(struct parser *p, struct operand *a)
{
	struct error *err = parser_need_value(p, a);
	char name[NAME_MAX_LEN];
	const char *dot;
	bool is_symbol;
	unsigned skip;

	if (err)
		return err;
	is_symbol = a->is_untyped_symbol;
	typed_symbol(p, a);
	if (p->tok.kind == TOK_ARROW) {
		/* ptr->member of a pointer variable has one meaning only, though ptr is its address. */
		if (is_symbol && a->type.depth == 2 && a->type.target)
			emit_deref(&p->out, a);
		parser_next(p);
	}
	if (p->tok.kind != TOK_NAME || p->tok.is_quoted)
		return parser_unexpected(p, "the name of a member");
	/* .a.b is one token: take .a and leave .b. */
	skip = p->tok.name[0] == '.';
	dot = memchr(p->tok.name + skip, '.', p->tok.name_len - skip);
	if (dot)
		token_cut(&p->lexer, &p->tok, dot - p->tok.name);
	if (p->tok.name_len == skip || p->tok.name_len - skip >= sizeof(name))
		return parser_unexpected(p, "the name of a member");
	memcpy(name, p->tok.name + skip, p->tok.name_len - skip);
	name[p->tok.name_len - skip] = '\0';
	struct token at = p->tok;
	parser_next(p);
	return access_member(p, name, &at, a);
}
