/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the events of a clause come from: the store's own, or a provider's. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/probe/alias.h"
#include "core/session/filter.h"
#include "core/script/internal.h"

static void use_schema(struct script_clause *c, const struct program_spec *spec, const struct schema *schema,
		       bool filtered, struct error **first)
{
	struct script_use use = { .filtered = filtered };
	bool own = c->clause->kind == CLAUSE_SEQUENCE || c->clause->kind == CLAUSE_INVARIANT;
	struct error *error;

	use.spec = own ? spec : NULL;
	error = probe_bind(c->script->program, c->clause, schema, NULL, &c->script->vars, use.spec, filtered,
			   &use.binding);
	if (!error)
		vec_push(&c->uses, use);
	else if (!*first)
		*first = error;
	else
		error_destroy(error);
}

/* Does the store's event @schema answer to PROVIDER:NAME? "vm:io" is short for "vm:exit.io". */
static bool names_schema(const struct program_spec *spec, const char *schema)
{
	const char *probe, *event;

	probe_alias(spec, &probe, &event);
	_free_ char *full = xasprintf("%s.%s", probe, event);
	_free_ char *exit = xasprintf("%s.exit.%s", probe, event);

	return glob_match(full, schema) || glob_match(exit, schema);
}

static struct error *arm_store(struct script_clause *c, const struct program_spec *spec, unsigned *ret_found)
{
	struct event_store *store = c->script->session->events;
	struct error *first = NULL;
	size_t before = c->uses.len;

	*ret_found = 0;
	for (unsigned i = 0; event_store_schema_at(store, i); i++) {
		const struct schema *schema = event_store_schema_at(store, i);
		if (!names_schema(spec, schema->name))
			continue;
		++*ret_found;
		use_schema(c, spec, schema, false, &first);
	}
	/* Of several events some may lack a field; one must have all. */
	if (c->uses.len > before) {
		error_destroy(first);
		return NULL;
	}
	return first;
}

static struct error *unknown(struct script_clause *c, const struct program_spec *spec)
{
	struct session *s = c->script->session;
	struct text near = { 0 };
	_free_ char *name = xasprintf("%s:%s", spec->provider, spec->name);
	struct error *error = program_error(c->script->program, spec->at, ERROR_NOT_FOUND,
					    "there is no event %s", name);

	for (unsigned i = 0; event_store_schema_at(s->events, i); i++) {
		const char *schema = event_store_schema_at(s->events, i)->name;
		size_t len = strlen(spec->provider);
		if (!strncmp(schema, spec->provider, len) && schema[len] == '.' && near.len < 300)
			text_printf(&near, "%s%s:%s", near.len ? " " : "", spec->provider, schema + len + 1);
	}
	if (!near.len) {
		text_puts(&near, "guest vm virtio");
		for (size_t i = 0; i < s->providers.len; i++)
			text_printf(&near, " %s", s->providers.data[i]->prefix);
		error = error_hint(error, "providers: %s", text_str(&near));
	} else {
		error = error_hint(error, "events of %s: %s", spec->provider, text_str(&near));
	}
	text_deinit(&near);
	return error;
}

/* Does it say where in the program? */
static bool has_place(const struct script_clause *c, const struct error *error)
{
	const char *name = c->script->program->name;

	return !strncmp(error_message(error), name, strlen(name));
}

/* A provider's error with its place in the program, unless it has one. */
static struct error *place(struct script_clause *c, const struct program_spec *spec, struct error *error)
{
	if (has_place(c, error))
		return error;
	_free_ char *hint = error_hint_text(error) ? xstrdup(error_hint_text(error)) : NULL;
	struct error *placed = program_error(c->script->program, spec->at, error_code(error), "%s",
					     error_message(error));
	error_destroy(error);
	return hint ? error_hint(placed, "%s", hint) : placed;
}

static struct error *arm_provider(struct script_clause *c, const struct program_spec *spec, bool *ret_opened)
{
	struct session *s = c->script->session;
	struct probe_request req = {
		.program = c->script->program, .clause = c->clause, .spec = spec, .vars = &c->script->vars,
		.whole = c->clause->kind == CLAUSE_EVENT && c->clause->specs.len == 1,
		.try_only = c->script->options.dry_run,
	};
	struct error *error = NULL, *first = NULL;

