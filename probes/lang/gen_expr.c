/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Expressions as BPF. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "probes/lang/gen.h"

#define R0 BPF_REG_0
#define R1 BPF_REG_1
#define R2 BPF_REG_2
#define R3 BPF_REG_3
#define FP BPF_REG_10
#define MATCH_MAX 48

static bool refuse(struct gen *g, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(g->why, sizeof(g->why), fmt, ap);
	va_end(ap);
	return false;
}

static int slot(unsigned depth)
{
	return -8 * (int)(depth + 1);
}

static void push_field(struct gen *g, const struct gen_field *f, unsigned depth)
{
	struct asm_code *a = &g->code;

	switch (f->place) {
	case GEN_FIELD_CTX:
		g->uses_context = true;
		asm_load(a, f->size, R0, GEN_CTX, f->offset);
		if (f->is_signed)
			asm_extend(a, R0, f->size, true);
		break;
	case GEN_FIELD_TIME:
		asm_call(a, BPF_FUNC_ktime_get_ns);
		break;
	case GEN_FIELD_CPU:
		asm_call(a, BPF_FUNC_get_smp_processor_id);
		break;
	case GEN_FIELD_TID:
		asm_call(a, BPF_FUNC_get_current_pid_tgid);
		asm_extend(a, R0, 4, false);
		break;
	case GEN_FIELD_PID:
		asm_call(a, BPF_FUNC_get_current_pid_tgid);
		asm_alu_imm(a, BPF_RSH, R0, 32);
		break;
	}
	asm_store(a, 8, FP, slot(depth), R0);
}

/* Operators whose result is 0 or 1. */
static int compare_op(enum expr_op op)
{
	switch (op) {
	case OP_EQ: return BPF_JEQ;
	case OP_NE: return BPF_JNE;
	case OP_LT: return BPF_JLT;
	case OP_SLT: return BPF_JSLT;
	case OP_LE: return BPF_JLE;
	case OP_SLE: return BPF_JSLE;
	case OP_GT: return BPF_JGT;
	case OP_SGT: return BPF_JSGT;
	case OP_GE: return BPF_JGE;
	case OP_SGE: return BPF_JSGE;
	default: return -1;
	}
}

static int alu_op(enum expr_op op)
{
	switch (op) {
	case OP_ADD: return BPF_ADD;
	case OP_SUB: return BPF_SUB;
	case OP_MUL: return BPF_MUL;
	case OP_DIV: return BPF_DIV;
	case OP_MOD: return BPF_MOD;
	case OP_AND: return BPF_AND;
	case OP_OR: return BPF_OR;
	case OP_XOR: return BPF_XOR;
	case OP_SHL: return BPF_LSH;
	case OP_SHR: return BPF_RSH;
	case OP_SAR: return BPF_ARSH;
	default: return -1;
	}
}

static void shift(struct asm_code *a, enum expr_op op)
{
	unsigned small = asm_label(a), done = asm_label(a);

	/* BPF takes the count modulo 64; here 64 and more give 0 or the sign. */
	asm_jump_if_imm(a, BPF_JLE, R2, 63, small);
	if (op == OP_SAR)
		asm_alu_imm(a, BPF_ARSH, R1, 63);
	else
		asm_imm(a, R1, 0);
	asm_jump(a, done);
	asm_place(a, small);
	asm_alu_imm(a, BPF_AND, R2, 63);
	asm_alu(a, alu_op(op), R1, R2);
	asm_place(a, done);
}

/* r1 OP r2 -> r1 */
static bool binary(struct gen *g, enum expr_op op, unsigned fail)
{
	struct asm_code *a = &g->code;

	if (compare_op(op) >= 0) {
		unsigned yes = asm_label(a);
		asm_imm(a, R0, 1);
		asm_jump_if(a, compare_op(op), R1, R2, yes);
		asm_imm(a, R0, 0);
		asm_place(a, yes);
		asm_mov(a, R1, R0);
		return true;
	}
	if (alu_op(op) < 0)
		return refuse(g, "BPF has no signed division");
	if (op == OP_DIV || op == OP_MOD)
		asm_jump_if_imm(a, BPF_JEQ, R2, 0, fail);
	if (op == OP_SHL || op == OP_SHR || op == OP_SAR)
		shift(a, op);
	else
		asm_alu(a, alu_op(op), R1, R2);
	return true;
}

