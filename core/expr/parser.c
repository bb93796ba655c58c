/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Operator precedence parsing: parse_expr() reads an operand and then, as long as the next operator
 * binds strong enough, that operator and its right side by calling itself with a higher bound.
 */
#include "core/expr/parser.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/expr/typed.h"
#include "core/expr/types.h"

#define NAME_MAX_LEN 256

static struct error *parse_unary(struct parser *p, struct operand *ret);

static const struct {
	int kind;
	unsigned prec;
} binaries[] = {
	{ '?', PREC_TERNARY }, { TOK_OR_OR, 2 }, { TOK_AND_AND, 3 }, { '|', 4 }, { '^', 5 },
	{ '&', 6 }, { TOK_EQ, 7 }, { TOK_NE, 7 }, { '<', 8 }, { '>', 8 }, { TOK_LE, 8 },
	{ TOK_GE, 8 }, { TOK_SHL, 9 }, { TOK_SHR, 9 }, { '+', 10 }, { '-', 10 }, { '*', 11 },
	{ '/', 11 }, { '%', 11 },
};

static unsigned binary_prec(int kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(binaries); i++)
		if (binaries[i].kind == kind)
			return binaries[i].prec;
	return 0;
}

void parser_next(struct parser *p)
{
	p->last = p->tok;
	lexer_next(&p->lexer, &p->tok);
}

struct error *parser_init(struct parser *p, const char *text, const struct expr_scope *scope)
{
	static const struct expr_scope nothing;

	*p = (struct parser){ .lexer = { text, text },
			      .scope = scope ? scope : &nothing };
	if (strnlen(text, EXPR_TEXT_MAX + 1) > EXPR_TEXT_MAX)
		return error_create(ERROR_SYNTAX, "expression longer than %d characters",
				    EXPR_TEXT_MAX);
	lexer_next(&p->lexer, &p->tok);
	return NULL;
}

void parser_deinit(struct parser *p)
{
	emitter_deinit(&p->out);
}

struct error *parser_unexpected(struct parser *p, const char *expected)
{
	const struct token *t = &p->tok;

	if (t->kind == TOK_BAD)
		return lexer_error(&p->lexer, ERROR_SYNTAX, t->start, "%s: '%.*s'", t->bad,
				   (int)(t->len < 40 ? t->len : 40), t->start);
	if (t->kind == TOK_END)
		return lexer_error(&p->lexer, ERROR_SYNTAX, t->start, "expected %s at the end",
				   expected);
	return lexer_error(&p->lexer, ERROR_SYNTAX, t->start, "expected %s, not '%.*s'", expected,
			   (int)(t->len < 40 ? t->len : 40), t->start);
}

/* "expected an operand after '+'": says what it should have continued. */
static struct error *missing_operand(struct parser *p)
{
	if (p->tok.kind == TOK_BAD || !p->last.start)
		return parser_unexpected(p, "an expression");
	return lexer_error(&p->lexer, ERROR_SYNTAX, p->tok.start, "expected an operand after '%.*s'",
			   (int)(p->last.len < 40 ? p->last.len : 40), p->last.start);
}

struct error *parser_need_value(struct parser *p, const struct operand *a)
{
	if (!a->is_string)
		return NULL;
	return lexer_error(&p->lexer, ERROR_SYNTAX, a->token.start,
			   "a string can only be compared with == or != to an address");
}

static struct error *expect(struct parser *p, int kind, const char *what)
{
	if (p->tok.kind != kind)
		return parser_unexpected(p, what);
	parser_next(p);
	return NULL;
}

static struct error *enter(struct parser *p)
{
	if (++p->depth > EXPR_NESTING_MAX)
		return lexer_error(&p->lexer, ERROR_SYNTAX, p->tok.start,
				   "nested more than %d deep", EXPR_NESTING_MAX);
	return NULL;
}

/* ---- operands -------------------------------------------------------------------------------- */

static void push_reg(struct parser *p, unsigned id, unsigned size, struct operand *ret)
{
	size = expr_round_size(size);
	emit_sized(&p->out, OP_REG, size, false, id);
	ret->type = (struct expr_type){ .size = size };
	ret->place = PLACE_REG;
}

