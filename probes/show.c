/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/show.h"

#include <inttypes.h>

#include "core/base/loop.h"
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
