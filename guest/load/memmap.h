/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The memory map a guest is told: RAM, minus the legacy area and what the boot structures use. */
#pragma once

#include <stdint.h>

#include "guest/load/place.h"

/* Type numbers of e820, multiboot and PVH agree. */
enum { MEMMAP_RAM = 1, MEMMAP_RESERVED = 2 };
#define MEMMAP_MAX 128 /* what the Linux zero page holds */

struct memmap {
	struct memmap_entry {
		uint64_t start, len;
		uint32_t type;
	} entry[MEMMAP_MAX]; /* sorted, not overlapping */
	unsigned n;
};

void memmap_build(const struct place *p, struct memmap *ret);
