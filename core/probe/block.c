/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statements of probe files. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/probe/parser.h"

#define ARGS_MAX 16

static struct error *parse_stmt(struct reader_pos *p, struct program_stmt *st);

static const char *const agg_names[] = {
	[AGG_SET] = "=", [AGG_COUNT] = "count", [AGG_SUM] = "sum", [AGG_MIN] = "min", [AGG_MAX] = "max",
	[AGG_AVG] = "avg", [AGG_HIST] = "hist", [AGG_LHIST] = "lhist", [AGG_QUANTILES] = "quantiles",
	[AGG_TOP] = "top",
};

const char *program_agg_name(enum program_agg agg)
{
	return agg_names[agg];
}

void program_expr_deinit(struct program_expr *expr)
{
	free(expr->text);
	expr->text = NULL;
}

static void stmt_destroy(struct program_stmt *st)
{
	for (size_t i = 0; i < st->keys.len; i++)
		program_expr_deinit(&st->keys.data[i]);
	for (size_t i = 0; i < st->args.len; i++)
		program_expr_deinit(&st->args.data[i]);
	vec_free(&st->keys);
	vec_free(&st->args);
	program_block_deinit(&st->body);
	program_block_deinit(&st->other);
	free(st->name);
	free(st->text);
	free(st);
}

void program_block_deinit(struct program_block *block)
{
	for (size_t i = 0; i < block->list.len; i++)
		stmt_destroy(block->list.data[i]);
	vec_free(&block->list);
}

/* A list of arguments up to @end, which is not taken. */
static struct error *parse_args(struct reader_pos *p, const char *ends, struct program_stmt *st)
{
	struct error *error = NULL;

	do {
		struct program_expr arg = { 0 };
		error = parser_arg(p, ends, &arg);
		if (arg.text)
			vec_push(&st->args, arg);
		if (!error && st->args.len > ARGS_MAX)
			error = parser_fail(p, "more than %d arguments", ARGS_MAX);
	} while (!error && parser_accept(p, ','));
	return error;
}

static struct error *parse_keys(struct reader_pos *p, struct program_stmt *st)
{
	struct error *error = NULL;

	if (!parser_accept(p, '['))
		return NULL;
	do {
		struct program_expr key = { 0 };
		error = parser_arg(p, ",]", &key);
		if (key.text)
			vec_push(&st->keys, key);
		if (!error && key.wrap == WRAP_MAP)
			error = program_error(p->program, key.at, ERROR_SYNTAX, "a map can not be a key");
		if (!error && st->keys.len > PROGRAM_KEYS_MAX)
			error = parser_fail(p, "more than %d keys", PROGRAM_KEYS_MAX);
	} while (!error && parser_accept(p, ','));
	return error ? error : parser_expect(p, ']', "the keys");
}

static struct error *parse_constant(struct reader_pos *p, int64_t *ret)
{
	struct program_expr e;
	struct error *error = parser_expr(p, ",)", &e);
	uint64_t v;

	if (error)
		return error;
	error = parse_u64(e.text, &v);
	if (error) {
		error_destroy(error);
		error = program_error(p->program, e.at, ERROR_SYNTAX, "expected a plain number");
	} else {
		*ret = v;
	}
	program_expr_deinit(&e);
	return error;
}

static struct error *parse_lhist(struct reader_pos *p, struct program_stmt *st)
{
	int64_t *parts[] = { &st->lo, &st->hi, &st->step };
	struct error *error = NULL;

	for (unsigned i = 0; i < ARRAY_SIZE(parts) && !error; i++) {
		error = parser_expect(p, ',', "lhist's value: lhist(VALUE, FROM, TO, STEP)");
		if (!error)
			error = parse_constant(p, parts[i]);
	}
	if (error)
		return error;
	if (st->step <= 0 || st->hi <= st->lo ||
	    ((uint64_t)st->hi - (uint64_t)st->lo) / (uint64_t)st->step > 1000)
		return parser_fail(p, "lhist wants FROM below TO and at most 1000 steps");
	return NULL;
}

