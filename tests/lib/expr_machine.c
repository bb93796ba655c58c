/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/expr_machine.h"

#include <string.h>

#include "core/base/bits.h"

#define MEM_BASE MACHINE_MEM
static bool scope_reg(void *ctx, const char *name, unsigned *id, unsigned *size)
{
	static const struct {
		const char *name;
		unsigned id, size;
	} regs[] = { { "rax", 0, 8 }, { "rbx", 1, 8 }, { "eax", 2, 4 }, { "al", 3, 1 }, { "bad", 9, 8 } };

	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		if (!strcmp(regs[i].name, name)) {
			*id = regs[i].id;
			*size = regs[i].size;
			return true;
		}
	return false;
}

static bool scope_symbol(void *ctx, const char *name, uint64_t *addr)
{
	if (!strcmp(name, "table"))
		*addr = 0x1000;
	else if (!strcmp(name, "text"))
		*addr = 0x1080;
	else if (!strcmp(name, "node"))
		*addr = 0x10c8;
	else if (!strcmp(name, "pointer"))
		*addr = 0x10c0;
	else if (!strcmp(name, "foo.part.0") || !strcmp(name, "a b") || !strcmp(name, "b"))
		*addr = 0x1010;
	else
		return false;
	return true;
}

static bool scope_field(void *ctx, const char *name, unsigned *index, bool *is_signed)
{
	if (!strcmp(name, "port"))
		*index = 0;
	else if (!strcmp(name, "ret"))
		*index = 1;
	else if (!strcmp(name, "gone"))
		*index = 7;
	else
		return false;
	*is_signed = *index == 1;
	return true;
}

static bool scope_variable(void *ctx, const char *name, struct expr_value *ret)
{
	if (!strcmp(name, "") || !strcmp(name, "one"))
		*ret = (struct expr_value){ 1, 8, false, false };
	else if (!strcmp(name, "1") || !strcmp(name, "$"))
		*ret = (struct expr_value){ (uint64_t)-5, 4, true, false };
	else if (!strcmp(name, "where"))
		*ret = (struct expr_value){ 0x1008, 8, false, true };
	else
		return false;
	return true;
}

/* Locals: in memory at rbx + 0x1000 - 7, in registers, nowhere. */
static bool scope_local(void *ctx, const char *name, struct expr_local *ret)
{
	static const struct {
		const char *name;
		struct expr_local local;
	} locals[] = {
		{ "l_mem", { EXPR_LOCAL_MEM, 1, 0x1000 - 7 + 2, { 2, true } } },
		{ "l_fixed", { EXPR_LOCAL_MEM, -1, 0x1008, { 4, false } } },
		{ "l_reg", { EXPR_LOCAL_REG, 3, 0, { 1, true } } },
		{ "l_value", { EXPR_LOCAL_VALUE, 1, -8, { 4, true } } },
		{ "l_const", { EXPR_LOCAL_VALUE, -1, -3, { 8, true } } },
		{ "l_gone", { EXPR_LOCAL_GONE } },
		{ "l_array", { EXPR_LOCAL_MEM, 1, 0x1000 - 7, { 2, false, 1, true, .bytes = 6, .self = 70 } } },
		{ "l_struct", { EXPR_LOCAL_MEM, 1, 0x1000 - 7, { 0, false, 0, true, .target = 100, .span = 24, .bytes = 24, .self = 100 } } },
		{ "l_ptr", { EXPR_LOCAL_MEM, -1, 0x10a0, { 1, true, 1 } } },
		{ "l_void", { EXPR_LOCAL_MEM, -1, 0x10a0, { 0, false, 1 } } },
	};

	for (size_t i = 0; i < sizeof(locals) / sizeof(locals[0]); i++)
		if (!strcmp(locals[i].name, name)) {
			*ret = locals[i].local;
			return true;
		}
	return false;
}

/* Type 100, 24 bytes: { s16 half; u8 low : 3; s8 high : 5 (both in byte 3); struct 100 *next;
 * struct 101 { u32 in[2]; } inner; } as at 0x1000, with next = 0x10c8 in memory. */
