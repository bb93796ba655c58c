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
