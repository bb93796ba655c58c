/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which buffers are out: taken by the device, or waiting for it. */
#include "core/decode/virtio/ring.h"

#include <stdlib.h>
#include <string.h>

/* Packed: the device's used descriptors have not come to @offset yet since the buffer there was taken. */
static bool still_there(const struct virtq_ring *r, unsigned offset)
{
	unsigned from = r->src->queue.used_idx & 0x7fff, to = r->src->queue.last_avail & 0x7fff;

	if (from < to)
		return offset >= from && offset < to;
	return offset >= from || offset < to;
}

static void taken(const struct virtq_ring *r, struct virtq_buffers *b)
{
	const struct state_virtio_inflight *in = r->src->inflight;

	if (!in) {
		b->hidden = r->src->queue.inflight;
		return;
	}
	for (uint32_t i = 0; i < in->count && i < STATE_VIRTIO_INFLIGHT_MAX; i++) {
		const struct state_virtio_inflight_entry *e = &in->entry[i];

		vec_push(&b->list, (struct virtq_buffer){
			.head = e->head, .index = e->head, .id = e->id, .seq = e->seq, .picked_ns = e->picked_ns,
			.overwritten = r->packed && !still_there(r, e->head),
		});
	}
	b->hidden = in->total > b->list.len ? in->total - b->list.len : 0;
}

static void waiting_split(const struct virtq_ring *r, struct virtq_buffers *b)
{
	uint16_t first = r->src->queue.last_avail;
	unsigned n = virtq_pending(r);

	for (unsigned i = 0; i < n; i++) {
		uint16_t head = virtq_avail_entry(r, first + i);

		vec_push(&b->list, (struct virtq_buffer){
			.waiting = true, .head = head, .id = head, .index = first + i,
		});
	}
}

static void waiting_packed(const struct virtq_ring *r, struct virtq_buffers *b)
{
	bool wrap = r->src->queue.flags & STATE_VIRTQ_AVAIL_WRAP, start = true;
	unsigned at = r->src->queue.last_avail & 0x7fff, head = at;

	if (at >= r->n || (r->src->queue.flags & STATE_VIRTQ_NO_INDICES))
		return;
	for (unsigned i = 0; i < r->n; i++) {
		struct virtq_desc d = virtq_ring_desc(r, at);

		if (!virtq_packed_is_avail(d.flags, wrap))
			break;
		if (start)
			head = at;
		start = !(d.flags & VIRTQ_DESC_NEXT);
		if (start)
			vec_push(&b->list, (struct virtq_buffer){
				.waiting = true, .head = head, .index = head, .id = d.next,
			});
		if (++at == r->n) {
			at = 0;
			wrap = !wrap;
		}
	}
}

void virtq_buffers_get(const struct virtq_ring *ring, struct virtq_buffers *ret)
{
	memset(ret, 0, sizeof(*ret));
	taken(ring, ret);
	if (ring->packed)
		waiting_packed(ring, ret);
	else
		waiting_split(ring, ret);
}

void virtq_buffers_deinit(struct virtq_buffers *b)
{
	vec_free(&b->list);
}
