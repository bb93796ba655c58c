/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exits: devices, strings, halts, ends, errors, and the events they leave. */
#include "tests/lib/live.h"

/* Counts events of one schema, and keeps the last. */
struct seen {
	unsigned schema, count;
	union {
		struct event event;
		uint8_t bytes[EVENT_SIZE_MAX];
	} last;
	uint8_t console[64];
	unsigned nconsole;
	uint64_t time;
	bool disordered;
};

static void on_event(void *ctx, const struct event *event, const struct schema *schema)
{
	struct seen *seen = ctx;

	seen->disordered |= event->time_ns < seen->time;
	seen->time = event->time_ns;
	if (event->schema == VMM_CONSOLE) {
		const struct vmm_console *c = (const void *)event->payload;

		for (unsigned i = 0; i < c->len && seen->nconsole < sizeof(seen->console); i++)
			seen->console[seen->nconsole++] = c->data[i];
	}
	if (event->schema != seen->schema)
		return;
	seen->count++;
	memcpy(&seen->last, event, event->size);
}

static void drain(struct live *g, unsigned schema, struct seen *ret)
{
	struct event_sink sink = { .ctx = ret, .event = on_event };
	struct event_store *store;

	memset(ret, 0, sizeof(*ret));
	ret->schema = schema;
	assert_ok(event_store_create(1 << 20, &store));
	event_store_add_sink(store, &sink);
	while (g->target->ops->events_drain(g->target, store, 1000))
		;
	assert_false(ret->disordered);
	event_store_destroy(store);
}

static void test_guest_exit(void **state)
{
	/* mov al,3; out 0xf4,al; jmp . */
	static const uint8_t code[] = { 0xb0, 0x03, 0xe6, 0xf4, 0xeb, 0xfe };
	struct run_request req = { .kind = RUN_CONTINUE };
	struct live g;
	struct stop_report r;
	struct seen seen;

	live_start(&g, FLAT_REAL, code, sizeof(code));
	r = live_continue(&g);
	assert_int_equal(r.reason, STOP_GUEST_EXIT);
	assert_int_equal(r.exit_code, 7);
	assert_int_equal(r.pc, LIVE_CODE + 4);
	assert_int_equal(target_state(g.target), TARGET_ENDED);
	assert_int_equal(live_reg(&g, 0, X86_RIP), LIVE_CODE + 4);
	assert_error(target_resume(g.target, &req), ERROR_STATE, "ended");
	drain(&g, VMM_GUEST_EXIT, &seen);
	assert_int_equal(seen.count, 1);
	/* And again from the start. */
	assert_ok(target_reset(g.target));
	assert_int_equal(live_wait(&g).reason, STOP_STARTED);
	assert_int_equal(live_continue(&g).exit_code, 7);
	live_end(&g);
}

static void test_reset_request(void **state)
{
	/* inc word [0x3000]; mov al,0xfe; out 0x64,al; hlt */
	static const uint8_t code[] = { 0xff, 0x06, 0x00, 0x30, 0xb0, 0xfe, 0xe6, 0x64, 0xf4 };
	struct live g;
	struct stop_report r;

	live_start(&g, FLAT_REAL, code, sizeof(code));
	for (unsigned i = 0; i < 3; i++) {
		r = live_continue(&g);
		assert_int_equal(r.reason, STOP_RESET);
		assert_int_equal(live_mem(&g, 0x3000, 2), 1);
	}
	live_end(&g);
}

/* rep outsb of 300 bytes to the debug port, then rep insb from an empty one. */
static void test_string_io(void **state)
{
	static const uint8_t code[] = {
		0xbe, 0x00, 0x30, 0xb9, 0x2c, 0x01, 0xba, 0xe9, 0x00, 0xf3, 0x6e,	/* outs */
		0xbf, 0x00, 0x40, 0xb9, 0x10, 0x00, 0xba, 0x00, 0x05, 0xf3, 0x6c,	/* ins */
		0xb0, 0x00, 0xe6, 0xf4,
	};
	struct live g;
	struct seen seen;
	uint8_t text[300];

	live_start(&g, FLAT_REAL, code, sizeof(code));
	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = 'a' + i % 26;
	assert_ok(target_phys_write(g.target, 0x3000, text, sizeof(text)));
	assert_int_equal(live_continue(&g).reason, STOP_GUEST_EXIT);
	drain(&g, VMM_EXIT_IO, &seen);
	assert_memory_equal(seen.console, text, sizeof(seen.console));
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(live_mem(&g, 0x4000 + i, 1), 0xff);
	assert_int_equal(live_mem(&g, 0x4010, 1), 0);
	live_end(&g);
}

