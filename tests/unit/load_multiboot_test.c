/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/test.h"

#include <elf.h>

#include "core/base/bits.h"
#include "guest/load/place.h"
#include "tests/lib/elf_builder.h"

#define MIB 0x100000ULL
#define ADDR_FLAG 0x10000u

struct fixture {
	struct test_ram ram;
	uint8_t file[0x4000];
	size_t len;
	struct guest_config config;
	struct boot_state boot;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	test_ram_init(&f->ram, 4 * MIB, MIB);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	test_ram_deinit(&f->ram);
	free(f);
	return 0;
}

static struct error *load(struct fixture *f)
{
	_free_ uint8_t *copy = malloc(f->len ? f->len : 1);
	memcpy(copy, f->file, f->len);
	struct image image = { copy, f->len, "mb" };
	return load_image(&image, &f->config, &f->ram.ram, &f->boot);
}

/* header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr: the header is at 0x40 in the file. */
static const uint32_t good_addr[5] = { 0x100040, 0x100000, 0x101000, 0x103000, 0x100080 };

static void build_raw(struct fixture *f, uint32_t flags, const uint32_t *addr)
{
	memset(f->file, 0x90, sizeof(f->file));
	multiboot_header(f->file + 0x40, flags, addr);
	f->len = 0x2000;
}

static const uint8_t *info(struct fixture *f)
{
	return f->ram.bytes + f->boot.rbx;
}

static void test_raw(void **state)
{
	struct fixture *f = *state;
	memset(f->ram.bytes, 0xa5, 4 * MIB);
	build_raw(f, ADDR_FLAG | 3, good_addr);
	f->config.append = "a=1 b";
	assert_ok(load(f));
	assert_string_equal(f->boot.protocol, "multiboot");
	assert_int_equal(f->boot.mode, BOOT_PROT32);
	assert_int_equal(f->boot.rax, 0x2badb002);
	assert_int_equal(f->boot.pc, 0x100080);
	assert_memory_equal(f->ram.bytes + 0x100000, f->file, 0x1000);
	for (unsigned i = 0x101000; i < 0x103000; i++)
		assert_int_equal(f->ram.bytes[i], 0);
	assert_int_equal(f->ram.bytes[0x103000], 0xa5);

	assert_int_equal(le32_read(info(f)) & 0x24d, 0x24d);
	assert_int_equal(le32_read(info(f) + 4), 639);
	assert_int_equal(le32_read(info(f) + 8), 3 * 1024);
	assert_string_equal((char *)f->ram.bytes + le32_read(info(f) + 16), "mb a=1 b");
	assert_int_equal(le32_read(info(f) + 20), 0);
	assert_string_equal((char *)f->ram.bytes + le32_read(info(f) + 64), "vmscope");
}

static void test_mmap(void **state)
{
	struct fixture *f = *state;
	build_raw(f, ADDR_FLAG, good_addr);
	assert_ok(load(f));
	uint32_t at = le32_read(info(f) + 48), end = at + le32_read(info(f) + 44);
	uint64_t last = 0, ram = 0;
	bool legacy_reserved = false;
	while (at < end) {
		const uint8_t *e = f->ram.bytes + at;
		uint64_t start = le64_read(e + 4), len = le64_read(e + 12);
		assert_true(start >= last && len > 0);
		last = start + len;
		if (le32_read(e + 20) == 1)
			ram += len;
		if (start <= 0xa0000 && last == 0x100000)
			legacy_reserved = le32_read(e + 20) == 2;
		at += le32_read(e) + 4;
	}
	assert_int_equal(at, end);
	assert_int_equal(last, (1ULL << 32) + MIB);
	assert_true(legacy_reserved);
	assert_in_range(ram, 4 * MIB, 5 * MIB);
}

static void test_end_of_file(void **state)
{
	struct fixture *f = *state;
	uint32_t addr[5] = { 0x100040, 0x100000, 0, 0, 0x100080 };
	build_raw(f, ADDR_FLAG, addr);
	assert_ok(load(f));
	assert_int_equal(f->boot.image_hi, 0x102000);
}

/* Fields of the header, one lie each. */
static void test_raw_lies(void **state)
{
	static const struct { unsigned field; uint32_t value; const char *what; } cases[] = {
		{ 0, 0x100000, "load_addr is 0x100000" }, /* header_addr below where the header lies */
		{ 0, 0x100100, "load_addr is 0x100000: it puts the start of the text outside the file" },
		{ 1, 0x200000, "load_addr is 0x200000" },
		{ 2, 0xff000, "load_end_addr is 0xff000: it is below load_addr" },
		{ 2, 0x200000, "load_end_addr is 0x200000: it reaches past the end of the file" },
		{ 3, 0x100800, "bss_end_addr is 0x100800: it is below the end of the data" },
		{ 3, 0xf0000000, "the image at 0x100000" },
		{ 4, 0xfffff, "entry_addr is 0xfffff" },
		{ 4, 0x103000, "entry_addr is 0x103000: it is not in what is loaded" },
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t addr[5];
		memcpy(addr, good_addr, sizeof(addr));
		addr[cases[i].field] = cases[i].value;
		build_raw(f, ADDR_FLAG, addr);
		if (i == 0) {
			/* Legal: bytes before the load address are left out. */
			assert_ok(load(f));
			assert_memory_equal(f->ram.bytes + 0x100000, f->file + 0x40, 12);
			continue;
		}
		assert_error(load(f), ERROR_FAILED, cases[i].what);
	}
}

