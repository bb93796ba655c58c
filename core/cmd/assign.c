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

#define UNDO_MAX 1000

static void remember(struct session *s, const struct session_undo *u)
{
	if (s->undo.len == UNDO_MAX)
		vec_remove(&s->undo, 0);
	vec_push(&s->undo, *u);
}

static struct error *save_reg(struct session *s, unsigned reg, struct session_undo *ret)
{
	const struct reg_desc *desc = &s->target->arch->regs[reg];
	const struct regs *regs;
	struct error *error;
	bool stale;

	error = session_regs(s, desc->group, &regs, &stale);
	if (error)
		return error;
	*ret = (struct session_undo){ .kind = UNDO_REG, .vcpu = s->vcpu, .reg = reg, .len = (desc->bits + 7) / 8 };
	memcpy(ret->old, regs_bytes(regs, reg), ret->len);
	return NULL;
}

/* Replaces the bits the name stands for and leaves the rest of the register. */
static struct error *write_reg(struct session *s, unsigned id, uint64_t value)
{
	struct reg_ref ref = reg_ref_unpack(id);
	const struct arch *arch = s->target->arch;
	const struct reg_desc *desc = &arch->regs[ref.reg];
	uint8_t data[64] = { 0 };
	struct session_undo undo;
	struct error *error;
	uint64_t whole;

	error = save_reg(s, ref.reg, &undo);
	if (error)
		return error;
	if (ref.bits && (desc->bits > 64 || ref.bits < 64)) {
		memcpy(data, undo.old, undo.len);
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
	error = target_reg_write(s->target, s->vcpu, ref.reg, data, undo.len);
	if (error)
		return error;
	remember(s, &undo);
	session_changed(s);
	return NULL;
}

static struct error *write_mem(struct session *s, const struct expr_lvalue *lv, uint64_t value)
{
	struct session_undo undo = { .kind = lv->kind == EXPR_LV_MEM ? UNDO_MEM : UNDO_PHYS, .vcpu = s->vcpu };
	struct expr_value addr;
	struct error *error;
	uint8_t data[8];
	size_t done;

	error = session_eval_prog(s, lv->addr, &addr);
	if (error)
		return error;
	undo.addr = addr.bits;
	undo.len = lv->size;
	bytes_write(data, lv->size, s->target->arch->big_endian, value);
	if (lv->kind == EXPR_LV_MEM) {
		/* What can not be read says why when it is written. */
		error_destroy(session_mem_read(s, undo.addr, undo.old, undo.len, &done));
		error = session_mem_write(s, undo.addr, data, undo.len);
	} else {
		error_destroy(target_phys_read(s->target, undo.addr, undo.old, undo.len));
		error = target_phys_write(s->target, undo.addr, data, undo.len);
	}
	if (error)
		return error;
	remember(s, &undo);
	session_changed(s);
	return NULL;
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

struct error *assign_undo(struct session *s, struct session_undo *ret)
{
	struct session_undo u;
	struct error *error;

	if (!s->undo.len)
		return error_hint(error_create(ERROR_STATE, "undo: nothing was written since the guest stopped"),
				  "`set` and `print X = Y` can be undone until the guest runs");
	error = needs_stopped(s);
	if (error)
		return error;
	u = s->undo.data[s->undo.len - 1];
	if (u.kind == UNDO_REG) {
		error = target_reg_write(s->target, u.vcpu, u.reg, u.old, u.len);
	} else if (u.kind == UNDO_PHYS) {
		error = target_phys_write(s->target, u.addr, u.old, u.len);
	} else {
		/* The address means what it meant to the vCPU that was selected. */
		error = u.vcpu == s->vcpu ? NULL : session_select_vcpu(s, u.vcpu);
		if (!error)
			error = session_mem_write(s, u.addr, u.old, u.len);
	}
	if (error)
		return error;
	s->undo.len--;
	session_changed(s);
	*ret = u;
	return NULL;
}
