/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/expr/lexer.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"

/* Text shown around the caret, in cells, so that an error stays on an 80-column screen. */
#define SHOWN_CELLS 60

static bool is_name_start(char c)
{
	return isalpha((unsigned char)c) || c == '_' || c == '.' || (unsigned char)c >= 0x80;
}

/* Dots belong to names: compilers make foo.part.0, assembly has .Llabels, events dotted fields. */
static bool is_name_char(char c)
{
	return is_name_start(c) || isdigit((unsigned char)c);
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

struct suffix {
	const char *name;
	uint64_t factor;
	bool is_unsigned;
};

static const struct suffix suffixes[] = {
	{ "K", 1ULL << 10, false }, { "M", 1ULL << 20, false }, { "G", 1ULL << 30, false },
	{ "ns", 1, false },	    { "us", 1000, false },	{ "ms", 1000000, false },
	{ "s", 1000000000, false },
	/* C's own, so that constants can be pasted from source. */
	{ "u", 1, true },	    { "U", 1, true },		{ "l", 1, false },
	{ "L", 1, false },	    { "ul", 1, true },		{ "UL", 1, true },
	{ "ll", 1, false },	    { "LL", 1, false },		{ "ull", 1, true },
	{ "ULL", 1, true },
};

static void bad(struct token *t, const char *why, const char *end)
{
	t->kind = TOK_BAD;
	t->bad = why;
	t->len = end - t->start;
}

static void lex_number(struct lexer *lexer, struct token *t)
{
	const char *s = t->start, *digits;
	unsigned base = 10;
	bool overflow = false;

	if (s[0] == '0' && (s[1] | 0x20) == 'x') {
		base = 16;
		s += 2;
	} else if (s[0] == '0' && (s[1] | 0x20) == 'b') {
		base = 2;
		s += 2;
	} else if (s[0] == '0') {
		base = 8;
	}
	t->kind = TOK_NUMBER;
	t->number = 0;
	for (digits = s; digit_value(*s) < (int)base; s++) {
		overflow |= __builtin_mul_overflow(t->number, base, &t->number);
		overflow |= __builtin_add_overflow(t->number, digit_value(*s), &t->number);
	}
	const char *suffix = s;
	while (is_name_char(*s))
		s++;
	lexer->at = s;
	t->len = s - t->start;
	if (digits == suffix) {
		bad(t, "a number without digits", s);
		return;
	}
	if (suffix < s) {
		size_t i;

		for (i = 0; i < ARRAY_SIZE(suffixes); i++)
			if (strlen(suffixes[i].name) == (size_t)(s - suffix) &&
			    memcmp(suffixes[i].name, suffix, s - suffix) == 0)
				break;
		if (i == ARRAY_SIZE(suffixes)) {
			bad(t, "not a number", s);
			return;
		}
		overflow |= __builtin_mul_overflow(t->number, suffixes[i].factor, &t->number);
		t->is_unsigned = suffixes[i].is_unsigned;
	}
	if (overflow) {
		bad(t, "number does not fit 64 bits", s);
		return;
	}
	if (t->number >> 63)
		t->is_unsigned = true;
}

bool lexer_escape(const char **s, const char *end, unsigned char *ret)
{
	static const char names[] = "n\nt\tr\ra\ab\bf\fv\ve\033\\\\'\'\"\"";
	const char *p = *s;
	unsigned v = 0, n = 0;

	if (p >= end)
		return false;
	if (*p == 'x') {
		for (p++; n < 2 && p < end && digit_value(*p) < 16; n++)
			v = v * 16 + digit_value(*p++);
		if (n == 0)
			return false;
	} else if (*p >= '0' && *p <= '7') {
		for (; n < 3 && p < end && digit_value(*p) < 8; n++)
			v = v * 8 + digit_value(*p++);
		if (v > 255)
			return false;
	} else {
		size_t i;

		for (i = 0; names[i]; i += 2)
			if (names[i] == *p)
				break;
		if (!names[i])
			return false;
		v = (unsigned char)names[i + 1];
		p++;
	}
	*s = p;
	*ret = v;
	return true;
}

/* 'A' and '\n' are numbers; anything longer is a name that is no identifier. */
static void lex_quoted(struct lexer *lexer, struct token *t)
{
	const char *s = t->start + 1, *end = s;

	while (*end && *end != '\'')
		end += *end == '\\' && end[1] ? 2 : 1;
	if (!*end) {
		lexer->at = end;
		bad(t, "missing the closing '", end);
		return;
	}
	lexer->at = end + 1;
	t->len = lexer->at - t->start;
	if (s == end) {
		bad(t, "an empty character", lexer->at);
		return;
	}
	unsigned char c = *s;
	const char *p = s + 1;
	if (c == '\\' && !lexer_escape(&p, end, &c)) {
		bad(t, "unknown escape in a character", lexer->at);
		return;
	}
	if (p == end) {
		t->kind = TOK_NUMBER;
		t->number = c;
		return;
	}
	t->kind = TOK_NAME;
	t->is_quoted = true;
	t->name = s;
	t->name_len = end - s;
}

static void lex_string(struct lexer *lexer, struct token *t)
{
	const char *s = t->start + 1, *end = s;

	while (*end && *end != '"')
		end += *end == '\\' && end[1] ? 2 : 1;
	lexer->at = *end ? end + 1 : end;
	if (!*end) {
		bad(t, "missing the closing \"", end);
		return;
	}
	t->kind = TOK_STRING;
	t->len = lexer->at - t->start;
	t->name = s;
	t->name_len = end - s;
}

static void lex_operator(struct lexer *lexer, struct token *t)
{
	static const struct {
		char text[3];
		int kind;
	} pairs[] = {
		{ "<<", TOK_SHL }, { ">>", TOK_SHR }, { "<=", TOK_LE }, { ">=", TOK_GE },
		{ "==", TOK_EQ }, { "!=", TOK_NE }, { "&&", TOK_AND_AND }, { "||", TOK_OR_OR },
		{ "+=", TOK_ADD_SET }, { "-=", TOK_SUB_SET }, { "&=", TOK_AND_SET },
		{ "|=", TOK_OR_SET }, { "^=", TOK_XOR_SET }, { "->", TOK_ARROW },
	};
	const char *s = t->start;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (s[0] == pairs[i].text[0] && s[1] == pairs[i].text[1]) {
			t->kind = pairs[i].kind;
			t->len = 2;
			lexer->at = s + 2;
			return;
		}
	lexer->at = s + 1;
	if (!strchr("+-*/%&|^~!<>=?:()[],", *s)) {
		bad(t, "unexpected character", lexer->at);
		return;
	}
	t->kind = *s;
	t->len = 1;
}

void lexer_next(struct lexer *lexer, struct token *ret)
{
	const char *s = lexer->at;

	while (isspace((unsigned char)*s))
		s++;
	*ret = (struct token){ .start = s };
	if (!*s) {
		ret->kind = TOK_END;
		lexer->at = s;
	} else if (isdigit((unsigned char)*s)) {
		lex_number(lexer, ret);
	} else if (is_name_start(*s)) {
		ret->kind = TOK_NAME;
		ret->name = s;
		while (is_name_char(*s))
			s++;
		ret->len = ret->name_len = s - ret->start;
		lexer->at = s;
	} else if (*s == '$') {
		ret->kind = TOK_DOLLAR;
		ret->name = ++s;
		while (is_name_char(*s) || *s == '$')
			s++;
		ret->name_len = s - ret->name;
		ret->len = ret->name_len + 1;
		lexer->at = s;
	} else if (*s == '\'') {
		lex_quoted(lexer, ret);
	} else if (*s == '"') {
		lex_string(lexer, ret);
	} else {
		lex_operator(lexer, ret);
	}
}

void token_cut(struct lexer *lexer, struct token *token, unsigned len)
{
	token->len -= token->name_len - len;
	token->name_len = len;
	lexer->at = token->name + len;
}

bool token_copy_name(const struct token *token, char *buf, size_t size)
{
	if (token->name_len >= size)
		return false;
	memcpy(buf, token->name, token->name_len);
	buf[token->name_len] = '\0';
	return true;
}

struct error *lexer_error(const struct lexer *lexer, enum error_code code, const char *at,
			  const char *fmt, ...)
{
	struct text line = { 0 };
	unsigned column = 0, from = 0, cell = 0;
	const char *text = lexer->text;
	va_list ap;

	va_start(ap, fmt);
	_free_ char *what = NULL;
	if (vasprintf(&what, fmt, ap) < 0)
		what = NULL;
	va_end(ap);

	/* Columns count characters: bytes that continue one in UTF-8 take no cell. */
	for (const char *s = text; s < at; s++)
		column += ((unsigned char)*s & 0xc0) != 0x80;
	if (column > SHOWN_CELLS * 3 / 4)
		from = column - SHOWN_CELLS * 3 / 4;
	text_puts(&line, from ? "    ..." : "    ");
	for (const char *s = text; *s; s++) {
		cell += ((unsigned char)*s & 0xc0) != 0x80;
		if (cell <= from)
			continue;
		if (cell > from + SHOWN_CELLS) {
			text_puts(&line, "...");
			break;
		}
		if (iscntrl((unsigned char)*s))
			text_puts(&line, " ");
		else
			text_add(&line, s, 1);
	}
	text_printf(&line, "\n%*s^", (int)(4 + (from ? 3 : 0) + column - from), "");
	struct error *err = error_create(code, "%s (column %u)\n%s", what ? what : "syntax error",
					 column + 1, text_str(&line));
	text_deinit(&line);
	return err;
}
