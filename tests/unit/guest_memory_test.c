/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Guest RAM without KVM: the hole, bounds, and planted bytes that never show. */
#include "tests/lib/test.h"

#include "guest/arch/machine.h"
#include "guest/memory.h"

static const uint8_t trap[] = { 0xcc };

static struct machine with_hole(void)
{
	struct machine m = { .ram_hole_start = 1 << 20, .ram_hole_end = 4 << 20 };

	return m;
}

static void test_hole(void **state)
{
	const struct machine machine = with_hole();
	struct load_ram ram;
	struct memory mem;
	size_t len;

	assert_ok(memory_create(&mem, &machine, 3 << 20));
	assert_int_equal(mem.nslots, 2);
	assert_non_null(memory_ptr(&mem, 0, &len));
	assert_int_equal(len, 1 << 20);
	assert_null(memory_ptr(&mem, 1 << 20, &len));
	assert_null(memory_ptr(&mem, (4 << 20) - 1, &len));
	assert_non_null(memory_ptr(&mem, 4 << 20, &len));
	assert_int_equal(len, 2 << 20);
	assert_null(memory_ptr(&mem, 6 << 20, &len));
	assert_null(memory_ptr(&mem, ~0ull, &len));
	ram = memory_load_ram(&mem);
	assert_int_equal(ram.nranges, 2);
	assert_int_equal(ram.range[1].start, 4 << 20);
	memory_destroy(&mem);
	assert_ok(memory_create(&mem, &machine, 1 << 20));
	assert_int_equal(mem.nslots, 1);
	memory_destroy(&mem);
}

static void test_bounds(void **state)
{
	const struct machine machine = with_hole();
	struct memory mem;
	uint8_t buf[16] = { 1, 2, 3 };
	uint64_t bad;

	assert_ok(memory_create(&mem, &machine, 3 << 20));
	assert_true(memory_write(&mem, 0x1000, buf, sizeof(buf), &bad));
	assert_false(memory_read(&mem, (1 << 20) - 8, buf, sizeof(buf), &bad));
	assert_int_equal(bad, 1 << 20);
	/* A write that does not fit changes nothing. */
	memset(buf, 0xaa, sizeof(buf));
	assert_false(memory_write(&mem, (6 << 20) - 8, buf, sizeof(buf), &bad));
	assert_int_equal(bad, 6 << 20);
	assert_int_equal(*(uint8_t *)memory_ptr(&mem, (6 << 20) - 8, NULL), 0);
	assert_false(memory_read(&mem, ~0ull - 3, buf, sizeof(buf), &bad));
	assert_true(memory_read(&mem, 0x1000, buf, 3, &bad));
	assert_int_equal(buf[2], 3);
	memory_clear(&mem);
	assert_true(memory_read(&mem, 0x1000, buf, 3, &bad));
	assert_int_equal(buf[0], 0);
	memory_destroy(&mem);
}

static uint8_t raw(struct memory *mem, uint64_t gpa)
{
	return *(uint8_t *)memory_ptr(mem, gpa, NULL);
}

static void test_plants(void **state)
{
	const struct machine machine = with_hole();
	uint8_t code[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, buf[8];
	struct memory mem;
	uint64_t bad;

	if (!machine_host.break_insn || machine_host.break_len != sizeof(trap))
		skip(); /* what is planted on this host is no single byte, or no guest runs */
	assert_ok(memory_create(&mem, &machine, 1 << 20));
	assert_true(memory_write(&mem, 0x2000, code, sizeof(code), &bad));
	assert_true(memory_plant(&mem, 0x2003, trap, 1));
	assert_true(memory_plant(&mem, 0x2003, trap, 1));
	assert_false(memory_plant(&mem, 1 << 20, trap, 1));
	assert_true(memory_planted(&mem, 0x2003));
	assert_int_equal(raw(&mem, 0x2003), 0xcc);
	/* Reads never show it, from any offset. */
	assert_true(memory_read(&mem, 0x2000, buf, sizeof(buf), &bad));
	assert_memory_equal(buf, code, sizeof(buf));
	assert_true(memory_read(&mem, 0x2003, buf, 1, &bad));
	assert_int_equal(buf[0], 4);
	/* Writes go under it. */
	memset(code, 0x90, sizeof(code));
	assert_true(memory_write(&mem, 0x2000, code, sizeof(code), &bad));
	assert_int_equal(raw(&mem, 0x2003), 0xcc);
	assert_int_equal(raw(&mem, 0x2002), 0x90);
	assert_true(memory_read(&mem, 0x2000, buf, sizeof(buf), &bad));
	assert_memory_equal(buf, code, sizeof(buf));
	/* Taken out for a step and put back, with what the guest stored meanwhile. */
	memory_plants_live(&mem, false, trap);
	assert_int_equal(raw(&mem, 0x2003), 0x90);
	*(uint8_t *)memory_ptr(&mem, 0x2003, NULL) = 0x55;
	memory_plants_live(&mem, true, trap);
	assert_int_equal(raw(&mem, 0x2003), 0xcc);
	assert_true(memory_read(&mem, 0x2003, buf, 1, &bad));
	assert_int_equal(buf[0], 0x55);
	/* Counted: the second to go takes it out. */
	memory_unplant(&mem, 0x2003);
	assert_int_equal(raw(&mem, 0x2003), 0xcc);
	memory_unplant(&mem, 0x2003);
	assert_int_equal(raw(&mem, 0x2003), 0x55);
	assert_false(memory_planted(&mem, 0x2003));
	memory_destroy(&mem);
}

static void test_sizes(void **state)
{
	const struct machine machine = with_hole();
	struct memory mem;

	assert_error(memory_create(&mem, &machine, 0), ERROR_USAGE, "at least 64K");
	assert_error(memory_create(&mem, &machine, 1ull << 60), ERROR_USAGE, "more than the host has");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hole),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_plants),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests_name("guest_memory", tests, NULL, NULL);
}
