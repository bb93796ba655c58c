/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Page tables of x86: all five modes described by one table each, so that walk and map share the
 * rules. Intel SDM vol. 3A 4.3-4.5, AMD APM vol. 2 5. MAXPHYADDR is not known to a reader of registers:
 * 52 is assumed, so a bit above the CPU's real width is shown as part of the address.
 */
#include "core/arch/x86_64.h"

#include <stdio.h>
#include <string.h>

#include "core/base/vec.h"

/* Tables that map() visits at most: 128 GiB of 4 KiB pages. Tables that refer to themselves would else
 * keep it busy for 512^4 entries. */
#define MAP_TABLES_MAX 65536

#define PHYS_BITS 52

struct level {
	const char *name;
	uint8_t shift, bits;	/* of the address */
	uint64_t reserved;	/* must be 0 in any present entry */
	bool may_leaf;		/* PS makes it a page */
	bool no_rights;		/* has no RW, US, NX (PAE's PDPTE) */
};

struct paging {
	const char *name;
	uint8_t entry_size, va_bits, nlevels;
	struct level levels[5];
};

static const struct paging paging_32 = {
	.name = "32-bit", .entry_size = 4, .va_bits = 32, .nlevels = 2,
	.levels = { { "PDE", 22, 10, 0, true }, { "PTE", 12, 10 } },
};
static const struct paging paging_pae = {
	.name = "PAE", .entry_size = 8, .va_bits = 32, .nlevels = 3,
	.levels = {
		{ "PDPTE", 30, 2, MASK(2, 1) | MASK(8, 5) | MASK(63, PHYS_BITS), .no_rights = true },
		{ "PDE", 21, 9, MASK(62, PHYS_BITS), true },
		{ "PTE", 12, 9, MASK(62, PHYS_BITS) },
	},
};
static const struct paging paging_4 = {
	.name = "4-level", .entry_size = 8, .va_bits = 48, .nlevels = 4,
	.levels = {
		{ "PML4E", 39, 9, X86_PTE_PS }, { "PDPTE", 30, 9, 0, true }, { "PDE", 21, 9, 0, true },
		{ "PTE", 12, 9 },
	},
};
static const struct paging paging_5 = {
	.name = "5-level", .entry_size = 8, .va_bits = 57, .nlevels = 5,
	.levels = {
		{ "PML5E", 48, 9, X86_PTE_PS }, { "PML4E", 39, 9, X86_PTE_PS }, { "PDPTE", 30, 9, 0, true },
		{ "PDE", 21, 9, 0, true }, { "PTE", 12, 9 },
	},
};

bool x86_long_mode(const struct regs *regs)
{
	uint64_t efer = regs_u64(regs, X86_EFER);

	return (efer & X86_EFER_LMA) ||
	       ((efer & X86_EFER_LME) && (regs_u64(regs, X86_CR0) & X86_CR0_PG));
}

bool x86_canonical(const struct regs *regs, uint64_t addr)
{
	unsigned bits = regs_u64(regs, X86_CR4) & X86_CR4_LA57 ? 57 : 48;

	return (uint64_t)sign_extend(addr, bits) == addr;
}

/* NULL when paging is off. */
static const struct paging *paging_of(const struct regs *regs)
{
	uint64_t cr4 = regs_u64(regs, X86_CR4);

	if (!(regs_u64(regs, X86_CR0) & X86_CR0_PG))
		return NULL;
	if (x86_long_mode(regs))
		return cr4 & X86_CR4_LA57 ? &paging_5 : &paging_4;
	return cr4 & X86_CR4_PAE ? &paging_pae : &paging_32;
}

static uint64_t root_of(const struct paging *p, const struct regs *regs)
{
	uint64_t cr3 = regs_u64(regs, X86_CR3);

	if (p == &paging_pae)
		return cr3 & MASK(31, 5);
	return p == &paging_32 ? cr3 & MASK(31, 12) : cr3 & MASK(PHYS_BITS - 1, 12);
}

/* What one entry says. */
struct entry {
	enum mmu_verdict verdict; /* MAPPED, NOT_PRESENT, RESERVED */
	bool leaf;
	uint64_t base;		/* of the page or the next table */
	bool write, user, exec;
};

