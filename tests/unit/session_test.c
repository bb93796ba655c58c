/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Formats, options, event filters, locations and the life of stop conditions. */
#include "tests/lib/test.h"

#include "core/command/command.h"
#include "core/session/examine.h"
#include "core/session/filter.h"
#include "core/session/options.h"
#include "tests/lib/fake_target.h"

static int setup(void **state)
{
	struct target *target;
	struct session *s;

	assert_ok(session_create(&s));
	s->talk = out_create_capture();
	fake_target_symbols(s->symbols);
	assert_ok(fake_target_create(&target));
	assert_ok(session_set_target(s, target));
	session_poll(s);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	session_destroy(*state);
	return 0;
}

/* ---- formats ------------------------------------------------------------------------------------- */

static void test_format_parse(void **state)
{
	struct format f;

	assert_ok(format_parse("", &f));
	assert_int_equal(f.count, 1);
	assert_false(f.has_count);
	assert_ok(format_parse("12xg", &f));
	assert_int_equal(f.count, 12);
	assert_int_equal(f.letter, 'x');
	assert_int_equal(f.unit, 'g');
	assert_ok(format_parse("bx", &f));
	assert_int_equal(f.unit, 'b');
	assert_ok(format_parse("65536c", &f));
	assert_error(format_parse("65537c", &f), ERROR_USAGE, "at most 65536");
	assert_error(format_parse("99999999999999999999x", &f), ERROR_USAGE, "at most 65536");
	assert_error(format_parse("-1x", &f), ERROR_USAGE, "negative");
	assert_error(format_parse("4y", &f), ERROR_USAGE, "'y'");
	assert_error(format_parse("x\x01", &f), ERROR_USAGE, "'?'");
}

static void shows(char letter, uint64_t bits, unsigned size, bool is_signed, const char *wanted)
{
	struct expr_value v = { .bits = bits, .size = size, .is_signed = is_signed };
	char buf[80];

	assert_string_equal(format_value(letter, v, buf, sizeof(buf)), wanted);
}

static void test_format_value(void **state)
{
	shows('x', 0xffffffffffffff80, 1, true, "0x80");
	shows('x', 0x1234, 8, false, "0x1234");
	shows('z', 0x12, 2, false, "0x0012");
	shows('d', 0xff, 1, false, "-1");
	shows('d', ~0ull, 8, false, "-1");
	shows('u', ~0ull, 4, true, "4294967295");
	shows('o', 0, 4, false, "0");
	shows('o', 511, 4, false, "0777");
	shows('t', 0, 1, false, "0");
	shows('t', 0x8000000000000001, 8, false,
	      "1000000000000000000000000000000000000000000000000000000000000001");
	shows('c', 'A', 1, false, "65 'A'");
	shows('c', '\'', 1, false, "39 '\\''");
	shows('c', 0xff, 1, true, "-1 '\\377'");
	shows('c', 0, 8, false, "0 '\\000'");
	shows('f', 0x3fc00000, 4, false, "1.5");
	shows('f', 0x4000000000000000, 8, false, "2");
	shows('f', 7, 2, false, "7");
	shows(0, (uint64_t)-5, 4, true, "-5");
	shows(0, 5, 4, false, "5");
	shows('x', 1, 0, false, "0x1");
}

/* ---- options ------------------------------------------------------------------------------------- */

static void test_options(void **state)
{
	struct session *s = *state;
	const struct session_option *o;
	const char *last = "";
	char buf[64];

	for (unsigned i = 0; (o = session_option_at(i)); i++) {
		assert_true(strcmp(last, o->name) < 0);
		assert_ptr_equal(session_option_find(o->name), o);
		/* What it shows is what it takes. */
		assert_ok(session_option_set(&s->options, o, session_option_text(&s->options, o, buf, sizeof(buf))));
		last = o->name;
	}
	assert_null(session_option_find("nothing"));
	o = session_option_find("disassembly-flavor");
	assert_ok(session_option_set(&s->options, o, "att"));
	assert_int_equal(s->options.flavor, FLAVOR_ATT);
	assert_error(session_option_set(&s->options, o, "at"), ERROR_USAGE, "intel|att");
	o = session_option_find("step-irqs");
	assert_ok(session_option_set(&s->options, o, "yes"));
	assert_true(s->options.step_irqs);
	assert_error(session_option_set(&s->options, o, "maybe"), ERROR_USAGE, "on or off");
}

