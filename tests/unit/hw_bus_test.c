/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/test.h"

#include "guest/bus.h"

/* A device that keeps its last access. */
struct probe {
	struct device dev;
	uint64_t offset, value;
	unsigned size, accesses;
};

static void probe_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	struct probe *p = container_of(dev, struct probe, dev);
	p->offset = offset;
	p->size = size;
	p->accesses++;
	*value = 0x1122334455667788ULL;
}

static void probe_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct probe *p = container_of(dev, struct probe, dev);
	p->offset = offset;
	p->size = size;
	p->value = p->value << 8 | value;
	p->accesses++;
}

static const struct bus_ops whole = { .read = probe_read, .write = probe_write };
static const struct bus_ops bytes = { .read = probe_read, .write = probe_write, .split_bytes = true };

static void test_lookup(void **state)
{
	struct bus *bus;
	struct probe a = { 0 }, b = { 0 };
	uint64_t v;
	assert_ok(bus_create(&bus));
	assert_ok(bus_claim(bus, &a.dev, MEM_PORT, 0x60, 4, "a", &whole));
	assert_ok(bus_claim(bus, &b.dev, MEM_PORT, 0x20, 2, "b", &whole));
	assert_ok(bus_claim(bus, &b.dev, MEM_MMIO, 0x20, 0x1000, "b", &whole));
	assert_true(bus_read(bus, MEM_PORT, 0x62, 2, &v));
	assert_int_equal(v, 0x7788);
	assert_int_equal(a.offset, 2);
	assert_int_equal(a.size, 2);
	assert_true(bus_write(bus, MEM_MMIO, 0x1018, 8, 5));
	assert_int_equal(b.offset, 0xff8);
	assert_int_equal(b.value, 5);
	assert_false(bus_read(bus, MEM_PORT, 0x22, 1, &v));
	assert_int_equal(v, 0xff);
	assert_false(bus_read(bus, MEM_PORT, 0x5e, 2, &v));
	assert_false(bus_read(bus, MEM_MMIO, 0x1f, 1, &v));
	bus_destroy(bus);
}

/* An access across an edge goes byte by byte: each to whoever is there, ones where nobody is. */
static void test_straddle(void **state)
{
	struct bus *bus;
	struct probe a = { 0 }, b = { 0 };
	uint64_t v;
	assert_ok(bus_create(&bus));
	assert_ok(bus_claim(bus, &a.dev, MEM_PORT, 0x10, 2, "a", &whole));
	assert_ok(bus_claim(bus, &b.dev, MEM_PORT, 0x12, 1, "b", &whole));
	assert_true(bus_read(bus, MEM_PORT, 0x11, 4, &v));
	assert_int_equal(v, 0xffff8888);
	assert_int_equal(a.accesses, 1);
	assert_int_equal(b.accesses, 1);
	assert_true(bus_read(bus, MEM_PORT, 0xffff, 4, &v) == false); /* past the last port */
	assert_int_equal(v, 0xffffffff);
	bus_destroy(bus);
}

static void test_split(void **state)
{
	struct bus *bus;
	struct probe a = { 0 };
	uint64_t v;
	assert_ok(bus_create(&bus));
	assert_ok(bus_claim(bus, &a.dev, MEM_PORT, 0x10, 4, "a", &bytes));
	assert_true(bus_write(bus, MEM_PORT, 0x10, 4, 0x04030201));
	assert_int_equal(a.accesses, 4);
	assert_int_equal(a.value, 0x01020304); /* ascending offsets */
	assert_int_equal(a.offset, 3);
	assert_true(bus_read(bus, MEM_PORT, 0x10, 2, &v));
	assert_int_equal(v, 0x8888);
	/* Sizes that are no power of two come from accesses across pages: bytes too. */
	assert_true(bus_read(bus, MEM_PORT, 0x10, 3, &v));
	assert_int_equal(v, 0x888888);
	bus_destroy(bus);
}

static void test_overlaps(void **state)
{
	static const struct { uint64_t start, len; bool good; } cases[] = {
		{ 0x10, 0x10, false }, { 0x0f, 2, false }, { 0x1f, 1, false }, { 0x00, 0x100, false },
		{ 0x18, 2, false }, { 0x0f, 1, true }, { 0x20, 1, true }, { 0xfff0, 0x10, true },
		{ 0xfff0, 0x11, false }, { 0x30, 0, false }, { ~0ULL, 2, false },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bus *bus;
		struct probe a = { 0 };
		assert_ok(bus_create(&bus));
		assert_ok(bus_claim(bus, &a.dev, MEM_PORT, 0x10, 0x10, "first", &whole));
		struct error *e = bus_claim(bus, &a.dev, MEM_PORT, cases[i].start, cases[i].len, "second",
					    &whole);
		assert_int_equal(e == NULL, cases[i].good);
		error_destroy(e);
		bus_destroy(bus);
	}
}

static void test_regions_and_holes(void **state)
{
	struct bus *bus;
	struct probe a = { 0 };
	struct mem_region r;
	struct bus_hole hole;
	uint64_t v;
	assert_ok(bus_create(&bus));
	assert_ok(bus_claim(bus, &a.dev, MEM_PORT, 0x60, 4, "late", &whole));
	assert_ok(bus_claim(bus, &a.dev, MEM_PORT, 0x20, 2, "early", &whole));
	assert_ok(bus_claim(bus, &a.dev, MEM_MMIO, 0xd0000000, 0x1000, "mmio", &whole));
	assert_true(bus_region(bus, 0, &r));
	assert_int_equal(r.kind, MEM_MMIO);
	assert_true(bus_region(bus, 1, &r));
	assert_string_equal(r.name, "early");
	assert_int_equal(r.kind, MEM_PORT);
	assert_true(bus_region(bus, 2, &r));
	assert_int_equal(r.start, 0x60);
	assert_false(bus_region(bus, 3, &r));

	assert_false(bus_unclaimed_at(bus, 0, &hole));
	bus_read(bus, MEM_PORT, 0x80, 1, &v);
	bus_read(bus, MEM_PORT, 0x80, 1, &v);
	bus_write(bus, MEM_MMIO, 0x80, 4, 0);
	for (unsigned i = 0; i < 1000; i++)
		bus_write(bus, MEM_PORT, 0x1000 + i, 1, 0);
	assert_int_equal(bus_unclaimed(bus), 1003);
	assert_true(bus_unclaimed_at(bus, 0, &hole));
	assert_int_equal(hole.addr, 0x80);
	assert_int_equal(hole.reads, 2);
	assert_true(bus_unclaimed_at(bus, 1, &hole));
	assert_int_equal(hole.space, MEM_MMIO);
	assert_int_equal(hole.writes, 1);
	assert_true(bus_unclaimed_at(bus, 63, &hole));
	assert_false(bus_unclaimed_at(bus, 64, &hole));
	/* Locks of strangers are no locks. */
	struct device stranger = { 0 };
	bus_device_lock(bus, &stranger);
	bus_device_lock(bus, &stranger);
	bus_device_unlock(bus, &stranger);
	bus_destroy(bus);
	bus_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup), cmocka_unit_test(test_straddle), cmocka_unit_test(test_split),
		cmocka_unit_test(test_overlaps), cmocka_unit_test(test_regions_and_holes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
