/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/symbols/location.h"

#include <dwarf.h>

#include "core/base/bits.h"

#define STACK_MAX 64
/* Expressions may branch backwards; real ones take a handful of steps. */
#define STEPS_MAX 1000

struct machine {
	const struct location_env *env;
	uint64_t stack[STACK_MAX];
	unsigned sp;
};

/* Values are as wide as an address of the target. */
static uint64_t wrap(const struct machine *m, uint64_t v)
{
	return m->env->word == 4 ? (uint32_t)v : v;
}

static int64_t as_signed(const struct machine *m, uint64_t v)
{
	return m->env->word == 4 ? (int32_t)v : (int64_t)v;
}

static bool push(struct machine *m, uint64_t v)
{
	if (m->sp == STACK_MAX)
		return false;
	m->stack[m->sp++] = wrap(m, v);
	return true;
}

static bool read_memory(const struct location_env *env, uint64_t addr, unsigned size, uint64_t *ret)
{
	uint8_t buf[8];

	if (size == 0 || size > sizeof(buf) || !env->mem->virt(env->mem->ctx, addr, buf, size))
		return false;
	*ret = bytes_read(buf, size, env->big_endian);
	return true;
}

static bool push_register(struct machine *m, unsigned reg, int64_t offset)
{
	uint64_t v;

	return m->env->reg(m->env->ctx, reg, &v) && push(m, v + offset);
}

/* Operations that only move the stack; false when they do not belong here or it is too small. */
static bool stack_op(struct machine *m, const Dwarf_Op *op)
{
	uint64_t *top = &m->stack[m->sp - 1], v;

	if (m->sp == 0)
		return false;
	switch (op->atom) {
	case DW_OP_dup: return push(m, *top);
	case DW_OP_drop: m->sp--; return true;
	case DW_OP_over: return m->sp >= 2 && push(m, top[-1]);
	case DW_OP_pick: return op->number < m->sp && push(m, m->stack[m->sp - 1 - op->number]);
	case DW_OP_swap:
		if (m->sp < 2)
			return false;
		v = top[0];
		top[0] = top[-1];
		top[-1] = v;
		return true;
	case DW_OP_rot:
		if (m->sp < 3)
			return false;
		v = top[0];
		top[0] = top[-1];
		top[-1] = top[-2];
		top[-2] = v;
		return true;
	case DW_OP_deref: return read_memory(m->env, *top, m->env->word, top);
	case DW_OP_deref_size:
		return op->number <= m->env->word && read_memory(m->env, *top, op->number, top);
	case DW_OP_neg: *top = wrap(m, 0 - *top); return true;
	case DW_OP_not: *top = wrap(m, ~*top); return true;
	case DW_OP_abs: *top = wrap(m, as_signed(m, *top) < 0 ? 0 - *top : *top); return true;
	case DW_OP_plus_uconst: *top = wrap(m, *top + op->number); return true;
	default: return false;
	}
}

static bool binary_op(struct machine *m, unsigned atom)
{
	uint64_t a, b, v, bits = m->env->word * 8;
	int64_t sa, sb;

	if (m->sp < 2)
		return false;
	a = m->stack[m->sp - 2];
	b = m->stack[m->sp - 1];
	sa = as_signed(m, a);
	sb = as_signed(m, b);
	switch (atom) {
	case DW_OP_and: v = a & b; break;
	case DW_OP_or: v = a | b; break;
	case DW_OP_xor: v = a ^ b; break;
	case DW_OP_plus: v = a + b; break;
	case DW_OP_minus: v = a - b; break;
	case DW_OP_mul: v = a * b; break;
	case DW_OP_div:
		if (b == 0)
			return false;
		v = sb == -1 ? 0 - a : (uint64_t)(sa / sb);
		break;
	case DW_OP_mod:
		if (b == 0)
			return false;
		v = a % b;
		break;
	case DW_OP_shl: v = b < bits ? a << b : 0; break;
	case DW_OP_shr: v = b < bits ? a >> b : 0; break;
	case DW_OP_shra: v = sa >> (b < bits ? b : bits - 1); break;
	case DW_OP_eq: v = sa == sb; break;
	case DW_OP_ne: v = sa != sb; break;
	case DW_OP_lt: v = sa < sb; break;
	case DW_OP_le: v = sa <= sb; break;
	case DW_OP_gt: v = sa > sb; break;
	case DW_OP_ge: v = sa >= sb; break;
	default: return false;
	}
	m->sp--;
	m->stack[m->sp - 1] = wrap(m, v);
	return true;
}

