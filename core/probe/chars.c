/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Characters, words and pieces of expressions of probe files. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/expr/lexer.h"
#include "core/probe/parser.h"

unsigned parser_at(const struct reader_pos *p)
{
	return p->at - p->program->text;
}

struct error *parser_fail(const struct reader_pos *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	_free_ char *what = NULL;
	if (vasprintf(&what, fmt, ap) < 0)
		what = NULL;
	va_end(ap);
	return program_error(p->program, parser_at(p), ERROR_SYNTAX, "%s", what ? what : "syntax error");
}

void parser_skip(struct reader_pos *p)
{
	for (;;) {
		while (isspace((unsigned char)*p->at))
			p->at++;
		if (*p->at != '#' && (p->at[0] != '/' || p->at[1] != '/'))
			return;
		p->at += strcspn(p->at, "\n");
	}
}

bool parser_accept(struct reader_pos *p, char c)
{
	parser_skip(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

struct error *parser_expect(struct reader_pos *p, char c, const char *after)
{
	if (parser_accept(p, c))
		return NULL;
	if (!*p->at)
		return parser_fail(p, "expected '%c' after %s, not the end of the file", c, after);
	return parser_fail(p, "expected '%c' after %s", c, after);
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

bool parser_word(struct reader_pos *p, const char *word)
{
	size_t len = strlen(word);

	parser_skip(p);
	if (strncmp(p->at, word, len) != 0 || is_word(p->at[len]))
		return false;
	p->at += len;
	return true;
}

char *parser_name(struct reader_pos *p)
{
	size_t len = 0;

	parser_skip(p);
	while (is_word(p->at[len]))
		len++;
	if (!len || isdigit((unsigned char)*p->at))
		return NULL;
	char *name = xstrndup(p->at, len);
	p->at += len;
	return name;
}

char *parser_string(struct reader_pos *p, const char *what, struct error **ret_error)
{
	struct text t = { 0 };

	parser_skip(p);
	if (*p->at != '"') {
		*ret_error = parser_fail(p, "expected %s in double quotes", what);
		return NULL;
	}
	const char *start = p->at, *s = start + 1;
	const char *end = s;
	while (*end && *end != '"' && *end != '\n')
		end += *end == '\\' && end[1] ? 2 : 1;
	if (*end != '"') {
		*ret_error = parser_fail(p, "this string has no end");
		return NULL;
	}
	while (s < end) {
		unsigned char c = *s++;
		if (c == '\\' && !lexer_escape(&s, end, &c)) {
			p->at = s - 1;
			*ret_error = parser_fail(p, "unknown escape in a string");
			text_deinit(&t);
			return NULL;
		}
		if (c)
			text_add(&t, (const char *)&c, 1);
	}
	p->at = end + 1;
	return text_take(&t);
}

/* Over a quoted piece; false when it does not end. */
static bool skip_quoted(const char **s)
{
	char quote = *(*s)++;

	while (**s && **s != quote)
		*s += **s == '\\' && (*s)[1] ? 2 : 1;
	if (!**s)
		return false;
	(*s)++;
	return true;
}

/* A '/' ends a condition when a block or the end of a step list follows it. */
static bool ends_condition(const char *s)
{
	struct reader_pos ahead = { .at = s + 1 };

	parser_skip(&ahead);
	return *ahead.at == '{';
}

struct error *parser_expr(struct reader_pos *p, const char *ends, struct program_expr *ret)
{
	unsigned open = 0;

	parser_skip(p);
	const char *start = p->at, *s = start;
	while (*s) {
		if (!open && strchr(ends, *s) && (*s != '/' || ends_condition(s)))
			break;
		if (!open && *s == '-' && s[1] == '>' && strchr(ends, '>'))
			break;
		if (*s == '"' || *s == '\'') {
			const char *quote = s;
			if (skip_quoted(&s))
				continue;
			p->at = quote;
			return parser_fail(p, "this quote has no end");
		}
		if (*s == '(' || *s == '[')
			open++;
		else if ((*s == ')' || *s == ']') && open)
			open--;
		else if (*s == '{' || *s == '}' || *s == ';')
			break;
		s++;
	}
	if (!open && *s && !strchr(ends, *s) && *s != '-') {
		p->at = s;
		return parser_fail(p, "'%c' is not expected in this expression", *s);
	}
	const char *end = s;
	while (end > start && isspace((unsigned char)end[-1]))
		end--;
	if (end == start)
		return parser_fail(p, "expected an expression");
	if ((size_t)(end - start) >= EXPR_TEXT_MAX)
		return parser_fail(p, "an expression is longer than %u bytes", EXPR_TEXT_MAX);
	*ret = (struct program_expr){ .text = xstrndup(start, end - start), .at = start - p->program->text };
	p->at = s;
	return NULL;
}

struct error *parser_arg(struct reader_pos *p, const char *ends, struct program_expr *ret)
{
	static const struct { const char *name; enum program_wrap wrap; } wraps[] = {
		{ "sym", WRAP_SYM }, { "str", WRAP_STR }, { "hex", WRAP_HEX },
	};
	struct error *error = NULL;

	parser_skip(p);
	*ret = (struct program_expr){ .at = parser_at(p) };
	if (*p->at == '"') {
		ret->wrap = WRAP_TEXT;
		ret->text = parser_string(p, "a text", &error);
		return error;
	}
	if (*p->at == '@') {
		p->at++;
		ret->wrap = WRAP_MAP;
		ret->text = parser_name(p);
		if (!ret->text)
			ret->text = xstrdup("");
		return NULL;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(wraps); i++) {
		const char *was = p->at;
		if (!parser_word(p, wraps[i].name))
			continue;
		if (!parser_accept(p, '(')) {
			p->at = was;
			continue;
		}
		error = parser_expr(p, ")", ret);
		if (!error)
			error = parser_expect(p, ')', "the argument");
		ret->wrap = wraps[i].wrap;
		return error;
	}
	return parser_expr(p, ends, ret);
}

struct error *parser_time(struct reader_pos *p, uint64_t *ret)
{
	size_t len = 0;

	parser_skip(p);
	while (is_word(p->at[len]) || p->at[len] == '.')
		len++;
	_free_ char *word = xstrndup(p->at, len);
	struct error *error = len ? parse_time_ns(word, ret) : error_create(ERROR_SYNTAX, "none is here");
	if (error || !*ret) {
		struct error *at = parser_fail(p, "expected a time such as 10ms or 1s%s%s", error ? ": " : "",
					       error ? error_message(error) : "");
		error_destroy(error);
		return at;
	}
	p->at += len;
	return NULL;
}
