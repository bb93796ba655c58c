/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens of the expression language, and errors that point at a column. Private to core/expr. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/* Longest text compiled; bounds the program and with it the time of one evaluation. */
#define EXPR_TEXT_MAX 4096

enum token_kind {
	TOK_END,
	TOK_BAD,	/* @bad says why */
	TOK_NUMBER,	/* @number; also characters */
	TOK_NAME,	/* an identifier, or a 'quoted name' (@is_quoted) */
	TOK_DOLLAR,	/* $name, $1, $, $$: without the first '$' in @name */
	TOK_STRING,	/* between the quotes, escapes not yet decoded */
	/* Operators: the character for those of one, from here for the longer ones. */
	TOK_SHL = 256, TOK_SHR, TOK_LE, TOK_GE, TOK_EQ, TOK_NE, TOK_AND_AND, TOK_OR_OR,
	TOK_ADD_SET, TOK_SUB_SET, TOK_AND_SET, TOK_OR_SET, TOK_XOR_SET, TOK_ARROW,
};

struct token {
	int kind;
	const char *start;	/* in the text */
	unsigned len;
	const char *name;	/* NAME, DOLLAR, STRING: the part that counts */
	unsigned name_len;
	uint64_t number;
	bool is_unsigned;	/* NUMBER with an U suffix, or too big for a signed one */
	bool is_quoted;
	const char *bad;
};

struct lexer {
	const char *text;	/* whole, for errors */
	const char *at;		/* after the token given last */
};

void lexer_next(struct lexer *lexer, struct token *ret);

/* Shortens a name to its first @len characters; the rest is lexed again. */
void token_cut(struct lexer *lexer, struct token *token, unsigned len);

/* One escape sequence of a character or string at *s (after the backslash); false when unknown. */
bool lexer_escape(const char **s, const char *end, unsigned char *ret);

/* A NUL-terminated copy of a token's name in @buf; false when it is too long. */
bool token_copy_name(const struct token *token, char *buf, size_t size);
static inline bool token_is_name(const struct token *token, const char *name)
{
	return token->kind == TOK_NAME && !token->is_quoted &&
	       __builtin_strlen(name) == token->name_len &&
	       __builtin_memcmp(name, token->name, token->name_len) == 0;
}

/* A sentence, the column, and a caret under the place in the text. */
struct error *lexer_error(const struct lexer *lexer, enum error_code code, const char *at,
			  const char *fmt, ...) __attribute__((format(printf, 4, 5), returns_nonnull));
