/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A clause compiled for one kind of event: names in its expressions become fields of that schema, names of
 * its enums, header fields (vcpu, cpu, tid, vm, time_ns), $variables, and what the base scope knows
 * (guest registers and symbols at a guest stop).
 */
#pragma once

#include "core/event/event.h"
#include "core/event/schema.h"
#include "core/expr/expr.h"
#include "core/probe/program.h"

/* Field numbers of expressions, beside those of core/event's scope (below 0x20000). */
#define PROBE_VAR_BASE 0x20000u		/* $variables */
#define PROBE_TEXT_BASE 0x40000u	/* text fields: their address */
/* Where text fields are "in memory": no architecture has a canonical address there. */
#define PROBE_TEXT_ADDR 0x7e57000000000000ULL

/* $variables of a program: numbers, 0 until set, shared by its clauses. */
struct probe_vars {
	VEC(char *) names;
	VEC(uint64_t) values;
};
unsigned probe_var(struct probe_vars *vars, const char *name); /* its index, made when new */
bool probe_var_find(const struct probe_vars *vars, const char *name, unsigned *ret);
void probe_vars_deinit(struct probe_vars *vars);

struct probe_code {
	struct expr_prog *prog;		/* NULL: a literal or a map */
	const struct field *field;	/* the expression is this field and nothing more; NULL: it is not */
	bool is_text;			/* ... and holds text */
};

struct probe_binding {
	const struct schema *schema;	/* NULL: BEGIN, END, every */
	struct probe_code *codes;	/* by program_expr.id */
	unsigned ncodes;
};

/* @schema may be NULL, @base's slots too. @step of a sequence or invariant: its own condition and the key; the
 * actions with the last step. NULL: everything, but for the condition with @without_pred (it was applied where
 * the event comes from). The error points into the program. */
struct error *probe_bind(const struct program *program, struct program_clause *clause,
			 const struct schema *schema, const struct expr_scope *base, struct probe_vars *vars,
			 const struct program_spec *step, bool without_pred, struct probe_binding **ret);
void probe_binding_destroy(struct probe_binding *binding); /* NULL is fine */

/* What an expression is evaluated against. */
struct probe_context {
	const struct schema *schema;
	const struct event *event;	/* NULL: none */
	struct probe_vars *vars;
	const struct expr_env *guest;	/* registers and memory; NULL: none */
	/* "name+0x10" of a guest address into @buf; NULL: none. */
	bool (*symbol)(void *ctx, uint64_t addr, char *buf, size_t size);
	void *symbol_ctx;
};

#define PROBE_TEXT_MAX 128

struct probe_value {
	bool is_text;
	bool is_signed;
	uint64_t num;
	const struct field *field;	/* names and unit for @num; NULL: none */
	bool is_hex;
	char text[PROBE_TEXT_MAX];
};

/* False: it could not be computed (memory not there, division by zero); @fault when it is not NULL. */
bool probe_eval(const struct probe_binding *b, const struct program_expr *e, const struct probe_context *ctx,
		struct probe_value *ret, struct expr_fault *fault);
/* A condition: false also when it could not be computed. */
bool probe_test(const struct probe_binding *b, const struct program_expr *e, const struct probe_context *ctx);
/* As people read it: a name of the field's enum, its unit, a number, text. */
const char *probe_value_text(const struct probe_value *v, char *buf, size_t size);
