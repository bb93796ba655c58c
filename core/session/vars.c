/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names and values for expressions: registers, symbols, $variables, memory. */
#include "core/session/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/session/linux.h"
#include "core/symbols/vars.h"

struct expr_value *session_var(struct session *s, const char *name, bool create)
{
	struct session_var var;

	for (size_t i = 0; i < s->vars.len; i++)
		if (!strcmp(s->vars.data[i].name, name))
			return &s->vars.data[i].value;
	if (!create)
		return NULL;
	var = (struct session_var){ .name = xstrdup(name), .value = { .size = 8 } };
	vec_push(&s->vars, var);
	return &s->vars.data[s->vars.len - 1].value;
}

/* $, $$, $$3 and $12 of the value history; false for anything else. */
static bool history_value(struct session *s, const char *name, struct expr_value *ret)
{
	uint64_t back = 0, n;
	char *end;

	if (!strcmp(name, "") || !strcmp(name, "$")) {
		back = *name ? 1 : 0;
	} else if (name[0] == '$') {
		back = strtoull(name + 1, &end, 10);
		if (*end)
			return false;
	} else {
		if (name[0] < '0' || name[0] > '9')
			return false;
		n = strtoull(name, &end, 10);
		if (*end || n == 0 || n > s->history.len)
			return false;
		*ret = s->history.data[n - 1];
		return true;
	}
	if (back >= s->history.len)
		return false;
	*ret = s->history.data[s->history.len - 1 - back];
	return true;
}

static bool scope_variable(void *ctx, const char *name, struct expr_value *ret)
{
	struct session *s = ctx;
	const struct expr_value *value;

	if (history_value(s, name, ret))
		return true;
	value = session_var(s, name, false);
	if (!value)
		return false;
	*ret = *value;
	return true;
}

static bool scope_reg(void *ctx, const char *name, unsigned *ret_id, unsigned *ret_size)
{
	struct session *s = ctx;
	struct reg_ref ref;

	if (!s->target)
		return false;
	if (!reg_lookup(s->target->arch, name, &ref)) {
		/* gdb's names that every architecture has. */
		if (!strcmp(name, "pc"))
			ref.reg = s->target->arch->reg_pc;
		else if (!strcmp(name, "sp"))
			ref.reg = s->target->arch->reg_sp;
		else if (!strcmp(name, "fp"))
			ref.reg = s->target->arch->reg_fp;
		else
			return false;
		ref.shift = 0;
		ref.bits = s->target->arch->regs[ref.reg].bits;
	}
	*ret_id = reg_ref_pack(ref, s->target->arch->regs[ref.reg].bits);
	*ret_size = ref.bits <= 8 ? 1 : ref.bits <= 16 ? 2 : ref.bits <= 32 ? 4 : 8;
	return true;
}

static bool scope_symbol(void *ctx, const char *name, uint64_t *ret)
{
	struct session *s = ctx;
	struct symbol sym;

	if (!symbols_by_name(s->symbols, name, &sym))
		return false;
	*ret = sym.addr;
	return true;
}

static struct expr_shape shape_of(const struct variable_type *t)
{
	bool points = t->kind == TYPE_POINTER || t->kind == TYPE_ARRAY;
	struct expr_shape shape = {
		.size = points ? t->element_size : t->size,
		.is_signed = points ? t->element_signed : t->is_signed,
		.depth = points ? t->depth : 0,
		.is_aggregate = t->kind == TYPE_ARRAY || t->kind == TYPE_STRUCT,
		.target = t->target, .span = t->span, .bytes = t->size, .self = t->self,
	};

	/* Floating-point and other odd things are their address, too: x/f shows them. */
	if (!points && !shape.is_aggregate &&
	    (t->kind != TYPE_INTEGER || (t->size != 1 && t->size != 2 && t->size != 4 && t->size != 8)))
		shape.is_aggregate = true;
	return shape;
}

/* How an expression reads @var. */
static struct expr_local local_of(const struct arch *arch, const struct variable *var)
{
	struct expr_local local = { .place = EXPR_LOCAL_GONE, .reg = var->reg, .offset = var->offset,
				    .shape = shape_of(&var->type) };

