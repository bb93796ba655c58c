/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Expressions: values against the C compiler, memory and names on a tiny machine, errors, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>

#include <cmocka.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/expr/expr.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* ---- a machine of two registers, one field and 256 bytes at 0x1000 ---------------------------- */

#define MEM_BASE 0x1000
struct machine {
	uint8_t mem[256];
	unsigned reads;
};

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
		{ "l_mem", { EXPR_LOCAL_MEM, 1, 0x1000 - 7 + 2, 2, true } },
		{ "l_fixed", { EXPR_LOCAL_MEM, -1, 0x1008, 4, false } },
		{ "l_reg", { EXPR_LOCAL_REG, 3, 0, 1, true } },
		{ "l_value", { EXPR_LOCAL_VALUE, 1, -8, 4, true } },
		{ "l_const", { EXPR_LOCAL_VALUE, -1, -3, 8, true } },
		{ "l_gone", { EXPR_LOCAL_GONE } },
		{ "l_array", { EXPR_LOCAL_MEM, 1, 0x1000 - 7, 2, false, 1, true } },
		{ "l_struct", { EXPR_LOCAL_MEM, 1, 0x1000 - 7, 0, false, 0, true } },
		{ "l_ptr", { EXPR_LOCAL_MEM, -1, 0x10a0, 1, true, 1 } },
		{ "l_void", { EXPR_LOCAL_MEM, -1, 0x10a0, 0, false, 1 } },
	};

	for (size_t i = 0; i < sizeof(locals) / sizeof(locals[0]); i++)
		if (!strcmp(locals[i].name, name)) {
			*ret = locals[i].local;
			return true;
		}
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

static const struct expr_scope scope = {
	.field = scope_field, .reg = scope_reg, .symbol = scope_symbol, .variable = scope_variable,
	.local = scope_local,
};

static void machine_init(struct machine *m)
{
	*m = (struct machine){ 0 };
	for (unsigned i = 0; i < 128; i++)
		m->mem[i] = 0x80 + i; /* table: 80 81 82 ... */
	memcpy(m->mem + 0x80, "hello\0world", 12);
	le64_write(m->mem + 0xa0, 0x1080);
}

static struct expr_env machine_env(struct machine *m)
{
	return (struct expr_env){ .ctx = m, .reg = env_reg, .mem = env_mem, .phys = env_phys,
				  .field = env_field };
}

static struct expr_value value_of(const char *text)
{
	struct machine m;
	struct expr_value v = { 0 };
	struct expr_fault fault;
	struct expr_prog *prog = NULL;

	machine_init(&m);
	struct expr_env env = machine_env(&m);
	struct error *err = expr_compile(text, &scope, &prog);
	if (err)
		fail_msg("%s: %s", text, error_message(err));
	if (!expr_eval(prog, &env, &v, &fault))
		fail_msg("%s: fault %d at 0x%llx", text, fault.kind, (unsigned long long)fault.addr);
	expr_unref(prog);
	return v;
}

/* ---- values: the C compiler is the oracle ---------------------------------------------------- */

static void check(const char *text, uint64_t want)
{
	uint64_t got = value_of(text).bits;

	if (got != want)
		fail_msg("%s = 0x%llx, C says 0x%llx", text, (unsigned long long)got,
			 (unsigned long long)want);
}
/* What the compiler warns about is what is tested: precedence without parentheses. */
#define EVAL(expr) check(#expr, (uint64_t)(expr))

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wparentheses"
#pragma GCC diagnostic ignored "-Wbool-compare"
#pragma GCC diagnostic ignored "-Wint-in-bool-context"
#pragma GCC diagnostic ignored "-Wlogical-not-parentheses"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wtype-limits"
static void test_precedence(void **state)
{
	EVAL(1 + 2 * 3);
	EVAL((1 + 2) * 3);
	EVAL(2 * 3 + 4 * 5 - 6);
	EVAL(100 / 7 % 5);
	EVAL(100 % 7 * 3);
	EVAL(1 << 2 + 3);
	EVAL(256 >> 2 >> 1);
	EVAL(1 << 3 << 2);
	EVAL(1 + 2 << 3);
	EVAL(5 < 6 == 1);
	EVAL(1 == 5 > 4);
	EVAL(6 & 3 == 3);
	EVAL(6 ^ 3 & 1);
	EVAL(6 | 3 ^ 1);
	EVAL(8 | 4 & 6 ^ 2);
	EVAL(1 | 2 && 0);
	EVAL(1 || 0 && 0);
	EVAL(0 && 0 || 1);
	EVAL(0 || 2);
	EVAL(3 && 4);
	EVAL(1 ? 2 : 3);
	EVAL(0 ? 2 : 0 ? 3 : 4);
	EVAL(1 ? 0 ? 5 : 6 : 7);
	EVAL(1 || 0 ? 2 : 3);
	EVAL(0 ? 1 : 2 + 3);
	EVAL(-2 + 3);
	EVAL(- -2);
	EVAL(~5 & 0xff);
	EVAL(!5 + 1);
	EVAL(!0 == 1);
	EVAL(!!7);
	EVAL(-~5);
	EVAL(10 - 4 - 3);
	EVAL(64 / 4 / 2);
	EVAL(1 <= 2 != 3 >= 4);
	EVAL(1 < 2 < 3);
	EVAL(3 > 2 > 1);
	EVAL(2 != 2 | 1);
	EVAL(0x10 + 010 + 0b11 + 'A');
}

