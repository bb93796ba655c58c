/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/lang/asm.h"

#include <stdlib.h>

#include "core/base/cleanup.h"

void asm_deinit(struct asm_code *a)
{
	vec_free(&a->code);
	vec_free(&a->jumps);
}

static void add(struct asm_code *a, uint8_t code, int dst, int src, int off, int32_t imm)
{
	vec_push(&a->code, (struct bpf_insn){
		.code = code, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm,
	});
}

unsigned asm_label(struct asm_code *a)
{
	return a->labels++;
}

void asm_place(struct asm_code *a, unsigned label)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->jumps.len; i++) {
		struct asm_jump *j = &a->jumps.data[i];
		if (j->label != label) {
			a->jumps.data[kept++] = *j;
			continue;
		}
		size_t distance = a->code.len - j->at - 1;
		a->too_far |= distance > INT16_MAX;
		a->code.data[j->at].off = distance;
	}
	a->jumps.len = kept;
}

void asm_imm(struct asm_code *a, int reg, uint64_t v)
{
	if ((int64_t)v == (int32_t)v) {
		add(a, BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, (int32_t)v);
		return;
	}
	add(a, BPF_LD | BPF_DW | BPF_IMM, reg, 0, 0, (int32_t)v);
	add(a, 0, 0, 0, 0, (int32_t)(v >> 32));
}

void asm_mov(struct asm_code *a, int to, int from)
{
	add(a, BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}

void asm_alu(struct asm_code *a, int op, int to, int from)
{
	add(a, BPF_ALU64 | op | BPF_X, to, from, 0, 0);
}

void asm_alu_imm(struct asm_code *a, int op, int to, int32_t v)
{
	add(a, BPF_ALU64 | op | BPF_K, to, 0, 0, v);
}

void asm_frame(struct asm_code *a, int reg, int at)
{
	asm_mov(a, reg, BPF_REG_10);
	asm_alu_imm(a, BPF_ADD, reg, at);
}

static int size_code(int size)
{
	return size == 1 ? BPF_B : size == 2 ? BPF_H : size == 4 ? BPF_W : BPF_DW;
}

void asm_load(struct asm_code *a, int size, int to, int base, int offset)
{
	add(a, BPF_LDX | BPF_MEM | size_code(size), to, base, offset, 0);
}

void asm_store(struct asm_code *a, int size, int base, int offset, int from)
{
	add(a, BPF_STX | BPF_MEM | size_code(size), base, from, offset, 0);
}

void asm_store_imm(struct asm_code *a, int size, int base, int offset, int32_t v)
{
	add(a, BPF_ST | BPF_MEM | size_code(size), base, 0, offset, v);
}

static void jump(struct asm_code *a, unsigned label)
{
	vec_push(&a->jumps, (struct asm_jump){ a->code.len, label });
}

void asm_jump(struct asm_code *a, unsigned label)
{
	jump(a, label);
	add(a, BPF_JMP | BPF_JA, 0, 0, 0, 0);
}

void asm_jump_if(struct asm_code *a, int op, int left, int right, unsigned label)
{
	jump(a, label);
	add(a, BPF_JMP | op | BPF_X, left, right, 0, 0);
}

void asm_jump_if_imm(struct asm_code *a, int op, int left, int32_t v, unsigned label)
{
	jump(a, label);
	add(a, BPF_JMP | op | BPF_K, left, 0, 0, v);
}

void asm_call(struct asm_code *a, int helper)
{
	add(a, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

void asm_map(struct asm_code *a, int reg, int map_fd)
{
	add(a, BPF_LD | BPF_DW | BPF_IMM, reg, BPF_PSEUDO_MAP_FD, 0, map_fd);
	add(a, 0, 0, 0, 0, 0);
}

void asm_exit(struct asm_code *a)
{
	add(a, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

void asm_extend(struct asm_code *a, int reg, unsigned size, bool is_signed)
{
	if (size >= 8)
		return;
	asm_alu_imm(a, BPF_LSH, reg, 64 - size * 8);
	asm_alu_imm(a, is_signed ? BPF_ARSH : BPF_RSH, reg, 64 - size * 8);
}

/* ---- listing ------------------------------------------------------------------------------------- */

static const char *const alu_names[16] = {
	"+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>=", "end",
};
static const char *const jump_names[16] = {
	"", "==", ">", ">=", "&", "!=", "s>", "s>=", "call", "exit", "<", "<=", "s<", "s<=",
};
static const char *const size_names[4] = { "u32", "u16", "u8", "u64" };

static void text_of(const struct bpf_insn *i, const struct bpf_insn *next, unsigned at, char *buf, size_t size)
{
	const char *width = size_names[i->code >> 3 & 3];
	unsigned op = i->code >> 4;
	bool reg = i->code & BPF_X;

	switch (i->code & 7) {
	case BPF_LD:
		if (i->src_reg == BPF_PSEUDO_MAP_FD)
			snprintf(buf, size, "r%d = map", i->dst_reg);
		else
			snprintf(buf, size, "r%d = 0x%x%08x", i->dst_reg, (unsigned)next->imm, (unsigned)i->imm);
		break;
	case BPF_LDX:
		snprintf(buf, size, "r%d = *(%s *)(r%d %+d)", i->dst_reg, width, i->src_reg, i->off);
		break;
	case BPF_ST:
		snprintf(buf, size, "*(%s *)(r%d %+d) = %d", width, i->dst_reg, i->off, i->imm);
		break;
	case BPF_STX:
		snprintf(buf, size, "*(%s *)(r%d %+d) = r%d", width, i->dst_reg, i->off, i->src_reg);
		break;
	case BPF_JMP:
		if (op == BPF_CALL >> 4)
			snprintf(buf, size, "call %d", i->imm);
		else if (op == BPF_EXIT >> 4)
			snprintf(buf, size, "exit");
		else if (op == BPF_JA >> 4)
			snprintf(buf, size, "goto %u", at + 1 + i->off);
		else if (reg)
			snprintf(buf, size, "if r%d %s r%d goto %u", i->dst_reg, jump_names[op], i->src_reg,
				 at + 1 + i->off);
		else
			snprintf(buf, size, "if r%d %s %d goto %u", i->dst_reg, jump_names[op], i->imm, at + 1 + i->off);
		break;
	default:
		if (reg)
			snprintf(buf, size, "r%d %s r%d", i->dst_reg, alu_names[op], i->src_reg);
		else
			snprintf(buf, size, "r%d %s %d", i->dst_reg, alu_names[op], i->imm);
	}
}

void asm_list(const struct bpf_insn *code, unsigned n, struct out *out)
{
	for (unsigned i = 0; i < n; i++) {
		bool wide = (code[i].code & 7) == BPF_LD && i + 1 < n;
		char buf[80];
		text_of(&code[i], wide ? &code[i + 1] : &code[i], i, buf, sizeof(buf));
		out_begin(out, "insn");
		out_dec(out, ROLE_DIM, "at", 5, i);
		out_text(out, ROLE_TEXT, "  ");
		out_str(out, ROLE_TEXT, "text", 0, buf);
		out_end(out);
		i += wide;
	}
}
