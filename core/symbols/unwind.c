/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/symbols/unwind.h"

#include <gelf.h>
#include <stdlib.h>

#include "core/base/bits.h"
#include "core/symbols/dwarf_regs.h"
#include "core/symbols/internal.h"
#include "core/symbols/location.h"
#include "core/symbols/orc.h"

/* A row of call frame information: how the registers of the caller are found at one pc. */
struct cfi_row {
	struct symbol_object *object;
	Dwarf_Frame *frame;	/* freed by the caller */
	unsigned machine, word;
	int return_reg;
	bool is_signal;
};

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

Dwarf_Frame *symbol_object_cfi(struct symbol_object *object, uint64_t addr)
{
	Dwarf_Frame *frame = NULL;

	if (!object->cfi_tried) {
		object->cfi_tried = true;
		object->eh_frame = dwarf_getcfi_elf(object->elf);
		object->debug_frame = object->dwarf ? dwarf_getcfi(object->dwarf) : NULL;
	}
	if (object->debug_frame && dwarf_cfi_addrframe(object->debug_frame, addr, &frame))
		frame = NULL;
	if (!frame && object->eh_frame && dwarf_cfi_addrframe(object->eh_frame, addr, &frame))
		frame = NULL;
	return frame;
}

static bool find_in(struct symbol_object *object, uint64_t addr, struct cfi_row *ret)
{
	GElf_Ehdr header;
	Dwarf_Addr start, end;

	*ret = (struct cfi_row){ .object = object, .frame = symbol_object_cfi(object, addr) };
	if (!ret->frame)
		return false;
	ret->return_reg = dwarf_frame_info(ret->frame, &start, &end, &ret->is_signal);
	if (!gelf_getehdr(object->elf, &header) || ret->return_reg < 0) {
		free(ret->frame);
		return false;
	}
	ret->machine = header.e_machine;
	ret->word = header.e_ident[EI_CLASS] == ELFCLASS64 ? 8 : 4;
	return true;
}

/* The row for @addr. A file's code runs only in the mode it was made for: its addresses mean nothing
 * to firmware that runs there before. */
static bool find_row(const struct symbols *syms, const struct regs *regs, uint64_t addr,
		     struct cfi_row *ret)
{
	const struct arch *arch = regs->arch;
	unsigned bits = arch->code_bits ? arch->code_bits(regs) : 64;

	for (size_t i = 0; i < syms->objects.len; i++) {
		struct symbol_object *object = syms->objects.data[i];

		if (!find_in(object, addr - object->offset, ret))
			continue;
		if (ret->word * 8 == bits &&
		    (ret->machine == arch->elf_machine || ret->machine == arch->elf_machine_32))
			return true;
		free(ret->frame);
	}
	return false;
}

static void invalidate(struct regs *regs, unsigned id)
{
	regs->valid[id / 64] &= ~BIT(id % 64);
}

enum rule { RULE_SAME, RULE_UNDEFINED, RULE_VALUE, RULE_UNREADABLE };

static enum rule apply_rule(const struct location_env *env, Dwarf_Frame *frame, unsigned reg,
			    uint64_t *ret)
{
	Dwarf_Op room[3], *ops;
	struct location at;
	size_t nops;

	if (dwarf_frame_register(frame, reg, room, &ops, &nops))
		return RULE_UNDEFINED;
	if (nops == 0)
		return ops ? RULE_UNDEFINED : RULE_SAME;
	return location_eval(env, ops, nops, &at) && location_read_word(env, &at, ret) ? RULE_VALUE
										       : RULE_UNREADABLE;
}

/* Registers of the caller, from those of @row's frame. */
static enum unwind_result apply_row(const struct cfi_row *row, const struct mem_reader *mem,
				    struct regs *regs)
{
	const struct arch *arch = regs->arch;
	struct regs old = *regs;
	struct reg_source source = { &old, row->machine };
	struct location_env env = { .ctx = &source, .reg = read_reg, .mem = mem, .word = row->word,
				    .big_endian = arch_is_big_endian(regs), .offset = row->object->offset };
	struct location cfa;
	uint64_t pc = 0, v;
	size_t nops;
	Dwarf_Op *ops;
	int sp = -1;