static void test_signs(void **state)
{
	EVAL(1 - 2);
	EVAL(1 - 2 < 0);
	EVAL(-1 < 0);
	EVAL(-8 / 2);
	EVAL(-7 % 3);
	EVAL(-16 >> 2);
	EVAL(-1 > 1);
	EVAL(1ULL - 2 > 5);
	EVAL(0xffffffffffffffff / 2);
	EVAL(0xfffffffffffffff0 >> 4);
	EVAL(0x8000000000000000 > 1);
	EVAL((s32)0x80000000 < 0);
	EVAL((u32)-1);
	EVAL((s8)200);
	EVAL((u8)300);
	EVAL((s16)(u8)-1);
	EVAL((u8)-1 == 255);
	EVAL((s8)-1 == -1);
	EVAL((unsigned char)511 + 1);
	EVAL((short)0x18000);
	EVAL((unsigned long)-1 >> 63);
	EVAL((long long)-1 >> 63);
	EVAL((int)0xffffffff);
	EVAL((u8)200 + (u8)100);
	EVAL((s64)-9 / 2);
	EVAL((s64)-9 % 4);
	EVAL(sizeof(u16) + sizeof(long));
	EVAL(sizeof(char *) * 2);
	EVAL(sizeof(unsigned short int));
	EVAL((s8)0x7f * 2);
	EVAL(~(u8)0);
	EVAL(0 - (s32)5 < 3);
}
#pragma GCC diagnostic pop

/* Where vmscope decides what C leaves open or decides for machines. */
static void test_own_rules(void **state)
{
	check("1 << 64", 0);
	check("1 << 70", 0);
	check("0xffff >> 64", 0);
	check("-1 >> 64", ~0ULL);
	check("0x8000000000000000 / -1", 0x8000000000000000);
	check("(s64)0x8000000000000000 / -1", 0x8000000000000000);
	check("(s64)0x8000000000000000 % -1", 0);
	check("4K", 4096);
	check("2M + 1G", (2ULL << 20) + (1ULL << 30));
	check("0x10K", 16384);
	check("50us + 1ms + 2s + 7ns", 2001050007);
	check("'\\n'", 10);
	check("'\\x7f' + '\\0' + '\\101'", 0x7f + 65);
	/* Literals go along with the other side; negative ones make a comparison signed. */
	check("$rax > 5", 1);
	check("$rax > -1", 0);
	check("-1 < $rbx", 1);
	check("(s64)$rax < 5", 1);
	check("$rbx == 7 ? 10 : -1", 10);
	/* Narrow equality. */
	check("(u32)0xffffffff == -1", 1);
	check("-1 != (u8)255", 0);
	check("(u8)255 == 255 - 256", 1);
	check("(u32)0xfffffffe == -1", 0);
	struct expr_value v = value_of("$rax & ~0xfff");
	assert_false(v.is_signed);
	assert_int_equal(v.size, 8);
	v = value_of("1 - 2");
	assert_true(v.is_signed);
	v = value_of("(u16)5");
	assert_int_equal(v.size, 2);
	assert_false(v.is_signed);
	/* Also through ?: */
	check("$rbx > (1 ? -2 : 3)", 1);
	check("$rax > (1 ? 2 : 3)", 1);
}

