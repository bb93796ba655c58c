/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entry points of the compiler: whole texts, prefixes and assignments. */
#include "core/expr/expr.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/expr/parser.h"

struct expr_prog *parser_finish(struct parser *p, struct expr_type type)
{
	struct expr_prog *prog = xcalloc(1, sizeof(*prog));
	const char *start = p->lexer.text;
	const char *end = p->last.start ? p->last.start + p->last.len : start;

	while (isspace((unsigned char)*start))
		start++;
	atomic_init(&prog->refs, 1);
	prog->text = xstrndup(start, end > start ? end - start : 0);
	prog->type = type;
	prog->code = p->out.code.data;
	prog->ncode = p->out.code.len;
	prog->strings = p->out.strings.data;
	prog->nstrings = p->out.strings.len;
	memset(&p->out, 0, sizeof(p->out));
	return prog;
}

/* The parser's nesting bounds the stack already; this keeps it true when the grammar grows. */
static struct error *check_stack(const struct parser *p)
{
	if (p->out.max_sp > EXPR_STACK_MAX)
		return error_create(ERROR_SYNTAX, "expression needs too much stack");
	return NULL;
}

static struct error *compile(struct parser *p, bool whole, struct expr_prog **ret)
{
	struct operand value;
	struct error *err = parse_expr(p, PREC_TERNARY, &value);

	if (!err)
		err = parser_need_value(p, &value);
	if (!err && whole && p->tok.kind == '=')
		err = lexer_error(&p->lexer, ERROR_SYNTAX, p->tok.start,
				  "cannot assign inside an expression; == compares");
	else if (!err && whole && p->tok.kind != TOK_END)
		err = parser_unexpected(p, "an operator or the end");
	if (!err)
		err = check_stack(p);
	if (!err)
		*ret = parser_finish(p, value.type);
	return err;
}

struct error *expr_compile(const char *text, const struct expr_scope *scope, struct expr_prog **ret)
{
	struct parser p;
	struct error *err = parser_init(&p, text, scope);

	if (!err)
		err = compile(&p, true, ret);
	parser_deinit(&p);
	return err;
}

struct error *expr_compile_prefix(const char *text, const struct expr_scope *scope,
				  struct expr_prog **ret, const char **ret_end)
{
	struct parser p;
	struct error *err = parser_init(&p, text, scope);

	if (!err)
		err = compile(&p, false, ret);
	if (!err)
		*ret_end = p.tok.start;
	parser_deinit(&p);
	return err;
}

/* ---- assignments ----------------------------------------------------------------------------- */

static const struct {
	int set, op;
} assigns[] = {
	{ '=', 0 }, { TOK_ADD_SET, '+' }, { TOK_SUB_SET, '-' }, { TOK_AND_SET, '&' },
	{ TOK_OR_SET, '|' }, { TOK_XOR_SET, '^' },
};

static bool find_assign(int kind, int *ret_op)
{
	for (size_t i = 0; i < ARRAY_SIZE(assigns); i++)
		if (assigns[i].set == kind) {
			*ret_op = assigns[i].op;
			return true;
		}
	return false;
}

/* $name on the left: a variable, unless a register is called so. It need not exist yet. */
static bool is_variable(struct parser *p, char *name, size_t size)
{
	const struct expr_scope *s = p->scope;
	struct lexer ahead = p->lexer;
	struct token next;
	unsigned id, reg_size;
	int op;

	if (p->tok.kind != TOK_DOLLAR || !token_copy_name(&p->tok, name, size))
		return false;
	lexer_next(&ahead, &next);
	return find_assign(next.kind, &op) && (isalpha((unsigned char)name[0]) || name[0] == '_') &&
	       !(s->reg && s->reg(s->ctx, name, &id, &reg_size));
}

/* The left side without its final load. The parser then stands at the assignment's operator. */
static struct error *compile_lvalue(struct parser *p, struct expr_lvalue *ret)
{
	struct token start = p->tok;
	struct operand target;
	struct error *err;

	if (is_variable(p, ret->name, sizeof(ret->name))) {
		ret->kind = EXPR_LV_VAR;
		parser_next(p);
		return NULL;
	}
	err = parse_expr(p, PREC_UNARY, &target);
	if (!err)
		err = parser_need_value(p, &target);
	if (!err)
		err = check_stack(p);
	if (err)
		return err;
	ret->name[0] = '\0';
	switch (target.place) {
	case PLACE_REG:
		ret->kind = EXPR_LV_REG;
		ret->reg = p->out.code.data[p->out.code.len - 1].imm;
		ret->size = expr_type_size(target.type);
		return NULL;
	case PLACE_MEM:
	case PLACE_PHYS:
		ret->kind = target.place == PLACE_MEM ? EXPR_LV_MEM : EXPR_LV_PHYS;
		ret->size = expr_type_size(target.type);
		emit_undo(&p->out);
		ret->addr = parser_finish(p, TYPE_ADDRESS);
		return NULL;
	case PLACE_SYMBOL:
		return error_hint(lexer_error(&p->lexer, ERROR_SYNTAX, start.start,
					      "a symbol is its address and cannot be assigned"),
				  "write d[%.*s] for its 4 bytes, q[...] for 8", (int)start.len,
				  start.start);
	default:
		return lexer_error(&p->lexer, ERROR_SYNTAX, start.start,
				   "only registers, memory and $variables can be assigned");
	}
}

/* The right side; for += and friends with the left side, read once more, before it. */
static struct error *compile_value(const char *text, const char *rhs, int op,
				   const struct expr_scope *scope, struct expr_prog **ret)
{
	struct operand value, left;
	struct parser p;
	struct token op_token;
	struct error *err = parser_init(&p, text, scope);

	if (!err && op) {
		err = parse_expr(&p, PREC_UNARY, &left);
		op_token = p.tok;
	}
	if (!err) {
		p.lexer.at = rhs;
		lexer_next(&p.lexer, &p.tok);
		p.last = (struct token){ .start = rhs - 1, .len = 1 };
		err = parse_expr(&p, PREC_TERNARY, &value);
	}
	if (!err && op)
		err = parse_apply(&p, &op_token, op, &left, &value);
	if (!err)
		err = parser_need_value(&p, &value);
	if (!err && p.tok.kind != TOK_END)
		err = parser_unexpected(&p, "an operator or the end");
	if (!err)
		err = check_stack(&p);
	if (!err)
		*ret = parser_finish(&p, op ? left.type : value.type);
	parser_deinit(&p);
	return err;
}

struct error *expr_compile_assign(const char *text, const struct expr_scope *scope,
				  struct expr_lvalue *ret_lvalue, struct expr_prog **ret_value)
{
	struct expr_lvalue lvalue = { 0 };
	struct parser p;
	struct error *err = parser_init(&p, text, scope);
	int op = 0;

	if (!err)
		err = compile_lvalue(&p, &lvalue);
	if (!err && !find_assign(p.tok.kind, &op))
		err = parser_unexpected(&p, "an '='");
	if (!err)
		err = compile_value(text, p.tok.start + p.tok.len, op, scope, ret_value);
	parser_deinit(&p);
	if (err)
		expr_lvalue_deinit(&lvalue);
	else
		*ret_lvalue = lvalue;
	return err;
}

void expr_lvalue_deinit(struct expr_lvalue *lvalue)
{
	expr_unref(lvalue->addr);
	lvalue->addr = NULL;
}
