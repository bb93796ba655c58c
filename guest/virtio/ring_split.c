/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Split virtqueues (Virtio 1.2, 2.7): a descriptor table, an available ring the driver writes, a used ring
 * the device writes. */
#include "guest/virtio/ring.h"

#define AVAIL_FLAGS 0
#define AVAIL_IDX 2
#define AVAIL_RING 4
#define USED_FLAGS 0
#define USED_IDX 2
#define USED_RING 4
#define NO_INTERRUPT 1
#define NO_NOTIFY 1

/* Behind the rings, with VIRTIO_F_EVENT_IDX. */
static uint8_t *used_event(struct virtq *q)
{
	return q->driver_host + AVAIL_RING + 2 * q->num;
}

static uint8_t *avail_event(struct virtq *q)
{
	return q->device_host + USED_RING + 8 * q->num;
}

static bool walk(struct virtq *q, struct virtq_chain *c, const uint8_t *table, unsigned n, unsigned at,
		 bool nested, struct virtq_fault *fault)
{
	for (;;) {
		struct ring_desc d = ring_load_desc(table, at);
		uint16_t flags = d.a;

		if (!nested)
			c->ring_desc++;
		if (flags & DESC_INDIRECT) {
			const uint8_t *inner;
			unsigned ninner;

			if (nested)
				return ring_fault(fault, 6, d.addr, flags, "an indirect table inside another");
			c->is_indirect = true;
			inner = ring_indirect(q, &d, flags, &ninner, fault);
			return inner && walk(q, c, inner, ninner, 0, true, fault);
		}
		/* The bound of ring_add() also ends loops. */
		if (!ring_add(q, c, &d, flags, fault))
			return false;
		if (!(flags & DESC_NEXT))
			return true;
		if (d.b >= n)
			return ring_fault(fault, 5, at, d.b, "`next` is outside of the table");
		at = d.b;
	}
}

/* The driver's index is read when all that was known is taken: so its entries share the time they were
 * first seen. */
static uint16_t look(struct virtq *q)
{
	if (q->known == q->last_avail) {
		q->known = ring_acquire16(q->driver_host + AVAIL_IDX);
		ring_looked(q, q->known != q->last_avail);
	}
	return q->known;
}

bool split_pending(struct virtq *q)
{
	return look(q) != q->last_avail;
}

enum virtq_pop split_pop(struct virtq *q, struct virtq_chain *c, struct virtq_fault *fault)
{
	uint16_t idx = look(q), head;

	if (idx == q->last_avail)
		return VIRTQ_EMPTY;
	if ((uint16_t)(idx - q->last_avail) > q->num) {
		ring_fault(fault, 1, q->last_avail, idx, "the available index moved by more than the queue's size");
		return VIRTQ_BROKEN;
	}
	head = ring_load16(q->driver_host + AVAIL_RING + 2 * (q->last_avail % q->num));
	c->id = c->head = head;
	if (head >= q->num) {
		ring_fault(fault, 3, q->last_avail, head, "an available entry names no descriptor");
		return VIRTQ_BROKEN;
	}
	if (!walk(q, c, q->desc_host, q->num, head, false, fault))
		return VIRTQ_BROKEN;
	q->last_avail++;
	c->slots = 1;
	return VIRTQ_GOT;
}

void split_push(struct virtq *q, const struct virtq_chain *c, uint32_t written)
{
	uint8_t *entry = q->device_host + USED_RING + 8 * (q->used_idx % q->num);

	ring_store32(entry, c->id);
	ring_store32(entry + 4, written);
	q->used_idx++;
	ring_release16(q->device_host + USED_IDX, q->used_idx);
}

bool split_wants_interrupt(struct virtq *q)
{
	uint16_t old = q->signalled;

	if (q->used_idx == old)
		return false;
	q->signalled = q->used_idx;
	if (q->event_idx) {
		q->irq_event = ring_load16(used_event(q));
		return ring_need_event(q->irq_event, q->used_idx, old);
	}
	return !(ring_load16(q->driver_host + AVAIL_FLAGS) & NO_INTERRUPT);
}

void split_want_kicks(struct virtq *q, bool wanted)
{
	if (!q->event_idx) {
		ring_store16(q->device_host + USED_FLAGS, wanted ? 0 : NO_NOTIFY);
	} else if (wanted) {
		/* Otherwise the event stays behind, which asks for nothing. */
		q->avail_event = q->last_avail;
		ring_store16(avail_event(q), q->avail_event);
	}
}
