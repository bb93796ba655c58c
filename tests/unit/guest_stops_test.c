/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Breakpoints, watchpoints, catchpoints and conditions on real guests. */
#include "tests/lib/live.h"

/* 64-bit: inc ecx; nop x6; mov [0x3000],ecx; jmp back. */
static const uint8_t work[] = {
	0xff, 0xc1, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,	/* 0 inc, 2..7 nop */
	0x89, 0x0c, 0x25, 0x00, 0x30, 0x00, 0x00,	/* 8 mov [0x3000], ecx */
	0xeb, 0xef,					/* 15 jmp 0 */
};

static void start_work(struct live *g)
{
	live_start(g, FLAT_LONG, work, sizeof(work));
}

static void assert_break(struct stop_report r, unsigned id, uint64_t pc)
{
	assert_int_equal(r.reason, STOP_BREAK);
	assert_int_equal(r.id, id);
	assert_int_equal(r.pc, pc);
}

static struct stop_status status(struct live *g, unsigned id)
{
	struct stop_status s;

	assert_true(g->target->ops->stop_status(g->target, id, &s));
	return s;
}

static void arm(struct live *g, struct stop_spec spec)
{
	assert_ok(target_stop_arm(g->target, &spec));
}

static void test_break(void **state)
{
	struct live g;

	start_work(&g);
	arm(&g, live_break(1, LIVE_CODE + 3));
	for (unsigned i = 1; i <= 5; i++) {
		assert_break(live_continue(&g), 1, LIVE_CODE + 3);
		assert_int_equal(live_reg(&g, 0, X86_RCX), i);
		assert_int_equal(live_reg(&g, 0, X86_RIP), LIVE_CODE + 3);
	}
	assert_int_equal(status(&g, 1).hits, 5);
	assert_int_not_equal(status(&g, 1).mech, STOP_MECH_NONE);
	assert_ok(target_stop_disarm(g.target, 1));
	assert_error(target_stop_disarm(g.target, 1), ERROR_NOT_FOUND, "1");
	live_end(&g);
}

/* More than there are debug registers: all still hit, each knows what serves it. */
static void test_many_breaks(void **state)
{
	struct live g;

	start_work(&g);
	for (unsigned i = 0; i < 6; i++)
		arm(&g, live_break(i + 1, LIVE_CODE + 2 + i));
	for (unsigned round = 1; round <= 2; round++)
		for (unsigned i = 0; i < 6; i++)
			assert_break(live_continue(&g), i + 1, LIVE_CODE + 2 + i);
	assert_int_equal(status(&g, 6).hits, 2);
	/* When one goes, the last can have its slot: then nothing is slow any more. */
	assert_ok(target_stop_disarm(g.target, 1));
	assert_ok(target_stop_disarm(g.target, 2));
	if (status(&g, 3).mech == STOP_MECH_DR)
		assert_int_equal(status(&g, 6).mech, STOP_MECH_DR);
	assert_break(live_continue(&g), 3, LIVE_CODE + 4);
	live_end(&g);
}

static void test_condition(void **state)
{
	struct live g;
	struct stop_spec spec = live_break(7, LIVE_CODE + 4);
	struct expr_prog *cond = live_cond("rcx == 300 && *(u32 *)0x3000 == 299", NULL);

	start_work(&g);
	spec.cond = cond;
	arm(&g, spec);
	expr_unref(cond);
	assert_break(live_continue(&g), 7, LIVE_CODE + 4);
	assert_int_equal(live_reg(&g, 0, X86_RCX), 300);
	assert_int_equal(status(&g, 7).checked, 300);
	assert_int_equal(status(&g, 7).hits, 1);
	/* A part of a register, and an ignore count on top. */
	cond = live_cond("cl == 0x10", NULL);
	assert_ok(g.target->ops->stop_update(g.target, 7, cond, 1));
	expr_unref(cond);
	assert_break(live_continue(&g), 7, LIVE_CODE + 4);
	assert_int_equal(live_reg(&g, 0, X86_RCX), 0x310);
	live_end(&g);
}

