/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a symbol file, and every question about what was loaded. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/symbols/symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
	const struct symbols *syms;
	unsigned left;
};

static bool ask(void *ctx, const struct symbol *sym)
{
	struct walk *walk = ctx;
	struct source_line line;
	struct symbol again;
	uint64_t off, addr = sym->addr + sym->size / 2;
	char buf[64];

	if (!symbols_by_name(walk->syms, sym->name, &again))
		abort();
	symbols_by_addr(walk->syms, addr, &again, &off);
	symbols_format(walk->syms, addr, buf, sizeof(buf));
	if (symbols_line_by_addr(walk->syms, addr, &line) && (line.start > addr || line.end <= addr))
		abort();
	symbols_after_prologue(walk->syms, sym->addr);
	return --walk->left;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct symbols *syms = symbols_create();
	struct walk walk = { syms, 64 };
	uint64_t addr;
	unsigned line;
	size_t n = 0;
	struct error *err = symbols_load_elf_mem(syms, "fuzz.elf", data, size, 0x1000, &n);

	if (!err)
		symbols_each_prefix(syms, "", ask, &walk);
	error_destroy(err);
	error_destroy(symbols_addr_by_line(syms, "main.c", 5, &addr, &line));
	symbols_destroy(syms);
	return 0;
}
