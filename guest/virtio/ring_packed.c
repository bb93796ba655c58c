/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packed virtqueues (Virtio 1.2, 2.8): one ring that both sides write; two wrap counters tell whose turn a
 * descriptor is. */
#include "guest/virtio/ring.h"

#define DESC_LEN 8
#define DESC_ID 12
#define DESC_FLAGS 14
#define EVENT_OFF_WRAP 0
#define EVENT_FLAGS 2
#define EVENT_ENABLE 0
#define EVENT_DISABLE 1
#define EVENT_DESC 2
#define EVENT_WRAP BIT(15)

static uint8_t *desc_at(struct virtq *q, unsigned at)
{
	return q->desc_host + at * VIRTQ_DESC_LEN;
}

static bool available(const struct virtq *q, uint16_t flags, bool wrap)
{
	return !!(flags & DESC_AVAIL) == wrap && !!(flags & DESC_USED) != wrap;
}

bool packed_pending(struct virtq *q)
{
	bool found = available(q, ring_acquire16(desc_at(q, q->last_avail) + DESC_FLAGS), q->avail_wrap);

	ring_looked(q, found);
	return found;
}

static bool walk_indirect(struct virtq *q, struct virtq_chain *c, const struct ring_desc *d, uint16_t flags,
			  struct virtq_fault *fault)
{
	unsigned n;
	const uint8_t *table = ring_indirect(q, d, flags, &n, fault);

	/* In order, all of it: NEXT and the counters mean nothing here (2.8.7). */
	for (unsigned i = 0; table && i < n; i++) {
		struct ring_desc inner = ring_load_desc(table, i);

		if (inner.b & DESC_INDIRECT)
			return ring_fault(fault, 6, inner.addr, inner.b, "an indirect table inside another");
		if (!ring_add(q, c, &inner, inner.b, fault))
			return false;
	}
	return table;
}

enum virtq_pop packed_pop(struct virtq *q, struct virtq_chain *c, struct virtq_fault *fault)
{
	unsigned at = q->last_avail, slots = 0;
	struct ring_desc d;

	if (!packed_pending(q))
		return VIRTQ_EMPTY;
	c->head = at;
	do {
		if (slots++ == q->num) {
			ring_fault(fault, 5, q->last_avail, q->num, "the chain is longer than the ring");
			return VIRTQ_BROKEN;
		}
		/* The first one's flags were acquired: those behind it in the chain are written by now. */
		d = ring_load_desc(q->desc_host, at);
		c->id = d.a;
		if (slots > 1 && !available(q, d.b, q->avail_wrap ^ (at < q->last_avail))) {
			ring_fault(fault, 14, at, d.b, "a chained descriptor is not available");
			return VIRTQ_BROKEN;
		}
		if (d.b & DESC_INDIRECT) {
			if (slots > 1) {
				ring_fault(fault, 6, d.addr, d.b, "an indirect descriptor inside a chain");
				return VIRTQ_BROKEN;
			}
			c->is_indirect = true;
			if (!walk_indirect(q, c, &d, d.b, fault))
				return VIRTQ_BROKEN;
		} else if (!ring_add(q, c, &d, d.b, fault)) {
			return VIRTQ_BROKEN;
		}
		at = at + 1 < q->num ? at + 1 : 0;
	} while (d.b & DESC_NEXT);
	/* Linux breaks its queue on such an id, so that it better never comes back. */
	if (c->id >= q->num) {
		ring_fault(fault, 15, q->last_avail, c->id, "a buffer id outside of the ring");
		return VIRTQ_BROKEN;
	}
	if (at <= q->last_avail)
		q->avail_wrap = !q->avail_wrap;
	q->last_avail = at;
	c->slots = c->ring_desc = slots;
	return VIRTQ_GOT;
}

void packed_push(struct virtq *q, const struct virtq_chain *c, uint32_t written)
{
	uint8_t *d = desc_at(q, q->used_idx);
	uint16_t flags = (q->used_wrap ? DESC_AVAIL | DESC_USED : 0) | (written ? DESC_WRITE : 0);

	ring_store32(d + DESC_LEN, written);
	ring_store16(d + DESC_ID, c->id);
	ring_release16(d + DESC_FLAGS, flags);
	q->used_idx += c->slots;
	if (q->used_idx >= q->num) {
		q->used_idx -= q->num;
		q->used_wrap = !q->used_wrap;
		q->signalled -= q->num; /* modulo 2^16, as it is compared */
	}
}

bool packed_wants_interrupt(struct virtq *q)
{
	uint16_t old = q->signalled, flags, off_wrap, off;

	if (q->used_idx == old)
		return false;
	q->signalled = q->used_idx;
	flags = ring_acquire16(q->driver_host + EVENT_FLAGS) & 3;
	if (flags == EVENT_DISABLE)
		return false;
	if (flags != EVENT_DESC || !q->event_idx)
		return true;
	off_wrap = q->irq_event = ring_load16(q->driver_host + EVENT_OFF_WRAP);
	off = off_wrap & ~EVENT_WRAP;
	if (q->used_wrap != !!(off_wrap & EVENT_WRAP))
		off -= q->num;
	return ring_need_event(off, q->used_idx, old);
}

void packed_want_kicks(struct virtq *q, bool wanted)
{
	if (wanted && q->event_idx) {
		q->avail_event = q->last_avail | (q->avail_wrap ? EVENT_WRAP : 0);
		ring_store16(q->device_host + EVENT_OFF_WRAP, q->avail_event);
		ring_release16(q->device_host + EVENT_FLAGS, EVENT_DESC);
	} else {
		ring_store16(q->device_host + EVENT_FLAGS, wanted ? EVENT_ENABLE : EVENT_DISABLE);
	}
}
