/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who uses which guest-physical addresses while an image is loaded. Every byte a loader writes is
 * claimed first, so overlaps between segments, modules and boot structures are found in one place and
 * named, and the memory map handed to the guest can reserve what the boot structures use.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/vec.h"
#include "guest/load/load.h"

struct place_claim {
	uint64_t start, len;
	bool boot;		/* a boot structure: reserved in the memory map */
	char what[64];
};

struct place {
	const struct image *image;	/* named in errors */
	const struct load_ram *ram;
	VEC(struct place_claim) claims;
};

void place_init(struct place *p, const struct image *image, const struct load_ram *ram);
void place_deinit(struct place *p);

/* Takes [gpa, gpa+len) for @what: an error when it is not all RAM or somebody has a part of it. Gives
 * the host pointer. Empty claims are fine and give NULL. */
struct error *place_claim(struct place *p, uint64_t gpa, uint64_t len, bool boot, const char *what,
			  uint8_t **ret);
/* The lowest (@top: highest) multiple of @align in [lo, hi) where @len bytes of RAM are free; the legacy
 * area 640 KiB-1 MiB is never given. False when there is none. */
bool place_find(const struct place *p, uint64_t len, uint64_t align, uint64_t lo, uint64_t hi, bool top,
		uint64_t *ret);

/* Identity page tables and GDT of @boot, claimed. */
struct error *place_page_tables(struct place *p, struct boot_state *boot);
struct error *place_gdt(struct place *p, struct boot_state *boot);
/* The command line, terminated, at BOOT_CMDLINE; *ret_gpa is 0 when there is none. @max: its longest
 * length by the boot protocol. */
struct error *place_cmdline(struct place *p, const char *text, size_t max, uint64_t *ret_gpa);
/* Reads @path and puts it where there is room (page aligned), as @what. */
struct error *place_file(struct place *p, const char *path, uint64_t lo, uint64_t hi, bool top,
			 const char *what, uint64_t *ret_gpa, uint64_t *ret_len);

/* One past the last byte of RAM, and of the RAM below 4 GiB. */
uint64_t load_ram_end(const struct load_ram *ram);
uint64_t load_ram_low_end(const struct load_ram *ram);
/* Bytes of page tables that boot_page_tables() builds for @bytes. */
uint64_t boot_page_tables_len(uint64_t bytes);
#define BOOT_GDT_LEN 40	/* null, code32, code64, data, tss */
#define BOOT_CS32 0x08
#define BOOT_CS64 0x10
#define BOOT_DS 0x18
