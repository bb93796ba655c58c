/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a symbol file, and every question about what was loaded. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/arch/x86_64.h"
#include "core/symbols/symbols.h"
#include "core/symbols/unwind.h"
#include "core/symbols/vars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
	const struct symbols *syms;
	struct regs regs;
	unsigned left;
};

/* Memory where every word is an address of the middle of the file's usual place, or not there. */
static bool virt(void *ctx, uint64_t addr, void *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)buf)[i] = (uint8_t)(0x402010ULL >> (addr + i) % 8 * 8);
	return addr % 4096 != 4095;
}

static const struct mem_reader mem = { .virt = virt };

static bool show(void *ctx, const struct variable *var)
{
	struct walk *walk = ctx;
	char buf[256];

	symbols_type_name(walk->syms, var->type.self, buf, sizeof(buf));
	variable_format(var, walk->syms, &walk->regs, &mem, buf, sizeof(buf));
	return true;
}

static void unwind(struct walk *walk, uint64_t pc)
{
	struct unwind_frame f;

	regs_set(&walk->regs, X86_RIP, pc);
	unwind_start(&f, &walk->regs);
	for (unsigned i = 0; i < 8 && unwind_caller(walk->syms, &mem, &f); i++)
		;
}

static void types(struct walk *walk, const struct symbol *sym)
{
	struct variable_type type;
	struct type_member member;
	char buf[256];

	symbols_type_by_name(walk->syms, sym->name, &type);
	if (!symbols_type_of_object(walk->syms, sym->addr, &type))
		return;
	symbols_type_name(walk->syms, type.self, buf, sizeof(buf));
	symbols_type_format(walk->syms, type.self, sym->addr, true, false, &mem, buf, sizeof(buf));
	symbols_type_member(walk->syms, type.target, "next", &member);
	symbols_type_member(walk->syms, type.target, "second", &member);
	free(symbols_type_layout(walk->syms, type.target));
}

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
	types(walk, sym);
	symbols_each_variable(walk->syms, &arch_x86_64, addr, show, walk);
	unwind(walk, addr);
	return --walk->left;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct symbols *syms = symbols_create();
	struct walk walk = { .syms = syms, .left = 64 };
	uint64_t addr;
	unsigned line;
	size_t n = 0;
	struct error *err = symbols_load_elf_mem(syms, "fuzz.elf", data, size, 0x1000, &n);

	/* 64-bit mode, so that 64-bit files may unwind. */
	regs_init(&walk.regs, &arch_x86_64);
	for (unsigned id = X86_RAX; id <= X86_RFLAGS; id++)
		regs_set(&walk.regs, id, 0x7000 + id * 8);
	regs_set(&walk.regs, X86_CR0, 0x80000001);
	regs_set(&walk.regs, X86_EFER, 0x500);
	regs_set(&walk.regs, X86_CS_ATTR, X86_ATTR(11, 1, 0, 1, 0, 1, 0, 1, 0));
	if (!err)
		symbols_each_prefix(syms, "", ask, &walk);
	error_destroy(err);
	error_destroy(symbols_addr_by_line(syms, "main.c", 5, &addr, &line));
	symbols_destroy(syms);
	return 0;
}
