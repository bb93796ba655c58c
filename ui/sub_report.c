/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `vmscope report FILE`: a recording as text, as JSON lines, as counts, or block by block. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "core/record/report.h"
#include "core/session/filter.h"
#include "core/session/play.h"
#include "core/record/target_recording.h"
#include "ui/app.h"

struct report {
	const char *path, *filter;
	uint64_t from_ns, to_ns;	/* since the start */
	bool json, stats, raw, check, help, has_from, has_to;
};

static void print_options(FILE *to)
{
	fprintf(to, "\nOptions:\n"
		"  -F FILTER     only these events: names, a condition, as `events filter` takes them\n"
		"  --from TIME   from this time after the start on, as 1500ms\n"
		"  --to TIME     up to this time\n"
		"  --stats       counts and rates by event, durations by field, instead of events\n"
		"  --check       read and check every byte; exit status 1 when something is damaged\n"
		"  --raw         the blocks of the file\n"
		"  --json        one JSON object a line\n");
}

static struct error *parse(struct report *r, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		bool takes = !strcmp(word, "-F") || !strcmp(word, "--from") || !strcmp(word, "--to");
		struct error *error = NULL;

		if (takes && i + 1 == argc)
			return error_create(ERROR_USAGE, "option %s wants a value", word);
		if (!strcmp(word, "-F")) {
			r->filter = argv[++i];
		} else if (!strcmp(word, "--from")) {
			error = parse_time_ns(argv[++i], &r->from_ns);
			r->has_from = true;
		} else if (!strcmp(word, "--to")) {
			error = parse_time_ns(argv[++i], &r->to_ns);
			r->has_to = true;
		} else if (!strcmp(word, "--stats")) {
			r->stats = true;
		} else if (!strcmp(word, "--raw")) {
			r->raw = true;
		} else if (!strcmp(word, "--check")) {
			r->check = true;
		} else if (!strcmp(word, "--json")) {
			r->json = true;
		} else if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
			r->help = true;
		} else if (*word == '-' || r->path) {
			return error_create(ERROR_USAGE, "report does not know '%s'", word);
		} else {
			r->path = word;
		}
		if (error)
			return error;
	}
	return r->path || r->help ? NULL : error_create(ERROR_USAGE, "report wants a recording");
}

static struct error *print_events(const struct report *r, struct session *s, struct out *out)
{
	struct recording *rec = recording_target_recording(s->target);
	struct session_filter *filter = NULL;
	struct error *error = r->filter ? session_filter_create(s, r->filter, &filter) : NULL;
	uint64_t first = r->has_from ? recording_before(rec, s->start_ns + r->from_ns) : 0;
	uint64_t end = r->has_to ? recording_before(rec, s->start_ns + r->to_ns) : recording_count(rec);

	for (uint64_t n = first; n < end && !error; n++) {
		const struct event *event = recording_event(rec, n);
		const struct schema *schema = event ? event_store_schema(s->events, event->schema) : NULL;

		if (schema && session_filter_match(filter, event, schema))
			event_print(out, event, schema, s->start_ns);
		if (n % 4096 == 0 && ferror(stdout))
			break;
	}
	session_filter_destroy(filter);
	return error;
}

static struct error *print(struct app *app, const struct report *r, struct out *out)
{
	struct recording *rec = NULL;
	struct session *s = NULL;
	struct error *error;

	if (r->raw || r->stats || r->check) {
		error = recording_open(r->path, &rec);
		if (!error && r->raw)
			record_report_raw(rec, out);
		if (!error && r->stats)
			record_report_stats(rec, out);
		if (!error && r->check && !record_report_check(rec, out))
			app->exit_status = 1;
		recording_destroy(rec);
		return error;
	}
	error = session_create(&s);
	if (!error)
		error = session_play(s, r->path);
	if (!error)
		error = print_events(r, s, out);
	if (!error) {
		rec = recording_target_recording(s->target);
		record_report_end(rec, out);
	}
	session_destroy(s);
	return error;
}

static struct error *run(struct app *app, int argc, char **argv)
{
	struct report r = { 0 };
	struct error *error = parse(&r, argc, argv);
	struct out *out;

	if (!error && r.help) {
		subcommand_usage(subcommand_find("report"), stdout);
		return NULL;
	}
	if (error)
		return error;
	out = r.json ? out_create_json(stdout) : out_create_plain(stdout, false);
	error = print(app, &r, out);
	out_destroy(out);
	return error;
}

const struct subcommand subcommand_report = {
	.name = "report",
	.args = "[OPTION...] FILE",
	.summary = "print a recording: its events, counts, or blocks",
	.options = print_options,
	.run = run,
	.help =
"One line an event: time since the start, vCPU, name, fields. Losses are printed\n"
"in their place and summed up at the end.\n"
"\n"
"Examples:\n"
"  vmscope report a.vms | less\n"
"  vmscope report -F 'io if port == 0x3f8' --from 1s --to 1500ms a.vms\n"
"  vmscope report --stats a.vms\n",
};
