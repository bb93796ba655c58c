/* SPDX-License-Identifier: GPL-3.0-or-later */
/* debug exit, debugcon, post, i8042 */
#include "tests/lib/test.h"

#include "guest/hw/hw.h"
#include "tests/lib/fake_board.h"

static struct vm *board(const struct device_model *model)
{
	struct vm *vm = fake_board_create();
	fake_board_add(vm, model);
	return vm;
}

static void test_debug_exit(void **state)
{
	static const struct { unsigned size; uint32_t value; int code; } cases[] = {
		{ 1, 0, 1 }, { 1, 0x10, 0x21 }, { 2, 0x31, 0x63 }, { 4, 3, 7 }, { 1, 0xff, 0xff },
		{ 4, 0xffffffff, 0xff }, { 4, 0x80, 1 },
	};
	struct vm *vm = board(&device_debug_exit);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_out(vm, 0xf4, cases[i].size, cases[i].value);
		assert_int_equal(vm->exits, i + 1);
		assert_int_equal(vm->exit_kind, GUEST_EXIT_DEBUG_EXIT);
		assert_int_equal(vm->exit_code, cases[i].code);
	}
	assert_int_equal(fake_in(vm, 0xf4, 4), 0);
	_free_ char *s = fake_board_describe(vm, 0);
	assert_non_null(strstr(s, "0x00000080"));
	fake_board_destroy(vm);
}

static void test_debugcon(void **state)
{
	struct vm *vm = board(&device_debugcon);
	assert_int_equal(INB(vm, 0xe9), 0xe9);
	OUTB(vm, 0xe9, 'o');
	OUTB(vm, 0xe9, 'k');
	assert_string_equal(text_str(&vm->console), "ok");
	assert_int_equal(vm->console_port, 0xe9);
	fake_board_destroy(vm);
}

static void test_post(void **state)
{
	struct vm *vm = board(&device_post);
	assert_int_equal(INB(vm, 0x80), 0);
	for (unsigned i = 0; i < 1000; i++)
		OUTB(vm, 0x80, 0xed); /* a delay is no news */
	assert_int_equal(vm->events, 1);
	OUTB(vm, 0x80, 0x12);
	assert_int_equal(vm->events, 2);
	assert_int_equal(vm->event_what, HW_EVENT_POST_CODE);
	assert_int_equal(vm->event_a, 0x12);
	assert_int_equal(INB(vm, 0x80), 0x12);
	_free_ char *s = fake_board_describe(vm, 0);
	assert_non_null(strstr(s, "1001 codes"));
	fake_board_destroy(vm);
}

static void test_i8042_reset_lines(void **state)
{
	struct vm *vm = board(&device_i8042);
	OUTB(vm, 0x64, 0xff); /* pulses nothing */
	assert_int_equal(vm->exits, 0);
	OUTB(vm, 0x64, 0xfe);
	assert_int_equal(vm->exits, 1);
	assert_int_equal(vm->exit_kind, GUEST_EXIT_RESET);
	OUTB(vm, 0x64, 0xd1);
	OUTB(vm, 0x60, 0xdf); /* A20 on, reset line high */
	assert_int_equal(vm->exits, 1);
	OUTB(vm, 0x64, 0xd0);
	assert_int_equal(INB(vm, 0x60), 0xdf);
	OUTB(vm, 0x64, 0xd1);
	OUTB(vm, 0x60, 0xde);
	assert_int_equal(vm->exits, 2);
	fake_board_destroy(vm);
}

static uint8_t ask(struct vm *vm, uint8_t command)
{
	OUTB(vm, 0x64, command);
	assert_true(INB(vm, 0x64) & 1);
	return INB(vm, 0x60);
}

/* The steps by which Linux finds out what is there. */
static void test_i8042_probe(void **state)
{
	struct vm *vm = board(&device_i8042);
	assert_int_equal(INB(vm, 0x64) & 1, 0);
	assert_int_equal(ask(vm, 0xaa), 0x55);
	assert_int_equal(ask(vm, 0xab), 0x00);
	uint8_t mode = ask(vm, 0x20);
	OUTB(vm, 0x64, 0x60);
	OUTB(vm, 0x60, mode & ~3); /* interrupts off */
	unsigned edges = vm->edges[1];
	assert_int_equal(ask(vm, 0x20), mode & ~3);
	OUTB(vm, 0x64, 0xd3); /* AUX loop: not what was sent, so no mouse */
	OUTB(vm, 0x60, 0x5a);
	assert_int_equal(INB(vm, 0x64) & 0x21, 0x21);
	assert_int_not_equal(INB(vm, 0x60), 0x5a);
	assert_int_not_equal(ask(vm, 0xa9), 0x00);
	assert_int_equal(vm->edges[1], edges);
	fake_board_destroy(vm);
}

static void test_i8042_keyboard(void **state)
{
	struct vm *vm = board(&device_i8042);
	OUTB(vm, 0x60, 0xf2);
	static const uint8_t id[] = { 0xfa, 0xab, 0x83 };
	for (unsigned i = 0; i < 3; i++) {
		assert_true(vm->irq[1]);
		assert_int_equal(vm->edges[1], i + 1); /* one edge a byte */
		assert_int_equal(INB(vm, 0x60), id[i]);
	}
	assert_false(vm->irq[1]);
	OUTB(vm, 0x60, 0xed);
	assert_int_equal(INB(vm, 0x60), 0xfa);
	OUTB(vm, 0x60, 0xff); /* its argument, not a reset */
	assert_int_equal(INB(vm, 0x60), 0xfa);
	assert_int_equal(INB(vm, 0x64) & 1, 0);
	OUTB(vm, 0x60, 0xff);
	assert_int_equal(INB(vm, 0x60), 0xfa);
	assert_int_equal(INB(vm, 0x60), 0xaa);
	OUTB(vm, 0x64, 0xd4); /* no mouse: resend, by IRQ 12 when enabled */
	OUTB(vm, 0x60, 0xf4);
	assert_int_equal(INB(vm, 0x64) & 0x21, 0x21);
	assert_false(vm->irq[12]);
	/* A guest that never reads: the queue is bounded. */
	for (unsigned i = 0; i < 1000; i++)
		OUTB(vm, 0x60, 0xf2);
	unsigned n = 0;
	while (INB(vm, 0x64) & 1) {
		INB(vm, 0x60);
		n++;
	}
	assert_int_equal(n, 16);
	fake_board_destroy(vm);
}

static void test_i8042_unknown(void **state)
{
	struct vm *vm = board(&device_i8042);
	for (unsigned c = 0; c < 0xf0; c++) {
		if (c == 0xd1)
			continue;
		OUTB(vm, 0x64, c);
		OUTB(vm, 0x60, 0x01);
	}
	assert_int_equal(vm->exits, 0);
	assert_true(vm->events > 100);
	_free_ char *first = fake_board_describe(vm, 0);
	_free_ char *second = fake_board_describe(vm, 0);
	assert_string_equal(first, second);
	fake_board_destroy(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_debug_exit), cmocka_unit_test(test_debugcon), cmocka_unit_test(test_post),
		cmocka_unit_test(test_i8042_reset_lines), cmocka_unit_test(test_i8042_probe),
		cmocka_unit_test(test_i8042_keyboard), cmocka_unit_test(test_i8042_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
