/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scopes and places of variables. The text of types and values is vars_format.c's. */
#include "core/symbols/vars.h"

#include <dwarf.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "core/symbols/dwarf_regs.h"
#include "core/symbols/internal.h"
#include "core/symbols/location.h"
#include "core/symbols/types.h"

#define NAMES_MAX 512	/* variables in scope at one place */
#define CHILDREN_MAX 4096
#define STACK_MAX 16

/* A register plus a constant: all a place can be here. */
struct sum {
	int reg;	/* -1: none */
	int64_t offset;
};

/* One function at one pc. */
struct place_context {
	struct symbol_object *object;
	const struct arch *arch;
	unsigned machine;
	uint64_t addr;		/* pc as linked */
	bool has_frame_base, has_cfa;
	struct sum frame_base, cfa;
	const Dwarf_Op *base_ops; /* of the frame base; NULL: none */
	size_t nbase_ops;
};

/* ---- places ---------------------------------------------------------------------------------- */

static bool from_register(const struct place_context *c, unsigned dwarf_reg, int64_t offset,
			  struct sum *ret)
{
	*ret = (struct sum){ dwarf_reg_id(c->arch, c->machine, dwarf_reg), offset };
	return ret->reg >= 0;
}

/* One operation's own value; false when it is none of those that push. */
static bool pushed(const struct place_context *c, const Dwarf_Op *op, struct sum *ret)
{
	if (op->atom >= DW_OP_lit0 && op->atom <= DW_OP_lit31) {
		*ret = (struct sum){ -1, op->atom - DW_OP_lit0 };
		return true;
	}
	if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31)
		return from_register(c, op->atom - DW_OP_breg0, op->number, ret);
	switch (op->atom) {
	case DW_OP_addr: *ret = (struct sum){ -1, op->number + c->object->offset }; return true;
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
		*ret = (struct sum){ -1, op->number };
		return true;
	case DW_OP_bregx: return from_register(c, op->number, op->number2, ret);
	case DW_OP_fbreg:
		*ret = (struct sum){ c->frame_base.reg, c->frame_base.offset + (int64_t)op->number };
		return c->has_frame_base;
	case DW_OP_call_frame_cfa: *ret = c->cfa; return c->has_cfa;
	default: return false;
	}
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a + b; /* wraps */
}

/* Reduces @ops to a place. Most of what compilers write is a register and an offset. */
static enum variable_place reduce(const struct place_context *c, const Dwarf_Op *ops, size_t n,
				  struct sum *ret)
{
	struct sum stack[STACK_MAX];
	unsigned sp = 0;

	if (n == 0)
		return VARIABLE_GONE;
	if (n == 1 && ops->atom >= DW_OP_reg0 && ops->atom <= DW_OP_reg31)
		return from_register(c, ops->atom - DW_OP_reg0, 0, ret) ? VARIABLE_REGISTER
									 : VARIABLE_COMPLEX;
	if (n == 1 && ops->atom == DW_OP_regx)
		return from_register(c, ops->number, 0, ret) ? VARIABLE_REGISTER : VARIABLE_COMPLEX;
	for (size_t i = 0; i < n; i++) {
		const Dwarf_Op *op = &ops[i];
		struct sum *top = sp ? &stack[sp - 1] : NULL;

		if (op->atom == DW_OP_stack_value && sp == 1 && i + 1 == n) {
			*ret = *top;
			return VARIABLE_VALUE;
		}
		/* The value an argument had at the call is nowhere in this frame. */
		if (op->atom == DW_OP_entry_value || op->atom == DW_OP_GNU_entry_value)
			return VARIABLE_GONE;
		if (op->atom == DW_OP_plus_uconst && top) {
			top->offset = add(top->offset, op->number);
		} else if (op->atom == DW_OP_plus && sp >= 2 && (top->reg < 0 || top[-1].reg < 0)) {
			top[-1].offset = add(top[-1].offset, top->offset);
			top[-1].reg = top->reg >= 0 ? top->reg : top[-1].reg;
			sp--;
		} else if (op->atom == DW_OP_minus && sp >= 2 && top->reg < 0) {
			top[-1].offset = add(top[-1].offset, 0 - (uint64_t)top->offset);
			sp--;
		} else if (sp == STACK_MAX || !pushed(c, op, &stack[sp++])) {
			return VARIABLE_COMPLEX;
		}
	}
	if (sp != 1)
		return VARIABLE_COMPLEX;
	*ret = stack[0];
	return VARIABLE_MEMORY;
}

