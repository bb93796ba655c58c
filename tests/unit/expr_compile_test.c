/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What compiles and what does not: errors and their places, bounds, folding, prefixes, assignments. */
#include "tests/lib/expr_machine.h"
#include "tests/lib/test.h"

typedef int8_t s8;

static void check_error(const char *text, enum error_code code, const char *message)
{
	struct expr_prog *prog = NULL;
	_error_ struct error *err = expr_compile(text, &machine_scope, &prog);

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
	check_error("node.nobody + 1", ERROR_NOT_FOUND,
		    "no member is named 'nobody' (column 5)\n    node.nobody + 1\n        ^");
	check_error("nobody.half", ERROR_NOT_FOUND,
		    "no field, symbol or register is named 'nobody.half' (column 1)\n"
		    "    nobody.half\n    ^");
	check_error("rax->half", ERROR_SYNTAX,
		    "'half' needs a structure or a pointer to one before it (column 6)\n"
		    "    rax->half\n         ^");
	check_error("pointer.half", ERROR_SYNTAX,
		    "'half' needs a structure or a pointer to one before it (column 8)\n"
		    "    pointer.half\n           ^");
	check_error("node->5", ERROR_SYNTAX,
		    "expected the name of a member, not '5' (column 7)\n    node->5\n          ^");
	check_error("node.", ERROR_SYNTAX,
		    "expected the name of a member, not '.' (column 5)\n    node.\n        ^");
	check_error("node.odd", ERROR_SYNTAX,
		    "'odd' is an odd bit field (column 5)\n    node.odd\n        ^");
	check_error("l_struct[1]", ERROR_SYNTAX,
		    "a structure has no elements (column 9)\n    l_struct[1]\n            ^");
	check_error("(struct nobody *)1", ERROR_NOT_FOUND,
		    "the debug info defines no 'struct nobody' (column 2)\n    (struct nobody *)1\n     ^");
	check_error("(struct node)1", ERROR_SYNTAX,
		    "cast a pointer to it, as in (struct x *)p (column 2)\n    (struct node)1\n     ^");
	check_error("&node.low", ERROR_SYNTAX,
		    "only memory and symbols have an address (column 1)\n    &node.low\n    ^");
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
	_error_ struct error *err = expr_compile(text, &machine_scope, &prog);
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
	_error_ struct error *err = expr_compile(text, &machine_scope, &prog);

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

	assert_null(expr_compile("b[table + 2 * 8 - 1] == (4 << 2)", &machine_scope, &prog));
	_free_ char *dump = expr_dump(prog);
	assert_string_equal(dump, "  0  push 0x100f\n"
				  "  1  load u8\n"
				  "  2  push 0x10\n"
				  "  3  eq\n"
				  "  -> u32\n");
	assert_string_equal(expr_text(prog), "b[table + 2 * 8 - 1] == (4 << 2)");
	expr_unref(prog);
	assert_null(expr_compile(" port == 1 && \"h\\n\" == $rax ? (s8)$rbx : -1 ", &machine_scope, &prog));
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
	struct error *err = expr_compile_prefix(text, &machine_scope, &prog, &end);

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
	_error_ struct error *err = expr_compile_prefix("if 1", &machine_scope, &prog, &end);
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
	struct error *err = expr_compile_assign(text, &machine_scope, &a.lv, &prog);

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
	_error_ struct error *err = expr_compile_assign(text, &machine_scope, &lv, &prog);

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
	a = assign("node.next->half = 3");
	assert_int_equal(a.lv.kind, EXPR_LV_MEM);
	assert_int_equal(a.lv.size, 2);
	assert_int_equal(a.addr, 0x1000);
	a = assign("*'a b' += 1");
	assert_int_equal(a.lv.size, 2);
	assert_int_equal(a.addr, 0x1010);
	assert_int_equal(a.value, 0x9191);
	check_no_assign("node.low = 1", "only registers, memory and $variables");
	check_no_assign("l_struct = 1", "only registers, memory and $variables");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors), cmocka_unit_test(test_error_window),
		cmocka_unit_test(test_nesting), cmocka_unit_test(test_folding),
		cmocka_unit_test(test_prefix), cmocka_unit_test(test_assign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