/* A step of a repeated port instruction does all of it exactly once. */
static void test_step_string_io(void **state)
{
	static const uint8_t code[] = { 0xbe, 0x00, 0x30, 0xb9, 0x05, 0x00, 0xba, 0xe9, 0x00, 0xf3, 0x6e, 0x90 };
	struct live g;
	struct seen seen;
	struct stop_report r;

	live_start(&g, FLAT_REAL, code, sizeof(code));
	assert_ok(target_phys_write(g.target, 0x3000, "hello", 5));
	live_step(&g, 0, 3);
	for (unsigned i = 0; i < 5; i++) {
		r = live_step(&g, 0, 1);
		if (r.pc == LIVE_CODE + 11)
			break;
	}
	assert_int_equal(r.pc, LIVE_CODE + 11);
	assert_int_equal(live_reg(&g, 0, X86_RCX), 0);
	drain(&g, VMM_EXIT_IO, &seen);
	assert_int_equal(seen.nconsole, 5);
	assert_memory_equal(seen.console, "hello", 5);
	live_end(&g);
}

static void test_mmio(void **state)
{
	/* 32-bit: mov eax,[0xd0000000]; mov dword [0xd0000008],0x12345678; out 0xf4,al */
	static const uint8_t code[] = {
		0xa1, 0x00, 0x00, 0x00, 0xd0,
		0xc7, 0x05, 0x08, 0x00, 0x00, 0xd0, 0x78, 0x56, 0x34, 0x12,
		0xe6, 0xf4,
	};
	const struct vmm_exit_mmio *mmio;
	struct live g;
	struct seen seen;

	live_start(&g, FLAT_PROT32, code, sizeof(code));
	/* One step each, with the access complete. */
	assert_int_equal(live_step(&g, 0, 1).pc, LIVE_CODE + 5);
	assert_int_equal(live_reg(&g, 0, X86_RAX) & 0xffffffff, 0xffffffff);
	assert_int_equal(live_step(&g, 0, 1).pc, LIVE_CODE + 15);
	drain(&g, VMM_EXIT_MMIO, &seen);
	assert_int_equal(seen.count, 2);
	mmio = (const void *)seen.last.event.payload;
	assert_int_equal(mmio->gpa, 0xd0000008);
	assert_int_equal(mmio->value, 0x12345678);
	assert_int_equal(mmio->len, 4);
	assert_int_equal(mmio->write, 1);
	/* An emulated store leaves with pc behind it, a trapped one with pc on it. */
	assert_true(mmio->pc == LIVE_CODE + 5 || mmio->pc == LIVE_CODE + 15);
	assert_true(mmio->handle_ns < 1000000000);
	live_end(&g);
}

/* A guest asleep in the kernel still stops at once, and says it is halted. */
static void test_interrupt_halted(void **state)
{
	static const uint8_t code[] = { 0xfb, 0xf4, 0xeb, 0xfd }; /* sti; hlt; jmp back */
	struct vcpu_info info;
	struct live g;
	unsigned ms;

	live_start(&g, FLAT_REAL, code, sizeof(code));
	for (unsigned i = 0; i < 10; i++) {
		live_go(&g);
		usleep(3000);
		assert_int_equal(live_interrupt(&g, &ms).reason, STOP_INTERRUPT);
		assert_true(ms < 100);
		assert_ok(target_vcpu_info(g.target, 0, &info));
		assert_int_equal(info.state, VCPU_HALTED);
	}
	live_end(&g);
}

static void halted_for_good(enum irqchip_mode irqchip)
{
	static const uint8_t code[] = { 0xfa, 0xf4, 0xeb, 0xfd }; /* cli; hlt */
	struct stop_report r;
	struct live g;

	memset(&g, 0, sizeof(g));
	guest_config_init(&g.config);
	g.config.irqchip = irqchip;
	live_start_config(&g, FLAT_REAL, code, sizeof(code));
	r = live_continue(&g);
	assert_int_equal(r.reason, STOP_HALTED);
	assert_int_equal(r.pc, LIVE_CODE + 2);
	live_end(&g);
}

