/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ELF file that is only looked at (core/target/image.c): any bytes, or a good file with bytes
 * changed; everything it then offers is read, at the edges of its regions too.
 */
#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/target/image.h"
#include "tests/lib/elf_builder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_edges(struct target *t, uint64_t at)
{
	uint8_t buf[64];

	for (uint64_t shift = 0; shift <= sizeof(buf); shift += 16)
		error_destroy(target_phys_read(t, at - shift, buf, sizeof(buf)));
}

static void look(const uint8_t *data, size_t len)
{
	struct target *t;
	struct error *error = image_target_create("fuzz", data, len, &t);
	struct mem_region region;
	struct vcpu_info info;

	if (error) {
		error_destroy(error);
		return;
	}
	for (unsigned i = 0; t->ops->region(t, i, &region); i++) {
		if (!region.len)
			abort();
		read_edges(t, region.start);
		read_edges(t, region.start + region.len);
	}
	error_destroy(target_vcpu_info(t, 0, &info));
	error_destroy(target_vcpu_info(t, 1, &info));
	read_edges(t, info.pc);
	target_destroy(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_builder b;

	if (size < 2)
		return 0;
	if (data[0] & 1) {
		look(data + 1, size - 1);
		return 0;
	}
	elf_builder_init(&b, data[1] & 1 ? 64 : 32, data[1] & 1 ? EM_X86_64 : EM_386);
	elf_builder_segment(&b, PT_LOAD, 0xffffffff80100000, 0x100000, "code", 4, 0x1000);
	elf_builder_segment(&b, PT_LOAD, 0x102000, 0x102000, "data", 4, 4);
	elf_builder_finish(&b, 0x100000);
	for (data += 2, size -= 2; size >= 3; data += 3, size -= 3)
		b.data[le16_read(data) % b.len] = data[2];
	look(b.data, b.len);
	elf_builder_deinit(&b);
	return 0;
}
