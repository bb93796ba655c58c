/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arch/x86/kernel/unwind_orc.c, arch/x86/include/asm/orc_types.h. */
#include "core/symbols/orc.h"

#include <string.h>

#include "core/base/bits.h"

#define ENTRY_MAX 16u

/* Where the value of a register in an entry comes from. */
enum { REG_UNDEFINED, REG_PREV_SP, REG_DX, REG_DI, REG_BP, REG_SP, REG_R10, REG_R13, REG_BP_INDIRECT,
       REG_SP_INDIRECT };

enum entry_type { ENTRY_UNDEFINED, ENTRY_END, ENTRY_CALL, ENTRY_REGS, ENTRY_REGS_PARTIAL };

struct entry {
	int64_t sp_offset, bp_offset;
	unsigned sp_reg, bp_reg;
	enum entry_type type;
};

/* ---- layout ---------------------------------------------------------------------------------- */

static bool find_field(const struct btf *btf, uint32_t entry, const char *name, struct orc_field *ret)
{
	struct btf_member m;

	if (!btf_find_member(btf, entry, name, &m))
		return false;
	*ret = (struct orc_field){ .bit = m.bit_offset, .bits = m.bits ? m.bits : 8 * btf_size(btf, m.type, 8) };
	return m.bit_offset + ret->bits <= 8 * ENTRY_MAX && ret->bits && ret->bits <= 32;
}

