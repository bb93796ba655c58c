/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Virtqueues as they are in guest memory (virtio 1.2, 2.7 split and 2.8 packed): a snapshot is taken once,
 * everything else looks at the copy. What a guest writes is hostile: sizes are bounded by the ring's,
 * walks by a budget.
 *
 *	virtq_source  blobs of device and queue, and how to read guest memory
 *	virtq_ring    the copy of a ring; torn when it would not stand still
 *	virtq_chain   the descriptors of one buffer
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/vec.h"
#include "core/decode/virtio/virtio.h"
#include "core/target/state_virtio.h"

#define VIRTQ_SIZE_MAX 32768		/* 2.7, 2.8: the largest queue size */
#define VIRTQ_TRIES 8			/* readings of a ring before it counts as torn */

enum { VIRTQ_DESC_NEXT = 1, VIRTQ_DESC_WRITE = 2, VIRTQ_DESC_INDIRECT = 4 };
#define VIRTQ_PACKED_AVAIL (1 << 7)
#define VIRTQ_PACKED_USED (1 << 15)

/* Guest memory. Both callbacks take guest-physical addresses. */
struct virtq_mem {
	void *ctx;
	bool (*read)(void *ctx, uint64_t gpa, void *buf, size_t len);	/* all or nothing */
	/* The range is RAM: all of it, without a gap. */
	bool (*is_ram)(void *ctx, uint64_t gpa, uint64_t len);
};

/* Where a queue is looked at. refresh() reads the blobs again; NULL: they do not change. */
struct virtq_source {
	struct virtq_mem mem;
	struct state_virtio_device dev;
	struct state_virtio_queue queue;
	const struct state_virtio_iova *iova;	/* NULL: addresses are guest-physical */
	const struct state_virtio_inflight *inflight; /* NULL: not known */
	void *refresh_ctx;
	bool (*refresh)(void *ctx, struct virtq_source *src);
};

struct virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;	/* packed: @next is the buffer id */
};

struct virtq_ring {
	const struct virtq_source *src;
	bool packed, be, event_idx;
	unsigned n;		/* entries */
	uint8_t *table;		/* descriptors, 16 bytes each, as in memory */
	uint8_t *avail;		/* split: 6 + 2n bytes; packed: driver's event suppression, 4 */
	uint8_t *used;		/* split: 6 + 8n bytes; packed: the device's, 4 */
	bool torn;		/* it changed during each of VIRTQ_TRIES readings: parts may not fit together */
	unsigned tries;
};

/* Copies the ring, again when it changed meanwhile (then @src is refreshed too). ERROR_STATE: not set up;
 * ERROR_FAULT: a part is not in memory. *ret borrows @src; virtq_ring_deinit() frees. */
struct error *virtq_ring_read(struct virtq_source *src, struct virtq_ring *ret);
void virtq_ring_deinit(struct virtq_ring *ring);

struct virtq_desc virtq_desc_decode(const uint8_t raw[16], bool be);
struct virtq_desc virtq_ring_desc(const struct virtq_ring *ring, unsigned i); /* i < n */
/* Split rings only. */
uint16_t virtq_avail_flags(const struct virtq_ring *ring);
uint16_t virtq_avail_idx(const struct virtq_ring *ring);
uint16_t virtq_avail_entry(const struct virtq_ring *ring, uint16_t idx);	/* slot idx mod n */
uint16_t virtq_used_event(const struct virtq_ring *ring);
uint16_t virtq_used_flags(const struct virtq_ring *ring);
uint16_t virtq_used_idx(const struct virtq_ring *ring);
void virtq_used_entry(const struct virtq_ring *ring, uint16_t idx, uint32_t *ret_id, uint32_t *ret_len);
uint16_t virtq_avail_event(const struct virtq_ring *ring);
/* Packed rings only: the two event suppression structures, offset | wrap << 15 and flags. */
enum { VIRTQ_EVENT_ENABLE, VIRTQ_EVENT_DISABLE, VIRTQ_EVENT_DESC };
void virtq_driver_event(const struct virtq_ring *ring, uint16_t *ret_off_wrap, uint16_t *ret_flags);
void virtq_device_event(const struct virtq_ring *ring, uint16_t *ret_off_wrap, uint16_t *ret_flags);

/* A descriptor is available, or used, to a side whose wrap counter is @wrap (2.8.1). */
static inline bool virtq_packed_is_avail(uint16_t flags, bool wrap)
{
	return !!(flags & VIRTQ_PACKED_AVAIL) == wrap && !!(flags & VIRTQ_PACKED_USED) != wrap;
}
static inline bool virtq_packed_is_used(uint16_t flags, bool wrap)
{
	return !!(flags & VIRTQ_PACKED_AVAIL) == wrap && !!(flags & VIRTQ_PACKED_USED) == wrap;
}

/* Whether a notification is due when an index goes from @old to @new_idx and the other side asked for one
 * at @event (2.7.10.1): the entry after @event was passed. */
static inline bool vring_need_event(uint16_t event, uint16_t new_idx, uint16_t old)
{
	return (uint16_t)(new_idx - event - 1) < (uint16_t)(new_idx - old);
}