static void test_halted_for_good(void **state)
{
	halted_for_good(IRQCHIP_KERNEL);
	halted_for_good(IRQCHIP_SPLIT);
	halted_for_good(IRQCHIP_OFF);
}

/* Stepping a halt: the halt is one step, the next waits and can be interrupted. */
static void test_step_halt(void **state)
{
	static const uint8_t code[] = { 0xfb, 0x90, 0xf4, 0x90, 0xeb, 0xfc };
	struct run_request req = { .kind = RUN_STEP, .count = 1 };
	struct vcpu_info info;
	struct stop_report r;
	struct live g;
	unsigned ms;

	live_start(&g, FLAT_REAL, code, sizeof(code));
	r = live_step(&g, 0, 3);
	assert_int_equal(r.pc, LIVE_CODE + 3);
	assert_ok(target_vcpu_info(g.target, 0, &info));
	assert_int_equal(info.state, VCPU_HALTED);
	assert_ok(target_resume(g.target, &req));
	usleep(20000);
	assert_int_equal(target_state(g.target), TARGET_RUNNING);
	r = live_interrupt(&g, &ms);
	assert_int_equal(r.reason, STOP_INTERRUPT);
	assert_true(ms < 100);
	live_end(&g);
}

static void test_triple_fault(void **state)
{
	/* 64-bit, no IDT: ud2 */
	static const uint8_t code[] = { 0x90, 0x0f, 0x0b };
	struct live g;
	struct stop_report r;

	live_start(&g, FLAT_LONG, code, sizeof(code));
	r = live_continue(&g);
	assert_int_equal(r.reason, STOP_SHUTDOWN);
	assert_int_equal(target_state(g.target), TARGET_ENDED);
	assert_int_not_equal(r.event.size, 0);
	assert_int_equal(r.event.schema, VMM_EXIT_SHUTDOWN);
	live_reg(&g, 0, X86_RIP);
	assert_ok(target_reset(g.target));
	assert_int_equal(live_wait(&g).reason, STOP_STARTED);
	assert_int_equal(live_step(&g, 0, 1).pc, LIVE_CODE + 1);
	live_end(&g);
}

/* An instruction this KVM may fail on stops the guest with words, or runs; never ends the program. */
static void test_internal_error(void **state)
{
	static const uint8_t code[] = { 0x90, 0xcc, 0x90, 0xeb, 0xfe };
	struct live g;
	struct stop_report r;

	live_start(&g, FLAT_LONG, code, sizeof(code));
	r = live_continue(&g);
	if (r.reason == STOP_ERROR) {
		assert_int_equal(r.event.schema, VMM_EXIT_INTERNAL);
		assert_non_null(strstr(r.text, "internal error"));
		assert_int_equal(r.pc, LIVE_CODE + 1);
		/* The user can move on. */
		live_set_reg(&g, 0, X86_RIP, LIVE_CODE + 2);
		assert_int_equal(live_step(&g, 0, 1).pc, LIVE_CODE + 3);
	} else {
		assert_int_equal(r.reason, STOP_SHUTDOWN); /* delivered without an IDT */
	}
	live_end(&g);
}

/* A hypercall that KVM neither serves nor skips: found, or stopped by the user. */
static void test_hypercall_stall(void **state)
{
	static const uint8_t code[] = { 0xb8, 0x63, 0, 0, 0, 0x0f, 0x01, 0xd9, 0xe6, 0xf4 };
	struct live g;
	struct stop_report r;

	live_start(&g, FLAT_LONG, code, sizeof(code));
	r = live_continue(&g);
	assert_true(r.reason == STOP_ERROR || r.reason == STOP_GUEST_EXIT || r.reason == STOP_SHUTDOWN);
	if (r.reason == STOP_ERROR)
		assert_int_equal(r.pc, LIVE_CODE + 5);
	live_end(&g);
}

