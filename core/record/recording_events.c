/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events by number and by time: windows of merged chunks. */
#include "core/record/recording.h"

#include <stdlib.h>

#include "core/record/recording_internal.h"

/* A window has about so many events: some milliseconds to merge. */
#define WINDOW_EVENTS 32768
/* More than this in one window is no recorder's doing. */
#define WINDOW_MAX (4u << 20)
#define WINDOW_BYTES_MAX (1u << 30)

struct by_time {
	uint64_t time;
	uint32_t block;
};

static int compare(const void *a, const void *b)
{
	const struct by_time *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->block < y->block ? -1 : x->block > y->block;
}

static bool is_events(const struct recording_block *b)
{
	return b->block.type == VMS_BLOCK_EVENTS && b->block.count && b->block.count <= CHUNK_EVENTS_MAX &&
	       b->block.first <= b->block.last;
}

static void add_cut(struct recording *rec, uint64_t time, uint64_t most)
{
	rec->cuts[rec->ncuts] = time;
	rec->cut_most[rec->ncuts] = most;
	rec->cut_base[rec->ncuts] = rec->ncuts ? UINT64_MAX : 0;
	rec->ncuts++;
}

static void make_cuts(struct recording *rec)
{
	uint64_t most = 0, at = 0;

	rec->cuts = xcalloc(rec->nevents_blocks + 1, sizeof(*rec->cuts));
	rec->cut_base = xcalloc(rec->nevents_blocks + 1, sizeof(*rec->cut_base));
	rec->cut_most = xcalloc(rec->nevents_blocks + 1, sizeof(*rec->cut_most));
	add_cut(rec, 0, 0);
	for (size_t i = 0; i < rec->nevents_blocks; i++) {
		const struct vms_block *b = &rec->blocks[rec->events[i]].block;

		if (most - at >= WINDOW_EVENTS && b->first > rec->cuts[rec->ncuts - 1]) {
			add_cut(rec, b->first, most);
			at = most;
		}
		most += b->count;
	}
}

void recording_index_events(struct recording *rec)
{
	struct by_time *list = xcalloc(rec->nblocks + 1, sizeof(*list));
	uint64_t reach = 0;
	size_t n = 0;

	for (size_t i = 0; i < rec->nblocks; i++)
		if (is_events(&rec->blocks[i]))
			list[n++] = (struct by_time){ rec->blocks[i].block.first, (uint32_t)i };
	rec->nevents_blocks = n;
	rec->events = xcalloc(n + 1, sizeof(*rec->events));
	rec->reach = xcalloc(n + 1, sizeof(*rec->reach));
	rec->last_times = xcalloc(n + 1, sizeof(*rec->last_times));
	rec->sum_by_last = xcalloc(n + 1, sizeof(*rec->sum_by_last));
	if (n)
		qsort(list, n, sizeof(*list), compare);
	for (size_t i = 0; i < n; i++) {
		rec->events[i] = list[i].block;
		if (rec->blocks[list[i].block].block.last > reach)
			reach = rec->blocks[list[i].block].block.last;
		rec->reach[i] = reach;
	}
	for (size_t i = 0; i < n; i++)
		list[i] = (struct by_time){ rec->blocks[rec->events[i]].block.last, rec->events[i] };
	if (n)
		qsort(list, n, sizeof(*list), compare);
	for (size_t i = 0; i < n; i++) {
		rec->last_times[i] = list[i].time;
		rec->sum_by_last[i + 1] = rec->sum_by_last[i] + rec->blocks[list[i].block].block.count;
	}
	free(list);
	make_cuts(rec);
	for (unsigned i = 0; i < RECORDING_WINDOWS; i++)
		rec->window[i].index = SIZE_MAX;
}

void recording_forget_events(struct recording *rec)
{
	for (unsigned i = 0; i < RECORDING_WINDOWS; i++) {
		free(rec->window[i].data);
		free(rec->window[i].at);
	}
	free(rec->events);
	free(rec->reach);
	free(rec->last_times);
	free(rec->sum_by_last);
	free(rec->cuts);
	free(rec->cut_base);
	free(rec->cut_most);
}

