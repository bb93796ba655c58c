/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small Linux in the fake target's memory: found by its note and by its looks, shown, unwound; and what
 * becomes of one that lies. */
#include "tests/lib/test.h"

#include "core/arch/x86_64.h"
#include "core/base/bits.h"
#include "core/decode/linux_views.h"
#include "core/symbols/unwind.h"
#include "tests/lib/linux_image.h"

struct fixture {
	struct target *target;
	struct symbols *syms;
	struct linux_kernel *k;
	struct out *out;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	assert_ok(fake_target_create(&f->target));
	linux_image_build(f->target, false);
	f->syms = symbols_create();
	f->out = out_create_capture();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	linux_kernel_destroy(f->k);
	symbols_destroy(f->syms);
	out_destroy(f->out);
	target_destroy(f->target);
	free(f);
	return 0;
}

static void load(struct fixture *f)
{
	bool changed;

	assert_ok(linux_kernel_load(f->target, f->syms, &f->k));
	assert_ok(linux_modules_refresh(f->k, &changed));
	assert_true(changed);
}

static void put64(struct fixture *f, uint64_t gpa, uint64_t v)
{
	uint8_t raw[8];

	le64_write(raw, v);
	assert_ok(target_phys_write(f->target, gpa, raw, 8));
}

static void test_load(void **state)
{
	struct fixture *f = *state;
	char name[64];
	struct symbol sym;
	uint64_t v;
	bool changed;

	load(f);
	assert_non_null(f->k->btf);
	assert_true(linux_kernel_is_there(f->k));
	assert_true(linux_kernel_symbol(f->k, "do_work", &v));
	assert_int_equal(v, IMAGE_VA(IMAGE_TEXT + 0x100));
	assert_false(linux_kernel_symbol(f->k, "mod_work", &v));
	assert_true(symbols_by_name(f->syms, "mod_work", &sym));
	assert_int_equal(sym.addr, IMAGE_VA(IMAGE_MODULE_TEXT));
	assert_true(symbols_by_name_in(f->syms, "mod_work", "loop", &sym));
	assert_true(symbols_format(f->syms, sym.addr + 4, name, sizeof(name)));
	assert_string_equal(name, "mod_work+0x4 [loop]");
	/* A module that goes takes its symbols along. */
	assert_ok(linux_modules_refresh(f->k, &changed));
	assert_false(changed);
	put64(f, IMAGE_MODULE + 0xf00, IMAGE_VA(IMAGE_MODULE + 0xf00));
	assert_ok(linux_modules_refresh(f->k, &changed));
	assert_true(changed);
	assert_false(symbols_by_name(f->syms, "mod_work", &sym));
	linux_kernel_destroy(f->k);
	f->k = NULL;
	assert_int_equal(symbols_count(f->syms), 0);
	assert_null(symbols_btf(f->syms));
}

static void test_by_looks(void **state)
{
	struct fixture *f = *state;
	struct regs regs;
	uint64_t v;

	put64(f, IMAGE_NOTE, 0);
	assert_error(linux_kernel_load(f->target, f->syms, &f->k), ERROR_NOT_FOUND, "no Linux kernel");
	linux_image_regs(f->target, &regs);
	assert_ok(linux_kernel_load_early(f->target, &regs, f->syms, &f->k));
	assert_string_equal(f->k->guest.release, "6.1.0-image");
	assert_true(f->k->by_scan);
	assert_true(linux_kernel_symbol(f->k, "do_inner", &v));
	assert_int_equal(v, IMAGE_VA(IMAGE_TEXT + 0x200));
	linux_kernel_destroy(f->k);
	f->k = NULL;
	/* Without the token table's digits there is nothing to find. */
	for (uint64_t at = IMAGE_KALLSYMS; at < IMAGE_BTF; at += 8)
		put64(f, at, 0x4141414141414141);
	assert_error(linux_kernel_load_early(f->target, &regs, f->syms, &f->k), ERROR_NOT_FOUND, "symbol table");
}