static void test_names(void **state)
{
	check("$rax", 0xffffffff80001000);
	check("rbx + 1", 8);
	check("$eax", 0x80001000);
	check("$al == 0xf0", 1);
	assert_int_equal(value_of("$eax").size, 4);
	check("port", 0x3f8);
	check("ret == -22", 1);
	check("ret < 0 && port == 0x3f8", 1);
	assert_true(value_of("ret").is_signed);
	check("table", 0x1000);
	check("&table", 0x1000);
	check("table + 4", 0x1004);
	check("foo.part.0", 0x1010);
	check("'foo.part.0'", 0x1010);
	check("'a b' + 1", 0x1011);
	check("(b)", 0x1010);
	check("$", 1);
	check("$1", (uint64_t)-5);
	check("$$ + 5", 0);
	check("$one + 1", 2);
	check("text - table", 0x80);
	assert_true(value_of("table").is_address);
	assert_true(value_of("table + 4").is_address);
	assert_true(value_of("4 + table").is_address);
	assert_true(value_of("$where").is_address);
	assert_true(value_of("(u8 *)5").is_address);
	assert_true(value_of("1 ? table : text").is_address);
	assert_true(value_of("text & ~0xf").is_address);
	assert_false(value_of("text - table").is_address);
	assert_false(value_of("(u64)table").is_address);
	assert_false(value_of("*table").is_address);
	assert_false(value_of("table * 2").is_address);
}

static void test_locals(void **state)
{
	check("l_mem", (uint64_t)(s16)0x8382);
	check("l_mem < 0", 1);
	check("&l_mem", 0x1002);
	check("l_fixed", 0x8b8a8988);
	check("&l_fixed + 1", 0x100c);
	check("l_reg", (uint64_t)(s8)0xf0);
	check("l_value", (uint64_t)-1);
	check("l_value == -1", 1);
	check("l_const * 2", (uint64_t)-6);
	check("l_array[1]", 0x8382);
	check("*l_array", 0x8180);
	check("l_array + 1", 0x1002);
	check("l_struct", 0x1000);
	check("d[l_struct + 4]", 0x87868584);
	check("*l_ptr", 'h');
	check("l_ptr[4] == 'o' && l_ptr == \"hello\"", 1);
	check("l_void", 0x1080);
	check("*(u8 *)l_void", 'h');
	check("sizeof l_mem + sizeof(l_ptr)", 10);
	assert_int_equal(value_of("l_mem").size, 2);
	assert_true(value_of("l_struct").is_address);
	assert_true(value_of("l_array").is_address);
	assert_true(value_of("l_ptr").is_address);
	assert_false(value_of("l_fixed").is_address);
}

static void test_memory(void **state)
{
	check("*table", 0x8786858483828180);
	check("*(u8 *)table", 0x80);
	check("*(s8 *)table", (uint64_t)(s8)0x80);
	check("*(u16 *)(table + 2)", 0x8382);
	check("*((u16 *)table + 2)", 0x8584);
	check("*(2 + (u16 *)table)", 0x8584);
	check("*(int *)table < 0", 1);
	check("((u32 *)table)[1]", 0x87868584);
	check("((u32 *)table)[$rbx - 6]", 0x87868584);
	check("table[1]", 0x8f8e8d8c8b8a8988);
	check("b[table + 1]", 0x81);
	check("w[table]", 0x8180);
	check("d[table]", 0x83828180);
	check("q[table]", 0x8786858483828180);
	check("b[b + 1]", 0x91);
	check("b[table] + b[table + 1]", 0x101);
	check("phys(0)", 0x8786858483828180);
	check("phys(4, 2)", 0x8584);
	check("phys(1 + 1, 2 * 2) == 0x85848382", 1);
	check("&table[2]", 0x1010);
	check("&*table", 0x1000);
	check("&((u16 *)table)[3]", 0x1006);
	check("(u32 *)table + 2", 0x1008);
	check("&((u16 *)table)[3] - (u16 *)table", 3);
	check("(u16 *)table - &((u16 *)table)[3]", (uint64_t)-3);
	check("**(char **)(text + 0x20)", 'h');
	check("(*(char **)(text + 0x20))[1]", 'e');
	check("*(u64 *)(void *)table == *table", 1);
	check("(void *)table + 3", 0x1003);
	check("sizeof *(u16 *)0 + sizeof(b[0])", 3);
	assert_int_equal(value_of("d[table]").size, 4);
	assert_int_equal(value_of("phys(0, 1)").size, 1);

	struct machine m;
	struct expr_value v;
	struct expr_fault fault;
	struct expr_prog *prog;
	machine_init(&m);
	struct expr_env env = machine_env(&m);
	env.big_endian = true;
	assert_null(expr_compile("d[table]", &scope, &prog));
	assert_true(expr_eval(prog, &env, &v, &fault));
	assert_int_equal(v.bits, 0x80818283);
	expr_unref(prog);
}

