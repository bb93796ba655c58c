/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two ring formats have in common, between queue.c, ring_split.c and ring_packed.c. */
#pragma once

#include <string.h>

#include "core/base/bits.h"
#include "guest/virtio/queue.h"

#define DESC_NEXT 0x1
#define DESC_WRITE 0x2
#define DESC_INDIRECT 0x4
#define DESC_AVAIL BIT(7)	/* packed */
#define DESC_USED BIT(15)

struct ring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t a, b;	/* split: flags, next; packed: id, flags */
	uint16_t entry;	/* where in its table */
};

/* The guest may write at any moment: every field is read exactly once, by one load. */
static inline uint16_t ring_load16(const uint8_t *p)
{
	return le16toh(__atomic_load_n((const uint16_t *)p, __ATOMIC_RELAXED));
}

static inline uint16_t ring_acquire16(const uint8_t *p)
{
	return le16toh(__atomic_load_n((const uint16_t *)p, __ATOMIC_ACQUIRE));
}

static inline void ring_store16(uint8_t *p, uint16_t v)
{
	__atomic_store_n((uint16_t *)p, htole16(v), __ATOMIC_RELAXED);
}

static inline void ring_release16(uint8_t *p, uint16_t v)
{
	__atomic_store_n((uint16_t *)p, htole16(v), __ATOMIC_RELEASE);
}

static inline void ring_store32(uint8_t *p, uint32_t v)
{
	__atomic_store_n((uint32_t *)p, htole32(v), __ATOMIC_RELAXED);
}

/* Indirect tables have no alignment: two loads of 8 bytes that the compiler can not repeat. */
static inline struct ring_desc ring_load_desc(const uint8_t *table, unsigned entry)
{
	struct { uint64_t v; } __attribute__((packed, may_alias)) const volatile *at =
		(const void *)(table + entry * VIRTQ_DESC_LEN);
	uint64_t lo = at[0].v, hi = at[1].v;
	uint8_t bytes[8];

	memcpy(bytes, &hi, sizeof(bytes));
	return (struct ring_desc){ .addr = le64toh(lo), .len = le32_read(bytes), .a = le16_read(bytes + 4),
				   .b = le16_read(bytes + 6), .entry = entry };
}

/* True when @event lies in (old, new], all modulo 2^16 (2.7.10). */
static inline bool ring_need_event(uint16_t event, uint16_t new, uint16_t old)
{
	return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

/* queue.c: one more piece of the chain; false with @fault. */
bool ring_add(struct virtq *q, struct virtq_chain *c, const struct ring_desc *d, uint16_t flags,
	      struct virtq_fault *fault);
/* The host memory of an indirect table of @d; NULL with @fault. */
const uint8_t *ring_indirect(struct virtq *q, const struct ring_desc *d, uint16_t flags, unsigned *ret_n,
			     struct virtq_fault *fault);
/* The ring was looked at; @found: with something new in it. */
void ring_looked(struct virtq *q, bool found);
bool ring_fault(struct virtq_fault *fault, unsigned rule, uint64_t a, uint64_t b, const char *text); /* false */

enum virtq_pop split_pop(struct virtq *q, struct virtq_chain *c, struct virtq_fault *fault);
void split_push(struct virtq *q, const struct virtq_chain *c, uint32_t written);
bool split_wants_interrupt(struct virtq *q);
void split_want_kicks(struct virtq *q, bool wanted);
bool split_pending(struct virtq *q);

enum virtq_pop packed_pop(struct virtq *q, struct virtq_chain *c, struct virtq_fault *fault);
void packed_push(struct virtq *q, const struct virtq_chain *c, uint32_t written);
bool packed_wants_interrupt(struct virtq *q);
void packed_want_kicks(struct virtq *q, bool wanted);
bool packed_pending(struct virtq *q);
