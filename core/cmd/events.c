/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info events, info exits, events. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/command/command.h"
#include "core/session/filter.h"

#define EVENTS_SHOWN 20

static uint64_t first_shown(struct session *s)
{
	uint64_t first = event_store_first(s->events);

	return first > s->events_from ? first : s->events_from;
}

/* Numbers of the last @max events that pass the filter, oldest first. */
static size_t last_events(struct session *s, size_t max, uint64_t *ret)
{
	uint64_t first = first_shown(s), n = event_store_end(s->events);
	size_t count = 0;

	while (n > first && count < max) {
		const struct event *event = event_store_get(s->events, --n);
		const struct schema *schema = event ? event_store_schema(s->events, event->schema) : NULL;

		if (schema && session_filter_match(s->filter, event, schema))
			ret[count++] = n;
	}
	for (size_t i = 0; i < count / 2; i++) {
		uint64_t swap = ret[i];

		ret[i] = ret[count - 1 - i];
		ret[count - 1 - i] = swap;
	}
	return count;
}

static struct error *info_events_run(struct session *s, const struct args *args, struct out *out)
{
	uint64_t max = args->value[0].given ? args->value[0].number : EVENTS_SHOWN;
	_free_ uint64_t *numbers = NULL;
	uint64_t drops;
	size_t count;

	session_poll(s);
	if (max > 100000)
		return error_create(ERROR_USAGE, "N is at most 100000");
	numbers = xcalloc(max + 1, sizeof(*numbers));
	count = last_events(s, max, numbers);
	for (size_t i = 0; i < count; i++) {
		const struct event *event = event_store_get(s->events, numbers[i]);

		event_print(out, event, event_store_schema(s->events, event->schema), s->start_ns);
	}
	if (!count)
		out_message(out, ROLE_TEXT, s->filter ? "no events pass the filter '%s'" : "no events%s",
			    s->filter ? session_filter_text(s->filter) : "");
	drops = event_store_drops(s->events);
	if (drops)
		out_message(out, ROLE_WARN, "%" PRIu64 " events were lost", drops);
	if (first_shown(s) > s->events_from)
		out_message(out, ROLE_DIM, "%" PRIu64 " older events were overwritten",
			    event_store_first(s->events) - s->events_from);
	return NULL;
}

