/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Radix translation (Power ISA 3.0B III 5.7.8 to 5.7.11): process table, then up to four levels. The same
 * tree format serves the host's partition-scoped tables, so the walk over one root is a function of its own.
 * Hashed translation has no tree: the SLB and the hashed page table are views (info slb, info hpt).
 */
#include "core/arch/ppc64_mmu.h"

#include <stdio.h>
#include <string.h>

#define MAP_TABLES_MAX 65536
#define LEVELS_MAX 4

#define PTE_EXEC BIT(0)
#define PTE_WRITE BIT(1)
#define PTE_READ BIT(2)
#define PTE_PRIVILEGED BIT(3)
#define PTE_ATT(v) FIELD(v, 5, 4)	/* memory attributes */
#define PTE_C BIT(7)
#define PTE_R BIT(8)
#define PTE_LEAF BIT(62)
#define PTE_VALID BIT(63)
#define PTE_RPN MASK(56, 12)
#define PDE_BASE MASK(59, 8)
#define PDE_SIZE(v) FIELD(v, 4, 0)

struct radix {
	uint64_t base;
	unsigned shift;		/* address bits below this table's span */
	unsigned bits;		/* log2 of its entries */
};

/* RTS is split (bits 1:2 and 56:58 of the ISA's numbering); the tree translates 31 + RTS bits. */
static struct radix radix_root(uint64_t dw0)
{
	unsigned rts = FIELD(dw0, 62, 61) << 3 | FIELD(dw0, 7, 5);

	return (struct radix){ .base = dw0 & PDE_BASE, .shift = rts + 31, .bits = PDE_SIZE(dw0) };
}

/* The entry count is the guest's word: a level must leave pages of at least 4 KiB, and tables are at most
 * 2^16 entries (POWER9 has 13, 9, 9 and 5 or 9 bits). */
static bool radix_sane(const struct radix *r)
{
	return r->bits >= 1 && r->bits <= 16 && r->shift <= 63 && r->shift >= r->bits + 12 &&
	       !(r->base & MASK(r->bits + 2, 0));
}

static struct radix radix_next(const struct radix *r, uint64_t pde)
{
	return (struct radix){ .base = pde & PDE_BASE, .shift = r->shift - r->bits, .bits = PDE_SIZE(pde) };
}

static void entry_text(uint64_t v, char *buf, size_t size)
{
	static const char *const attributes[] = { "", " SAO", " NI", " tolerant" };

	if (!(v & PTE_VALID))
		buf[0] = '\0';
	else if (!(v & PTE_LEAF))
		snprintf(buf, size, "next level of %llu entries", 1ull << PDE_SIZE(v));
	else
		snprintf(buf, size, "%s%s%s%s%s%s%s", v & PTE_READ ? "R" : "-", v & PTE_WRITE ? "W" : "-",
			 v & PTE_EXEC ? "X" : "-", v & PTE_PRIVILEGED ? " privileged" : " user",
			 v & PTE_R ? " referenced" : "", v & PTE_C ? " changed" : "", attributes[PTE_ATT(v)]);
}

static struct mmu_level *add_level(struct mmu_walk *w, const char *name, uint64_t gpa)
{
	struct mmu_level *l = &w->levels[w->nlevels++];

	*l = (struct mmu_level){ .name = name, .entry_gpa = gpa };
	return l;
}

static bool read_be64(const struct mem_reader *mem, uint64_t gpa, uint64_t *ret)
{
	uint8_t raw[8];

	if (!mem->phys(mem->ctx, gpa, raw, sizeof(raw)))
		return false;
	*ret = be64_read(raw);
	return true;
}

