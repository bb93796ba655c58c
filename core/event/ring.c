/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Positions only grow; an offset is a position modulo the size. Records are contiguous: where the rest
 * of the buffer is too short for one, a pad record (or, below a header's size, nothing at all) fills it.
 *
 * Drops: the producer counts them in @drops. A record that follows drops is preceded by a marker whose
 * payload holds that running count; the consumer, who alone remembers how much it has reported, turns
 * the difference into a VMM_DROP event. When the ring is empty the consumer reports without a marker,
 * and the marker that comes later then adds nothing: each drop is counted once, in its place.
 */
#include "core/event/ring.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/bits.h"
#include "core/base/loop.h"

#define PAD_SCHEMA UINT32_MAX
#define CACHE_LINE 64
#define MARKER_SIZE (sizeof(struct event) + sizeof(struct vmm_drop))

struct event_ring {
	uint8_t *data;
	uint32_t size;

	/* Producer's side. */
	_Alignas(CACHE_LINE) _Atomic uint64_t head; /* end of what is committed */
	uint64_t tail_seen;	/* @tail as last looked up: re-read only when it looks full */
	uint64_t reserved;	/* where head goes at commit */
	uint64_t marked;	/* drops the last marker told of */
	uint32_t tid;
	_Atomic uint64_t drops;
	_Atomic uint64_t drop_time_ns; /* of the first drop after a record */

	/* Consumer's side. */
	_Alignas(CACHE_LINE) _Atomic uint64_t tail;
	uint64_t reported;	/* drops already delivered as events */
};

struct error *event_ring_create(uint32_t bytes, struct event_ring **ret)
{
	if (bytes < 64 * 1024 || (bytes & (bytes - 1)))
		return error_create(ERROR_USAGE, "event ring of %u bytes: must be a power of two, 64K or more",
				    bytes);
	struct event_ring *ring = aligned_alloc(CACHE_LINE, sizeof(*ring));
	uint8_t *data = aligned_alloc(CACHE_LINE, bytes);

	if (!ring || !data) {
		free(ring);
		free(data);
		return error_create(ERROR_NOMEM, "no memory for an event ring of %u bytes", bytes);
	}
	memset(ring, 0, sizeof(*ring));
	ring->data = data;
	ring->size = bytes;
	*ret = ring;
	return NULL;
}

void event_ring_destroy(struct event_ring *ring)
{
	if (!ring)
		return;
	free(ring->data);
	free(ring);
}

static void *at(const struct event_ring *ring, uint64_t pos)
{
	return ring->data + (pos & (ring->size - 1));
}

/* Bytes from @pos to the end of the buffer. */
static uint32_t to_end(const struct event_ring *ring, uint64_t pos)
{
	return ring->size - (uint32_t)(pos & (ring->size - 1));
}

static bool has_room(struct event_ring *ring, uint64_t end)
{
	if (end - ring->tail_seen <= ring->size)
		return true;
	/* Acquire: the consumer is done with the bytes that are written next. */
	ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
	return end - ring->tail_seen <= ring->size;
}

static void count_drop(struct event_ring *ring)
{
	uint64_t drops = atomic_load_explicit(&ring->drops, memory_order_relaxed);

	if (drops == ring->marked)
		atomic_store_explicit(&ring->drop_time_ns, clock_now_ns(), memory_order_relaxed);
	/* Release: who sees this count also sees every record committed before it. */
	atomic_store_explicit(&ring->drops, drops + 1, memory_order_release);
}

static void fill(struct event_ring *ring, struct event *event, uint32_t schema, uint16_t vcpu,
		 uint32_t size, uint32_t payload_len)
{
	int cpu = sched_getcpu(); /* rseq or vdso, no system call */

	if (!ring->tid)
		ring->tid = (uint32_t)gettid();
	*event = (struct event){
		.time_ns = clock_now_ns(),
		.schema = schema,
		.size = (uint16_t)size,
		.cpu = cpu < 0 ? UINT32_MAX : (uint32_t)cpu,
		.tid = ring->tid,
		.vm = 1,
		.vcpu = vcpu,
		.payload_len = payload_len,
	};
	memset(event->payload, 0, size - sizeof(*event));
}

static void put_marker(struct event_ring *ring, struct event *event, uint16_t vcpu, uint64_t drops)
{
	struct vmm_drop drop = { .count = drops, .where = VMM_DROP_RING };

	fill(ring, event, VMM_DROP, vcpu, MARKER_SIZE, sizeof(drop));
	event->time_ns = atomic_load_explicit(&ring->drop_time_ns, memory_order_relaxed);
	memcpy(event->payload, &drop, sizeof(drop));
	ring->marked = drops;
}

struct event *event_ring_reserve(struct event_ring *ring, uint32_t schema, uint16_t vcpu,
				 uint32_t payload_len)
{
	uint64_t pos = atomic_load_explicit(&ring->head, memory_order_relaxed);
	uint64_t drops = atomic_load_explicit(&ring->drops, memory_order_relaxed);
	uint32_t marker = drops != ring->marked ? MARKER_SIZE : 0;

	if (payload_len > EVENT_SIZE_MAX - sizeof(struct event)) {
		count_drop(ring);
		return NULL;
	}
	uint32_t size = (uint32_t)align_up(sizeof(struct event) + payload_len, 8);
	uint32_t rest = to_end(ring, pos);
	uint32_t pad = rest < size + marker ? rest : 0;

	if (!has_room(ring, pos + pad + marker + size)) {
		count_drop(ring);
		return NULL;
	}
	if (pad >= sizeof(struct event))
		*(struct event *)at(ring, pos) = (struct event){ .schema = PAD_SCHEMA, .size = (uint16_t)pad };
	pos += pad;
	if (marker) {
		put_marker(ring, at(ring, pos), vcpu, drops);
		pos += marker;
	}
	struct event *event = at(ring, pos);

	fill(ring, event, schema, vcpu, size, payload_len);
	ring->reserved = pos + size;
	return event;
}

void event_ring_commit(struct event_ring *ring, struct event *event)
{
	/* Release: the consumer that sees the new head sees the record. */
	atomic_store_explicit(&ring->head, ring->reserved, memory_order_release);
}

/* Delivers what is missing up to the running count @drops, unless it was already. */
static unsigned report_drops(struct event_ring *ring, uint64_t drops, const struct event *like,
			     void (*fn)(void *ctx, const struct event *event), void *ctx)
{
	union {
		struct event event;
		uint8_t bytes[MARKER_SIZE];
	} u = { 0 };
	struct vmm_drop drop = { .count = drops - ring->reported, .where = VMM_DROP_RING };

	if (drops <= ring->reported)
		return 0;
	if (like)
		u.event = *like;
	else
		u.event = (struct event){
			.time_ns = atomic_load_explicit(&ring->drop_time_ns, memory_order_relaxed),
			.schema = VMM_DROP, .size = MARKER_SIZE, .cpu = UINT32_MAX, .tid = ring->tid,
			.vm = 1, .vcpu = EVENT_NO_VCPU, .payload_len = sizeof(drop),
		};
	memcpy(u.event.payload, &drop, sizeof(drop));
	ring->reported = drops;
	fn(ctx, &u.event);
	return 1;
}

unsigned event_ring_drain(struct event_ring *ring, unsigned max,
			  void (*fn)(void *ctx, const struct event *event), void *ctx)
{
	uint64_t pos = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	unsigned n = 0;

	while (n < max) {
		/* In this order: what was committed before these drops is then part of head. */
		uint64_t drops = atomic_load_explicit(&ring->drops, memory_order_acquire);
		uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);

		if (pos == head) {
			n += report_drops(ring, drops, NULL, fn, ctx);
			break;
		}
		uint32_t rest = to_end(ring, pos);
		const struct event *event = at(ring, pos);

		if (rest < sizeof(*event)) {
			pos += rest;
		} else if (event->schema == PAD_SCHEMA) {
			pos += event->size;
		} else if (event->schema == VMM_DROP) {
			struct vmm_drop drop;

			memcpy(&drop, event->payload, sizeof(drop));
			n += report_drops(ring, drop.count, event, fn, ctx);
			pos += event->size;
		} else {
			fn(ctx, event);
			n++;
			pos += event->size;
		}
		/* Release: the producer may overwrite these bytes only after they were read. */
		atomic_store_explicit(&ring->tail, pos, memory_order_release);
	}
	return n;
}

bool event_ring_pending(const struct event_ring *ring)
{
	return atomic_load_explicit(&ring->head, memory_order_acquire) !=
		       atomic_load_explicit(&ring->tail, memory_order_relaxed) ||
	       atomic_load_explicit(&ring->drops, memory_order_acquire) > ring->reported;
}

uint64_t event_ring_drops(const struct event_ring *ring)
{
	return atomic_load_explicit(&ring->drops, memory_order_acquire);
}
