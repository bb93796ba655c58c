/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/probe/bind.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/event/store.h"

/* ---- variables ------------------------------------------------------------------------------- */

bool probe_var_find(const struct probe_vars *vars, const char *name, unsigned *ret)
{
	for (size_t i = 0; i < vars->names.len; i++) {
		if (strcmp(vars->names.data[i], name) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

unsigned probe_var(struct probe_vars *vars, const char *name)
{
	unsigned i;

	if (probe_var_find(vars, name, &i))
		return i;
	vec_push(&vars->names, xstrdup(name));
	vec_push(&vars->values, 0);
	return vars->names.len - 1;
}

void probe_vars_deinit(struct probe_vars *vars)
{
	for (size_t i = 0; i < vars->names.len; i++)
		free(vars->names.data[i]);
	vec_free(&vars->names);
	vec_free(&vars->values);
}

/* ---- names, when compiled ---------------------------------------------------------------------- */

struct names {
	const struct schema *schema;
	const struct expr_scope *base;
	const struct probe_vars *vars;
};

static bool is_text_field(const struct field *f)
{
	return f->type == FIELD_STRING || (f->type == FIELD_BYTES && f->unit != UNIT_HEX);
}

static bool name_field(void *ctx, const char *name, unsigned *ret_index, bool *ret_signed)
{
	struct names *n = ctx;
	unsigned var;

	if (name[0] == '$') {
		if (!probe_var_find(n->vars, name + 1, &var))
			return false;
		*ret_index = PROBE_VAR_BASE + var;
		*ret_signed = false;
		return true;
	}
	if (n->schema && event_scope_field(n->schema, name, ret_index, ret_signed))
		return true;
	return n->base && n->base->field && n->base->field(n->base->ctx, name, ret_index, ret_signed);
}

static bool name_text(void *ctx, const char *name, unsigned *ret_index)
{
	struct names *n = ctx;
	const struct field *field = n->schema ? schema_field(n->schema, name, ret_index) : NULL;

	if (!field || !is_text_field(field))
		return false;
	*ret_index += PROBE_TEXT_BASE;
	return true;
}

/* Names of the values of the event's fields, then the guest's symbols. */
static bool name_symbol(void *ctx, const char *name, uint64_t *ret)
{
	struct names *n = ctx;

	for (unsigned i = 0; n->schema && i < n->schema->nfields; i++) {
		for (const struct field_enum *e = n->schema->fields[i].names; e && e->name; e++) {
			if (strcasecmp(e->name, name) == 0) {
				*ret = e->value;
				return true;
			}
		}
	}
	return n->base && n->base->symbol && n->base->symbol(n->base->ctx, name, ret);
}

#define BASE(slot) (n->base && n->base->slot)
static bool name_reg(void *ctx, const char *name, unsigned *ret_id, unsigned *ret_size)
{
	struct names *n = ctx;
	return BASE(reg) && n->base->reg(n->base->ctx, name, ret_id, ret_size);
}

static bool name_variable(void *ctx, const char *name, struct expr_value *ret)
{
	struct names *n = ctx;
	return BASE(variable) && n->base->variable(n->base->ctx, name, ret);
}

static bool name_local(void *ctx, const char *name, struct expr_local *ret)
{
	struct names *n = ctx;
	return BASE(local) && n->base->local(n->base->ctx, name, ret);
}

static bool name_object(void *ctx, uint64_t addr, struct expr_shape *ret)
{
	struct names *n = ctx;
	return BASE(object) && n->base->object(n->base->ctx, addr, ret);
}

static bool name_member(void *ctx, uint64_t target, const char *name, struct expr_member *ret)
{
	struct names *n = ctx;
	return BASE(member) && n->base->member(n->base->ctx, target, name, ret);
}

static bool name_type(void *ctx, const char *name, struct expr_shape *ret)
{
	struct names *n = ctx;
	return BASE(type) && n->base->type(n->base->ctx, name, ret);
}
#undef BASE

/* ---- binding ----------------------------------------------------------------------------------- */

struct binder {
	const struct program *program;
	struct names names;
	const struct program_clause *clause;
	const struct program_spec *step;
	bool without_pred;
	struct probe_binding *binding;
	struct error *error;
};

/* Is @e evaluated at the event of the binder's step? */
static bool is_wanted(const struct binder *b, const struct program_expr *e)
{
	const struct program_clause *c = b->clause;

	if (b->without_pred && e == &c->pred)
		return false;
	if (!b->step)
		return true;
	for (size_t i = 0; i < c->specs.len; i++)
		if (e == &c->specs.data[i].cond)
			return &c->specs.data[i] == b->step;
	return e == &c->key || b->step == &c->specs.data[c->specs.len - 1];
}

static void bind_expr(void *ctx, struct program_expr *e)
{
	static const struct expr_scope slots = {
		.field = name_field, .text = name_text, .reg = name_reg, .symbol = name_symbol,
		.variable = name_variable, .local = name_local, .object = name_object,
		.member = name_member, .type = name_type,
	};
	struct binder *b = ctx;
	struct probe_code *code = &b->binding->codes[e->id];
	struct expr_scope scope = slots;
	unsigned index;

	if (b->error || e->wrap == WRAP_TEXT || e->wrap == WRAP_MAP || !is_wanted(b, e))
		return;
	scope.ctx = &b->names;
	struct error *error = expr_compile(e->text, &scope, &code->prog);
	if (error) {
		b->error = program_expr_error(b->program, e->at, error);
		if (b->names.schema && error_code(b->error) == ERROR_NOT_FOUND) {
			struct text fields = { 0 };
			for (unsigned i = 0; i < b->names.schema->nfields; i++)
				text_printf(&fields, " %s", b->names.schema->fields[i].name);
			b->error = error_hint(b->error, "fields of %s:%s, and vcpu cpu tid vm time_ns",
					      b->names.schema->name, text_str(&fields));
			text_deinit(&fields);
		}
		return;
	}
	if (b->names.schema) {
		code->field = schema_field(b->names.schema, e->text, &index);
		code->is_text = code->field && is_text_field(code->field);
	}
}

static void make_variable(void *ctx, const struct program_stmt *st)
{
	if (st->kind == STMT_VAR)
		probe_var(ctx, st->name);
}

struct error *probe_bind(const struct program *program, struct program_clause *clause,
			 const struct schema *schema, const struct expr_scope *base, struct probe_vars *vars,
			 const struct program_spec *step, bool without_pred, struct probe_binding **ret)
{
	struct probe_binding *binding = xcalloc(1, sizeof(*binding));
	struct binder b = {
		.program = program, .names = { schema, base, vars }, .clause = clause, .step = step,
		.without_pred = without_pred,
		.binding = binding,
	};

	for (size_t i = 0; i < program->clauses.len; i++)
		program_each_stmt(program->clauses.data[i], make_variable, vars);
	binding->schema = schema;
	binding->ncodes = clause->nexprs;
	binding->codes = xcalloc(clause->nexprs + 1, sizeof(*binding->codes));
	program_each_expr(clause, bind_expr, &b);
	if (b.error) {
		probe_binding_destroy(binding);
		return b.error;
	}
	*ret = binding;
	return NULL;
}

void probe_binding_destroy(struct probe_binding *binding)
{
	if (!binding)
		return;
	for (unsigned i = 0; i < binding->ncodes; i++)
		expr_unref(binding->codes[i].prog);
	free(binding->codes);
	free(binding);
}
