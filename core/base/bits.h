/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Masks, alignment, and reads of given endianness from unaligned bytes. */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BIT(n) (1ULL << (n))
/* Bits hi..lo, both included, numbered from the least significant one. */
#define MASK(hi, lo) (((~0ULL) >> (63 - (hi))) & ((~0ULL) << (lo)))
#define FIELD(v, hi, lo) (((v) & MASK(hi, lo)) >> (lo))

static inline uint64_t align_down(uint64_t v, uint64_t a) { return v & ~(a - 1); }
static inline uint64_t align_up(uint64_t v, uint64_t a) { return (v + a - 1) & ~(a - 1); }

static inline int64_t sign_extend(uint64_t v, unsigned bits)
{
	return bits >= 64 ? (int64_t)v : (int64_t)(v << (64 - bits)) >> (64 - bits);
}

#define _BITS_ACCESS(n, type) \
static inline type le##n##_read(const void *p) { type v; memcpy(&v, p, sizeof(v)); return le##n##toh(v); } \
static inline type be##n##_read(const void *p) { type v; memcpy(&v, p, sizeof(v)); return be##n##toh(v); } \
static inline void le##n##_write(void *p, type v) { v = htole##n(v); memcpy(p, &v, sizeof(v)); } \
static inline void be##n##_write(void *p, type v) { v = htobe##n(v); memcpy(p, &v, sizeof(v)); }
_BITS_ACCESS(16, uint16_t)
_BITS_ACCESS(32, uint32_t)
_BITS_ACCESS(64, uint64_t)
#undef _BITS_ACCESS

/* 1, 2, 4 or 8 bytes (others: the low @size bytes) as a number. */
uint64_t bytes_read(const void *p, unsigned size, bool big_endian);
void bytes_write(void *p, unsigned size, bool big_endian, uint64_t v);
