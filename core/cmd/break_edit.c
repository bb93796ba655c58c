/* SPDX-License-Identifier: GPL-3.0-or-later */
/* delete, clear, enable, disable, condition, ignore, commands. */
#include <string.h>

#include "core/base/cleanup.h"
#include "core/cmd/stops.h"

#define ID_ARGS { { .type = ARG_WORD, .name = "N", .optional = true, .repeat = true } }

/* The last one made, which `condition`-like commands mean without a number. */
static struct stop *last_made(struct session *s)
{
	size_t n = s->stops.stops.len;

	return n ? s->stops.stops.data[n - 1] : NULL;
}

static struct error *find_stop(struct session *s, uint64_t id, struct stop **ret)
{
	*ret = id < 1u << 30 ? stop_find(&s->stops, id) : NULL;
	if (*ret)
		return NULL;
	return error_hint(error_create(ERROR_NOT_FOUND, "there is no breakpoint number %llu",
				       (unsigned long long)id),
			  "`info breakpoints` lists them");
}

/* ---- delete, clear ------------------------------------------------------------------------------- */

static struct error *delete_one(struct session *s, unsigned id, void *ctx)
{
	return stop_delete(&s->stops, s->target, id);
}

static struct error *delete_run(struct session *s, const struct args *args, struct out *out)
{
	struct error *error = stop_each_id(s, args, delete_one, NULL);

	session_changed(s);
	return error;
}

const struct command cmd_delete = {
	.name = "delete",
	.aliases = (const char *const[]){ "del", "delete breakpoints", NULL },
	.group = "breakpoints",
	.summary = "delete breakpoints by number or range; all without one",
	.examples = (const char *const[]){ "break leaf; delete 1", "delete", NULL },
	.args = ID_ARGS,
	.run = delete_run,
};

static struct error *clear_run(struct session *s, const struct args *args, struct out *out)
{
	struct error *error;
	uint64_t addr;
	unsigned n = 0;

	error = args->value[0].given ? session_break_location(s, args->value[0].text, &addr) :
				       session_pc(s, &addr);
	for (size_t i = s->stops.stops.len; !error && i-- > 0;) {
		struct stop *stop = s->stops.stops.data[i];

		if (stop->spec.kind != STOP_KIND_BREAK || stop->spec.addr != addr || stop->unresolved)
			continue;
		out_message(out, ROLE_TEXT, "deleted breakpoint %u", stop->id);
		error = stop_delete(&s->stops, s->target, stop->id);
		n++;
	}
	if (error)
		return error;
	session_changed(s);
	return n ? NULL : error_create(ERROR_NOT_FOUND, "there is no breakpoint at 0x%llx",
				       (unsigned long long)addr);
}

const struct command cmd_clear = {
	.name = "clear",
	.group = "breakpoints",
	.summary = "delete the breakpoints at LOCATION (or at the pc)",
	.examples = (const char *const[]){ "break leaf; clear leaf", NULL },
	.args = { { .type = ARG_LOCATION, .name = "LOCATION", .optional = true } },
	.run = clear_run,
};

/* ---- enable, disable ----------------------------------------------------------------------------- */

static struct error *enable_one(struct session *s, unsigned id, void *ctx)
{
	return stop_enable(&s->stops, s->target, id, *(bool *)ctx);
}

static struct error *set_enabled(struct session *s, const struct args *args, bool on)
{
	struct error *error = stop_each_id(s, args, enable_one, &on);

	session_changed(s);
	return error;
}

static struct error *enable_run(struct session *s, const struct args *args, struct out *out)
{
	return set_enabled(s, args, true);
}

static struct error *disable_run(struct session *s, const struct args *args, struct out *out)
{
	return set_enabled(s, args, false);
}

const struct command cmd_enable = {
	.name = "enable",
	.aliases = (const char *const[]){ "en", NULL },
	.group = "breakpoints",
	.summary = "arm breakpoints again, by number or range; all without one",
	.examples = (const char *const[]){ "break leaf; disable 1; enable 1", NULL },
	.args = ID_ARGS,
	.run = enable_run,
};