static void test_strings(void **state)
{
	check("text == \"hello\"", 1);
	check("text == \"hell\"", 1); /* as many bytes as the literal has */
	check("text == \"hello\\0\"", 1);
	check("text == \"hell\\0\"", 0);
	check("\"world\" == text + 6", 1);
	check("text != \"jello\"", 1);
	check("*(char **)(text + 0x20) == \"hello\" && 1", 1);
	check("(text) == (\"hel\\x6co\")", 1);
}

/* The side that does not decide must not run: it would fault. */
static void test_short_circuit(void **state)
{
	check("0 && *0", 0);
	check("1 || *0", 1);
	check("0 && 1 / 0", 0);
	check("1 ? 5 : *0", 5);
	check("0 ? *0 : 6", 6);
	check("0 && *0 || 7 && 8", 1);
	check("table == 0x1000 && b[table] == 0x80 && !(1 || b[0])", 0);

	struct machine m;
	struct expr_value v;
	struct expr_fault fault;
	struct expr_prog *prog;
	machine_init(&m);
	struct expr_env env = machine_env(&m);
	assert_null(expr_compile("$rbx == 8 && b[table] && b[table + 1]", &scope, &prog));
	assert_true(expr_eval(prog, &env, &v, &fault));
	assert_int_equal(v.bits, 0);
	assert_int_equal(m.reads, 0);
	expr_unref(prog);
}

static void check_fault(const char *text, enum expr_fault_kind kind, uint64_t addr, const char *sentence)
{
	struct machine m;
	struct expr_value v;
	struct expr_fault fault = { 0 };
	struct expr_prog *prog;

	machine_init(&m);
	struct expr_env env = machine_env(&m);
	assert_null(expr_compile(text, &scope, &prog));
	assert_false(expr_eval(prog, &env, &v, &fault));
	assert_int_equal(fault.kind, kind);
	assert_int_equal(fault.addr, addr);
	_error_ struct error *err = expr_fault_error(&fault, prog, NULL);
	assert_string_equal(error_message(err), sentence);
	assert_int_equal(error_code(err), ERROR_FAULT);
	/* An environment without any callback faults instead of crashing. */
	struct expr_env empty = { 0 };
	assert_false(expr_eval(prog, &empty, &v, &fault));
	expr_unref(prog);
}

static void test_faults(void **state)
{
	check_fault("1 + *0x10", EXPR_FAULT_MEM, 0x10, "cannot read memory at 0x10");
	check_fault("q[table + 0xfc]", EXPR_FAULT_MEM, 0x10fc, "cannot read memory at 0x10fc");
	check_fault("phys(1M, 4)", EXPR_FAULT_PHYS, 0x100000,
		    "cannot read guest-physical memory at 0x100000");
	check_fault("$bad + 1", EXPR_FAULT_REG, 9, "a register of '$bad + 1' is not available here");
	check_fault("gone", EXPR_FAULT_FIELD, 7, "'gone' reads a field this event does not have");
	check_fault("5 / 0", EXPR_FAULT_DIV, 0, "division by zero in '5 / 0'");
	check_fault("5 % (table - table)", EXPR_FAULT_DIV, 0, "division by zero in '5 % (table - table)'");
	check_fault("0x10f8 == \"123456789\"", EXPR_FAULT_MEM, 0x10f8, "cannot read memory at 0x10f8");
}

