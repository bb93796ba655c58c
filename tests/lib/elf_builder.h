/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boot images built by code: ELF files of both classes, multiboot headers, a bzImage, and RAM to load
 * them into. Tests change single fields of a good image (`data` is writable) to make it lie.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/load/load.h"

#define ELF_BUILDER_SEGMENTS 8

struct elf_builder {
	bool is64;
	uint16_t machine;
	uint8_t *data;		/* the file, after elf_builder_finish() */
	size_t len;
	struct {
		uint32_t type;
		uint64_t vaddr, paddr, memsz;
		uint8_t *bytes;
		size_t filesz;
	} segment[ELF_BUILDER_SEGMENTS];
	unsigned nsegments;
};

void elf_builder_init(struct elf_builder *b, unsigned bits, uint16_t machine);
void elf_builder_deinit(struct elf_builder *b);
void elf_builder_segment(struct elf_builder *b, uint32_t type, uint64_t vaddr, uint64_t paddr,
			 const void *bytes, size_t filesz, uint64_t memsz);
/* A PT_NOTE segment with one note. */
void elf_builder_note(struct elf_builder *b, const char *name, uint32_t type, const void *desc,
		      uint32_t desc_len);
/* Header, program headers, then the segments' bytes one after the other. */
void elf_builder_finish(struct elf_builder *b, uint64_t entry);
/* The program header @i of the finished file (Elf64_Phdr or Elf32_Phdr). */
void *elf_builder_phdr(struct elf_builder *b, unsigned i);

/* A multiboot header: @address is NULL or the five address fields. Gives its length. */
size_t multiboot_header(uint8_t *to, uint32_t flags, const uint32_t *address);

/* A small bzImage of the 64-bit boot protocol, valid in every field; caller frees. */
uint8_t *bzimage_build(size_t *ret_len);

/* RAM of [0, low) and [4 GiB, 4 GiB + high). */
struct test_ram {
	struct load_ram ram;
	uint8_t *bytes;
};
void test_ram_init(struct test_ram *t, uint64_t low, uint64_t high);
void test_ram_deinit(struct test_ram *t);
