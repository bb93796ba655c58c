/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An ELF file as a target: what it reads, and what it refuses. */
#include "tests/lib/test.h"

#include <elf.h>

#include "core/target/image.h"

struct file {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
	uint8_t code[16];
};

static struct file make(void)
{
	struct file f = {
		.eh = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_entry = 0x1004,
			.e_phoff = offsetof(struct file, ph), .e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2,
		},
		.ph = {
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_vaddr = 0x2000, .p_memsz = 0x100 },
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = offsetof(struct file, code),
			  .p_vaddr = 0x1000, .p_filesz = 16, .p_memsz = 0x20 },
		},
		.code = { 1, 2, 3, 4, 0x90, 0xc3 },
	};

	return f;
}

static void test_reads(void **state)
{
	struct file f = make();
	uint8_t buf[32];
	struct mem_region region;
	struct target *t;
	struct regs regs;
	size_t done;
	bool stale;

	assert_ok(image_target_create("x", &f, sizeof(f), &t));
	memset(&f, 0xff, sizeof(f)); /* it has its own copy */
	assert_int_equal(target_state(t), TARGET_ENDED);
	assert_ok(target_regs_read(t, 0, REGS_CORE, &regs, &stale));
	assert_int_equal(t->arch->pc_linear(&regs), 0x1004);
	assert_int_equal(t->arch->code_bits(&regs), 64);
	assert_ok(target_virt_read(t, &regs, 0x1000, buf, 0x20, &done));
	assert_int_equal(buf[4], 0x90);
	assert_int_equal(buf[0x1f], 0); /* beyond what the file has */
	assert_ok(target_phys_read(t, 0x20ff, buf, 1));
	assert_error(target_phys_read(t, 0x101f, buf, 2), ERROR_FAULT, "0x1020");
	assert_error(target_phys_read(t, ~0ull, buf, 2), ERROR_FAULT, "0xffffffffffffffff");
	assert_true(t->ops->region(t, 0, &region));
	assert_int_equal(region.start, 0x1000);
	assert_false(t->ops->region(t, 2, &region));
	assert_error(target_resume(t, &(struct run_request){0}), ERROR_UNSUPPORTED, "image");
	target_destroy(t);
}

static void refuse(const struct file *f, size_t len, const char *part)
{
	struct target *t;

	assert_error(image_target_create("x", f, len, &t), ERROR_FAILED, part);
}

static void test_lies(void **state)
{
	struct file f = make();

	refuse(&f, 0, "not an ELF file");
	refuse(&f, 20, "not an ELF file");
	f.ph[1].p_offset = sizeof(f) + 1;
	refuse(&f, sizeof(f), "outside the file");
	f = make();
	f.ph[1].p_filesz = 0x21;
	refuse(&f, sizeof(f), "outside the file");
	f = make();
	f.ph[0].p_memsz = ~0ull;
	refuse(&f, sizeof(f), "outside the file");
	f = make();
	f.ph[0].p_type = f.ph[1].p_type = PT_NOTE;
	refuse(&f, sizeof(f), "no segments");
	f = make();
	f.eh.e_machine = EM_AVR;
	refuse(&f, sizeof(f), "machine 83");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_reads), cmocka_unit_test(test_lies) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
