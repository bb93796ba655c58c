/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lifetime of programs, their text and disassembly, and the sentences of faults. */
#include "core/expr/prog.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/base/text.h"
#include "core/base/vec.h"

static const char *const op_names[] = {
	[OP_PUSH] = "push", [OP_REG] = "reg", [OP_FIELD] = "field", [OP_LOAD] = "load",
	[OP_LOAD_PHYS] = "load_phys", [OP_MATCH] = "match", [OP_EXTEND] = "extend", [OP_NEG] = "neg",
	[OP_NOT] = "not", [OP_IS_ZERO] = "is_zero", [OP_IS_TRUE] = "is_true", [OP_ADD] = "add",
	[OP_SUB] = "sub", [OP_MUL] = "mul", [OP_DIV] = "div", [OP_SDIV] = "sdiv", [OP_MOD] = "mod",
	[OP_SMOD] = "smod", [OP_SHL] = "shl", [OP_SHR] = "shr", [OP_SAR] = "sar", [OP_AND] = "and",
	[OP_OR] = "or", [OP_XOR] = "xor", [OP_EQ] = "eq", [OP_NE] = "ne", [OP_LT] = "lt",
	[OP_SLT] = "slt", [OP_LE] = "le", [OP_SLE] = "sle", [OP_GT] = "gt", [OP_SGT] = "sgt",
	[OP_GE] = "ge", [OP_SGE] = "sge", [OP_JUMP] = "jump", [OP_JUMP_ZERO] = "jump_zero",
	[OP_ZERO_ELSE_POP] = "zero_else_pop", [OP_TRUE_ELSE_POP] = "true_else_pop",
};
_Static_assert(ARRAY_SIZE(op_names) == OP_COUNT, "a name for each operation");

const char *expr_op_name(enum expr_op op)
{
	return op < OP_COUNT ? op_names[op] : "?";
}

struct expr_prog *expr_ref(struct expr_prog *prog)
{
	/* The caller holds one already: nothing needs to be ordered before this. */
	atomic_fetch_add_explicit(&prog->refs, 1, memory_order_relaxed);
	return prog;
}

void expr_unref(struct expr_prog *prog)
{
	/* The last one out must see every use by the other threads as finished. */
	if (!prog || atomic_fetch_sub_explicit(&prog->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (unsigned i = 0; i < prog->nstrings; i++)
		free(prog->strings[i].data);
	free(prog->strings);
	free(prog->code);
	free(prog->text);
	free(prog);
}

const char *expr_text(const struct expr_prog *prog)
{
	return prog->text;
}

uint64_t expr_type_handle(const struct expr_prog *prog)
{
	return prog->type.self;
}

char *expr_dump(const struct expr_prog *prog)
{
	struct text t = { 0 };

	for (unsigned i = 0; i < prog->ncode; i++) {
		const struct expr_insn *insn = &prog->code[i];

		text_printf(&t, "%3u  %s", i, expr_op_name(insn->op));
		switch (insn->op) {
		case OP_PUSH:
			text_printf(&t, " 0x%" PRIx64, insn->imm);
			break;
		case OP_REG:
			text_printf(&t, " %" PRIu64 " %c%u", insn->imm, insn->is_signed ? 's' : 'u',
				    insn->size * 8);
			break;
		case OP_FIELD:
		case OP_JUMP:
		case OP_JUMP_ZERO:
		case OP_ZERO_ELSE_POP:
		case OP_TRUE_ELSE_POP:
			text_printf(&t, " %" PRIu64, insn->imm);
			break;
		case OP_LOAD:
		case OP_LOAD_PHYS:
		case OP_EXTEND:
			text_printf(&t, " %c%u", insn->is_signed ? 's' : 'u', insn->size * 8);
			break;
		case OP_MATCH:
			text_puts(&t, " \"");
			for (unsigned b = 0; b < prog->strings[insn->imm].len; b++) {
				unsigned char c = prog->strings[insn->imm].data[b];

				if (c >= ' ' && c < 0x7f && c != '"' && c != '\\')
					text_printf(&t, "%c", c);
				else
					text_printf(&t, "\\x%02x", c);
			}
			text_puts(&t, "\"");
			break;
		}
		text_puts(&t, "\n");
	}
	text_printf(&t, "  -> %c%u%s\n", expr_type_signed(prog->type) ? 's' : 'u',
		    expr_type_size(prog->type) * 8,
		    prog->type.is_address || prog->type.depth ? " address" : "");
	return text_take(&t);
}

struct error *expr_fault_error(const struct expr_fault *fault, const struct expr_prog *prog,
			       const char *(*reg_name)(unsigned id))
{
	const char *name;

	switch (fault->kind) {
	case EXPR_FAULT_MEM:
		return error_create(ERROR_FAULT, "cannot read memory at 0x%" PRIx64, fault->addr);
	case EXPR_FAULT_PHYS:
		return error_create(ERROR_FAULT, "cannot read guest-physical memory at 0x%" PRIx64,
				    fault->addr);
	case EXPR_FAULT_REG:
		name = reg_name ? reg_name((unsigned)fault->addr) : NULL;
		if (name)
			return error_create(ERROR_FAULT, "register %s is not available here", name);
		return error_create(ERROR_FAULT, "a register of '%s' is not available here",
				    prog ? prog->text : "the expression");
	case EXPR_FAULT_FIELD:
		return error_create(ERROR_FAULT, "'%s' reads a field this event does not have",
				    prog ? prog->text : "the expression");
	case EXPR_FAULT_DIV:
		return error_create(ERROR_FAULT, "division by zero in '%s'",
				    prog ? prog->text : "the expression");
	case EXPR_OK:
		break;
	}
	return error_create(ERROR_FAILED, "'%s' could not be evaluated", prog ? prog->text : "");
}
