/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Multiboot images, with address fields and as ELF32. See image_fuzz.h for the input's form. */
#include <elf.h>

#include "tests/fuzz/image_fuzz.h"

static uint8_t *build_raw(size_t *ret_len)
{
	static const uint32_t addr[5] = { 0x100000, 0x100000, 0, 0x101000, 0x100020 };
	uint8_t *data = xcalloc(1, 256);
	multiboot_header(data, 0x10003, addr);
	*ret_len = 256;
	return data;
}

static uint8_t *build_elf32(size_t *ret_len)
{
	struct elf_builder b;
	uint8_t text[32] = { 0 };
	multiboot_header(text, 3, NULL);
	elf_builder_init(&b, 32, EM_386);
	elf_builder_segment(&b, PT_LOAD, 0x100000, 0x100000, text, sizeof(text), 0x1000);
	elf_builder_finish(&b, 0x100010);
	uint8_t *data = b.data;
	*ret_len = b.len;
	b.data = NULL;
	elf_builder_deinit(&b);
	return data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return image_fuzz(data, len, len > 1 && data[0] & 2 ? build_elf32 : build_raw);
}
