/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/virtq_guest.h"

#include <string.h>

#include "core/base/bits.h"
#include "core/target/state.h"

static bool vg_read(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct virtq_guest *g = ctx;

	if (gpa > VG_MEM || len > VG_MEM - gpa)
		return false;
	memcpy(buf, g->mem + gpa, len);
	return true;
}

static bool vg_is_ram(void *ctx, uint64_t gpa, uint64_t len)
{
	return gpa <= VG_MEM && len <= VG_MEM - gpa;
}

void vg_init(struct virtq_guest *g, unsigned n, bool packed)
{
	memset(g, 0, sizeof(*g));
	g->src.mem = (struct virtq_mem){ .ctx = g, .read = vg_read, .is_ram = vg_is_ram };
	g->src.dev = (struct state_virtio_device){
		.version = STATE_VERSION, .virtio_id = VIRTIO_ID_BLK, .name = "blk0", .status = 0xf, .nqueues = 1,
		.offered = { BIT(28) | BIT(29) | BIT(32) | (packed ? BIT(34) : 0) },
		.driver = { BIT(28) | BIT(32) | (packed ? BIT(34) : 0) },
	};
	g->src.queue = (struct state_virtio_queue){
		.version = STATE_VERSION, .role = "requests", .size = n, .max = VG_MAX, .desc = VG_DESC,
		.avail = VG_AVAIL, .used = VG_USED, .now_ns = 1000000000,
		.flags = STATE_VIRTQ_READY | (packed ? STATE_VIRTQ_PACKED | STATE_VIRTQ_AVAIL_WRAP |
						       STATE_VIRTQ_USED_WRAP : 0),
	};
	g->inflight.version = STATE_VERSION;
	g->src.inflight = &g->inflight;
	g->avail_wrap = true;
}

static void put(struct virtq_guest *g, uint64_t gpa, unsigned size, uint64_t v)
{
	bytes_write(g->mem + gpa, size, g->be, v);
}

void vg_desc(struct virtq_guest *g, unsigned i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	uint64_t at = VG_DESC + 16 * i;

	put(g, at, 8, addr);
	put(g, at + 8, 4, len);
	put(g, at + 12, 2, flags);
	put(g, at + 14, 2, next);
}

void vg_publish(struct virtq_guest *g, uint16_t head)
{
	put(g, VG_AVAIL + 4 + 2 * (g->avail_idx % g->src.queue.size), 2, head);
	put(g, VG_AVAIL + 2, 2, ++g->avail_idx);
}

void vg_publish_packed(struct virtq_guest *g, uint16_t id, const struct virtq_desc *descs, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint16_t wrap = g->avail_wrap ? VIRTQ_PACKED_AVAIL : VIRTQ_PACKED_USED;
		uint16_t flags = descs[i].flags | wrap | (i + 1 < n ? VIRTQ_DESC_NEXT : 0);
		uint64_t at = VG_DESC + 16 * g->avail_idx;

		put(g, at, 8, descs[i].addr);
		put(g, at + 8, 4, descs[i].len);
		put(g, at + 12, 2, id);
		put(g, at + 14, 2, flags);
		if (++g->avail_idx == g->src.queue.size) {
			g->avail_idx = 0;
			g->avail_wrap = !g->avail_wrap;
		}
	}
}

/* Moves a packed position @n slots on. */
static void advance(struct virtq_guest *g, uint16_t *at, uint32_t wrap_flag, unsigned n)
{
	*at += n;
	if (*at >= g->src.queue.size) {
		*at -= g->src.queue.size;
		g->src.queue.flags ^= wrap_flag;
	}
}

void vg_take(struct virtq_guest *g, uint16_t head, uint16_t id, unsigned ndesc)
{
	struct state_virtio_queue *q = &g->src.queue;

	g->inflight.entry[g->inflight.count++] = (struct state_virtio_inflight_entry){
		.seq = q->requests++, .picked_ns = q->now_ns - 1500000, .head = head, .id = id, .ndesc = ndesc,
	};
	g->inflight.total = ++q->inflight;
	if (q->flags & STATE_VIRTQ_PACKED)
		advance(g, &q->last_avail, STATE_VIRTQ_AVAIL_WRAP, ndesc);
	else
		q->last_avail++;
	if (!q->oldest_ns)
		q->oldest_ns = q->now_ns - 1500000;
}

void vg_use(struct virtq_guest *g, uint16_t id, uint32_t len)
{
	struct state_virtio_queue *q = &g->src.queue;
	unsigned ndesc = 1;

	for (unsigned i = 0; i < g->inflight.count; i++) {
		if (g->inflight.entry[i].id != id)
			continue;
		ndesc = g->inflight.entry[i].ndesc;
		g->inflight.count--;
		memmove(&g->inflight.entry[i], &g->inflight.entry[i + 1],
			(g->inflight.count - i) * sizeof(g->inflight.entry[0]));
		break;
	}
	g->inflight.total = --q->inflight;
	q->completed++;
	if (q->flags & STATE_VIRTQ_PACKED) {
		uint64_t at = VG_DESC + 16 * q->used_idx;

		put(g, at + 8, 4, len);
		put(g, at + 12, 2, id);
		put(g, at + 14, 2, q->flags & STATE_VIRTQ_USED_WRAP ? VIRTQ_PACKED_AVAIL | VIRTQ_PACKED_USED : 0);
		advance(g, &q->used_idx, STATE_VIRTQ_USED_WRAP, ndesc);
		return;
	}
	put(g, VG_USED + 4 + 8 * (q->used_idx % q->size), 4, id);
	put(g, VG_USED + 8 + 8 * (q->used_idx % q->size), 4, len);
	put(g, VG_USED + 2, 2, ++q->used_idx);
}