static bool resolve_field(struct parser *p, const char *name, struct operand *ret)
{
	const struct expr_scope *s = p->scope;
	bool is_signed = false;
	unsigned id;

	if (s->text && s->text(s->ctx, name, &id))
		ret->is_text = true;
	else if (!s->field || !s->field(s->ctx, name, &id, &is_signed))
		return false;
	emit(&p->out, OP_FIELD, id);
	ret->type = (struct expr_type){ .size = 8, .is_signed = is_signed };
	return true;
}

/* What @name is: a field of the event, a local, a symbol, a register. *ret_found false: none of them. */
static struct error *resolve_name(struct parser *p, const char *name, struct operand *ret, bool *ret_found)
{
	const struct expr_scope *s = p->scope;
	struct expr_local local;
	unsigned id, size;
	uint64_t addr;

	*ret_found = true;
	if (!p->tok.is_quoted && resolve_field(p, name, ret))
		return NULL;
	if (s->local && s->local(s->ctx, name, &local)) {
		return typed_local(p, &local, ret);
	} else if (s->symbol && s->symbol(s->ctx, name, &addr)) {
		*ret = emit_const(&p->out, addr, TYPE_ADDRESS);
		ret->place = PLACE_SYMBOL;
		ret->is_untyped_symbol = true;
	} else if (s->reg && !p->tok.is_quoted && s->reg(s->ctx, name, &id, &size)) {
		push_reg(p, id, size, ret);
	} else {
		*ret_found = false;
	}
	return NULL;
}

static struct error *parse_name(struct parser *p, struct operand *ret)
{
	char name[NAME_MAX_LEN];
	struct error *err;
	bool found;
	char *dot;

	if (!token_copy_name(&p->tok, name, sizeof(name)))
		return lexer_error(&p->lexer, ERROR_SYNTAX, p->tok.start, "name too long");
	err = resolve_name(p, name, ret, &found);
	/* foo.part.0 is one name, node.value is two. */
	dot = p->tok.is_quoted ? NULL : strchr(name + 1, '.');
	if (!err && !found && dot) {
		*dot = '\0';
		err = resolve_name(p, name, ret, &found);
		if (found)
			token_cut(&p->lexer, &p->tok, dot - name);
		else
			*dot = '.';
	}
	if (!err && !found)
		err = lexer_error(&p->lexer, ERROR_NOT_FOUND, p->tok.start,
				  "no %ssymbol or register is named '%s'", p->scope->field ? "field, " : "",
				  name);
	if (err)
		return err;
	ret->token = p->tok;
	parser_next(p);
	return NULL;
}

static struct error *parse_dollar(struct parser *p, struct operand *ret)
{
	const struct expr_scope *s = p->scope;
	struct expr_value value;
	struct expr_local local;
	char name[NAME_MAX_LEN];
	unsigned id, size;
	struct error *err;

	if (!token_copy_name(&p->tok, name, sizeof(name)))
		return lexer_error(&p->lexer, ERROR_SYNTAX, p->tok.start, "name too long");
	char dollar[NAME_MAX_LEN + 1];
	snprintf(dollar, sizeof(dollar), "$%s", name);
	if (s->reg && name[0] && s->reg(s->ctx, name, &id, &size)) {
		push_reg(p, id, size, ret);
	} else if (name[0] && resolve_field(p, dollar, ret)) {
		/* Its value is that of the moment. */
	} else if (s->variable && s->variable(s->ctx, name, &value)) {
		struct expr_type type = { .size = expr_round_size(value.size),
					  .is_signed = value.is_signed,
					  .is_address = value.is_address };

		*ret = emit_const(&p->out, expr_extend(value.bits, type.size, type.is_signed), type);
	} else if (s->place && s->place(s->ctx, name, &local)) {
		err = typed_local(p, &local, ret);
		if (err)
			return err;
	} else if (name[0] == '\0' || name[0] == '$' || (name[0] >= '0' && name[0] <= '9')) {
		return lexer_error(&p->lexer, ERROR_NOT_FOUND, p->tok.start,
				   "the value history has no $%s", name);
	} else {
		return lexer_error(&p->lexer, ERROR_NOT_FOUND, p->tok.start,
				   "no register or variable is named '$%s'", name);
	}
	ret->token = p->tok;
	parser_next(p);
	return NULL;
}

static struct error *parse_string(struct parser *p, struct operand *ret)
{
	const char *s = p->tok.name, *end = s + p->tok.name_len;
	unsigned char buf[EXPR_STRING_MAX];
	unsigned len = 0;

