/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Guest-virtual memory over any target: the architecture's page walk, page by page. */
#include "core/target/target.h"

#include "core/base/bits.h"
#include "core/base/cleanup.h"

static bool reader_phys(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct target_reader *r = ctx;
	_error_ struct error *err = target_phys_read(r->target, gpa, buf, len);

	return !err;
}

static bool reader_virt(void *ctx, uint64_t gva, void *buf, size_t len)
{
	struct target_reader *r = ctx;
	size_t done;
	_error_ struct error *err = target_virt_read(r->target, r->regs, gva, buf, len, &done);

	return !err;
}

struct mem_reader target_reader(struct target_reader *ctx)
{
	return (struct mem_reader){ .ctx = ctx, .phys = reader_phys, .virt = reader_virt };
}

struct error *target_walk(struct target *t, const struct regs *regs, uint64_t gva, struct mmu_walk *ret)
{
	struct target_reader ctx = { .target = t, .regs = regs };
	struct mem_reader mem = target_reader(&ctx);

	if (!t->arch->walk)
		return error_create(ERROR_UNSUPPORTED, "page walks are not supported for %s", t->arch->name);
	return t->arch->walk(regs, &mem, gva, ret);
}

static struct error *walk_error(const struct mmu_walk *w, uint64_t gva, const char *verb)
{
	const struct mmu_level *last = w->nlevels ? &w->levels[w->nlevels - 1] : NULL;

	if (!last)
		return error_create(ERROR_FAULT, "cannot %s memory at 0x%llx: %s", verb,
				    (unsigned long long)gva, mmu_verdict_text(w->verdict));
	return error_create(ERROR_FAULT, "cannot %s memory at 0x%llx: %s %s", verb,
			    (unsigned long long)gva, last->name, mmu_verdict_text(w->verdict));
}

/* The walk that serves @at: the last one while @at is in its page. */
static struct error *walk_cached(struct target *t, const struct regs *regs, uint64_t at, struct mmu_walk *w)
{
	struct error *err;

	if (w->page_size && align_down(at, w->page_size) == align_down(w->gva, w->page_size))
		return NULL;
	err = target_walk(t, regs, at, w);
	if (!err && w->verdict != MMU_MAPPED && w->verdict != MMU_NO_PAGING)
		w->page_size = 0;
	return err;
}

/*
 * One direction of target_virt_read and _write. Moves at most 4 KiB at a time, so that a large page
 * that reaches past the end of memory gives what it has.
 */
static struct error *virt_access(struct target *t, const struct regs *regs, uint64_t gva, uint8_t *rbuf,
				 const uint8_t *wbuf, size_t len, size_t *ret_done)
{
	const char *verb = rbuf ? "read" : "write";
	struct mmu_walk w = { .page_size = 0 };
	size_t done = 0;
	struct error *err = NULL;

	while (done < len) {
		uint64_t at = gva + done, gpa;
		size_t n = 4096 - (at & 4095);

		if (n > len - done)
			n = len - done;
		err = walk_cached(t, regs, at, &w);
		if (!err && !w.page_size)
			err = walk_error(&w, at, verb);
		if (err)
			break;
		gpa = align_down(w.gpa, w.page_size) + (at & (w.page_size - 1));
		err = rbuf ? target_phys_read(t, gpa, rbuf + done, n) :
		      target_phys_write(t, gpa, wbuf + done, n);
		if (err) {
			if (w.verdict == MMU_MAPPED && gpa != at)
				err = error_prefix(err, "address 0x%llx", (unsigned long long)at);
			break;
		}
		done += n;
	}
	if (ret_done)
		*ret_done = done;
	return err;
}

struct error *target_virt_read(struct target *t, const struct regs *regs, uint64_t gva, void *buf,
			       size_t len, size_t *ret_done)
{
	return virt_access(t, regs, gva, buf, NULL, len, ret_done);
}

struct error *target_virt_write(struct target *t, const struct regs *regs, uint64_t gva,
				const void *buf, size_t len, size_t *ret_done)
{
	return virt_access(t, regs, gva, NULL, buf, len, ret_done);
}