static void test_current(void **state)
{
	struct fixture *f = *state;
	struct variable_type type;
	struct regs regs;
	uint64_t v;

	load(f);
	linux_image_regs(f->target, &regs);
	assert_ok(linux_kernel_current(f->k, &regs, &v));
	assert_int_equal(v, IMAGE_VA(IMAGE_TASKS));
	assert_true(linux_kernel_task_pointer(f->k, &type));
	assert_int_equal(type.span, 0x400);
	/* In user mode gs.base is the program's own, whatever it is. */
	regs_set(&regs, X86_CS, 0x33);
	assert_error(linux_kernel_current(f->k, &regs, &v), ERROR_STATE, "no per-CPU area");
	regs_set(&regs, X86_KERNEL_GS_BASE, IMAGE_VA(IMAGE_PERCPU));
	assert_ok(linux_kernel_current(f->k, &regs, &v));
	assert_int_equal(v, IMAGE_VA(IMAGE_INIT_TASK));
}

static void test_tasks(void **state)
{
	struct fixture *f = *state;

	load(f);
	assert_ok(linux_tasks_show(f->k, f->out));
	assert_captured(f->out,
		"    PID    TGID    PPID CPU STATE        KIND   TASK               NAME\n"
		"      1       1       0   1 sleeping     user   0xffffffff80261000 init\n"
		"      7       1       0   1 disk sleep   user   0xffffffff80261400 thread.[1m\n"
		"      2       2       0   0 idle         kernel 0xffffffff80261800 kthreadd\n");
	/* A list that never comes back, one that leads nowhere. */
	put64(f, IMAGE_TASKS + 0x800 + IMAGE_TASK_TASKS, IMAGE_VA(IMAGE_TASKS + 0x800 + IMAGE_TASK_TASKS));
	assert_error(linux_tasks_show(f->k, f->out), ERROR_FAULT, "does not lead back");
	put64(f, IMAGE_TASKS + 0x800 + IMAGE_TASK_TASKS, 0x1234567812345678);
	assert_error(linux_tasks_show(f->k, f->out), ERROR_FAULT, "does not lead back");
}

static void test_modules(void **state)
{
	struct fixture *f = *state;

	load(f);
	assert_ok(linux_modules_show(f->k, f->out));
	assert_captured(f->out,
		"NAME                 BASE                    SIZE STATE     REFS USED BY\n"
		"loop                 0xffffffff80118000      4096 live         1 loop\n");
}

static void irqs(struct fixture *f, unsigned slots, uint64_t root)
{
	load(f);
	assert_ok(linux_irqs_show(f->k, f->out));
	assert_captured(f->out,
		"  IRQ     CPU0       CPU1    CHIP, NUMBER THERE, HANDLERS\n"
		"    0:         10         11  IO-APIC 2-edge  timer\n"
		"    4:          0          5  IO-APIC 3-edge  ttyS0, acpi\n"
		"     :        100        101  apic_timer_irqs\n");
	/* A node that is its own child. */
	put64(f, IMAGE_IRQS + 0x1000 + slots, root);
	put64(f, IMAGE_IRQS + 8, root);
	assert_error(linux_irqs_show(f->k, f->out), ERROR_FAULT, "in circles");
}

static void test_irqs(void **state)
{
	irqs(*state, 0x28, IMAGE_VA(IMAGE_IRQS + 0x1000) + 2);
}

static void test_irqs_maple(void **state)
{
	struct fixture *f = *state;

	linux_image_build(f->target, true);
	irqs(f, 0x80, IMAGE_VA(IMAGE_IRQS + 0x1000) | 2 << 3 | 2);
}

static bool read_virt(void *ctx, uint64_t gva, void *buf, size_t len)
{
	struct error *err = linux_guest_read(ctx, gva, buf, len);

	error_destroy(err);
	/* User code is mapped, too. */
	return !err;
}

