/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding, parsing, usage and completion of commands; rules every descriptor keeps; all output as JSON. */
#include "tests/lib/test.h"

#include <json-c/json.h>

#include "core/command/internal.h"
#include "tests/lib/fake_target.h"

static struct error *restart(struct session *s)
{
	struct target *target;
	struct error *error = fake_target_create(&target);

	return error ? error : session_set_target(s, target);
}

static struct session *create(struct out *talk)
{
	struct session *s;

	assert_ok(session_create(&s));
	s->talk = talk;
	s->wait = true;
	s->restart = restart;
	commands_register_core(s);
	fake_target_symbols(s->symbols);
	assert_ok(restart(s));
	session_poll(s);
	return s;
}

static int setup(void **state)
{
	*state = create(out_create_capture());
	return 0;
}

static int teardown(void **state)
{
	session_destroy(*state);
	return 0;
}

/* ---- find ---------------------------------------------------------------------------------------- */

static void finds(struct session *s, const char *line, const char *name, const char *args)
{
	const struct command *cmd = NULL;
	const char *rest = NULL;

	assert_ok(command_find(s, line, &cmd, &rest));
	assert_string_equal(cmd->name, name);
	assert_string_equal(rest, args);
}

static void test_find(void **state)
{
	struct session *s = *state;

	finds(s, "break main", "break", " main");
	finds(s, "  b main", "break", " main");
	finds(s, "br", "break", "");
	finds(s, "step", "step", "");		/* exact, although stepi begins so */
	finds(s, "stepi 3", "stepi", " 3");
	finds(s, "x/4xg $rsp", "x", "/4xg $rsp");
	finds(s, "info registers rip", "info registers", " rip");
	finds(s, "i r", "info registers", "");	/* gdb's alias before routes */
	finds(s, "info b", "info breakpoints", "");
	finds(s, "info lap", "info lapic", "");
	finds(s, "dump mem f 0 1", "dump memory", " f 0 1");
	finds(s, "info", "info", "");
	finds(s, "events", "events", "");
	finds(s, "events filter io", "events filter", " io");
	finds(s, "undisp 3", "undisplay", " 3");
}

static void refuses(struct session *s, const char *line, enum error_code code, const char *words)
{
	const struct command *cmd;
	const char *rest;

	assert_error(command_find(s, line, &cmd, &rest), code, words);
}

static void test_find_errors(void **state)
{
	struct session *s = *state;

	refuses(s, "brake", ERROR_NOT_FOUND, "there is no command 'brake'");
	refuses(s, "ste", ERROR_NOT_FOUND, "ambiguous: stepi, step");
	refuses(s, "info zzz", ERROR_NOT_FOUND, "there is no command 'info zzz'");
	refuses(s, "info pi", ERROR_NOT_FOUND, "ambiguous: pic, pit");
	refuses(s, "!", ERROR_NOT_FOUND, "there is no command '!'");
	assert_string_equal(command_nearest(s, "brake"), "break");
	assert_string_equal(command_nearest(s, "contineu"), "continue");
	assert_string_equal(command_nearest(s, "info regsters"), "info registers");
	assert_null(command_nearest(s, "qqqqqqqqqq"));
}

/* ---- arguments ----------------------------------------------------------------------------------- */

static const struct command sample = {
	.name = "sample", .takes_format = true,
	.args = { { .type = ARG_LOCATION, .name = "LOC", .optional = true },
		  { .type = ARG_KEYWORD, .name = "vcpu", .optional = true },
		  { .type = ARG_VCPU, .name = "N" },
		  { .type = ARG_KEYWORD, .name = "if", .optional = true },
		  { .type = ARG_EXPR, .name = "EXPR" } },
};
static const struct command words = {
	.name = "words",
	.args = { { .type = ARG_CHOICE, .name = "KIND",
		    .choices = (const char *const[]){ "alpha", "alpine", "beta", NULL } },
		  { .type = ARG_COUNT, .name = "N", .optional = true },
		  { .type = ARG_WORD, .name = "W", .optional = true, .repeat = true } },
};
static const struct command two = {
	.name = "two",
	.args = { { .type = ARG_FILE, .name = "FILE" }, { .type = ARG_EXPR, .name = "A" },
		  { .type = ARG_EXPR, .name = "B" } },
};

