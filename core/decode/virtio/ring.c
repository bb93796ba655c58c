/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies of rings, taken so that the parts fit together. */
#include "core/decode/virtio/ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"

struct virtq_desc virtq_desc_decode(const uint8_t raw[16], bool be)
{
	return (struct virtq_desc){
		.addr = bytes_read(raw, 8, be), .len = bytes_read(raw + 8, 4, be),
		.flags = bytes_read(raw + 12, 2, be), .next = bytes_read(raw + 14, 2, be),
	};
}

/* In a packed ring the last two fields are the other way round: id, then flags (2.8.13). */
static struct virtq_desc packed_decode(const uint8_t raw[16])
{
	return (struct virtq_desc){
		.addr = le64_read(raw), .len = le32_read(raw + 8), .flags = le16_read(raw + 14),
		.next = le16_read(raw + 12),
	};
}

struct virtq_desc virtq_ring_desc(const struct virtq_ring *r, unsigned i)
{
	const uint8_t *raw = r->table + 16 * (size_t)i;

	return r->packed ? packed_decode(raw) : virtq_desc_decode(raw, r->be);
}

static uint16_t half(const struct virtq_ring *r, const uint8_t *area, size_t offset)
{
	return bytes_read(area + offset, 2, r->be);
}

uint16_t virtq_avail_flags(const struct virtq_ring *r) { return half(r, r->avail, 0); }
uint16_t virtq_avail_idx(const struct virtq_ring *r) { return half(r, r->avail, 2); }
uint16_t virtq_used_flags(const struct virtq_ring *r) { return half(r, r->used, 0); }
uint16_t virtq_used_idx(const struct virtq_ring *r) { return half(r, r->used, 2); }
uint16_t virtq_used_event(const struct virtq_ring *r) { return half(r, r->avail, 4 + 2 * (size_t)r->n); }
uint16_t virtq_avail_event(const struct virtq_ring *r) { return half(r, r->used, 4 + 8 * (size_t)r->n); }

uint16_t virtq_avail_entry(const struct virtq_ring *r, uint16_t idx)
{
	return half(r, r->avail, 4 + 2 * (size_t)(idx % r->n));
}

void virtq_used_entry(const struct virtq_ring *r, uint16_t idx, uint32_t *ret_id, uint32_t *ret_len)
{
	const uint8_t *p = r->used + 4 + 8 * (size_t)(idx % r->n);

	*ret_id = bytes_read(p, 4, r->be);
	*ret_len = bytes_read(p + 4, 4, r->be);
}

static void event_read(const uint8_t *area, uint16_t *ret_off_wrap, uint16_t *ret_flags)
{
	*ret_off_wrap = le16_read(area);
	*ret_flags = le16_read(area + 2) & 3;
}

void virtq_driver_event(const struct virtq_ring *r, uint16_t *ret_off_wrap, uint16_t *ret_flags)
{
	event_read(r->avail, ret_off_wrap, ret_flags);
}

void virtq_device_event(const struct virtq_ring *r, uint16_t *ret_off_wrap, uint16_t *ret_flags)
{
	event_read(r->used, ret_off_wrap, ret_flags);
}

/* ---- addresses ----------------------------------------------------------------------------------- */

uint64_t virtq_translate(const struct virtq_source *src, uint64_t addr, uint64_t len, bool write,
			 uint64_t *ret_gpa)
{
	uint32_t want = write ? STATE_VIRTIO_IOVA_WRITE : STATE_VIRTIO_IOVA_READ;

	if (!src->iova) {
		*ret_gpa = addr;
		return len;
	}
	for (uint32_t i = 0; i < src->iova->count; i++) {
		const struct state_virtio_iova_entry *e = &src->iova->entry[i];

		if (addr < e->iova || addr - e->iova >= e->len || !(e->access & want))
			continue;
		*ret_gpa = e->gpa + (addr - e->iova);
		return len < e->len - (addr - e->iova) ? len : e->len - (addr - e->iova);
	}
	return 0;
}