uint64_t recording_count(const struct recording *rec)
{
	return rec->sum_by_last[rec->nevents_blocks];
}

uint64_t recording_first_time(const struct recording *rec)
{
	uint64_t first = UINT64_MAX;

	if (rec->nevents_blocks)
		first = rec->blocks[rec->events[0]].block.first;
	for (size_t i = 0; i < rec->nblocks; i++)
		if (rec->blocks[i].block.type == VMS_BLOCK_SNAPSHOT && rec->blocks[i].block.first < first)
			first = rec->blocks[i].block.first;
	return first == UINT64_MAX ? rec->mono_ns : first;
}

uint64_t recording_last_time(const struct recording *rec)
{
	uint64_t last = rec->nevents_blocks ? rec->last_times[rec->nevents_blocks - 1] : 0;

	for (size_t i = 0; i < rec->nblocks; i++)
		if (rec->blocks[i].block.type == VMS_BLOCK_SNAPSHOT && rec->blocks[i].block.last > last)
			last = rec->blocks[i].block.last;
	return last ? last : rec->mono_ns;
}

uint64_t recording_lost(const struct recording *rec)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < rec->nblocks; i++)
		if (rec->blocks[i].block.type == VMS_BLOCK_EVENTS)
			lost += rec->blocks[i].block.lost;
	return lost;
}

void recording_map_schemas(struct recording *rec, const uint32_t *ids)
{
	for (size_t i = 0; i < rec->nclasses; i++)
		if (rec->classes[i])
			rec->classes[i]->schema.id = ids[i];
	for (unsigned i = 0; i < RECORDING_WINDOWS; i++)
		rec->window[i].index = SIZE_MAX;
}

/* ---- merging ------------------------------------------------------------------------------------- */

