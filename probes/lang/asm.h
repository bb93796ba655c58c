/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small assembler of BPF (Documentation/bpf/standardization/instruction-set.rst): instructions in a row,
 * labels that are only jumped to forwards, so that what is made always ends.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/out.h"
#include "core/base/vec.h"

#define ASM_INSNS_MAX 60000

struct asm_jump {
	unsigned at, label;
};

struct asm_code {
	VEC(struct bpf_insn) code;
	VEC(struct asm_jump) jumps;	/* not aimed yet */
	unsigned labels;
	bool too_far;			/* a jump over more than an instruction can say */
};

void asm_deinit(struct asm_code *a);
unsigned asm_label(struct asm_code *a);		/* a new one, not yet placed */
void asm_place(struct asm_code *a, unsigned label);	/* here */

void asm_imm(struct asm_code *a, int reg, uint64_t v);		/* reg = v */
void asm_mov(struct asm_code *a, int to, int from);
void asm_frame(struct asm_code *a, int reg, int at);		/* reg = where fp + @at is */
void asm_alu(struct asm_code *a, int op, int to, int from);	/* BPF_ADD ... on 64 bits */
void asm_alu_imm(struct asm_code *a, int op, int to, int32_t v);
void asm_load(struct asm_code *a, int size, int to, int base, int offset);	/* size 1, 2, 4, 8 */
void asm_store(struct asm_code *a, int size, int base, int offset, int from);
void asm_store_imm(struct asm_code *a, int size, int base, int offset, int32_t v);
void asm_jump(struct asm_code *a, unsigned label);
void asm_jump_if(struct asm_code *a, int op, int left, int right, unsigned label);	/* BPF_JEQ ... */
void asm_jump_if_imm(struct asm_code *a, int op, int left, int32_t v, unsigned label);
void asm_call(struct asm_code *a, int helper);
void asm_map(struct asm_code *a, int reg, int map_fd);	/* reg = the map */
void asm_exit(struct asm_code *a);
/* Low @size bytes of @reg, sign-extended or not. */
void asm_extend(struct asm_code *a, int reg, unsigned size, bool is_signed);

/* One line an instruction. */
void asm_list(const struct bpf_insn *code, unsigned n, struct out *out);
