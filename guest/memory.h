/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guest RAM: one anonymous mapping with guard pages, cut into KVM memslots around the hole below 4 GiB,
 * and the break instructions planted in it.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/vec.h"
#include "guest/load/load.h"

struct machine;

#define MEMORY_SLOTS 2
#define MEMORY_PROTECT_MAX 8	/* pages that can be read-only at a time */
#define MEMORY_PAGE 4096u
#define PLANT_MAX 8	/* bytes of the longest break instruction */

struct memory_slot {
	uint64_t gpa, len;
	uint8_t *host;
};

/* A planted break instruction: what memory holds without it. */
struct plant {
	uint64_t gpa;
	unsigned len, refs;
	bool live;		/* the bytes are in memory now */
	uint8_t saved[PLANT_MAX];
};

struct memory {
	uint8_t *map;		/* with guards */
	size_t map_len;
	uint64_t bytes;
	unsigned nslots;
	struct memory_slot slots[MEMORY_SLOTS];
	unsigned nmapped;	/* memslots KVM has: more than @nslots when pages are protected */
	unsigned nprotected;
	uint64_t protected[MEMORY_PROTECT_MAX]; /* gpa of pages, ascending */
	pthread_mutex_t plant_lock; /* guards plants and the guest bytes under them */
	VEC(struct plant) plants;
	bool plants_in;		/* as of the last memory_plants_live() */
};

struct error *memory_create(struct memory *mem, const struct machine *machine, uint64_t bytes);
struct error *memory_map_kvm(struct memory *mem, int vm_fd);
/* Makes exactly these @n pages (ascending) read-only for the guest: its writes there exit as MMIO.
 * Every vCPU is parked. On an error all RAM is writable again. */
struct error *memory_protect(struct memory *mem, int vm_fd, const uint64_t *pages, unsigned n);
void memory_destroy(struct memory *mem);
void memory_clear(struct memory *mem); /* all RAM zero, all plants forgotten */
struct load_ram memory_load_ram(const struct memory *mem);

/* Host pointer and contiguous bytes from @gpa; NULL when it is not RAM. Any thread. */
void *memory_ptr(const struct memory *mem, uint64_t gpa, size_t *ret_len);
/* False at the first byte that is not RAM: *ret_bad is its address. Planted bytes do not show; writes
 * go under them. Any thread. */
bool memory_read(struct memory *mem, uint64_t gpa, void *buf, size_t len, uint64_t *ret_bad);
bool memory_write(struct memory *mem, uint64_t gpa, const void *buf, size_t len, uint64_t *ret_bad);

/* Plants @insn at @gpa (counted); false when it is not RAM. */
bool memory_plant(struct memory *mem, uint64_t gpa, const uint8_t *insn, unsigned len);
void memory_unplant(struct memory *mem, uint64_t gpa);
/* Takes all plants out of memory, or puts them back. Was it the other way before? (True: they were in.) */
bool memory_plants_live(struct memory *mem, bool live, const uint8_t *insn);
/* False: surely none is planted anywhere. Any thread. */
bool memory_any_plant(const struct memory *mem);
/* Is any planted in [gpa, gpa+len)? Any thread. */
bool memory_plants_in(struct memory *mem, uint64_t gpa, size_t len);
/* Is a break instruction in memory at @gpa now? */
bool memory_planted(struct memory *mem, uint64_t gpa);