static void test_condition_fault(void **state)
{
	struct live g;
	struct stop_spec spec = live_break(1, LIVE_CODE + 4);
	struct stop_report r;

	start_work(&g);
	spec.cond = live_cond("*(u64 *)0x123456789000 == 1", NULL);
	arm(&g, spec);
	expr_unref(spec.cond);
	r = live_continue(&g);
	assert_int_equal(r.reason, STOP_COND_FAULT);
	assert_int_equal(r.id, 1);
	assert_non_null(strstr(r.text, "0x123456789000"));
	live_end(&g);
}

static void test_temporary(void **state)
{
	struct live g;
	struct stop_spec spec = live_break(9, LIVE_CODE + 5);
	unsigned ms;

	start_work(&g);
	spec.temporary = true;
	spec.ignore = 3;
	arm(&g, spec);
	assert_break(live_continue(&g), 9, LIVE_CODE + 5);
	assert_int_equal(live_reg(&g, 0, X86_RCX), 4);
	live_go(&g);
	usleep(20000);
	assert_int_equal(live_interrupt(&g, &ms).reason, STOP_INTERRUPT);
	assert_true(ms < 100);
	live_end(&g);
}

/* Every mechanism by name: what this host serves works, what it does not says so. */
static void try_mech(enum stop_mech want)
{
	struct live g;
	struct stop_spec spec = live_break(3, LIVE_CODE + 6);
	struct error *err;

	start_work(&g);
	spec.want = want;
	err = target_stop_arm(g.target, &spec);
	if (err) {
		assert_int_equal(error_code(err), ERROR_UNSUPPORTED);
		error_destroy(err);
	} else {
		assert_int_equal(status(&g, 3).mech, want);
		for (uint64_t i = 1; i <= 3; i++) {
			assert_break(live_continue(&g), 3, LIVE_CODE + 6);
			assert_int_equal(live_reg(&g, 0, X86_RCX), i);
			assert_int_equal(live_mem(&g, LIVE_CODE + 6, 1), 0x90);
		}
		/* Stepping over it does what the instruction does. */
		assert_int_equal(live_step(&g, 0, 1).pc, LIVE_CODE + 7);
	}
	live_end(&g);
}

static void test_mechanisms(void **state)
{
	try_mech(STOP_MECH_DR);
	try_mech(STOP_MECH_BYTE);
	try_mech(STOP_MECH_STEP);
}

/* Stepping onto a breakpoint reports it; stepping from it goes on. */
static void test_step_onto_break(void **state)
{
	struct live g;
	struct stop_report r;

	start_work(&g);
	arm(&g, live_break(1, LIVE_CODE + 4));
	r = live_step(&g, 0, 100);
	assert_break(r, 1, LIVE_CODE + 4);
	assert_int_equal(r.steps, 3);
	r = live_step(&g, 0, 1);
	assert_int_equal(r.reason, STOP_STEP);
	assert_int_equal(r.pc, LIVE_CODE + 5);
	assert_int_equal(status(&g, 1).hits, 1);
	live_end(&g);
}

static void test_watch(void **state)
{
	struct live g;
	struct stop_report r;

	start_work(&g);
	arm(&g, live_watch(4, 0x3000, 4, STOP_WRITE));
	for (unsigned i = 1; i <= 3; i++) {
		r = live_continue(&g);
		assert_int_equal(r.reason, STOP_WATCH);
		assert_int_equal(r.id, 4);
		assert_int_equal(r.watch_addr, 0x3000);
		assert_int_equal(r.watch_len, 4);
		assert_int_equal(r.watch_old, i - 1);
		assert_int_equal(r.watch_new, i);
		assert_int_equal(r.pc, LIVE_CODE + 15);
	}
	/* What the user writes is no change. */
	assert_ok(target_phys_write(g.target, 0x3000, "\x55\x55\x55\x55", 4));
	r = live_continue(&g);
	assert_int_equal(r.watch_old, 0x55555555);
	assert_int_equal(r.watch_new, 4);
	live_end(&g);
}

