/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/test.h"

#include <elf.h>

#include "core/base/bits.h"
#include "guest/load/place.h"
#include "tests/lib/elf_builder.h"

#define MIB 0x100000ULL

struct fixture {
	struct test_ram ram;
	struct elf_builder elf;
	struct guest_config config;
	struct boot_state boot;
};

static const uint8_t code[16] = { 0xf4, 0xeb, 0xfd };

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	test_ram_init(&f->ram, 4 * MIB, 0);
	memset(f->ram.bytes, 0xa5, 4 * MIB); /* reset loads into used memory */
	elf_builder_init(&f->elf, 64, EM_X86_64);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	elf_builder_deinit(&f->elf);
	test_ram_deinit(&f->ram);
	vec_free(&f->config.modules);
	free(f);
	return 0;
}

static struct error *load(struct fixture *f)
{
	/* An exact copy, so that the sanitizer sees a read past the end. */
	_free_ uint8_t *copy = malloc(f->elf.len ? f->elf.len : 1);
	memcpy(copy, f->elf.data, f->elf.len);
	struct image image = { copy, f->elf.len, "t.elf" };
	return load_image(&image, &f->config, &f->ram.ram, &f->boot);
}

static void build_plain(struct fixture *f)
{
	elf_builder_segment(&f->elf, PT_LOAD, 0xffffffff80100000, 0x100000, code, sizeof(code), 0x2000);
	elf_builder_segment(&f->elf, PT_LOAD, 0x200000, 0x200000, "data", 4, 4);
	elf_builder_finish(&f->elf, 0xffffffff80100004);
}

static void test_plain(void **state)
{
	struct fixture *f = *state;
	build_plain(f);
	assert_ok(load(f));
	assert_int_equal(f->boot.mode, BOOT_LONG64);
	assert_string_equal(f->boot.protocol, "elf64");
	assert_int_equal(f->boot.pc, 0x100004); /* the virtual entry, translated */
	assert_int_equal(f->boot.image_lo, 0x100000);
	assert_int_equal(f->boot.image_hi, 0x200004);
	assert_int_equal(f->boot.sp, BOOT_STACK);
	assert_memory_equal(f->ram.bytes + 0x100000, code, sizeof(code));
	for (unsigned i = sizeof(code); i < 0x2000; i++)
		assert_int_equal(f->ram.bytes[0x100000 + i], 0);
	assert_int_equal(f->ram.bytes[0x102000], 0xa5);
	assert_memory_equal(f->ram.bytes + 0x200000, "data", 4);
}

static void test_entry_physical(void **state)
{
	struct fixture *f = *state;
	elf_builder_segment(&f->elf, PT_LOAD, 0x100000, 0x100000, code, sizeof(code), sizeof(code));
	elf_builder_finish(&f->elf, 0x100001);
	assert_ok(load(f));
	assert_int_equal(f->boot.pc, 0x100001);
}

/* Every address of the first 4 GiB maps to itself, as a CPU would walk the tables. */
static void test_identity_map(void **state)
{
	struct fixture *f = *state;
	build_plain(f);
	assert_ok(load(f));
	for (uint64_t va = 0; va < 4ULL << 30; va += 37 * MIB) {
		uint64_t e = f->boot.cr3;
		for (unsigned shift = 39; shift >= 21; shift -= 9) {
			e = le64_read(f->ram.bytes + (e & ~0xfffULL) + (va >> shift & 511) * 8);
			assert_int_equal(e & 3, 3);
		}
		assert_int_equal(e & 0x80, 0x80);
		assert_int_equal(e & ~0xfffULL, va & ~0x1fffffULL);
	}
	assert_int_equal(le64_read(f->ram.bytes + BOOT_GDT + BOOT_CS64) >> 53 & 1, 1);
	assert_int_equal(le64_read(f->ram.bytes + BOOT_GDT + BOOT_CS32) >> 53 & 3, 2);
}