	while (s < end) {
		unsigned char c = *s++;

		if (c == '\\' && !lexer_escape(&s, end, &c))
			return lexer_error(&p->lexer, ERROR_SYNTAX, s - 1,
					   "unknown escape in a string");
		if (len == sizeof(buf))
			return lexer_error(&p->lexer, ERROR_SYNTAX, p->tok.start,
					   "string longer than %d bytes", EXPR_STRING_MAX);
		buf[len++] = c;
	}
	if (len == 0)
		return lexer_error(&p->lexer, ERROR_SYNTAX, p->tok.start,
				   "an empty string equals everything; \"\\0\" is the end of one");
	unsigned char *data = xcalloc(1, len);
	memcpy(data, buf, len);
	vec_push(&p->out.strings, (struct expr_string){ data, len });
	ret->is_string = true;
	ret->at = p->out.strings.len - 1;
	parser_next(p);
	return NULL;
}

/* phys(addr) and phys(addr, size): the size is part of the type, so it must be a constant. */
static struct error *parse_phys(struct parser *p, struct operand *ret)
{
	struct operand size;
	struct expr_type type = TYPE_U64;
	struct error *err;

	parser_next(p);
	parser_next(p);
	err = parse_expr(p, PREC_TERNARY, ret);
	if (err)
		return err;
	if (p->tok.kind == ',') {
		err = parser_need_value(p, ret);
		if (err)
			return err;
		parser_next(p);
		struct token at = p->tok;
		err = parse_expr(p, PREC_TERNARY, &size);
		if (err)
			return err;
		uint64_t v = size.is_const ? p->out.code.data[size.at].imm : 0;
		if (v != 1 && v != 2 && v != 4 && v != 8)
			return lexer_error(&p->lexer, ERROR_SYNTAX, at.start,
					   "the size must be 1, 2, 4 or 8");
		emit_undo(&p->out);
		type.size = v;
	}
	err = parser_need_value(p, ret);
	if (!err)
		err = expect(p, ')', "a ')'");
	if (!err)
		emit_load(&p->out, ret, OP_LOAD_PHYS, type);
	return err;
}

/* b[a], w[a], d[a], q[a]. The next token is the letter. */
static struct error *parse_sized_memory(struct parser *p, unsigned size, struct operand *ret)
{
	struct error *err;

	parser_next(p);
	parser_next(p);
	err = parse_expr(p, PREC_TERNARY, ret);
	if (!err)
		err = parser_need_value(p, ret);
	if (!err)
		err = expect(p, ']', "a ']'");
	if (!err)
		emit_load(&p->out, ret, OP_LOAD, (struct expr_type){ .size = size });
	return err;
}

static struct token peek(const struct parser *p)
{
	struct lexer ahead = p->lexer;
	struct token t;

	lexer_next(&ahead, &t);
	return t;
}

static struct error *parse_sizeof(struct parser *p, struct operand *ret)
{
	struct error *err;
	const struct expr_scope *s = p->scope;
	struct token next = peek(p);
	struct expr_shape shape;
	unsigned ncode = p->out.code.len, sp = p->out.sp;
	struct expr_type type;

	parser_next(p);
	if (p->tok.kind == '(' && (next = peek(p), type_starts(p, &next))) {
		parser_next(p);
		err = type_parse(p, &type);
		if (err)
			return err;
	} else {
		err = parse_unary(p, ret);
		if (!err)
			err = parser_need_value(p, ret);
		if (err)
			return err;
		/* Only its type counts: nothing of it runs. Of a symbol its variable is meant. */
		type = ret->type;
		if (ret->is_untyped_symbol && s->object &&
		    s->object(s->ctx, p->out.code.data[ret->at].imm, &shape))
			type = typed_shape(&shape);
		p->out.code.len = ncode;
		p->out.sp = sp;
	}
	*ret = emit_const(&p->out, type.is_aggregate ? type.bytes : expr_type_size(type), TYPE_LITERAL);
	return NULL;
}

static struct error *parse_primary(struct parser *p, struct operand *ret)
{
	static const struct {
		const char *name;
		unsigned size;
	} memory[] = { { "b", 1 }, { "w", 2 }, { "d", 4 }, { "q", 8 } };
	struct error *err;

