/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rtc, pit and pm: what runs on the guest's clock. */
#include "tests/lib/test.h"

#include <time.h>

#include "guest/hw/hw.h"
#include "tests/lib/fake_board.h"

#define MS 1000000ULL
#define SEC (1000 * MS)

static struct vm *board(const struct device_model *model)
{
	struct vm *vm = fake_board_create();
	fake_board_add(vm, model);
	return vm;
}

static uint8_t cmos(struct vm *vm, uint8_t index)
{
	OUTB(vm, 0x70, index);
	return INB(vm, 0x71);
}

static void cmos_set(struct vm *vm, uint8_t index, uint8_t value)
{
	OUTB(vm, 0x70, index);
	OUTB(vm, 0x71, value);
}

static void rtc_set_time(struct vm *vm, bool binary)
{
	/* 2026-02-28 23:59:58, a Saturday */
	static const uint8_t at[] = { 0, 2, 4, 6, 7, 8, 9, 0x32 };
	static const uint8_t bcd[] = { 0x58, 0x59, 0x23, 7, 0x28, 0x02, 0x26, 0x20 };
	static const uint8_t bin[] = { 58, 59, 23, 7, 28, 2, 26, 20 };
	cmos_set(vm, 0x0b, 0x82 | (binary ? 4 : 0));
	for (unsigned i = 0; i < 8; i++)
		cmos_set(vm, at[i], binary ? bin[i] : bcd[i]);
	cmos_set(vm, 0x0b, 0x02 | (binary ? 4 : 0));
}

static void test_rtc_now(void **state)
{
	time_t before = time(NULL);
	struct vm *vm = board(&device_rtc);
	struct tm tm;
	gmtime_r(&before, &tm);
	unsigned year = (cmos(vm, 0x32) >> 4) * 1000 + (cmos(vm, 0x32) & 15) * 100 + (cmos(vm, 9) >> 4) * 10 +
			(cmos(vm, 9) & 15);
	assert_in_range(year, tm.tm_year + 1900, tm.tm_year + 1901);
	assert_int_equal(cmos(vm, 0x0d), 0x80);
	assert_int_equal(cmos(vm, 0x0b), 0x02);
	fake_board_destroy(vm);
}

static void test_rtc_set(void **state)
{
	struct vm *vm = board(&device_rtc);
	rtc_set_time(vm, false);
	assert_int_equal(cmos(vm, 0), 0x58);
	assert_int_equal(cmos(vm, 6), 7);
	fake_board_advance(vm, 2 * SEC);
	assert_int_equal(cmos(vm, 0), 0);
	assert_int_equal(cmos(vm, 4), 0);
	assert_int_equal(cmos(vm, 7), 1);
	assert_int_equal(cmos(vm, 8), 3);
	assert_int_equal(cmos(vm, 6), 1);
	rtc_set_time(vm, true);
	assert_int_equal(cmos(vm, 0), 58);
	assert_int_equal(cmos(vm, 4), 23);
	cmos_set(vm, 0x0b, 0x00); /* 12 hours, BCD: 11 PM */
	assert_int_equal(cmos(vm, 4), 0x91);
	fake_board_advance(vm, 2 * SEC);
	assert_int_equal(cmos(vm, 4), 0x12); /* midnight is 12 AM */
	/* Time stands while SET is on. */
	cmos_set(vm, 0x0b, 0x82);
	uint8_t sec = cmos(vm, 0);
	fake_board_advance(vm, 5 * SEC);
	assert_int_equal(cmos(vm, 0), sec);
	fake_board_destroy(vm);
}

/* Whatever is written to the time registers, nothing breaks and the clock goes on. */
static void test_rtc_nonsense(void **state)
{
	struct vm *vm = board(&device_rtc);
	for (unsigned v = 0; v < 256; v += 5) {
		cmos_set(vm, 0x0b, 0x82);
		for (unsigned i = 0; i < 10; i++)
			cmos_set(vm, i, v + i);
		cmos_set(vm, 0x32, v);
		cmos_set(vm, 0x0b, v & 0x7f);
		for (unsigned i = 0; i < 128; i++)
			cmos(vm, i);
		fake_board_advance(vm, SEC);
	}
	fake_board_destroy(vm);
}

