/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/record/durations.h"

#include <stdlib.h>

static unsigned bucket_of(uint64_t ns)
{
	unsigned log;

	if (ns < 16)
		return (unsigned)ns;
	log = 63 - (unsigned)__builtin_clzll(ns);
	return log * 8 + (unsigned)(ns >> (log - 3) & 7) - 16;
}

void durations_add(struct durations *d, uint64_t ns)
{
	d->count++;
	d->sum += ns;
	if (ns > d->max)
		d->max = ns;
	d->bucket[bucket_of(ns)]++;
}

uint64_t durations_quantile(const struct durations *d, unsigned percent)
{
	uint64_t want = (d->count * percent + 99) / 100, seen = 0;

	for (unsigned i = 0; i < DURATION_BUCKETS; i++) {
		unsigned log = (i + 16) / 8, part = (i + 16) % 8;
		uint64_t lo, mid;

		seen += d->bucket[i];
		if (seen < want || !seen)
			continue;
		if (i < 16)
			return i;
		lo = (8ull + part) << (log - 3);
		mid = lo + (1ull << (log - 3)) / 2;
		return mid < d->max ? mid : d->max;
	}
	return d->max;
}

static void add_event(struct record_stats *stats, const struct event_class *c, const struct event *event)
{
	for (unsigned f = 0; f < c->schema.nfields && f < RECORD_STATS_FIELDS; f++) {
		uint64_t v;

		if (stats->classes[c->id].field[f] &&
		    field_read(&c->schema.fields[f], event->payload, event->payload_len, &v))
			durations_add(stats->classes[c->id].field[f], v);
	}
}

struct record_stats *record_stats_create(struct recording *rec)
{
	struct record_stats *stats = xcalloc(1, sizeof(*stats) + (rec->nclasses + 1) * sizeof(stats->classes[0]));
	uint32_t *ids = xcalloc(rec->nclasses + 1, sizeof(*ids)), *keep = xcalloc(rec->nclasses + 1, sizeof(*keep));

	stats->nclasses = rec->nclasses;
	/* Records that come out say their class by its number here. */
	for (uint32_t i = 0; i < rec->nclasses; i++) {
		const struct event_class *c = rec->classes[i];

		ids[i] = i;
		keep[i] = c ? c->schema.id : 0;
		for (unsigned f = 0; c && f < c->schema.nfields && f < RECORD_STATS_FIELDS; f++)
			if (c->schema.fields[f].unit == UNIT_NS)
				stats->classes[i].field[f] = xcalloc(1, sizeof(struct durations));
	}
	recording_map_schemas(rec, ids);
	for (size_t i = 0; i < rec->nevents_blocks; i++) {
		const struct recording_block *b = &rec->blocks[rec->events[i]];
		const uint8_t *data;
		size_t len;

		if (!recording_payload(rec, rec->events[i], &data, &len) ||
		    !chunk_decode(data, len, b->block.count, b->block.first, rec->classes, rec->nclasses, &rec->chunk))
			continue;
		for (size_t k = 0; k < rec->chunk.n; k++) {
			const struct event *event = chunk_event(&rec->chunk, k);

			stats->classes[event->schema].count++;
			add_event(stats, rec->classes[event->schema], event);
		}
	}
	recording_map_schemas(rec, keep);
	free(ids);
	free(keep);
	return stats;
}

void record_stats_destroy(struct record_stats *stats)
{
	for (size_t i = 0; stats && i < stats->nclasses; i++)
		for (unsigned f = 0; f < RECORD_STATS_FIELDS; f++)
			free(stats->classes[i].field[f]);
	free(stats);
}
