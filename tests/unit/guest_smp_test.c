/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two vCPUs: start-up by INIT and SIPI, all-stop, breakpoints on every vCPU, the same moment. */
#include "tests/lib/live.h"

#define SHARED 0x8000ull

/* 64-bit: sends INIT and SIPI (vector 8: 0x8000) to APIC id 1, then jumps to what both run. */
static const uint8_t start_ap[] = {
	0xb8, 0x00, 0x00, 0xe0, 0xfe,					/* mov eax, 0xfee00000 */
	0xc7, 0x80, 0x10, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,	/* mov dword [rax+0x310], 1 << 24 */
	0xc7, 0x80, 0x00, 0x03, 0x00, 0x00, 0x00, 0x45, 0x00, 0x00,	/* mov dword [rax+0x300], INIT */
	0xc7, 0x80, 0x00, 0x03, 0x00, 0x00, 0x08, 0x46, 0x00, 0x00,	/* mov dword [rax+0x300], SIPI */
	0xb8, 0x00, 0x80, 0x00, 0x00,					/* mov eax, 0x8000 */
	0xff, 0xe0,							/* jmp rax */
};

/* The same in 16-bit and 64-bit code: nop; nop; nop; jmp back. */
static const uint8_t shared[] = { 0x90, 0x90, 0x90, 0xeb, 0xfb };

static void start_two(struct live *g)
{
	memset(g, 0, sizeof(*g));
	guest_config_init(&g->config);
	g->config.vcpus = 2;
	live_start_config(g, FLAT_LONG, start_ap, sizeof(start_ap));
	assert_int_equal(target_vcpu_count(g->target), 2);
	assert_ok(target_phys_write(g->target, SHARED, shared, sizeof(shared)));
}

static enum vcpu_state state_of(struct live *g, unsigned vcpu)
{
	struct vcpu_info info;

	assert_ok(target_vcpu_info(g->target, vcpu, &info));
	assert_int_equal(info.hw_id, vcpu);
	return info.state;
}

static void arm(struct live *g, struct stop_spec spec)
{
	assert_ok(target_stop_arm(g->target, &spec));
}

static void test_bring_up(void **state)
{
	struct live g;
	struct run_request step = { .kind = RUN_STEP, .vcpu = 1, .count = 1 };
	struct stop_report r;

	start_two(&g);
	assert_int_equal(state_of(&g, 1), VCPU_WAITING);
	assert_error(target_resume(g.target, &step), ERROR_STATE, "vCPU 1 waits");
	/* Step by step: the other vCPU stays parked, so it cannot have run. */
	r = live_step(&g, 0, 6);
	assert_int_equal(r.pc, SHARED);
	arm(&g, live_break(1, SHARED + 1));
	for (unsigned i = 0, seen = 0; seen != 3; i++) {
		assert_true(i < 50);
		r = live_continue(&g);
		assert_int_equal(r.reason, STOP_BREAK);
		assert_int_equal(r.pc, SHARED + 1);
		seen |= 1u << r.vcpu;
	}
	assert_int_equal(state_of(&g, 1), VCPU_STOPPED);
	r = live_step(&g, 1, 1);
	assert_int_equal(r.vcpu, 1);
	assert_int_equal(r.pc, SHARED + 2);
	live_end(&g);
}

/* Hits of both vCPUs are all delivered: nobody passes the breakpoint unseen. */
static void break_on_both(enum stop_mech want)
{
	struct live g;
	struct stop_spec spec = live_break(1, SHARED + 1);
	unsigned hits[2] = { 0 };
	struct stop_status s;
	struct stop_report r;

	start_two(&g);
	spec.want = want;
	arm(&g, spec);
	unsigned n = 0;

	/* Who comes first is up to the host's scheduler; a loaded one can favour a vCPU for long. */
	while (n < 40 || ((hits[0] <= 5 || hits[1] <= 5) && n < 2000)) {
		r = live_continue(&g);
		assert_int_equal(r.reason, STOP_BREAK);
		assert_int_equal(r.pc, SHARED + 1);
		hits[r.vcpu]++;
		n++;
	}
	assert_true(hits[0] > 5);
	assert_true(hits[1] > 5);
	assert_true(g.target->ops->stop_status(g.target, 1, &s));
	assert_true(s.hits >= n && s.hits <= n + 1);
	live_end(&g);
}

static void test_break_on_both(void **state)
{
	break_on_both(STOP_MECH_NONE);
	break_on_both(STOP_MECH_STEP);
}

static void test_break_filter(void **state)
{
	struct live g;
	struct stop_spec spec = live_break(1, SHARED + 1);

	start_two(&g);
	spec.vcpu = 1;
	arm(&g, spec);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(live_continue(&g).vcpu, 1);
	live_end(&g);
}

static void test_interrupt_both(void **state)
{
	struct live g;
	struct vcpu_info info;
	unsigned ms;

	start_two(&g);
	for (unsigned i = 0; i < 20; i++) {
		live_go(&g);
		usleep(i * 500);
		assert_int_equal(live_interrupt(&g, &ms).reason, STOP_INTERRUPT);
		assert_true(ms < 100);
	}
	for (unsigned i = 0; i < 2; i++) {
		assert_ok(target_vcpu_info(g.target, i, &info));
		assert_int_equal(info.state, VCPU_STOPPED);
		assert_true(info.pc >= SHARED && info.pc < SHARED + sizeof(shared));
	}
	live_end(&g);
}