	if (var->place == VARIABLE_MEMORY)
		local.place = EXPR_LOCAL_MEM;
	else if (local.shape.is_aggregate)
		return local;
	else if (var->place == VARIABLE_VALUE)
		local.place = EXPR_LOCAL_VALUE;
	else if (var->place == VARIABLE_REGISTER)
		local.place = EXPR_LOCAL_REG;
	if (local.place == EXPR_LOCAL_REG && !local.shape.depth)
		local.reg = reg_ref_pack((struct reg_ref){ .reg = var->reg, .bits = var->type.size * 8 },
					 arch->regs[var->reg].bits);
	return local;
}

static bool scope_object(void *ctx, uint64_t addr, struct expr_shape *ret)
{
	struct session *s = ctx;
	struct variable_type type;

	if (!symbols_type_of_object(s->symbols, addr, &type))
		return false;
	*ret = shape_of(&type);
	return true;
}

static bool scope_member(void *ctx, uint64_t target, const char *name, struct expr_member *ret)
{
	struct session *s = ctx;
	struct type_member member;

	if (!symbols_type_member(s->symbols, target, name, &member))
		return false;
	*ret = (struct expr_member){ .offset = member.offset, .bit_shift = member.bit_shift,
				     .bit_size = member.bit_size, .shape = shape_of(&member.type) };
	return true;
}

static bool scope_type(void *ctx, const char *name, struct expr_shape *ret)
{
	struct session *s = ctx;
	struct variable_type type;

	if (!symbols_type_by_name(s->symbols, name, &type))
		return false;
	*ret = shape_of(&type);
	return true;
}

/* What only a computation finds is known for what is evaluated at once. */
static void resolve_now(struct session *s, struct variable *var)
{
	struct target_reader ctx = { s->target, &s->regs_now[0] };
	struct mem_reader mem = target_reader(&ctx);
	const struct regs *regs;
	struct error *error;
	bool stale;

	error = session_regs(s, 0, &regs, &stale);
	if (!error)
		variable_resolve(var, regs, &mem);
	error_destroy(error);
}

static bool scope_local(void *ctx, const char *name, struct expr_local *ret)
{
	struct session *s = ctx;
	struct variable var;

	if (!s->target || !symbols_variable(s->symbols, s->target->arch, s->scope_pc, name, &var))
		return false;
	if (s->scope_is_now)
		resolve_now(s, &var);
	*ret = local_of(s->target->arch, &var);
	return true;
}

/* $current of a Linux guest. */
static bool place(struct session *s, const char *name, bool now, struct expr_local *ret)
{
	struct variable_type type;

	if (strcmp(name, "current") || !session_linux_current(s, now, ret, &type))
		return false;
	ret->shape = shape_of(&type);
	return true;
}

static bool scope_place_now(void *ctx, const char *name, struct expr_local *ret)
{
	return place(ctx, name, true, ret);
}

static bool scope_place_there(void *ctx, const char *name, struct expr_local *ret)
{
	return place(ctx, name, false, ret);
}

struct expr_scope session_scope(struct session *s)
{
	return (struct expr_scope){
		.ctx = s, .reg = scope_reg, .symbol = scope_symbol, .variable = scope_variable,
		.object = scope_object, .member = scope_member, .type = scope_type,
		.place = scope_place_there,
	};
}

struct expr_scope session_scope_at(struct session *s, uint64_t pc)
{
	struct expr_scope scope = session_scope(s);

	s->scope_pc = pc;
	s->scope_is_now = false;
	scope.local = scope_local;
	return scope;
}

struct expr_scope session_scope_here(struct session *s)
{
	_error_ struct error *error = NULL;
	struct expr_scope scope;
	uint64_t pc;

	error = s->target && session_is_halted(s) ? session_frame_pc(s, &pc) :
		error_create(ERROR_STATE, "no frame");
	scope = error ? session_scope(s) : session_scope_at(s, pc);
	s->scope_is_now = !error;
	scope.place = scope_place_now;
	return scope;
}

