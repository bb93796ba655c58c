/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/*
 * The log-linear histogram that BPF programs fill and user space reads: each power of two is cut into
 * HIST_SUB equal buckets, so a value is known to 1/HIST_SUB of itself. Both sides include this file.
 *
 *	index:   0 1 2 3 | 4 5 6 7 | 8   9   10  11 | 12 ...
 *	value:   0 1 2 3 | 4 5 6 7 | 8-9 10- 12- 14-| 16-19 ...
 */
#pragma once

#include <stdint.h>

#define HIST_SUB_BITS 2
#define HIST_SUB (1 << HIST_SUB_BITS)
#define HIST_EXP_MAX 40	/* values from 2^40 ns (18 minutes) on share the last bucket */
#define HIST_BUCKETS (HIST_SUB + (HIST_EXP_MAX - HIST_SUB_BITS) * HIST_SUB)

/* Position of the highest set bit; BPF has no instruction for it. */
static inline __attribute__((always_inline)) uint32_t hist_log2(uint64_t v)
{
	uint32_t r = 0;

	if (v >> 32) { v >>= 32; r += 32; }
	if (v >> 16) { v >>= 16; r += 16; }
	if (v >> 8) { v >>= 8; r += 8; }
	if (v >> 4) { v >>= 4; r += 4; }
	if (v >> 2) { v >>= 2; r += 2; }
	return r + (uint32_t)(v >> 1);
}

static inline __attribute__((always_inline)) uint32_t hist_index(uint64_t v)
{
	uint32_t e;

	if (v < HIST_SUB)
		return (uint32_t)v;
	e = hist_log2(v);
	if (e >= HIST_EXP_MAX)
		return HIST_BUCKETS - 1;
	return HIST_SUB + (e - HIST_SUB_BITS) * HIST_SUB +
	       (uint32_t)((v >> (e - HIST_SUB_BITS)) & (HIST_SUB - 1));
}

/* What one histogram and its sums look like in a map. */
struct hist {
	uint64_t count, total, min, max;
	uint32_t bucket[HIST_BUCKETS];
};