/* ---- event filters ------------------------------------------------------------------------------- */

static void test_names(void **state)
{
	assert_true(event_name_match("io", "vm.exit.io"));
	assert_true(event_name_match("exit.io", "vm.exit.io"));
	assert_true(event_name_match("vm.exit.*", "vm.exit.io"));
	assert_true(event_name_match("*", "vm.stop"));
	assert_false(event_name_match("o", "vm.exit.io"));
	assert_false(event_name_match("mmio", "vm.exit.io"));
}

static bool passes(struct session_filter *f, uint32_t schema, const void *payload, size_t len)
{
	union {
		struct event event;
		uint8_t bytes[EVENT_SIZE_MAX];
	} e = { .event = { .schema = schema, .size = sizeof(struct event) + 64, .payload_len = len } };

	memcpy(e.event.payload, payload, len);
	return session_filter_match(f, &e.event, &vmm_schemas[schema]);
}

static void test_filter(void **state)
{
	struct vmm_exit_io io = { .port = 0x3f8, .size = 1, .write = 1, .value = 'A' };
	struct vmm_exit_mmio mmio = { .gpa = 0xfee00000, .value = 'A' };
	struct session *s = *state;
	struct session_filter *f;

	assert_ok(session_filter_create(s, "io if port == 0x3f8 && value >= 'A'", &f));
	assert_true(passes(f, VMM_EXIT_IO, &io, sizeof(io)));
	io.value = 'B' - 3;
	assert_false(passes(f, VMM_EXIT_IO, &io, sizeof(io)));
	assert_false(passes(f, VMM_EXIT_MMIO, &mmio, sizeof(mmio)));
	session_filter_destroy(f);

	/* Both have a value; only one has a port: an event without the field does not match. */
	assert_ok(session_filter_create(s, "io,mmio if value == 'A'", &f));
	assert_true(passes(f, VMM_EXIT_MMIO, &mmio, sizeof(mmio)));
	session_filter_destroy(f);
	assert_ok(session_filter_create(s, "if port == 1", &f));
	assert_false(passes(f, VMM_EXIT_MMIO, &mmio, sizeof(mmio)));
	/* A payload cut short is no match and no read behind it. */
	assert_false(passes(f, VMM_EXIT_IO, &io, 4));
	session_filter_destroy(f);

	assert_error(session_filter_create(s, "nothing", &f), ERROR_NOT_FOUND, "no event is called 'nothing'");
	assert_error(session_filter_create(s, "io if", &f), ERROR_USAGE, "missing after 'if'");
	assert_error(session_filter_create(s, "hlt if port == 1", &f), ERROR_NOT_FOUND, "port");
	assert_true(session_filter_match(NULL, NULL, NULL));
}

/* ---- locations ----------------------------------------------------------------------------------- */

static void test_location(void **state)
{
	struct session *s = *state;
	uint64_t addr;

	assert_ok(session_location(s, "leaf", &addr));
	assert_int_equal(addr, FAKE_LEAF);
	assert_ok(session_location(s, "  *leaf + 4", &addr));
	assert_int_equal(addr, FAKE_LEAF + 4);
	assert_ok(session_location(s, "0x1234", &addr));
	assert_int_equal(addr, 0x1234);
	assert_ok(session_location(s, "$pc+4", &addr));
	assert_int_equal(addr, FAKE_MAIN + 4);
	assert_ok(session_location(s, "1 ? 2 : 3", &addr));
	assert_int_equal(addr, 2);
	assert_error(session_location(s, "", &addr), ERROR_USAGE, "location is missing");
	assert_error(session_location(s, "12", &addr), ERROR_NOT_FOUND, "no current source file");
	assert_error(session_location(s, "nowhere.c:12", &addr), ERROR_NOT_FOUND, "no line numbers are loaded");
	assert_error(session_location(s, "main.c:99999999999", &addr), ERROR_USAGE, "not a line number");
	assert_error(session_location(s, "nowhere", &addr), ERROR_NOT_FOUND, "nowhere");
}

/* ---- stops --------------------------------------------------------------------------------------- */