static void test_rtc_update_in_progress(void **state)
{
	struct vm *vm = board(&device_rtc);
	rtc_set_time(vm, false);
	assert_int_equal(cmos(vm, 0x0a), 0x26);
	fake_board_advance(vm, SEC - 100000);
	assert_int_equal(cmos(vm, 0x0a), 0xa6);
	fake_board_advance(vm, 200000);
	assert_int_equal(cmos(vm, 0x0a), 0x26);
	assert_int_equal(cmos(vm, 0x0c), 0x50); /* PF and UF, though nobody enabled them */
	assert_int_equal(cmos(vm, 0x0c), 0x00);
	fake_board_destroy(vm);
}

static void test_rtc_periodic(void **state)
{
	struct vm *vm = board(&device_rtc);
	rtc_set_time(vm, false);
	cmos(vm, 0x0c);
	cmos_set(vm, 0x0b, 0x42);
	unsigned n = 0;
	for (unsigned i = 0; i < 1000; i++) {
		fake_board_advance(vm, MS);
		if (vm->irq[8]) {
			n++;
			assert_int_equal(cmos(vm, 0x0c) & 0xc0, 0xc0);
			assert_false(vm->irq[8]);
		}
	}
	assert_in_range(n, 990, 1000); /* 1024 Hz, looked at 1000 times a second */
	cmos_set(vm, 0x0a, 0x2f);      /* 2 Hz */
	cmos(vm, 0x0c);
	vm->edges[8] = 0;
	for (unsigned i = 0; i < 100; i++) {
		fake_board_advance(vm, 100 * MS);
		if (vm->irq[8])
			cmos(vm, 0x0c);
	}
	assert_in_range(vm->edges[8], 19, 21);
	fake_board_destroy(vm);
}

static void test_rtc_alarm(void **state)
{
	struct vm *vm = board(&device_rtc);
	rtc_set_time(vm, false);
	cmos_set(vm, 1, 0x05);
	cmos_set(vm, 3, 0xc0); /* every minute, every hour */
	cmos_set(vm, 5, 0xff);
	cmos(vm, 0x0c);
	cmos_set(vm, 0x0b, 0x22);
	fake_board_advance(vm, 6 * SEC); /* 00:00:04 */
	assert_false(vm->irq[8]);
	fake_board_advance(vm, SEC + MS);
	assert_true(vm->irq[8]);
	assert_int_equal(cmos(vm, 0x0c), 0xf0); /* IRQF, PF, AF, UF */
	fake_board_advance(vm, 58 * SEC);
	assert_false(vm->irq[8]);
	fake_board_advance(vm, 2 * SEC);
	assert_true(vm->irq[8]);
	fake_board_destroy(vm);
}

