/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Variables of a real process stopped in a callee: found by unwinding, read and shown by their types. */
#include "core/arch/x86_64.h"
#include "core/base/text.h"
#include "core/symbols/unwind.h"
#include "core/symbols/vars.h"
#include "tests/lib/process.h"
#include "tests/lib/test.h"

static struct symbols *load(void)
{
	_free_ char *path = fixture_path("vars.elf");
	struct symbols *syms = symbols_create();
	size_t n;

	assert_ok(symbols_load_elf(syms, path, 0, &n));
	return syms;
}

static uint64_t addr_of(const struct symbols *syms, const char *name)
{
	struct symbol sym;

	assert_true(symbols_by_name(syms, name, &sym));
	return sym.addr;
}

static bool count(void *ctx, const struct variable *var)
{
	++*(unsigned *)ctx;
	return true;
}

static void test_nothing(void **state)
{
	struct symbols *syms = load(), *none = symbols_create();
	struct variable var;
	unsigned n = 0;

	assert_false(symbols_each_variable(syms, &arch_x86_64, 0x10, count, &n));
	assert_false(symbols_each_variable(none, &arch_x86_64, addr_of(syms, "stop"), count, &n));
	assert_false(symbols_variable(syms, &arch_x86_64, addr_of(syms, "stop"), "nobody", &var));
	assert_int_equal(n, 0);
	symbols_destroy(none);
	symbols_destroy(syms);
}

/* ---- types ----------------------------------------------------------------------------------- */

static void test_types(void **state)
{
	struct symbols *syms = load();
	struct variable_type type, node;
	struct type_member member;
	char buf[128];

	assert_true(symbols_type_by_name(syms, "struct node", &node));
	assert_int_equal(node.kind, TYPE_STRUCT);
	assert_int_equal(node.size, 16);
	assert_int_equal(node.target, node.self);
	assert_true(symbols_type_by_name(syms, "node_t", &type));
	assert_int_equal(type.target, node.self);
	assert_string_equal(symbols_type_name(syms, type.self, buf, sizeof(buf)), "node_t");
	assert_true(symbols_type_by_name(syms, "enum color", &type));
	assert_int_equal(type.kind, TYPE_INTEGER);
	assert_false(symbols_type_is_number(syms, type.self));
	assert_true(symbols_type_by_name(syms, "int", &type));
	assert_true(symbols_type_is_number(syms, type.self));
	assert_false(symbols_type_by_name(syms, "struct nobody", &type));
	assert_false(symbols_type_by_name(syms, "struct elsewhere", &type));
	assert_false(symbols_type_by_name(syms, "node", &type));
	assert_false(symbols_type_by_name(syms, "", &type));

	assert_true(symbols_type_member(syms, node.self, "value", &member));
	assert_int_equal(member.offset, 8);
	assert_int_equal(member.bit_size, 0);
	assert_true(member.type.is_signed);
	assert_true(symbols_type_member(syms, node.self, "next", &member));
	assert_int_equal(member.type.kind, TYPE_POINTER);
	assert_int_equal(member.type.target, node.self);
	assert_int_equal(member.type.span, 16);
	assert_false(symbols_type_member(syms, node.self, "nobody", &member));
	assert_false(symbols_type_member(syms, 0, "next", &member));
	assert_false(symbols_type_member(syms, ~0ULL, "next", &member));
	assert_false(symbols_type_member(syms, node.self + 1, "next", &member));

	assert_true(symbols_type_by_name(syms, "struct flags", &type));
	assert_true(symbols_type_member(syms, type.self, "middle", &member));
	assert_int_equal(member.offset, 0);
	assert_int_equal(member.bit_shift, 3);
	assert_int_equal(member.bit_size, 7);
	assert_true(symbols_type_member(syms, type.self, "second", &member));
	assert_int_equal(member.offset, 6);
	_free_ char *layout = symbols_type_layout(syms, type.self);
	assert_string_equal(layout, "  +0x0     unsigned int low : 3 (bits 0 to 2)\n"
				    "  +0x0     int middle : 7 (bits 3 to 9)\n"
				    "  +0x0     unsigned int high : 22 (bits 10 to 31)\n"
				    "  +0x4     union:\n"
				    "  +0x4       unsigned char [4] bytes\n"
				    "  +0x4       struct:\n"
				    "  +0x4         short unsigned int first\n"
				    "  +0x6         short unsigned int second\n"
				    "  +0x8     enum color color\n"
				    "  +0x10    struct elsewhere * unknown\n"
				    "  +0x18    int [2][3] grid\n"
				    "  +0x30    double real\n");

	assert_true(symbols_type_of_object(syms, addr_of(syms, "nodes"), &type));
	assert_int_equal(type.kind, TYPE_ARRAY);
	assert_int_equal(type.target, node.self);
	assert_int_equal(type.size, 48);
	assert_false(symbols_type_of_object(syms, addr_of(syms, "nodes") + 1, &type));
	assert_true(symbols_type_of_object(syms, addr_of(syms, "matrix"), &type));
	assert_string_equal(symbols_type_name(syms, type.self, buf, sizeof(buf)), "int [2][2]");
	assert_int_equal(type.element_size, 0);
	symbols_destroy(syms);
}

struct fixture {
	struct process process;
	struct symbols *syms;
	struct unwind_frame caller; /* of stop() */
};