const struct command cmd_info_events = {
	.name = "info events",
	.group = "events",
	.summary = "show the last N events (20) that pass the filter",
	.help = "Times are since the start of the session. `events filter` selects, `info types`\n"
		"lists the kinds of events.",
	.examples = (const char *const[]){ "continue; info events 5", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.run = info_events_run,
};

static struct error *types_run(struct session *s, const struct args *args, struct out *out)
{
	const struct schema *schema;

	for (unsigned i = 0; (schema = event_store_schema_at(s->events, i)); i++) {
		struct text fields = { 0 };

		for (unsigned f = 0; f < schema->nfields; f++)
			text_printf(&fields, "%s%s", f ? " " : "", schema->fields[f].name);
		out_begin(out, "schema");
		out_str(out, ROLE_LABEL, "name", 20, schema->name);
		out_text(out, ROLE_TEXT, " ");
		out_str(out, ROLE_TEXT, "help", 0, schema->help);
		out_nl(out);
		out_text(out, ROLE_DIM, "    ");
		out_str(out, ROLE_DIM, "fields", 0, text_str(&fields));
		out_end(out);
		text_deinit(&fields);
	}
	return NULL;
}

const struct command cmd_info_event_types = {
	.name = "info types",
	.aliases = (const char *const[]){ "info schemas", NULL },
	.group = "events",
	.summary = "list the kinds of events and their fields",
	.examples = (const char *const[]){ "info types", NULL },
	.run = types_run,
};

/* ---- info exits ---------------------------------------------------------------------------------- */

static struct error *info_exits_run(struct session *s, const struct args *args, struct out *out)
{
	const struct schema *schema;
	uint64_t total = 0;

	session_poll(s);
	for (unsigned i = 0; (schema = event_store_schema_at(s->events, i)); i++) {
		uint64_t n = event_store_count(s->events, schema->id);

		if (!n || strncmp(schema->name, "vm.exit.", 8))
			continue;
		total += n;
		out_begin(out, "exits");
		out_str(out, ROLE_LABEL, "name", 20, schema->name);
		out_text(out, ROLE_TEXT, " ");
		out_dec(out, ROLE_NUMBER, "count", 12, n);
		out_text(out, ROLE_COMMENT, "  ");
		out_str(out, ROLE_COMMENT, "help", 0, schema->help);
		out_end(out);
	}
	if (!total)
		out_message(out, ROLE_TEXT, "no exits yet");
	for (unsigned i = 0; s->target && i < target_vcpu_count(s->target); i++) {
		struct vcpu_info info;
		_error_ struct error *error = target_vcpu_info(s->target, i, &info);

		if (error)
			continue;
		out_begin(out, "vcpu_exits");
		out_text(out, ROLE_TEXT, "vCPU ");
		out_dec(out, ROLE_NUMBER, "vcpu", 0, i);
		out_pad(out, 21);
		out_dec(out, ROLE_NUMBER, "count", 12, info.exits);
		out_text(out, ROLE_COMMENT, "  exits to user space, steps too");
		out_end(out);
	}
	if (event_store_drops(s->events))
		out_message(out, ROLE_WARN, "%" PRIu64 " events were lost and are not in these counts",
			    event_store_drops(s->events));
	return NULL;
}

const struct command cmd_info_exits = {
	.name = "info exits",
	.group = "events",
	.summary = "count exits by kind and by vCPU",
	.examples = (const char *const[]){ "continue; info exits", NULL },
	.run = info_exits_run,
};

/* ---- events filter, events clear ----------------------------------------------------------------- */

static struct error *events_run(struct session *s, const struct args *args, struct out *out)
{
	out_begin(out, "events");
	out_text(out, ROLE_TEXT, "filter: ");
	out_str(out, ROLE_TEXT, "filter", 0, s->filter ? session_filter_text(s->filter) : "none");
	out_text(out, ROLE_TEXT, ", events: ");
	out_dec(out, ROLE_NUMBER, "count", 0, event_store_end(s->events));
	out_text(out, ROLE_TEXT, ", lost: ");
	out_dec(out, event_store_drops(s->events) ? ROLE_WARN : ROLE_NUMBER, "drops", 0,
		event_store_drops(s->events));
	out_end(out);
	return NULL;
}

const struct command cmd_events = {
	.name = "events",
	.group = "events",
	.summary = "show the events' filter and counts",
	.examples = (const char *const[]){ "events", NULL },
	.run = events_run,
};

static struct error *filter_run(struct session *s, const struct args *args, struct out *out)
{
	struct session_filter *filter = NULL;
	struct error *error = NULL;

	if (args->value[0].given && strcmp(args->value[0].text, "none"))
		error = session_filter_create(s, args->value[0].text, &filter);
	if (error)
		return error;
	session_filter_destroy(s->filter);
	s->filter = filter;
	session_changed(s);
	return NULL;
}

static void complete_schema(struct session *s, const char *prefix, completion_fn fn, void *ctx)
{
	const struct schema *schema;

	for (unsigned i = 0; (schema = event_store_schema_at(s->events, i)); i++) {
		struct completion c = { schema->name, schema->help };

		if (!strncmp(schema->name, prefix, strlen(prefix)))
			fn(ctx, &c);
	}
}

const struct command cmd_events_filter = {
	.name = "events filter",
	.group = "events",
	.summary = "show only events of these names whose fields fulfil COND; none: all",
	.help = "Names may hold * and ? and leave out their beginning: `io` is vm.exit.io.",
	.examples = (const char *const[]){ "events filter io if port == 0xe9; continue; info events",
					   "events filter vm.exit.*", "events filter none", NULL },
	.args = { { .type = ARG_REST, .name = "NAME... [if COND]", .optional = true,
		    .complete = complete_schema } },
	.run = filter_run,
};

static struct error *clear_run(struct session *s, const struct args *args, struct out *out)
{
	session_poll(s);
	s->events_from = event_store_end(s->events);
	session_changed(s);
	return NULL;
}

const struct command cmd_events_clear = {
	.name = "events clear",
	.group = "events",
	.summary = "show only events from now on",
	.examples = (const char *const[]){ "events clear", NULL },
	.run = clear_run,
};
