/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events on their way through the clauses: conditions, sequences, invariants. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/script/internal.h"

static bool symbol(void *ctx, uint64_t addr, char *buf, size_t size)
{
	char with[300];

	session_symbolize(ctx, addr, with, sizeof(with));
	size_t len = strlen(with);
	if (len < 3 || with[0] != '<')
		return false;
	with[len - 1] = '\0';
	snprintf(buf, size, "%s", with + 1);
	return true;
}

struct probe_context script_context(struct script *script, const struct event *event,
				    const struct schema *schema)
{
	return (struct probe_context){
		.schema = schema, .event = event, .vars = &script->vars,
		.symbol = symbol, .symbol_ctx = script->session,
	};
}

void script_fire(struct script_clause *c, const struct probe_binding *binding, bool filtered,
		 const struct event *event, const struct schema *schema)
{
	struct script_run run = {
		.script = c->script, .clause = c, .binding = binding,
		.context = script_context(c->script, event, schema),
	};

	if (c->script->exited && c->clause->kind != CLAUSE_END)
		return;
	if (c->clause->pred.text && !filtered && !probe_test(binding, &c->clause->pred, &run.context))
		return;
	c->hits++;
	c->script->hits++;
	script_block(&run, &c->clause->body);
}

/* ---- sequences ----------------------------------------------------------------------------------- */

static bool same_key(const struct probe_value *a, const struct probe_value *b)
{
	return a->is_text == b->is_text && (a->is_text ? !strcmp(a->text, b->text) : a->num == b->num);
}

/* The automaton of @key; those that waited too long are gone. */
static struct script_instance *find_instance(struct script_clause *c, const struct probe_value *key, uint64_t now)
{
	struct script_instance *found = NULL;

	for (size_t i = 0; i < c->instances.len; i++) {
		struct script_instance *in = &c->instances.data[i];
		if (c->clause->time_ns && now - in->since_ns > c->clause->time_ns && now > in->since_ns) {
			c->instances.data[i--] = c->instances.data[--c->instances.len];
			continue;
		}
		if (same_key(&in->key, key))
			found = in;
	}
	/* An entry may have moved into a freed place. */
	for (size_t i = 0; found && i < c->instances.len; i++)
		if (same_key(&c->instances.data[i].key, key))
			return &c->instances.data[i];
	return NULL;
}

void script_sequence(struct script_clause *c, const struct script_use *use, const struct event *event,
		     const struct schema *schema)
{
	struct probe_context ctx = script_context(c->script, event, schema);
	unsigned step = use->spec - c->clause->specs.data;
	struct probe_value key = { 0 };

	if (use->spec->cond.text && !probe_test(use->binding, &use->spec->cond, &ctx))
		return;
	if (c->clause->key.text && !probe_eval(use->binding, &c->clause->key, &ctx, &key, NULL)) {
		c->faults++;
		return;
	}
	struct script_instance *in = find_instance(c, &key, event->time_ns);
	if (step == 0) {
		/* A new start while only the first step was seen counts from now. */
		if (in && in->step == 1) {
			in->since_ns = event->time_ns;
		} else if (!in && c->instances.len < SCRIPT_INSTANCES_MAX) {
			vec_push(&c->instances, (struct script_instance){ key, 1, event->time_ns });
		} else if (!in) {
			c->overflow++;
		}
		return;
	}
	if (!in || in->step != step)
		return;
	if (++in->step < c->clause->specs.len)
		return;
	*in = c->instances.data[--c->instances.len];
	script_fire(c, use->binding, true, event, schema);
}

void script_invariant(struct script_clause *c, const struct script_use *use, const struct event *event,
		      const struct schema *schema)
{
	struct script_run run = {
		.script = c->script, .clause = c, .binding = use->binding,
		.context = script_context(c->script, event, schema),
	};

	c->hits++;
	c->script->hits++;
	if (probe_test(use->binding, &use->spec->cond, &run.context))
		return;
	_free_ char *text = xasprintf("\"%s\" does not hold: %s requires %s", c->clause->title, schema->name,
				      use->spec->cond.text);
	script_finding(&run, text);
}

/* ---- the sink ------------------------------------------------------------------------------------ */

/* In a recording `every` goes by the time of what happened. */
static void replay_timers(struct script *script, uint64_t now)
{
	for (size_t i = 0; i < script->clauses.len; i++) {
		struct script_clause *c = script->clauses.data[i];
		if (c->clause->kind != CLAUSE_EVERY || !c->uses.len)
			continue;
		if (!c->next_ns)
			c->next_ns = now + c->clause->time_ns;
		/* A gap is one tick, as a loop that was late has one. */
		if (now < c->next_ns)
			continue;
		script_fire(c, c->uses.data[0].binding, false, NULL, NULL);
		c->next_ns += (now - c->next_ns) / c->clause->time_ns * c->clause->time_ns + c->clause->time_ns;
	}
}

void script_feed(struct script *script, const struct event *event, const struct schema *schema)
{
	if (script->options.replay)
		replay_timers(script, event->time_ns);
	for (size_t i = 0; i < script->clauses.len && !script->exited; i++) {
		struct script_clause *c = script->clauses.data[i];
		for (size_t u = 0; u < c->uses.len; u++) {
			const struct script_use *use = &c->uses.data[u];
			if (!use->binding || use->binding->schema != schema)
				continue;
			if (c->clause->kind == CLAUSE_SEQUENCE)
				script_sequence(c, use, event, schema);
			else if (c->clause->kind == CLAUSE_INVARIANT)
				script_invariant(c, use, event, schema);
			else
				script_fire(c, use->binding, use->filtered, event, schema);
		}
	}
}