static void run(struct session *s)
{
	struct run_request req = { .kind = RUN_CONTINUE };

	assert_ok(session_resume(s, &req));
	session_poll(s);
	assert_false(s->running);
}

static struct stop *add(struct session *s, uint64_t addr, bool temporary)
{
	struct stop_spec spec = { .kind = STOP_KIND_BREAK, .addr = addr, .len = 1, .vcpu = -1,
				  .temporary = temporary };
	struct stop *stop;

	assert_ok(stop_add(&s->stops, s->target, &spec, "here", NULL, NULL, false, &stop));
	return stop;
}

/* Hits survive disarming; what is left of an ignore count too. */
static void test_stop_counts(void **state)
{
	struct session *s = *state;
	struct stop *stop = add(s, FAKE_LEAF, false);
	struct stop_status status;

	assert_int_equal(stop->life, STOP_ARMED);
	run(s);
	stop_get_status(stop, s->target, &status);
	assert_int_equal(status.hits, 1);
	assert_ok(stop_set_ignore(&s->stops, s->target, stop->id, 5));
	assert_int_equal(stop_ignore_left(stop, s->target), 5);
	assert_ok(stop_enable(&s->stops, s->target, stop->id, false));
	assert_int_equal(stop->life, STOP_IDLE);
	stop_get_status(stop, s->target, &status);
	assert_int_equal(status.hits, 1);
	assert_ok(stop_enable(&s->stops, s->target, stop->id, true));
	assert_int_equal(stop->life, STOP_ARMED);
	run(s); /* two more hits, both ignored, then the guest ends */
	assert_int_equal(s->last_stop.reason, STOP_GUEST_EXIT);
	stop_get_status(stop, s->target, &status);
	assert_int_equal(status.hits, 3);
	assert_int_equal(stop_ignore_left(stop, s->target), 3);
	assert_error(stop_delete(&s->stops, s->target, 77), ERROR_NOT_FOUND, "no breakpoint number 77");
	assert_ok(stop_delete(&s->stops, s->target, stop->id));
}

static void test_stop_new_target(void **state)
{
	struct session *s = *state;
	struct stop *stop = add(s, FAKE_LEAF, false);
	struct target *target;

	add(s, FAKE_WORK, true);
	run(s);
	assert_int_equal(s->last_stop.pc, FAKE_WORK);
	assert_int_equal(s->stops.stops.len, 1); /* the temporary one is gone */
	assert_ok(fake_target_create(&target));
	assert_ok(session_set_target(s, target));
	assert_int_equal(stop->life, STOP_ARMED);
	session_poll(s);
	run(s);
	assert_int_equal(s->last_stop.pc, FAKE_LEAF);
	assert_ok(session_set_target(s, NULL));
	assert_int_equal(stop->life, STOP_IDLE);
}

/* ---- values -------------------------------------------------------------------------------------- */

static void test_variables(void **state)
{
	struct session *s = *state;
	struct expr_value v;

	assert_null(session_var(s, "n", false));
	*session_var(s, "n", true) = (struct expr_value){ .bits = 7, .size = 8 };
	assert_ok(session_eval(s, "$n * 2 + $rip - main", &v));
	assert_int_equal(v.bits, 14);
	assert_error(session_eval(s, "$", &v), ERROR_NOT_FOUND, "");
	vec_push(&s->history, ((struct expr_value){ .bits = 1, .size = 8 }));
	vec_push(&s->history, ((struct expr_value){ .bits = 2, .size = 8 }));
	assert_ok(session_eval(s, "$1 * 100 + $ * 10 + $$", &v));
	assert_int_equal(v.bits, 121);
	assert_error(session_eval(s, "$3", &v), ERROR_NOT_FOUND, "");
	assert_error(session_eval(s, "$0", &v), ERROR_NOT_FOUND, "");
	assert_error(session_eval(s, "q[0xdead00000]", &v), ERROR_FAULT, "0xdead00000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_parse),
		cmocka_unit_test(test_format_value),
		cmocka_unit_test_setup_teardown(test_options, setup, teardown),
		cmocka_unit_test(test_names),
		cmocka_unit_test_setup_teardown(test_filter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_location, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_new_target, setup, teardown),
		cmocka_unit_test_setup_teardown(test_variables, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