/* A watchpoint names the vCPU that wrote, though both run. */
static void test_watch_owner(void **state)
{
	/* 16-bit: inc word [0x3000]; jmp back: only vCPU 1 runs this one. */
	static const uint8_t writer[] = { 0xff, 0x06, 0x00, 0x30, 0xeb, 0xfa };
	static const uint8_t spin[] = { 0xeb, 0xfe };
	struct live g;
	struct stop_report r;

	start_two(&g);
	assert_ok(target_phys_write(g.target, SHARED, writer, sizeof(writer)));
	assert_ok(target_phys_write(g.target, LIVE_CODE + 0x23, spin, sizeof(spin)));
	arm(&g, live_watch(1, 0x3000, 2, STOP_WRITE));
	for (unsigned i = 1; i <= 5; i++) {
		r = live_continue(&g);
		assert_int_equal(r.reason, STOP_WATCH);
		assert_int_equal(r.vcpu, 1);
		assert_int_equal(r.watch_new, i);
		assert_int_equal(r.pc, SHARED + 4);
	}
	live_end(&g);
}

static void test_kill_running(void **state)
{
	struct live g;
	struct stop_report r;

	start_two(&g);
	live_go(&g);
	usleep(2000);
	assert_ok(target_kill(g.target));
	assert_int_equal(target_state(g.target), TARGET_ENDED);
	r = live_wait(&g);
	assert_int_equal(r.reason, STOP_KILLED);
	assert_ok(target_kill(g.target));
	/* Registers and memory stay readable. */
	assert_int_not_equal(live_reg(&g, 0, X86_RIP), 0);
	assert_int_equal(live_mem(&g, SHARED, 1), 0x90);
	live_end(&g);
	/* Destroying a running guest. */
	start_two(&g);
	live_go(&g);
	live_end(&g);
}

/* A planted byte beside a watchpoint that is kept by steps: vCPUs take turns then, and the one at the byte
 * must not wait for the other to park. */
static void test_byte_and_watch(void **state)
{
	struct live g;
	struct stop_spec spec = live_break(1, SHARED + 1);
	struct stop_spec watch = live_watch(2, 0x3000, 4, STOP_WRITE);
	struct error *err;
	unsigned ms;

	start_two(&g);
	spec.want = STOP_MECH_BYTE;
	watch.want = STOP_MECH_STEP;
	err = target_stop_arm(g.target, &spec);
	if (err) {
		assert_int_equal(error_code(err), ERROR_UNSUPPORTED);
		error_destroy(err);
		live_end(&g);
		return;
	}
	arm(&g, watch);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(live_continue(&g).reason, STOP_BREAK);
	assert_int_equal(live_mem(&g, SHARED + 1, 1), 0x90);
	assert_ok(target_stop_disarm(g.target, 1));
	live_go(&g);
	usleep(1000);
	assert_int_equal(live_interrupt(&g, &ms).reason, STOP_INTERRUPT);
	live_end(&g);
}

/* The step of one vCPU while the other runs. */
static void test_step_all(void **state)
{
	struct live g;
	struct run_request req = { .kind = RUN_STEP, .vcpu = 0, .count = 3000, .all = true };
	struct stop_report r;

	start_two(&g);
	arm(&g, live_break(1, SHARED + 1));
	while (live_continue(&g).vcpu != 1)
		;
	assert_ok(target_stop_disarm(g.target, 1));
	assert_ok(target_resume(g.target, &req));
	r = live_wait(&g);
	assert_int_equal(r.reason, STOP_STEP);
	assert_int_equal(r.steps, 3000);
	assert_int_equal(r.vcpu, 0);
	live_end(&g);
}

static void test_reset(void **state)
{
	struct live g;
	struct stop_report r;

	start_two(&g);
	arm(&g, live_break(1, SHARED + 1));
	while (live_continue(&g).vcpu != 1)
		;
	assert_ok(target_reset(g.target));
	r = live_wait(&g);
	assert_int_equal(r.reason, STOP_STARTED);
	assert_int_equal(r.pc, LIVE_CODE);
	assert_int_equal(state_of(&g, 1), VCPU_WAITING);
	assert_int_equal(live_mem(&g, SHARED, 1), 0); /* RAM as at power on, but for the image */
	assert_ok(target_phys_write(g.target, SHARED, shared, sizeof(shared)));
	while (live_continue(&g).vcpu != 1)
		;
	live_end(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bring_up),
		cmocka_unit_test(test_break_on_both),
		cmocka_unit_test(test_break_filter),
		cmocka_unit_test(test_interrupt_both),
		cmocka_unit_test(test_watch_owner),
		cmocka_unit_test(test_kill_running),
		cmocka_unit_test(test_byte_and_watch),
		cmocka_unit_test(test_step_all),
		cmocka_unit_test(test_reset),
	};

	live_need_kvm();
	return cmocka_run_group_tests_name("guest_smp", tests, NULL, NULL);
}