static void test_args(void **state)
{
	struct session *s = *state;
	struct args_owner o;

	assert_ok(args_parse(s, &sample, "/8x main vcpu 1 if $rax == 'f'", &o));
	assert_string_equal(o.args.format, "8x");
	assert_string_equal(o.args.value[0].text, "main");
	assert_int_equal(o.args.value[2].number, 1);
	assert_string_equal(o.args.value[4].text, "$rax == 'f'");
	assert_non_null(o.args.value[4].prog);
	args_deinit(&o);

	assert_ok(args_parse(s, &sample, " if 1", &o));
	assert_false(o.args.value[0].given);
	assert_false(o.args.value[2].given);
	assert_true(o.args.value[4].given);
	args_deinit(&o);

	assert_ok(args_parse(s, &sample, "", &o));
	assert_false(o.args.value[0].given);
	args_deinit(&o);

	assert_ok(args_parse(s, &words, " bet (1 + 2) \"a b\" c'd'", &o));
	assert_int_equal(o.args.value[0].number, 2);
	assert_int_equal(o.args.value[1].number, 3);
	assert_int_equal(o.args.nrepeat, 2);
	assert_string_equal(o.args.repeat[0], "a b");
	assert_string_equal(o.args.repeat[1], "cd");
	args_deinit(&o);

	assert_ok(args_parse(s, &two, " \"my file\" 0x1000 table+4", &o));
	assert_string_equal(o.args.value[0].text, "my file");
	assert_string_equal(o.args.value[1].text, "0x1000");
	assert_string_equal(o.args.value[2].text, "table+4");
	args_deinit(&o);
}

static void test_args_errors(void **state)
{
	struct session *s = *state;
	struct args_owner o;

	assert_error(args_parse(s, &sample, " main vcpu 9", &o), ERROR_NOT_FOUND, "there is no vCPU 9");
	assert_error(args_parse(s, &sample, " main if", &o), ERROR_USAGE, "sample: EXPR is missing");
	assert_error(args_parse(s, &words, "", &o), ERROR_USAGE, "words: KIND is missing");
	assert_error(args_parse(s, &words, " al", &o), ERROR_USAGE, "KIND is one of alpha, alpine, beta");
	assert_error(args_parse(s, &words, " beta -3", &o), ERROR_USAGE, "N can not be negative");
	assert_error(args_parse(s, &words, "/x beta", &o), ERROR_USAGE, "words takes no /FORMAT");
	assert_error(args_parse(s, &two, " f 1 2 3", &o), ERROR_SYNTAX, "3");
	assert_error(args_parse(s, &two, " f 1", &o), ERROR_USAGE, "two: B is missing");
}

static void test_usage(void **state)
{
	char *usage = command_usage(&sample);

	assert_string_equal(usage, "sample[/FORMAT] [LOC] [vcpu N] [if EXPR]");
	free(usage);
	usage = command_usage(&words);
	assert_string_equal(usage, "words alpha|alpine|beta [N] [W...]");
	free(usage);
}

/* ---- completion ---------------------------------------------------------------------------------- */

struct collected {
	char text[4096];
	unsigned n;
};

static void collect(void *ctx, const struct completion *c)
{
	struct collected *got = ctx;

	snprintf(got->text + strlen(got->text), sizeof(got->text) - strlen(got->text), "%s%s",
		 got->n++ ? " " : "", c->text);
}

static void completes(struct session *s, const char *line, size_t word, const char *wanted)
{
	struct collected got = { .text = "" };
	size_t at = 999;

	command_complete(s, line, strlen(line), &at, collect, &got, 100);
	assert_string_equal(got.text, wanted);
	assert_int_equal(at, word);
}

