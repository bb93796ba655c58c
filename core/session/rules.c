/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/session/rules.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/session/filter.h"
#include "core/session/report.h"

#define WAITING_MAX 16
#define SECOND_NS 1000000000ull

/* A hit that waits to be acted on, with its event: the store may drop that. */
struct hit {
	unsigned rule;
	uint64_t number;	/* how many there were then */
	union {
		struct event event;
		uint8_t bytes[EVENT_SIZE_MAX];
	};
};

struct session_rules {
	struct session *session;
	VEC(struct session_rule *) rules;
	unsigned next_id;
	VEC(struct hit) waiting;	/* oldest first */
	unsigned stopping;		/* rule the guest was interrupted for; 0: none */
	unsigned stopping_vcpu;
	bool acting;			/* what an action makes happen starts no other */
};

/* ---- the list ------------------------------------------------------------------------------------ */

static struct session_rule *find(const struct session_rules *r, unsigned id)
{
	for (size_t i = 0; i < r->rules.len; i++)
		if (r->rules.data[i]->id == id)
			return r->rules.data[i];
	return NULL;
}

static bool may_act(struct session_rules *r, struct session_rule *rule, uint64_t now)
{
	if (now - rule->window_ns >= SECOND_NS) {
		rule->window_ns = now;
		rule->in_window = 0;
	}
	return r->waiting.len < WAITING_MAX && rule->in_window < r->session->options.rule_rate;
}

static void on_event(void *ctx, const struct event *event, const struct schema *schema)
{
	struct session_rules *r = ctx;

	for (size_t i = 0; i < r->rules.len; i++) {
		struct session_rule *rule = r->rules.data[i];
		struct hit hit = { .rule = rule->id, .number = rule->hits + 1 };

		if (!rule->enabled || !session_filter_match(rule->filter, event, schema))
			continue;
		rule->hits++;
		/* A guest that is stopped for this rule already stops once. */
		if (r->acting || !may_act(r, rule, clock_now_ns())) {
			rule->limited++;
			continue;
		}
		rule->in_window++;
		memcpy(hit.bytes, event, event->size);
		vec_push(&r->waiting, hit);
	}
}

static struct session_rules *rules_of(struct session *s)
{
	if (s->rules)
		return s->rules;
	s->rules = xcalloc(1, sizeof(*s->rules));
	s->rules->session = s;
	s->rules->next_id = 1;
	event_store_add_sink(s->events, &(struct event_sink){ .ctx = s->rules, .event = on_event });
	return s->rules;
}

struct session_rule *session_rule_add(struct session *s, const char *text, struct session_filter *filter,
				      enum rule_action action, char *command, bool needs_stop)
{
	struct session_rules *r = rules_of(s);
	struct session_rule *rule = xcalloc(1, sizeof(*rule));

	*rule = (struct session_rule){
		.id = r->next_id++, .text = xstrdup(text), .filter = filter, .action = action, .command = command,
		.needs_stop = needs_stop, .enabled = true,
	};
	vec_push(&r->rules, rule);
	return rule;
}

static void rule_free(struct session_rule *rule)
{
	session_filter_destroy(rule->filter);
	free(rule->command);
	free(rule->text);
	free(rule);
}

struct error *session_rule_delete(struct session *s, unsigned id)
{
	struct session_rules *r = s->rules;

	for (size_t i = 0; r && i < r->rules.len; i++) {
		if (r->rules.data[i]->id != id)
			continue;
		rule_free(r->rules.data[i]);
		vec_remove(&r->rules, i);
		return NULL;
	}
	return error_hint(error_create(ERROR_NOT_FOUND, "there is no rule %u", id), "`info on` lists them");
}

struct session_rule *session_rule_at(struct session *s, size_t i)
{
	return s->rules && i < s->rules->rules.len ? s->rules->rules.data[i] : NULL;
}

void session_rules_destroy(struct session *s)
{
	struct session_rules *r = s->rules;

	if (!r)
		return;
	event_store_remove_sink(s->events, &(struct event_sink){ .ctx = r, .event = on_event });
	for (size_t i = 0; i < r->rules.len; i++)
		rule_free(r->rules.data[i]);
	vec_free(&r->rules);
	vec_free(&r->waiting);
	free(r);
	s->rules = NULL;
}

