/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/test.h"

#include "guest/hw/hw.h"
#include "tests/lib/fake_board.h"

#define COM1 0x3f8
enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };
#define FCR IIR
#define IRQ 4

static int setup(void **state)
{
	struct vm *vm = fake_board_create();
	fake_board_add(vm, &device_uart);
	*state = vm;
	return 0;
}

static int teardown(void **state)
{
	fake_board_destroy(*state);
	return 0;
}

static void open_port(struct vm *vm, uint8_t fcr, uint8_t ier)
{
	OUTB(vm, COM1 + LCR, 3);
	OUTB(vm, COM1 + FCR, fcr);
	OUTB(vm, COM1 + MCR, 0x0b);
	OUTB(vm, COM1 + IER, ier);
}

static void test_reset_values(void **state)
{
	struct vm *vm = *state;
	static const uint8_t expected[] = { 0, 0, 0x01, 0, 0, 0x60, 0xb0, 0 };
	assert_int_equal(vm->devices.len, 4);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(INB(vm, COM1 + i), expected[i]);
	assert_int_equal(INB(vm, 0x2f8 + LSR), 0x60);
	assert_int_equal(INB(vm, 0x3e8 + LSR), 0x60);
	assert_int_equal(INB(vm, 0x2e8 + LSR), 0x60);
}

static void test_output(void **state)
{
	struct vm *vm = *state;
	OUTB(vm, COM1, 'a');
	OUTB(vm, 0x2f8, 'b');
	assert_string_equal(text_str(&vm->console), "ab");
	assert_int_equal(vm->console_port, 1);
}

static void test_registers(void **state)
{
	struct vm *vm = *state;
	OUTB(vm, COM1 + SCR, 0x5a);
	assert_int_equal(INB(vm, COM1 + SCR), 0x5a);
	OUTB(vm, COM1 + IER, 0xff);
	assert_int_equal(INB(vm, COM1 + IER), 0x0f); /* how drivers tell a 16550A from later ones */
	OUTB(vm, COM1 + LCR, 0x83);
	OUTB(vm, COM1 + DATA, 0x0c);
	OUTB(vm, COM1 + IER, 0x01);
	assert_int_equal(INB(vm, COM1 + DATA), 0x0c);
	assert_int_equal(INB(vm, COM1 + IER), 0x01);
	OUTB(vm, COM1 + LCR, 3);
	assert_int_equal(INB(vm, COM1 + IER), 0x0f);
	assert_string_equal(text_str(&vm->console), "");
	/* A word access is two byte accesses. */
	fake_out(vm, COM1 + LCR, 2, 0x0b07);
	assert_int_equal(INB(vm, COM1 + LCR), 0x07);
	assert_int_equal(INB(vm, COM1 + MCR), 0x0b);
}

static void test_thre_interrupt(void **state)
{
	struct vm *vm = *state;
	open_port(vm, 0, 0x02);
	assert_true(vm->irq[IRQ]); /* enabling it while empty interrupts at once */
	assert_int_equal(INB(vm, COM1 + IIR), 0x02);
	assert_false(vm->irq[IRQ]); /* reading IIR took it */
	assert_int_equal(INB(vm, COM1 + IIR), 0x01);
	OUTB(vm, COM1, 'x');
	assert_true(vm->irq[IRQ]);
	unsigned edges = vm->edges[IRQ];
	OUTB(vm, COM1, 'y'); /* the line drops while the register is full */
	assert_int_equal(vm->edges[IRQ], edges + 1);
}

static void test_out2_gates(void **state)
{
	struct vm *vm = *state;
	OUTB(vm, COM1 + IER, 0x02);
	assert_int_equal(INB(vm, COM1 + MCR), 0);
	assert_false(vm->irq[IRQ]);
	OUTB(vm, COM1 + MCR, 0x08);
	assert_true(vm->irq[IRQ]);
	OUTB(vm, COM1 + MCR, 0x18); /* loopback disconnects it */
	assert_false(vm->irq[IRQ]);
}

static void test_receive(void **state)
{
	struct vm *vm = *state;
	open_port(vm, 0, 0x01);
	fake_board_type(vm, 0, "hi");
	assert_true(vm->irq[IRQ]);
	assert_int_equal(INB(vm, COM1 + IIR), 0x04);
	assert_int_equal(INB(vm, COM1 + LSR), 0x61);
	assert_int_equal(INB(vm, COM1), 'h');
	assert_true(vm->irq[IRQ]); /* the next one was waiting */
	assert_int_equal(INB(vm, COM1), 'i');
	assert_false(vm->irq[IRQ]);
	assert_int_equal(INB(vm, COM1 + LSR), 0x60);
	assert_int_equal(INB(vm, COM1), 0);
}