void ppc64_radix_walk(const struct mem_reader *mem, uint64_t root, uint64_t address, struct mmu_walk *w)
{
	static const char *const names[LEVELS_MAX] = { "radix L1", "radix L2", "radix L3", "radix L4" };
	struct radix r = radix_root(root);

	if (r.shift < 64 && address >> r.shift) {
		w->verdict = MMU_NONCANONICAL;
		return;
	}
	for (unsigned l = 0;; l++) {
		struct mmu_level *rec;
		uint64_t v, span;

		if (l == LEVELS_MAX || !radix_sane(&r)) {
			w->verdict = MMU_RESERVED;
			return;
		}
		r.shift -= r.bits;
		rec = add_level(w, names[l], r.base + FIELD(address, r.shift + r.bits - 1, r.shift) * 8);
		if (!read_be64(mem, rec->entry_gpa, &v)) {
			w->verdict = MMU_UNREADABLE;
			return;
		}
		rec->entry = v;
		entry_text(v, rec->flags, sizeof(rec->flags));
		if (!(v & PTE_VALID)) {
			w->verdict = MMU_NOT_PRESENT;
			return;
		}
		r.shift += r.bits;
		if (!(v & PTE_LEAF)) {
			r = radix_next(&r, v);
			continue;
		}
		span = BIT(r.shift - r.bits);
		rec->page_size = w->page_size = span;
		w->gpa = (v & PTE_RPN & ~(span - 1)) | (address & (span - 1));
		w->verdict = MMU_MAPPED;
		w->write = v & PTE_WRITE;
		w->exec = v & PTE_EXEC;
		w->user = !(v & PTE_PRIVILEGED);
		return;
	}
}

/* The root of @pid's tree out of the process table; the entry becomes a level of @w. */
static bool process_root(const struct regs *regs, const struct mem_reader *mem, uint64_t pid, struct mmu_walk *w,
			 uint64_t *ret)
{
	uint64_t prtb = regs_u64(regs, PPC64_PRTB);
	uint64_t size = 1ull << (12 + PPC64_PRTB_SIZE(prtb));
	struct mmu_level *l = add_level(w, "process", (prtb & PPC64_PRTB_BASE) + pid * 16);

	if (pid >= size / 16) {
		snprintf(l->flags, sizeof(l->flags), "pid %llu is past the table", (unsigned long long)pid);
		w->verdict = MMU_NOT_PRESENT;
		return false;
	}
	if (!read_be64(mem, l->entry_gpa, ret)) {
		w->verdict = MMU_UNREADABLE;
		return false;
	}
	l->entry = *ret;
	snprintf(l->flags, sizeof(l->flags), "pid %llu, %u bits, root of %llu entries", (unsigned long long)pid,
		 radix_root(*ret).shift, 1ull << PDE_SIZE(*ret));
	if (!(*ret & PDE_BASE) || !PDE_SIZE(*ret)) {
		snprintf(l->flags, sizeof(l->flags), "pid %llu has no tree", (unsigned long long)pid);
		w->verdict = MMU_NOT_PRESENT;
		return false;
	}
	return true;
}

static bool translation_on(const struct regs *regs)
{
	return regs_u64(regs, PPC64_MSR) & (PPC64_MSR_IR | PPC64_MSR_DR);
}

/* NULL: radix it is. */
static struct error *check_radix(const struct regs *regs)
{
	uint64_t prtb;

	if (!regs_get(regs, PPC64_PRTB, &prtb))
		return error_create(ERROR_UNSUPPORTED, "where the process table is, is not known of this target");
	if (!(prtb & PPC64_PRTB_GR))
		return error_hint(error_create(ERROR_UNSUPPORTED, "the guest uses hashed translation: there is no tree "
					       "to walk"), "info slb, info hpt ADDR");
	return NULL;
}

struct error *ppc64_walk(const struct regs *regs, const struct mem_reader *mem, uint64_t gva,
			 struct mmu_walk *ret)
{
	struct mmu_walk w = { .gva = gva, .mode = "radix" };
	unsigned quadrant = gva >> 62;
	struct error *err;
	uint64_t root;

	if (!translation_on(regs)) {
		w.mode = "off (real mode)";
		w.verdict = MMU_NO_PAGING;
		/* The four highest bits do not count (ISA III 5.7.3); an image has no MSR, and its own addresses. */
		w.gpa = regs_valid(regs, PPC64_MSR) ? gva & MASK(59, 0) : gva;
		w.page_size = 4096;
		w.write = w.user = w.exec = true;
		*ret = w;
		return NULL;
	}
	if (regs->arch->code_bits(regs) == 32)
		gva &= MASK(31, 0);
	err = check_radix(regs);
	if (err)
		return err;
	w.verdict = MMU_NONCANONICAL;
	/* Quadrants 1 and 2 are the hypervisor's; bits 61..52 select nothing. */
	if ((quadrant == 0 || quadrant == 3) && !FIELD(gva, 61, 52) &&
	    process_root(regs, mem, quadrant ? 0 : regs_u64(regs, PPC64_PID), &w, &root))
		ppc64_radix_walk(mem, root, gva & MASK(51, 0), &w);
	if (w.verdict != MMU_MAPPED)
		w.write = w.user = w.exec = false;
	*ret = w;
	return NULL;
}

