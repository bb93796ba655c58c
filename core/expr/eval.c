/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a program: on any thread, without allocation, each instruction at most once. */
#include "core/expr/expr.h"

#include <string.h>

#include "core/base/bits.h"
#include "core/expr/prog.h"

uint64_t expr_extend(uint64_t v, unsigned size, bool is_signed)
{
	if (size >= 8)
		return v;
	return is_signed ? (uint64_t)sign_extend(v, size * 8) : v & MASK(size * 8 - 1, 0);
}

/* INT64_MIN / -1 traps on x86: as everywhere else here, the result wraps. */
static bool divide(uint64_t a, uint64_t b, bool is_signed, bool want_rest, uint64_t *ret)
{
	if (b == 0)
		return false;
	if (!is_signed)
		*ret = want_rest ? a % b : a / b;
	else if (b == ~0ULL)
		*ret = want_rest ? 0 : 0 - a;
	else
		*ret = want_rest ? (uint64_t)((int64_t)a % (int64_t)b)
				 : (uint64_t)((int64_t)a / (int64_t)b);
	return true;
}

bool expr_op_apply(enum expr_op op, uint64_t a, uint64_t b, uint64_t *ret)
{
	int64_t sa = a, sb = b;

	switch (op) {
	case OP_ADD: *ret = a + b; break;
	case OP_SUB: *ret = a - b; break;
	case OP_MUL: *ret = a * b; break;
	case OP_DIV: return divide(a, b, false, false, ret);
	case OP_SDIV: return divide(a, b, true, false, ret);
	case OP_MOD: return divide(a, b, false, true, ret);
	case OP_SMOD: return divide(a, b, true, true, ret);
	/* Shifts by the width and more push every bit out. */
	case OP_SHL: *ret = b < 64 ? a << b : 0; break;
	case OP_SHR: *ret = b < 64 ? a >> b : 0; break;
	case OP_SAR: *ret = sa >> (b < 64 ? b : 63); break;
	case OP_AND: *ret = a & b; break;
	case OP_OR: *ret = a | b; break;
	case OP_XOR: *ret = a ^ b; break;
	case OP_EQ: *ret = a == b; break;
	case OP_NE: *ret = a != b; break;
	case OP_LT: *ret = a < b; break;
	case OP_SLT: *ret = sa < sb; break;
	case OP_LE: *ret = a <= b; break;
	case OP_SLE: *ret = sa <= sb; break;
	case OP_GT: *ret = a > b; break;
	case OP_SGT: *ret = sa > sb; break;
	case OP_GE: *ret = a >= b; break;
	case OP_SGE: *ret = sa >= sb; break;
	default: return false;
	}
	return true;
}

static bool fault(struct expr_fault *ret, enum expr_fault_kind kind, uint64_t addr)
{
	*ret = (struct expr_fault){ kind, addr };
	return false;
}

static bool load(const struct expr_insn *insn, const struct expr_env *env, uint64_t *top,
		 struct expr_fault *ret)
{
	bool phys = insn->op == OP_LOAD_PHYS;
	bool (*read)(void *, uint64_t, void *, size_t) = phys ? env->phys : env->mem;
	uint8_t buf[8] = { 0 };
	uint64_t v = 0;

	if (!read || !read(env->ctx, *top, buf, insn->size))
		return fault(ret, phys ? EXPR_FAULT_PHYS : EXPR_FAULT_MEM, *top);
	for (unsigned i = 0; i < insn->size; i++)
		v |= (uint64_t)buf[env->big_endian ? insn->size - 1 - i : i] << (8 * i);
	*top = expr_extend(v, insn->size, insn->is_signed);
	return true;
}

static bool match(const struct expr_string *s, const struct expr_env *env, uint64_t *top,
		  struct expr_fault *ret)
{
	unsigned char buf[EXPR_STRING_MAX];

	if (!env->mem || !env->mem(env->ctx, *top, buf, s->len))
		return fault(ret, EXPR_FAULT_MEM, *top);
	*top = memcmp(buf, s->data, s->len) == 0;
	return true;
}

/* What pushes one value without taking any. */
static bool push(const struct expr_insn *insn, const struct expr_env *env, uint64_t *top,
		 struct expr_fault *ret)
{
	uint64_t v = 0;

	switch (insn->op) {
	case OP_PUSH:
		*top = insn->imm;
		return true;
	case OP_REG:
		if (!env->reg || !env->reg(env->ctx, (unsigned)insn->imm, &v))
			return fault(ret, EXPR_FAULT_REG, insn->imm);
		*top = expr_extend(v, insn->size, insn->is_signed);
		return true;
	default:
		if (!env->field || !env->field(env->ctx, (unsigned)insn->imm, &v))
			return fault(ret, EXPR_FAULT_FIELD, insn->imm);
		*top = v;
		return true;
	}
}

bool expr_eval(const struct expr_prog *prog, const struct expr_env *env, struct expr_value *ret,
	       struct expr_fault *fault_ret)
{
	uint64_t stack[EXPR_STACK_MAX];
	unsigned sp = 0; /* values on the stack; the compiler proved every depth */

	for (unsigned pc = 0; pc < prog->ncode; pc++) {
		const struct expr_insn *insn = &prog->code[pc];
		uint64_t *top = &stack[sp ? sp - 1 : 0];

		switch (insn->op) {
		case OP_PUSH:
		case OP_REG:
		case OP_FIELD:
			if (!push(insn, env, &stack[sp], fault_ret))
				return false;
			sp++;
			break;
		case OP_LOAD:
		case OP_LOAD_PHYS:
			if (!load(insn, env, top, fault_ret))
				return false;
			break;
		case OP_MATCH:
			if (!match(&prog->strings[insn->imm], env, top, fault_ret))
				return false;
			break;
		case OP_EXTEND: *top = expr_extend(*top, insn->size, insn->is_signed); break;
		case OP_NEG: *top = 0 - *top; break;
		case OP_NOT: *top = ~*top; break;
		case OP_IS_ZERO: *top = *top == 0; break;
		case OP_IS_TRUE: *top = *top != 0; break;
		case OP_JUMP:
			pc = insn->imm - 1;
			break;
		case OP_JUMP_ZERO:
			sp--;
			if (*top == 0)
				pc = insn->imm - 1;
			break;
		case OP_ZERO_ELSE_POP:
		case OP_TRUE_ELSE_POP:
			if ((*top != 0) == (insn->op == OP_TRUE_ELSE_POP))
				pc = insn->imm - 1;
			else
				sp--;
			break;
		default:
			if (!expr_op_apply(insn->op, top[-1], top[0], &top[-1]))
				return fault(fault_ret, EXPR_FAULT_DIV, 0);
			sp--;
			break;
		}
	}
	*ret = (struct expr_value){ .bits = stack[0],
				    .size = expr_type_size(prog->type),
				    .is_signed = expr_type_signed(prog->type),
				    .is_address = prog->type.is_address || prog->type.depth,
				    .is_aggregate = prog->type.is_aggregate,
				    .type = prog->type.self };
	*fault_ret = (struct expr_fault){ EXPR_OK, 0 };
	return true;
}
