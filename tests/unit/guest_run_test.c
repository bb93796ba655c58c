/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running, stepping and stopping real guests, one tiny program of bytes each. */
#include "tests/lib/live.h"

/* Real mode: mov al,'A'; out 0xe9,al; inc cx; jmp back to the inc. */
static const uint8_t real_loop[] = { 0xb0, 'A', 0xe6, 0xe9, 0x41, 0xeb, 0xfd };
/* 32-bit and 64-bit: inc ecx; jmp back. */
static const uint8_t loop32[] = { 0xff, 0xc1, 0xeb, 0xfc };

static void test_step_real(void **state)
{
	struct live g;
	struct stop_report r;

	live_start(&g, FLAT_REAL, real_loop, sizeof(real_loop));
	assert_int_equal(live_reg(&g, 0, X86_RIP), LIVE_CODE);
	r = live_step(&g, 0, 1);
	assert_int_equal(r.reason, STOP_STEP);
	assert_int_equal(r.pc, LIVE_CODE + 2);
	assert_int_equal(live_reg(&g, 0, X86_RAX) & 0xff, 'A');
	/* The port access is one step, whoever emulates it. */
	r = live_step(&g, 0, 1);
	assert_int_equal(r.pc, LIVE_CODE + 4);
	assert_int_equal(r.steps, 1);
	r = live_step(&g, 0, 1000);
	assert_int_equal(r.steps, 1000);
	assert_int_equal(r.pc, LIVE_CODE + 4);
	assert_int_equal(live_reg(&g, 0, X86_RCX), 500);
	live_end(&g);
}

static void step_loop(enum flat_mode mode)
{
	struct live g;
	struct stop_report r;

	live_start(&g, mode, loop32, sizeof(loop32));
	r = live_step(&g, 0, 2001);
	assert_int_equal(r.reason, STOP_STEP);
	assert_int_equal(r.steps, 2001);
	assert_int_equal(r.pc, LIVE_CODE + 2);
	assert_int_equal(live_reg(&g, 0, X86_RCX), 1001);
	assert_false(r.stepped_irq);
	live_end(&g);
}

static void test_step_prot32(void **state)
{
	step_loop(FLAT_PROT32);
}

static void test_step_long(void **state)
{
	step_loop(FLAT_LONG);
}

static void test_interrupt_loop(void **state)
{
	static const uint8_t code[] = { 0xeb, 0xfe };
	struct live g;
	unsigned ms;

	live_start(&g, FLAT_LONG, code, sizeof(code));
	for (unsigned i = 0; i < 20; i++) {
		live_go(&g);
		usleep(i * 1000);
		struct stop_report r = live_interrupt(&g, &ms);

		assert_int_equal(r.reason, STOP_INTERRUPT);
		assert_int_equal(r.pc, LIVE_CODE);
		assert_true(ms < 100);
	}
	live_end(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_step_real),
		cmocka_unit_test(test_step_prot32),
		cmocka_unit_test(test_step_long),
		cmocka_unit_test(test_interrupt_loop),
	};

	live_need_kvm();
	return cmocka_run_group_tests_name("guest_run", tests, NULL, NULL);
}
