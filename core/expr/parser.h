/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Grammar: text to code in one pass. Private to core/expr. */
#pragma once

#include "core/expr/emit.h"

struct parser {
	struct lexer lexer;
	struct token tok;	/* the next one, not yet used */
	struct token last;	/* the one used before */
	const struct expr_scope *scope;
	struct emitter out;
	unsigned depth;		/* nesting so far */
};

/* Binding strength of binary operators, weakest first; 0 is none. */
enum { PREC_TERNARY = 1, PREC_UNARY = 12 };

/* Refuses texts longer than EXPR_TEXT_MAX. */
struct error *parser_init(struct parser *p, const char *text, const struct expr_scope *scope);
void parser_deinit(struct parser *p);
void parser_next(struct parser *p);

/* An operand with the operators that bind at least as strong as @prec. */
struct error *parse_expr(struct parser *p, unsigned prec, struct operand *ret);
/* An operator over two operands that were parsed. */
struct error *parse_apply(struct parser *p, const struct token *op, int kind, struct operand *a,
			  const struct operand *b);
struct error *parser_need_value(struct parser *p, const struct operand *a);

/* "expected ... , not ..." at the next token. */
struct error *parser_unexpected(struct parser *p, const char *expected);

/* The program of what was emitted, for a result @type; the text up to the last token used. */
struct expr_prog *parser_finish(struct parser *p, struct expr_type type);
