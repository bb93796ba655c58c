/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probe files of a session: loaded, listed, unloaded. */
#include "core/script/script.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/script/check.h"
#include "core/script/internal.h"

#define PART "scripts"

struct script *script_at(struct session *s, unsigned i)
{
	struct script_set *set = session_part(s, PART);

	return set && i < set->list.len ? set->list.data[i] : NULL;
}

struct script *script_find(struct session *s, unsigned id)
{
	struct script *script;

	for (unsigned i = 0; (script = script_at(s, i)); i++)
		if (script->id == id)
			return script;
	return NULL;
}

unsigned script_id(const struct script *script)
{
	return script->id;
}

const char *script_name(const struct script *script)
{
	return script->program->name;
}

uint64_t script_hits(const struct script *script)
{
	return script->hits;
}

uint64_t script_findings(const struct script *script)
{
	return script->findings;
}

bool script_has_exited(const struct script *script)
{
	return script->exited;
}

struct table *script_table(struct script *script, const char *name)
{
	for (size_t i = 0; i < script->tables.len; i++)
		if (!strcmp(table_name(script->tables.data[i]), name))
			return script->tables.data[i];
	return NULL;
}

static struct table *find_table(void *ctx, const char *name)
{
	return script_table(ctx, name);
}

void script_fetch(struct script *script)
{
	for (size_t i = 0; i < script->clauses.len; i++) {
		struct script_clause *c = script->clauses.data[i];
		for (size_t k = 0; k < c->sources.len; k++)
			if (c->sources.data[k]->read)
				c->sources.data[k]->read(c->sources.data[k], find_table, script);
	}
}

static void on_event(void *ctx, const struct event *event, const struct schema *schema)
{
	script_feed(ctx, event, schema);
}

static struct event_sink sink_of(struct script *script)
{
	return (struct event_sink){ .ctx = script, .event = on_event };
}

static void destroy(struct script *script)
{
	struct event_sink sink = sink_of(script);

	if (script->listening)
		event_store_remove_sink(script->session->events, &sink);
	for (size_t i = 0; i < script->clauses.len; i++) {
		script_disarm(script->clauses.data[i]);
		free(script->clauses.data[i]->left_out);
		free(script->clauses.data[i]);
	}
	for (size_t i = 0; i < script->tables.len; i++)
		table_destroy(script->tables.data[i]);
	vec_free(&script->clauses);
	vec_free(&script->tables);
	probe_vars_deinit(&script->vars);
	program_destroy(script->program);
	free(script);
}

static void fire_all(struct script *script, enum program_clause_kind kind)
{
	for (size_t i = 0; i < script->clauses.len; i++) {
		struct script_clause *c = script->clauses.data[i];
		if (c->clause->kind == kind && c->uses.len)
			script_fire(c, c->uses.data[0].binding, false, NULL, NULL);
	}
}

static struct error *arm_all(struct script *script)
{
	for (size_t i = 0; i < script->program->clauses.len; i++) {
		struct script_clause *c = xcalloc(1, sizeof(*c));
		c->script = script;
		c->clause = script->program->clauses.data[i];
		c->index = i;
		vec_push(&script->clauses, c);
		struct error *error = script_arm(c);
		if (!error)
			continue;
		if (!script->options.partial || error_code(error) != ERROR_UNSUPPORTED)
			return error;
		script_disarm(c);
		c->left_out = xstrndup(error_message(error), strcspn(error_message(error), "\n"));
		out_message(script_out(script), ROLE_WARN, "left out: %s", c->left_out);
		error_destroy(error);
	}
	return NULL;
}

struct error *script_load(struct session *s, struct program *program, const struct script_options *options,
			  struct out *out, struct script **ret)
{
	struct script_set *set = session_part(s, PART);
	struct script *script = xcalloc(1, sizeof(*script));
	struct event_sink sink = sink_of(script);
	struct error *error;

	script->session = s;
	script->program = program;
	script->options = *options;
	script->out = out;
	script->id = ++set->next_id;
	error = script_check(script);
	if (!error)
		error = arm_all(script);
	if (error) {
		destroy(script);
		return error;
	}
	vec_push(&set->list, script);
	*ret = script;
	if (options->dry_run)
		return NULL;
	if (!options->replay) {
		event_store_add_sink(s->events, &sink);
		script->listening = true;
	}
	fire_all(script, CLAUSE_BEGIN);
	return NULL;
}

void script_show_maps(struct script *script, struct out *out)
{
	script_fetch(script);
	for (size_t i = 0; i < script->tables.len; i++)
		table_show(script->tables.data[i], out);
}

static void show_trouble(struct script *script, struct out *out)
{
	for (size_t i = 0; i < script->clauses.len; i++) {
		struct script_clause *c = script->clauses.data[i];
		unsigned line = program_line(script->program, c->clause->at);
		uint64_t lost = 0;
		for (size_t k = 0; k < c->sources.len; k++)
			if (c->sources.data[k]->lost)
				lost += c->sources.data[k]->lost(c->sources.data[k]);
		if (lost)
			out_message(out, ROLE_WARN, "%s:%u: %" PRIu64 " events lost", script_name(script), line,
				    lost);
		if (c->faults)
			out_message(out, ROLE_WARN, "%s:%u: %" PRIu64 " values could not be read",
				    script_name(script), line, c->faults);
		if (c->overflow)
			out_message(out, ROLE_WARN, "%s:%u: %" PRIu64 " sequences not followed: at most %d at once",
				    script_name(script), line, c->overflow, SCRIPT_INSTANCES_MAX);
	}
}

/* END, maps, what went wrong. Once. */
static void end(struct script *script)
{
	struct out *out = script_out(script);

	if (script->ended || script->options.dry_run)
		return;
	script->ended = true;
	session_poll(script->session);
	fire_all(script, CLAUSE_END);
	if (!out)
		return;
	script_show_maps(script, out);
	show_trouble(script, out);
	out_flush(out);
}

void script_unload(struct session *s, struct script *script)
{
	struct script_set *set = session_part(s, PART);

	if (!script)
		return;
	end(script);
	for (size_t i = 0; i < set->list.len; i++) {
		if (set->list.data[i] == script) {
			vec_remove(&set->list, i);
			break;
		}
	}
	destroy(script);
}

/* ---- the session's part -------------------------------------------------------------------------- */

static void stop_all(void *data)
{
	struct script_set *set = data;

	while (set->list.len)
		script_unload(set->session, set->list.data[set->list.len - 1]);
	vec_free(&set->list);
}

void script_set_attach(struct session *s)
{
	struct script_set *set = xcalloc(1, sizeof(*set));
	struct session_part part = { .name = PART, .data = set, .stop = stop_all, .destroy = free };

	set->session = s;
	session_add_part(s, &part);
}
