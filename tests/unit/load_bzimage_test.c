/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/test.h"

#include "core/base/bits.h"
#include "guest/load/memmap.h"
#include "tests/lib/elf_builder.h"

#define MIB 0x100000ULL

struct fixture {
	struct test_ram ram;
	uint8_t *file;
	size_t len;
	struct guest_config config;
	struct boot_state boot;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	test_ram_init(&f->ram, 32 * MIB, 2 * MIB);
	f->file = bzimage_build(&f->len);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	test_ram_deinit(&f->ram);
	free(f->file);
	free(f);
	return 0;
}

static struct error *load(struct fixture *f)
{
	_free_ uint8_t *copy = malloc(f->len ? f->len : 1);
	memcpy(copy, f->file, f->len);
	struct image image = { copy, f->len, "bz" };
	return load_image(&image, &f->config, &f->ram.ram, &f->boot);
}

static void test_good(void **state)
{
	struct fixture *f = *state;
	f->config.append = "console=ttyS0";
	assert_ok(load(f));
	assert_string_equal(f->boot.protocol, "linux64");
	assert_int_equal(f->boot.mode, BOOT_LONG64);
	assert_int_equal(f->boot.pc, 0x1000200);
	assert_int_equal(f->boot.rsi, BOOT_PARAMS);
	assert_int_equal(f->boot.cs, 0x10); /* __BOOT_CS of the protocol */
	assert_int_equal(f->boot.ds, 0x18);
	assert_int_equal(f->ram.bytes[0x1000000], 0xcc);
	const uint8_t *zero = f->ram.bytes + BOOT_PARAMS;
	assert_memory_equal(zero + 0x202, "HdrS", 4);
	assert_int_equal(zero[0x210], 0xff);
	assert_string_equal((char *)f->ram.bytes + le32_read(zero + 0x228), "console=ttyS0");
	assert_int_equal(le32_read(zero + 0x218), 0);

	/* e820: low RAM, the reserved pages of what we placed, the legacy area, RAM above 4 GiB. */
	unsigned n = zero[0x1e8];
	const uint8_t *last = zero + 0x2d0 + (n - 1) * 20;
	assert_int_equal(le64_read(last), 1ULL << 32);
	assert_int_equal(le64_read(last + 8), 2 * MIB);
	bool zero_page = false;
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *e = zero + 0x2d0 + i * 20;
		uint64_t start = le64_read(e), end = start + le64_read(e + 8);
		if (start <= BOOT_PARAMS && BOOT_PARAMS < end)
			zero_page = le32_read(e + 16) == 2;
		if (start < 0xa0000)
			assert_true(end <= 0xa0000 || end == 0x100000);
	}
	assert_true(zero_page);
}

static void test_moved(void **state)
{
	struct fixture *f = *state;
	le64_write(f->file + 0x258, 64 * MIB);
	assert_ok(load(f));
	assert_int_equal(f->boot.pc, 2 * MIB + 0x200); /* the lowest aligned place above 1 MiB */
	f->file[0x234] = 0;
	assert_error(load(f), ERROR_FAILED, "the kernel (pref_address, init_size) at 0x4000000");
}

static void test_initrd(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/vmscope-test-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "initrd", 6), 6);
	close(fd);
	f->config.initrd = path;
	assert_ok(load(f));
	const uint8_t *zero = f->ram.bytes + BOOT_PARAMS;
	assert_int_equal(le32_read(zero + 0x218), 32 * MIB - 4096); /* high, page aligned */
	assert_int_equal(le32_read(zero + 0x21c), 6);
	assert_memory_equal(f->ram.bytes + 32 * MIB - 4096, "initrd", 6);

	le32_write(f->file + 0x22c, 24 * MIB - 1); /* initrd_addr_max: the last byte it may have */
	assert_ok(load(f));
	assert_int_equal(le32_read(zero + 0x218), 24 * MIB - 4096);
	le32_write(f->file + 0x22c, MIB);
	assert_error(load(f), ERROR_FAILED, "6 bytes, at most 1 are accepted");
	remove(path);
	assert_error(load(f), ERROR_FAILED, "can not open");
}

