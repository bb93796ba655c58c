/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/cmd/assign.h"

#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"

bool assign_is(const char *text)
{
	unsigned depth = 0;
	char quote = 0;

	for (const char *p = text; *p; p++) {
		char before = p > text ? p[-1] : 0;

		if (quote) {
			if (*p == '\\' && p[1])
				p++;
			else if (*p == quote)
				quote = 0;
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (*p == '(' || *p == '[') {
			depth++;
		} else if (*p == ')' || *p == ']') {
			depth -= depth > 0;
		} else if (*p == '=' && !depth) {
			if (p[1] == '=') {
				p++;
				continue;
			}
			if (!strchr("!<>", before) || !before)
				return true;
		}
	}
	return false;
}

static struct error *needs_stopped(struct session *s)
{
	if (!s->target)
		return error_create(ERROR_STATE, "there is no guest");
	if (target_state(s->target) == TARGET_ENDED)
		return error_hint(error_create(ERROR_STATE, "the guest has ended: it can only be read"),
				  "`run` starts it again");
	if (s->running || target_state(s->target) != TARGET_STOPPED)
		return error_hint(error_create(ERROR_STATE, "writing needs a stopped guest"),
				  "`interrupt` stops it");
	return NULL;
}

/* Replaces the bits the name stands for and leaves the rest of the register. */
static struct error *write_reg(struct session *s, unsigned id, uint64_t value)
{
	struct reg_ref ref = reg_ref_unpack(id);
	const struct arch *arch = s->target->arch;
	const struct reg_desc *desc = &arch->regs[ref.reg];
	uint8_t data[64] = { 0 };
	const struct regs *regs;
	struct error *error;
	uint64_t whole;
	bool stale;

	if (ref.bits && (desc->bits > 64 || ref.bits < 64)) {
		error = session_regs(s, desc->group, &regs, &stale);
		if (error)
			return error;
		memcpy(data, regs_bytes(regs, ref.reg), (desc->bits + 7) / 8);
		if (ref.bits > 64 || ref.shift / 8u + 8 > sizeof(data)) {
			memset(data, 0, ref.bits / 8);
			le64_write(data, value);
		} else {
			whole = le64_read(data + ref.shift / 64 * 8);
			whole &= ~(MASK(ref.bits - 1, 0) << ref.shift % 64);
			whole |= (value & MASK(ref.bits - 1, 0)) << ref.shift % 64;
			le64_write(data + ref.shift / 64 * 8, whole);
		}
	} else {
		if (desc->bits < 64 && value >> desc->bits && (int64_t)value >> (desc->bits - 1) != -1)
			return error_create(ERROR_USAGE, "0x%llx does not fit into %s (%u bits)",
					    (unsigned long long)value, desc->name, desc->bits);
		le64_write(data, value);
	}
	error = target_reg_write(s->target, s->vcpu, ref.reg, data, (desc->bits + 7) / 8);
	if (!error)
		session_changed(s);
	return error;
}

static struct error *write_mem(struct session *s, const struct expr_lvalue *lv, uint64_t value)
{
	struct expr_value addr;
	struct error *error;
	uint8_t data[8];

	error = session_eval_prog(s, lv->addr, &addr);
	if (error)
		return error;
	bytes_write(data, lv->size, s->target->arch->big_endian, value);
	if (lv->kind == EXPR_LV_MEM)
		return session_mem_write(s, addr.bits, data, lv->size);
	error = target_phys_write(s->target, addr.bits, data, lv->size);
	if (!error)
		session_changed(s);
	return error;
}

static struct error *store(struct session *s, const struct expr_lvalue *lv, struct expr_value value)
{
	struct error *error;

	if (lv->kind == EXPR_LV_VAR) {
		*session_var(s, lv->name, true) = value;
		return NULL;
	}
	error = needs_stopped(s);
	if (error)
		return error;
	return lv->kind == EXPR_LV_REG ? write_reg(s, lv->reg, value.bits) : write_mem(s, lv, value.bits);
}

struct error *assign_run(struct session *s, const char *text, struct expr_value *ret)
{
	struct expr_scope scope = session_scope_here(s);
	struct expr_lvalue lv = { 0 };
	struct expr_prog *prog = NULL;
	struct error *error;

	error = expr_compile_assign(text, &scope, &lv, &prog);
	if (error)
		return error;
	error = session_eval_prog(s, prog, ret);
	if (!error)
		error = store(s, &lv, *ret);
	expr_unref(prog);
	expr_lvalue_deinit(&lv);
	return error;
}