static void check_error(const char *text, enum error_code code, const char *message)
{
	struct expr_prog *prog = NULL;
	_error_ struct error *err = expr_compile(text, &scope, &prog);

	assert_non_null(err);
	assert_null(prog);
	if (strcmp(error_message(err), message))
		fail_msg("got:\n%s\nwant:\n%s", error_message(err), message);
	assert_int_equal(error_code(err), code);
}

static void test_errors(void **state)
{
	check_error("", ERROR_SYNTAX, "expected an expression at the end (column 1)\n    \n    ^");
	check_error("$rax +", ERROR_SYNTAX,
		    "expected an operand after '+' (column 7)\n    $rax +\n          ^");
	check_error("1 + * 2 )", ERROR_SYNTAX,
		    "expected an operator or the end, not ')' (column 9)\n    1 + * 2 )\n            ^");
	check_error("(1 + 2", ERROR_SYNTAX,
		    "expected a ')' at the end (column 7)\n    (1 + 2\n          ^");
	check_error("1 ? 2", ERROR_SYNTAX,
		    "expected a ':' of '?' at the end (column 6)\n    1 ? 2\n         ^");
	check_error("rbx = 1", ERROR_SYNTAX,
		    "cannot assign inside an expression; == compares (column 5)\n    rbx = 1\n        ^");
	check_error("4 + nobody", ERROR_NOT_FOUND,
		    "no field, symbol or register is named 'nobody' (column 5)\n    4 + nobody\n        ^");
	check_error("$nobody", ERROR_NOT_FOUND,
		    "no register or variable is named '$nobody' (column 1)\n    $nobody\n    ^");
	check_error("$9", ERROR_NOT_FOUND, "the value history has no $9 (column 1)\n    $9\n    ^");
	check_error("12x", ERROR_SYNTAX, "not a number: '12x' (column 1)\n    12x\n    ^");
	check_error("0x", ERROR_SYNTAX, "a number without digits: '0x' (column 1)\n    0x\n    ^");
	check_error("089", ERROR_SYNTAX, "not a number: '089' (column 1)\n    089\n    ^");
	check_error("0x1ffffffffffffffff", ERROR_SYNTAX,
		    "number does not fit 64 bits: '0x1ffffffffffffffff' (column 1)\n"
		    "    0x1ffffffffffffffff\n    ^");
	check_error("1 @ 2", ERROR_SYNTAX,
		    "unexpected character: '@' (column 3)\n    1 @ 2\n      ^");
	check_error("1 + l_gone", ERROR_NOT_FOUND,
		    "'l_gone' has no value here (optimized out) (column 5)\n    1 + l_gone\n        ^");
	check_error("*l_void", ERROR_SYNTAX,
		    "what this points at has no size here; cast it, as in *(u32 *)p (column 1)\n"
		    "    *l_void\n    ^");
	check_error("&l_reg", ERROR_SYNTAX, "a register has no address (column 1)\n    &l_reg\n    ^");
	check_error("\"abc\"", ERROR_SYNTAX,
		    "a string can only be compared with == or != to an address (column 1)\n"
		    "    \"abc\"\n    ^");
	check_error("\"a\" == \"b\"", ERROR_SYNTAX,
		    "one side of a comparison with a string must be an address (column 5)\n"
		    "    \"a\" == \"b\"\n        ^");
	check_error("text == \"abc", ERROR_SYNTAX,
		    "missing the closing \": '\"abc' (column 9)\n    text == \"abc\n            ^");
	check_error("phys(0, 3)", ERROR_SYNTAX,
		    "the size must be 1, 2, 4 or 8 (column 9)\n    phys(0, 3)\n            ^");
	check_error("&$rax", ERROR_SYNTAX, "a register has no address (column 1)\n    &$rax\n    ^");
	check_error("&5", ERROR_SYNTAX,
		    "only memory and symbols have an address (column 1)\n    &5\n    ^");
	check_error("*(void *)table", ERROR_SYNTAX,
		    "what this points at has no size here; cast it, as in *(u32 *)p (column 1)\n"
		    "    *(void *)table\n    ^");
	check_error("(u8 *)1 + (u8 *)2", ERROR_SYNTAX,
		    "two pointers cannot be added (column 9)\n    (u8 *)1 + (u8 *)2\n            ^");
	check_error("(long short)1", ERROR_SYNTAX, "no such type (column 2)\n    (long short)1\n     ^");
	/* Tabs do not move the caret, bytes of UTF-8 count once, long texts are cut around the place. */
	check_error("1\t+\t)", ERROR_SYNTAX,
		    "expected an operand after '+' (column 5)\n    1 + )\n        ^");
	check_error("caf\xc3\xa9 + 1", ERROR_NOT_FOUND,
		    "no field, symbol or register is named 'caf\xc3\xa9' (column 1)\n    caf\xc3\xa9 + 1\n    ^");
}

