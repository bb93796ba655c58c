/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between snapshot.c and snapshot_memory.c. */
#pragma once

#include "core/record/bytes.h"
#include "core/record/snapshot.h"

struct page_hash {
	uint64_t lo, hi;
};

/* RAM of one region: what each page held last. */
struct page_region {
	uint64_t gpa, pages;
	struct page_hash *hash;	/* lo and hi 0: zeros, or never seen */
	uint32_t *content;	/* 0 zeros; CONTENT_UNKNOWN: seen, but not stored (RECORD_MEM_TOUCHED) */
};

#define CONTENT_UNKNOWN UINT32_MAX

struct page_known {
	struct page_hash hash;
	uint32_t content;
};

struct snapshots {
	struct recorder *recorder;
	enum record_mem mem;
	const struct arch *arch;
	struct bytes last;		/* the snapshot before */

	uint64_t seed[4];		/* of this recording: no guest can make two contents collide on purpose */
	VEC(struct page_region) regions;
	bool started;			/* a first map is written */
	struct page_known *known;	/* contents by hash: open addressing, a power of two */
	size_t known_size, known_count;
	uint32_t next_content;
	struct bytes data;		/* pages on their way */
	uint32_t data_first, data_count;
	struct bytes map;
	uint32_t map_count;
	uint64_t map_last;		/* page number */
};

void page_memory_init(struct snapshots *s);
void page_memory_deinit(struct snapshots *s);
/* Writes what is different; false: nothing was. */
bool page_memory_take(struct snapshots *s, struct target *t, uint64_t time_ns);
