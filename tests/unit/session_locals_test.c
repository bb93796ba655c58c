/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames and C variables through commands, on a fixture that runs as a process. */
#include "core/command/command.h"
#include "tests/lib/process.h"
#include "tests/lib/test.h"

struct state {
	struct process process;
	struct session *session;
	struct out *out;
};

/* Goes on to the next call of stop(), as a stop of the session. */
static void next_stop(struct state *t)
{
	struct symbol stop;

	assert_true(symbols_by_name(t->session->symbols, "stop", &stop));
	process_run_to(&t->process, stop.addr);
	t->session->frame = 0;
	session_invalidate(t->session);
}

static int setup(void **state)
{
	struct state *t = xcalloc(1, sizeof(*t));
	_free_ char *path = fixture_path("vars.elf");
	size_t n;

	*state = t;
	if (!process_start(&t->process, "vars.elf")) {
		free(t);
		*state = NULL;
		return 0;
	}
	assert_ok(session_create(&t->session));
	commands_register_core(t->session);
	assert_ok(symbols_load_elf(t->session->symbols, path, 0, &n));
	t->out = out_create_capture();
	t->session->talk = out_create_capture();
	assert_ok(session_set_target(t->session, process_target_create(&t->process)));
	next_stop(t);
	return 0;
}

static int teardown(void **state)
{
	struct state *t = *state;

	if (!t)
		return 0;
	session_destroy(t->session);
	out_destroy(t->out);
	process_kill(&t->process);
	free(t);
	return 0;
}

static struct state *need(void **state)
{
	if (!*state)
		skip();
	return *state;
}

/* Runs @line; what it prints must be @want, or its error must contain it. */
static void check(struct state *t, const char *line, const char *want)
{
	struct error *err = command_run(t->session, line, t->out);

	if (err) {
		if (!*want || !strstr(error_message(err), want))
			fail_msg("%s: %s", line, error_message(err));
		error_destroy(err);
		out_capture_clear(t->out);
		return;
	}
	_free_ char *got = out_capture_string(t->out);
	out_capture_clear(t->out);
	if (*want && strcmp(got, want))
		fail_msg("%s: got\n%s\nexpected\n%s", line, got, want);
}

static uint64_t eval(struct state *t, const char *text)
{
	struct expr_value v = { 0 };
	struct error *err = session_eval(t->session, text, &v);

	if (err)
		fail_msg("%s: %s", text, error_message(err));
	return v.bits;
}

static void test_frames(void **state)
{
	struct state *t = need(state);
	struct frame frame;
	bool exists;

	/* stop() at its first instruction has no frame yet; its caller is found all the same. */
	check(t, "info locals", "the function has no variables here\n");
	assert_ok(session_frame(t->session, 2, &frame, &exists));
	assert_true(exists);
	assert_ok(session_frame(t->session, 3, &frame, &exists));
	assert_false(exists);
	check(t, "up", "");
	assert_int_equal(t->session->frame, 1);
	assert_int_equal(eval(t, "$pc"), eval(t, "$rip"));
	check(t, "info args", "signed char tiny = -3\n"
			      "short unsigned int small = 65000\n"
			      "int number = -100000\n"
			      "long unsigned int big = 1099511627776\n"
			      "char letter = 120 'x'\n");
	check(t, "up", "");
	check(t, "info args", "the function has no parameters here\n");
	assert_int_equal(eval(t, "d[node + 8]"), 11);
}

static void test_values(void **state)
{
	struct state *t = need(state);

	check(t, "frame 1", "");
	assert_int_equal(eval(t, "tiny"), (uint64_t)-3);
	assert_int_equal(eval(t, "small + 1"), 65001);
	assert_int_equal(eval(t, "number < 0 && big == 1024G / 1"), 1);
	assert_int_equal(eval(t, "letter == 'x'"), 1);
	/* The inner i hides the outer one. */
	assert_int_equal(eval(t, "i"), 77);
	assert_int_equal(eval(t, "*&i"), 77);
	/* Without a frame that has them, names are symbols or nothing. */
	check(t, "frame 0", "");
	check(t, "print tiny", "no symbol or register is named 'tiny'");
	assert_int_equal(eval(t, "d[global]"), 42);
}

static void test_assignment(void **state)
{
	struct state *t = need(state);

	check(t, "frame 1", "");
	check(t, "set number = 7", "");
	assert_int_equal(eval(t, "number"), 7);
	check(t, "set number -= 8", "");
	assert_int_equal(eval(t, "number"), (uint64_t)-1);
	check(t, "set number = -100000", "");
}

