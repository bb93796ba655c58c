/* SPDX-License-Identifier: GPL-3.0-or-later */
/* C variables and frames: code with frame pointers and all variables in memory, and code with neither. */
#include "tests/guest/lib/guest.h"

struct item {
	uint32_t id;
	char name[8];
};

static volatile uint32_t total;

__attribute__((noinline, optimize("O2,omit-frame-pointer"))) static uint32_t fast(const struct item *item,
										  uint32_t weight)
{
	total += weight;
	return item->id * weight;
}

__attribute__((noinline, optimize("O2,omit-frame-pointer"))) static uint32_t frameless(struct item *items,
										       uint32_t n)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += fast(&items[i], i + 1);
	return sum;
}

__attribute__((noinline, optimize("O0"))) static int plain(struct item *items, int8_t small)
{
	uint32_t sum = frameless(items, 3);
	int64_t signed_sum = (int64_t)sum * small;

	return (int)signed_sum;
}

__attribute__((optimize("O0"))) int main(uint32_t start_info)
{
	struct item items[3] = { { 5, "five" }, { 7, "seven" }, { 9, "nine" } };

	return plain(items, -1) == -46 ? 0 : 1;
}