static void test_cmdline_size(void **state)
{
	struct fixture *f = *state;
	char line[300];
	memset(line, 'a', sizeof(line));
	line[255] = 0;
	f->config.append = line;
	assert_ok(load(f));
	line[255] = 'a';
	line[256] = 0;
	assert_error(load(f), ERROR_FAILED, "the command line has 256 bytes, at most 255 fit");
}

static void test_lies(void **state)
{
	static const struct { size_t offset, size; uint64_t value; const char *what; } cases[] = {
		{ 0x206, 2, 0x20b, "version is 0x20b: the 64-bit boot protocol needs 0x20c" },
		{ 0x206, 2, 0x000, "version is 0x0" },
		{ 0x201, 1, 0x10, "the header's length (byte 0x201) is 0x10" },
		{ 0x201, 1, 0xff, "the header's length (byte 0x201) is 0xff" },
		{ 0x236, 2, 0x02, "xloadflags is 0x2: bit 0 is clear, the kernel has no 64-bit entry" },
		{ 0x211, 1, 0x00, "loadflags is 0x0" },
		{ 0x1f1, 1, 0xff, "setup_sects is 0xff: the file ends before the kernel" },
		{ 0x1f1, 1, 0x09, "syssize is 0x100" },
		{ 0x1f4, 4, 0x101, "syssize is 0x101: the file is truncated" },
		{ 0x1f4, 4, 0xffffffff, "syssize is 0xffffffff" },
		{ 0x230, 4, 0, "kernel_alignment is 0x0" },
		{ 0x230, 4, 0x300000, "kernel_alignment is 0x300000: it has to be a power of two" },
		{ 0x230, 4, 0x80000000, "kernel_alignment is 0x80000000" },
		{ 0x260, 4, 0, "init_size is 0x0" },
		{ 0x260, 4, 0xffffffff, "the kernel needs 0xffffffff bytes (init_size)" },
		{ 0x1fe, 2, 0xaa54, "unknown data" },
		{ 0x202, 4, 0, "unknown data" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture *f = *state;
		bytes_write(f->file + cases[i].offset, cases[i].size, false, cases[i].value);
		assert_error(load(f), ERROR_FAILED, cases[i].what);
		teardown(state);
		setup(state);
	}
}

/* Relocatable kernels with a preferred address nobody can use go elsewhere; others are refused. */
static void test_pref_address(void **state)
{
	struct fixture *f = *state;
	le64_write(f->file + 0x258, ~0ULL);
	assert_ok(load(f));
	assert_in_range(f->boot.pc, MIB, 32 * MIB);
	f->file[0x234] = 0;
	assert_error(load(f), ERROR_FAILED, "pref_address is 0xffffffffffffffff");
	le64_write(f->file + 0x258, 0x1000);
	assert_error(load(f), ERROR_FAILED, "pref_address is 0x1000: it is below 1 MiB");
}

static void test_truncated(void **state)
{
	struct fixture *f = *state;
	size_t whole = f->len;
	for (f->len = 0; f->len < whole - 16; f->len += f->len < 0x300 ? 1 : 61) {
		struct error *e = load(f);
		assert_non_null(e);
		assert_true(strncmp(error_message(e), "bz: ", 4) == 0);
		error_destroy(e);
	}
}

/* RAM in pieces with reserved pages at their edges: entries stay sorted, whole and inside RAM. */
static void test_memmap(void **state)
{
	struct fixture *f = *state;
	struct image image = { f->file, f->len, "bz" };
	struct place p;
	struct memmap m;
	uint8_t *host;
	uint64_t at;
	place_init(&p, &image, &f->ram.ram);
	assert_ok(place_claim(&p, 0, 16, true, "first", &host));
	assert_ok(place_claim(&p, 0x1ff0, 0x20, true, "across", &host));
	assert_ok(place_claim(&p, 32 * MIB - 1, 1, true, "last", &host));
	assert_ok(place_claim(&p, 2 * MIB, MIB, false, "image", &host));
	assert_error(place_claim(&p, 3 * MIB - 1, 2, true, "clash", &host), ERROR_FAILED,
		     "bz: clash at 0x2fffff-0x300000 overlaps image at 0x200000-0x2fffff");
	assert_error(place_claim(&p, 32 * MIB - 2, 4, true, "hole", &host), ERROR_FAILED, "does not fit");
	assert_error(place_claim(&p, ~0ULL, 2, true, "wrap", &host), ERROR_FAILED, "does not fit");
	assert_ok(place_claim(&p, 0x5000, 0, true, "empty", &host));
	assert_null(host);
	memmap_build(&p, &m);
	static const struct memmap_entry expected[] = {
		{ 0, 0x3000, MEMMAP_RESERVED }, { 0x3000, 0x9cc00, MEMMAP_RAM },
		{ 0x9fc00, 0x60400, MEMMAP_RESERVED }, { 0x100000, 31 * MIB - 0x1000, MEMMAP_RAM },
		{ 32 * MIB - 0x1000, 0x1000, MEMMAP_RESERVED }, { 1ULL << 32, 2 * MIB, MEMMAP_RAM },
	};
	assert_int_equal(m.n, ARRAY_SIZE(expected));
	for (unsigned i = 0; i < m.n; i++) {
		assert_int_equal(m.entry[i].start, expected[i].start);
		assert_int_equal(m.entry[i].len, expected[i].len);
		assert_int_equal(m.entry[i].type, expected[i].type);
	}
	assert_true(place_find(&p, 0x1000, 0x1000, 0, UINT64_MAX, true, &at));
	assert_int_equal(at, (1ULL << 32) + 2 * MIB - 0x1000);
	assert_true(place_find(&p, 0x90000, 0x1000, 0x90000, 1ULL << 32, false, &at));
	assert_int_equal(at, 0x100000); /* not over the legacy area */
	assert_true(place_find(&p, MIB, 0x1000, MIB + 1, 1ULL << 32, false, &at));
	assert_int_equal(at, 3 * MIB); /* after the image */
	assert_false(place_find(&p, 64 * MIB, 0x1000, 0, UINT64_MAX, false, &at));
	assert_false(place_find(&p, 4096, 4096, 5 * MIB, 4 * MIB, true, &at));
	place_deinit(&p);
}

static void test_flat(void **state)
{
	struct fixture *f = *state;
	f->config.flat = true;
	f->config.flat_addr = 0x7c00;
	assert_ok(load(f)); /* a bzImage given with --flat is raw code */
	assert_int_equal(f->boot.mode, BOOT_REAL16);
	assert_int_equal(f->boot.pc, 0x7c00);
	assert_int_equal(f->boot.cs, 0);
	assert_int_equal(f->boot.sp, 0x7c00);
	f->config.flat_addr = 0xf0000;
	assert_ok(load(f));
	assert_int_equal(f->boot.cs, 0xf000);
	assert_int_equal(f->boot.pc, 0);
	f->config.flat_addr = 0xff000;
	assert_error(load(f), ERROR_FAILED, "end above 1 MiB, which real mode can not reach");
	f->config.flat_mode = FLAT_PROT32;
	assert_ok(load(f));
	assert_int_equal(f->boot.mode, BOOT_PROT32);
	assert_int_equal(f->boot.pc, 0xff000);
	f->config.flat_mode = FLAT_LONG;
	f->config.flat_addr = 0x8000;
	assert_error(load(f), ERROR_FAILED, "the boot page tables at 0x9000-0xffff overlaps the image");
	f->config.flat_addr = 0x200000;
	assert_ok(load(f));
	assert_int_equal(f->boot.cr3, BOOT_PAGE_TABLES);
	f->config.flat_addr = 33 * MIB;
	assert_error(load(f), ERROR_FAILED, "does not fit the guest's memory");
	f->len = 0;
	assert_error(load(f), ERROR_FAILED, "bz: the file is empty");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_good), T(test_moved), T(test_initrd), T(test_cmdline_size), T(test_lies),
		T(test_pref_address), T(test_truncated), T(test_memmap), T(test_flat),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