static void test_trigger_and_timeout(void **state)
{
	struct vm *vm = *state;
	open_port(vm, 0x81, 0x01); /* FIFO, trigger level 8 */
	fake_board_type(vm, 0, "1234567");
	assert_false(vm->irq[IRQ]);
	fake_board_advance(vm, 1000000); /* four characters at 115200 baud take 347 us */
	assert_true(vm->irq[IRQ]);
	assert_int_equal(INB(vm, COM1 + IIR), 0xcc);
	assert_int_equal(INB(vm, COM1), '1');
	assert_false(vm->irq[IRQ]); /* a read starts the timeout again */
	fake_board_type(vm, 0, "89");
	assert_true(vm->irq[IRQ]);
	assert_int_equal(INB(vm, COM1 + IIR), 0xc4);
	for (unsigned i = 2; i <= 9; i++)
		assert_int_equal(INB(vm, COM1), '0' + i);
	fake_board_advance(vm, 1000000);
	assert_false(vm->irq[IRQ]); /* nothing left */
}

/* Line status before data before transmitter before modem. */
static void test_priority(void **state)
{
	struct vm *vm = *state;
	open_port(vm, 0, 0x0f);
	OUTB(vm, COM1 + MCR, 0x1b); /* loopback, DTR and RTS: no RI, no DCD from OUT1; CTS, DSR stay */
	OUTB(vm, COM1, 'a');
	OUTB(vm, COM1, 'b'); /* overrun */
	assert_int_equal(INB(vm, COM1 + IIR), 0x06);
	assert_int_equal(INB(vm, COM1 + LSR), 0x63);
	assert_int_equal(INB(vm, COM1 + IIR), 0x04);
	assert_int_equal(INB(vm, COM1), 'a');
	assert_int_equal(INB(vm, COM1 + IIR), 0x02);
	OUTB(vm, COM1 + MCR, 0x10); /* all outputs off: the inputs change */
	assert_int_equal(INB(vm, COM1 + IIR), 0x00);
	assert_int_equal(INB(vm, COM1 + MSR), 0x0b);
	assert_int_equal(INB(vm, COM1 + IIR), 0x01);
	assert_string_equal(text_str(&vm->console), "");
}

/* What Linux's autoconfig does: outputs come back as inputs. */
static void test_loopback_modem(void **state)
{
	struct vm *vm = *state;
	static const struct { uint8_t mcr, msr; } cases[] = {
		{ 0x1a, 0x90 }, { 0x11, 0x20 }, { 0x12, 0x10 }, { 0x14, 0x40 }, { 0x18, 0x80 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		OUTB(vm, COM1 + MCR, cases[i].mcr);
		assert_int_equal(INB(vm, COM1 + MSR) & 0xf0, cases[i].msr);
	}
	OUTB(vm, COM1 + MCR, 0x1f);
	INB(vm, COM1 + MSR);
	OUTB(vm, COM1 + MCR, 0x1b);
	assert_int_equal(INB(vm, COM1 + MSR) & 0x0f, 0x04); /* RI: its trailing edge */
	OUTB(vm, COM1 + MCR, 0x1f);
	assert_int_equal(INB(vm, COM1 + MSR) & 0x0f, 0); /* not its leading one */
}

static void test_flood(void **state)
{
	struct vm *vm = *state;
	char line[1001] = { 0 };
	memset(line, 'z', 1000);
	open_port(vm, 0x01, 0);
	for (unsigned i = 0; i < 5; i++)
		fake_board_type(vm, 0, line);
	assert_int_equal(vm->events, 1);
	assert_int_equal(vm->event_what, HW_EVENT_INPUT_DROPPED);
	unsigned n = 0;
	while (INB(vm, COM1 + LSR) & 1) {
		assert_int_equal(INB(vm, COM1), 'z');
		n++;
	}
	assert_int_equal(n + vm->event_a, 5000);
	assert_in_range(n, 4096, 4096 + 16);
}

static void test_fifo_clear(void **state)
{
	struct vm *vm = *state;
	open_port(vm, 0x01, 0x01);
	fake_board_type(vm, 0, "abc");
	OUTB(vm, COM1 + FCR, 0x03);
	assert_int_equal(INB(vm, COM1 + LSR), 0x60);
	assert_false(vm->irq[IRQ]);
}

static void test_describe_changes_nothing(void **state)
{
	struct vm *vm = *state;
	open_port(vm, 0x01, 0x03);
	fake_board_type(vm, 0, "a");
	_free_ char *first = fake_board_describe(vm, 0);
	_free_ char *second = fake_board_describe(vm, 0);
	assert_string_equal(first, second);
	assert_non_null(strstr(first, "iir        0xc4  received data"));
	assert_non_null(strstr(first, "fifo       1 bytes"));
	assert_int_equal(INB(vm, COM1), 'a');
}

static void test_reset(void **state)
{
	struct vm *vm = *state;
	open_port(vm, 0x01, 0x03);
	fake_board_type(vm, 0, "a");
	assert_true(vm->irq[IRQ]);
	device_uart.reset(vm->devices.data[0]);
	assert_false(vm->irq[IRQ]);
	test_reset_values(state);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_reset_values), T(test_output), T(test_registers), T(test_thre_interrupt),
		T(test_out2_gates), T(test_receive), T(test_trigger_and_timeout), T(test_priority),
		T(test_loopback_modem), T(test_flood), T(test_fifo_clear), T(test_describe_changes_nothing),
		T(test_reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
