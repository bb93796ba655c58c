/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine of a recording at a time: the last snapshot at or before it, and of each page the last content
 * told by then. Only what is asked for is read.
 */
#pragma once

#include "core/base/vec.h"
#include "core/record/recording.h"
#include "core/target/target.h"

struct machine_state {
	uint32_t kind, index;
	const uint8_t *data;
	size_t len;
};

struct machine_snapshot {
	uint64_t time_ns;
	uint32_t block;
	uint32_t same;	/* events of exactly this time that were over */
};

/* A page's content from a time on. */
struct machine_page {
	uint64_t gfn, time_ns;
	uint32_t order, content;
};

/* Contents one after the other in a PAGEDATA block. */
struct machine_content {
	uint64_t first;
	uint32_t count, block;
};

struct machine {
	struct recording *rec;
	const struct arch *arch;	/* NULL: no snapshot tells of registers */
	VEC(uint16_t) regmap;		/* REGTABLE's position to our register id; 0xffff: not known here */
	VEC(uint16_t) regbytes;
	VEC(struct machine_snapshot) snapshots; /* by time */

	size_t current;			/* loaded below; SIZE_MAX: none */
	struct bytes payload;
	struct vcpu_info vcpu[256];
	struct regs regs[256];
	bool stale[256];
	unsigned nvcpus;
	VEC(struct machine_state) states;
	VEC(struct mem_region) regions;
	bool has_stop;
	struct stop_report stop;

	bool pages_loaded;
	bool zero_others;
	struct machine_page *pages;	/* by page number, then by age */
	size_t npages;
	VEC(struct machine_content) contents;
	uint64_t cache_tick;
	struct machine_cached {
		uint32_t block;
		uint64_t used;
		struct bytes data;
	} cache[16];
};

struct machine *machine_create(struct recording *rec);
void machine_destroy(struct machine *m);
/* Loads the last snapshot at or before @time_ns; false: there is none (nothing is loaded then). */
bool machine_seek(struct machine *m, uint64_t time_ns);
/* Snapshot @i of m->snapshots. */
bool machine_load(struct machine *m, size_t i);
/* How many snapshots are at or before @time_ns. */
size_t machine_before(const struct machine *m, uint64_t time_ns);
/* One page as of @time_ns: its @len bytes from @offset. False: not recorded. */
bool machine_page_read(struct machine *m, uint64_t gpa, uint64_t time_ns, void *buf, size_t len);