/* ---- acting -------------------------------------------------------------------------------------- */

static void announce(struct session *s, const struct session_rule *rule, const struct hit *hit)
{
	const struct schema *schema = event_store_schema(s->events, hit->event.schema);

	if (!s->talk || !schema)
		return;
	out_begin(s->talk, "rule");
	out_text(s->talk, ROLE_HEADING, "rule ");
	out_dec(s->talk, ROLE_HEADING, "rule", 0, rule->id);
	out_text(s->talk, ROLE_HEADING, ", hit ");
	out_dec(s->talk, ROLE_HEADING, "hit", 0, hit->number);
	out_text(s->talk, ROLE_HEADING, ":");
	out_end(s->talk);
	event_print(s->talk, &hit->event, schema, s->start_ns);
	out_flush(s->talk);
}

/* The guest has to stand for it. False: it can not be made to. */
static bool interrupt_for(struct session *s, struct session_rule *rule, const struct hit *hit)
{
	struct session_rules *r = s->rules;
	_error_ struct error *error = NULL;

	/* A step or finish under way would end with the interrupt: the rule can wait, that can not. */
	if (s->plan && rule->action == RULE_COMMAND) {
		rule->limited++;
		return false;
	}
	error = target_interrupt(s->target);
	if (error) {
		rule->failed++;
		if (s->talk)
			session_print_error(s->talk, error);
		return false;
	}
	r->stopping = rule->id;
	r->stopping_vcpu = hit->event.vm == 1 ? hit->event.vcpu : EVENT_NO_VCPU;
	return true;
}

static void run_command(struct session *s, struct session_rule *rule)
{
	char *lines[] = { rule->command };
	bool hook = s->in_hook;

	rule->done++;
	if (s->run_hook)
		s->run_hook(s, lines, 1);
	s->in_hook = hook;
}

static void act(struct session *s, struct session_rule *rule, const struct hit *hit)
{
	switch (rule->action) {
	case RULE_PRINT:
		announce(s, rule, hit);
		rule->done++;
		break;
	case RULE_STOP:
		/* It stands already: this one happened while it was on its way there. */
		if (s->target && !s->running) {
			rule->limited++;
			break;
		}
		announce(s, rule, hit);
		if (s->target && interrupt_for(s, rule, hit))
			rule->done++;
		break;
	case RULE_COMMAND:
		if (s->running && rule->needs_stop) {
			if (interrupt_for(s, rule, hit))
				announce(s, rule, hit);
		} else {
			announce(s, rule, hit);
			run_command(s, rule);
		}
		break;
	}
}

void session_rules_run(struct session *s)
{
	struct session_rules *r = s->rules;

	if (!r || r->acting || s->in_hook)
		return;
	r->acting = true;
	/* While the guest is on its way to a stop for one rule, the others wait. */
	while (r->waiting.len && !r->stopping && !s->quit) {
		struct hit hit = r->waiting.data[0];
		struct session_rule *rule = find(r, hit.rule);

		vec_remove(&r->waiting, 0);
		if (rule && rule->enabled)
			act(s, rule, &hit);
	}
	r->acting = false;
}

static char **one_line(const char *first, const char *second)
{
	char **lines = xcalloc(3, sizeof(*lines));

	lines[0] = xstrdup(first);
	if (second)
		lines[1] = xstrdup(second);
	return lines;
}

bool session_rules_stopped(struct session *s, const struct stop_report *report, char ***ret_lines)
{
	struct session_rules *r = s->rules;
	struct session_rule *rule;
	bool ours;

	*ret_lines = NULL;
	if (!r || !r->stopping)
		return false;
	rule = find(r, r->stopping);
	ours = report->reason == STOP_INTERRUPT && !s->interrupted;
	r->stopping = 0;
	if (!rule)
		return false;
	/* What is asked for next is about the vCPU of the event. */
	if (ours && r->stopping_vcpu < target_vcpu_count(s->target))
		s->vcpu = r->stopping_vcpu;
	if (rule->action == RULE_STOP)
		return false;
	rule->done++;
	*ret_lines = one_line(rule->command, ours ? "continue" : NULL);
	return ours;
}