static void find_cfa(struct place_context *c)
{
	Dwarf_Frame *frame;
	Dwarf_Op *ops;
	size_t n;

	frame = symbol_object_cfi(c->object, c->addr);
	if (!frame)
		return;
	if (dwarf_frame_cfa(frame, &ops, &n) == 0 && n)
		c->has_cfa = reduce(c, ops, n, &c->cfa) == VARIABLE_MEMORY;
	free(frame);
}

static void find_frame_base(struct place_context *c, Dwarf_Die *function)
{
	enum variable_place place;
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t n;

	if (!dwarf_attr_integrate(function, DW_AT_frame_base, &attr) ||
	    dwarf_getlocation_addr(&attr, c->addr, &ops, &n, 1) != 1)
		return;
	c->base_ops = ops;
	c->nbase_ops = n;
	place = reduce(c, ops, n, &c->frame_base);
	/* A register as frame base means its value (DWARF 5, 3.3.5). */
	c->has_frame_base = place == VARIABLE_MEMORY || place == VARIABLE_REGISTER ||
			    place == VARIABLE_VALUE;
}

static void find_place(const struct place_context *c, Dwarf_Die *die, struct variable *var)
{
	struct sum sum = { -1, 0 };
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	Dwarf_Sword value;
	size_t n;

	var->place = VARIABLE_GONE;
	if (dwarf_attr_integrate(die, DW_AT_location, &attr)) {
		if (dwarf_getlocation_addr(&attr, c->addr, &ops, &n, 1) == 1) {
			var->place = reduce(c, ops, n, &sum);
			var->origin.ops = ops;
			var->origin.nops = n;
			var->origin.base_ops = c->base_ops;
			var->origin.nbase_ops = c->nbase_ops;
			var->origin.object = c->object;
			var->origin.addr = c->addr;
		}
	} else if (dwarf_attr_integrate(die, DW_AT_const_value, &attr) &&
		   dwarf_formsdata(&attr, &value) == 0) {
		var->place = VARIABLE_VALUE;
		sum.offset = value;
	}
	var->reg = sum.reg;
	var->offset = sum.offset;
	if (var->type.size > 8 && (var->place == VARIABLE_REGISTER || var->place == VARIABLE_VALUE))
		var->place = VARIABLE_COMPLEX;
}

/* ---- scopes ---------------------------------------------------------------------------------- */

struct walk {
	const struct symbols *syms;
	struct place_context context;
	bool (*fn)(void *ctx, const struct variable *var);
	void *ctx;
	const char *seen[NAMES_MAX];
	unsigned nseen;
	bool stopped;
};

static void visit(struct walk *walk, Dwarf_Die *die, bool is_parameter)
{
	struct variable var = { .is_parameter = is_parameter };
	const char *name;
	Dwarf_Die type;
	Dwarf_Attribute attr;
	int line = 0;

	name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attr));
	if (!name || !name[0] || walk->nseen == NAMES_MAX)
		return;
	for (unsigned i = 0; i < walk->nseen; i++)
		if (!strcmp(walk->seen[i], name))
			return;
	walk->seen[walk->nseen++] = name;
	var.name = name;
	var.line = dwarf_decl_line(die, &line) == 0 && line > 0 ? line : 0;
	var.type.kind = TYPE_UNKNOWN;
	if (dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attr), &type))
		dwarf_type_describe(walk->syms, walk->context.object, &type, &var.type);
	find_place(&walk->context, die, &var);
	walk->stopped = !walk->fn(walk->ctx, &var);
}

static void visit_block(struct walk *walk, Dwarf_Die *block, bool is_function)
{
	Dwarf_Die die;
	unsigned n = 0;

	if (dwarf_child(block, &die))
		return;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_formal_parameter || tag == DW_TAG_variable)
			visit(walk, &die, is_function && tag == DW_TAG_formal_parameter);
	} while (!walk->stopped && ++n < CHILDREN_MAX && dwarf_siblingof(&die, &die) == 0);
}

/* The blocks around the pc, up to the function. False when there is no function. */
static bool walk_function(struct walk *walk, Dwarf_Die *unit)
{
	Dwarf_Die *scopes;
	int n = dwarf_getscopes(unit, walk->context.addr, &scopes), function = -1;

	for (int i = 0; i < n && function < 0; i++)
		if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram)
			function = i;
	if (function >= 0) {
		find_cfa(&walk->context);
		find_frame_base(&walk->context, &scopes[function]);
		for (int i = 0; i <= function && !walk->stopped; i++)
			visit_block(walk, &scopes[i], i == function);
	}
	if (n > 0)
		free(scopes);
	return function >= 0;
}