static void test_complete(void **state)
{
	struct session *s = *state;

	completes(s, "con", 0, "condition continue");
	completes(s, "stepi; fin", 7, "find findp finish");
	completes(s, "info reg", 5, "registers");
	completes(s, "i reg", 2, "registers");
	completes(s, "info e", 5, "esb events exits");
	completes(s, "break lea", 6, "leaf");
	completes(s, "break main if cou", 14, "counter");
	completes(s, "break leaf i", 11, "if isr_default");
	completes(s, "x/4xg $rs", 6, "$rsi $rsp");
	completes(s, "x/2i mai", 5, "main");
	completes(s, "info registers ri", 15, "rip");
	completes(s, "vcpu ", 5, "0 1");
	completes(s, "set list", 4, "listsize");
	completes(s, "show dis", 5, "disassembly-flavor");
	completes(s, "catch mm", 6, "mmio");
	completes(s, "help expr", 5, "expressions");
	completes(s, "add-symbol-file tests/unit/command_t", 16, "tests/unit/command_test.c");
	completes(s, "print mess", 6, "message");
	completes(s, "zzz ", 3, "");
	completes(s, "echo \"a;b", 5, "");
}

static void test_complete_bounded(void **state)
{
	struct collected got = { .text = "" };
	size_t at;

	command_complete(*state, "", 0, &at, collect, &got, 3);
	assert_int_equal(got.n, 3);
	assert_int_equal(at, 0);
}

/* ---- every descriptor ---------------------------------------------------------------------------- */

static void check_name(const char *name)
{
	if (!strcmp(name, "?")) /* a word of its own: `?` is help */
		return;
	assert_true(*name >= 'a' && *name <= 'z');
	for (const char *p = name; *p; p++)
		assert_true(command_word_char(*p) || *p == ' ');
}

static void test_descriptors(void **state)
{
	struct session *s = *state;

	for (size_t i = 0; i < s->commands.len; i++) {
		const struct command *cmd = s->commands.data[i];
		const struct command *found;
		const char *rest;

		check_name(cmd->name);
		assert_non_null(cmd->run);
		assert_non_null(cmd->group);
		assert_non_null(cmd->summary);
		assert_true(*cmd->summary);
		if (cmd->summary[strlen(cmd->summary) - 1] == '.')
			fail_msg("the summary of %s ends with a full stop", cmd->name);
		assert_ok(command_find(s, cmd->name, &found, &rest));
		assert_ptr_equal(found, cmd);
		for (const char *const *a = cmd->aliases; a && *a; a++) {
			check_name(*a);
			assert_ok(command_find(s, *a, &found, &rest));
			if (found != cmd)
				fail_msg("'%s' is said to be %s and is %s", *a, cmd->name, found->name);
		}
		for (const char *const *e = cmd->examples; e && *e; e++)
			if (strlen(*e) > 76)
				fail_msg("an example of %s is too long to be shown", cmd->name);
		/* Help is shown two columns in, on 80. */
		for (const char *p = cmd->help; p && *p; p += strcspn(p, "\n") + (p[strcspn(p, "\n")] == '\n'))
			if (strcspn(p, "\n") > 100)
				fail_msg("help of %s has too long a line", cmd->name);
	}
}

/* ---- JSON ---------------------------------------------------------------------------------------- */

static unsigned check_json(FILE *stream)
{
	char *line = NULL;
	size_t cap = 0;
	unsigned n = 0;

	rewind(stream);
	while (getline(&line, &cap, stream) > 0) {
		struct json_object *object = json_tokener_parse(line), *type;

		if (!object || !json_object_is_type(object, json_type_object) ||
		    !json_object_object_get_ex(object, "type", &type))
			fail_msg("not an object with a type: %s", line);
		json_object_put(object);
		n++;
	}
	free(line);
	return n;
}

/* Whatever commands print is one object a line. */
static void test_json(void **state)
{
	struct session *all = *state;
	unsigned lines = 0;

	for (size_t i = 0; i < all->commands.len; i++) {
		const char *const *e = all->commands.data[i]->examples;

		for (; e && *e; e++) {
			FILE *stream = tmpfile();
			struct session *s = create(out_create_json(stream));

			assert_ok(command_run(s, *e, s->talk));
			out_flush(s->talk);
			lines += check_json(stream);
			session_destroy(s);
			fclose(stream);
		}
	}
	assert_true(lines > 500);
}

