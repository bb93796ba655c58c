/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/record/report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/base/text.h"
#include "core/record/durations.h"

static const char *type_name(unsigned type)
{
	static const char *const names[] = {
		[VMS_BLOCK_CLASSES] = "classes", [VMS_BLOCK_EVENTS] = "events", [VMS_BLOCK_RECORDS] = "records",
		[VMS_BLOCK_SNAPSHOT] = "snapshot", [VMS_BLOCK_PAGEDATA] = "pagedata",
		[VMS_BLOCK_PAGEMAP] = "pagemap", [VMS_BLOCK_STEPS] = "steps", [VMS_BLOCK_INDEX] = "index",
		[VMS_BLOCK_TRAILER] = "trailer",
	};

	return type && type < VMS_BLOCK_TYPES ? names[type] : "unknown";
}

static const char *kind_name(unsigned kind)
{
	static const char *const names[] = {
		[VMS_REC_META] = "meta", [VMS_REC_CLOCK] = "clock", [VMS_REC_REGTABLE] = "regtable",
		[VMS_REC_VCPU] = "vcpu", [VMS_REC_REGS] = "regs", [VMS_REC_STATE] = "state",
		[VMS_REC_REGIONS] = "regions", [VMS_REC_STOP] = "stop", [VMS_REC_SYMFILE] = "symfile",
		[VMS_REC_SYMBOLS] = "symbols", [VMS_REC_NOTE] = "note", [VMS_REC_TEXT] = "text",
	};

	return kind && kind <= VMS_REC_TEXT ? names[kind] : "unknown";
}

/* ---- blocks -------------------------------------------------------------------------------------- */

static bool print_record(void *ctx, const struct recording_record *r)
{
	struct out *out = ctx;

	out_begin(out, "record");
	out_text(out, ROLE_TEXT, "    ");
	out_str(out, ROLE_LABEL, "kind", 10, kind_name(r->kind));
	out_dec(out, ROLE_NUMBER, "time_ns", 20, r->time_ns);
	out_text(out, ROLE_TEXT, " ");
	out_dec(out, ROLE_NUMBER, "len", 8, r->len);
	out_end(out);
	return true;
}

static void print_block(struct out *out, const struct recording_block *b)
{
	const struct vms_block *v = &b->block;

	out_begin(out, "block");
	out_dec(out, ROLE_NUMBER, "seq", 6, v->seq);
	out_text(out, ROLE_TEXT, " ");
	out_hex(out, ROLE_ADDR, "offset", 10, b->offset);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_LABEL, "block", 9, type_name(v->type));
	out_dec(out, ROLE_NUMBER, "stored", 9, v->stored);
	out_text(out, ROLE_TEXT, " of ");
	out_dec(out, ROLE_NUMBER, "raw", 9, v->raw);
	out_text(out, ROLE_TEXT, " ");
	out_dec(out, ROLE_NUMBER, "count", 7, v->count);
	out_text(out, ROLE_TEXT, "  ");
	out_dec(out, ROLE_NUMBER, "first", 0, v->first);
	out_text(out, ROLE_TEXT, "..");
	out_dec(out, ROLE_NUMBER, "last", 0, v->last);
	if (v->type == VMS_BLOCK_EVENTS) {
		out_text(out, ROLE_TEXT, "  source ");
		out_dec(out, ROLE_NUMBER, "source", 0, VMS_STREAM_SOURCE(v->stream));
		if (v->stream & 0xfffff) {
			out_text(out, ROLE_TEXT, " cpu ");
			out_dec(out, ROLE_NUMBER, "cpu", 0, VMS_STREAM_CPU(v->stream));
		}
		if (v->lost) {
			out_text(out, ROLE_WARN, " lost ");
			out_dec(out, ROLE_WARN, "lost", 0, v->lost);
			out_hidden_dec(out, "lost_reason", v->lost_reason);
		}
	}
	out_end(out);
}