static bool env_reg(void *ctx, unsigned id, uint64_t *ret)
{
	struct session *s = ctx;
	struct reg_ref ref = reg_ref_unpack(id);
	const struct regs *regs;
	struct error *error;
	bool stale;

	if (!s->target || ref.reg >= s->target->arch->nregs)
		return false;
	error = session_regs(s, s->target->arch->regs[ref.reg].group, &regs, &stale);
	if (error) {
		error_destroy(error);
		return false;
	}
	return regs_get_packed(regs, id, ret);
}

static bool env_mem(void *ctx, uint64_t gva, void *buf, size_t len)
{
	struct error *error;
	size_t done;

	error = session_mem_read(ctx, gva, buf, len, &done);
	error_destroy(error);
	return !error;
}

static bool env_phys(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct session *s = ctx;
	struct error *error;

	if (!s->target)
		return false;
	error = target_phys_read(s->target, gpa, buf, len);
	error_destroy(error);
	return !error;
}

struct expr_env session_env(struct session *s)
{
	return (struct expr_env){
		.ctx = s, .reg = env_reg, .mem = env_mem, .phys = env_phys,
		.big_endian = s->target && s->target->arch->big_endian,
	};
}

struct error *session_fault_error(struct session *s, const struct expr_fault *fault,
				  const struct expr_prog *prog)
{
	if (fault->kind == EXPR_FAULT_REG && s->target) {
		unsigned reg = reg_ref_unpack(fault->addr).reg;

		if (reg < s->target->arch->nregs)
			return error_create(ERROR_FAULT, "register %s is not available here",
					    s->target->arch->regs[reg].name);
	}
	if (!s->target && fault->kind != EXPR_FAULT_DIV)
		return error_create(ERROR_STATE, "there is no guest");
	return expr_fault_error(fault, prog, NULL);
}

struct error *session_eval_prog(struct session *s, struct expr_prog *prog, struct expr_value *ret)
{
	struct expr_env env = session_env(s);
	struct expr_fault fault = { 0 };

	if (!expr_eval(prog, &env, ret, &fault))
		return session_fault_error(s, &fault, prog);
	return NULL;
}

struct error *session_eval(struct session *s, const char *text, struct expr_value *ret)
{
	struct expr_scope scope = session_scope_here(s);
	struct expr_prog *prog = NULL;
	struct error *error;

	error = expr_compile(text, &scope, &prog);
	if (!error)
		error = session_eval_prog(s, prog, ret);
	expr_unref(prog);
	return error;
}

/* ---- memory -------------------------------------------------------------------------------------- */

struct error *session_mem_read(struct session *s, uint64_t gva, void *buf, size_t len, size_t *ret_done)
{
	struct linux_kernel *k;
	const struct regs *regs;
	struct error *error;
	bool stale;

	*ret_done = 0;
	error = session_regs(s, 0, &regs, &stale);
	if (error)
		return error;
	error = target_virt_read(s->target, regs, gva, buf, len, ret_done);
	/* While user code runs, a kernel with page table isolation has hardly anything of its own mapped. */
	if (error && gva >> 63 && (k = session_linux_known(s))) {
		struct error *again = target_virt_read(s->target, &k->guest.regs, gva, buf, len, ret_done);

		error_destroy(again ? again : error);
		return again ? error : NULL;
	}
	return error;
}

struct error *session_mem_write(struct session *s, uint64_t gva, const void *buf, size_t len)
{
	const struct regs *regs;
	struct error *error;
	size_t done = 0;
	bool stale;

	error = session_regs(s, 0, &regs, &stale);
	if (!error)
		error = target_virt_write(s->target, regs, gva, buf, len, &done);
	if (done || !error)
		session_changed(s);
	return error;
}

const char *session_symbolize(struct session *s, uint64_t addr, char *buf, size_t size)
{
	char name[256];

	buf[0] = 0;
	if (symbols_format(s->symbols, addr, name, sizeof(name)))
		snprintf(buf, size, "<%s>", name);
	return buf;
}

void session_out_symbol(struct session *s, struct out *out, enum role role, uint64_t addr)
{
	char name[256];

	if (!symbols_format(s->symbols, addr, name, sizeof(name)))
		return;
	out_text(out, role, " <");
	out_str(out, role, "symbol", 0, name);
	out_text(out, role, ">");
}