	*ret = (struct operand){ .token = p->tok };
	switch (p->tok.kind) {
	case TOK_NUMBER: {
		struct expr_type type = p->tok.is_unsigned ? TYPE_U64 : TYPE_LITERAL;

		*ret = emit_const(&p->out, p->tok.number, type);
		parser_next(p);
		return NULL;
	}
	case TOK_STRING: return parse_string(p, ret);
	case TOK_DOLLAR: return parse_dollar(p, ret);
	case TOK_NAME:
		if (token_is_name(&p->tok, "sizeof"))
			return parse_sizeof(p, ret);
		if (token_is_name(&p->tok, "phys") && peek(p).kind == '(')
			return parse_phys(p, ret);
		for (size_t i = 0; i < ARRAY_SIZE(memory); i++)
			if (token_is_name(&p->tok, memory[i].name) && peek(p).kind == '[')
				return parse_sized_memory(p, memory[i].size, ret);
		return parse_name(p, ret);
	case '(':
		parser_next(p);
		err = parse_expr(p, PREC_TERNARY, ret);
		return err ? err : expect(p, ')', "a ')'");
	default: return missing_operand(p);
	}
}

/* Wraps a sentence of the emitter with the place of @token. */
static struct error *at_token(struct parser *p, const struct token *token, const char *sentence)
{
	return sentence ? lexer_error(&p->lexer, ERROR_SYNTAX, token->start, "%s", sentence) : NULL;
}

static struct error *parse_index(struct parser *p, struct operand *ret)
{
	struct error *err = parser_need_value(p, ret);
	struct token bracket = p->tok;
	struct operand index;

	if (err)
		return err;
	typed_symbol(p, ret);
	if (!ret->type.depth && ret->type.target)
		return lexer_error(&p->lexer, ERROR_SYNTAX, bracket.start, "a structure has no elements");
	/* p[n] is *(p + n), and anything that is no pointer points at 8 bytes. */
	if (!ret->type.depth) {
		ret->type = TYPE_U64;
		ret->type.depth = 1;
	}
	parser_next(p);
	err = parse_expr(p, PREC_TERNARY, &index);
	if (!err)
		err = parser_need_value(p, &index);
	if (!err)
		err = expect(p, ']', "a ']'");
	if (!err && index.type.depth)
		err = at_token(p, &index.token, "an index must be a number, not a pointer");
	if (!err)
		err = at_token(p, &bracket, emit_binary(&p->out, '+', ret, &index));
	return err ? err : at_token(p, &bracket, emit_deref(&p->out, ret));
}

static struct error *parse_postfix(struct parser *p, struct operand *ret)
{
	struct error *err = parse_primary(p, ret);

	while (!err) {
		if (p->tok.kind == '[')
			err = parse_index(p, ret);
		else if (p->tok.kind == TOK_ARROW ||
			 (p->tok.kind == TOK_NAME && !p->tok.is_quoted && p->tok.name[0] == '.'))
			err = typed_member(p, ret);
		else
			break;
	}
	return err;
}

static struct error *take_address(struct parser *p, const struct token *op, struct operand *a)
{
	switch (a->place) {
	case PLACE_SYMBOL:
		return NULL;
	case PLACE_AGGREGATE:
		a->type.depth = 1;
		a->type.is_void = true;
		a->type.is_aggregate = false;
		a->type.self = 0;
		a->place = PLACE_NONE;
		return NULL;
	case PLACE_MEM:
		emit_undo(&p->out);
		a->type.depth++;
		a->type.self = 0;
		a->place = PLACE_NONE;
		/* The load is gone; a constant address may be what is left. */
		a->is_const = false;
		return NULL;
	case PLACE_PHYS:
		return lexer_error(&p->lexer, ERROR_SYNTAX, op->start,
				   "guest-physical memory has no virtual address");
	case PLACE_REG:
		return lexer_error(&p->lexer, ERROR_SYNTAX, op->start, "a register has no address");
	default:
		return lexer_error(&p->lexer, ERROR_SYNTAX, op->start,
				   "only memory and symbols have an address");
	}
}

static struct error *parse_unary(struct parser *p, struct operand *ret)
{
	struct token op = p->tok, next;
	struct expr_type type;
	struct error *err;

