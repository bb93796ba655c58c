/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * x86-64 for those who fill or read its registers by name: ids, bits, selectors. Generic code uses
 * struct arch instead.
 */
#pragma once

#include "core/arch/arch.h"
#include "core/base/bits.h"

/* Register ids, in the order of x86_64.regs.def. */
enum x86_reg {
#define REG(id, name, group, bits, fields, index, help) X86_##id,
#include "core/arch/x86_64.regs.def"
#undef REG
	X86_REG_COUNT
};

/* CS, SS, DS, ES, FS, GS, LDTR, TR: selector at X86_<seg>, then these. */
enum { X86_SEG_BASE = 1, X86_SEG_LIMIT, X86_SEG_ATTR, X86_SEG_STRIDE };

/* Segment attributes (x86_64.regs.def): a descriptor's bits 55:40, and bit 16 unusable. */
#define X86_ATTR_TYPE(a) FIELD(a, 3, 0)
#define X86_ATTR_S BIT(4)	/* code or data; clear: system */
#define X86_ATTR_DPL(a) FIELD(a, 6, 5)
#define X86_ATTR_P BIT(7)
#define X86_ATTR_AVL BIT(12)
#define X86_ATTR_L BIT(13)	/* 64-bit code */
#define X86_ATTR_DB BIT(14)	/* 32-bit code or stack */
#define X86_ATTR_G BIT(15)	/* limit counts pages */
#define X86_ATTR_UNUSABLE BIT(16)
/* From KVM's (and VMX's) separate members. */
#define X86_ATTR(type, s, dpl, p, avl, l, db, g, unusable) \
	((uint32_t)(((type) & 15) | ((s) & 1) << 4 | ((dpl) & 3) << 5 | ((p) & 1) << 7 | ((avl) & 1) << 12 | \
	 ((l) & 1) << 13 | ((db) & 1) << 14 | ((g) & 1) << 15 | ((unusable) & 1) << 16))

#define X86_FLAGS_CF BIT(0)
#define X86_FLAGS_PF BIT(2)
#define X86_FLAGS_AF BIT(4)
#define X86_FLAGS_ZF BIT(6)
#define X86_FLAGS_SF BIT(7)
#define X86_FLAGS_TF BIT(8)
#define X86_FLAGS_IF BIT(9)
#define X86_FLAGS_DF BIT(10)
#define X86_FLAGS_OF BIT(11)
#define X86_FLAGS_RF BIT(16)
#define X86_FLAGS_VM BIT(17)

#define X86_CR0_PE BIT(0)
#define X86_CR0_WP BIT(16)
#define X86_CR0_NW BIT(29)
#define X86_CR0_CD BIT(30)
#define X86_CR0_PG BIT(31)

#define X86_CR4_PSE BIT(4)
#define X86_CR4_PAE BIT(5)
#define X86_CR4_PGE BIT(7)
#define X86_CR4_LA57 BIT(12)
#define X86_CR4_PCIDE BIT(17)
#define X86_CR4_CET BIT(23)

#define X86_EFER_SCE BIT(0)
#define X86_EFER_LME BIT(8)
#define X86_EFER_LMA BIT(10)
#define X86_EFER_NXE BIT(11)

#define X86_APIC_BASE_BSP BIT(8)
#define X86_APIC_BASE_X2 BIT(10)
#define X86_APIC_BASE_EN BIT(11)

/* Page table entries. */
#define X86_PTE_P BIT(0)
#define X86_PTE_W BIT(1)
#define X86_PTE_U BIT(2)
#define X86_PTE_A BIT(5)
#define X86_PTE_D BIT(6)
#define X86_PTE_PS BIT(7)
#define X86_PTE_G BIT(8)
#define X86_PTE_NX BIT(63)

/* "#PF page fault" for an exception vector; NULL above 31. */
const char *x86_exception_name(unsigned vector);
/* Long mode: EFER.LMA (or LME with paging, when LMA was not filled). */
bool x86_long_mode(const struct regs *regs);
/* Bits 63..N-1 equal, N = 57 with CR4.LA57, else 48. */
bool x86_canonical(const struct regs *regs, uint64_t addr);

/* Parts of arch_x86_64, one file each. */
extern const struct reg_desc x86_64_regs[X86_REG_COUNT];
extern const struct reg_alias x86_64_aliases[];
struct error *x86_walk(const struct regs *regs, const struct mem_reader *mem, uint64_t gva,
		       struct mmu_walk *ret);
struct error *x86_map(const struct regs *regs, const struct mem_reader *mem, mmu_map_fn fn, void *ctx);
void x86_disasm(const struct disasm_req *req, struct insn *ret);
bool x86_unwind(const struct regs *regs, const struct mem_reader *mem, struct frame *f);