/* How many of @n sorted @times are below @t. */
static size_t below(const uint64_t *times, size_t n, uint64_t t)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (times[mid] < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Chunks by first time: how many begin before @t. */
static size_t begin_before(const struct recording *rec, uint64_t t)
{
	size_t lo = 0, hi = rec->nevents_blocks;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (rec->blocks[rec->events[mid]].block.first < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Decodes chunk @block into rec->chunk; false (told): damaged, its events are missing. */
static bool decode(struct recording *rec, uint32_t block)
{
	const struct recording_block *b = &rec->blocks[block];
	const uint8_t *data;
	size_t len;

	if (!recording_payload(rec, block, &data, &len))
		return false;
	if (chunk_decode(data, len, b->block.count, b->block.first, rec->classes, rec->nclasses, &rec->chunk) &&
	    chunk_event(&rec->chunk, rec->chunk.n - 1)->time_ns == b->block.last)
		return true;
	recording_damaged(rec, b->offset, 0, "a chunk that does not decode");
	return false;
}

/* Records of rec->chunk before @t. */
static size_t chunk_below(const struct recording *rec, uint64_t t)
{
	size_t lo = 0, hi = rec->chunk.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (chunk_event(&rec->chunk, mid)->time_ns < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* In a window that is merged already; false: none has @t. */
static bool before_in_window(const struct recording *rec, uint64_t t, uint64_t *ret)
{
	for (unsigned i = 0; i < RECORDING_WINDOWS; i++) {
		const struct recording_window *w = &rec->window[i];
		size_t lo = 0, hi = w->n;

		if (w->index == SIZE_MAX || t < rec->cuts[w->index] ||
		    (w->index + 1 < rec->ncuts && t >= rec->cuts[w->index + 1]))
			continue;
		while (lo < hi) {
			size_t mid = lo + (hi - lo) / 2;

			if (((const struct event *)(w->data + w->at[mid]))->time_ns < t)
				lo = mid + 1;
			else
				hi = mid;
		}
		*ret = w->base + lo;
		return true;
	}
	return false;
}

/* Chunks that begin before @t and end at or after it are decoded; all others count as a whole. A damaged
 * one counts as if it held nothing before @t. */
uint64_t recording_before(struct recording *rec, uint64_t time_ns)
{
	uint64_t n;

	if (before_in_window(rec, time_ns, &n))
		return n;
	n = rec->sum_by_last[below(rec->last_times, rec->nevents_blocks, time_ns)];
	for (size_t i = begin_before(rec, time_ns); i-- > 0 && rec->reach[i] >= time_ns;)
		if (rec->blocks[rec->events[i]].block.last >= time_ns && decode(rec, rec->events[i]))
			n += chunk_below(rec, time_ns);
	return n;
}

static uint64_t cut_base(struct recording *rec, size_t i)
{
	if (i >= rec->ncuts)
		return recording_count(rec);
	if (rec->cut_base[i] == UINT64_MAX)
		rec->cut_base[i] = recording_before(rec, rec->cuts[i]);
	return rec->cut_base[i];
}

static bool window_add(struct recording_window *w, const struct event *event)
{
	size_t at = w->data_len;

	if (w->n >= WINDOW_MAX || at + event->size > WINDOW_BYTES_MAX)
		return false;
	if (at + event->size > w->data_cap) {
		w->data_cap = w->data_cap ? w->data_cap * 2 : 1u << 20;
		w->data = xrealloc(w->data, w->data_cap);
	}
	if (w->n == w->cap) {
		w->cap = w->cap ? w->cap * 2 : WINDOW_EVENTS;
		w->at = xrealloc(w->at, w->cap * sizeof(*w->at));
	}
	memcpy(w->data + at, event, event->size);
	w->at[w->n++] = (uint32_t)at;
	w->data_len += event->size;
	return true;
}

static int in_window(const void *a, const void *b, void *ctx)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const uint8_t *data = ctx;
	uint64_t tx = ((const struct event *)(data + x))->time_ns;
	uint64_t ty = ((const struct event *)(data + y))->time_ns;

	if (tx != ty)
		return tx < ty ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* All events from cut @index up to the next. Chunks were added in the order of their blocks, so equal times
 * keep it. */
static void fill_window(struct recording *rec, struct recording_window *w, size_t index)
{
	uint64_t lo = rec->cuts[index], hi = index + 1 < rec->ncuts ? rec->cuts[index + 1] : UINT64_MAX;
	size_t end = index + 1 < rec->ncuts ? begin_before(rec, hi) : rec->nevents_blocks, start = end;
	VEC(uint32_t) blocks = { 0 };
	bool sorted = true, room = true;

	w->index = SIZE_MAX;
	w->n = w->data_len = 0;
	while (start > 0 && rec->reach[start - 1] >= lo)
		start--;
	for (size_t i = start; i < end; i++)
		if (rec->blocks[rec->events[i]].block.last >= lo)
			vec_push(&blocks, rec->events[i]);
	if (blocks.len)
		qsort(blocks.data, blocks.len, sizeof(*blocks.data), by_number);
	for (size_t i = 0; i < blocks.len && room; i++) {
		if (!decode(rec, blocks.data[i]))
			continue;
		for (size_t k = chunk_below(rec, lo); k < rec->chunk.n && room; k++) {
			const struct event *event = chunk_event(&rec->chunk, k);

			if (event->time_ns >= hi && hi != UINT64_MAX)
				break;
			sorted &= !w->n || event->time_ns >=
				  ((struct event *)(w->data + w->at[w->n - 1]))->time_ns;
			room = window_add(w, event);
		}
	}
	if (!room)
		recording_damaged(rec, rec->blocks[blocks.data[0]].offset, 0, "too many events of one time");
	if (!sorted)
		qsort_r(w->at, w->n, sizeof(*w->at), in_window, w->data);
	vec_free(&blocks);
	/* Its base may have to look at other windows, at this one only when both are known. */
	w->base = cut_base(rec, index);
	w->index = index;
}

static struct recording_window *window_of(struct recording *rec, size_t index)
{
	struct recording_window *oldest = &rec->window[0];

	for (unsigned i = 0; i < RECORDING_WINDOWS; i++) {
		struct recording_window *w = &rec->window[i];

		if (w->index == index) {
			w->used = ++rec->tick;
			return w;
		}
		if (w->used < oldest->used)
			oldest = w;
	}
	fill_window(rec, oldest, index);
	oldest->used = ++rec->tick;
	return oldest;
}

const struct event *recording_event(struct recording *rec, uint64_t n)
{
	struct recording_window *w;
	size_t index;

	if (n >= recording_count(rec))
		return NULL;
	for (unsigned i = 0; i < RECORDING_WINDOWS; i++) {
		w = &rec->window[i];
		if (w->index != SIZE_MAX && n >= w->base && n - w->base < w->n) {
			w->used = ++rec->tick;
			return (const struct event *)(w->data + w->at[n - w->base]);
		}
	}
	/* A cut before which at most @n events begin has at most @n before it: from there on, forwards. */
	index = below(rec->cut_most, rec->ncuts, n + 1);
	index = index ? index - 1 : 0;
	while (index + 1 < rec->ncuts && cut_base(rec, index + 1) <= n)
		index++;
	while (index > 0 && cut_base(rec, index) > n)
		index--;
	w = window_of(rec, index);
	return n >= w->base && n - w->base < w->n ? (const struct event *)(w->data + w->at[n - w->base]) : NULL;
}

/* ---- counts -------------------------------------------------------------------------------------- */

/* All of chunk @block, by its tally or by looking into it. */
static void count_chunk(struct recording *rec, uint32_t block, uint64_t *ret)
{
	const struct recording_block *b = &rec->blocks[block];
	struct parse in = { 0 };
	struct chunk_info info;
	const uint8_t *data;
	size_t len;

	if (!b->tally_len) {
		if (!recording_payload(rec, block, &data, &len) || !chunk_classes(data, len, b->block.count, &info))
			return;
		for (unsigned i = 0; i < info.nclasses; i++)
			if (info.classes[i].id < rec->nclasses)
				ret[info.classes[i].id] += info.classes[i].count;
		return;
	}
	in.p = rec->tallies.data + b->tally;
	in.end = in.p + b->tally_len;
	while (in.p < in.end) {
		uint64_t which = parse_varint(&in), count = parse_varint(&in);

		if (in.bad)
			break;
		if (which < rec->nclasses)
			ret[which] += count;
	}
}

static void count_event(struct recording *rec, const struct event *event, uint64_t *ret)
{
	for (size_t i = 0; event && i < rec->nclasses; i++) {
		if (rec->classes[i] && rec->classes[i]->schema.id == event->schema) {
			ret[i]++;
			return;
		}
	}
}

void recording_counts(struct recording *rec, uint64_t n, uint64_t *ret)
{
	const struct event *at = n < recording_count(rec) ? recording_event(rec, n) : NULL;
	uint64_t time = at ? at->time_ns : UINT64_MAX;

	memset(ret, 0, rec->nclasses * sizeof(*ret));
	for (size_t i = 0; i < rec->nevents_blocks; i++) {
		const struct vms_block *b = &rec->blocks[rec->events[i]].block;

		if (at && b->first >= time)
			break;
		if (!at || b->last < time) {
			count_chunk(rec, rec->events[i], ret);
		} else if (decode(rec, rec->events[i])) {
			size_t m = chunk_below(rec, time);

			for (size_t k = 0; k < m; k++)
				count_event(rec, chunk_event(&rec->chunk, k), ret);
		}
	}
	/* Those of the same time that come before number @n. */
	for (uint64_t i = at ? recording_before(rec, time) : n; i < n; i++)
		count_event(rec, recording_event(rec, i), ret);
}

uint64_t recording_class_count(struct recording *rec, uint32_t id, uint64_t n)
{
	uint64_t *counts = xcalloc(rec->nclasses + 1, sizeof(*counts)), count;

	recording_counts(rec, n, counts);
	count = id < rec->nclasses ? counts[id] : 0;
	free(counts);
	return count;
}