/* ---- the whole map ------------------------------------------------------------------------------- */

struct mapper {
	const struct mem_reader *mem;
	mmu_map_fn fn;
	void *ctx;
	unsigned tables;
	bool stop, truncated;
	uint64_t cut_at;
	struct mmu_range run;
};

static void mapper_flush(struct mapper *m)
{
	if (m->run.len && !m->stop && !m->fn(m->ctx, &m->run))
		m->stop = true;
	m->run.len = 0;
}

static void mapper_add(struct mapper *m, const struct mmu_range *page)
{
	struct mmu_range *run = &m->run;

	if (run->len && run->gva + run->len == page->gva && run->gpa + run->len == page->gpa &&
	    run->page_size == page->page_size && run->write == page->write && run->user == page->user &&
	    run->exec == page->exec) {
		run->len += page->len;
		run->accessed |= page->accessed;
		run->dirty |= page->dirty;
		return;
	}
	mapper_flush(m);
	*run = *page;
}

static void map_table(struct mapper *m, struct radix r, unsigned level, uint64_t gva)
{
	unsigned n = 1u << (r.bits <= 16 ? r.bits : 0);
	unsigned low = r.shift - r.bits;
	uint8_t raw[4096];

	if (level == LEVELS_MAX || !radix_sane(&r))
		return; /* nothing is translated by it */
	if (m->tables == MAP_TABLES_MAX) {
		m->truncated = m->stop = true;
		m->cut_at = gva;
		return;
	}
	m->tables++;
	for (unsigned i = 0; i < n && !m->stop; i++) {
		unsigned in_chunk = i % (sizeof(raw) / 8);
		uint64_t v, va = gva + ((uint64_t)i << low);
		size_t left = (size_t)(n - i) * 8;

		if (in_chunk == 0 && !m->mem->phys(m->mem->ctx, r.base + (uint64_t)i * 8, raw,
						   left < sizeof(raw) ? left : sizeof(raw)))
			return; /* a table outside memory maps nothing */
		v = be64_read(raw + in_chunk * 8);
		if (!(v & PTE_VALID))
			continue;
		if (!(v & PTE_LEAF)) {
			map_table(m, radix_next(&r, v), level + 1, va);
			continue;
		}
		mapper_add(m, &(struct mmu_range){
			.gva = va, .gpa = v & PTE_RPN & ~(BIT(low) - 1), .len = BIT(low), .page_size = BIT(low),
			.write = v & PTE_WRITE, .user = !(v & PTE_PRIVILEGED), .exec = v & PTE_EXEC,
			.accessed = v & PTE_R, .dirty = v & PTE_C,
		});
	}
}

struct error *ppc64_map(const struct regs *regs, const struct mem_reader *mem, mmu_map_fn fn, void *ctx)
{
	struct mapper m = { .mem = mem, .fn = fn, .ctx = ctx };
	const uint64_t pids[2] = { regs_u64(regs, PPC64_PID), 0 };
	struct error *err;

	if (!translation_on(regs))
		return error_create(ERROR_STATE, "translation is off (real mode): addresses are physical addresses");
	err = check_radix(regs);
	if (err)
		return err;
	for (unsigned i = 0; i < 2 && !m.stop; i++) {
		struct mmu_walk w = { 0 };
		uint64_t root;

		if (process_root(regs, mem, pids[i], &w, &root))
			map_table(&m, radix_root(root), 0, i ? MASK(63, 62) : 0);
		m.stop &= !m.truncated;
		mapper_flush(&m);
		if (m.truncated)
			return error_create(ERROR_FAILED, "page tables of pid %llu: cut at address 0x%llx after %u "
					    "tables, they may refer to themselves", (unsigned long long)pids[i],
					    (unsigned long long)m.cut_at, m.tables);
	}
	return NULL;
}