bool virtq_source_read(const struct virtq_source *src, uint64_t addr, void *buf, size_t len)
{
	uint8_t *to = buf;

	while (len) {
		uint64_t gpa, n = virtq_translate(src, addr, len, false, &gpa);

		/* What the device may only write we may look at. */
		if (!n)
			n = virtq_translate(src, addr, len, true, &gpa);
		if (!n || !src->mem.read(src->mem.ctx, gpa, to, n))
			return false;
		to += n;
		addr += n;
		len -= n;
	}
	return true;
}

/* ---- snapshots ----------------------------------------------------------------------------------- */

static size_t avail_bytes(const struct virtq_ring *r) { return r->packed ? 4 : 6 + 2 * (size_t)r->n; }
static size_t used_bytes(const struct virtq_ring *r) { return r->packed ? 4 : 6 + 8 * (size_t)r->n; }

void virtq_ring_deinit(struct virtq_ring *r)
{
	free(r->table);
	free(r->avail);
	free(r->used);
	memset(r, 0, sizeof(*r));
}

static struct error *area_error(const struct virtq_ring *r, const char *what, uint64_t addr, size_t len)
{
	return error_create(ERROR_FAULT, "%s of queue %u of %.16s at 0x%llx, %zu bytes, is not in guest memory",
			    what, r->src->queue.queue, r->src->dev.name, (unsigned long long)addr, len);
}

static struct error *copy(struct virtq_ring *r)
{
	const struct virtq_source *src = r->src;
	const struct state_virtio_queue *q = &src->queue;

	/* The indices first, the descriptors they publish after: what is published then is all there. */
	if (!virtq_source_read(src, q->used, r->used, used_bytes(r)))
		return area_error(r, r->packed ? "the device area" : "the used ring", q->used, used_bytes(r));
	if (!virtq_source_read(src, q->avail, r->avail, avail_bytes(r)))
		return area_error(r, r->packed ? "the driver area" : "the avail ring", q->avail, avail_bytes(r));
	if (!virtq_source_read(src, q->desc, r->table, 16 * (size_t)r->n))
		return area_error(r, r->packed ? "the ring" : "the descriptor table", q->desc, 16 * (size_t)r->n);
	return NULL;
}

/*
 * What was copied fits together when nothing was published, used or taken meanwhile: then the descriptors
 * of published buffers could not change either (2.7.13: only the device's side may free them).
 */
static bool stands_still(const struct virtq_ring *r, const struct state_virtio_queue *before)
{
	const struct virtq_source *src = r->src;
	const struct state_virtio_queue *now = &src->queue;
	uint8_t avail[4], used[4], *table;
	bool same;

	if (before->last_avail != now->last_avail || before->used_idx != now->used_idx ||
	    before->flags != now->flags || before->requests != now->requests || before->desc != now->desc ||
	    before->avail != now->avail || before->used != now->used || before->size != now->size)
		return false;
	if (!r->packed)
		return virtq_source_read(src, now->avail, avail, 4) && virtq_source_read(src, now->used, used, 4) &&
		       !memcmp(avail, r->avail, 4) && !memcmp(used, r->used, 4);
	/* A packed ring has no index to compare: the ring itself must be the same. */
	table = malloc(16 * (size_t)r->n);
	same = table && virtq_source_read(src, now->desc, table, 16 * (size_t)r->n) &&
	       !memcmp(table, r->table, 16 * (size_t)r->n);
	free(table);
	return same;
}

static struct error *prepare(struct virtq_source *src, struct virtq_ring *r)
{
	const struct state_virtio_queue *q = &src->queue;
	bool packed = q->flags & STATE_VIRTQ_PACKED;