void record_report_raw(struct recording *rec, struct out *out)
{
	for (size_t i = 0; i < rec->nblocks; i++) {
		print_block(out, &rec->blocks[i]);
		if (rec->blocks[i].block.type == VMS_BLOCK_RECORDS || rec->blocks[i].block.type == VMS_BLOCK_SNAPSHOT)
			recording_records(rec, i, print_record, out);
	}
	for (size_t i = 0; i < rec->nclasses; i++) {
		const struct event_class *c = rec->classes[i];

		if (!c)
			continue;
		out_begin(out, "class");
		out_dec(out, ROLE_NUMBER, "id", 6, c->id);
		out_text(out, ROLE_TEXT, " ");
		out_str(out, ROLE_LABEL, "name", 0, c->schema.name);
		for (unsigned f = 0; f < c->schema.nfields; f++)
			out_text(out, ROLE_TEXT, " %s@%u+%u", c->schema.fields[f].name, c->schema.fields[f].offset,
				 c->schema.fields[f].size);
		out_end(out);
	}
	record_report_end(rec, out);
}

/* ---- counts -------------------------------------------------------------------------------------- */

static void print_duration(struct out *out, const char *name, const struct durations *d)
{
	char a[32], b[32], c[32], sum[32];

	out_begin(out, "duration");
	out_text(out, ROLE_TEXT, "    ");
	out_str(out, ROLE_LABEL, "field", 16, name);
	out_hidden_dec(out, "p50_ns", durations_quantile(d, 50));
	out_hidden_dec(out, "p99_ns", durations_quantile(d, 99));
	out_hidden_dec(out, "max_ns", d->max);
	out_hidden_dec(out, "sum_ns", d->sum);
	out_text(out, ROLE_TEXT, " p50 %-9s p99 %-9s max %-9s sum %s",
		 format_time_ns(a, sizeof(a), durations_quantile(d, 50)),
		 format_time_ns(b, sizeof(b), durations_quantile(d, 99)), format_time_ns(c, sizeof(c), d->max),
		 format_time_ns(sum, sizeof(sum), d->sum));
	out_end(out);
}

void record_report_stats(struct recording *rec, struct out *out)
{
	uint64_t n = recording_count(rec), span = recording_last_time(rec) - recording_first_time(rec);
	struct record_stats *stats = record_stats_create(rec);
	char text[32];

	out_begin(out, "stats");
	out_dec(out, ROLE_NUMBER, "events", 0, n);
	out_text(out, ROLE_TEXT, " events in %s", format_time_ns(text, sizeof(text), span));
	out_hidden_dec(out, "span_ns", span);
	out_hidden_dec(out, "bytes", rec->file_size);
	out_text(out, ROLE_TEXT, ", %s", format_size(text, sizeof(text), rec->file_size));
	out_end(out);
	for (size_t i = 0; i < rec->nclasses; i++) {
		const struct event_class *c = rec->classes[i];
		uint64_t count = stats->classes[i].count;

		if (!c || !count)
			continue;
		out_begin(out, "class");
		out_str(out, ROLE_LABEL, "name", 24, c->schema.name);
		out_dec(out, ROLE_NUMBER, "count", 12, count);
		out_text(out, ROLE_TEXT, "  %5.1f%%", 100.0 * (double)count / (double)n);
		if (span)
			out_text(out, ROLE_TEXT, "  %.0f/s", (double)count * 1e9 / (double)span);
		out_end(out);
		for (unsigned f = 0; f < c->schema.nfields && f < RECORD_STATS_FIELDS; f++)
			if (stats->classes[i].field[f])
				print_duration(out, c->schema.fields[f].name, stats->classes[i].field[f]);
	}
	record_stats_destroy(stats);
	record_report_end(rec, out);
}

/* ---- soundness ----------------------------------------------------------------------------------- */

void record_report_end(struct recording *rec, struct out *out)
{
	uint64_t lost = recording_lost(rec);

	if (lost)
		out_message(out, ROLE_WARN, "%" PRIu64 " events were lost: the recorder did not keep up", lost);
	if (rec->hurt)
		out_message(out, ROLE_WARN, "damaged: %s (%" PRIu64 " place%s, %" PRIu64 " bytes)", rec->damage,
			    rec->ndamage, rec->ndamage == 1 ? "" : "s", rec->damage_bytes);
	else if (!rec->has_index)
		out_message(out, ROLE_WARN, "the recording was not closed: it ends with its last whole chunk");
}

bool record_report_check(struct recording *rec, struct out *out)
{
	recording_verify(rec);
	if (!rec->hurt)
		out_message(out, ROLE_GOOD, "sound: %zu blocks, %" PRIu64 " events", rec->nblocks,
			    recording_count(rec));
	else
		record_report_end(rec, out);
	return !rec->hurt;
}
