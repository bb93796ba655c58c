/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules that a queue must keep, on one snapshot or between two looks at it. */
#include "core/decode/virtio/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/text.h"

void virtq_find_at(struct virtq_finding *f, int head, int entry, uint64_t index, const void *bytes, unsigned n)
{
	if (!f)
		return;
	f->head = head;
	f->entry = entry;
	f->index = index;
	f->nbytes = n;
	memcpy(f->bytes, bytes, n);
}

/* ---- without a ring ------------------------------------------------------------------------------ */

static void check_area(const struct virtq_source *src, const char *what, uint64_t addr, uint64_t len,
		       unsigned align, struct virtq_findings *f)
{
	uint64_t at = addr, left = len, gpa = 0;

	if (addr % align)
		virtq_find(f, 12, "%s at 0x%" PRIx64 " is not aligned to %u bytes", what, addr, align);
	while (left) {
		uint64_t n = addr + (len - 1) < addr ? 0 : virtq_translate(src, at, left, false, &gpa);

		if (!n || !src->mem.is_ram(src->mem.ctx, gpa, n)) {
			virtq_find(f, 8, "%s [0x%" PRIx64 ", +0x%" PRIx64 ") is not %s", what, addr, len,
				   src->iova ? "mapped for the device" : "guest memory");
			return;
		}
		at += n;
		left -= n;
	}
}

static void check_state(const struct virtq_source *src, struct virtq_findings *f)
{
	const struct state_virtio_queue *q = &src->queue;
	bool ok = src->dev.status & VIRTIO_S_DRIVER_OK;

	if (src->dev.flags & STATE_VIRTIO_NO_COUNTERS)
		return;
	if (!ok && q->requests)
		virtq_find(f, 13, "the device took %" PRIu64 " buffers, the status 0x%02x has no DRIVER_OK",
			   q->requests, src->dev.status);
	else if (!ok && q->kicks && virtio_bit(src->dev.driver, VIRTIO_F_VERSION_1))
		virtq_find(f, 13, "the driver rang %" PRIu64 " times, its status 0x%02x has no DRIVER_OK", q->kicks,
			   src->dev.status);
}

void virtq_check_setup(const struct virtq_source *src, struct virtq_findings *f)
{
	const struct state_virtio_queue *q = &src->queue;
	bool packed = q->flags & STATE_VIRTQ_PACKED;
	uint64_t n = q->size;

	check_state(src, f);
	if (!(q->flags & STATE_VIRTQ_READY))
		return;
	check_area(src, packed ? "the ring" : "the descriptor table", q->desc, 16 * n, 16, f);
	check_area(src, packed ? "the driver area" : "the avail ring", q->avail, packed ? 4 : 6 + 2 * n,
		   packed ? 4 : 2, f);
	check_area(src, packed ? "the device area" : "the used ring", q->used, packed ? 4 : 6 + 8 * n, 4, f);
	if (q->max && q->size > q->max)
		virtq_find(f, 12, "the ring has %u entries, the device allows %u", q->size, q->max);
}

/* ---- buffers ------------------------------------------------------------------------------------- */

/* A descriptor of the ring belongs to one buffer at a time. */
static void claim(const struct virtq_ring *r, const struct virtq_chain *c, uint16_t *owner,
		  struct virtq_findings *f)
{
	for (size_t i = 0; i < c->links.len; i++) {
		const struct virtq_link *l = &c->links.data[i];

		if (l->in_table || l->index >= r->n)
			continue;
		if (owner[l->index] && owner[l->index] - 1 != c->head)
			virtq_find_at(virtq_find(f, 5, "descriptor %u is in the chains of head %u and of head %u",
						 l->index, owner[l->index] - 1, c->head),
				      c->head, l->index, 0, l->raw, 16);
		owner[l->index] = c->head + 1;
	}
}