	if (!(q->flags & STATE_VIRTQ_READY))
		return error_create(ERROR_STATE, "queue %u of %.16s is not set up by the driver", q->queue,
				    src->dev.name);
	if (!q->size || q->size > VIRTQ_SIZE_MAX || (!packed && (q->size & (q->size - 1))))
		return error_create(ERROR_FAULT, "queue %u of %.16s has size %u: %s", q->queue, src->dev.name,
				    q->size, packed ? "it must be 1..32768" : "it must be a power of two up to 32768");
	r->src = src;
	r->n = q->size;
	r->packed = packed;
	r->be = virtio_device_be(&src->dev);
	r->event_idx = virtio_bit(src->dev.driver, VIRTIO_F_EVENT_IDX);
	r->table = malloc(16 * (size_t)r->n);
	r->avail = malloc(avail_bytes(r));
	r->used = malloc(used_bytes(r));
	if (r->table && r->avail && r->used)
		return NULL;
	return error_create(ERROR_NOMEM, "no memory for a copy of queue %u, %u entries", q->queue, r->n);
}

struct error *virtq_ring_read(struct virtq_source *src, struct virtq_ring *ret)
{
	struct virtq_ring r = { 0 };
	struct error *err = prepare(src, &r);

	while (!err) {
		struct state_virtio_queue before = src->queue;

		err = copy(&r);
		if (err)
			break;
		r.tries++;
		if (!src->refresh || (src->refresh(src->refresh_ctx, src) && stands_still(&r, &before)))
			break;
		r.torn = r.tries == VIRTQ_TRIES;
		if (r.torn)
			break;
		/* Reset or set up anew meanwhile: another ring. */
		if (before.size != src->queue.size || before.flags != src->queue.flags) {
			unsigned tries = r.tries;

			virtq_ring_deinit(&r);
			err = prepare(src, &r);
			r.tries = tries;
		}
	}
	if (err)
		virtq_ring_deinit(&r);
	else
		*ret = r;
	return err;
}

/* ---- what waits, and who is to be told ----------------------------------------------------------- */

static unsigned packed_pending(const struct virtq_ring *r)
{
	bool wrap = r->src->queue.flags & STATE_VIRTQ_AVAIL_WRAP;
	unsigned at = r->src->queue.last_avail & 0x7fff, buffers = 0;

	if (at >= r->n)
		return 0;
	for (unsigned i = 0; i < r->n; i++) {
		struct virtq_desc d = virtq_ring_desc(r, at);

		if (!virtq_packed_is_avail(d.flags, wrap))
			break;
		buffers += !(d.flags & VIRTQ_DESC_NEXT);
		if (++at == r->n) {
			at = 0;
			wrap = !wrap;
		}
	}
	return buffers;
}

unsigned virtq_pending(const struct virtq_ring *r)
{
	unsigned n;

	if (r->src->queue.flags & STATE_VIRTQ_NO_INDICES)
		return 0;
	if (r->packed)
		return packed_pending(r);
	n = (uint16_t)(virtq_avail_idx(r) - r->src->queue.last_avail);
	return n < r->n ? n : r->n;
}

static const char *yes(bool v)
{
	return v ? "yes" : "no";
}

/* EVENT_IDX by the driver's own formula, with its numbers. */
static void by_index(struct virtq_notify *n, const char *name, uint16_t event, uint16_t now, uint16_t old)
{
	n->needed = vring_need_event(event, now, old);
	snprintf(n->why, sizeof(n->why), "vring_need_event(%s %u, new %u, old %u): (u16)(%u - %u - 1) = %u < %u: %s",
		 name, event, now, old, now, event, (uint16_t)(now - event - 1), (uint16_t)(now - old),
		 yes(n->needed));
}

/* The position off_wrap of a packed ring, as an index that runs on: the lap before last is n less. */
static uint16_t packed_event_index(const struct virtq_ring *r, uint16_t off_wrap, bool wrap)
{
	uint16_t offset = off_wrap & 0x7fff;

	return (off_wrap >> 15) == wrap ? offset : offset - r->n;
}