static void test_rtc_memory(void **state)
{
	static const struct { uint64_t mem; uint16_t base, ext, above16; uint32_t high; } cases[] = {
		{ 512 << 10, 512, 0, 0, 0 }, { 2ULL << 20, 640, 1024, 0, 0 },
		{ 128ULL << 20, 640, 63 * 1024, 1792, 0 }, { 6ULL << 30, 640, 63 * 1024, 0xbf00, 0xc000 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vm *vm = fake_board_create();
		vm->mem_size = cases[i].mem;
		fake_board_add(vm, &device_rtc);
		assert_int_equal(cmos(vm, 0x15) | cmos(vm, 0x16) << 8, cases[i].base);
		assert_int_equal(cmos(vm, 0x17) | cmos(vm, 0x18) << 8, cases[i].ext);
		assert_int_equal(cmos(vm, 0x30) | cmos(vm, 0x31) << 8, cases[i].ext);
		assert_int_equal(cmos(vm, 0x34) | cmos(vm, 0x35) << 8, cases[i].above16);
		assert_int_equal(cmos(vm, 0x5b) | cmos(vm, 0x5c) << 8 | cmos(vm, 0x5d) << 16, cases[i].high);
		fake_board_destroy(vm);
	}
}

static uint16_t pit_count(struct vm *vm, unsigned channel)
{
	OUTB(vm, 0x43, channel << 6); /* latch */
	uint8_t low = INB(vm, 0x40 + channel);
	return low | INB(vm, 0x40 + channel) << 8;
}

static void test_pit_rate(void **state)
{
	struct vm *vm = board(&device_pit);
	OUTB(vm, 0x43, 0x34); /* channel 0, both bytes, mode 2 */
	OUTB(vm, 0x40, 11932 & 255);
	OUTB(vm, 0x40, 11932 >> 8);
	fake_board_advance(vm, SEC);
	assert_in_range(vm->edges[0], 99, 101);
	uint16_t first = pit_count(vm, 0);
	fake_board_advance(vm, MS);
	uint16_t second = pit_count(vm, 0);
	assert_in_range((first - second + 11932) % 11932, 1192, 1195); /* 1.193182 MHz */
	OUTB(vm, 0x43, 0x30);
	vm->edges[0] = 0;
	fake_board_advance(vm, SEC); /* a new mode without a count: nothing */
	assert_int_equal(vm->edges[0], 0);
	fake_board_destroy(vm);
}

static void test_pit_one_shot(void **state)
{
	struct vm *vm = board(&device_pit);
	OUTB(vm, 0x43, 0x30); /* mode 0 */
	OUTB(vm, 0x40, 0xa9);
	OUTB(vm, 0x40, 0x04); /* 1193 ticks: 1 ms */
	assert_false(vm->irq[0]);
	fake_board_advance(vm, 900000);
	assert_false(vm->irq[0]);
	fake_board_advance(vm, 200000);
	assert_true(vm->irq[0]);
	fake_board_advance(vm, SEC);
	assert_int_equal(vm->edges[0], 1);
	fake_board_destroy(vm);
}

/* A count of 2 would be 600 kHz: bounded. */
static void test_pit_storm(void **state)
{
	struct vm *vm = board(&device_pit);
	OUTB(vm, 0x43, 0x14);
	OUTB(vm, 0x40, 2);
	fake_board_advance(vm, 100 * MS);
	assert_in_range(vm->edges[0], 1, 501);
	fake_board_destroy(vm);
}

/* Linux's TSC calibration: channel 2 in mode 0, gate at port 0x61, waits for its output in bit 5. */
static void test_pit_speaker(void **state)
{
	struct vm *vm = board(&device_pit);
	OUTB(vm, 0x61, 0x01);
	OUTB(vm, 0x43, 0xb0);
	OUTB(vm, 0x42, 0xff);
	OUTB(vm, 0x42, 0xff);
	assert_int_equal(INB(vm, 0x61) & 0x21, 0x01);
	fake_board_advance(vm, 50 * MS);
	assert_int_equal(INB(vm, 0x61) & 0x20, 0);
	OUTB(vm, 0x61, 0x00); /* gate low: it stands still */
	uint16_t count = pit_count(vm, 2);
	fake_board_advance(vm, 50 * MS);
	assert_int_equal(pit_count(vm, 2), count);
	OUTB(vm, 0x61, 0x01);
	fake_board_advance(vm, 6 * MS);
	assert_int_equal(INB(vm, 0x61) & 0x20, 0x20);
	uint8_t refresh = INB(vm, 0x61) & 0x10;
	fake_board_advance(vm, 15085);
	assert_int_not_equal(INB(vm, 0x61) & 0x10, refresh);
	fake_board_destroy(vm);
}

static void test_pit_modes(void **state)
{
	for (unsigned control = 0; control < 256; control++) {
		struct vm *vm = board(&device_pit);
		OUTB(vm, 0x43, control);
		for (unsigned c = 0; c < 3; c++) {
			OUTB(vm, 0x40 + c, 0);
			OUTB(vm, 0x40 + c, 0);
		}
		OUTB(vm, 0x61, control & 1);
		fake_board_advance(vm, 20 * MS);
		OUTB(vm, 0x43, 0xc2 | (control & 0x3c)); /* read-back */
		for (unsigned i = 0; i < 12; i++)
			INB(vm, 0x40 + i % 4);
		free(fake_board_describe(vm, 0));
		fake_board_destroy(vm);
	}
	struct vm *vm = board(&device_pit);
	OUTB(vm, 0x43, 0x37); /* mode 3, BCD */
	OUTB(vm, 0x40, 0x00);
	OUTB(vm, 0x40, 0x10);
	OUTB(vm, 0x43, 0xe2); /* read-back: status of channel 0 */
	assert_int_equal(INB(vm, 0x40), 0xb7);
	fake_board_advance(vm, 100000); /* 119 ticks, counted by two: 762 */
	assert_int_equal(pit_count(vm, 0), 0x0762);
	fake_board_destroy(vm);
}

static void test_pm_poweroff(void **state)
{
	struct vm *vm = board(&device_pm);
	fake_out(vm, 0x604, 2, 0x1401); /* a sleep type without SLP_EN */
	assert_int_equal(vm->exits, 0);
	fake_out(vm, 0x604, 2, 0x3400); /* S3-like: noticed, nothing more */
	assert_int_equal(vm->exits, 0);
	assert_int_equal(vm->event_what, HW_EVENT_SLEEP);
	assert_int_equal(vm->event_a, 5);
	fake_out(vm, 0x604, 2, 0x2000);
	assert_int_equal(vm->exits, 1);
	assert_int_equal(vm->exit_kind, GUEST_EXIT_POWEROFF);
	for (const char *s = "ShutShutdow"; *s; s++)
		OUTB(vm, 0x8900, *s);
	assert_int_equal(vm->exits, 1);
	for (const char *s = "Shutdown"; *s; s++)
		OUTB(vm, 0x8900, *s);
	assert_int_equal(vm->exits, 2);
	fake_board_destroy(vm);
}

static void test_pm_timer(void **state)
{
	struct vm *vm = board(&device_pm);
	uint32_t first = fake_in(vm, 0x608, 4);
	fake_board_advance(vm, SEC);
	assert_int_equal(((fake_in(vm, 0x608, 4) - first) & 0xffffff), 3579545);
	assert_int_equal(fake_in(vm, 0x608, 4) >> 24, 0);
	/* The top bit of 24 changes every 2.34 s; with the enable bit that is SCI. */
	fake_out(vm, 0x600, 2, 1);
	fake_out(vm, 0x602, 2, 1);
	assert_false(vm->irq[9]);
	fake_board_advance(vm, 2400 * MS);
	assert_true(vm->irq[9]);
	assert_int_equal(fake_in(vm, 0x600, 2), 1);
	assert_int_equal(fake_in(vm, 0x600, 4), 0x10001);
	OUTB(vm, 0x601, 0xff); /* the other byte: clears nothing of bit 0 */
	assert_true(vm->irq[9]);
	OUTB(vm, 0x600, 0x01);
	assert_false(vm->irq[9]);
	assert_int_equal(fake_in(vm, 0x604, 2), 1); /* SCI_EN: ACPI mode */
	OUTB(vm, 0x604, 0);
	fake_board_advance(vm, 3 * SEC);
	assert_false(vm->irq[9]);
	fake_board_destroy(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rtc_now), cmocka_unit_test(test_rtc_set),
		cmocka_unit_test(test_rtc_nonsense), cmocka_unit_test(test_rtc_update_in_progress),
		cmocka_unit_test(test_rtc_periodic), cmocka_unit_test(test_rtc_alarm),
		cmocka_unit_test(test_rtc_memory), cmocka_unit_test(test_pit_rate),
		cmocka_unit_test(test_pit_one_shot), cmocka_unit_test(test_pit_storm),
		cmocka_unit_test(test_pit_speaker), cmocka_unit_test(test_pit_modes),
		cmocka_unit_test(test_pm_poweroff),
		cmocka_unit_test(test_pm_timer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