/* A range much wider than debug registers reach, by physical address, with a condition. */
static void test_watch_wide(void **state)
{
	struct live g;
	struct stop_spec spec = live_watch(4, 0x2f80, 512, STOP_WRITE);
	struct stop_report r;

	start_work(&g);
	spec.physical = true;
	spec.want = STOP_MECH_STEP;
	spec.cond = live_cond("rcx >= 50", NULL);
	arm(&g, spec);
	expr_unref(spec.cond);
	r = live_continue(&g);
	assert_int_equal(r.reason, STOP_WATCH);
	assert_int_equal(r.watch_addr, 0x3000);
	assert_int_equal(r.watch_new & 0xff, 50);
	assert_int_equal(status(&g, 4).mech, STOP_MECH_STEP);
	live_end(&g);
}

/* Page protection: the same hits as by stepping, other writes to the page pass, and nothing is lost. */
static void test_watch_page(void **state)
{
	struct live g;
	struct stop_spec spec = live_watch(4, 0x3000, 4, STOP_WRITE);
	struct stop_spec other = live_watch(5, 0x3800, 8, STOP_WRITE);
	struct stop_report r;
	uint32_t value;

	start_work(&g);
	spec.physical = other.physical = true;
	arm(&g, spec);
	arm(&g, other);
	if (status(&g, 4).mech != STOP_MECH_PAGE) {
		live_end(&g);
		skip();
	}
	for (unsigned i = 1; i <= 3; i++) {
		r = live_continue(&g);
		assert_int_equal(r.reason, STOP_WATCH);
		assert_int_equal(r.id, 4);
		assert_int_equal(r.watch_old, i - 1);
		assert_int_equal(r.watch_new, i);
		assert_int_equal(r.pc, LIVE_CODE + 15);
	}
	/* A step that writes stops there too; the memory holds what the guest wrote. */
	r = live_step(&g, 0, 1000);
	assert_int_equal(r.reason, STOP_WATCH);
	assert_int_equal(r.watch_new, 4);
	assert_ok(target_phys_read(g.target, 0x3000, &value, sizeof(value)));
	assert_int_equal(value, 4);
	/* Without it the page is plain memory again. */
	assert_ok(target_stop_disarm(g.target, 4));
	assert_int_equal(status(&g, 5).mech, STOP_MECH_PAGE);
	r = live_step(&g, 0, 100);
	assert_int_equal(r.reason, STOP_STEP);
	assert_ok(target_stop_disarm(g.target, 5));
	r = live_step(&g, 0, 100);
	assert_int_equal(r.reason, STOP_STEP);
	assert_ok(target_phys_read(g.target, 0x3000, &value, sizeof(value)));
	assert_true(value > 4);
	live_end(&g);
}

static void test_watch_read(void **state)
{
	/* mov eax,[0x3000]; inc ecx; jmp back */
	static const uint8_t code[] = { 0x8b, 0x04, 0x25, 0x00, 0x30, 0, 0, 0xff, 0xc1, 0xeb, 0xf5 };
	struct live g;
	struct stop_report r;

	live_start(&g, FLAT_LONG, code, sizeof(code));
	arm(&g, live_watch(2, 0x3000, 8, STOP_READ));
	for (unsigned i = 0; i < 3; i++) {
		r = live_continue(&g);
		assert_int_equal(r.reason, STOP_WATCH);
		assert_int_equal(r.pc, LIVE_CODE + 7);
		assert_int_equal(live_reg(&g, 0, X86_RCX), i);
	}
	live_end(&g);
}