/* Goes on to the next call of stop() and takes its caller's frame. */
static void run_to_stop(struct fixture *p)
{
	struct mem_reader mem = process_reader(&p->process);
	struct regs regs;

	process_run_to(&p->process, addr_of(p->syms, "stop"));
	process_regs(&p->process, &regs);
	unwind_start(&p->caller, &regs);
	assert_true(unwind_caller(p->syms, &mem, &p->caller));
}

struct listing {
	struct fixture *p;
	struct text text;
};

static bool list_one(void *ctx, const struct variable *var)
{
	struct listing *l = ctx;
	struct mem_reader mem = process_reader(&l->p->process);
	char type[64], value[512];

	/* Addresses of stacks differ from run to run. */
	variable_format(var, l->p->syms, &l->p->caller.regs, &mem, value, sizeof(value));
	for (char *s = value; (s = strstr(s, "0x7f"));) {
		char *end = s + 2 + strspn(s + 2, "0123456789abcdef");

		memmove(s + 2, end, strlen(end) + 1);
		memcpy(s, "SP", 2);
	}
	text_printf(&l->text, "%s%s %s = %s\n", var->is_parameter ? "arg " : "",
		    symbols_type_name(l->p->syms, var->type.self, type, sizeof(type)), var->name, value);
	return true;
}

static void check_listing(struct fixture *p, const char *want)
{
	struct listing l = { .p = p };

	run_to_stop(p);
	assert_true(symbols_each_variable(p->syms, &arch_x86_64, p->caller.frame.pc - 1, list_one, &l));
	if (strcmp(text_str(&l.text), want))
		fail_msg("got:\n%s\nexpected:\n%s", text_str(&l.text), want);
	text_deinit(&l.text);
}

static void check_types(struct fixture *p)
{
	struct variable var;
	uint64_t addr, pc = p->caller.frame.pc - 1;
	int first;
	struct mem_reader mem = process_reader(&p->process);

	assert_true(symbols_variable(p->syms, &arch_x86_64, pc, "table", &var));
	assert_int_equal(var.type.kind, TYPE_ARRAY);
	assert_int_equal(var.type.size, 80);
	assert_int_equal(var.type.depth, 1);
	assert_int_equal(var.type.element_size, 4);
	assert_true(var.type.element_signed);
	assert_int_equal(var.line, 44);
	assert_true(variable_address(&var, &p->caller.regs, &addr));
	assert_true(mem.virt(mem.ctx, addr, &first, sizeof(first)));
	assert_int_equal(first, 1);
	assert_true(symbols_variable(p->syms, &arch_x86_64, pc, "at_at", &var));
	assert_int_equal(var.type.kind, TYPE_POINTER);
	assert_int_equal(var.type.depth, 2);
	assert_int_equal(var.type.element_size, 4);
	assert_true(symbols_variable(p->syms, &arch_x86_64, pc, "list", &var));
	assert_int_equal(var.type.depth, 1);
	assert_int_equal(var.type.element_size, 0);
	assert_true(var.is_parameter);
	/* A variable of a frame whose registers are not known has no address. */
	struct regs unknown;
	char buf[64];
	regs_init(&unknown, &arch_x86_64);
	assert_false(variable_address(&var, &unknown, &addr));
	assert_non_null(strstr(variable_format(&var, p->syms, &unknown, &mem, buf, sizeof(buf)),
			       "is not known in this frame"));
	/* Short buffers are cut. */
	assert_true(symbols_variable(p->syms, &arch_x86_64, pc, "table", &var));
	assert_string_equal(variable_format(&var, p->syms, &p->caller.regs, &mem, buf, 6), "{1, 2");
}

static void check_process(struct fixture *p)
{
	check_listing(p, "int i = 77\n"
			 "int inner = 3\n"
			 "arg signed char tiny = -3\n"
			 "arg short unsigned int small = 65000\n"
			 "arg int number = -100000\n"
			 "arg long unsigned int big = 1099511627776\n"
			 "arg char letter = 120 'x'\n"
			 "int kept = 10\n"
			 "const long int negative = -5\n"
			 "volatile byte bits = 200\n"
			 "_Bool yes = 1\n");
	check_listing(p, "arg const char * name = 0x402000 \"hello\\x0a\"\n"
			 "arg node_t * list = SP\n"
			 "arg void (*)() fn = 0x401000 <stop>\n"
			 "int [20] table = {1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...}\n"
			 "char [8] word = \"words\"\n"
			 "node_t local = {next = SP, value = -7, tag = {1, 2, 3, 4}}\n"
			 "enum color color = GREEN (5)\n"
			 "enum color odd = 3\n"
			 "union either either = {number = 26984, text = \"hi\"}\n"
			 "double real = 2.5\n"
			 "float half = -0.5\n"
			 "int * at = SP\n"
			 "int ** at_at = SP\n"
			 "void * nowhere = 0x0\n"
			 "const node_t *const fixed = SP\n");
	check_types(p);
	check_listing(p, "arg int argument = -7464\n"
			 "arg int unused = <optimized out>\n"
			 "int sum = -7463\n"
			 "int constant = 1234\n");
}
static void test_real_process(void **state)
{
	struct fixture p = { 0 };

	if (!process_start(&p.process, "vars.elf"))
		skip();
	p.syms = load();
	check_process(&p);
	process_kill(&p.process);
	symbols_destroy(p.syms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_real_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
