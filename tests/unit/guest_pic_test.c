/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pair of 8259A behind --irqchip off, driven through its ports, without KVM. */
#include "tests/lib/test.h"

#ifdef __x86_64__

#include "guest/arch/x86_64/x86.h"

#define MASTER 0x20
#define SLAVE 0xa0
#define EOI 0x20

struct rig {
	struct vm vm;
	struct x86_pic *pic;
};

static void out(struct rig *r, uint16_t port, uint8_t value)
{
	assert_true(bus_write(r->vm.bus, MEM_PORT, port, 1, value));
}

static uint8_t in(struct rig *r, uint16_t port)
{
	uint64_t value = 0;

	assert_true(bus_read(r->vm.bus, MEM_PORT, port, 1, &value));
	return value;
}

/* As every BIOS does it: vectors 0x20 and 0x28, cascade on 2, 8086 mode, all open. */
static void program(struct rig *r, uint8_t icw4)
{
	static const uint8_t base[] = { 0x20, 0x28 }, cascade[] = { 4, 2 };

	for (unsigned i = 0; i < 2; i++) {
		uint16_t port = i ? SLAVE : MASTER;

		out(r, port, 0x11);
		out(r, port + 1, base[i]);
		out(r, port + 1, cascade[i]);
		out(r, port + 1, icw4);
		out(r, port + 1, 0);
	}
}

static int setup(void **state)
{
	struct rig *r = xcalloc(1, sizeof(*r));

	assert_ok(bus_create(&r->vm.bus));
	assert_ok(x86_pic_create(&r->vm, &r->pic));
	program(r, 1);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	x86_pic_destroy(r->pic);
	bus_destroy(r->vm.bus);
	free(r);
	return 0;
}

static void pulse(struct rig *r, unsigned irq)
{
	x86_pic_set(r->pic, irq, true);
}

static void test_edge(void **state)
{
	struct rig *r = *state;

	assert_false(x86_pic_pending(r->pic));
	pulse(r, 4);
	assert_true(x86_pic_pending(r->pic));
	assert_int_equal(in(r, MASTER), 1 << 4);
	assert_int_equal(x86_pic_acknowledge(r->pic), 0x24);
	/* In service, and the line is still high: an edge counts once. */
	assert_false(x86_pic_pending(r->pic));
	out(r, MASTER, 0x0b);
	assert_int_equal(in(r, MASTER), 1 << 4);
	out(r, MASTER, EOI);
	assert_int_equal(in(r, MASTER), 0);
	assert_false(x86_pic_pending(r->pic));
	x86_pic_set(r->pic, 4, false);
	pulse(r, 4);
	assert_int_equal(x86_pic_acknowledge(r->pic), 0x24);
}

static void test_level(void **state)
{
	struct rig *r = *state;

	out(r, 0x4d0, 0xff);
	assert_int_equal(in(r, 0x4d0), 0xf8); /* timer, keyboard and cascade stay edges */
	pulse(r, 5);
	assert_int_equal(x86_pic_acknowledge(r->pic), 0x25);
	out(r, MASTER, EOI);
	assert_true(x86_pic_pending(r->pic)); /* still asserted: again */
	x86_pic_set(r->pic, 5, false);
	assert_false(x86_pic_pending(r->pic));
}

static void test_priority(void **state)
{
	struct rig *r = *state;

	pulse(r, 5);
	assert_int_equal(x86_pic_acknowledge(r->pic), 0x25);
	pulse(r, 6);
	assert_false(x86_pic_pending(r->pic)); /* less urgent than what is in service */
	pulse(r, 1);
	assert_int_equal(x86_pic_acknowledge(r->pic), 0x21);
	out(r, MASTER, EOI); /* ends the most urgent: 1 */
	assert_false(x86_pic_pending(r->pic));
	out(r, MASTER, EOI);
	assert_int_equal(x86_pic_acknowledge(r->pic), 0x26);
	/* A specific end of interrupt, and a mask. */
	out(r, MASTER, 0x66);
	out(r, MASTER + 1, 0x80);
	pulse(r, 7);
	assert_false(x86_pic_pending(r->pic));
	assert_int_equal(in(r, MASTER + 1), 0x80);
	out(r, MASTER + 1, 0);
	assert_true(x86_pic_pending(r->pic));
}