static void test_catch_io(void **state)
{
	/* inc ecx; mov al,cl; out 0x80,al; jmp back */
	static const uint8_t code[] = { 0xff, 0xc1, 0x88, 0xc8, 0xe6, 0x80, 0xeb, 0xf8 };
	struct live g;
	struct stop_spec spec = live_catch(11, BIT(VMM_EXIT_IO));
	struct stop_report r;
	const struct vmm_exit_io *io;

	live_start(&g, FLAT_LONG, code, sizeof(code));
	spec.cond = live_cond("port == 0x80 && value == 0x21 && write", &vmm_schemas[VMM_EXIT_IO]);
	arm(&g, spec);
	expr_unref(spec.cond);
	r = live_continue(&g);
	assert_int_equal(r.reason, STOP_CATCH);
	assert_int_equal(r.id, 11);
	assert_int_equal(r.event.schema, VMM_EXIT_IO);
	io = (const void *)r.event.payload;
	assert_int_equal(io->port, 0x80);
	assert_int_equal(io->value, 0x21);
	/* The access is complete: pc is behind it, and it is not made again. */
	assert_int_equal(r.pc, LIVE_CODE + 6);
	assert_int_equal(live_reg(&g, 0, X86_RIP), LIVE_CODE + 6);
	r = live_step(&g, 0, 1);
	assert_int_equal(r.pc, LIVE_CODE);
	assert_int_equal(status(&g, 11).checked, 0x21);
	assert_int_equal(status(&g, 11).mech, STOP_MECH_EVENT);
	live_end(&g);
}

/* Arming and disarming a running guest pauses it for a moment and reports nothing. */
static void test_arm_running(void **state)
{
	struct live g;
	struct stop_report r;

	start_work(&g);
	live_go(&g);
	usleep(5000);
	for (unsigned i = 0; i < 20; i++) {
		struct stop_spec spec = live_break(5, LIVE_CODE + 4);

		spec.cond = live_cond("rcx == 0", NULL);
		arm(&g, spec);
		expr_unref(spec.cond);
		assert_int_equal(target_state(g.target), TARGET_RUNNING);
		assert_false(g.target->ops->stop_take(g.target, &r));
		assert_ok(target_stop_disarm(g.target, 5));
	}
	arm(&g, live_break(6, LIVE_CODE + 4));
	assert_break(live_wait(&g), 6, LIVE_CODE + 4);
	live_end(&g);
}

/* An interrupt while a slow watchpoint single-steps. */
static void test_interrupt_stepping(void **state)
{
	struct live g;
	unsigned ms;

	start_work(&g);
	arm(&g, live_watch(1, 0x3800, 8, STOP_WRITE));
	live_go(&g);
	usleep(20000);
	assert_int_equal(live_interrupt(&g, &ms).reason, STOP_INTERRUPT);
	assert_true(ms < 100);
	live_end(&g);
}

static void test_specs(void **state)
{
	struct live g;
	struct stop_spec spec = live_watch(1, 0x3000, 0, STOP_WRITE);

	start_work(&g);
	assert_error(target_stop_arm(g.target, &spec), ERROR_USAGE, "0");
	spec = live_watch(1, ~0ull - 2, 8, STOP_WRITE);
	assert_error(target_stop_arm(g.target, &spec), ERROR_USAGE, "wraps");
	spec = live_break(1, LIVE_CODE);
	spec.vcpu = 3;
	assert_error(target_stop_arm(g.target, &spec), ERROR_NOT_FOUND, "vCPU 3");
	spec = live_break(1, 0x90000000);
	spec.physical = true;
	assert_error(target_stop_arm(g.target, &spec), ERROR_FAULT, "0x90000000");
	arm(&g, live_break(1, LIVE_CODE + 2));
	spec = live_break(1, LIVE_CODE + 3);
	assert_error(target_stop_arm(g.target, &spec), ERROR_STATE, "armed");
	live_end(&g);
}