	if (op.kind == '(' && (next = peek(p), type_starts(p, &next))) {
		parser_next(p);
		err = type_parse(p, &type);
		if (!err && type.is_aggregate)
			err = lexer_error(&p->lexer, ERROR_SYNTAX, next.start,
					  "cast a pointer to it, as in (struct x *)p");
		if (err)
			return err;
	} else if (op.kind != '-' && op.kind != '+' && op.kind != '~' && op.kind != '!' &&
		   op.kind != '*' && op.kind != '&') {
		return parse_postfix(p, ret);
	} else {
		parser_next(p);
	}
	err = enter(p);
	if (!err)
		err = parse_unary(p, ret);
	if (!err)
		err = parser_need_value(p, ret);
	if (err)
		return err;
	p->depth--;
	if (op.kind == '(')
		emit_cast(&p->out, ret, type);
	else if (op.kind == '*')
		err = at_token(p, &op, (typed_symbol(p, ret), emit_deref(&p->out, ret)));
	else if (op.kind == '&')
		err = take_address(p, &op, ret);
	else
		emit_unary(&p->out, op.kind, ret);
	ret->token = op;
	return err;
}

/* ---- operators ------------------------------------------------------------------------------- */

struct error *parse_apply(struct parser *p, const struct token *op, int kind, struct operand *a,
			  const struct operand *b)
{
	struct error *err;

	if ((a->is_string || b->is_string) && (kind == TOK_EQ || kind == TOK_NE))
		return at_token(p, op, emit_match(&p->out, kind, a, b));
	err = parser_need_value(p, a);
	if (!err)
		err = parser_need_value(p, b);
	return err ? err : at_token(p, op, emit_binary(&p->out, kind, a, b));
}

/* a && b, a || b: the right side runs only when it decides. */
static struct error *parse_logic(struct parser *p, int kind, unsigned prec, struct operand *a)
{
	struct error *err = parser_need_value(p, a);
	struct operand b;
	unsigned jump;

	if (err)
		return err;
	emit(&p->out, OP_IS_TRUE, 0);
	jump = emit(&p->out, kind == TOK_AND_AND ? OP_ZERO_ELSE_POP : OP_TRUE_ELSE_POP, 0);
	parser_next(p);
	err = parse_expr(p, prec + 1, &b);
	if (!err)
		err = parser_need_value(p, &b);
	if (err)
		return err;
	emit(&p->out, OP_IS_TRUE, 0);
	emit_label(&p->out, jump);
	*a = (struct operand){ .type = TYPE_BOOL, .token = a->token };
	return NULL;
}

static struct error *parse_ternary(struct parser *p, struct operand *a)
{
	struct error *err = parser_need_value(p, a);
	struct operand yes, no;
	unsigned to_else, to_end;

	if (err)
		return err;
	to_else = emit(&p->out, OP_JUMP_ZERO, 0);
	parser_next(p);
	err = parse_expr(p, PREC_TERNARY, &yes);
	if (!err)
		err = parser_need_value(p, &yes);
	if (!err)
		err = expect(p, ':', "a ':' of '?'");
	if (err)
		return err;
	to_end = emit(&p->out, OP_JUMP, 0);
	emit_label(&p->out, to_else);
	p->out.sp--; /* only one of the two sides leaves its value */
	err = parse_expr(p, PREC_TERNARY, &no);
	if (!err)
		err = parser_need_value(p, &no);
	if (err)
		return err;
	emit_label(&p->out, to_end);
	*a = (struct operand){ .type = emit_join_types(&p->out, &yes, &no), .token = a->token };
	return NULL;
}

struct error *parse_expr(struct parser *p, unsigned prec, struct operand *ret)
{
	struct error *err = enter(p);
	unsigned strength;

	if (!err)
		err = parse_unary(p, ret);
	while (!err && (strength = binary_prec(p->tok.kind)) >= prec && strength) {
		struct token op = p->tok;
		struct operand b;

		if (op.kind == '?') {
			err = parse_ternary(p, ret);
			continue;
		}
		if (op.kind == TOK_AND_AND || op.kind == TOK_OR_OR) {
			err = parse_logic(p, op.kind, strength, ret);
			continue;
		}
		parser_next(p);
		err = parse_expr(p, strength + 1, &b);
		if (!err)
			err = parse_apply(p, &op, op.kind, ret, &b);
	}
	p->depth--;
	return err;
}
