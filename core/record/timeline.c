/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/record/timeline.h"

#include <stdio.h>
#include <string.h>

#define EXACT_EVENTS 20000

/* The name of a source is that of its classes, before the dot; any chunk of it tells. */
static void name_row(struct recording *rec, const struct recording_block *b, struct timeline_row *row)
{
	struct parse in = { 0 };
	const char *name = "events";
	uint64_t id = 0;
	char source[16];

	if (b->tally_len) {
		in.p = rec->tallies.data + b->tally;
		in.end = in.p + b->tally_len;
		id = parse_varint(&in);
		if (!in.bad && id < rec->nclasses && rec->classes[id])
			name = rec->classes[id]->schema.name;
	}
	snprintf(source, sizeof(source), "%.*s", (int)strcspn(name, "."), name);
	if (b->block.stream & 0xfffff)
		snprintf(row->name, sizeof(row->name), "%s cpu%u", source, VMS_STREAM_CPU(b->block.stream));
	else
		snprintf(row->name, sizeof(row->name), "%s", source);
}

static struct timeline_row *row_of(struct recording *rec, struct timeline *t, const struct recording_block *b)
{
	struct timeline_row *row;

	for (unsigned i = 0; i < t->nrows; i++)
		if (t->row[i].stream == b->block.stream)
			return &t->row[i];
	if (t->nrows == TIMELINE_ROWS)
		return &t->row[TIMELINE_ROWS - 1];
	row = &t->row[t->nrows++];
	memset(row, 0, sizeof(*row));
	row->stream = b->block.stream;
	name_row(rec, b, row);
	return row;
}

static unsigned column_of(const struct timeline *t, uint64_t time)
{
	double part = (double)(time - t->from) / (double)(t->to - t->from);
	unsigned c = (unsigned)(part * t->ncolumns);

	return c < t->ncolumns ? c : t->ncolumns - 1;
}

static void spread(struct timeline *t, struct timeline_row *row, const struct vms_block *b)
{
	double width = (double)(t->to - t->from) / t->ncolumns, span = (double)(b->last - b->first) + 1;
	unsigned first = b->first > t->from ? column_of(t, b->first) : 0;
	unsigned last = b->last < t->to ? column_of(t, b->last) : t->ncolumns - 1;

	for (unsigned c = first; c <= last; c++) {
		double lo = c * width, hi = lo + width;
		double a = (double)b->first - (double)t->from, z = a + span;

		lo = lo > a ? lo : a;
		hi = hi < z ? hi : z;
		if (hi > lo)
			row->count[c] += b->count * (hi - lo) / span;
	}
	if (b->lost)
		row->lost[first] = true;
}

static void count_chunk(struct recording *rec, struct timeline *t, struct timeline_row *row, uint32_t block)
{
	const struct recording_block *b = &rec->blocks[block];
	const uint8_t *data;
	size_t len;

	if (!recording_payload(rec, block, &data, &len) ||
	    !chunk_decode(data, len, b->block.count, b->block.first, rec->classes, rec->nclasses, &rec->chunk))
		return;
	for (size_t i = 0; i < rec->chunk.n; i++) {
		uint64_t time = chunk_event(&rec->chunk, i)->time_ns;

		if (time >= t->from && time < t->to)
			row->count[column_of(t, time)]++;
	}
}

void timeline_fill(struct recording *rec, uint64_t from, uint64_t to, unsigned columns, struct timeline *t)
{
	uint64_t events = 0;

	t->from = from;
	t->to = to > from ? to : from + 1;
	t->ncolumns = !columns ? 1 : columns < TIMELINE_COLUMNS ? columns : TIMELINE_COLUMNS;
	t->nrows = 0;
	for (size_t i = 0; i < rec->nevents_blocks; i++) {
		const struct vms_block *b = &rec->blocks[rec->events[i]].block;

		if (b->first < t->to && b->last >= from)
			events += b->count;
	}
	for (size_t i = 0; i < rec->nevents_blocks; i++) {
		const struct recording_block *b = &rec->blocks[rec->events[i]];
		struct timeline_row *row;

		if (b->block.first >= t->to)
			break;
		if (b->block.last < from)
			continue;
		row = row_of(rec, t, b);
		if (events <= EXACT_EVENTS)
			count_chunk(rec, t, row, rec->events[i]);
		else
			spread(t, row, &b->block);
	}
	for (unsigned r = 0; r < t->nrows; r++) {
		t->row[r].most = 0;
		for (unsigned c = 0; c < t->ncolumns; c++)
			if (t->row[r].count[c] > t->row[r].most)
				t->row[r].most = t->row[r].count[c];
	}
}