static void unary(struct asm_code *a, const struct expr_insn *i)
{
	unsigned yes = asm_label(a);

	switch ((enum expr_op)i->op) {
	case OP_EXTEND:
		asm_extend(a, R1, i->size, i->is_signed);
		break;
	case OP_NEG:
		asm_alu_imm(a, BPF_NEG, R1, 0);
		break;
	case OP_NOT:
		asm_alu_imm(a, BPF_XOR, R1, -1);
		break;
	default:
		asm_imm(a, R0, 1);
		asm_jump_if_imm(a, i->op == OP_IS_ZERO ? BPF_JEQ : BPF_JNE, R1, 0, yes);
		asm_imm(a, R0, 0);
		asm_place(a, yes);
		asm_mov(a, R1, R0);
	}
}

/* A field of text against a literal, byte by byte: @field is the instruction that pushed its address. */
static bool match(struct gen *g, const struct expr_prog *p, const struct expr_insn *field,
		  const struct expr_string *s, unsigned depth)
{
	struct asm_code *a = &g->code;
	unsigned differs = asm_label(a), done = asm_label(a);
	struct gen_text t;

	if (field->op != OP_FIELD || field->imm < PROBE_TEXT_BASE ||
	    !g->source->text(g->source->ctx, field->imm - PROBE_TEXT_BASE, &t))
		return refuse(g, "text can only be compared where it is a field of fixed size");
	if (s->len > MATCH_MAX || s->len > t.size)
		return refuse(g, "a text is longer than the field or %d bytes", MATCH_MAX);
	g->uses_context |= !t.is_comm;
	if (t.is_comm) {
		asm_frame(a, R1, GEN_COMM_AT);
		asm_imm(a, R2, 16);
		asm_call(a, BPF_FUNC_get_current_comm);
	}
	for (unsigned i = 0; i < s->len; i++) {
		asm_load(a, 1, R1, t.is_comm ? FP : GEN_CTX, t.is_comm ? GEN_COMM_AT + (int)i : t.offset + (int)i);
		asm_jump_if_imm(a, BPF_JNE, R1, s->data[i], differs);
	}
	asm_store_imm(a, 8, FP, slot(depth - 1), 1);
	asm_jump(a, done);
	asm_place(a, differs);
	asm_store_imm(a, 8, FP, slot(depth - 1), 0);
	asm_place(a, done);
	return true;
}

/* Kernel memory at the address on top. */
static void load_memory(struct asm_code *a, const struct expr_insn *i, unsigned depth, unsigned fail)
{
	asm_load(a, 8, R3, FP, slot(depth - 1));
	asm_store_imm(a, 8, FP, slot(depth - 1), 0);
	asm_frame(a, R1, slot(depth - 1));
	asm_imm(a, R2, i->size);
	asm_call(a, BPF_FUNC_probe_read_kernel);
	asm_jump_if_imm(a, BPF_JNE, R0, 0, fail);
	asm_load(a, i->size, R0, FP, slot(depth - 1));
	if (i->is_signed)
		asm_extend(a, R0, i->size, true);
	asm_store(a, 8, FP, slot(depth - 1), R0);
}

struct walk {
	struct gen *g;
	const struct expr_prog *prog;
	unsigned *labels, *depths;	/* of jump targets; depth ~0: none */
	unsigned fail, depth;
};

static void aim(struct walk *w, unsigned target, unsigned depth)
{
	if (w->depths[target] == ~0u) {
		w->labels[target] = asm_label(&w->g->code);
		w->depths[target] = depth;
	}
}

static void jump_insn(struct walk *w, const struct expr_insn *i)
{
	struct asm_code *a = &w->g->code;

	if (i->op == OP_JUMP) {
		aim(w, i->imm, w->depth);
		asm_jump(a, w->labels[i->imm]);
		return;
	}
	bool keeps = i->op != OP_JUMP_ZERO;
	aim(w, i->imm, w->depth - !keeps);
	asm_load(a, 8, R1, FP, slot(w->depth - 1));
	asm_jump_if_imm(a, i->op == OP_TRUE_ELSE_POP ? BPF_JNE : BPF_JEQ, R1, 0, w->labels[i->imm]);
	w->depth--;
}

