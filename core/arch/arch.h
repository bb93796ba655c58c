/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An architecture for *reading*: one const struct and a few tables, all architectures always built.
 *
 * To add one: core/arch/<name>.c (the descriptor), <name>.regs.def (registers), <name>_mmu.c (the page
 * walk), one line in arches.def, and its units in tests/unit/arch_<name>_test.c. Slots may be NULL:
 * callers say "not supported for <arch>". To *run* one: a folder guest/arch/<name>/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arch/disasm.h"
#include "core/arch/mmu.h"
#include "core/arch/regs.h"
#include "core/base/error.h"

/* Reads guest memory for walkers and unwinders; false when it can not be read. */
struct mem_reader {
	void *ctx;
	bool (*phys)(void *ctx, uint64_t gpa, void *buf, size_t len);
	bool (*virt)(void *ctx, uint64_t gva, void *buf, size_t len);
};

/* By what a frame was found from its callee. */
enum frame_how { FRAME_INNERMOST, FRAME_CFI, FRAME_ORC, FRAME_POINTER };

struct frame {
	uint64_t pc;	/* where the frame executes; of callers: the return address */
	uint64_t sp;	/* stack pointer in that frame (its canonical frame address when known) */
	uint64_t fp;
	enum frame_how how;
	bool interrupted; /* by the frame before it: @pc is about to execute, no return address */
};

struct arch {
	const char *name;		/* "x86_64": also the folder in guest/arch */
	const char *uname;		/* `uname -m` of hosts that run it */
	uint16_t elf_machine;		/* EM_* */
	uint16_t elf_machine_32;	/* its 32-bit sibling, or 0 */
	bool big_endian;		/* of data, as its symbols and images have it */
	uint8_t insn_align, insn_max;	/* bytes */

	const struct reg_desc *regs;
	unsigned nregs;
	const struct reg_alias *aliases; /* name NULL ends */
	unsigned reg_pc, reg_sp, reg_fp, reg_flags;

	/* Bits of code at the current pc (16, 32, 64) and a short word for the status line
	 * ("real", "prot32", "long64", "compat32"). */
	unsigned (*code_bits)(const struct regs *regs);
	const char *(*mode_name)(const struct regs *regs);
	/* Byte order of instructions and data right now, where it can change; NULL: .big_endian. */
	bool (*big_endian_now)(const struct regs *regs);
	/* Bytes at the start of the function with @code (8 bytes) that calls from its own module do not
	 * execute; NULL: there is no such thing. */
	unsigned (*local_entry)(const uint8_t code[8], bool big_endian);
	/* The linear address of pc or sp: adds the segment base where there is one. */
	uint64_t (*pc_linear)(const struct regs *regs);
	uint64_t (*sp_linear)(const struct regs *regs);

	/* What a register's value means beyond its bit fields ("expires in 1.2 ms"); NULL: nothing to say. */
	const char *(*reg_meaning)(const struct regs *regs, unsigned id, char *buf, size_t size);

	/* One page walk, every level recorded (core/arch/mmu.h). */
	struct error *(*walk)(const struct regs *regs, const struct mem_reader *mem, uint64_t gva,
			      struct mmu_walk *ret);
	/* Calls @fn for each run of equally mapped pages; stops when @fn returns false. */
	struct error *(*map)(const struct regs *regs, const struct mem_reader *mem, mmu_map_fn fn,
			     void *ctx);
	/* One instruction. Never fails: undecodable bytes give a ".byte" of length insn_align. */
	void (*disasm)(const struct disasm_req *req, struct insn *ret);
	/* From @f to its caller by frame pointer or back chain; false at the end of the chain. */
	bool (*unwind)(const struct regs *regs, const struct mem_reader *mem, struct frame *f);
};

/* The list (arches.def). NULL when nobody knows it. */
const struct arch *arch_by_name(const char *name);
const struct arch *arch_by_elf_machine(unsigned machine);
const struct arch *arch_by_uname(const char *machine);
const struct arch *arch_at(unsigned i); /* NULL past the end */

/* Byte order as the vCPU with these registers has it. */
static inline bool arch_is_big_endian(const struct regs *regs)
{
	return regs->arch->big_endian_now ? regs->arch->big_endian_now(regs) : regs->arch->big_endian;
}

extern const struct arch arch_x86_64, arch_ppc64le, arch_ppc64;
