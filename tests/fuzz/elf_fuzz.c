/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ELF64 and PVH images. The first byte chooses: raw bytes, or a good image with bytes changed. */
#include <elf.h>

#include "tests/fuzz/image_fuzz.h"

static uint8_t *build_elf(size_t *ret_len)
{
	struct elf_builder b;
	static const uint8_t entry[4] = { 0, 0, 0x10, 0 };
	elf_builder_init(&b, 64, EM_X86_64);
	elf_builder_segment(&b, PT_LOAD, 0xffffffff80100000, 0x100000, "code", 4, 0x1000);
	elf_builder_segment(&b, PT_LOAD, 0x102000, 0x102000, "data", 4, 4);
	elf_builder_note(&b, "Xen", 18, entry, 4);
	elf_builder_finish(&b, 0x100000);
	uint8_t *data = b.data;
	*ret_len = b.len;
	b.data = NULL;
	elf_builder_deinit(&b);
	return data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return image_fuzz(data, len, build_elf);
}