static bool insn(struct walk *w, unsigned at)
{
	const struct expr_insn *i = &w->prog->code[at];
	struct gen *g = w->g;
	struct asm_code *a = &g->code;
	struct gen_field f;

	switch ((enum expr_op)i->op) {
	case OP_PUSH:
		asm_imm(a, R0, i->imm);
		asm_store(a, 8, FP, slot(w->depth++), R0);
		return true;
	case OP_FIELD:
		if (i->imm >= PROBE_TEXT_BASE && at + 1 < w->prog->ncode && w->prog->code[at + 1].op == OP_MATCH) {
			w->depth++;
			return true;
		}
		if (!g->source->field(g->source->ctx, i->imm, &f))
			return refuse(g, "a name is only known in the main loop");
		push_field(g, &f, w->depth++);
		return true;
	case OP_REG:
		if (!g->source->reg || !g->source->reg(g->source->ctx, i->imm, &f))
			return refuse(g, "registers are only known in the main loop");
		push_field(g, &f, w->depth++);
		return true;
	case OP_MATCH:
		return match(g, w->prog, at ? &w->prog->code[at - 1] : i, &w->prog->strings[i->imm], w->depth);
	case OP_LOAD:
		load_memory(a, i, w->depth, w->fail);
		return true;
	case OP_LOAD_PHYS:
		return refuse(g, "guest memory is only known in the main loop");
	case OP_EXTEND: case OP_NEG: case OP_NOT: case OP_IS_ZERO: case OP_IS_TRUE:
		asm_load(a, 8, R1, FP, slot(w->depth - 1));
		unary(a, i);
		asm_store(a, 8, FP, slot(w->depth - 1), R1);
		return true;
	case OP_JUMP: case OP_JUMP_ZERO: case OP_ZERO_ELSE_POP: case OP_TRUE_ELSE_POP:
		jump_insn(w, i);
		return true;
	default:
		asm_load(a, 8, R1, FP, slot(w->depth - 2));
		asm_load(a, 8, R2, FP, slot(w->depth - 1));
		if (!binary(g, i->op, w->fail))
			return false;
		asm_store(a, 8, FP, slot(--w->depth - 1), R1);
		return true;
	}
}

bool gen_expr(struct gen *g, const struct program_expr *e, unsigned fail)
{
	const struct expr_prog *prog = g->binding->codes[e->id].prog;
	struct walk w = { .g = g, .prog = prog, .fail = fail };
	bool ok = true;

	if (!prog || (e->wrap != WRAP_VALUE && e->wrap != WRAP_HEX))
		return refuse(g, "text is made in the main loop");
	w.labels = xcalloc(prog->ncode + 1, sizeof(unsigned));
	w.depths = xcalloc(prog->ncode + 1, sizeof(unsigned));
	for (unsigned i = 0; i <= prog->ncode; i++)
		w.depths[i] = ~0u;
	for (unsigned i = 0; i < prog->ncode && ok; i++) {
		if (w.depths[i] != ~0u) {
			asm_place(&g->code, w.labels[i]);
			w.depth = w.depths[i];
		}
		ok = w.depth < GEN_STACK - 1 ? insn(&w, i) : refuse(g, "an expression is too deep");
		if (ok && g->code.code.len > ASM_INSNS_MAX)
			ok = refuse(g, "the program is too long");
	}
	if (ok && w.depths[prog->ncode] != ~0u)
		asm_place(&g->code, w.labels[prog->ncode]);
	if (ok)
		asm_load(&g->code, 8, R0, FP, slot(0));
	free(w.labels);
	free(w.depths);
	return ok;
}

bool gen_condition(struct gen *g, const struct program_expr *e, unsigned no)
{
	if (!gen_expr(g, e, no))
		return false;
	asm_jump_if_imm(&g->code, BPF_JEQ, R0, 0, no);
	return true;
}