static struct entry entry_decode(const struct paging *p, unsigned l, const struct regs *regs, uint64_t v)
{
	const struct level *level = &p->levels[l];
	uint64_t reserved = level->reserved;
	bool nxe = regs_u64(regs, X86_EFER) & X86_EFER_NXE;
	bool pse = p != &paging_32 || (regs_u64(regs, X86_CR4) & X86_CR4_PSE);
	bool large = level->may_leaf && pse && (v & X86_PTE_PS);
	struct entry e = { .leaf = large || l == p->nlevels - 1u };

	if (!(v & X86_PTE_P)) {
		e.verdict = MMU_NOT_PRESENT;
		return e;
	}
	if (p->entry_size == 8 && !nxe)
		reserved |= X86_PTE_NX;
	if (large) /* bit 12 is PAT; PSE-36 puts address bits 39:32 in 20:13 */
		reserved |= p == &paging_32 ? BIT(21) : MASK(level->shift - 1, 13);
	if (v & reserved) {
		e.verdict = MMU_RESERVED;
		return e;
	}
	e.verdict = MMU_MAPPED;
	if (p == &paging_32)
		e.base = large ? (v & MASK(31, 22)) | FIELD(v, 20, 13) << 32 : v & MASK(31, 12);
	else
		e.base = v & MASK(PHYS_BITS - 1, large ? level->shift : 12);
	e.write = level->no_rights || (v & X86_PTE_W);
	e.user = level->no_rights || (v & X86_PTE_U);
	e.exec = p->entry_size == 4 || !(v & X86_PTE_NX);
	return e;
}

static void entry_flags(const struct paging *p, unsigned l, bool leaf, uint64_t v, char *buf, size_t size)
{
	static const struct {
		uint8_t bit;
		bool leaf_only, rights;
		const char *name;
	} flags[] = {
		{ 0, false, false, "P" }, { 1, false, true, "RW" }, { 2, false, true, "US" },
		{ 3, false, false, "PWT" }, { 4, false, false, "PCD" }, { 5, false, true, "A" },
		{ 6, true, true, "D" }, { 7, false, true, "PS" }, { 8, true, true, "G" },
		{ 63, false, true, "NX" },
	};
	const struct level *level = &p->levels[l];
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < ARRAY_SIZE(flags); i++) {
		bool last = l == p->nlevels - 1u;

		if (!(v & BIT(flags[i].bit)) || (flags[i].leaf_only && !leaf))
			continue;
		if (flags[i].rights && level->no_rights)
			continue;
		/* In a PTE bit 7 is PAT, not PS. */
		len += snprintf(buf + len, size - len, "%s%s", len ? " " : "",
				flags[i].bit == 7 && last ? "PAT" : flags[i].name);
	}
}

/* A linear address as this paging mode sees it; false when it is none. */
static bool address_valid(const struct paging *p, uint64_t gva)
{
	if (p->va_bits > 32)
		return (uint64_t)sign_extend(gva, p->va_bits) == gva;
	return gva >> 32 == 0;
}

struct error *x86_walk(const struct regs *regs, const struct mem_reader *mem, uint64_t gva,
		       struct mmu_walk *ret)
{
	const struct paging *p = paging_of(regs);
	struct mmu_walk w = { .gva = gva, .write = true, .user = true, .exec = true };
	uint64_t table;

	if (!p) {
		w.mode = "off";
		w.verdict = MMU_NO_PAGING;
		w.gpa = gva;
		w.page_size = 4096;
		*ret = w;
		return NULL;
	}
	w.mode = p->name;
	w.verdict = MMU_NONCANONICAL;
	table = root_of(p, regs);
	for (unsigned l = 0; l < p->nlevels && address_valid(p, gva); l++) {
		const struct level *level = &p->levels[l];
		struct mmu_level *rec = &w.levels[w.nlevels++];
		uint8_t raw[8] = { 0 };
		struct entry e;

		rec->name = level->name;
		rec->entry_gpa = table + FIELD(gva, level->shift + level->bits - 1, level->shift) * p->entry_size;
		if (!mem->phys(mem->ctx, rec->entry_gpa, raw, p->entry_size)) {
			w.verdict = MMU_UNREADABLE;
			break;
		}
		rec->entry = le64_read(raw);
		e = entry_decode(p, l, regs, rec->entry);
		entry_flags(p, l, e.leaf, rec->entry, rec->flags, sizeof(rec->flags));
		w.verdict = e.verdict;
		if (e.verdict != MMU_MAPPED)
			break;
		w.write &= e.write;
		w.user &= e.user;
		w.exec &= e.exec;
		table = e.base;
		if (e.leaf) {
			rec->page_size = w.page_size = BIT(level->shift);
			w.gpa = e.base | (gva & (w.page_size - 1));
			break;
		}
	}
	if (w.verdict != MMU_MAPPED)
		w.write = w.user = w.exec = false;
	*ret = w;
	return NULL;
}

