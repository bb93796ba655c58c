/* SPDX-License-Identifier: GPL-3.0-or-later */
/* x86-64 for reading: mode of the code, linear addresses, frames. */
#include "core/arch/x86_64.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

#include "core/base/vec.h"

const char *x86_exception_name(unsigned vector)
{
	static const char *const names[32] = {
		[0] = "#DE divide error", [1] = "#DB debug", [2] = "NMI", [3] = "#BP breakpoint",
		[4] = "#OF overflow", [5] = "#BR bound range", [6] = "#UD invalid opcode",
		[7] = "#NM no FPU", [8] = "#DF double fault", [10] = "#TS invalid TSS",
		[11] = "#NP segment not present", [12] = "#SS stack fault",
		[13] = "#GP general protection", [14] = "#PF page fault", [16] = "#MF x87 error",
		[17] = "#AC alignment check", [18] = "#MC machine check", [19] = "#XM SIMD error",
		[20] = "#VE virtualization", [21] = "#CP control protection",
		[28] = "#HV hypervisor injection", [29] = "#VC VMM communication", [30] = "#SX security",
	};

	return vector < ARRAY_SIZE(names) ? names[vector] ? names[vector] : "reserved exception" : NULL;
}

static bool in_real_mode(const struct regs *regs)
{
	return !(regs_u64(regs, X86_CR0) & X86_CR0_PE);
}

static bool in_vm86(const struct regs *regs)
{
	return !in_real_mode(regs) && !x86_long_mode(regs) &&
	       (regs_u64(regs, X86_RFLAGS) & X86_FLAGS_VM);
}

static unsigned x86_code_bits(const struct regs *regs)
{
	uint64_t attr = regs_u64(regs, X86_CS_ATTR);

	if (in_real_mode(regs) || in_vm86(regs))
		return 16;
	if (x86_long_mode(regs) && (attr & X86_ATTR_L))
		return 64;
	return attr & X86_ATTR_DB ? 32 : 16;
}

static const char *x86_mode_name(const struct regs *regs)
{
	unsigned bits = x86_code_bits(regs);

	if (in_real_mode(regs))
		return "real";
	if (in_vm86(regs))
		return "vm86";
	if (x86_long_mode(regs))
		return bits == 64 ? "long64" : bits == 32 ? "compat32" : "compat16";
	return bits == 32 ? "prot32" : "prot16";
}

/* Outside 64-bit code addresses are segment base plus offset, 32 bits wide. */
static uint64_t linear(const struct regs *regs, unsigned base, uint64_t offset)
{
	if (x86_code_bits(regs) == 64)
		return offset;
	return (regs_u64(regs, base) + offset) & MASK(31, 0);
}

static uint64_t x86_pc_linear(const struct regs *regs)
{
	return linear(regs, X86_CS_BASE, regs_u64(regs, X86_RIP));
}

/* How much of rsp and rbp counts as an offset in ss. */
static uint64_t stack_mask(const struct regs *regs)
{
	if (x86_code_bits(regs) == 64)
		return ~0ULL;
	if (in_real_mode(regs) || in_vm86(regs) || !(regs_u64(regs, X86_SS_ATTR) & X86_ATTR_DB))
		return MASK(15, 0);
	return MASK(31, 0);
}

static uint64_t x86_sp_linear(const struct regs *regs)
{
	return linear(regs, X86_SS_BASE, regs_u64(regs, X86_RSP) & stack_mask(regs));
}

static bool read_word(const struct mem_reader *mem, uint64_t addr, unsigned size, uint64_t *ret)
{
	uint8_t raw[8];

	if (!mem->virt(mem->ctx, addr, raw, size))
		return false;
	*ret = bytes_read(raw, size, false);
	return true;
}

/*
 * Where the return address lies when the innermost function has not set up its frame, or has taken it
 * down: bytes above the stack pointer, or -1 when the frame stands.
 */
static int frameless_offset(const struct mem_reader *mem, uint64_t pc, unsigned word)
{
	uint8_t code[4] = { 0 };

	if (!mem->virt(mem->ctx, pc, code, sizeof(code)) && !mem->virt(mem->ctx, pc, code, 1))
		return -1;
	if (code[0] == 0xf3 && code[1] == 0x0f && code[2] == 0x1e && (code[3] == 0xfa || code[3] == 0xfb))
		return 0; /* endbr64, endbr32 */
	if (code[0] == 0x55 || code[0] == 0xc3 || code[0] == 0xc2)
		return 0; /* push rbp; ret */
	if (word == 8 && code[0] == 0x48 && ((code[1] == 0x89 && code[2] == 0xe5) ||
					     (code[1] == 0x8b && code[2] == 0xec)))
		return word; /* mov rbp, rsp: rbp was pushed */
	if (word < 8 && ((code[0] == 0x89 && code[1] == 0xe5) || (code[0] == 0x8b && code[1] == 0xec)))
		return word;
	return -1;
}

/*
 * @f->pc and ->sp are linear, ->fp is the register's value (an offset in ss). Frames must go upwards, so
 * a hostile chain ends after at most the size of memory; callers bound the count.
 */
bool x86_unwind(const struct regs *regs, const struct mem_reader *mem, struct frame *f)
{
	unsigned bits = x86_code_bits(regs), word = bits / 8;
	uint64_t mask = stack_mask(regs), fp = f->fp & mask, at = linear(regs, X86_SS_BASE, fp);
	uint64_t ret, saved;
	struct frame up;

	if (f->pc == x86_pc_linear(regs) && f->sp == x86_sp_linear(regs)) {
		int off = frameless_offset(mem, f->pc, word);

		if (off >= 0) {
			at = f->sp + off;
			if (!read_word(mem, at, word, &ret))
				return false;
			up = (struct frame){ .pc = linear(regs, X86_CS_BASE, ret), .sp = at + word, .fp = f->fp };
			goto check;
		}
	}
	/* The saved frame pointer lies at or above the stack pointer of its function. */
	if (fp == 0 || at < f->sp || !read_word(mem, at, word, &saved) ||
	    !read_word(mem, at + word, word, &ret))
		return false;
	if (saved != 0 && saved <= fp)
		return false;
	up = (struct frame){ .pc = linear(regs, X86_CS_BASE, ret), .sp = at + 2 * word, .fp = saved };
check:
	if (ret == 0 || !mem->virt(mem->ctx, up.pc, &(uint8_t){ 0 }, 1))
		return false;
	*f = up;
	return true;
}

const struct arch arch_x86_64 = {
	.name = "x86_64",
	.uname = "x86_64",
	.elf_machine = EM_X86_64,
	.elf_machine_32 = EM_386,
	.insn_align = 1,
	.insn_max = 15,
	.regs = x86_64_regs,
	.nregs = X86_REG_COUNT,
	.aliases = x86_64_aliases,
	.reg_pc = X86_RIP,
	.reg_sp = X86_RSP,
	.reg_fp = X86_RBP,
	.reg_flags = X86_RFLAGS,
	.code_bits = x86_code_bits,
	.mode_name = x86_mode_name,
	.pc_linear = x86_pc_linear,
	.sp_linear = x86_sp_linear,
	.walk = x86_walk,
	.map = x86_map,
	.disasm = x86_disasm,
	.unwind = x86_unwind,
};