static void packed_kick(const struct virtq_ring *r, struct virtq_notify *n)
{
	const struct state_virtio_queue *q = &r->src->queue;
	bool wrap = q->flags & STATE_VIRTQ_AVAIL_WRAP;
	unsigned at = q->last_avail & 0x7fff, len = 0;
	uint16_t off_wrap, flags;

	virtq_device_event(r, &off_wrap, &flags);
	if (flags != VIRTQ_EVENT_DESC) {
		n->needed = flags == VIRTQ_EVENT_ENABLE;
		snprintf(n->why, sizeof(n->why), "device event flags %u: %s", flags,
			 flags == VIRTQ_EVENT_ENABLE ? "enabled" : flags == VIRTQ_EVENT_DISABLE ? "disabled" : "reserved");
		return;
	}
	if (at < r->n)
		for (bool w = wrap; len < r->n; len++) {
			unsigned i = (at + len) % r->n;

			if (len && i == 0)
				w = !w;
			if (!virtq_packed_is_avail(virtq_ring_desc(r, i).flags, w))
				break;
		}
	by_index(n, "event", packed_event_index(r, off_wrap, wrap), at + len, at);
}

void virtq_kick_needed(const struct virtq_ring *r, struct virtq_notify *ret)
{
	uint16_t flags;

	memset(ret, 0, sizeof(*ret));
	if (r->src->queue.flags & STATE_VIRTQ_NO_INDICES) {
		snprintf(ret->why, sizeof(ret->why), "not known: the device's indices are not");
		return;
	}
	ret->known = true;
	if (!virtq_pending(r)) {
		snprintf(ret->why, sizeof(ret->why), "nothing waits for the device");
		return;
	}
	if (r->packed) {
		packed_kick(r, ret);
	} else if (r->event_idx) {
		by_index(ret, "avail_event", virtq_avail_event(r), virtq_avail_idx(r), r->src->queue.last_avail);
	} else {
		flags = virtq_used_flags(r);
		ret->needed = !(flags & 1);
		snprintf(ret->why, sizeof(ret->why), "used.flags is %u: %s", flags,
			 flags & 1 ? "NO_NOTIFY" : "notifications are wanted");
	}
}

static void packed_irq(const struct virtq_ring *r, struct virtq_notify *n)
{
	const struct state_virtio_queue *q = &r->src->queue;
	uint16_t off_wrap, flags;

	virtq_driver_event(r, &off_wrap, &flags);
	if (flags == VIRTQ_EVENT_DESC) {
		by_index(n, "event", packed_event_index(r, off_wrap, q->flags & STATE_VIRTQ_USED_WRAP),
			 (q->used_idx & 0x7fff) + 1, q->used_idx & 0x7fff);
		return;
	}
	n->needed = flags == VIRTQ_EVENT_ENABLE;
	snprintf(n->why, sizeof(n->why), "driver event flags %u: %s", flags,
		 flags == VIRTQ_EVENT_ENABLE ? "enabled" : flags == VIRTQ_EVENT_DISABLE ? "disabled" : "reserved");
}

void virtq_irq_needed(const struct virtq_ring *r, struct virtq_notify *ret)
{
	const struct state_virtio_queue *q = &r->src->queue;
	uint16_t flags, used;

	memset(ret, 0, sizeof(*ret));
	ret->known = true;
	if (r->packed) {
		ret->known = !(q->flags & STATE_VIRTQ_NO_INDICES);
		packed_irq(r, ret);
		return;
	}
	used = virtq_used_idx(r);
	if (r->event_idx) {
		by_index(ret, "used_event", virtq_used_event(r), used + 1,
			 q->flags & STATE_VIRTQ_SIGNALLED ? q->signalled_used : used);
		return;
	}
	flags = virtq_avail_flags(r);
	ret->needed = !(flags & 1);
	snprintf(ret->why, sizeof(ret->why), "avail.flags is %u: %s", flags,
		 flags & 1 ? "NO_INTERRUPT" : "interrupts are wanted");
}
