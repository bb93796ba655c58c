/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The device tree of PAPR guests, read back by libfdt. */
#include "tests/lib/test.h"

#include <libfdt.h>

#include "core/base/bits.h"
#include "guest/load/ppc64_fdt.h"

static const char *rtas_name(unsigned token)
{
	static const char *const names[] = { "display-character", "power-off" };

	return token && token <= 2 ? names[token - 1] : NULL;
}

static const struct ppc64_fdt desc = {
	.mem_bytes = 5ull << 30, .vcpus = 4, .threads = 2, .pvr = 0x004e1203, .timebase_hz = 512000000,
	.ap_encoding = { 12, 0xa0000010 }, .cmdline = "console=hvc0", .initrd = 0x8000000, .initrd_len = 0x1234,
	.rtas = 0x7f00000, .rtas_entry = 0x7f00000, .rtas_len = 0x10000, .rtas_name = rtas_name,
	.vty = 0x71000000, .vty_lisn = 0x1000, .xive = true, .tima = 0x0006030203180000ull, .page_shift = 16,
	.nipis = 4,
};

static uint32_t cell(const void *fdt, const char *path, const char *name, unsigned i)
{
	int len, node = fdt_path_offset(fdt, path);
	const uint8_t *p = node < 0 ? NULL : fdt_getprop(fdt, node, name, &len);

	if (!p || len < (int)(4 * i + 4)) {
		print_error("%s: %s: no cell %u\n", path, name, i);
		fail();
	}
	return be32_read(p + 4 * i);
}

static void test_tree(void **state)
{
	static uint8_t fdt[65536];
	size_t len;
	int n;

	assert_ok(ppc64_fdt_write(&desc, fdt, sizeof(fdt), &len));
	assert_true(len > 500 && len < sizeof(fdt));
	assert_int_equal(fdt_check_header(fdt), 0);
	assert_int_equal(cell(fdt, "/memory@0", "reg", 2), 1);
	assert_int_equal(cell(fdt, "/memory@0", "reg", 3), 0x40000000);
	/* Two cores of two threads. */
	assert_int_equal(cell(fdt, "/cpus/PowerPC,POWER9@0", "ibm,ppc-interrupt-server#s", 1), 1);
	assert_int_equal(cell(fdt, "/cpus/PowerPC,POWER9@2", "ibm,ppc-interrupt-server#s", 1), 3);
	assert_true(fdt_path_offset(fdt, "/cpus/PowerPC,POWER9@4") < 0);
	assert_int_equal(cell(fdt, "/cpus/PowerPC,POWER9@0", "ibm,processor-radix-AP-encodings", 1), 0xa0000010);
	assert_int_equal(cell(fdt, "/rtas", "power-off", 0), 2);
	assert_int_equal(cell(fdt, "/rtas", "linux,rtas-entry", 0), 0x7f00000);
	assert_int_equal(cell(fdt, "/chosen", "linux,initrd-end", 1), 0x8001234);
	assert_string_equal(fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", &n), "console=hvc0");
	assert_int_equal(cell(fdt, "/vdevice/vty@71000000", "interrupts", 0), 0x1000);
	/* The operating system's page is the third of the four. */
	assert_int_equal(cell(fdt, "/interrupt-controller@60302031b0000", "reg", 5), 0x031a0000);
	assert_int_equal(cell(fdt, "/interrupt-controller@60302031b0000", "ibm,xive-lisn-ranges", 1), 4);
	assert_int_equal(fdt_num_mem_rsv(fdt), 1);
}

/* The vector's first byte counts what follows its second; radix with GTSE, XIVE only when there is one. */
static void test_vector_5(void **state)
{
	struct ppc64_fdt d = desc;

	for (int xive = 0; xive < 2; xive++) {
		static uint8_t fdt[65536];
		const uint8_t *v;
		size_t size;
		int len;

		d.xive = xive;
		assert_ok(ppc64_fdt_write(&d, fdt, sizeof(fdt), &size));
		v = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "ibm,architecture-vec-5", &len);
		assert_int_equal(v[0], len - 2);
		assert_int_equal(v[23], xive ? 0x40 : 0);
		assert_int_equal(v[24], 0x40);
		assert_int_equal(v[26], 0x40);
		assert_int_equal(fdt_path_offset(fdt, "/interrupt-controller@60302031b0000") > 0, xive);
	}
}

static void test_no_room(void **state)
{
	uint8_t small[1024];
	size_t len = 77;

	assert_error(ppc64_fdt_write(&desc, small, sizeof(small), &len), ERROR_FAILED, "1024 bytes of room");
	assert_int_equal(len, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_vector_5),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