/* A temporary catchpoint hit while the guest stops for another one is reported by the next run. */
static void test_temporary_second(void **state)
{
	/* mov esi, 0xd0000000; mov edi, 0xd0000010; movsb; jmp . */
	static const uint8_t mover[] = { 0xbe, 0x00, 0x00, 0x00, 0xd0, 0xbf, 0x10, 0x00, 0x00, 0xd0, 0xa4,
					 0xeb, 0xfe };
	const struct schema *mmio = &vmm_schemas[VMM_EXIT_MMIO];
	unsigned seen = 0, ms;
	struct live g;

	live_start(&g, FLAT_LONG, mover, sizeof(mover));
	for (unsigned write = 0; write < 2; write++) {
		struct stop_spec spec = live_catch(1 + write, 1ull << VMM_EXIT_MMIO);

		spec.cond = live_cond(write ? "write == 1" : "write == 0", mmio);
		spec.temporary = true;
		arm(&g, spec);
		expr_unref(spec.cond);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct stop_report r = live_continue(&g);

		assert_int_equal(r.reason, STOP_CATCH);
		seen |= 1u << r.id;
	}
	assert_int_equal(seen, 1u << 1 | 1u << 2);
	live_go(&g);
	usleep(1000);
	assert_int_equal(live_interrupt(&g, &ms).reason, STOP_INTERRUPT);
	assert_error(target_stop_disarm(g.target, 1), ERROR_NOT_FOUND, "1");
	live_end(&g);
}

/* While the guest is stopped, and when it has ended, no planted byte is in its memory. */
static void test_byte_lifted(void **state)
{
	struct stop_spec spec = live_break(1, LIVE_CODE + 5);
	const uint8_t *host;
	struct error *err;
	struct live g;
	size_t len;

	start_work(&g);
	spec.want = STOP_MECH_BYTE;
	err = target_stop_arm(g.target, &spec);
	if (err) {
		assert_int_equal(error_code(err), ERROR_UNSUPPORTED);
		error_destroy(err);
		live_end(&g);
		return;
	}
	host = g.target->ops->phys_ptr(g.target, LIVE_CODE + 5, &len);
	assert_int_equal(*host, 0x90);
	for (unsigned i = 0; i < 3; i++) {
		assert_break(live_continue(&g), 1, LIVE_CODE + 5);
		assert_int_equal(*host, 0x90);
	}
	live_go(&g);
	assert_ok(target_kill(g.target));
	assert_int_equal(*host, 0x90);
	live_end(&g);
}

/* The guest writes over a planted byte: its own byte is what is shown, and what stays. */
static void test_byte_overwritten(void **state)
{
	/* mov byte [0x1010], 0x40; jmp . */
	static const uint8_t writer[0x20] = { 0xc6, 0x04, 0x25, 0x10, 0x10, 0x00, 0x00, 0x40, 0xeb, 0xfe };
	struct stop_spec spec = live_break(1, LIVE_CODE + 0x10);
	struct error *err;
	struct live g;
	unsigned ms;

	live_start(&g, FLAT_LONG, writer, sizeof(writer));
	spec.want = STOP_MECH_BYTE;
	err = target_stop_arm(g.target, &spec);
	if (err) {
		assert_int_equal(error_code(err), ERROR_UNSUPPORTED);
		error_destroy(err);
		live_end(&g);
		return;
	}
	live_go(&g);
	usleep(20000);
	assert_int_equal(live_interrupt(&g, &ms).reason, STOP_INTERRUPT);
	assert_int_equal(live_mem(&g, LIVE_CODE + 0x10, 1), 0x40);
	assert_ok(target_stop_disarm(g.target, 1));
	assert_int_equal(live_mem(&g, LIVE_CODE + 0x10, 1), 0x40);
	live_end(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_break),
		cmocka_unit_test(test_many_breaks),
		cmocka_unit_test(test_condition),
		cmocka_unit_test(test_condition_fault),
		cmocka_unit_test(test_temporary),
		cmocka_unit_test(test_temporary_second),
		cmocka_unit_test(test_byte_lifted),
		cmocka_unit_test(test_byte_overwritten),
		cmocka_unit_test(test_mechanisms),
		cmocka_unit_test(test_step_onto_break),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_watch_wide),
		cmocka_unit_test(test_watch_page),
		cmocka_unit_test(test_watch_read),
		cmocka_unit_test(test_catch_io),
		cmocka_unit_test(test_arm_running),
		cmocka_unit_test(test_interrupt_stepping),
		cmocka_unit_test(test_specs),
	};

	live_need_kvm();
	return cmocka_run_group_tests_name("guest_stops", tests, NULL, NULL);
}
