/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One fuzzed image into 4 MiB of RAM. Input: a byte whose bit 0 says how to read the rest: clear, it is
 * the file; set, it is changes to a good file, three bytes each (offset, low byte first, and value), so
 * that the fuzzer spends its time behind the magic numbers.
 */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/error.h"
#include "core/base/vec.h"
#include "guest/load/load.h"
#include "tests/lib/elf_builder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define FUZZ_RAM (4u << 20)

static inline void image_fuzz_load(const uint8_t *data, size_t len)
{
	static uint8_t ram_bytes[FUZZ_RAM];
	struct load_ram ram = { .nranges = 1 };
	struct guest_config config = { .append = "a b" };
	struct image image = { data, len, "fuzz" };
	struct boot_state boot;

	ram.range[0].len = FUZZ_RAM;
	ram.range[0].host = ram_bytes;
	struct error *e = load_image(&image, &config, &ram, &boot);
	if (e) {
		/* One sentence that names the image. */
		if (strncmp(error_message(e), "fuzz: ", 6) != 0 || strchr(error_message(e), '\n'))
			abort();
		error_destroy(e);
	} else if (!load_ram_ptr(&ram, boot.pc, 1)) {
		abort();
	}
}

static inline int image_fuzz(const uint8_t *data, size_t len, uint8_t *(*build)(size_t *ret_len))
{
	if (len == 0)
		return 0;
	bool patch = data[0] & 1;
	data++;
	len--;
	if (!patch) {
		uint8_t *copy = malloc(len ? len : 1); /* exact size: the sanitizer sees every overrun */
		memcpy(copy, data, len);
		image_fuzz_load(copy, len);
		free(copy);
		return 0;
	}
	size_t good_len;
	uint8_t *good = build(&good_len);
	for (; len >= 3; data += 3, len -= 3)
		good[le16_read(data) % good_len] = data[2];
	image_fuzz_load(good, good_len);
	free(good);
	return 0;
}