/* ---- runs without waiting ------------------------------------------------------------------------ */

static char *output(struct session *s)
{
	char *text = out_capture_string(s->talk);

	out_capture_clear(s->talk);
	return text;
}

/* At a prompt nobody waits: what follows a run on its line is run after the stop. */
static void test_queue(void **state)
{
	struct session *s = *state;
	char *text;

	s->wait = false;
	free(output(s));
	assert_ok(command_run(s, "break leaf; continue; print $rdi; stepi; print 42", s->talk));
	assert_true(s->running);
	while (s->running)
		session_poll(s);
	text = output(s);
	assert_non_null(strstr(text, "hit breakpoint 1"));
	assert_non_null(strstr(text, "$1 = 3"));
	assert_non_null(strstr(text, "$2 = 42"));
	assert_int_equal(s->queue.len, 0);
	free(text);
}

static void test_queue_interrupted(void **state)
{
	struct session *s = *state;
	char *text;

	s->wait = false;
	assert_ok(command_run(s, "set $rip = spin; continue; print 42", s->talk));
	session_poll(s);
	assert_true(s->running);
	assert_error(command_run(s, "stepi", s->talk), ERROR_STATE, "needs a stopped guest");
	assert_ok(session_interrupt(s));
	session_poll(s);
	assert_false(s->running);
	text = output(s);
	assert_non_null(strstr(text, "interrupted"));
	assert_null(strstr(text, "42"));
	free(text);
}

/* A breakpoint that goes on by itself ends when the user wants control, whichever stop came first. */
static void test_interrupt_loop(void **state)
{
	struct session *s = *state;
	char *text;

	s->wait = false;
	assert_ok(command_run(s, "break leaf", s->talk));
	assert_ok(command_run(s, "commands; silent; continue; end", s->talk));
	assert_ok(command_run(s, "continue", s->talk));
	free(output(s));
	assert_ok(session_interrupt(s)); /* the fake has stopped at the breakpoint already */
	session_poll(s);
	assert_false(s->running);
	text = output(s);
	assert_non_null(strstr(text, "hit breakpoint 1"));
	free(text);
	assert_ok(command_run(s, "continue", s->talk)); /* and is as before afterwards */
	/* One poll lasts a while only: on a slow machine the rest of the hits come with the next. */
	for (unsigned i = 0; i < 1000 && s->last_stop.reason != STOP_GUEST_EXIT; i++)
		session_poll(s);
	assert_int_equal(s->last_stop.reason, STOP_GUEST_EXIT);
}

static void test_repeat(void **state)
{
	struct session *s = *state;

	assert_null(command_repeat_line(s));
	assert_ok(command_run(s, "stepi 2", s->talk));
	assert_string_equal(command_repeat_line(s), "stepi 2");
	assert_ok(command_run(s, "x/2xg table", s->talk));
	assert_string_equal(command_repeat_line(s), "x/2xg");
	assert_ok(command_run(s, "info vcpus", s->talk));
	assert_null(command_repeat_line(s));
}

static void test_collect(void **state)
{
	struct session *s = *state;

	assert_ok(command_run(s, "break leaf", s->talk));
	assert_ok(command_run(s, "commands", s->talk));
	assert_int_equal(s->collect, 1);
	assert_ok(command_run(s, "this is not checked yet", s->talk));
	assert_ok(command_run(s, "end", s->talk));
	assert_int_equal(s->collect, 0);
	assert_error(command_run(s, "continue", s->talk), ERROR_NOT_FOUND, "there is no command 'this'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_find, setup, teardown),
		cmocka_unit_test_setup_teardown(test_find_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_args, setup, teardown),
		cmocka_unit_test_setup_teardown(test_args_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_usage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_complete, setup, teardown),
		cmocka_unit_test_setup_teardown(test_complete_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queue, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queue_interrupted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupt_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeat, setup, teardown),
		cmocka_unit_test_setup_teardown(test_collect, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
