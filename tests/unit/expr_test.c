/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of expressions: against the C compiler, and names and memory on a tiny machine. */
#include <pthread.h>

#include "tests/lib/expr_machine.h"
#include "tests/lib/test.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

static struct expr_value value_of(const char *text)
{
	struct machine m;
	struct expr_value v = { 0 };
	struct expr_fault fault;
	struct expr_prog *prog = NULL;

	machine_init(&m);
	struct expr_env env = machine_env(&m);
	struct error *err = expr_compile(text, &machine_scope, &prog);
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

static void test_members(void **state)
{
	check("node.half", (uint64_t)-2);
	check("node.low", 5);
	check("node.high", (uint64_t)-3);
	check("node.high < 0", 1);
	check("node.next", 0x1000);
	check("node.next->half", (uint64_t)(s16)0x8180);
	check("node.inner", 0x10d8);
	check("node.inner.in[1]", 9);
	check("node.inner.in[0] + node.inner.in[1]", 16);
	check("&node.inner.in[1]", 0x10dc);
	check("&node.next", 0x10d0);
	check("&node.next->inner", 0x1010);
	check("(*pointer)->half", (uint64_t)-2);
	check("(*pointer)->inner.in[0]", 7);
	check("*pointer == &node", 1);
	check("(&node)->low", 5);
	check("(*&node).low", 5);
	check("*node.next == 0x1000", 1);
	check("((struct node *)0x10c8)->low", 5);
	check("((node_t *)(table + 0xc8))->inner.in[1]", 9);
	check("((node_ptr)0x10c8)->low", 5);
	check("(struct node *)0x1000 + 2", 0x1030);
	check("((struct node *)0x1098)[2].low", 5);
	check("(const struct node *)0x10f8 - (struct node *)0x10c8", 2);
	check("sizeof(struct node) + sizeof(node_t *) + sizeof(half_t)", 34);
	check("sizeof node + sizeof *node.next + sizeof node.inner", 24 + 24 + 8);
	check("sizeof 'a b' + sizeof pointer + sizeof table", 2 + 8 + 8);
	check("pointer->low", 5);
	check("pointer->next->half == node.next->half", 1);
	check("sizeof(l_array)", 6);
	check("(half_t)0x12345", 0x2345);
	check("*'a b'", 0x9190); /* a variable of 2 bytes, by its type */
	check("'a b' + 1", 0x1011); /* arithmetic counts bytes */
	check("l_struct.half == *(s16 *)table", 1);
	/* Values carry their types; what is computed does not. */
	assert_int_equal(value_of("node.inner").type, 101);
	assert_true(value_of("node.inner").is_aggregate);
	assert_int_equal(value_of("*node.next").type, 100);
	assert_true(value_of("*(*pointer)").is_aggregate);
	assert_int_equal(value_of("node.next").type, 71);
	assert_false(value_of("node.next").is_aggregate);
	assert_int_equal(value_of("node.half").type, 72);
	assert_int_equal(value_of("node.half + 0").type, 0);
	assert_int_equal(value_of("node.next + 1").type, 0);
	assert_int_equal(value_of("(s16)node.half").type, 0);
	assert_int_equal(value_of("l_array").type, 70);
	assert_int_equal(value_of("l_array + 1").type, 0);
	assert_int_equal(value_of("&node.half").type, 0);
	assert_int_equal(value_of("1 ? node.next : node.next").type, 71);
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
	assert_null(expr_compile("d[table]", &machine_scope, &prog));
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
	assert_null(expr_compile("$rbx == 8 && b[table] && b[table + 1]", &machine_scope, &prog));
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
	assert_null(expr_compile(text, &machine_scope, &prog));
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

	assert_null(expr_compile("b[table + 4] + $rbx", &machine_scope, &s.prog));
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
		cmocka_unit_test(test_locals), cmocka_unit_test(test_members),
		cmocka_unit_test(test_memory), cmocka_unit_test(test_strings),
		cmocka_unit_test(test_short_circuit), cmocka_unit_test(test_faults),
		cmocka_unit_test(test_threads), cmocka_unit_test(test_no_scope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
