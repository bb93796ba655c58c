/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/decode/virtio/history.h"
#include "core/decode/virtio/request.h"
#include "core/decode/virtio/show.h"

/* How long a request waited: it became available somewhere between two looks of the device. */
static void show_wait(const struct virtq_record *r, struct out *out)
{
	char least[32], most[32];

	if (!r->avail_by_ns || r->avail_by_ns > r->picked_ns) {
		out_text(out, ROLE_DIM, "%-18s", "?");
		return;
	}
	out_hidden_dec(out, "wait_least_ns", r->picked_ns - r->avail_by_ns);
	format_time_ns(least, sizeof(least), r->picked_ns - r->avail_by_ns);
	if (!r->avail_after_ns || r->avail_after_ns > r->avail_by_ns) {
		out_text(out, ROLE_TEXT, ">= %-15s", least);
		return;
	}
	out_hidden_dec(out, "wait_most_ns", r->picked_ns - r->avail_after_ns);
	format_time_ns(most, sizeof(most), r->picked_ns - r->avail_after_ns);
	out_text(out, ROLE_TEXT, "%7s..%-9s", least, most);
}

static void show_record(const struct virtq_record *r, const struct virtq_source *src, uint64_t t0, struct out *out)
{
	char text[160], role[32], time[32];
	struct virtio_request rq = {
		.virtio_id = src->dev.virtio_id, .role = virtq_role(src, role, sizeof(role)),
		.features = src->dev.driver, .be = virtio_device_be(&src->dev), .head = r->head_bytes,
		.head_len = r->head_len, .readable = r->readable, .writable = r->writable,
	};
	uint64_t rel = r->picked_ns > t0 ? r->picked_ns - t0 : 0;

	out_begin(out, "virtq_request");
	out_text(out, ROLE_TEXT, "  ");
	out_dec(out, ROLE_NUMBER, "seq", 6, r->seq);
	out_dec(out, ROLE_NUMBER, "head", 6, r->head);
	out_hidden_dec(out, "picked_ns", r->picked_ns);
	out_text(out, ROLE_DIM, "  +%" PRIu64 ".%06" PRIu64 "  ", rel / 1000000000, rel / 1000 % 1000000);
	show_wait(r, out);
	if (r->kick_ns) {
		out_hidden_dec(out, "kick_ns", r->kick_ns);
		out_text(out, ROLE_TEXT, "  %8s", format_time_ns(time, sizeof(time), r->picked_ns - r->kick_ns));
	} else {
		out_text(out, ROLE_DIM, "  %8s", "-");
	}
	if (r->used) {
		out_hidden_dec(out, "service_ns", r->used_ns - r->picked_ns);
		out_text(out, ROLE_TEXT, "  %8s", format_time_ns(time, sizeof(time), r->used_ns - r->picked_ns));
		out_hidden_dec(out, "len", r->len);
	} else {
		out_text(out, ROLE_WARN, "  %8s", "out");
	}
	if (r->irq_ns) {
		out_hidden_dec(out, "irq_after_ns", r->irq_ns - r->used_ns);
		out_bool(out, r->irq_sent ? ROLE_TEXT : ROLE_DIM, "irq", "", "", r->irq_sent);
		out_text(out, r->irq_sent ? ROLE_TEXT : ROLE_DIM, "  %8s", r->irq_sent ?
			 format_time_ns(time, sizeof(time), r->irq_ns - r->used_ns) : "saved");
	} else {
		out_text(out, ROLE_DIM, "  %8s", "-");
	}
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_SYMBOL, "text", 0, virtio_request_text(&rq, text, sizeof(text)));
	out_end(out);
}

static void show_titles(struct out *out)
{
	out_text(out, ROLE_HEADING, "  %6s%6s  %-9s  %-18s  %8s  %8s  %8s  %s", "seq", "head", "taken at", "waited", "bell to",
		 "taken to", "used to", "request");
	out_nl(out);
	out_text(out, ROLE_HEADING, "  %6s%6s  %-9s  %-18s  %8s  %8s  %8s", "", "", "", "", "taken", "used", "irq");
	out_nl(out);
}

static void show_distribution(const char *title, const char *name, const struct virtq_distribution *d, bool time,
			      struct out *out)
{
	uint64_t most = 0;
	unsigned first = VIRTQ_BUCKETS, last = 0;
	char a[32], b[32];

	if (!d->count)
		return;
	for (unsigned i = 0; i < VIRTQ_BUCKETS; i++) {
		if (!d->bucket[i])
			continue;
		first = i < first ? i : first;
		last = i;
		most = d->bucket[i] > most ? d->bucket[i] : most;
	}
	out_begin(out, "distribution");
	out_hidden_str(out, "name", name);
	out_text(out, ROLE_HEADING, "  %s", title);
	out_text(out, ROLE_LABEL, ": ");
	out_dec(out, ROLE_NUMBER, "count", 0, d->count);
	out_hidden_dec(out, "sum", d->sum);
	out_hidden_dec(out, "max", d->max);
	if (time)
		out_text(out, ROLE_TEXT, ", mean %s, at most %s", format_time_ns(a, sizeof(a), d->sum / d->count),
			 format_time_ns(b, sizeof(b), d->max));
	else
		out_text(out, ROLE_TEXT, ", mean %.2f, at most %" PRIu64, (double)d->sum / d->count, d->max);
	out_nl(out);
	out_list(out, "buckets");
	for (unsigned i = first; i <= last; i++) {
		uint64_t lo = i ? 1ULL << i : 0, hi = (2ULL << i) - 1;
		int bar = d->bucket[i] ? 1 + d->bucket[i] * 39 / most : 0;

		out_begin(out, "bucket");
		out_hidden_dec(out, "from", lo);
		out_hidden_dec(out, "to", hi);
		if (time)
			out_text(out, ROLE_LABEL, "    %8s - %-8s", format_time_ns(a, sizeof(a), lo),
				 format_time_ns(b, sizeof(b), hi + 1));
		else
			out_text(out, ROLE_LABEL, "    %8" PRIu64 " - %-8" PRIu64, lo, hi);
		out_dec(out, ROLE_NUMBER, "n", 8, d->bucket[i]);
		out_text(out, ROLE_GOOD, "  %.*s", bar, "########################################");
		out_end(out);
	}
	out_list_end(out);
	out_end(out);
}

