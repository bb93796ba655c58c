/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/expr/types.h"

#include <string.h>

/* More pointers than anyone wrote on purpose. */
#define POINTERS_MAX 8

struct type_name {
	const char *name;
	uint8_t size;	/* 0: void */
	bool is_signed;
};

static const struct type_name fixed[] = {
	{ "u8", 1, false },	  { "u16", 2, false },	   { "u32", 4, false },
	{ "u64", 8, false },	  { "s8", 1, true },	   { "s16", 2, true },
	{ "s32", 4, true },	  { "s64", 8, true },	   { "i8", 1, true },
	{ "i16", 2, true },	  { "i32", 4, true },	   { "i64", 8, true },
	{ "uint8_t", 1, false },  { "uint16_t", 2, false }, { "uint32_t", 4, false },
	{ "uint64_t", 8, false }, { "int8_t", 1, true },   { "int16_t", 2, true },
	{ "int32_t", 4, true },	  { "int64_t", 8, true },  { "size_t", 8, false },
	{ "uintptr_t", 8, false }, { "intptr_t", 8, true }, { "bool", 1, false },
	{ "_Bool", 1, false },	  { "void", 0, false },
};

/* The words C combines in any order. */
enum word { W_UNSIGNED, W_SIGNED, W_CHAR, W_SHORT, W_INT, W_LONG, W_QUALIFIER };

static const struct {
	const char *name;
	enum word word;
} words[] = {
	{ "unsigned", W_UNSIGNED }, { "signed", W_SIGNED }, { "char", W_CHAR },
	{ "short", W_SHORT },	    { "int", W_INT },	    { "long", W_LONG },
	{ "const", W_QUALIFIER },   { "volatile", W_QUALIFIER },
};

static const struct type_name *find_fixed(const struct token *token)
{
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		if (token_is_name(token, fixed[i].name))
			return &fixed[i];
	return NULL;
}

static int find_word(const struct token *token)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (token_is_name(token, words[i].name))
			return words[i].word;
	return -1;
}

bool type_starts(const struct token *token)
{
	return find_fixed(token) || find_word(token) >= 0;
}

static bool combine(const unsigned n[], struct expr_type *ret)
{
	if (n[W_UNSIGNED] + n[W_SIGNED] > 1 || n[W_CHAR] + n[W_SHORT] > 1 || n[W_INT] > 1 ||
	    n[W_LONG] > 2 || (n[W_CHAR] && n[W_INT]) ||
	    (n[W_LONG] && (n[W_CHAR] || n[W_SHORT])))
		return false;
	ret->is_signed = !n[W_UNSIGNED];
	ret->size = n[W_CHAR] ? 1 : n[W_SHORT] ? 2 : n[W_LONG] ? 8 : 4;
	return true;
}

struct error *type_parse(struct parser *p, struct expr_type *ret)
{
	unsigned n[W_QUALIFIER + 1] = { 0 };
	struct token start = p->tok;
	const struct type_name *named = NULL;
	struct expr_type type = { 0 };
	unsigned seen = 0;

	for (;; parser_next(p)) {
		const struct type_name *f = find_fixed(&p->tok);
		int word = find_word(&p->tok);

		if (f && !named && !seen)
			named = f;
		else if (word >= 0 && (word == W_QUALIFIER || !named))
			seen += word != W_QUALIFIER, n[word]++;
		else
			break;
	}
	if (named) {
		type.size = named->size;
		type.is_signed = named->is_signed;
		type.is_void = named->size == 0;
	} else if (!seen || !combine(n, &type)) {
		return lexer_error(&p->lexer, ERROR_SYNTAX, start.start, "no such type");
	}
	for (; p->tok.kind == '*' || find_word(&p->tok) == W_QUALIFIER; parser_next(p))
		if (p->tok.kind == '*' && type.depth++ == POINTERS_MAX)
			return lexer_error(&p->lexer, ERROR_SYNTAX, p->tok.start,
					   "too many pointers in a type");
	if (p->tok.kind != ')')
		return parser_unexpected(p, "a ')' after the type");
	if (type.is_void && !type.depth)
		return lexer_error(&p->lexer, ERROR_SYNTAX, start.start,
				   "void has no value; did you mean void *?");
	parser_next(p);
	*ret = type;
	return NULL;
}