/* What stands behind "@name[keys] =". */
static struct error *parse_aggregate(struct reader_pos *p, struct program_stmt *st)
{
	struct error *error = NULL;

	for (unsigned i = AGG_COUNT; i < ARRAY_SIZE(agg_names); i++) {
		const char *was = p->at;
		if (!parser_word(p, agg_names[i]))
			continue;
		if (!parser_accept(p, '(')) {
			p->at = was;
			continue;
		}
		st->agg = i;
		if (i == AGG_TOP) {
			error = parse_constant(p, &st->hi);
			if (!error && (st->hi < 1 || st->hi > 10000))
				error = parser_fail(p, "top wants how many rows are shown, 1 to 10000");
		} else if (i != AGG_COUNT) {
			struct program_expr value = { 0 };
			error = parser_expr(p, ",)", &value);
			if (value.text)
				vec_push(&st->args, value);
			if (!error && i == AGG_LHIST)
				error = parse_lhist(p, st);
		}
		if (error)
			return error;
		_free_ char *what = xasprintf("%s(...", agg_names[i]);
		return parser_expect(p, ')', what);
	}
	return parse_args(p, ";}", st);
}

static struct error *parse_map(struct reader_pos *p, struct program_stmt *st)
{
	struct error *error;

	st->kind = STMT_MAP;
	st->name = parser_name(p);
	if (!st->name)
		st->name = xstrdup(""); /* `@ = count()`: the one without a name */
	error = parse_keys(p, st);
	if (error)
		return error;
	parser_skip(p);
	if (p->at[0] == '+' && p->at[1] == '+') {
		p->at += 2;
		st->agg = AGG_COUNT;
		return NULL;
	}
	error = parser_expect(p, '=', "a map");
	if (!error)
		error = parse_aggregate(p, st);
	if (!error && st->agg == AGG_SET && (st->args.len != 1 || st->args.data[0].wrap == WRAP_MAP))
		error = program_error(p->program, st->at, ERROR_SYNTAX, "a map takes one value");
	return error;
}

static struct error *parse_var(struct reader_pos *p, struct program_stmt *st)
{
	struct program_expr value = { 0 };
	struct error *error;

	st->kind = STMT_VAR;
	st->name = parser_name(p);
	if (!st->name)
		return parser_fail(p, "expected the name of a variable after '$'");
	error = parser_expect(p, '=', "a variable");
	if (!error)
		error = parser_expr(p, ";}", &value);
	if (value.text)
		vec_push(&st->args, value);
	return error;
}

static struct error *parse_if(struct reader_pos *p, struct program_stmt *st)
{
	struct program_expr cond = { 0 };
	struct error *error = parser_expect(p, '(', "if");

	st->kind = STMT_IF;
	if (!error)
		error = parser_expr(p, ")", &cond);
	if (cond.text)
		vec_push(&st->args, cond);
	if (!error)
		error = parser_expect(p, ')', "the condition");
	if (!error)
		error = parser_block(p, &st->body);
	if (error || !parser_word(p, "else"))
		return error;
	parser_skip(p);
	if (strncmp(p->at, "if", 2) != 0)
		return parser_block(p, &st->other);
	if (p->depth >= PROGRAM_NESTING_MAX)
		return parser_fail(p, "nested more than %d deep", PROGRAM_NESTING_MAX);
	struct program_stmt *next = xcalloc(1, sizeof(*next));
	vec_push(&st->other.list, next);
	p->depth++;
	error = parse_stmt(p, next);
	p->depth--;
	return error;
}

static struct error *parse_printf(struct reader_pos *p, struct program_stmt *st)
{
	struct error *error = parser_expect(p, '(', "printf");

	st->kind = STMT_PRINTF;
	if (!error)
		st->text = parser_string(p, "printf's format", &error);
	if (!error && parser_accept(p, ','))
		error = parse_args(p, ",)", st);
	return error ? error : parser_expect(p, ')', "printf's arguments");
}

/* print A, B; or print(A, B); */
static struct error *parse_print(struct reader_pos *p, struct program_stmt *st)
{
	const char *was = p->at;
	struct error *error;