/* Operations that push something new; *ret_known false: not one of them. */
static bool push_op(struct machine *m, const Dwarf_Op *op, bool *ret_known)
{
	const struct location_env *env = m->env;

	*ret_known = true;
	if (op->atom >= DW_OP_lit0 && op->atom <= DW_OP_lit31)
		return push(m, op->atom - DW_OP_lit0);
	if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31)
		return push_register(m, op->atom - DW_OP_breg0, op->number);
	switch (op->atom) {
	case DW_OP_addr: return push(m, op->number + env->offset);
	case DW_OP_const1u:
	case DW_OP_const1s:
	case DW_OP_const2u:
	case DW_OP_const2s:
	case DW_OP_const4u:
	case DW_OP_const4s:
	case DW_OP_const8u:
	case DW_OP_const8s:
	case DW_OP_constu:
	case DW_OP_consts:
		return push(m, op->number);
	case DW_OP_bregx: return push_register(m, op->number, op->number2);
	case DW_OP_fbreg: return env->has_frame_base && push(m, env->frame_base + op->number);
	case DW_OP_call_frame_cfa: return env->has_cfa && push(m, env->cfa);
	default:
		*ret_known = false;
		return false;
	}
}

/* The index of the operation a branch goes to: a distance in bytes from the end of the branch. */
static bool branch_target(const Dwarf_Op *ops, size_t nops, size_t at, size_t *ret)
{
	uint64_t want = ops[at].offset + 3 + (int16_t)ops[at].number;

	for (size_t i = 0; i < nops; i++)
		if (ops[i].offset == want) {
			*ret = i;
			return true;
		}
	return false;
}

static bool finish(const struct machine *m, enum location_kind kind, struct location *ret)
{
	if (m->sp == 0)
		return false;
	*ret = (struct location){ kind, m->stack[m->sp - 1] };
	return true;
}

bool location_eval(const struct location_env *env, const Dwarf_Op *ops, size_t nops, struct location *ret)
{
	struct machine m = { .env = env };
	bool known;

	/* A register stands alone: it is the whole description. */
	if (nops == 1 && ops->atom >= DW_OP_reg0 && ops->atom <= DW_OP_reg31) {
		*ret = (struct location){ LOCATION_REGISTER, ops->atom - DW_OP_reg0 };
		return true;
	}
	if (nops == 1 && ops->atom == DW_OP_regx) {
		*ret = (struct location){ LOCATION_REGISTER, ops->number };
		return true;
	}
	for (size_t i = 0, steps = 0; i < nops; i++) {
		const Dwarf_Op *op = &ops[i];

		if (steps++ == STEPS_MAX)
			return false;
		if (op->atom == DW_OP_nop)
			continue;
		if (op->atom == DW_OP_stack_value)
			return i + 1 == nops && finish(&m, LOCATION_VALUE, ret);
		if (op->atom == DW_OP_skip || op->atom == DW_OP_bra) {
			if (op->atom == DW_OP_bra && (m.sp == 0 || m.stack[--m.sp] == 0))
				continue;
			if (!branch_target(ops, nops, i, &i))
				return false;
			i--;
			continue;
		}
		if (push_op(&m, op, &known))
			continue;
		if (known || (!binary_op(&m, op->atom) && !stack_op(&m, op)))
			return false;
	}
	return finish(&m, LOCATION_MEMORY, ret);
}

bool location_read_word(const struct location_env *env, const struct location *at, uint64_t *ret)
{
	switch (at->kind) {
	case LOCATION_MEMORY: return read_memory(env, at->value, env->word, ret);
	case LOCATION_REGISTER: return env->reg(env->ctx, at->value, ret);
	default: *ret = at->value; return true;
	}
}
