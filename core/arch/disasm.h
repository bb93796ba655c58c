/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One decoded instruction, with the operand facts a debugger asks for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSN_MAX_BYTES 16

enum insn_kind {
	INSN_OTHER,
	INSN_CALL,	/* nexti steps over it */
	INSN_RET,
	INSN_JUMP,	/* unconditional branch */
	INSN_BRANCH,	/* conditional branch */
	INSN_REP,	/* repeated string instruction: nexti steps over it */
	INSN_SYSCALL,	/* int, syscall, sysenter, sc */
	INSN_IRET,
	INSN_HALT,
	INSN_IO,	/* port or block I/O */
	INSN_BREAK,	/* int3, trap */
	INSN_INVALID,
};

struct disasm_req {
	const uint8_t *bytes;
	size_t len;		/* bytes available at @pc */
	uint64_t pc;		/* linear address */
	unsigned code_bits;	/* 16, 32, 64 */
	bool big_endian;	/* of the instructions, where an architecture has both (arch_is_big_endian()) */
	bool facts_only;	/* no text: mnemonic and operands stay empty */
	bool att;		/* AT&T instead of Intel syntax */
	/* Symbol for an address operand, or NULL; returns false when there is none. */
	bool (*symbol)(void *ctx, uint64_t addr, char *buf, size_t size);
	void *ctx;
};

struct insn {
	uint64_t pc;
	uint8_t len;
	uint8_t bytes[INSN_MAX_BYTES];
	enum insn_kind kind;
	char mnemonic[32];
	char operands[128];
	bool has_target;	/* a direct branch or call goes to @target */
	uint64_t target;
	bool wide;		/* may change registers outside REGS_CORE: floating point, vector, MSRs */
	/* Memory operand: base/index register ids of struct arch, or -1; absolute when both -1. */
	bool has_mem, mem_read, mem_write;
	bool mem_rip_relative;	/* then mem_disp is already the address */
	int mem_seg, mem_base, mem_index;
	unsigned mem_scale, mem_size;
	unsigned mem_addr_bits; /* 16, 32, 64: base + index + displacement wrap there */
	int64_t mem_disp;
};

/* Linear address of @insn's memory operand with these registers; false when there is none. */
struct regs;
bool insn_mem_address(const struct insn *insn, const struct regs *regs, uint64_t *ret);