	st->kind = STMT_PRINT;
	if (parser_accept(p, '(')) {
		error = parse_args(p, ",)", st);
		if (!error && parser_accept(p, ')')) {
			parser_skip(p);
			if (*p->at == ';' || *p->at == '}')
				return NULL;
		}
		/* The bracket was of an expression: print (a + b) * c */
		error_destroy(error);
		for (size_t i = 0; i < st->args.len; i++)
			program_expr_deinit(&st->args.data[i]);
		st->args.len = 0;
		p->at = was;
	}
	return parse_args(p, ",;}", st);
}

static struct error *parse_map_name(struct reader_pos *p, struct program_stmt *st, const char *word)
{
	bool bracket = parser_accept(p, '(');
	struct error *error = parser_expect(p, '@', word);

	if (error)
		return error;
	st->name = parser_name(p);
	if (!st->name)
		st->name = xstrdup("");
	if (st->kind == STMT_DELETE)
		error = parse_keys(p, st);
	return error || !bracket ? error : parser_expect(p, ')', "the map");
}

static struct error *parse_word_stmt(struct reader_pos *p, struct program_stmt *st)
{
	struct error *error = NULL;

	if (parser_word(p, "print"))
		return parse_print(p, st);
	if (parser_word(p, "printf"))
		return parse_printf(p, st);
	if (parser_word(p, "clear"))
		return st->kind = STMT_CLEAR, parse_map_name(p, st, "clear");
	if (parser_word(p, "zero"))
		return st->kind = STMT_ZERO, parse_map_name(p, st, "zero");
	if (parser_word(p, "delete"))
		return st->kind = STMT_DELETE, parse_map_name(p, st, "delete");
	if (parser_word(p, "stop")) {
		st->kind = STMT_STOP;
		st->vcpu_only = parser_word(p, "vcpu");
		if (!st->vcpu_only)
			parser_word(p, "vm");
		return NULL;
	}
	if (parser_word(p, "finding")) {
		st->kind = STMT_FINDING;
		st->text = parser_string(p, "what was found", &error);
		return error || !parser_accept(p, ',') ? error : parse_args(p, ",;}", st);
	}
	if (parser_word(p, "run")) {
		st->kind = STMT_RUN;
		st->text = parser_string(p, "a command of the prompt", &error);
		return error;
	}
	if (parser_word(p, "backtrace"))
		return st->kind = STMT_BACKTRACE, NULL;
	if (parser_word(p, "exit")) {
		st->kind = STMT_EXIT;
		return parser_accept(p, '(') ? parser_expect(p, ')', "exit(") : NULL;
	}
	return error_hint(parser_fail(p, "expected an action"),
			  "actions: print printf @map = ... $var = ... if clear zero delete stop finding run "
			  "backtrace exit");
}

static struct error *parse_stmt(struct reader_pos *p, struct program_stmt *st)
{
	parser_skip(p);
	st->at = parser_at(p);
	if (parser_accept(p, '@'))
		return parse_map(p, st);
	if (parser_accept(p, '$'))
		return parse_var(p, st);
	if (parser_word(p, "if"))
		return parse_if(p, st);
	return parse_word_stmt(p, st);
}

struct error *parser_block(struct reader_pos *p, struct program_block *ret)
{
	struct error *error = parser_expect(p, '{', "this");

	if (error)
		return error;
	if (++p->depth > PROGRAM_NESTING_MAX)
		return parser_fail(p, "nested more than %d deep", PROGRAM_NESTING_MAX);
	while (!parser_accept(p, '}')) {
		if (parser_accept(p, ';'))
			continue;
		struct program_stmt *st = xcalloc(1, sizeof(*st));
		vec_push(&ret->list, st);
		error = parse_stmt(p, st);
		if (error)
			return error;
		parser_skip(p);
		if (*p->at != ';' && *p->at != '}' && st->kind != STMT_IF)
			return *p->at ? parser_fail(p, "expected ';' between actions") :
					parser_fail(p, "expected '}' before the end of the file");
	}
	p->depth--;
	return NULL;
}
