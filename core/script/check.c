/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be said of a program before anything is armed: maps used alike, formats, commands it may run. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/command/command.h"
#include "core/script/check.h"

struct check {
	struct script *script;
	const struct program_clause *clause;
	bool has_event, at_guest;
	struct error *error;
};

static struct error *check_map(struct script *script, const struct program_stmt *st)
{
	struct table_kind kind = {
		.agg = st->agg, .nkeys = st->keys.len, .lo = st->lo, .hi = st->hi, .step = st->step,
		.top = st->agg == AGG_TOP ? st->hi : 0,
	};

	for (size_t i = 0; i < script->tables.len; i++) {
		struct table *t = script->tables.data[i];
		const struct table_kind *k = table_kind(t);
		if (strcmp(table_name(t), st->name) != 0)
			continue;
		if (k->agg != kind.agg || k->nkeys != kind.nkeys || k->lo != kind.lo || k->hi != kind.hi ||
		    k->step != kind.step)
			return program_error(script->program, st->at, ERROR_SYNTAX,
					     "@%s is used as %s with %u keys elsewhere, here as %s with %u",
					     st->name, program_agg_name(k->agg), k->nkeys,
					     program_agg_name(kind.agg), kind.nkeys);
		return NULL;
	}
	vec_push(&script->tables, table_create(st->name, &kind));
	return NULL;
}

/* Flags, width up to 200, letter: what do_printf() relies on. */
static struct error *check_format(struct script *script, const struct program_stmt *st)
{
	size_t wanted = 0;

	for (const char *s = st->text; *s; s++) {
		if (*s != '%' || *++s == '%')
			continue;
		s += strspn(s, "-+ #0");
		unsigned width = strtoul(s, NULL, 10);
		size_t digits = strspn(s, "0123456789");
		s += digits;
		s += strspn(s, "hlzj");
		if (digits > 3 || width > 200 || !*s || !strchr("diuxXocsp", *s))
			return error_hint(program_error(script->program, st->at, ERROR_SYNTAX,
							"printf: a conversion is not known, or wider than 200"),
					  "conversions are %%d %%u %%x %%o %%c %%s %%p and %%%%");
		wanted++;
	}
	if (wanted == st->args.len)
		return NULL;
	return program_error(script->program, st->at, ERROR_SYNTAX,
			     "printf: the format wants %zu values, %zu are given", wanted, st->args.len);
}

/* Commands that only look: their groups say so, but for a few. */
static bool is_safe(const struct command *cmd)
{
	static const char *const names[] = { "print", "x", "output", "printf", "echo", "list", "disassemble",
					     "backtrace", "frame", "find", "xp" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(cmd->name, names[i]))
			return true;
	return !strncmp(cmd->name, "info ", 5) || !strcmp(cmd->group, "memory map") ||
	       !strcmp(cmd->group, "linux guest");
}

static struct error *check_run(struct script *script, const struct program_stmt *st)
{
	const struct command *cmd;
	const char *rest;

	if (strpbrk(st->text, ";\n"))
		return program_error(script->program, st->at, ERROR_SYNTAX, "run takes one command");
	struct error *error = command_find(script->session, st->text, &cmd, &rest);
	if (error)
		return program_expr_error(script->program, st->at, error);
	if (script->options.unsafe || is_safe(cmd))
		return NULL;
	return error_hint(program_error(script->program, st->at, ERROR_USAGE,
					"`%s` is not a command that only looks", cmd->name), "--unsafe allows it");
}

static void check_stmt(void *ctx, const struct program_stmt *st)
{
	struct check *c = ctx;

	if (c->error)
		return;
	if (st->kind == STMT_MAP)
		c->error = check_map(c->script, st);
	else if (st->kind == STMT_PRINTF)
		c->error = check_format(c->script, st);
	else if (st->kind == STMT_RUN)
		c->error = check_run(c->script, st);
	else if (st->kind == STMT_BACKTRACE && !c->at_guest)
		c->error = error_hint(program_error(c->script->program, st->at, ERROR_SYNTAX,
						    "backtrace wants a guest that stands still"),
				      "use it in a guest:break clause, or `stop` and look");
}

/* Maps that are only printed or cleared must be filled somewhere. */
static void check_use(void *ctx, const struct program_stmt *st)
{
	struct check *c = ctx;
	const char *name = NULL;
	unsigned at = st->at;

	if (st->kind == STMT_CLEAR || st->kind == STMT_ZERO || st->kind == STMT_DELETE)
		name = st->name;
	for (size_t i = 0; st->kind == STMT_PRINT && i < st->args.len; i++) {
		if (st->args.data[i].wrap == WRAP_MAP) {
			name = st->args.data[i].text;
			at = st->args.data[i].at;
		}
	}
	if (c->error || !name || script_table(c->script, name))
		return;
	c->error = program_error(c->script->program, at, ERROR_NOT_FOUND, "nothing is ever put into @%s", name);
}

struct error *script_check(struct script *script)
{
	struct program *program = script->program;
	struct check check = { .script = script };

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < program->clauses.len && !check.error; i++) {
			check.clause = program->clauses.data[i];
			check.at_guest = check.clause->specs.len &&
					 !strcmp(check.clause->specs.data[0].provider, "guest");
			program_each_stmt(check.clause, pass ? check_use : check_stmt, &check);
		}
	}
	return check.error;
}
