/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A probe file: clauses that say at which event, under which condition, what is done. Shaped like
 * bpftrace's language, over the debugger's own expressions (core/expr/expr.h).
 *
 *	program	= { clause }
 *	clause	= spec { "," spec } [ "/" EXPR "/" ] block
 *		| "BEGIN" block | "END" block | "every" TIME block
 *		| "sequence" [ KEY ] "/" step "->" step { "->" step } [ "within" TIME ] "/" block
 *		| "invariant" STRING "{" { spec ":" EXPR ";" } "}"
 *	step	= spec [ "if" EXPR ]
 *	spec	= PROVIDER ":" NAME [ LOCATION ]		kvm:exit  vm:io  guest:break main
 *	block	= "{" { stmt ";" } "}"
 *	stmt	= "print" arg { "," arg } | "printf" "(" STRING { "," arg } ")"
 *		| "@" NAME [ "[" arg { "," arg } "]" ] "=" AGG "(" ... ")" | "@" NAME ... "=" EXPR
 *		| "$" NAME "=" EXPR | "if" "(" EXPR ")" block [ "else" ( block | if ) ]
 *		| "clear" "@" NAME | "zero" "@" NAME | "delete" "@" NAME [ keys ]
 *		| "stop" [ "vm" | "vcpu" ] | "finding" STRING { "," arg } | "run" STRING
 *		| "backtrace" | "exit"
 *	arg	= STRING | "@" NAME | EXPR | "sym" "(" EXPR ")" | "str" "(" EXPR ")" | "hex" "(" EXPR ")"
 *	AGG	= count sum min max avg hist lhist quantiles top
 *
 * Parsing knows no events: names in expressions are looked up per event by core/probe/scope.h. A program is
 * immutable once parsed. The text is hostile: its size, nesting and numbers of things are bounded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/vec.h"

#define PROGRAM_TEXT_MAX (256u << 10)
#define PROGRAM_CLAUSES_MAX 1000
#define PROGRAM_NESTING_MAX 32
#define PROGRAM_KEYS_MAX 6

/* How a value is shown and kept as a key. */
enum program_wrap {
	WRAP_VALUE,	/* by its field's names and unit */
	WRAP_TEXT,	/* a string literal */
	WRAP_MAP,	/* @name: the whole map (print) */
	WRAP_SYM, WRAP_STR, WRAP_HEX,
};

struct program_expr {
	enum program_wrap wrap;
	char *text;		/* of the expression, the literal decoded, the map's name */
	unsigned at;		/* where it starts in the program */
	unsigned id;		/* its number within the clause */
};

enum program_agg {
	AGG_SET,		/* = EXPR */
	AGG_COUNT, AGG_SUM, AGG_MIN, AGG_MAX, AGG_AVG, AGG_HIST, AGG_LHIST, AGG_QUANTILES, AGG_TOP,
};
const char *program_agg_name(enum program_agg agg);

enum program_stmt_kind {
	STMT_PRINT, STMT_PRINTF, STMT_MAP, STMT_VAR, STMT_IF, STMT_CLEAR, STMT_ZERO, STMT_DELETE, STMT_STOP,
	STMT_FINDING, STMT_RUN, STMT_BACKTRACE, STMT_EXIT,
};

struct program_stmt;
struct program_block {
	VEC(struct program_stmt *) list;
};

struct program_stmt {
	enum program_stmt_kind kind;
	unsigned at;
	char *name;			/* MAP, VAR, CLEAR, ZERO, DELETE: without @ or $ */
	char *text;			/* PRINTF's format, RUN's command */
	VEC(struct program_expr) keys;	/* MAP, DELETE */
	VEC(struct program_expr) args;	/* printed; MAP, VAR: the value; IF: the condition */
	enum program_agg agg;
	int64_t lo, hi, step;		/* LHIST; TOP: @hi rows */
	bool vcpu_only;			/* STOP */
	struct program_block body, other;
};

struct program_spec {
	char *provider, *name;	/* "kvm", "exit" */
	char *location;		/* "guest:break LOCATION"; NULL: none */
	struct program_expr cond; /* of a step or an invariant; text NULL: none */
	unsigned at;
};

enum program_clause_kind {
	CLAUSE_EVENT, CLAUSE_BEGIN, CLAUSE_END, CLAUSE_EVERY, CLAUSE_SEQUENCE, CLAUSE_INVARIANT,
};

struct program_clause {
	enum program_clause_kind kind;
	unsigned at;
	VEC(struct program_spec) specs;	/* alternatives; SEQUENCE: steps in order; INVARIANT: each its own */
	struct program_expr pred;	/* text NULL: always */
	uint64_t time_ns;		/* EVERY: period; SEQUENCE: limit, 0 none */
	struct program_expr key;	/* SEQUENCE: one automaton for each value; text NULL: one in all */
	char *title;			/* INVARIANT */
	struct program_block body;
	unsigned nexprs;		/* expressions in it, numbered from 0 */
};

struct program {
	char *name;		/* of the file, for messages; "-e" */
	char *text;
	VEC(struct program_clause *) clauses;
};

/* ERROR_SYNTAX: "FILE:LINE:COLUMN: what" with the line and a caret. */
struct error *program_parse(const char *name, const char *text, struct program **ret);
/* Reads the file; what is no regular file or longer than PROGRAM_TEXT_MAX is refused. */
struct error *program_load(const char *path, struct program **ret);
void program_destroy(struct program *program); /* NULL is fine */

/* An error at byte @at of the program, with its line and a caret. */
struct error *program_error(const struct program *program, unsigned at, enum error_code code,
			    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* What expr_compile() said of an expression at @at, moved to its place in the program. Takes @error. */
struct error *program_expr_error(const struct program *program, unsigned at, struct error *error);
unsigned program_line(const struct program *program, unsigned at); /* from 1 */

/* Calls @fn with every expression of the clause, those of nested blocks too. */
void program_each_expr(struct program_clause *c, void (*fn)(void *ctx, struct program_expr *e), void *ctx);
/* Every statement, outer ones first. */
void program_each_stmt(const struct program_clause *c, void (*fn)(void *ctx, const struct program_stmt *st),
		       void *ctx);

/* "kvm:exit" or "guest:break main"; caller frees. */
char *program_spec_text(const struct program_spec *spec);