/* What the console floods over the ring's size is counted, and the guest stops at once all the same. */
static void test_flood(void **state)
{
	static const uint8_t code[] = { 0xb0, 'x', 0xe6, 0xe9, 0xeb, 0xfc };
	struct live g;
	unsigned ms;

	live_start(&g, FLAT_REAL, code, sizeof(code));
	live_go(&g);
	usleep(300000);
	assert_int_equal(live_interrupt(&g, &ms).reason, STOP_INTERRUPT);
	assert_true(ms < 100);
	live_end(&g);
}

/*
 * With our own 8259: IRQ 4 of the UART at vector 0x24 through the real-mode IVT. 0x0600: the handler
 * counts at 0x3000, reads the UART's data, and says end of interrupt.
 */
static void test_pic_interrupt(void **state)
{
	static const uint8_t code[] = {
		0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x20, 0xe6, 0x21, 0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x01, 0xe6, 0x21,
		0xb0, 0xef, 0xe6, 0x21,				/* only IRQ 4 open */
		0xba, 0xfc, 0x03, 0xb0, 0x08, 0xee,		/* MCR: OUT2 */
		0xba, 0xf9, 0x03, 0xb0, 0x01, 0xee,		/* IER: receive */
		0xfb, 0xf4, 0xeb, 0xfd,				/* sti; hlt; again */
	};
	static const uint8_t handler[] = {
		0xff, 0x06, 0x00, 0x30, 0xba, 0xf8, 0x03, 0xec, 0xa2, 0x02, 0x30, 0xb0, 0x20, 0xe6, 0x20, 0xcf,
	};
	static const uint8_t vector[] = { 0x00, 0x06, 0x00, 0x00 };
	static const enum irqchip_mode modes[] = { IRQCHIP_OFF, IRQCHIP_KERNEL };

	for (unsigned i = 0; i < ARRAY_SIZE(modes); i++) {
		struct live g;
		unsigned ms;

		memset(&g, 0, sizeof(g));
		guest_config_init(&g.config);
		g.config.irqchip = modes[i];
		live_start_config(&g, FLAT_REAL, code, sizeof(code));
		assert_ok(target_phys_write(g.target, 0x600, handler, sizeof(handler)));
		assert_ok(target_phys_write(g.target, 0x24 * 4, vector, sizeof(vector)));
		live_go(&g);
		usleep(20000);
		assert_ok(target_console_input(g.target, "Z", 1));
		usleep(50000);
		assert_int_equal(live_interrupt(&g, &ms).reason, STOP_INTERRUPT);
		assert_int_equal(live_mem(&g, 0x3000, 2), 1);
		assert_int_equal(live_mem(&g, 0x3002, 1), 'Z');
		live_end(&g);
	}
}

static void test_smp_needs_lapic(void **state)
{
	static const uint8_t code[] = { 0xf4 };
	struct guest_config config;
	struct target *t = NULL;

	guest_config_init(&config);
	config.image_data = code;
	config.image_len = sizeof(code);
	config.flat = true;
	config.flat_addr = LIVE_CODE;
	config.vcpus = 2;
	config.irqchip = IRQCHIP_OFF;
	assert_error(guest_create(&config, &t), ERROR_USAGE, "--irqchip off");
	config.vcpus = 65;
	config.irqchip = IRQCHIP_KERNEL;
	assert_error(guest_create(&config, &t), ERROR_USAGE, "65");
	config.vcpus = 1;
	config.kvm_path = "/nonexistent/kvm";
	assert_error(guest_create(&config, &t), ERROR_UNSUPPORTED, "/nonexistent/kvm");
	guest_config_deinit(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_exit),
		cmocka_unit_test(test_reset_request),
		cmocka_unit_test(test_string_io),
		cmocka_unit_test(test_step_string_io),
		cmocka_unit_test(test_mmio),
		cmocka_unit_test(test_interrupt_halted),
		cmocka_unit_test(test_halted_for_good),
		cmocka_unit_test(test_step_halt),
		cmocka_unit_test(test_triple_fault),
		cmocka_unit_test(test_internal_error),
		cmocka_unit_test(test_hypercall_stall),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_pic_interrupt),
		cmocka_unit_test(test_smp_needs_lapic),
	};

	live_need_kvm();
	return cmocka_run_group_tests_name("guest_exit", tests, NULL, NULL);
}
