/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/load/memmap.h"

#include "core/base/bits.h"

#define PAGE 4096ULL
/* EBDA to the end of the BIOS area: the start of 640 KiB - 1 KiB is where firmware keeps its EBDA. */
#define LEGACY_START 0x9fc00ULL
#define LEGACY_END 0x100000ULL

static void memmap_add(struct memmap *m, uint64_t start, uint64_t end, uint32_t type)
{
	if (start >= end)
		return;
	struct memmap_entry *last = m->n ? &m->entry[m->n - 1] : NULL;
	if (last && last->type == type && last->start + last->len == start)
		last->len += end - start;
	else if (m->n < MEMMAP_MAX)
		m->entry[m->n++] = (struct memmap_entry){ start, end - start, type };
}

/* The reserved range that starts lowest among those that end above @at. */
static bool next_reserved(const struct place *p, uint64_t at, uint64_t *ret_start, uint64_t *ret_end)
{
	uint64_t start = LEGACY_START, end = LEGACY_END;
	bool found = at < LEGACY_END;
	for (size_t i = 0; i < p->claims.len; i++) {
		const struct place_claim *c = &p->claims.data[i];
		if (!c->boot)
			continue;
		uint64_t s = align_down(c->start, PAGE), e = align_up(c->start + c->len, PAGE);
		if (e > at && (!found || s < start)) {
			start = s;
			end = e;
			found = true;
		}
	}
	*ret_start = start > at ? start : at;
	*ret_end = end;
	return found;
}

void memmap_build(const struct place *p, struct memmap *ret)
{
	ret->n = 0;
	uint64_t at = 0, start, end;
	for (unsigned i = 0; i < p->ram->nranges; i++) {
		uint64_t ram_start = p->ram->range[i].start, ram_end = ram_start + p->ram->range[i].len;
		if (at < ram_start)
			at = ram_start;
		while (at < ram_end && next_reserved(p, at, &start, &end) && start < ram_end) {
			memmap_add(ret, at, start, MEMMAP_RAM);
			memmap_add(ret, start, end, MEMMAP_RESERVED);
			at = end;
		}
		memmap_add(ret, at, ram_end, MEMMAP_RAM);
		if (at < ram_end)
			at = ram_end;
	}
}
