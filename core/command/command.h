/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A command: a name, typed arguments, what it needs, help, examples and a function. The prompt, keys,
 * batch scripts and other front ends all go through command_run().
 *
 * To add one: a file core/cmd/<name>.c whose only exported symbol is `const struct command cmd_<name>`
 * (close relatives share a file), one line COMMAND(<name>) in core/cmd/commands.def, a test in
 * tests/cmd/. Usage, help, completion and errors derive from the descriptor; every example is run by
 * the tests against the fake target.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/out.h"
#include "core/expr/expr.h"
#include "core/session/session.h"

struct completion {
	const char *text;
	const char *help;	/* NULL: none */
};
typedef void (*completion_fn)(void *ctx, const struct completion *c);

enum arg_type {
	ARG_END,
	ARG_WORD,	/* one word, "quoted" when it has spaces; completed by @complete or @choices */
	ARG_CHOICE,	/* one of @choices (unique prefixes count) */
	ARG_COUNT,	/* a plain number or a parenthesised expression */
	ARG_EXPR,	/* an expression up to the end, or to the next keyword of the schema */
	ARG_LOCATION,	/* main, *ADDR, file.c:12; up to a keyword */
	ARG_REGISTER,
	ARG_VCPU,	/* number of a vCPU, or "all" (-1) */
	ARG_FILE,
	ARG_KEYWORD,	/* the literal @name, e.g. "if" */
	ARG_REST,	/* everything left, unparsed; completed by @complete */
	ARG_COMMAND,	/* a command's name (help) */
};

struct arg_spec {
	enum arg_type type;
	const char *name;		/* as in usage: ADDR, N, "if" */
	bool optional;
	bool repeat;			/* last argument only: one or more */
	const char *const *choices;	/* NULL-terminated */
	/* Calls @fn with what may stand here and starts with @prefix; NULL: by the type. */
	void (*complete)(struct session *s, const char *prefix, completion_fn fn, void *ctx);
};

enum command_needs {
	NEED_TARGET = 1 << 0,	/* a guest (or recording) */
	NEED_STOPPED = 1 << 1,	/* a guest that is stopped and not ended */
	NEED_ALIVE = 1 << 2,	/* not ended */
	NEED_SYMBOLS = 1 << 3,
	NEED_HALTED = 1 << 4,	/* stopped or ended: registers are exact */
};

#define COMMAND_ARGS_MAX 8

struct arg_value {
	bool given;
	const char *text;	/* the word(s) as typed, NUL-terminated, owned by struct args */
	uint64_t number;	/* COUNT, VCPU, index of CHOICE, register id */
	struct expr_prog *prog;	/* EXPR: owned by struct args */
};

struct args {
	const struct command *command;
	const char *format;	/* after '/', "" when none: x/4xg -> "4xg" */
	struct arg_value value[COMMAND_ARGS_MAX];
	unsigned nrepeat;	/* words of the repeated last argument */
	const char **repeat;
	const char *rest;	/* the text after the command's name and format, trimmed */
};

struct command {
	const char *name;		/* "break", "info registers" */
	const char *const *aliases;	/* NULL-terminated, or NULL */
	const char *group;		/* "running", "breakpoints", "data", ... for help */
	const char *summary;		/* one line, no full stop */
	const char *help;		/* paragraphs; NULL: the summary says it all */
	const char *const *examples;	/* command lines, NULL-terminated; run by the tests */
	struct arg_spec args[COMMAND_ARGS_MAX];
	unsigned needs;
	bool takes_format;		/* /FMT after the name */
	bool repeats;			/* an empty line runs it again without arguments */
	struct error *(*run)(struct session *s, const struct args *args, struct out *out);
};

/* Registers all of core/cmd/commands.def. */
void commands_register_core(struct session *s);

/* Finds by the longest name that matches the start of @line (unique prefixes and aliases count;
 * gdb's one-letter words first). ERROR_NOT_FOUND suggests the nearest; ambiguous names list all. */
struct error *command_find(struct session *s, const char *line, const struct command **ret,
			   const char **ret_args);
/*
 * Parses and runs one line: comments (#), empty lines, `;` between commands outside quotes. With s->wait a
 * command that resumes the guest is over when it stops; without, what follows in the line waits in
 * s->queue for the stop. A running command followed by ` &` is not waited for (s->background).
 * While s->collect is set, the line goes to that breakpoint's command list, until `end`.
 */
struct error *command_run(struct session *s, const char *line, struct out *out);
/* The same for the lines of a script; stops at the first that fails, *ret_failed is its number from 0. */
struct error *command_run_lines(struct session *s, char *const *lines, size_t nlines, struct out *out,
				size_t *ret_failed);
/* What an empty line at an interactive prompt runs: the last command when it says it repeats (`x` and
 * `list` go on where they ended). NULL: nothing. Borrowed until the next command_run(). */
const char *command_repeat_line(struct session *s);
/* The session's after_stop: runs a stop's command list, then the lines that waited for the stop. */
void command_after_stop(struct session *s, char *const *lines, size_t nlines);
/* The session's run_hook: lines of a rule, which wait for nothing and whose errors are printed. */
void command_run_hook(struct session *s, char *const *lines, size_t nlines);
/* Finds, checks needs and parses without running: for tests and for front ends that ask first. */
struct error *command_check(struct session *s, const char *line);

/* Usage from the schema: "break [LOCATION] [if EXPR]". Caller frees. */
char *command_usage(const struct command *cmd);
/* A command, alias or sub-command near @word for "did you mean"; NULL when nothing is. */
const char *command_nearest(struct session *s, const char *word);

/* Completion of @line at byte @point: calls @fn with each candidate for the word that starts at
 * *ret_word (byte offset). At most @max candidates. */
void command_complete(struct session *s, const char *line, size_t point, size_t *ret_word,
		      completion_fn fn, void *ctx, unsigned max);