static void test_big_identity_map(void **state)
{
	struct fixture *f = *state;
	uint64_t cr3;
	/* 30 GiB of RAM: the tables do not fit low and go below the end of low RAM. */
	assert_ok(boot_page_tables(&f->ram.ram, 30ULL << 30, &cr3));
	assert_int_equal(cr3 + boot_page_tables_len(30ULL << 30), 4 * MIB);
	uint64_t va = (29ULL << 30) + 5 * MIB;
	uint64_t pdpt = le64_read(f->ram.bytes + cr3) & ~0xfffULL;
	uint64_t pd = le64_read(f->ram.bytes + pdpt + 29 * 8) & ~0xfffULL;
	assert_int_equal(le64_read(f->ram.bytes + pd + (va >> 21 & 511) * 8), (va & ~0x1fffffULL) | 0x83);
	assert_error(boot_page_tables(&f->ram.ram, 1ULL << 62, &cr3), ERROR_FAILED, "128 TiB");
	assert_error(boot_page_tables(&f->ram.ram, 1ULL << 42, &cr3), ERROR_FAILED, "no memory at");
}

static uint64_t info64(struct fixture *f, unsigned offset)
{
	return le64_read(f->ram.bytes + f->boot.rbx + offset);
}

static void test_pvh(void **state)
{
	struct fixture *f = *state;
	uint8_t entry[4];
	le32_write(entry, 0x100002);
	elf_builder_note(&f->elf, "Xen", 18, entry, 4);
	build_plain(f);
	f->config.append = "quiet x=1";
	assert_ok(load(f));
	assert_string_equal(f->boot.protocol, "pvh");
	assert_int_equal(f->boot.mode, BOOT_PROT32);
	assert_int_equal(f->boot.pc, 0x100002);
	assert_int_equal(le32_read(f->ram.bytes + f->boot.rbx), 0x336ec578);
	assert_string_equal((char *)f->ram.bytes + info64(f, 24), "quiet x=1");
	unsigned n = info64(f, 48);
	assert_in_range(n, 3, 16);
	/* Sorted; the page of the start info is reserved; the last entry ends where RAM ends. */
	uint64_t end = 0;
	bool reserved = false;
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *e = f->ram.bytes + info64(f, 40) + i * 24;
		assert_true(le64_read(e) >= end);
		end = le64_read(e) + le64_read(e + 8);
		if (le64_read(e) <= f->boot.rbx && f->boot.rbx < end)
			reserved = le32_read(e + 16) == 2;
	}
	assert_true(reserved);
	assert_int_equal(end, 4 * MIB);
}

static void test_pvh_wide_entry(void **state)
{
	struct fixture *f = *state;
	uint8_t entry[8];
	le64_write(entry, 0x100000);
	elf_builder_note(&f->elf, "Other", 18, entry, 8);
	elf_builder_note(&f->elf, "Xen", 18, entry, 8);
	build_plain(f);
	assert_ok(load(f));
	assert_int_equal(f->boot.pc, 0x100000);
}

