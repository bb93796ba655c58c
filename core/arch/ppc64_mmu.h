/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Translation of POWER: the walks of struct arch, and one over a single radix tree. */
#pragma once

#include "core/arch/ppc64.h"

/*
 * Walks one radix tree from the first doubleword of its table entry (@root: of a process table entry, or of
 * a partition table entry, whose HR bit is not looked at) for @address, which counts from 0. Adds levels to
 * @w and sets verdict, gpa, page_size and rights; the tree's entries are big-endian, read by mem->phys.
 */
void ppc64_radix_walk(const struct mem_reader *mem, uint64_t root, uint64_t address, struct mmu_walk *w);

struct error *ppc64_walk(const struct regs *regs, const struct mem_reader *mem, uint64_t gva,
			 struct mmu_walk *ret);
struct error *ppc64_map(const struct regs *regs, const struct mem_reader *mem, mmu_map_fn fn, void *ctx);

/* ---- hashed translation (ISA III 5.7.7 to 5.7.9): what is neither in registers nor in guest memory ------ */

struct ppc64_slbe {		/* an entry as slbmte takes it, decoded */
	bool valid, ks, kp, nx, large, class_bit, segment_1t;
	unsigned index, page_shift;	/* of the segment's base page size: 12, 16 or 24; 0: reserved */
	uint64_t esid, vsid;		/* esid: the effective address of the segment's start */
};
void ppc64_slbe_decode(uint64_t esid, uint64_t vsid, struct ppc64_slbe *ret);
/* Does the segment translate @ea? */
bool ppc64_slbe_match(const struct ppc64_slbe *s, uint64_t ea);

struct ppc64_hash {
	uint64_t va;		/* virtual page number << page_shift, low 64 bits */
	uint64_t avpn;		/* what a PTE's first doubleword must hold in its AVA field, in place */
	uint64_t hash;		/* of the primary group */
};
/* Where the PTE of @ea is looked for; the groups are masked by the table's size (ppc64_hash_group()). */
void ppc64_hash_ea(const struct ppc64_slbe *s, uint64_t ea, struct ppc64_hash *ret);
/* Group of PTEs for a table of 2^@order bytes; @secondary: the other place. */
uint64_t ppc64_hash_group(const struct ppc64_hash *h, unsigned order, bool secondary);
/* Is the PTE (first doubleword @v) the one, in a group looked at as @secondary? */
bool ppc64_hpte_match(const struct ppc64_slbe *s, const struct ppc64_hash *h, uint64_t v, bool secondary);

#define PPC64_HPTE_VALID BIT(0)
#define PPC64_HPTE_SECONDARY BIT(1)
#define PPC64_HPTE_LARGE BIT(2)
#define PPC64_HPTE_BOLTED BIT(4)
