/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images for 64-bit POWER: both byte orders of ELF, flat code, and where the tables and the disk go. */
#include "tests/lib/test.h"

#include <elf.h>
#include <unistd.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "guest/load/ppc64.h"
#include "tests/lib/elf_builder.h"

#define MIB 0x100000ULL
#define CODE_AT 0x200

static const uint8_t code[8] = { 0x60, 0, 0, 0, 0x48, 0, 0, 0 };

struct fixture {
	struct test_ram ram;
	struct guest_config config;
	struct boot_state boot;
	uint8_t file[0x300];
};

/* One segment, linked at 0xc000000000000000 and loaded at 0, as Linux's vmlinux is. */
static struct image elf(struct fixture *f, bool big)
{
	Elf64_Ehdr h = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
				      big ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT } };
	Elf64_Phdr ph = { 0 };
#define PUT(to, bits, v) ((to) = big ? htobe##bits(v) : htole##bits(v))
	PUT(h.e_type, 16, ET_EXEC);
	PUT(h.e_machine, 16, EM_PPC64);
	PUT(h.e_entry, 64, 0xc000000000000100ULL);
	PUT(h.e_phoff, 64, sizeof(h));
	PUT(h.e_phentsize, 16, sizeof(ph));
	PUT(h.e_phnum, 16, 1);
	PUT(ph.p_type, 32, PT_LOAD);
	PUT(ph.p_offset, 64, CODE_AT);
	PUT(ph.p_vaddr, 64, 0xc000000000000100ULL);
	PUT(ph.p_paddr, 64, 0x100);
	PUT(ph.p_filesz, 64, sizeof(code));
	PUT(ph.p_memsz, 64, 0x1000);
#undef PUT
	memset(f->file, 0, sizeof(f->file));
	memcpy(f->file, &h, sizeof(h));
	memcpy(f->file + sizeof(h), &ph, sizeof(ph));
	memcpy(f->file + CODE_AT, code, sizeof(code));
	return (struct image){ .data = f->file, .len = sizeof(f->file), .name = "test" };
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	test_ram_init(&f->ram, 4 * MIB, 0);
	memset(f->ram.bytes, 0xa5, 4 * MIB);
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

static void check_boot(const struct fixture *f, bool big)
{
	assert_int_equal(f->boot.mode, BOOT_PPC64);
	assert_int_equal(f->boot.big_endian, big);
	assert_int_equal(f->boot.pc, 0x100);
	assert_int_equal(f->boot.image_lo, 0x100);
	assert_memory_equal(f->ram.bytes + 0x100, code, sizeof(code));
	assert_int_equal(f->boot.tables % 65536, 0);
	assert_int_equal(f->boot.tables + f->boot.tables_len, 4 * MIB);
}

static void test_both_byte_orders(void **state)
{
	struct fixture *f = *state;

	for (int big = 0; big < 2; big++) {
		struct image image = elf(f, big);

		assert_ok(load_image(&image, &f->config, &f->ram.ram, &f->boot));
		check_boot(f, big);
		assert_string_equal(f->boot.protocol, big ? "elf64 ppc64be" : "elf64 ppc64le");
		assert_int_equal(f->ram.bytes[0x100 + sizeof(code)], 0); /* bss */
	}
}

static void test_flat(void **state)
{
	struct fixture *f = *state;
	struct image image = { .data = code, .len = sizeof(code), .name = "test" };

	f->config.flat = true;
	f->config.flat_addr = 0x100;
	f->config.flat_mode = FLAT_PPC64BE;
	assert_ok(load_image(&image, &f->config, &f->ram.ram, &f->boot));
	check_boot(f, true);
}

static void test_initrd_above_the_image(void **state)
{
	struct fixture *f = *state;
	struct image image = elf(f, false);
	char path[] = "/tmp/vmscope-initrd-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "disk", 4), 4);
	close(fd);
	f->config.initrd = path;
	assert_ok(load_image(&image, &f->config, &f->ram.ram, &f->boot));
	unlink(path);
	assert_int_equal(f->boot.initrd_len, 4);
	assert_memory_equal(f->ram.bytes + f->boot.initrd, "disk", 4);
	assert_true(f->boot.initrd >= f->boot.image_hi);
	assert_true(f->boot.initrd + 4 <= f->boot.tables);
}

static void test_no_room(void **state)
{
	struct fixture *f = *state;
	struct image image = elf(f, true);

	be64_write(f->file + sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_memsz), 4 * MIB - 0x100);
	assert_error(load_image(&image, &f->config, &f->ram.ram, &f->boot), ERROR_FAILED,
		     "no room for the device tree and RTAS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_both_byte_orders, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flat, setup, teardown),
		cmocka_unit_test_setup_teardown(test_initrd_above_the_image, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