	*ret_opened = false;
	for (size_t i = 0; i < s->providers.len; i++) {
		const struct probe_provider *p = s->providers.data[i];
		struct probe_source *src;
		if (strcmp(p->prefix, spec->provider) != 0)
			continue;
		error_destroy(error);
		error = p->open(p->ctx, s, &req, &src);
		if (error && error_code(error) == ERROR_NOT_FOUND && !has_place(c, error))
			continue;
		if (error)
			break;
		*ret_opened = true;
		vec_push(&c->sources, src);
		for (size_t k = 0; k < src->schemas.len; k++)
			use_schema(c, spec, src->schemas.data[k], src->filtered, &first);
		/* What only the kernel can read is no name of the streamed event. */
		if (first && !c->uses.len)
			return error_code(first) == ERROR_NOT_FOUND ?
			       error_hint(first, "members of arguments are read in the kernel; this clause: %s",
					  src->plan) : first;
		error_destroy(first);
		return NULL;
	}
	return error;
}

/* Some providers' words are also those of the store's own events. */
static bool has_store_events(struct script_clause *c, const struct program_spec *spec)
{
	struct event_store *store = c->script->session->events;

	for (unsigned i = 0; event_store_schema_at(store, i); i++) {
		const char *name = event_store_schema_at(store, i)->name;
		size_t len = strlen(spec->provider);
		if (!strncmp(name, spec->provider, len) && name[len] == '.')
			return true;
	}
	return false;
}

static struct error *arm_spec(struct script_clause *c, const struct program_spec *spec)
{
	struct error *error;
	unsigned found;
	bool opened;

	if (!strcmp(spec->provider, "guest") && c->script->options.replay)
		return program_error(c->script->program, spec->at, ERROR_UNSUPPORTED,
				     "guest:%s wants a guest that runs, not a recording", spec->name);
	if (!strcmp(spec->provider, "guest"))
		return script_arm_guest(c, spec);
	if (!c->script->options.replay) {
		error = arm_provider(c, spec, &opened);
		if (opened || (error && (error_code(error) != ERROR_NOT_FOUND || has_place(c, error))))
			return error ? place(c, spec, error) : NULL;
		if (error && !has_store_events(c, spec))
			return place(c, spec, error);
		error_destroy(error);
	}
	error = arm_store(c, spec, &found);
	return error || found ? error : unknown(c, spec);
}

static void on_timer(void *ctx, uint32_t events)
{
	struct script_clause *c = ctx;

	script_fire(c, c->uses.data[0].binding, false, NULL, NULL);
}

struct error *script_arm(struct script_clause *c)
{
	struct script *script = c->script;
	struct error *error = NULL;

	if (c->clause->kind == CLAUSE_BEGIN || c->clause->kind == CLAUSE_END || c->clause->kind == CLAUSE_EVERY) {
		struct script_use use = { 0 };
		error = probe_bind(script->program, c->clause, NULL, NULL, &script->vars, NULL, false, &use.binding);
		if (error)
			return error;
		vec_push(&c->uses, use);
		if (c->clause->kind == CLAUSE_EVERY && !script->options.replay && !script->options.dry_run)
			error = loop_add_timer(script->session->loop, c->clause->time_ns, c->clause->time_ns,
					       on_timer, c, &c->timer);
		return error;
	}
	for (size_t i = 0; i < c->clause->specs.len && !error; i++)
		error = arm_spec(c, &c->clause->specs.data[i]);
	return error;
}

void script_disarm(struct script_clause *c)
{
	struct session *s = c->script->session;

	loop_remove(take_ptr(c->timer));
	for (size_t i = 0; i < c->sources.len; i++)
		c->sources.data[i]->close(c->sources.data[i]);
	for (size_t i = 0; i < c->stops.len; i++)
		error_destroy(stop_delete(&s->stops, s->target, c->stops.data[i]));
	for (size_t i = 0; i < c->uses.len; i++)
		probe_binding_destroy(c->uses.data[i].binding);
	vec_free(&c->sources);
	vec_free(&c->stops);
	vec_free(&c->uses);
	vec_free(&c->instances);
}