static void test_flags(void **state)
{
	static const struct { uint32_t flags; const char *what; } cases[] = {
		{ ADDR_FLAG | 4, "flags is 0x10004: it asks for a video mode" },
		{ ADDR_FLAG | 8, "flags is 0x10008: bits 3-15 are not defined" },
		{ 0, "without address fields (flags bit 16) in a file that is no x86 ELF" },
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		build_raw(f, cases[i].flags, good_addr);
		assert_error(load(f), ERROR_FAILED, cases[i].what);
	}
	build_raw(f, ADDR_FLAG | 0x20000, good_addr); /* bits 16-31 may be ignored */
	assert_ok(load(f));
}

static void test_search(void **state)
{
	struct fixture *f = *state;
	memset(f->file, 0, sizeof(f->file));
	f->len = 0x4000;
	uint32_t addr[5] = { 0x100000 + 8180, 0x100000, 0, 0, 0x100000 };
	multiboot_header(f->file + 8180, ADDR_FLAG, addr);
	assert_ok(load(f)); /* the last place where all of its three words are within 8192 bytes */
	memset(f->file, 0, sizeof(f->file));
	multiboot_header(f->file + 8184, ADDR_FLAG, addr);
	assert_error(load(f), ERROR_FAILED, "unknown data");
	memset(f->file, 0, sizeof(f->file));
	multiboot_header(f->file + 0x42, ADDR_FLAG, addr); /* not 4-byte aligned */
	assert_error(load(f), ERROR_FAILED, "unknown data");
	memset(f->file, 0, sizeof(f->file));
	multiboot_header(f->file + 0x40, ADDR_FLAG, addr);
	f->file[0x48] ^= 1; /* checksum */
	assert_error(load(f), ERROR_FAILED, "unknown data");
}

static void test_truncated(void **state)
{
	struct fixture *f = *state;
	build_raw(f, ADDR_FLAG, good_addr);
	for (f->len = 0; f->len < 0x1000; f->len++) {
		struct error *e = load(f);
		assert_non_null(e);
		assert_true(strncmp(error_message(e), "mb: ", 4) == 0);
		error_destroy(e);
	}
	f->len = 0x1000;
	assert_ok(load(f));
}

static void test_elf32(void **state)
{
	struct fixture *f = *state;
	struct elf_builder b;
	uint8_t text[64] = { 0 };
	multiboot_header(text, 3, NULL);
	elf_builder_init(&b, 32, EM_386);
	elf_builder_segment(&b, PT_LOAD, 0xc0100000, 0x100000, text, sizeof(text), 0x1000);
	elf_builder_finish(&b, 0xc0100010);
	memcpy(f->file, b.data, b.len);
	f->len = b.len;
	assert_ok(load(f));
	assert_int_equal(f->boot.pc, 0x100010);
	assert_int_equal(f->boot.rax, 0x2badb002);

	Elf32_Phdr *ph = (Elf32_Phdr *)(f->file + sizeof(Elf32_Ehdr));
	ph->p_filesz = 0x2000;
	assert_error(load(f), ERROR_FAILED, "program header 0: p_offset 0x54 and p_filesz 0x2000");
	ph->p_filesz = 64;
	ph->p_paddr = 0xfffff000;
	assert_error(load(f), ERROR_FAILED, "does not fit the guest's memory (0x0-0x3fffff, 0x100000000-");
	elf_builder_deinit(&b);
}

static void test_elf32_without_header(void **state)
{
	struct fixture *f = *state;
	struct elf_builder b;
	elf_builder_init(&b, 32, EM_386);
	elf_builder_segment(&b, PT_LOAD, 0x100000, 0x100000, "\xf4", 1, 1);
	elf_builder_finish(&b, 0x100000);
	memcpy(f->file, b.data, b.len);
	f->len = b.len;
	assert_error(load(f), ERROR_FAILED, "a 32-bit ELF file without a multiboot header");
	elf_builder_deinit(&b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_raw), T(test_mmap), T(test_end_of_file), T(test_raw_lies), T(test_flags),
		T(test_search), T(test_truncated), T(test_elf32), T(test_elf32_without_header),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