const struct command cmd_disable = {
	.name = "disable",
	.aliases = (const char *const[]){ "dis", NULL },
	.group = "breakpoints",
	.summary = "keep breakpoints but do not arm them, by number or range",
	.examples = (const char *const[]){ "break leaf; disable 1", NULL },
	.args = ID_ARGS,
	.run = disable_run,
};

/* ---- condition, ignore --------------------------------------------------------------------------- */

static struct error *condition_run(struct session *s, const struct args *args, struct out *out)
{
	const char *text = args->value[1].given ? args->value[1].text : "";
	_cleanup_(stop_scope_free) struct expr_prog *prog = NULL;
	struct error *error;
	struct stop *stop;

	error = find_stop(s, args->value[0].number, &stop);
	if (!error && *text && stop->spec.kind == STOP_KIND_BREAK && !stop->unresolved) {
		struct expr_scope scope = session_scope_at(s, stop->spec.addr);

		error = expr_compile(text, &scope, &prog);
	} else if (!error && *text)
		error = stop_compile_condition(s, stop->spec.kind == STOP_KIND_CATCH ?
						  stop->spec.catch_events : 0, text, &prog);
	if (!error)
		error = stop_set_condition(&s->stops, s->target, stop->id, text, prog);
	if (error)
		return error;
	if (!prog)
		out_message(out, ROLE_TEXT, "breakpoint %u stops always", stop->id);
	session_changed(s);
	return NULL;
}

const struct command cmd_condition = {
	.name = "condition",
	.aliases = (const char *const[]){ "cond", NULL },
	.group = "breakpoints",
	.summary = "give breakpoint N a condition; none removes it",
	.examples = (const char *const[]){ "break leaf; condition 1 $rdi == 2; condition 1", NULL },
	.args = { { .type = ARG_COUNT, .name = "N" }, { .type = ARG_REST, .name = "EXPR", .optional = true } },
	.run = condition_run,
};

static struct error *ignore_run(struct session *s, const struct args *args, struct out *out)
{
	uint64_t n = args->value[1].number;
	struct error *error;
	struct stop *stop;

	error = find_stop(s, args->value[0].number, &stop);
	if (!error)
		error = stop_set_ignore(&s->stops, s->target, stop->id, n);
	if (error)
		return error;
	stop_print_ignore(out, stop->id, n);
	session_changed(s);
	return NULL;
}

const struct command cmd_ignore = {
	.name = "ignore",
	.aliases = (const char *const[]){ "ig", NULL },
	.group = "breakpoints",
	.summary = "pass over the next COUNT hits of breakpoint N",
	.help = "Hits whose condition is false do not count.",
	.examples = (const char *const[]){ "break leaf; ignore 1 2", NULL },
	.args = { { .type = ARG_COUNT, .name = "N" }, { .type = ARG_COUNT, .name = "COUNT" } },
	.run = ignore_run,
};

/* ---- commands ------------------------------------------------------------------------------------ */

static struct error *commands_run(struct session *s, const struct args *args, struct out *out)
{
	struct stop *stop = last_made(s);
	struct error *error;

	if (args->value[0].given) {
		error = find_stop(s, args->value[0].number, &stop);
		if (error)
			return error;
	}
	if (!stop)
		return error_create(ERROR_STATE, "commands: there is no breakpoint yet");
	stop_clear_commands(stop);
	s->collect = stop->id;
	return NULL;
}

const struct command cmd_commands = {
	.name = "commands",
	.group = "breakpoints",
	.summary = "run the lines up to `end` whenever breakpoint N stopped the guest",
	.help = "Without N: the breakpoint made last. `silent` as the first line keeps the stop itself\n"
		"quiet. What follows a line that resumes the guest is not run. No lines: removes the list.",
	.examples = (const char *const[]){ "break leaf; commands 1; silent; print counter; continue; end",
					   NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.run = commands_run,
};