bool symbols_each_variable(const struct symbols *syms, const struct arch *arch, uint64_t pc,
			   bool (*fn)(void *ctx, const struct variable *var), void *ctx)
{
	for (size_t i = 0; i < syms->objects.len; i++) {
		struct symbol_object *object = syms->objects.data[i];
		struct walk walk = { .syms = syms, .fn = fn, .ctx = ctx };
		GElf_Ehdr header;
		Dwarf_Die unit;

		if (!symbol_object_unit(object, pc - object->offset, &unit) ||
		    !gelf_getehdr(object->elf, &header))
			continue;
		walk.context = (struct place_context){ .object = object, .arch = arch,
						       .machine = header.e_machine,
						       .addr = pc - object->offset };
		if (walk_function(&walk, &unit))
			return true;
	}
	return false;
}

struct by_name {
	const char *name;
	struct variable *ret;
	bool found;
};

static bool match_name(void *ctx, const struct variable *var)
{
	struct by_name *search = ctx;

	if (strcmp(var->name, search->name))
		return true;
	*search->ret = *var;
	search->found = true;
	return false;
}

bool symbols_variable(const struct symbols *syms, const struct arch *arch, uint64_t pc,
		      const char *name, struct variable *ret)
{
	struct by_name search = { .name = name, .ret = ret };

	symbols_each_variable(syms, arch, pc, match_name, &search);
	return search.found;
}

struct reg_source {
	const struct regs *regs;
	unsigned machine;
};

static bool read_reg(void *ctx, unsigned dwarf_reg, uint64_t *ret)
{
	struct reg_source *source = ctx;
	int id = dwarf_reg_id(source->regs->arch, source->machine, dwarf_reg);

	return id >= 0 && regs_get(source->regs, id, ret);
}

/* The CFA by its whole rule, which may be more than a register and an offset (realigned stacks). */
static void eval_cfa(const struct variable *var, struct location_env *env)
{
	Dwarf_Frame *frame = symbol_object_cfi(var->origin.object, var->origin.addr);
	struct location at;
	Dwarf_Op *ops;
	size_t n;

	if (!frame)
		return;
	if (dwarf_frame_cfa(frame, &ops, &n) == 0 && n && location_eval(env, ops, n, &at) &&
	    at.kind != LOCATION_REGISTER) {
		env->has_cfa = true;
		env->cfa = at.value;
	}
	free(frame);
}

static void eval_frame_base(const struct variable *var, struct location_env *env)
{
	struct location at;

	if (!var->origin.nbase_ops ||
	    !location_eval(env, var->origin.base_ops, var->origin.nbase_ops, &at))
		return;
	env->frame_base = at.value;
	env->has_frame_base = at.kind != LOCATION_REGISTER ||
			      env->reg(env->ctx, at.value, &env->frame_base);
}

void variable_resolve(struct variable *var, const struct regs *regs, const struct mem_reader *mem)
{
	struct reg_source source = { .regs = regs };
	struct location_env env = { .ctx = &source, .reg = read_reg, .mem = mem, .word = 8,
				    .big_endian = regs->arch->big_endian };
	struct location at;
	GElf_Ehdr header;

	if (var->place != VARIABLE_COMPLEX || !var->origin.nops ||
	    !gelf_getehdr(var->origin.object->elf, &header))
		return;
	source.machine = header.e_machine;
	env.word = header.e_ident[EI_CLASS] == ELFCLASS64 ? 8 : 4;
	env.offset = var->origin.object->offset;
	eval_cfa(var, &env);
	eval_frame_base(var, &env);
	if (!location_eval(&env, var->origin.ops, var->origin.nops, &at) ||
	    at.kind == LOCATION_REGISTER || (at.kind == LOCATION_VALUE && var->type.size > 8))
		return;
	var->place = at.kind == LOCATION_MEMORY ? VARIABLE_MEMORY : VARIABLE_VALUE;
	var->reg = -1;
	var->offset = at.value;
}

bool variable_address(const struct variable *var, const struct regs *regs, uint64_t *ret)
{
	uint64_t base = 0;

	if (var->place != VARIABLE_MEMORY || (var->reg >= 0 && !regs_get(regs, var->reg, &base)))
		return false;
	*ret = base + var->offset;
	return true;
}
