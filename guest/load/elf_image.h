/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Program headers of an ELF file of either class and byte order, checked, as one kind of struct. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guest/load/place.h"

#define ELF_SEGMENTS_MAX 128

struct elf_segment {
	unsigned index;		/* in the program header table, for errors */
	uint32_t type;
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

struct elf_image {
	bool is64, big;
	uint16_t machine;
	uint64_t entry;		/* e_entry as it stands */
	struct elf_segment segment[ELF_SEGMENTS_MAX]; /* PT_LOAD with memory, and PT_NOTE */
	unsigned nsegments;
};

/* True for a little-endian ELF file of class @bits (32 or 64) and of @machine, by its first bytes only. */
bool elf_image_is(const struct image *image, unsigned bits, uint16_t machine);
/* The same for a big-endian one. */
bool elf_image_is_big(const struct image *image, unsigned bits, uint16_t machine);
/* Reads and checks the header and the table; the file's part of each segment lies inside the file. */
struct error *elf_image_read(const struct image *image, struct elf_image *ret);
/* Copies the PT_LOAD segments to their physical addresses and zeroes their bss. */
struct error *elf_image_place(const struct elf_image *elf, struct place *p, struct boot_state *boot);
/* The entry as a physical address: e_entry itself when it is one of a segment, else translated from the
 * virtual addresses of the segment that has it. */
struct error *elf_image_entry(const struct elf_image *elf, const struct image *image, uint64_t *ret);
/* The description of the note @name, @type in a PT_NOTE segment; false when there is none. */
bool elf_image_note(const struct elf_image *elf, const struct image *image, const char *name, uint32_t type,
		    const uint8_t **ret, uint32_t *ret_len);
