/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules of packed rings: one run of available descriptors, ids that are out once (virtio 1.2, 2.8). */
#include "core/decode/virtio/check.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"

static const uint8_t *raw(const struct virtq_ring *r, unsigned at)
{
	return r->table + 16 * (size_t)at;
}

/*
 * From the device's position on, up to where it writes the next used descriptor, the driver fills slots
 * without leaving one out. It writes a chain's first flags last, so the slots after the one that ends the
 * run may look available already; a second run after a gap may not.
 */
static void check_run(const struct virtq_ring *r, struct virtq_findings *f)
{
	const struct state_virtio_queue *q = &r->src->queue;
	unsigned at = q->last_avail & 0x7fff, end = q->used_idx & 0x7fff, gap = 0;
	bool wrap = q->flags & STATE_VIRTQ_AVAIL_WRAP, run = true, building = false;
	/* The same position in the same lap: everything is free. Else nothing is. */
	unsigned slots = (end + r->n - at) % r->n;

	if (slots == 0 && !!(q->flags & STATE_VIRTQ_USED_WRAP) == wrap)
		slots = r->n;
	for (unsigned i = 0; i < slots; i++, at = (at + 1) % r->n) {
		struct virtq_desc d = virtq_ring_desc(r, at);
		bool avail;

		if (i && at == 0)
			wrap = !wrap;
		avail = virtq_packed_is_avail(d.flags, wrap);
		if (run && avail)
			continue;
		if (run) {
			run = false;
			building = true;
			gap = at;
			continue;
		}
		if (!avail) {
			building = false;
			continue;
		}
		if (building)
			continue;
		virtq_find_at(virtq_find(f, 14, "slot %u is available (flags 0x%04x, wrap %u) behind slot %u, which is not",
					 at, d.flags, wrap, gap), -1, at, at, raw(r, at), 16);
		return;
	}
}

/* Taken buffers: their slots, up to the device's position, still look available. */
static void check_taken(const struct virtq_ring *r, struct virtq_findings *f)
{
	const struct state_virtio_queue *q = &r->src->queue;
	unsigned at = q->used_idx & 0x7fff, end = q->last_avail & 0x7fff;
	bool wrap = q->flags & STATE_VIRTQ_USED_WRAP;
	unsigned slots = (end + r->n - at) % r->n;

	if (slots == 0 && wrap != !!(q->flags & STATE_VIRTQ_AVAIL_WRAP))
		slots = r->n;
	for (unsigned i = 0; i < slots; i++, at = (at + 1) % r->n) {
		struct virtq_desc d = virtq_ring_desc(r, at);

		if (i && at == 0)
			wrap = !wrap;
		if (virtq_packed_is_avail(d.flags, wrap))
			continue;
		virtq_find_at(virtq_find(f, 14, "slot %u was taken by the device and changed before it was used (flags "
					 "0x%04x, wrap %u)", at, d.flags, wrap), -1, at, at, raw(r, at), 16);
		return;
	}
}

static void check_ids(const struct virtq_ring *r, struct virtq_findings *f)
{
	struct virtq_buffers b;
	uint8_t *out = xcalloc(1, r->n);

	virtq_buffers_get(r, &b);
	for (size_t i = 0; i < b.list.len; i++) {
		const struct virtq_buffer *buf = &b.list.data[i];
		struct virtq_finding *finding = NULL;

		if (buf->id >= r->n)
			finding = virtq_find(f, 15, "the buffer at slot %u has id %u, the ring has %u", buf->head, buf->id,
					     r->n);
		else if (out[buf->id]++)
			finding = virtq_find(f, 15, "the buffer at slot %u has id %u, which is out already", buf->head,
					     buf->id);
		if (finding && buf->head < r->n)
			virtq_find_at(finding, buf->head, buf->head, buf->index, raw(r, buf->head), 16);
	}
	virtq_buffers_deinit(&b);
	free(out);
}

static void check_events(const struct virtq_ring *r, struct virtq_findings *f)
{
	const uint8_t *areas[2] = { r->avail, r->used };
	static const char *const names[2] = { "driver", "device" };

	for (unsigned i = 0; i < 2; i++) {
		uint16_t flags = le16_read(areas[i] + 2);

		if (flags > 2)
			virtq_find_at(virtq_find(f, 11, "the %s's event flags are 0x%x: reserved", names[i], flags), -1,
				      -1, 0, areas[i], 4);
		else if (flags == VIRTQ_EVENT_DESC && !r->event_idx)
			virtq_find_at(virtq_find(f, 11, "the %s's event flags ask for one descriptor, EVENT_IDX was not "
						 "negotiated", names[i]), -1, -1, 0, areas[i], 4);
	}
}

void virtq_check_packed(const struct virtq_ring *r, struct virtq_findings *f)
{
	const struct state_virtio_queue *q = &r->src->queue;

	check_events(r, f);
	if (q->flags & STATE_VIRTQ_NO_INDICES)
		return;
	if ((q->last_avail & 0x7fff) >= r->n || (q->used_idx & 0x7fff) >= r->n)
		return;
	check_run(r, f);
	if (!virtio_bit(r->src->dev.driver, VIRTIO_F_IN_ORDER))
		check_taken(r, f);
	check_ids(r, f);
}