static void show_economy(const struct virtq_history *q, const struct virtio_history *all, struct out *out)
{
	char span[32];

	out_begin(out, "virtq_history");
	out_str(out, ROLE_HEADING, "device", 0, q->name);
	out_text(out, ROLE_HEADING, " queue ");
	out_dec(out, ROLE_HEADING, "queue", 0, q->queue);
	out_text(out, ROLE_TEXT, " during %s: ", format_time_ns(span, sizeof(span), q->last_ns - q->first_ns));
	out_dec(out, ROLE_NUMBER, "requests", 0, q->picks);
	out_text(out, ROLE_TEXT, " requests, ");
	out_dec(out, ROLE_NUMBER, "used", 0, q->used);
	out_text(out, ROLE_TEXT, " given back");
	out_nl(out);
	out_text(out, ROLE_LABEL, "  doorbells ");
	out_dec(out, ROLE_NUMBER, "doorbells", 0, q->doorbells);
	if (q->picks)
		out_text(out, ROLE_LABEL, " = ");
	if (q->picks)
		out_strf(out, ROLE_NUMBER, "doorbells_per_request", "%.2f", (double)q->doorbells / q->picks);
	out_text(out, ROLE_LABEL, q->picks ? " each, not asked for " : ", not asked for ");
	out_dec(out, ROLE_NUMBER, "kicks_unwanted", 0, q->kicks_unwanted);
	out_text(out, ROLE_LABEL, ", buffers found without one ");
	out_dec(out, q->polled ? ROLE_WARN : ROLE_NUMBER, "polled", 0, q->polled);
	out_nl(out);
	out_text(out, ROLE_LABEL, "  interrupts ");
	out_dec(out, ROLE_NUMBER, "irqs", 0, q->irqs);
	out_text(out, ROLE_LABEL, " sent, ");
	out_dec(out, ROLE_NUMBER, "irqs_saved", 0, q->irqs_saved);
	out_text(out, ROLE_LABEL, " saved");
	if (all->missed) {
		out_nl(out);
		out_text(out, ROLE_WARN, "  ");
		out_dec(out, ROLE_WARN, "missed", 0, all->missed);
		out_text(out, ROLE_WARN, " events were overwritten before anybody looked: counts are too small");
	}
	out_end(out);
}

static void show_findings(const struct virtq_history *q, uint64_t t0, struct out *out)
{
	uint64_t from = q->nfindings > VIRTQ_HISTORY_FINDINGS ? q->nfindings - VIRTQ_HISTORY_FINDINGS : 0;

	for (uint64_t i = from; i < q->nfindings; i++) {
		const struct vmm_virtio_finding *f = &q->finding[i % VIRTQ_HISTORY_FINDINGS];
		uint64_t at = q->finding_ns[i % VIRTQ_HISTORY_FINDINGS], rel = at > t0 ? at - t0 : 0;

		out_begin(out, "finding");
		out_hidden_str(out, "view", "virtio");
		out_hidden_str(out, "device", q->name);
		out_hidden_dec(out, "queue", q->queue);
		out_text(out, ROLE_FINDING, "! ");
		out_strf(out, ROLE_FINDING, "rule", "RI%02u", f->rule);
		out_text(out, ROLE_FINDING, " at +%" PRIu64 ".%06" PRIu64 " by the device: head %u, entry %u, 0x%" PRIx64
			 " 0x%" PRIx64 "%s", rel / 1000000000, rel / 1000 % 1000000, f->head, f->entry, f->addr, f->len,
			 f->fatal ? "; it stopped the queue" : "");
		out_hidden_dec(out, "time_ns", at);
		out_hidden_dec(out, "head", f->head);
		out_hidden_hex(out, "addr", f->addr);
		out_hidden_hex(out, "len", f->len);
		out_end(out);
	}
}

void virtq_history_show(const struct virtq_history *q, const struct virtio_history *all,
			const struct virtq_source *src, unsigned n, uint64_t t0, struct out *out)
{
	uint64_t from;

	show_economy(q, all, out);
	if (n > VIRTQ_HISTORY)
		n = VIRTQ_HISTORY;
	from = q->next_seq > n ? q->next_seq - n : 0;
	if (q->next_seq && n && !out->is_json)
		show_titles(out);
	for (uint64_t seq = from; seq < q->next_seq; seq++) {
		const struct virtq_record *r = virtq_history_record(q, seq);

		if (r)
			show_record(r, src, t0, out);
	}
	show_distribution("taken to used", "latency", &q->latency, true, out);
	show_distribution("seen available to taken", "wait", &q->wait, true, out);
	show_distribution("requests per doorbell", "batch", &q->batch, false, out);
	show_distribution("given back per interrupt", "irq_batch", &q->irq_batch, false, out);
	show_findings(q, t0, out);
}
