/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Result of a page walk, architecture-neutral enough for a panel, a command and a test. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MMU_LEVELS_MAX 6

struct mmu_level {
	const char *name;	/* "PML4E", "PDPTE", "PDE", "PTE"; "radix L1" */
	uint64_t entry_gpa;	/* where the entry was read */
	uint64_t entry;		/* its value */
	uint64_t page_size;	/* of a leaf, else 0 */
	char flags[64];		/* decoded bits: "P RW US A D PS NX" */
};

enum mmu_verdict {
	MMU_MAPPED,
	MMU_NO_PAGING,		/* gpa = gva */
	MMU_NOT_PRESENT,	/* at the last level recorded */
	MMU_RESERVED,		/* a reserved bit is set there */
	MMU_NONCANONICAL,
	MMU_UNREADABLE,		/* the table itself lies outside guest memory */
};

struct mmu_walk {
	uint64_t gva, gpa;	/* gpa valid when MAPPED or NO_PAGING */
	enum mmu_verdict verdict;
	uint64_t page_size;
	bool write, user, exec;	/* effective rights over all levels */
	unsigned nlevels;
	struct mmu_level levels[MMU_LEVELS_MAX];
	const char *mode;	/* "4-level", "PAE", "32-bit", "5-level", "off" */
};

/* A run of pages with equal rights and contiguous gva and gpa. */
struct mmu_range {
	uint64_t gva, gpa, len, page_size;
	bool write, user, exec, global, accessed, dirty;
};
typedef bool (*mmu_map_fn)(void *ctx, const struct mmu_range *range);

const char *mmu_verdict_text(enum mmu_verdict v);