struct mapper {
	const struct paging *paging;
	const struct regs *regs;
	const struct mem_reader *mem;
	mmu_map_fn fn;
	void *ctx;
	unsigned tables;	/* visited */
	bool stop, truncated;
	uint64_t cut_at;	/* first address not looked at */
	struct mmu_range run;	/* grows while pages continue it; len 0: none */
};

static void mapper_flush(struct mapper *m)
{
	if (m->run.len && !m->stop && !m->fn(m->ctx, &m->run))
		m->stop = true;
	m->run.len = 0;
}

/* Joins @page to the run, or starts a new one. Accessed and dirty tell of any page of the run. */
static void mapper_add(struct mapper *m, const struct mmu_range *page)
{
	struct mmu_range *run = &m->run;

	if (run->len && run->gva + run->len == page->gva && run->gpa + run->len == page->gpa &&
	    run->page_size == page->page_size && run->write == page->write && run->user == page->user &&
	    run->exec == page->exec && run->global == page->global) {
		run->len += page->len;
		run->accessed |= page->accessed;
		run->dirty |= page->dirty;
		return;
	}
	mapper_flush(m);
	*run = *page;
}

static void map_table(struct mapper *m, unsigned l, uint64_t table, uint64_t gva, const struct entry *above)
{
	const struct paging *p = m->paging;
	const struct level *level = &p->levels[l];
	uint8_t raw[4096];
	unsigned n = 1u << level->bits;

	if (m->tables == MAP_TABLES_MAX) {
		m->truncated = m->stop = true;
		m->cut_at = gva;
		return;
	}
	m->tables++;
	if (!m->mem->phys(m->mem->ctx, table, raw, n * p->entry_size))
		return; /* a table outside memory maps nothing */
	for (unsigned i = 0; i < n && !m->stop; i++) {
		uint64_t v = bytes_read(raw + i * p->entry_size, p->entry_size, false);
		struct entry e = entry_decode(p, l, m->regs, v);
		uint64_t va = gva + ((uint64_t)i << level->shift);

		if (e.verdict != MMU_MAPPED)
			continue;
		if (l == 0 && p->va_bits > 32)
			va = sign_extend(va, p->va_bits);
		e.write &= above->write;
		e.user &= above->user;
		e.exec &= above->exec;
		if (!e.leaf) {
			map_table(m, l + 1, e.base, va, &e);
			continue;
		}
		mapper_add(m, &(struct mmu_range){
			.gva = va, .gpa = e.base, .len = BIT(level->shift), .page_size = BIT(level->shift),
			.write = e.write, .user = e.user, .exec = e.exec, .global = v & X86_PTE_G,
			.accessed = v & X86_PTE_A, .dirty = v & X86_PTE_D,
		});
	}
}

struct error *x86_map(const struct regs *regs, const struct mem_reader *mem, mmu_map_fn fn, void *ctx)
{
	const struct paging *p = paging_of(regs);
	const struct entry all = { .write = true, .user = true, .exec = true };
	struct mapper m = { .paging = p, .regs = regs, .mem = mem, .fn = fn, .ctx = ctx };

	if (!p)
		return error_create(ERROR_STATE, "paging is off: linear addresses are physical addresses");
	map_table(&m, 0, root_of(p, regs), 0, &all);
	m.stop &= !m.truncated; /* what was found until the cut is still delivered */
	mapper_flush(&m);
	if (m.truncated)
		return error_create(ERROR_FAILED, "page tables at 0x%llx: cut at address 0x%llx after %u tables, "
				    "they may refer to themselves", (unsigned long long)root_of(p, regs),
				    (unsigned long long)m.cut_at, m.tables);
	return NULL;
}
