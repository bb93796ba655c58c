/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules of split rings: the indices, the entries of avail and used (virtio 1.2, 2.7). */
#include "core/decode/virtio/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"

struct split {
	const struct virtq_ring *r;
	struct virtq_findings *f;
	uint16_t avail, used;	/* the indices in memory */
	bool told;		/* the device's own indices and counters are known */
	unsigned out;		/* avail - used */
	unsigned navail, nused;	/* entries of each ring that were ever written, at most n */
};

static const uint8_t *used_raw(const struct virtq_ring *r, uint16_t idx)
{
	return r->used + 4 + 8 * (size_t)(idx % r->n);
}

static void check_indices(struct split *s)
{
	const struct virtq_ring *r = s->r;
	const struct state_virtio_queue *q = &r->src->queue;
	uint16_t ahead = s->avail - q->last_avail;

	if (!(q->flags & STATE_VIRTQ_NO_INDICES)) {
		if (ahead > r->n)
			virtq_find_at(virtq_find(s->f, 1, "avail.idx %u is %u ahead of the device's %u, the ring has %u",
						 s->avail, ahead, q->last_avail, r->n),
				      -1, -1, s->avail, r->avail, 4);
		if (s->used != q->used_idx)
			virtq_find_at(virtq_find(s->f, 10, "used.idx in memory is %u, the device wrote %u", s->used,
						 q->used_idx), -1, -1, s->used, r->used, 4);
	}
	if (s->out > r->n)
		virtq_find_at(virtq_find(s->f, 2, "avail.idx %u - used.idx %u = %u, the ring has %u", s->avail, s->used,
					 s->out, r->n), -1, -1, s->used, r->used, 4);
}

static void check_flags(struct split *s)
{
	const struct virtq_ring *r = s->r;
	uint16_t avail = virtq_avail_flags(r), used = virtq_used_flags(r);

	if (avail > 1 || (r->event_idx && avail))
		virtq_find_at(virtq_find(s->f, 11, "avail.flags is 0x%x%s", avail,
					 r->event_idx ? ", with EVENT_IDX it must be 0" : ": only bit 0 is defined"),
			      -1, -1, s->avail, r->avail, 4);
	if (used > 1 || (r->event_idx && used))
		virtq_find_at(virtq_find(s->f, 11, "used.flags is 0x%x%s", used,
					 r->event_idx ? ", with EVENT_IDX it must be 0" : ": only bit 0 is defined"),
			      -1, -1, s->used, r->used, 4);
}

/* Heads that wait, and used entries that are still in the ring, must be in the table. */
static void check_range(struct split *s)
{
	const struct virtq_ring *r = s->r;
	unsigned pending = virtq_pending(r);

	for (unsigned i = 0; i < pending; i++) {
		uint16_t idx = r->src->queue.last_avail + i, head = virtq_avail_entry(r, idx);

		if (head >= r->n)
			virtq_find_at(virtq_find(s->f, 3, "avail.ring[%u] (index %u) is %u, the table has %u",
						 idx % r->n, idx, head, r->n),
				      head, idx % r->n, idx, r->avail + 4 + 2 * (size_t)(idx % r->n), 2);
	}
	for (unsigned i = 1; i <= s->nused; i++) {
		uint16_t idx = s->used - i;
		uint32_t id, len;

		virtq_used_entry(r, idx, &id, &len);
		if (id >= r->n)
			virtq_find_at(virtq_find(s->f, 3, "used.ring[%u] (index %u).id is %u, the table has %u",
						 idx % r->n, idx, id, r->n),
				      -1, idx % r->n, idx, used_raw(r, idx), 8);
	}
}

/*
 * A head is used once each time it was made available. Entries older than the rings are gone, so a head
 * that was out when the window began may be used once more than the window shows it available; with the
 * whole history still in the rings it may not.
 */
static void check_heads(struct split *s)
{
	const struct virtq_ring *r = s->r;
	bool whole = s->told && r->src->queue.requests + virtq_pending(r) <= r->n;
	unsigned window = s->nused, slack = whole ? 0 : 1;
	uint16_t *made, *given;

	if (s->out > r->n || virtio_bit(r->src->dev.driver, VIRTIO_F_IN_ORDER))
		return;
	if (!whole && window > r->n - s->out)
		window = r->n - s->out;
	made = xcalloc(r->n, sizeof(*made));
	given = xcalloc(r->n, sizeof(*given));
	for (unsigned i = 1; i <= s->navail; i++) {
		uint16_t head = virtq_avail_entry(r, s->avail - i);

		if (head < r->n)
			made[head]++;
	}
	for (unsigned i = window; i >= 1; i--) {
		uint16_t idx = s->used - i;
		uint32_t id, len;

		virtq_used_entry(r, idx, &id, &len);
		if (id >= r->n || ++given[id] <= made[id] + slack)
			continue;
		virtq_find_at(virtq_find(s->f, 4, "used.ring[%u] (index %u).id is %u, which is no head that is out: made "
					 "available %u times, used %u times", idx % r->n, idx, id, made[id], given[id]),
			      id, idx % r->n, idx, used_raw(r, idx), 8);
	}
	free(made);
	free(given);
}

/* Only the last entry of a batch need be written (2.7.14.1), but that one is at its place. */
static void check_order(struct split *s)
{
	const struct virtq_ring *r = s->r;
	uint16_t idx = s->used - 1;
	uint32_t id, len;

	if (!virtio_bit(r->src->dev.driver, VIRTIO_F_IN_ORDER) || !s->nused || s->out >= r->n)
		return;
	virtq_used_entry(r, idx, &id, &len);
	if (id != virtq_avail_entry(r, idx))
		virtq_find_at(virtq_find(s->f, 18, "used.ring[%u] (index %u).id is %u, made available at that index was %u",
					 idx % r->n, idx, id, virtq_avail_entry(r, idx)),
			      -1, idx % r->n, idx, used_raw(r, idx), 8);
}

void virtq_check_split(const struct virtq_ring *r, struct virtq_findings *f)
{
	const struct state_virtio_queue *q = &r->src->queue;
	struct split s = { .r = r, .f = f, .avail = virtq_avail_idx(r), .used = virtq_used_idx(r) };
	uint64_t avail, used;

	s.told = !(q->flags & STATE_VIRTQ_NO_INDICES) && !(r->src->dev.flags & STATE_VIRTIO_NO_COUNTERS);
	s.out = (uint16_t)(s.avail - s.used);
	/* Memory of rings need not have been cleared: what was never written says nothing. */
	avail = s.told ? q->requests + virtq_pending(r) : s.avail;
	used = s.told ? q->completed : s.used;
	s.navail = avail < r->n ? avail : r->n;
	s.nused = used < r->n ? used : r->n;
	check_indices(&s);
	check_flags(&s);
	check_range(&s);
	check_heads(&s);
	check_order(&s);
}