static void test_orc(void **state)
{
	struct fixture *f = *state;
	struct unwind_frame frame;
	struct regs regs;

	load(f);
	assert_int_equal(f->k->orc.tables.len, 2);
	struct mem_reader mem = { .ctx = &f->k->guest, .virt = read_virt };
	linux_image_regs(f->target, &regs);
	unwind_start(&frame, &regs);
	assert_true(unwind_caller(f->syms, &mem, &frame));
	assert_int_equal(frame.frame.pc, IMAGE_VA(IMAGE_TEXT + 0x110));
	assert_int_equal(frame.frame.how, FRAME_ORC);
	assert_false(frame.frame.interrupted);
	assert_true(unwind_caller(f->syms, &mem, &frame));
	assert_int_equal(frame.frame.pc, IMAGE_VA(IMAGE_TEXT + 0x310));
	assert_int_equal(regs_u64(&frame.regs, X86_RBP), 0x1234);
	/* The interrupt's caller: user code, with all its registers. */
	assert_true(unwind_caller(f->syms, &mem, &frame));
	assert_int_equal(frame.frame.pc, FAKE_LEAF);
	assert_int_equal(frame.frame.sp, 0x80000);
	assert_int_equal(regs_u64(&frame.regs, X86_RBP), 0x777);
	assert_int_equal(regs_u64(&frame.regs, X86_CS), 0x33);
	assert_true(frame.frame.interrupted);
	/* In a thunk the caller is on top of the stack; at the end nothing is. */
	linux_image_regs(f->target, &regs);
	regs_set(&regs, X86_RIP, IMAGE_VA(IMAGE_TEXT + 0x404));
	regs_set(&regs, X86_RSP, IMAGE_VA(IMAGE_STACK + 16));
	unwind_start(&frame, &regs);
	assert_true(unwind_caller(f->syms, &mem, &frame));
	assert_int_equal(frame.frame.pc, IMAGE_VA(IMAGE_TEXT + 0x110));
	regs_set(&regs, X86_RIP, IMAGE_VA(IMAGE_TEXT + 0x10));
	regs_set(&regs, X86_RSP, IMAGE_VA(IMAGE_STACK + 0x800));
	unwind_start(&frame, &regs);
	assert_false(unwind_caller(f->syms, &mem, &frame));
	/* A table that is not there, a stack that does not read. */
	regs_set(&regs, X86_RIP, IMAGE_VA(IMAGE_TEXT + 0x210));
	regs_set(&regs, X86_RSP, 0xffff000000000000);
	unwind_start(&frame, &regs);
	assert_false(unwind_caller(f->syms, &mem, &frame));
	f->k->orc.tables.data[0].ips = 0x1234;
	unwind_start(&frame, &regs);
	assert_false(unwind_caller(f->syms, &mem, &frame));
}

/* Whatever single word of it is wrong, everything ends. */
static void test_lies(void **state)
{
	static const uint64_t areas[] = { IMAGE_KALLSYMS, IMAGE_INIT_TASK, IMAGE_TASKS, IMAGE_MODULE, IMAGE_IRQS,
					  IMAGE_PERCPU + 0x2000 };
	struct fixture *f = *state;
	bool changed;

	for (unsigned a = 0; a < ARRAY_SIZE(areas); a++)
		for (uint64_t at = areas[a]; at < areas[a] + 0x100; at += 8) {
			linux_image_build(f->target, false);
			put64(f, at, at & 8 ? UINT64_MAX - 15 : IMAGE_VA(at));
			linux_kernel_destroy(take_ptr(f->k));
			error_destroy(linux_kernel_load(f->target, f->syms, &f->k));
			if (!f->k)
				continue;
			error_destroy(linux_modules_refresh(f->k, &changed));
			error_destroy(linux_tasks_show(f->k, f->out));
			error_destroy(linux_modules_show(f->k, f->out));
			error_destroy(linux_irqs_show(f->k, f->out));
			out_capture_clear(f->out);
		}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_load), TEST(test_by_looks), TEST(test_current), TEST(test_tasks), TEST(test_modules),
		TEST(test_irqs), TEST(test_irqs_maple), TEST(test_orc), TEST(test_lies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
