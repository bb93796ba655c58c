/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/hist_read.h"

uint64_t hist_low(uint32_t index)
{
	uint32_t e, sub;

	if (index < HIST_SUB)
		return index;
	e = HIST_SUB_BITS + (index - HIST_SUB) / HIST_SUB;
	sub = (index - HIST_SUB) % HIST_SUB;
	return (uint64_t)(HIST_SUB + sub) << (e - HIST_SUB_BITS);
}

uint64_t hist_high(uint32_t index)
{
	return index >= HIST_BUCKETS - 1 ? UINT64_MAX : hist_low(index + 1) - 1;
}

uint64_t hist_quantile(const struct hist *h, unsigned permille)
{
	uint64_t seen = 0, want, n = 0;

	/* The programs fill while we read, so the buckets are what counts, not h->count. */
	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		n += h->bucket[i];
	if (!n)
		return 0;
	want = (n * permille + 999) / 1000;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		uint64_t low = hist_low(i), middle;

		seen += h->bucket[i];
		if (seen < want || !h->bucket[i])
			continue;
		middle = i == HIST_BUCKETS - 1 ? h->max : low + (hist_high(i) - low) / 2;
		return middle < h->min ? h->min : middle > h->max ? h->max : middle;
	}
	return h->max;
}

void hist_add(struct hist *sum, const struct hist *h)
{
	if (!h->count)
		return;
	if (!sum->count || h->min < sum->min)
		sum->min = h->min;
	if (h->max > sum->max)
		sum->max = h->max;
	sum->count += h->count;
	sum->total += h->total;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		sum->bucket[i] += h->bucket[i];
}