static void test_cascade(void **state)
{
	struct rig *r = *state;

	pulse(r, 12);
	assert_int_equal(x86_pic_acknowledge(r->pic), 0x2c);
	pulse(r, 3);
	assert_false(x86_pic_pending(r->pic)); /* the master serves line 2 */
	out(r, SLAVE, EOI);
	assert_false(x86_pic_pending(r->pic));
	out(r, MASTER, EOI);
	assert_int_equal(x86_pic_acknowledge(r->pic), 0x23);
	/* Two at the slave: the second comes when both chips are told. */
	out(r, MASTER, EOI);
	pulse(r, 9);
	pulse(r, 15);
	assert_int_equal(x86_pic_acknowledge(r->pic), 0x29);
	out(r, SLAVE, EOI);
	out(r, MASTER, EOI);
	assert_int_equal(x86_pic_acknowledge(r->pic), 0x2f);
}

static void test_spurious(void **state)
{
	struct rig *r = *state;

	pulse(r, 6);
	x86_pic_set(r->pic, 6, false);
	assert_false(x86_pic_pending(r->pic));
	assert_int_equal(x86_pic_acknowledge(r->pic), 0x27);
	out(r, MASTER, 0x0b);
	assert_int_equal(in(r, MASTER), 0); /* nothing is in service for it */
}

static void test_modes(void **state)
{
	struct rig *r = *state;
	struct state_x86_pic s;

	/* Automatic end of interrupt. */
	program(r, 3);
	pulse(r, 3);
	assert_int_equal(x86_pic_acknowledge(r->pic), 0x23);
	pulse(r, 7);
	assert_int_equal(x86_pic_acknowledge(r->pic), 0x27);
	x86_pic_state(r->pic, 0, &s);
	assert_int_equal(s.auto_eoi, 1);
	assert_int_equal(s.isr, 0);
	assert_int_equal(s.irq_base, 0x20);
	/* Rotation: after a rotating end, the line served is the last in the order. */
	program(r, 1);
	x86_pic_set(r->pic, 3, false);
	pulse(r, 3);
	assert_int_equal(x86_pic_acknowledge(r->pic), 0x23);
	out(r, MASTER, 0xa0);
	x86_pic_set(r->pic, 3, false);
	pulse(r, 3);
	pulse(r, 4);
	assert_int_equal(x86_pic_acknowledge(r->pic), 0x24);
	/* The poll command acknowledges by a read. */
	program(r, 1);
	x86_pic_set(r->pic, 1, false);
	pulse(r, 1);
	out(r, MASTER, 0x0c);
	assert_int_equal(in(r, MASTER), 0x81);
	assert_false(x86_pic_pending(r->pic));
	/* Special mask: what is in service holds nobody back once it is masked. */
	pulse(r, 6);
	assert_false(x86_pic_pending(r->pic));
	out(r, MASTER, 0x68);
	out(r, MASTER + 1, 1 << 1);
	assert_true(x86_pic_pending(r->pic));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_edge, setup, teardown),
		cmocka_unit_test_setup_teardown(test_level, setup, teardown),
		cmocka_unit_test_setup_teardown(test_priority, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cascade, setup, teardown),
		cmocka_unit_test_setup_teardown(test_spurious, setup, teardown),
		cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
	};

	return cmocka_run_group_tests_name("guest_pic", tests, NULL, NULL);
}

#else

int main(void)
{
	printf("the 8259 is part of the x86 machine only\n");
	return 77;
}

#endif
