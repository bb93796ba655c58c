/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/loop.h"
#include "core/base/records.h"
#include "core/base/text.h"
#include "probes/hist_read.h"

void probe_out_time(struct out *out, const char *name, uint64_t ns)
{
	char buf[32];

	out_text(out, ROLE_NUMBER, " %11s", format_time_ns(buf, sizeof(buf), ns));
	out_hidden_dec(out, name, ns);
}

void probe_out_hist(struct out *out, const char *from, const struct hist *h)
{
	if (!out->is_json)
		return;
	out_list(out, "histogram");
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		if (!h->bucket[i])
			continue;
		out_begin(out, "bucket");
		out_hidden_dec(out, from, hist_low(i));
		out_hidden_dec(out, "count", h->bucket[i]);
		out_end(out);
	}
	out_list_end(out);
}

static void show_parts(const struct probe_run *run, struct out *out)
{
	const struct probe *probe = run->probe;

	for (unsigned i = 0; probe->parts[i].name; i++)
		out_text(out, run->chosen[i] < 0 ? ROLE_WARN : ROLE_DIM, "%s%s %s", i ? ", " : "", probe->parts[i].name,
			 run->chosen[i] < 0 ? "none" : probe->parts[i].rungs[run->chosen[i]].kind);
	if (!out->is_json) /* records of their own would each end the line */
		return;
	out_list(out, "parts");
	for (unsigned i = 0; probe->parts[i].name; i++) {
		const struct probe_part *part = &probe->parts[i];
		const struct probe_rung *rung = run->chosen[i] < 0 ? NULL : &part->rungs[run->chosen[i]];

		out_begin(out, "part");
		out_hidden_str(out, "part", part->name);
		out_hidden_str(out, "rung", rung ? rung->kind : "none");
		out_hidden_str(out, "place", rung ? rung->place : "");
		out_end(out);
	}
	out_list_end(out);
}

static void show_state(struct probe_run *run, struct out *out)
{
	uint64_t elapsed = clock_now_ns() - run->since_ns, lost = reader_lost(run->reader);
	char buf[32];

	out_begin(out, "probe_state");
	out_str(out, ROLE_HEADING, "name", 0, run->probe->name);
	out_text(out, ROLE_DIM, " for %s; ", format_time_ns(buf, sizeof(buf), elapsed));
	out_hidden_dec(out, "elapsed_ns", elapsed);
	show_parts(run, out);
	out_hidden_str(out, "streams", run->options.events ? "yes" : "no");
	if (run->options.events) {
		out_text(out, ROLE_DIM, "; ");
		out_dec(out, ROLE_NUMBER, "events", 0, reader_events(run->reader));
		out_text(out, ROLE_DIM, " events, ");
		out_dec(out, lost ? ROLE_WARN : ROLE_NUMBER, "lost", 0, lost);
		out_text(out, ROLE_DIM, " lost");
	}
	if (run->probe->marks)
		run->probe->marks(run, out);
	out_end(out);
}

struct error *probe_show(struct probe_run *run, struct out *out)
{
	show_state(run, out);
	return run->probe->show(run, out);
}

/* ---- histograms as text --------------------------------------------------------------------------- */

#define BAR_CELLS 50

static const struct record_value *from_of(const struct record *bucket)
{
	for (size_t i = 0; i < bucket->values.len; i++)
		if (!strncmp(bucket->values.data[i].name, "from", 4))
			return &bucket->values.data[i];
	return NULL;
}

static void show_bucket(struct out *out, const struct record *bucket, uint64_t most)
{
	const struct record_value *from = from_of(bucket);
	uint64_t count = record_number(bucket, "count", 0);
	const char *unit = from && from->name[4] == '_' ? from->name + 5 : "";
	int bar = most ? (int)((double)count / (double)most * BAR_CELLS + 0.5) : 0;
	char buf[48];

	if (!from)
		return;
	if (!strcmp(unit, "ns"))
		format_time_ns(buf, sizeof(buf), from->number);
	else
		snprintf(buf, sizeof(buf), "%s %s", from->text, unit);
	out_text(out, ROLE_NUMBER, "  %16s", buf);
	out_text(out, ROLE_NUMBER, " %10" PRIu64 " ", count);
	for (int i = 0; i < bar || (!i && count); i++)
		out_text(out, ROLE_GOOD, "#");
	out_nl(out);
}

static void show_record(struct out *out, const struct record *r)
{
	const struct record_list *buckets = record_children(r, "histogram");
	uint64_t most = 0;
	bool first = true;

	if (!buckets || !buckets->len)
		return;
	for (size_t i = 0; i < r->values.len; i++) {
		const struct record_value *v = &r->values.data[i];

		if (v->is_number && strcmp(v->name, "vcpu") && strcmp(v->name, "cpu") && strcmp(v->name, "count"))
			continue;
		if (!*v->text || !strcmp(v->name, "unit") || !strcmp(v->name, "stack"))
			continue;
		out_text(out, ROLE_HEADING, "%s%s %s", first ? "" : "  ", v->name, v->text);
		first = false;
	}
	out_nl(out);
	for (size_t i = 0; i < buckets->len; i++) {
		uint64_t count = record_number(&buckets->data[i], "count", 0);

		most = count > most ? count : most;
	}
	for (size_t i = 0; i < buckets->len; i++)
		show_bucket(out, &buckets->data[i], most);
}

struct error *probe_show_hist(struct probe_run *run, struct out *out)
{
	struct out *records = out->is_json ? NULL : out_create_records();
	struct error *error = probe_show(run, records ? records : out);
	const struct record_list *list = records ? out_records(records) : NULL;
	bool any = false;

	for (size_t i = 0; list && !error && i < list->len; i++) {
		show_record(out, &list->data[i]);
		any |= record_children(&list->data[i], "histogram") != NULL;
	}
	if (list && !error && !any)
		out_message(out, ROLE_TEXT, "probe %s has no histogram yet", run->probe->name);
	out_destroy(records);
	return error;
}