static void test_pvh_lies(void **state)
{
	static const struct { uint64_t entry; uint32_t len; const char *what; } cases[] = {
		{ 0x300000, 4, "PVH note: the entry 0x300000 is not in a loaded segment" },
		{ 0x1000000100000, 8, "PVH note: the entry 0x1000000100000" },
		{ 0x100000, 2, "PVH note: descsz is 2" },
		{ 0x100000, 12, "PVH note: descsz is 12" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture *f = *state;
		uint8_t entry[16] = { 0 };
		le64_write(entry, cases[i].entry);
		elf_builder_note(&f->elf, "Xen", 18, entry, cases[i].len);
		build_plain(f);
		assert_error(load(f), ERROR_FAILED, cases[i].what);
		teardown(state);
		setup(state);
	}
}

/* A note whose sizes reach past its segment is no note: the file starts as plain ELF64. */
static void test_note_lies(void **state)
{
	struct fixture *f = *state;
	uint8_t entry[4] = { 0 };
	elf_builder_note(&f->elf, "Xen", 18, entry, 4);
	build_plain(f);
	Elf64_Phdr *ph = elf_builder_phdr(&f->elf, 0);
	le32_write(f->elf.data + ph->p_offset + 4, 0xfffffff0); /* descsz */
	assert_ok(load(f));
	assert_string_equal(f->boot.protocol, "elf64");
	le32_write(f->elf.data + ph->p_offset, 0xffffffff); /* namesz */
	assert_ok(load(f));
	assert_string_equal(f->boot.protocol, "elf64");
}

/* One case per lie: a field of the ELF header or of the first program header, its value, the sentence. */
static void test_lies(void **state)
{
	enum { EHDR, PHDR };
#define H(field, value, what) { EHDR, offsetof(Elf64_Ehdr, field), sizeof(((Elf64_Ehdr *)0)->field), \
				value, what }
#define P(field, value, what) { PHDR, offsetof(Elf64_Phdr, field), sizeof(((Elf64_Phdr *)0)->field), \
				value, what }
	static const struct { int where; size_t offset, size; uint64_t value; const char *what; } cases[] = {
		H(e_type, ET_REL, "e_type is 0x1"),
		H(e_type, ET_CORE, "e_type is 0x4"),
		H(e_machine, EM_AARCH64, "it looks like a 64-bit ELF file, type 2, machine 183"),
		H(e_entry, 0x300000, "e_entry is 0x300000: no loaded segment"),
		H(e_entry, ~0ULL, "e_entry is 0xffffffffffffffff"),
		H(e_phoff, 0x10000, "e_phoff is 0x10000: the program headers lie outside"),
		H(e_phoff, ~0ULL, "e_phoff is 0xffffffffffffffff"),
		H(e_phnum, 0, "e_phnum is 0x0"),
		H(e_phnum, 100, "e_phoff is 0x40: the program headers lie outside"),
		H(e_phnum, 0xffff, "e_phnum is 0xffff: at most 128"),
		H(e_phentsize, 32, "e_phentsize is 0x20: it has to be 56"),
		P(p_type, PT_NULL, "e_entry"),
		P(p_offset, 0x10000, "program header 0: p_offset 0x10000"),
		P(p_offset, ~0ULL, "program header 0: p_offset 0xffffffffffffffff"),
		P(p_filesz, 0x3000, "p_filesz 0x3000 reach past the end of the file"),
		P(p_filesz, ~0ULL, "p_filesz 0xffffffffffffffff"),
		P(p_memsz, 8, "p_filesz 0x10 is larger than p_memsz 0x8"),
		P(p_memsz, 0x10000000, "does not fit the guest's memory (0x0-0x3fffff)"),
		P(p_memsz, ~0ULL, "wraps around"),
		P(p_memsz, 0x100001, "overlaps the segment of program header 0"),
		P(p_paddr, 0x400000, "the segment of program header 0 at 0x400000"),
		P(p_paddr, 0x3ff000, "does not fit"),
		P(p_paddr, ~0ULL, "wraps around"),
		P(p_paddr, 0x9000, "the boot page tables at 0x9000"),
		P(p_paddr, 0x6f00, "the PVH start info at 0x7000"),
		P(p_paddr, 0x400, "the boot GDT at 0x500"),
		P(p_paddr, 0x7f000, "the boot stack"),
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture *f = *state;
		build_plain(f);
		uint8_t *at = cases[i].where == EHDR ? f->elf.data : elf_builder_phdr(&f->elf, 0);
		bytes_write(at + cases[i].offset, cases[i].size, false, cases[i].value);
		assert_error(load(f), ERROR_FAILED, cases[i].what);
		teardown(state);
		setup(state);
	}
}

static void test_no_load(void **state)
{
	struct fixture *f = *state;
	build_plain(f);
	((Elf64_Phdr *)elf_builder_phdr(&f->elf, 0))->p_type = PT_NULL;
	((Elf64_Phdr *)elf_builder_phdr(&f->elf, 1))->p_memsz = 0;
	assert_error(load(f), ERROR_FAILED, "none of its 2 program headers is a PT_LOAD");
}