	if (dwarf_frame_cfa(row->frame, &ops, &nops) || nops == 0 ||
	    !location_eval(&env, ops, nops, &cfa) || cfa.kind == LOCATION_REGISTER)
		return UNWIND_UNKNOWN;
	env.has_cfa = true;
	env.cfa = cfa.value;
	switch (apply_rule(&env, row->frame, row->return_reg, &pc)) {
	case RULE_UNDEFINED:
		return UNWIND_END;
	case RULE_UNREADABLE:
		return UNWIND_UNKNOWN;
	case RULE_SAME:
		/* A leaf where the return address has a register of its own. */
		if (!read_reg(&source, row->return_reg, &pc))
			return UNWIND_UNKNOWN;
		break;
	case RULE_VALUE:
		break;
	}
	for (unsigned reg = 0; reg < DWARF_REGS_MAX; reg++) {
		int id = dwarf_reg_id(arch, row->machine, reg);

		if ((unsigned)id == arch->reg_sp)
			sp = reg;
		if (id < 0 || (unsigned)id == arch->reg_pc || (unsigned)id == arch->reg_sp)
			continue;
		switch (apply_rule(&env, row->frame, reg, &v)) {
		case RULE_VALUE: regs_set(regs, id, v); break;
		case RULE_UNREADABLE: invalidate(regs, id); break;
		/* Not mentioned: the value stays, as in gdb. The compiler names such a register as a
		 * variable's place across a call only where it knows that the callee leaves it alone. */
		default: break;
		}
	}
	regs_set(regs, arch->reg_pc, pc);
	/* After a call the caller's stack pointer is the CFA; an interrupt saved it. */
	if (sp < 0 || apply_rule(&env, row->frame, sp, &v) != RULE_VALUE)
		v = cfa.value;
	regs_set(regs, arch->reg_sp, v);
	return UNWIND_CALLER;
}

static uint64_t linear_pc(const struct regs *regs)
{
	return regs->arch->pc_linear ? regs->arch->pc_linear(regs) : regs_u64(regs, regs->arch->reg_pc);
}

static uint64_t linear_sp(const struct regs *regs)
{
	return regs->arch->sp_linear ? regs->arch->sp_linear(regs) : regs_u64(regs, regs->arch->reg_sp);
}

enum unwind_result symbols_unwind(const struct symbols *syms, const struct mem_reader *mem,
				  struct regs *regs, bool *exact_pc)
{
	const struct arch *arch = regs->arch;
	uint64_t pc = linear_pc(regs), sp = linear_sp(regs);
	struct regs up = *regs;
	enum unwind_result result;
	struct cfi_row row;
	uint8_t byte;

	/* Call frame information knows no segments. */
	if (pc != regs_u64(regs, arch->reg_pc) || sp != regs_u64(regs, arch->reg_sp))
		return UNWIND_UNKNOWN;
	/* After a call at its very end a function's return address is the next function's. */
	if (!find_row(syms, regs, *exact_pc ? pc : pc - 1, &row))
		return UNWIND_UNKNOWN;
	result = apply_row(&row, mem, &up);
	free(row.frame);
	if (result != UNWIND_CALLER)
		return result;
	pc = linear_pc(&up);
	if (pc == 0 || !mem->virt(mem->ctx, pc, &byte, 1) ||
	    (pc == linear_pc(regs) && linear_sp(&up) == sp))
		return UNWIND_END;
	*regs = up;
	*exact_pc = row.is_signal;
	return UNWIND_CALLER;
}

static struct frame frame_of(const struct regs *regs)
{
	return (struct frame){ .pc = linear_pc(regs), .sp = linear_sp(regs),
			       .fp = regs_u64(regs, regs->arch->reg_fp) };
}

void unwind_start(struct unwind_frame *ret, const struct regs *regs)
{
	ret->regs = *regs;
	ret->frame = frame_of(regs);
	ret->exact_pc = true;
	ret->by_cfi = false;
}

bool unwind_caller(const struct symbols *syms, const struct mem_reader *mem, struct unwind_frame *f)
{
	struct regs *regs = &f->regs;
	const struct arch *arch = regs->arch;
	bool was_exact = f->exact_pc, interrupted;
	struct frame up = f->frame;
	uint64_t pc_base, sp_base;

	switch (symbols_unwind(syms, mem, regs, &f->exact_pc)) {
	case UNWIND_CALLER:
		f->frame = frame_of(regs);
		f->frame.how = FRAME_CFI;
		f->frame.interrupted = f->exact_pc;
		f->by_cfi = true;
		return true;
	case UNWIND_END:
		return false;
	case UNWIND_UNKNOWN:
		break;
	}
	f->exact_pc = was_exact;
	switch (syms->orc ? orc_unwind(syms->orc, mem, regs, &f->exact_pc, &interrupted) : UNWIND_UNKNOWN) {
	case UNWIND_CALLER:
		f->frame = frame_of(regs);
		f->frame.how = FRAME_ORC;
		f->frame.interrupted = interrupted;
		f->by_cfi = false;
		return true;
	case UNWIND_END:
		return false;
	case UNWIND_UNKNOWN:
		break;
	}
	if (!arch->unwind || !arch->unwind(regs, mem, &up))
		return false;
	/* A frame pointer says nothing about the other registers: they stay as they were. */
	pc_base = linear_pc(regs) - regs_u64(regs, arch->reg_pc);
	sp_base = linear_sp(regs) - regs_u64(regs, arch->reg_sp);
	regs_set(regs, arch->reg_pc, up.pc - pc_base);
	regs_set(regs, arch->reg_sp, up.sp - sp_base);
	regs_set(regs, arch->reg_fp, up.fp);
	up.how = FRAME_POINTER;
	up.interrupted = false;
	f->frame = up;
	f->exact_pc = false;
	f->by_cfi = false;
	return true;
}