static const struct {
	const char *name;
	uint64_t target;
	struct expr_member member;
} members[] = {
	{ "half", 100, { 0, 0, 0, { 2, true, .self = 72 } } },
	{ "low", 100, { 3, 0, 3, { 1, false } } },
	{ "high", 100, { 3, 3, 5, { 1, true } } },
	{ "odd", 100, { 3, 4, 5, { 1, true } } },
	{ "next", 100, { 8, 0, 0, { 0, false, 1, .target = 100, .span = 24, .self = 71 } } },
	{ "inner", 100, { 16, 0, 0, { 0, false, 0, true, .target = 101, .span = 8, .bytes = 8,
				     .self = 101 } } },
	{ "in", 101, { 0, 0, 0, { 4, false, 1, true, .bytes = 8, .self = 73 } } },
};

static bool scope_member(void *ctx, uint64_t target, const char *name, struct expr_member *ret)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (members[i].target == target && !strcmp(members[i].name, name)) {
			*ret = members[i].member;
			return true;
		}
	return false;
}

/* node: a structure at 0x10c8; pointer: a pointer to it at 0x10c0; count: an u16 at 0x1010. */
static bool scope_object(void *ctx, uint64_t addr, struct expr_shape *ret)
{
	if (addr == 0x10c8)
		*ret = (struct expr_shape){ 0, false, 0, true, .target = 100, .span = 24, .bytes = 24,
					    .self = 100 };
	else if (addr == 0x10c0)
		*ret = (struct expr_shape){ 0, false, 1, .target = 100, .span = 24, .self = 71 };
	else if (addr == 0x1010)
		*ret = (struct expr_shape){ 2, false, .self = 74 };
	else
		return false;
	return true;
}

static bool scope_type(void *ctx, const char *name, struct expr_shape *ret)
{
	if (!strcmp(name, "struct node") || !strcmp(name, "node_t"))
		return scope_object(ctx, 0x10c8, ret);
	if (!strcmp(name, "node_ptr"))
		return scope_object(ctx, 0x10c0, ret);
	if (!strcmp(name, "half_t"))
		return scope_object(ctx, 0x1010, ret);
	return false;
}

static bool env_reg(void *ctx, unsigned id, uint64_t *ret)
{
	static const uint64_t values[] = { 0xffffffff80001000, 7, 0xffffffff80001000, 0xf0 };

	if (id >= 4)
		return false;
	*ret = values[id];
	return true;
}

static bool env_mem(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct machine *m = ctx;

	if (addr < MEM_BASE || addr - MEM_BASE > sizeof(m->mem) ||
	    len > sizeof(m->mem) - (addr - MEM_BASE))
		return false;
	memcpy(buf, m->mem + (addr - MEM_BASE), len);
	m->reads++;
	return true;
}

static bool env_phys(void *ctx, uint64_t addr, void *buf, size_t len)
{
	return env_mem(ctx, addr + MEM_BASE, buf, len);
}

static bool env_field(void *ctx, unsigned index, uint64_t *ret)
{
	if (index > 1)
		return false;
	*ret = index ? (uint64_t)-22 : 0x3f8;
	return true;
}

const struct expr_scope machine_scope = {
	.field = scope_field, .reg = scope_reg, .symbol = scope_symbol, .variable = scope_variable,
	.local = scope_local, .object = scope_object, .member = scope_member, .type = scope_type,
};

void machine_init(struct machine *m)
{
	*m = (struct machine){ 0 };
	for (unsigned i = 0; i < 128; i++)
		m->mem[i] = 0x80 + i; /* table: 80 81 82 ... */
	memcpy(m->mem + 0x80, "hello\0world", 12);
	le64_write(m->mem + 0xa0, 0x1080);
	/* pointer, then node: { -2, low 5, high -3, next = table, inner = { { 7, 9 } } } */
	le64_write(m->mem + 0xc0, 0x10c8);
	le16_write(m->mem + 0xc8, (uint16_t)-2);
	m->mem[0xcb] = 5 | (-3 & 31) << 3;
	le64_write(m->mem + 0xd0, 0x1000);
	le32_write(m->mem + 0xd8, 7);
	le32_write(m->mem + 0xdc, 9);
}

struct expr_env machine_env(struct machine *m)
{
	return (struct expr_env){ .ctx = m, .reg = env_reg, .mem = env_mem, .phys = env_phys,
				  .field = env_field };
}