static void test_aggregates(void **state)
{
	struct state *t = need(state);

	next_stop(t);
	check(t, "up", "");
	assert_int_equal(eval(t, "table[2]"), 3);
	assert_int_equal(eval(t, "*at == table[1] && at == &table[1]"), 1);
	assert_int_equal(eval(t, "**at_at"), 2);
	assert_int_equal(eval(t, "name == \"hello\""), 1);
	assert_int_equal(eval(t, "name[4]"), 'o');
	assert_int_equal(eval(t, "word == \"words\\0\""), 1);
	assert_int_equal(eval(t, "d[local + 8]"), (uint32_t)-7);
	assert_int_equal(eval(t, "local.value"), (uint64_t)-7);
	assert_int_equal(eval(t, "local.next == list && list->value == 11 && fixed->tag == \"abc\""), 1);
	assert_int_equal(eval(t, "either.number == 0x6968 && either.text[1] == 'i'"), 1);
	assert_int_equal(eval(t, "sizeof table + sizeof local"), 96);
	assert_int_equal(eval(t, "color"), 5);
	assert_int_equal(eval(t, "fn == stop"), 1);
	assert_int_equal(eval(t, "nowhere == 0 && !nowhere"), 1);
	assert_int_equal(eval(t, "q[real]"), 0x4004000000000000);
}

static void test_registers(void **state)
{
	struct state *t = need(state);

	next_stop(t);
	check(t, "up", "");
	/* argument lives in a register the callee must keep, sum is computed from it. */
	assert_int_equal(eval(t, "argument"), (uint64_t)-7464);
	assert_int_equal(eval(t, "sum - argument"), 1);
	assert_int_equal(eval(t, "constant"), 1234);
	check(t, "print unused", "'unused' has no value here (optimized out)");
	assert_int_equal(eval(t, "$rsp != 0"), 1);
}

/* Variables with a symbol: it is their address, and their type tells what is there. */
static void test_globals(void **state)
{
	struct state *t = need(state);

	assert_int_equal(eval(t, "*narrow"), 0xfffe);
	assert_int_equal(eval(t, "*global == d[global]"), 1);
	assert_int_equal(eval(t, "flags.low"), 5);
	assert_int_equal(eval(t, "flags.middle"), (uint64_t)-3);
	assert_int_equal(eval(t, "flags.high"), 1000);
	assert_int_equal(eval(t, "flags.first == 0x4241 && flags.bytes[2] == 'C'"), 1);
	assert_int_equal(eval(t, "flags.color == 6"), 1);
	assert_int_equal(eval(t, "nodes[1].value"), 20);
	assert_int_equal(eval(t, "head->next->next->value"), 30);
	assert_int_equal(eval(t, "nodes[0].next - &nodes[0]"), 1);
	assert_int_equal(eval(t, "((node_t *)(nodes + 16))->value"), 20);
	assert_int_equal(eval(t, "((struct node *)nodes)[2].tag[0]"), 'c');
	assert_int_equal(eval(t, "sizeof nodes / sizeof(struct node)"), 3);
	check(t, "print nodes[2]", "$1 = {next = 0x0, value = 30, tag = \"c\"}\n");
	check(t, "print flags.color", "$2 = BLUE (6)\n");
	check(t, "print/d flags.color", "$3 = 6\n");
	check(t, "print head->value", "$4 = 10 (0xa)\n");
	check(t, "print matrix[1]", "what this points at has no size here");
	check(t, "print flags.unknown->x", "'x' needs a structure or a pointer to one before it");
	check(t, "ptype head", "struct node *, 8 bytes; struct node, 16 bytes\n"
			       "  +0x0     struct node * next\n"
			       "  +0x8     int value\n"
			       "  +0xc     byte [4] tag\n");
	check(t, "ptype nodes[1].value", "int, 4 bytes\n");
	check(t, "whatis node_t", "node_t, 16 bytes; struct node, 16 bytes\n"
				  "  +0x0     struct node * next\n"
				  "  +0x8     int value\n"
				  "  +0xc     byte [4] tag\n");
	check(t, "ptype 1 + 1", "no C type is known for '1 + 1'");
	check(t, "set head->next->value = 21", "");
	assert_int_equal(eval(t, "nodes[1].value"), 21);
	check(t, "set *narrow = 7", "");
	assert_int_equal(eval(t, "*narrow"), 7);
}

/* A condition is compiled for its place, wherever the guest is now. */
static void test_scopes(void **state)
{
	struct state *t = need(state);
	struct session *s = t->session;
	struct expr_prog *prog;
	struct expr_scope scope;
	uint64_t pc;

	check(t, "frame 0", "");
	assert_ok(session_location(s, "main.c:28", &pc));
	scope = session_scope_at(s, pc);
	assert_ok(expr_compile("number == 3 && yes", &scope, &prog));
	_free_ char *dump = expr_dump(prog);
	/* Both are found by the frame pointer. */
	assert_non_null(strstr(dump, "load s32"));
	assert_non_null(strstr(dump, "load u8"));
	expr_unref(prog);
	scope = session_scope(s);
	assert_error(expr_compile("number == 3", &scope, &prog), ERROR_NOT_FOUND, "'number'");
	/* Through the command: parsed for the location; no one place for a watchpoint's condition. */
	assert_ok(command_check(s, "break main.c:28 if number == 3"));
	assert_error(command_check(s, "break main.c:28 if argument == 3"), ERROR_NOT_FOUND, "'argument'");
	assert_error(command_check(s, "watch global if number == 3"), ERROR_NOT_FOUND, "'number'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),	    cmocka_unit_test(test_values),
		cmocka_unit_test(test_assignment),  cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_globals),
		cmocka_unit_test(test_aggregates),  cmocka_unit_test(test_registers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
