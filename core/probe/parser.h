/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hand-written parser of probe files: characters, words and pieces of expressions. Private to core/probe. */
#pragma once

#include "core/probe/program.h"

struct reader_pos {
	struct program *program;
	const char *at;		/* next character */
	unsigned depth;		/* of blocks */
};

/* Over blanks and comments (# and // to the end of the line). */
void parser_skip(struct reader_pos *p);
/* The next character after blanks is @c: over it. */
bool parser_accept(struct reader_pos *p, char c);
struct error *parser_expect(struct reader_pos *p, char c, const char *after);
/* The next word (letters, digits, _) is @word: over it. */
bool parser_word(struct reader_pos *p, const char *word);
/* A name; NULL when none is here. Caller frees. */
char *parser_name(struct reader_pos *p);
/* A string literal, decoded; NULL with *ret_error when it is bad or none is here. */
char *parser_string(struct reader_pos *p, const char *what, struct error **ret_error);
/* Text up to one of @ends outside of brackets and quotes, without blanks at its end. */
struct error *parser_expr(struct reader_pos *p, const char *ends, struct program_expr *ret);
/* As parser_expr(), or a literal, @map, sym(...), str(...), hex(...). */
struct error *parser_arg(struct reader_pos *p, const char *ends, struct program_expr *ret);
struct error *parser_time(struct reader_pos *p, uint64_t *ret);
unsigned parser_at(const struct reader_pos *p);
struct error *parser_fail(const struct reader_pos *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

struct error *parser_block(struct reader_pos *p, struct program_block *ret);
void program_block_deinit(struct program_block *block);
void program_expr_deinit(struct program_expr *expr);