/* Cut off anywhere, the file is refused with a sentence or, past its last byte in use, starts. */
static void test_truncated(void **state)
{
	struct fixture *f = *state;
	build_plain(f);
	size_t whole = f->elf.len;
	for (f->elf.len = 0; f->elf.len < whole; f->elf.len++)
		assert_error(load(f), ERROR_FAILED, "t.elf: ");
	assert_ok(load(f));
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void test_modules(void **state)
{
	struct fixture *f = *state;
	char dir[] = "/tmp/vmscope-test-XXXXXX";
	assert_non_null(mkdtemp(dir));
	_free_ char *path = xasprintf("%s/mod", dir);
	_free_ char *spec = xasprintf("%s/mod a b", dir);
	_free_ char *gone = xasprintf("%s/none", dir);
	write_file(path, "module bytes");
	build_plain(f);
	vec_push(&f->config.modules, spec);
	f->config.initrd = path;
	assert_ok(load(f));
	f->boot.rbx = f->boot.rdi; /* plain ELF64 gets the start info in RDI */
	assert_int_equal(le32_read(f->ram.bytes + f->boot.rbx + 12), 2);
	const uint8_t *list = f->ram.bytes + info64(f, 16);
	uint64_t first = le64_read(list), second = le64_read(list + 32);
	assert_int_equal(le64_read(list + 8), 12);
	assert_memory_equal(f->ram.bytes + first, "module bytes", 12);
	assert_memory_equal(f->ram.bytes + second, "module bytes", 12);
	assert_true(first >= f->boot.image_hi && second >= first + 12);
	assert_int_equal(second & 0xfff, 0);
	assert_string_equal((char *)f->ram.bytes + le64_read(list + 16), "mod");
	assert_string_equal((char *)f->ram.bytes + le64_read(list + 32 + 16), "mod a b");

	vec_push(&f->config.modules, gone);
	assert_error(load(f), ERROR_FAILED, "none");
	f->config.modules.data[1] = dir;
	assert_error(load(f), ERROR_FAILED, "is not a regular file");
	write_file(path, "");
	f->config.modules.data[1] = path;
	assert_error(load(f), ERROR_FAILED, "the file is empty");
	remove(path);
	remove(dir);
}

static void test_long_cmdline(void **state)
{
	struct fixture *f = *state;
	_free_ char *line = xcalloc(1, 0x20001);
	memset(line, 'x', 0x20000);
	build_plain(f);
	f->config.append = line;
	assert_error(load(f), ERROR_FAILED, "the command line has 131072 bytes, at most 65535 fit");
}

static void test_what_it_looks_like(void **state)
{
	static const struct { const char *bytes; size_t len; const char *what; } cases[] = {
		{ "", 0, "an empty file" },
		{ "\x1f\x8b\x08", 3, "gzip data: unpack it first" },
		{ "#!/bin/sh\n", 10, "a script" },
		{ "!<arch>\nxxxx", 12, "an archive of objects" },
		{ "MZ\x90", 3, "a PE (EFI) program" },
		{ "\x7f" "ELF\x02\x01", 6, "an ELF file cut off after 6 bytes" },
		{ "hello", 5, "5 bytes of unknown data" },
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image image = { (const uint8_t *)cases[i].bytes, cases[i].len, "x" };
		assert_error(load_image(&image, &f->config, &f->ram.ram, &f->boot), ERROR_FAILED,
			     cases[i].what);
	}
}

static void test_small_ram(void **state)
{
	struct fixture *f = *state;
	build_plain(f);
	f->ram.ram.range[0].len = 0x8000;
	assert_error(load(f), ERROR_FAILED, "does not fit the guest's memory (0x0-0x7fff)");
	f->ram.ram.nranges = 0;
	assert_error(load(f), ERROR_FAILED, "does not fit");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_plain), T(test_entry_physical), T(test_identity_map), T(test_big_identity_map),
		T(test_pvh), T(test_pvh_wide_entry), T(test_pvh_lies), T(test_note_lies), T(test_lies),
		T(test_no_load), T(test_truncated), T(test_modules), T(test_long_cmdline),
		T(test_what_it_looks_like), T(test_small_ram),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