static void check_buffers(const struct virtq_ring *r, struct virtq_findings *f)
{
	struct virtq_buffers b;
	unsigned budget = VIRTQ_BUDGET;
	uint16_t *owner = xcalloc(r->n, sizeof(*owner));

	virtq_buffers_get(r, &b);
	for (size_t i = 0; i < b.list.len && budget; i++) {
		const struct virtq_buffer *buf = &b.list.data[i];
		size_t first = f->list.len;
		struct virtq_chain c;

		if (buf->overwritten || buf->head >= r->n)
			continue;
		virtq_chain_walk(r, buf->head, &budget, f, &c);
		for (size_t k = first; k < f->list.len; k++)
			f->list.data[k].index = buf->index;
		/* A structure that is broken claims what it does not own: one finding is enough. */
		if (c.complete && !r->packed)
			claim(r, &c, owner, f);
		virtq_chain_deinit(&c);
	}
	virtq_buffers_deinit(&b);
	free(owner);
}

void virtq_check(const struct virtq_ring *ring, struct virtq_findings *f)
{
	virtq_check_setup(ring->src, f);
	if (ring->torn)
		return;
	if (ring->packed)
		virtq_check_packed(ring, f);
	else
		virtq_check_split(ring, f);
	check_buffers(ring, f);
}

/* ---- between two looks --------------------------------------------------------------------------- */

void virtq_sample_take(const struct virtq_ring *ring, struct virtq_sample *ret)
{
	const struct virtq_source *src = ring->src;
	uint16_t flags;

	*ret = (struct virtq_sample){
		.valid = !ring->torn && !(src->dev.flags & STATE_VIRTIO_NO_COUNTERS),
		.time_ns = src->queue.now_ns, .resets = src->dev.resets, .requests = src->queue.requests,
		.completed = src->queue.completed, .irqs = src->queue.irqs, .kicks = src->queue.kicks,
		.desc = src->queue.desc, .used_idx = src->queue.used_idx, .pending = virtq_pending(ring),
	};
	if (ring->packed) {
		virtq_driver_event(ring, &ret->used_event, &flags);
		return;
	}
	ret->avail_idx = virtq_avail_idx(ring);
	ret->used_event = ring->event_idx ? virtq_used_event(ring) : 0;
}

/* What waits did so at the look before, the driver had to ring, the device heard nothing and slept. */
static void check_lost_kick(const struct virtq_ring *r, const struct virtq_sample *before, uint64_t patience_ns,
			    struct virtq_findings *f)
{
	const struct state_virtio_queue *q = &r->src->queue;
	unsigned pending = virtq_pending(r);
	struct virtq_notify kick;
	char age[32];

	if (!before->pending || !pending || before->requests != q->requests || before->kicks != q->kicks ||
	    (q->flags & STATE_VIRTQ_KICKS_OFF) || (q->flags & STATE_VIRTQ_BROKEN) ||
	    q->now_ns - before->time_ns < patience_ns || q->last_look_ns > before->time_ns ||
	    q->last_kick_ns > before->time_ns)
		return;
	virtq_kick_needed(r, &kick);
	if (kick.known && kick.needed)
		virtq_find_at(virtq_find(f, 16, "%u buffers wait since more than %s without a doorbell: %s", pending,
					 format_time_ns(age, sizeof(age), q->now_ns - before->time_ns), kick.why),
			      -1, -1, q->last_avail, "", 0);
}

void virtq_check_samples(const struct virtq_ring *r, const struct virtq_sample *before, uint64_t patience_ns,
			 struct virtq_findings *f)
{
	const struct state_virtio_queue *q = &r->src->queue;
	struct virtq_sample now;
	uint64_t moved;
	uint16_t seen;

	virtq_sample_take(r, &now);
	if (!before->valid || !now.valid || before->resets != now.resets || before->desc != now.desc)
		return;
	check_lost_kick(r, before, patience_ns, f);
	if (r->packed)
		return;
	/* All that ever became available is what the device took and what waits: it can only grow, and
	 * avail.idx with it. */
	moved = now.requests + now.pending - before->requests - before->pending;
	seen = now.avail_idx - before->avail_idx;
	if (seen != (uint16_t)moved || moved >> 63)
		virtq_find_at(virtq_find(f, 10, "avail.idx went from %u to %u, the device saw %" PRId64 " buffers more",
					 before->avail_idx, now.avail_idx, (int64_t)moved),
			      -1, -1, q->last_avail, r->avail, 4);
}
