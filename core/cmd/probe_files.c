/* SPDX-License-Identifier: GPL-3.0-or-later */
/* probe, probe load, probe do, probe unload, probe maps, probe explain, probe fire, info probefiles. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "core/probe/provider.h"
#include "core/script/script.h"

/* The list of what the host's kernel offers, where the program has one; else the files. */
static struct error *probe_run(struct session *s, const struct args *args, struct out *out)
{
	const struct command *list;
	const char *rest;
	_error_ struct error *error = command_find(s, "probe list", &list, &rest);

	return command_run(s, !error && !strcmp(list->name, "probe list") ? "probe list" : "info probefiles", out);
}

const struct command cmd_probe = {
	.name = "probe",
	.group = "probes",
	.summary = "list the built-in probes, and by what each is served on this kernel",
	.examples = (const char *const[]){ "probe", NULL },
	.run = probe_run,
};

static struct error *find(struct session *s, const struct arg_value *v, struct script **ret)
{
	if (!v->given) {
		unsigned n = 0;
		while (script_at(s, n))
			n++;
		*ret = n ? script_at(s, n - 1) : NULL;
		return *ret ? NULL : error_hint(error_create(ERROR_STATE, "no probe file is loaded"),
						"probe load FILE");
	}
	*ret = script_find(s, v->number);
	return *ret ? NULL : error_hint(error_create(ERROR_NOT_FOUND, "no probe file has number %" PRIu64,
						     v->number), "`info probefiles` lists them");
}

static struct error *load(struct session *s, struct program *program, bool partial, bool unsafe, struct out *out)
{
	struct script_options options = { .partial = partial, .unsafe = unsafe };
	struct script *script;
	struct error *error = script_load(s, program, &options, NULL, &script);

	if (error)
		return error;
	out_begin(out, "probefile");
	out_text(out, ROLE_TEXT, "probe file ");
	out_dec(out, ROLE_NUMBER, "id", 0, script_id(script));
	out_text(out, ROLE_TEXT, ": ");
	out_str(out, ROLE_TEXT, "name", 0, script_name(script));
	out_end(out);
	return NULL;
}

static bool has_word(const struct args *args, const char *word)
{
	for (unsigned i = 0; i < args->nrepeat; i++)
		if (!strcmp(args->repeat[i], word))
			return true;
	return false;
}

static const char *const load_words[] = { "partial", "unsafe", NULL };

static struct error *load_run(struct session *s, const struct args *args, struct out *out)
{
	struct program *program;
	struct error *error = program_load(args->value[0].text, &program);

	return error ? error : load(s, program, has_word(args, "partial"), has_word(args, "unsafe"), out);
}

const struct command cmd_probe_load = {
	.name = "probe load",
	.group = "probes",
	.summary = "load a probe file: what it says is done at its events from now on",
	.help = "`partial` leaves out clauses whose events can not be had here, and says so; `unsafe` lets its\n"
		"`run` use any command. README.md and scripts/probes show the language.",
	.examples = NULL,
	.args = { { .type = ARG_FILE, .name = "FILE" },
		  { .type = ARG_CHOICE, .name = "partial|unsafe", .optional = true, .repeat = true,
		    .choices = load_words } },
	.run = load_run,
};

static struct error *do_run(struct session *s, const struct args *args, struct out *out)
{
	const char *text = args->value[0].text;
	size_t len = strlen(text);
	bool quoted = len > 1 && text[0] == '\'' && text[len - 1] == '\'';
	_free_ char *bare = xstrndup(text + quoted, len - 2 * quoted);
	struct program *program;
	struct error *error = program_parse("probe do", bare, &program);

	return error ? error : load(s, program, false, false, out);
}

const struct command cmd_probe_do = {
	.name = "probe do",
	.group = "probes",
	.summary = "load a probe program that is typed here",
	.help = "With more than one action, single quotes keep `;` from ending the line.",
	.examples = (const char *const[]){ "probe do vm:io / write == 1 / { @[port] = count() }",
					   "probe do 'vm:io { @ports[port] = count(); @sizes = hist(size) }'", NULL },
	.args = { { .type = ARG_REST, .name = "PROGRAM" } },
	.run = do_run,
};

static struct error *unload_run(struct session *s, const struct args *args, struct out *out)
{
	struct script *script;
	struct error *error = find(s, &args->value[0], &script);

	if (!error)
		script_unload(s, script);
	return error;
}

