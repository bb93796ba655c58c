/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/expr/types.h"

#include <stdio.h>
#include <string.h>

#include "core/expr/typed.h"

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

static bool is_tag_word(const struct token *token)
{
	return token_is_name(token, "struct") || token_is_name(token, "union") ||
	       token_is_name(token, "enum");
}

/* A typedef's name, unless something with a value is called so. */
static bool find_typedef(const struct parser *p, const struct token *token, struct expr_shape *ret)
{
	const struct expr_scope *s = p->scope;
	struct expr_local local;
	unsigned id, size;
	char name[256];
	uint64_t addr;
	bool is_signed;

	if (token->kind != TOK_NAME || token->is_quoted || !s->type ||
	    !token_copy_name(token, name, sizeof(name)))
		return false;
	if ((s->field && s->field(s->ctx, name, &id, &is_signed)) ||
	    (s->local && s->local(s->ctx, name, &local)) ||
	    (s->symbol && s->symbol(s->ctx, name, &addr)) ||
	    (s->reg && s->reg(s->ctx, name, &id, &size)))
		return false;
	return s->type(s->ctx, name, ret);
}

bool type_starts(const struct parser *p, const struct token *token)
{
	struct expr_shape shape;

	return find_fixed(token) || find_word(token) >= 0 || is_tag_word(token) ||
	       find_typedef(p, token, &shape);
}

/* "struct NAME" and its like. The next token is the word. */
static struct error *parse_tagged(struct parser *p, struct expr_shape *ret)
{
	const struct expr_scope *s = p->scope;
	struct token word = p->tok;
	char name[300];

	parser_next(p);
	if (p->tok.kind != TOK_NAME || p->tok.is_quoted || p->tok.name_len > 256)
		return parser_unexpected(p, "the name of the type");
	snprintf(name, sizeof(name), "%.*s %.*s", (int)word.name_len, word.name, (int)p->tok.name_len,
		 p->tok.name);
	if (!s->type || !s->type(s->ctx, name, ret))
		return lexer_error(&p->lexer, ERROR_NOT_FOUND, word.start,
				   "the debug info defines no '%s'", name);
	parser_next(p);
	return NULL;
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

/* The stars after a type, and its closing ')'. */
static struct error *parse_pointers(struct parser *p, const struct token *start, struct expr_type type,
				    struct expr_type *ret)
{
	bool points = false;

	for (; p->tok.kind == '*' || find_word(&p->tok) == W_QUALIFIER; parser_next(p)) {
		if (p->tok.kind != '*')
			continue;
		if (type.depth == POINTERS_MAX)
			return lexer_error(&p->lexer, ERROR_SYNTAX, p->tok.start,
					   "too many pointers in a type");
		/* Pointers to arrays are pointers to their elements, as the arrays are. */
		if (!points && type.is_aggregate && !type.depth)
			type.is_void = true;
		type.depth += !(type.is_aggregate && type.depth);
		type.is_aggregate = type.is_address = false;
		type.self = 0;
		points = true;
	}
	if (p->tok.kind != ')')
		return parser_unexpected(p, "a ')' after the type");
	if (type.is_void && !type.depth)
		return lexer_error(&p->lexer, ERROR_SYNTAX, start->start,
				   "void has no value; did you mean void *?");
	parser_next(p);
	*ret = type;
	return NULL;
}

struct error *type_parse(struct parser *p, struct expr_type *ret)
{
	unsigned n[W_QUALIFIER + 1] = { 0 };
	struct token start = p->tok;
	const struct type_name *named = NULL;
	struct expr_type type = { 0 };
	struct expr_shape shape;
	struct error *err = NULL;
	unsigned seen = 0;

	while (find_word(&p->tok) == W_QUALIFIER)
		parser_next(p);
	if (is_tag_word(&p->tok)) {
		err = parse_tagged(p, &shape);
		if (err)
			return err;
		return parse_pointers(p, &start, typed_shape(&shape), ret);
	}
	if (!find_fixed(&p->tok) && find_word(&p->tok) < 0 && find_typedef(p, &p->tok, &shape)) {
		parser_next(p);
		return parse_pointers(p, &start, typed_shape(&shape), ret);
	}
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
	return parse_pointers(p, &start, type, ret);
}