static void test_error_window(void **state)
{
	char text[400];
	struct expr_prog *prog;

	memset(text, '-', sizeof(text));
	memcpy(text + 200, "1 )", 3);
	strcpy(text + 350, "1");
	_error_ struct error *err = expr_compile(text, &scope, &prog);
	assert_non_null(err);
	const char *line = strchr(error_message(err), '\n');
	assert_non_null(line);
	const char *caret_line = strchr(line + 1, '\n');
	assert_non_null(caret_line);
	/* The caret stands under the ')'. */
	assert_int_equal(line[strlen(caret_line) - 1], ')');
	assert_true(caret_line - line < 80);
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* @n times @open, a 1, @n times @close. */
static char *nest(unsigned n, const char *open, const char *close)
{
	char *s = calloc(1, n * (strlen(open) + strlen(close)) + 2), *p = s;

	for (unsigned i = 0; i < n; i++)
		p = stpcpy(p, open);
	*p++ = '1';
	for (unsigned i = 0; i < n; i++)
		p = stpcpy(p, close);
	return s;
}

static bool compiles(const char *text)
{
	struct machine m;
	struct expr_value v;
	struct expr_fault fault;
	struct expr_prog *prog = NULL;
	_error_ struct error *err = expr_compile(text, &scope, &prog);

	machine_init(&m);
	struct expr_env env = machine_env(&m);
	if (err) {
		assert_int_equal(error_code(err), ERROR_SYNTAX);
		return false;
	}
	expr_eval(prog, &env, &v, &fault);
	expr_unref(prog);
	return true;
}

static void test_nesting(void **state)
{
	static const struct {
		const char *open, *close;
		unsigned fits;
	} cases[] = {
		{ "(", ")", 200 }, { "-", "", 200 }, { "(1+", ")", 100 }, { "1+(", ")", 100 },
		{ "b[", "]", 200 }, { "1?1:", "", 200 }, { "1?", ":1", 200 }, { "$rbx+(", ")", 100 },
		{ "(u8)", "", 200 }, { "phys(", ")", 200 }, { "table[", "]", 200 },
		{ "sizeof ", "", 100 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_free_ char *ok = nest(cases[i].fits, cases[i].open, cases[i].close);
		_free_ char *deep = nest(600, cases[i].open, cases[i].close);
		bool fits = compiles(ok);

		if (!fits || compiles(deep))
			fail_msg("'%s...%s': %s", cases[i].open, cases[i].close,
				 fits ? "deep nesting was not refused" : "does not fit");
	}
	/* Length alone is no nesting. */
	_free_ char *chain = nest(1000, "1+", "");
	assert_true(compiles(chain));
	_free_ char *logic = nest(600, "$rbx&&", "");
	assert_true(compiles(logic));
	_free_ char *too_long = nest(3000, "1+", "");
	assert_false(compiles(too_long));
}

static void test_folding(void **state)
{
	struct expr_prog *prog;

	assert_null(expr_compile("b[table + 2 * 8 - 1] == (4 << 2)", &scope, &prog));
	_free_ char *dump = expr_dump(prog);
	assert_string_equal(dump, "  0  push 0x100f\n"
				  "  1  load u8\n"
				  "  2  push 0x10\n"
				  "  3  eq\n"
				  "  -> u32\n");
	assert_string_equal(expr_text(prog), "b[table + 2 * 8 - 1] == (4 << 2)");
	expr_unref(prog);
	assert_null(expr_compile(" port == 1 && \"h\\n\" == $rax ? (s8)$rbx : -1 ", &scope, &prog));
	_free_ char *dump2 = expr_dump(prog);
	assert_string_equal(dump2, "  0  field 0\n"
				   "  1  push 0x1\n"
				   "  2  eq\n"
				   "  3  is_true\n"
				   "  4  zero_else_pop 8\n"
				   "  5  reg 0 u64\n"
				   "  6  match \"h\\x0a\"\n"
				   "  7  is_true\n"
				   "  8  jump_zero 12\n"
				   "  9  reg 1 u64\n"
				   " 10  extend s8\n"
				   " 11  jump 13\n"
				   " 12  push 0xffffffffffffffff\n"
				   "  -> s64\n");
	assert_string_equal(expr_text(prog), "port == 1 && \"h\\n\" == $rax ? (s8)$rbx : -1");
	expr_unref(prog);
}

/* ---- prefixes and assignments ---------------------------------------------------------------- */

static void check_prefix(const char *text, const char *used, const char *rest)
{
	struct expr_prog *prog = NULL;
	const char *end = NULL;
	struct error *err = expr_compile_prefix(text, &scope, &prog, &end);

	if (err)
		fail_msg("%s: %s", text, error_message(err));
	assert_string_equal(expr_text(prog), used);
	assert_string_equal(end, rest);
	expr_unref(prog);
}

static void test_prefix(void **state)
{
	check_prefix("table if $rax == 1", "table", "if $rax == 1");
	check_prefix("  table + 4 , 12", "table + 4", ", 12");
	check_prefix("$rbx", "$rbx", "");
	check_prefix("1 2", "1", "2");
	check_prefix("table = 5", "table", "= 5");
	check_prefix("1 @@", "1", "@@");
	check_prefix("b[1] \"unclosed", "b[1]", "\"unclosed");
	struct expr_prog *prog;
	const char *end;
	_error_ struct error *err = expr_compile_prefix("if 1", &scope, &prog, &end);
	assert_int_equal(error_code(err), ERROR_NOT_FOUND);
}

struct assigned {
	struct expr_lvalue lv;
	uint64_t addr, value;
};

static struct assigned assign(const char *text)
{
	struct assigned a = { 0 };
	struct machine m;
	struct expr_prog *prog;
	struct expr_value v;
	struct expr_fault fault;
	struct error *err = expr_compile_assign(text, &scope, &a.lv, &prog);

	machine_init(&m);
	struct expr_env env = machine_env(&m);
	if (err)
		fail_msg("%s: %s", text, error_message(err));
	assert_true(expr_eval(prog, &env, &v, &fault));
	a.value = v.bits;
	if (a.lv.addr) {
		assert_true(expr_eval(a.lv.addr, &env, &v, &fault));
		a.addr = v.bits;
	}
	expr_unref(prog);
	expr_lvalue_deinit(&a.lv);
	return a;
}

static void check_no_assign(const char *text, const char *message)
{
	struct expr_lvalue lv;
	struct expr_prog *prog;
	_error_ struct error *err = expr_compile_assign(text, &scope, &lv, &prog);

	assert_non_null(err);
	if (strncmp(error_message(err), message, strlen(message)))
		fail_msg("%s: %s", text, error_message(err));
}

static void test_assign(void **state)
{
	struct assigned a = assign("$rax = 5 + 1");
	assert_int_equal(a.lv.kind, EXPR_LV_REG);
	assert_int_equal(a.lv.reg, 0);
	assert_int_equal(a.lv.size, 8);
	assert_int_equal(a.value, 6);
	a = assign("rbx += 3");
	assert_int_equal(a.lv.reg, 1);
	assert_int_equal(a.value, 10);
	a = assign("$eax |= 1");
	assert_int_equal(a.lv.reg, 2);
	assert_int_equal(a.lv.size, 4);
	assert_int_equal(a.value, 0x80001001);
	a = assign("*(u16 *)(table + 2) = $rbx");
	assert_int_equal(a.lv.kind, EXPR_LV_MEM);
	assert_int_equal(a.lv.size, 2);
	assert_int_equal(a.addr, 0x1002);
	assert_int_equal(a.value, 7);
	a = assign("d[table] &= 0xff");
	assert_int_equal(a.lv.size, 4);
	assert_int_equal(a.addr, 0x1000);
	assert_int_equal(a.value, 0x80);
	a = assign("((u8 *)table)[3] ^= 1 | 2");
	assert_int_equal(a.addr, 0x1003);
	assert_int_equal(a.value, 0x83 ^ 3);
	a = assign("b[table] -= 1 == 1");
	assert_int_equal(a.value, 0x7f);
	a = assign("phys(8, 4) = 1");
	assert_int_equal(a.lv.kind, EXPR_LV_PHYS);
	assert_int_equal(a.addr, 8);
	a = assign("$new = table");
	assert_int_equal(a.lv.kind, EXPR_LV_VAR);
	assert_string_equal(a.lv.name, "new");
	assert_int_equal(a.value, 0x1000);
	a = assign("$one += 1");
	assert_int_equal(a.lv.kind, EXPR_LV_VAR);
	assert_int_equal(a.value, 2);

	a = assign("l_mem = -2");
	assert_int_equal(a.lv.kind, EXPR_LV_MEM);
	assert_int_equal(a.lv.size, 2);
	assert_int_equal(a.addr, 0x1002);
	a = assign("l_reg += 1");
	assert_int_equal(a.lv.kind, EXPR_LV_REG);
	assert_int_equal(a.lv.reg, 3);
	assert_int_equal(a.lv.size, 1);
	assert_int_equal(a.value, (uint64_t)(s8)0xf0 + 1);
	check_no_assign("l_value = 1", "only registers, memory and $variables");
	check_no_assign("table = 5", "a symbol is its address and cannot be assigned");
	check_no_assign("5 = 5", "only registers, memory and $variables can be assigned");
	check_no_assign("rax + 1 = 5", "expected an '=', not '+'");
	check_no_assign("rax", "expected an '=' at the end");
	check_no_assign("rax =", "expected an operand after '='");
	check_no_assign("d[table] = ", "expected an operand after '='");
	check_no_assign("rax = 1 2", "expected an operator or the end, not '2'");
	check_no_assign("$new += 1", "no register or variable is named '$new'");
	check_no_assign("rax = \"x\"", "a string can only be compared");
	check_no_assign("", "expected an expression");
}

/* ---- many threads, one program ---------------------------------------------------------------- */

struct shared {
	struct expr_prog *prog;
	unsigned wrong;
};

static void *worker(void *arg)
{
	struct shared *s = arg;
	struct machine m;
	struct expr_value v;
	struct expr_fault fault;

	machine_init(&m);
	struct expr_env env = machine_env(&m);
	for (unsigned i = 0; i < 2000; i++) {
		struct expr_prog *mine = expr_ref(s->prog);

		if (!expr_eval(mine, &env, &v, &fault) || v.bits != 0x8b)
			__atomic_fetch_add(&s->wrong, 1, __ATOMIC_RELAXED);
		expr_unref(mine);
	}
	expr_unref(s->prog);
	return NULL;
}

static void test_threads(void **state)
{
	struct shared s = { 0 };
	pthread_t threads[4];

	assert_null(expr_compile("b[table + 4] + $rbx", &scope, &s.prog));
	for (unsigned i = 0; i < 4; i++) {
		expr_ref(s.prog);
		assert_int_equal(pthread_create(&threads[i], NULL, worker, &s), 0);
	}
	/* The first reference goes while the others still work. */
	expr_unref(s.prog);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(s.wrong, 0);
	expr_unref(NULL);
}

static void test_no_scope(void **state)
{
	struct expr_prog *prog;
	struct expr_value v;
	struct expr_fault fault;
	struct expr_env env = { 0 };

	assert_null(expr_compile("2 * 21", NULL, &prog));
	assert_true(expr_eval(prog, &env, &v, &fault));
	assert_int_equal(v.bits, 42);
	expr_unref(prog);
	_error_ struct error *err = expr_compile("rax", NULL, &prog);
	assert_int_equal(error_code(err), ERROR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_precedence), cmocka_unit_test(test_signs),
		cmocka_unit_test(test_own_rules), cmocka_unit_test(test_names),
		cmocka_unit_test(test_locals), cmocka_unit_test(test_memory), cmocka_unit_test(test_strings),
		cmocka_unit_test(test_short_circuit), cmocka_unit_test(test_faults),
		cmocka_unit_test(test_errors), cmocka_unit_test(test_error_window),
		cmocka_unit_test(test_nesting), cmocka_unit_test(test_folding),
		cmocka_unit_test(test_prefix), cmocka_unit_test(test_assign),
		cmocka_unit_test(test_threads), cmocka_unit_test(test_no_scope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