const struct command cmd_probe_unload = {
	.name = "probe unload",
	.group = "probes",
	.summary = "end probe file N (the last one): its END runs, its maps are shown",
	.examples = (const char *const[]){ "probe do 'vm:io { @n = count() }'; probe unload", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.run = unload_run,
};

static struct error *maps_run(struct session *s, const struct args *args, struct out *out)
{
	struct script *script;
	struct error *error = find(s, &args->value[0], &script);

	if (error)
		return error;
	session_poll(s);
	script_show_maps(script, out);
	return NULL;
}

const struct command cmd_probe_maps = {
	.name = "probe maps",
	.group = "probes",
	.summary = "show the maps of probe file N (the last one) as they are now",
	.examples = (const char *const[]){ "probe do 'vm:io { @n = count() }'; probe maps", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.run = maps_run,
};

static struct error *explain_run(struct session *s, const struct args *args, struct out *out)
{
	struct script *script;
	struct error *error = find(s, &args->value[0], &script);

	if (!error)
		script_explain(script, out);
	return error;
}

const struct command cmd_probe_explain = {
	.name = "probe explain",
	.group = "probes",
	.summary = "tell what serves each clause of probe file N, and where its parts run",
	.examples = (const char *const[]){ "probe do 'vm:io { @n = count() }'; probe explain", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.run = explain_run,
};

/* The command list of the breakpoints that guest: clauses make. */
static struct error *fire_run(struct session *s, const struct args *args, struct out *out)
{
	return script_guest_stop(s, args->value[0].number, args->value[1].number);
}

const struct command cmd_probe_fire = {
	.name = "probe fire",
	.group = "probes",
	.summary = "do the actions of clause M of probe file N and go on: what its breakpoints run",
	.args = { { .type = ARG_COUNT, .name = "N" }, { .type = ARG_COUNT, .name = "M" } },
	.needs = NEED_STOPPED,
	.run = fire_run,
};

static struct error *info_run(struct session *s, const struct args *args, struct out *out)
{
	struct script *script;

	for (unsigned i = 0; (script = script_at(s, i)); i++) {
		out_begin(out, "probefile");
		out_dec(out, ROLE_NUMBER, "id", 3, script_id(script));
		out_text(out, ROLE_TEXT, "  ");
		out_str(out, ROLE_TEXT, "name", 24, script_name(script));
		out_text(out, ROLE_TEXT, "  ");
		out_dec(out, ROLE_NUMBER, "hits", 0, script_hits(script));
		out_text(out, ROLE_TEXT, " hits, ");
		out_dec(out, ROLE_NUMBER, "findings", 0, script_findings(script));
		out_text(out, ROLE_TEXT, " findings");
		if (script_has_exited(script))
			out_text(out, ROLE_DIM, ", has exited");
		out_end(out);
	}
	if (!script_at(s, 0))
		out_message(out, ROLE_TEXT, "no probe file is loaded: `probe load FILE`");
	return NULL;
}

const struct command cmd_info_probefiles = {
	.name = "info probefiles",
	.group = "probes",
	.summary = "list the probe files that are loaded",
	.examples = (const char *const[]){ "info probefiles", NULL },
	.run = info_run,
};

/* ---- what there is to listen to ------------------------------------------------------------------ */

/* "vm.exit.io" as a program says it: vm:exit.io. */
static char *spoken(const char *schema)
{
	char *name = xstrdup(schema);
	char *dot = strchr(name, '.');

	if (dot)
		*dot = ':';
	return name;
}

static void show_event(const struct schema *schema, const char *name, bool fields, struct out *out)
{
	out_begin(out, "event");
	out_str(out, ROLE_SYMBOL, "name", 24, name);
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_TEXT, "help", 0, schema->help ? schema->help : "");
	out_list(out, "fields");
	for (unsigned i = 0; fields && i < schema->nfields; i++) {
		const struct field *f = &schema->fields[i];
		static const char *const units[] = { "", "hex", "ns", "bytes", "gpa", "gva", "yes or no" };
		if (!i)
			out_nl(out);
		out_begin(out, "field");
		out_text(out, ROLE_TEXT, "    ");
		out_str(out, ROLE_LABEL, "field", 20, f->name);
		out_text(out, ROLE_TEXT, " ");
		out_dec(out, ROLE_DIM, "size", 3, f->size);
		out_text(out, ROLE_DIM, " ");
		out_str(out, ROLE_DIM, "unit", 0, f->type == FIELD_STRING ? "text" : units[f->unit]);
		for (const struct field_enum *e = f->names; e && e->name && e < f->names + 12; e++)
			out_text(out, ROLE_DIM, "%s%s", e == f->names ? ": " : " ", e->name);
		out_end(out);
	}
	out_list_end(out);
	out_end(out);
}

static struct error *events_run(struct session *s, const struct args *args, struct out *out)
{
	const char *glob = args->value[0].given ? args->value[0].text : "*";
	bool fields = args->value[1].given || (args->value[0].given && !strpbrk(glob, "*?"));
	unsigned shown = 0;

	for (size_t i = 0; i < s->providers.len; i++)
		session_know_events(s, s->providers.data[i]->prefix);
	for (unsigned i = 0; event_store_schema_at(s->events, i); i++) {
		const struct schema *schema = event_store_schema_at(s->events, i);
		_free_ char *name = spoken(schema->name);
		if (!glob_match(glob, name))
			continue;
		show_event(schema, name, fields, out);
		shown++;
	}
	for (size_t i = 0; i < s->providers.len; i++) {
		const struct probe_provider *p = s->providers.data[i];
		_free_ char *any = xasprintf("%s:*", p->prefix);
		/* Thousands of tracepoints only when they are meant. */
		if (p->list && !strncmp(glob, any, strlen(p->prefix) + 1))
			p->list(p->ctx, s, glob, fields, out);
		else if (!args->value[0].given)
			out_message(out, ROLE_DIM, "%-24s  %s", any, p->summary);
	}
	if (!shown && !strchr(glob, ':'))
		return error_hint(error_create(ERROR_NOT_FOUND, "no event matches '%s'", glob),
				  "`probe events` lists them; tracepoint:SYSTEM:* those of the kernel");
	return NULL;
}

static const char *const events_words[] = { "fields", NULL };

const struct command cmd_probe_events = {
	.name = "probe events",
	.group = "probes",
	.summary = "list what a probe file can listen to; of one event its fields",
	.examples = (const char *const[]){ "probe events", "probe events vm:exit.io", "probe events vm:* fields", NULL },
	.args = { { .type = ARG_WORD, .name = "GLOB", .optional = true },
		  { .type = ARG_CHOICE, .name = "fields", .optional = true, .choices = events_words } },
	.run = events_run,
};