/* What waits for the device: (split) entries last_avail.. of the avail ring, (packed) buffers from
 * last_avail on that are marked available. Bounded by n. */
unsigned virtq_pending(const struct virtq_ring *ring);

/* Suppression as each side stands, with the numbers. */
struct virtq_notify {
	bool known;		/* false: not enough is known (a VM of others) */
	bool needed;		/* would the next one be sent? for a kick: of what is available now */
	char why[160];		/* the arithmetic */
};
/* Is the driver to kick for what is in the ring now, seen from what the device has taken? */
void virtq_kick_needed(const struct virtq_ring *ring, struct virtq_notify *ret);
/* Is the device to interrupt for the next buffer it gives back? */
void virtq_irq_needed(const struct virtq_ring *ring, struct virtq_notify *ret);

/* ---- buffers ------------------------------------------------------------------------------------- */

struct virtq_link {
	struct virtq_desc desc;
	uint8_t raw[16];
	uint16_t index;		/* in its table */
	bool in_table;		/* of an indirect table */
	bool mapped;		/* [addr, addr+len) is memory; @gpa is where it starts */
	uint64_t gpa;
};

struct virtq_chain {
	uint16_t head;		/* split: descriptor; packed: offset */
	uint16_t id;		/* packed: buffer id; split: head */
	uint16_t ndesc;		/* entries of the ring itself */
	bool indirect;
	bool complete;		/* walked to its end without breaking a rule of structure */
	uint64_t readable, writable;
	VEC(struct virtq_link) links;
};

/* Something a walk found (rules.def). */
struct virtq_finding {
	unsigned rule;		/* 1..18 */
	bool warning;
	int head, entry;	/* -1: none */
	uint64_t index;		/* ring index */
	uint8_t bytes[16];
	unsigned nbytes;
	char text[200];
};
struct virtq_findings {
	VEC(struct virtq_finding) list;
	unsigned dropped;	/* found, but more than VIRTQ_FINDINGS_MAX */
};
#define VIRTQ_FINDINGS_MAX 64

/* Adds one; returns it for @entry, @bytes, ... to be filled (NULL: the list is full). */
struct virtq_finding *virtq_find(struct virtq_findings *f, unsigned rule, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define VIRTQ_BUDGET 65536	/* descriptors walked for one look at a queue */

/* Walks the buffer that starts at @head (split: descriptor, packed: offset). *budget bounds the
 * descriptors looked at and is counted down. @f may be NULL. */
void virtq_chain_walk(const struct virtq_ring *ring, uint16_t head, unsigned *budget,
		      struct virtq_findings *f, struct virtq_chain *ret);

/* A buffer that is out: the device has it, or it waits for the device. */
struct virtq_buffer {
	bool waiting;		/* not taken yet */
	bool overwritten;	/* packed: used descriptors lie where its own were; nothing to walk */
	uint16_t head;		/* split: descriptor, packed: offset */
	uint16_t index;		/* where in the avail ring (split), where it starts (packed) */
	uint16_t id;
	uint64_t seq, picked_ns; /* taken ones */
};
struct virtq_buffers {
	VEC(struct virtq_buffer) list;	/* taken ones, oldest first, then those that wait */
	unsigned hidden;	/* more are with the device than it told */
};
/* What is out, by the device's list and the ring. */
void virtq_buffers_get(const struct virtq_ring *ring, struct virtq_buffers *ret);
void virtq_buffers_deinit(struct virtq_buffers *b);
void virtq_chain_deinit(struct virtq_chain *chain);

/* Translates for a device that has an address map; returns how many bytes from @addr on are contiguous
 * (0: not mapped). */
uint64_t virtq_translate(const struct virtq_source *src, uint64_t addr, uint64_t len, bool write,
			 uint64_t *ret_gpa);
/* Reads through the map. */
bool virtq_source_read(const struct virtq_source *src, uint64_t addr, void *buf, size_t len);
/* Up to @len bytes of the device-readable (or writable) part from @offset on; how many there were. */
size_t virtq_chain_bytes(const struct virtq_ring *ring, const struct virtq_chain *chain, bool writable,
			 uint64_t offset, void *buf, size_t len);

/* ---- rules --------------------------------------------------------------------------------------- */

/* The sentence of rule @rule, and what follows from breaking it; NULL: no such rule. */
const char *virtq_rule_text(unsigned rule, const char **ret_consequence);

/* Everything that can be said of one snapshot. A torn one gives only what holds anyway. */
void virtq_check(const struct virtq_ring *ring, struct virtq_findings *f);
/* Rules of addresses and state, which need no ring: RI08, RI12, RI13. */
void virtq_check_setup(const struct virtq_source *src, struct virtq_findings *f);

/* What is kept of one look to compare the next with: RI10, RI16, RI17. */
struct virtq_sample {
	bool valid;
	uint64_t time_ns, resets, requests, completed, irqs, kicks, desc;
	uint16_t avail_idx, used_idx, used_event, pending;
};
void virtq_sample_take(const struct virtq_ring *ring, struct virtq_sample *ret);
/* @patience_ns: how long a notification may be missing before it counts as lost. */
void virtq_check_samples(const struct virtq_ring *ring, const struct virtq_sample *before,
			 uint64_t patience_ns, struct virtq_findings *f);
