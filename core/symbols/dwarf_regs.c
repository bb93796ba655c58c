/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/symbols/dwarf_regs.h"

#include <elf.h>
#include <stdio.h>

#include "core/base/vec.h"

/* System V ABI AMD64, figure 3.36. The return address column (16) is the pc of the caller. */
static const char *const amd64[] = { "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
				     "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip" };
/* System V ABI i386, table 2.14; the halves we use are those of the 64-bit registers. */
static const char *const i386[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "rip" };

int dwarf_reg_id(const struct arch *arch, unsigned machine, unsigned dwarf_reg)
{
	const char *name = NULL;
	struct reg_ref ref;
	char buf[8];

	if (machine == EM_X86_64) {
		name = dwarf_reg < ARRAY_SIZE(amd64) ? amd64[dwarf_reg] : NULL;
	} else if (machine == EM_386) {
		name = dwarf_reg < ARRAY_SIZE(i386) ? i386[dwarf_reg] : NULL;
	} else if (machine == EM_PPC64 && dwarf_reg < 32) {
		snprintf(buf, sizeof(buf), "r%u", dwarf_reg);
		name = buf;
	} else if (machine == EM_PPC64 && dwarf_reg == 65) {
		name = "lr"; /* 64-bit ELF V2 ABI, 2.4 */
	} else if (machine == EM_AARCH64 && dwarf_reg < 31) {
		snprintf(buf, sizeof(buf), "x%u", dwarf_reg);
		name = buf;
	} else if (machine == EM_AARCH64 && dwarf_reg == 31) {
		name = "sp";
	}
	return name && reg_lookup(arch, name, &ref) ? ref.reg : -1;
}