static void find_regs(const struct btf *btf, const struct arch *arch, struct orc_layout *ret)
{
	static const struct {
		const char *member, *reg;
	} names[] = {
		{ "r15", "r15" }, { "r14", "r14" }, { "r13", "r13" }, { "r12", "r12" }, { "bp", "rbp" },
		{ "bx", "rbx" },  { "r11", "r11" }, { "r10", "r10" }, { "r9", "r9" },	{ "r8", "r8" },
		{ "ax", "rax" },  { "cx", "rcx" },  { "dx", "rdx" },  { "si", "rsi" },	{ "di", "rdi" },
		{ "ip", "rip" },  { "cs", "cs" },   { "flags", "rflags" }, { "sp", "rsp" }, { "ss", "ss" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		struct reg_ref ref;
		uint64_t offset;

		if (!btf_offset(btf, "pt_regs", names[i].member, &offset) || offset > 512 ||
		    !reg_lookup(arch, names[i].reg, &ref))
			continue;
		ret->reg[ret->nregs].id = ref.reg;
		ret->reg[ret->nregs++].offset = offset;
		if (!strcmp(names[i].member, "ip"))
			ret->ip_offset = offset;
	}
}

bool orc_layout_find(const struct btf *btf, const struct arch *arch, struct orc_layout *ret)
{
	struct orc_layout l = { 0 };
	struct btf_type t;

	if (strcmp(arch->name, "x86_64") || !btf_find(btf, "orc_entry", BTF_STRUCT, &t) || t.size == 0 ||
	    t.size > ENTRY_MAX || !find_field(btf, t.id, "sp_offset", &l.sp_offset) ||
	    !find_field(btf, t.id, "bp_offset", &l.bp_offset) || !find_field(btf, t.id, "sp_reg", &l.sp_reg) ||
	    !find_field(btf, t.id, "bp_reg", &l.bp_reg) || !find_field(btf, t.id, "type", &l.type))
		return false;
	l.entry_size = t.size;
	l.has_end = find_field(btf, t.id, "end", &l.end);
	find_regs(btf, arch, &l);
	*ret = l;
	return l.ip_offset;
}

/* ---- lookup ---------------------------------------------------------------------------------- */

static bool read_ip(const struct mem_reader *mem, const struct orc_table *t, uint32_t i, uint64_t *ret)
{
	uint64_t at = t->ips + 4ul * i;
	uint8_t raw[4];

	if (!mem->virt(mem->ctx, at, raw, 4))
		return false;
	*ret = at + (int64_t)(int32_t)le32_read(raw);
	return true;
}

/* The last entry at or below @pc. */
static bool find_index(const struct mem_reader *mem, const struct orc_table *t, uint64_t pc, uint32_t *ret)
{
	uint32_t lo = 0, hi = t->count;
	uint64_t ip;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (!read_ip(mem, t, mid, &ip))
			return false;
		if (ip <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	*ret = lo - 1;
	return lo > 0;
}

static uint64_t field(const uint8_t *raw, struct orc_field f)
{
	/* Entries are at most 16 bytes, fields at most 32 bits. */
	uint8_t room[ENTRY_MAX + 8] = { 0 };

	memcpy(room, raw, ENTRY_MAX);
	return le64_read(room + f.bit / 8) >> f.bit % 8 & MASK(f.bits - 1, 0);
}

static void decode(const struct orc_layout *l, const uint8_t *raw, struct entry *ret)
{
	unsigned type = field(raw, l->type);

	*ret = (struct entry){
		.sp_offset = sign_extend(field(raw, l->sp_offset), l->sp_offset.bits),
		.bp_offset = sign_extend(field(raw, l->bp_offset), l->bp_offset.bits),
		.sp_reg = field(raw, l->sp_reg), .bp_reg = field(raw, l->bp_reg),
	};
	if (!l->has_end)
		ret->type = type <= ENTRY_REGS_PARTIAL ? type : ENTRY_UNDEFINED;
	else if (field(raw, l->end))
		ret->type = ENTRY_END;
	else
		ret->type = type <= ENTRY_REGS_PARTIAL - ENTRY_CALL && ret->sp_reg ? type + ENTRY_CALL :
									     ENTRY_UNDEFINED;
}

/* Of the tables that have a place at or below @pc, the one with the nearest: modules lie among each other. */
static bool find_entry(const struct orc *orc, const struct mem_reader *mem, uint64_t pc, struct entry *ret)
{
	const struct orc_table *best = NULL;
	uint64_t nearest = 0, ip;
	uint32_t index = 0, i;
	uint8_t raw[ENTRY_MAX] = { 0 };

	for (size_t n = 0; n < orc->tables.len; n++) {
		const struct orc_table *t = &orc->tables.data[n];

		/* Tables ascend: where the first is above, all are. */
		if (!t->count || !read_ip(mem, t, 0, &ip) || ip > pc || !find_index(mem, t, pc, &i) ||
		    !read_ip(mem, t, i, &ip) || (best && ip <= nearest))
			continue;
		best = t;
		nearest = ip;
		index = i;
	}
	if (!best || !mem->virt(mem->ctx, best->entries + (uint64_t)orc->layout.entry_size * index, raw,
				orc->layout.entry_size))
		return false;
	decode(&orc->layout, raw, ret);
	return true;
}

/* ---- one step -------------------------------------------------------------------------------- */

static bool read_word(const struct mem_reader *mem, uint64_t addr, uint64_t *ret)
{
	uint8_t raw[8];

	if (!mem->virt(mem->ctx, addr, raw, 8))
		return false;
	*ret = le64_read(raw);
	return true;
}

static bool reg_by_name(const struct regs *regs, const char *name, uint64_t *ret)
{
	struct reg_ref ref;

	return reg_lookup(regs->arch, name, &ref) && reg_ref_get(regs, ref, ret);
}

/* The stack pointer before the call, or before the interrupt came. */
static bool previous_sp(const struct mem_reader *mem, const struct regs *regs, const struct entry *e,
			uint64_t *ret)
{
	uint64_t sp = regs_u64(regs, regs->arch->reg_sp), bp = regs_u64(regs, regs->arch->reg_fp);

	switch (e->sp_reg) {
	case REG_SP: *ret = sp + e->sp_offset; return true;
	case REG_BP: *ret = bp + e->sp_offset; return true;
	case REG_BP_INDIRECT: return read_word(mem, bp + e->sp_offset, ret);
	case REG_SP_INDIRECT:
		if (!read_word(mem, sp, ret))
			return false;
		*ret += e->sp_offset;
		return true;
	case REG_DX: return reg_by_name(regs, "rdx", ret);
	case REG_DI: return reg_by_name(regs, "rdi", ret);
	case REG_R10: return reg_by_name(regs, "r10", ret);
	case REG_R13: return reg_by_name(regs, "r13", ret);
	default: return false;
	}
}

/* What the processor (and, @full, the kernel's entry code) saved at @at. */
static bool restore_regs(const struct orc_layout *l, const struct mem_reader *mem, uint64_t at, bool full,
			 struct regs *up)
{
	uint64_t base = full ? at : at - l->ip_offset, v;

	for (unsigned i = 0; i < l->nregs; i++) {
		if (!full && l->reg[i].offset < l->ip_offset)
			continue;
		if (!read_word(mem, base + l->reg[i].offset, &v))
			return false;
		regs_set(up, l->reg[i].id, v);
	}
	return true;
}

static bool restore_bp(const struct mem_reader *mem, const struct entry *e, uint64_t sp, uint64_t bp,
		       struct regs *up)
{
	uint64_t v;

	if (e->bp_reg != REG_PREV_SP && e->bp_reg != REG_BP)
		return e->bp_reg == REG_UNDEFINED;
	if (!read_word(mem, (e->bp_reg == REG_BP ? bp : sp) + e->bp_offset, &v))
		return false;
	regs_set(up, up->arch->reg_fp, v);
	return true;
}

/*
 * Indirect calls go through thunks against speculation (retpolines), which the tables do not describe. Single
 * steps get there often. Their caller's address is on top of the stack, or below one of the thunk's own.
 */
static bool skip_thunk(const struct orc *orc, const struct mem_reader *mem, struct regs *regs)
{
	uint64_t sp = regs_u64(regs, regs->arch->reg_sp), ret;
	struct entry e;

	for (unsigned i = 0; i < 2; i++, sp += 8) {
		if (!read_word(mem, sp, &ret) || !(ret >> 63) || !find_entry(orc, mem, ret - 1, &e) ||
		    e.type < ENTRY_CALL)
			continue;
		regs_set(regs, regs->arch->reg_pc, ret);
		regs_set(regs, regs->arch->reg_sp, sp + 8);
		return true;
	}
	return false;
}

enum unwind_result orc_unwind(const struct orc *orc, const struct mem_reader *mem, struct regs *regs,
			      bool *exact_pc, bool *interrupted)
{
	const struct arch *arch = regs->arch;
	uint64_t pc = regs_u64(regs, arch->reg_pc), bp = regs_u64(regs, arch->reg_fp);
	uint64_t old_sp = regs_u64(regs, arch->reg_sp), sp, ret;
	struct regs up = *regs;
	struct entry e;
	uint8_t byte;

	/* After a call at its very end a function's return address is the next function's. */
	if (!(pc >> 63) || !find_entry(orc, mem, *exact_pc ? pc : pc - 1, &e))
		return UNWIND_UNKNOWN;
	if (e.type == ENTRY_END || e.type == ENTRY_UNDEFINED) {
		if (*exact_pc && skip_thunk(orc, mem, regs))
			goto reached;
		return e.type == ENTRY_END ? UNWIND_END : UNWIND_UNKNOWN;
	}
	if (!previous_sp(mem, regs, &e, &sp))
		return UNWIND_END;
	if (e.type == ENTRY_CALL) {
		if (!read_word(mem, sp - 8, &ret))
			return UNWIND_END;
		regs_set(&up, arch->reg_pc, ret);
		regs_set(&up, arch->reg_sp, sp);
	} else if (!restore_regs(&orc->layout, mem, sp, e.type == ENTRY_REGS, &up)) {
		return UNWIND_END;
	}
	if (!restore_bp(mem, &e, sp, bp, &up))
		return UNWIND_END;
	pc = regs_u64(&up, arch->reg_pc);
	if (pc == 0 || !mem->virt(mem->ctx, pc, &byte, 1) ||
	    (pc == regs_u64(regs, arch->reg_pc) && regs_u64(&up, arch->reg_sp) == old_sp))
		return UNWIND_END;
	*regs = up;
reached:
	*exact_pc = *interrupted = e.type >= ENTRY_REGS;
	return UNWIND_CALLER;
}
