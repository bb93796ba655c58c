/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running, stepping and stopping real guests, one tiny program of bytes each. */
#include "tests/lib/live.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/base/loop.h"
#include "core/base/vec.h"
#include "guest/stops.h"

/* Real mode: mov al,'A'; out 0xe9,al; inc cx; jmp back to the inc. */
static const uint8_t real_loop[] = { 0xb0, 'A', 0xe6, 0xe9, 0x41, 0xeb, 0xfd };
/* 32-bit and 64-bit: inc ecx; jmp back. */
static const uint8_t loop32[] = { 0xff, 0xc1, 0xeb, 0xfc };

static void test_step_real(void **state)
{
	struct live g;
	struct stop_report r;

	live_start(&g, FLAT_REAL, real_loop, sizeof(real_loop));
	assert_int_equal(live_reg(&g, 0, X86_RIP), LIVE_CODE);
	r = live_step(&g, 0, 1);
	assert_int_equal(r.reason, STOP_STEP);
	assert_int_equal(r.pc, LIVE_CODE + 2);
	assert_int_equal(live_reg(&g, 0, X86_RAX) & 0xff, 'A');
	/* The port access is one step, whoever emulates it. */
	r = live_step(&g, 0, 1);
	assert_int_equal(r.pc, LIVE_CODE + 4);
	assert_int_equal(r.steps, 1);
	r = live_step(&g, 0, 1000);
	assert_int_equal(r.steps, 1000);
	assert_int_equal(r.pc, LIVE_CODE + 4);
	assert_int_equal(live_reg(&g, 0, X86_RCX), 500);
	live_end(&g);
}

static void step_loop(enum flat_mode mode)
{
	struct live g;
	struct stop_report r;

	live_start(&g, mode, loop32, sizeof(loop32));
	r = live_step(&g, 0, 2001);
	assert_int_equal(r.reason, STOP_STEP);
	assert_int_equal(r.steps, 2001);
	assert_int_equal(r.pc, LIVE_CODE + 2);
	assert_int_equal(live_reg(&g, 0, X86_RCX), 1001);
	assert_false(r.stepped_irq);
	live_end(&g);
}

static void test_step_prot32(void **state)
{
	step_loop(FLAT_PROT32);
}

static void test_step_long(void **state)
{
	step_loop(FLAT_LONG);
}

static void test_interrupt_loop(void **state)
{
	static const uint8_t code[] = { 0xeb, 0xfe };
	struct live g;
	unsigned ms;

	live_start(&g, FLAT_LONG, code, sizeof(code));
	for (unsigned i = 0; i < 20; i++) {
		live_go(&g);
		usleep(i * 1000);
		struct stop_report r = live_interrupt(&g, &ms);

		assert_int_equal(r.reason, STOP_INTERRUPT);
		assert_int_equal(r.pc, LIVE_CODE);
		assert_true(ms < 100);
	}
	live_end(&g);
}

/*
 * From real to protected mode, all at once against one by one: what a step leaves out of reading must
 * not show.
 */
static void test_step_mode_switch(void **state)
{
	static const uint8_t code[] = {
		0x0f, 0x01, 0x16, 0x00, 0x20,				/* lgdt [0x2000] */
		0x0f, 0x20, 0xc0, 0x66, 0x83, 0xc8, 0x01, 0x0f, 0x22, 0xc0,	/* cr0 |= 1 */
		0x66, 0xea, 0x17, 0x10, 0x00, 0x00, 0x08, 0x00,		/* ljmp 8:0x1017 */
		0x66, 0xb8, 0x10, 0x00, 0x8e, 0xd8, 0x8e, 0xd0,		/* ds = ss = 0x10 */
		0xbc, 0x00, 0x70, 0x00, 0x00, 0x50, 0x58,			/* esp, push, pop */
		0x0f, 0x20, 0xc3, 0xeb, 0xfe,				/* mov ebx, cr0; jmp . */
	};
	static const uint8_t gdtr[] = { 0x17, 0x00, 0x00, 0x21, 0x00, 0x00 };
	static const uint64_t gdt[] = { 0, 0x00cf9b000000ffff, 0x00cf93000000ffff };
	struct regs regs[2];
	struct live g[2];
	bool stale;

	for (unsigned i = 0; i < 2; i++) {
		live_start(&g[i], FLAT_REAL, code, sizeof(code));
		assert_ok(target_phys_write(g[i].target, 0x2000, gdtr, sizeof(gdtr)));
		assert_ok(target_phys_write(g[i].target, 0x2100, gdt, sizeof(gdt)));
		regs_init(&regs[i], g[i].target->arch);
	}
	for (unsigned n = 1; n <= 14; n++) {
		struct stop_report r = live_step(&g[0], 0, 1);

		live_step(&g[1], 0, n);
		for (unsigned i = 0; i < 2; i++)
			assert_ok(target_regs_read(g[i].target, 0, REGS_CORE, &regs[i], &stale));
		for (unsigned reg = 0; reg < X86_REG_COUNT; reg++)
			if (regs_differ(&regs[0], &regs[1], reg))
				fail_msg("%s differs after %u steps", x86_64_regs[reg].name, n);
		assert_int_equal(r.pc, g[0].target->arch->pc_linear(&regs[0]));
		assert_ok(target_reset(g[1].target));
		live_wait(&g[1]);
		assert_ok(target_phys_write(g[1].target, 0x2000, gdtr, sizeof(gdtr)));
		assert_ok(target_phys_write(g[1].target, 0x2100, gdt, sizeof(gdt)));
	}
	assert_int_equal(live_reg(&g[0], 0, X86_CS), 8);
	assert_int_equal(live_reg(&g[0], 0, X86_SS), 0x10);
	assert_int_equal(live_reg(&g[0], 0, X86_RBX) & 1, 1);
	live_end(&g[0]);
	live_end(&g[1]);
}

/* A step over an instruction that faults says that it went into the handler; over a jump it does not. */
static void test_step_fault(void **state)
{
	static const uint8_t code[] = { 0xe8, 0x01, 0, 0, 0, 0x90, 0xeb, 0x20 }; /* call +1; nop; jmp far on */
	static const uint8_t fault[] = { 0x0f, 0x0b };			/* at 0x1028: ud2 */
	static const uint8_t handler[] = { 0x90, 0x90, 0x48, 0xcf };	/* nop; nop; iretq */
	uint8_t gate[16] = { 0x00, 0x60, 0x10, 0x00, 0x00, 0x8e };
	struct mech_support can = { 0 };
	struct stop_report r;
	struct live g;
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	/* Elsewhere the handler may run free to its iretq, back into the fault, for ever: up to the CPU. */
	if (kvm < 0)
		skip();
	assert_ok(mech_probe(kvm, &can));
	close(kvm);
	if (!can.step_lasts)
		skip();
	live_start(&g, FLAT_LONG, code, sizeof(code));
	assert_ok(target_phys_write(g.target, 0x1028, fault, sizeof(fault)));
	assert_ok(target_phys_write(g.target, 0x6000, handler, sizeof(handler)));
	assert_ok(target_phys_write(g.target, 0x5000 + 6 * 16, gate, sizeof(gate)));
	live_set_reg(&g, 0, X86_IDTR_BASE, 0x5000);
	live_set_reg(&g, 0, X86_IDTR_LIMIT, 0xfff);
	r = live_step(&g, 0, 1);
	assert_int_equal(r.pc, LIVE_CODE + 6);
	assert_false(r.stepped_irq);
	r = live_step(&g, 0, 1);
	assert_int_equal(r.pc, 0x1028);
	assert_false(r.stepped_irq);
	r = live_step(&g, 0, 1);
	assert_true(r.pc == 0x6000 || r.pc == 0x6001);
	assert_true(r.stepped_irq);
	live_end(&g);
}

/* In a range: until it is left, or so many steps. */
static void test_step_range(void **state)
{
	static const uint8_t code[] = { 0xff, 0xc1, 0x83, 0xf9, 0x0a, 0x75, 0xf9, 0x90, 0xeb, 0xfe };
	struct run_request req = { .kind = RUN_STEP, .count = 1000, .range_lo = LIVE_CODE,
				   .range_hi = LIVE_CODE + 7 };
	struct stop_report r;
	struct live g;

	live_start(&g, FLAT_LONG, code, sizeof(code));
	assert_ok(target_resume(g.target, &req));
	r = live_wait(&g);
	assert_int_equal(r.reason, STOP_STEP);
	assert_int_equal(r.pc, LIVE_CODE + 7);
	assert_int_equal(r.steps, 30);
	req.range_lo = LIVE_CODE + 8;
	req.range_hi = LIVE_CODE + 10;
	req.count = 17;
	live_step(&g, 0, 1);
	assert_ok(target_resume(g.target, &req));
	r = live_wait(&g);
	assert_int_equal(r.steps, 17);
	live_end(&g);
}

/* As many vCPUs as there may be: created, stopped, ended. */
static void test_many_vcpus(void **state)
{
	static const uint8_t code[] = { 0xeb, 0xfe };
	struct live g;
	unsigned ms;

	memset(&g, 0, sizeof(g));
	guest_config_init(&g.config);
	g.config.vcpus = GUEST_VCPUS_MAX;
	live_start_config(&g, FLAT_LONG, code, sizeof(code));
	assert_int_equal(target_vcpu_count(g.target), GUEST_VCPUS_MAX);
	for (unsigned i = 0; i < 3; i++) {
		live_go(&g);
		usleep(10000);
		assert_int_equal(live_interrupt(&g, &ms).reason, STOP_INTERRUPT);
		assert_true(ms < 100);
	}
	live_end(&g);
}

/*
 * An interrupt that a vCPU's own access raises in our 8259 is given when the access is done, not when
 * something else takes the vCPU out: 20 rounds of enabling the serial port's transmitter interrupt and
 * spinning until the handler has counted it.
 */
static void test_own_interrupt(void **state)
{
	/*
	 * cli; xor ax,ax; mov ds,ax; mov word [0x90],handler; mov [0x92],ax; 8259: base 0x20, only line 4;
	 * out 0x3fc,8; sti; xor si,si
	 * again: out 0x3f9,0; inc si; out 0x3f9,2
	 * spin: cmp [0x500],si; jne spin; cmp si,20; jne again; out 0xf4,0; jmp .
	 * handler: push ax; push dx; in al,0x3fa; inc word [0x500]; out 0x20,0x20; pop dx; pop ax; iret
	 */
	static const uint8_t code[] = {
		0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0xc7, 0x06, 0x90, 0x00, 0x46, 0x10, 0xa3,
		0x92, 0x00, 0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x20, 0xe6, 0x21, 0xb0, 0x04,
		0xe6, 0x21, 0xb0, 0x01, 0xe6, 0x21, 0xb0, 0xef, 0xe6, 0x21, 0xba, 0xfc,
		0x03, 0xb0, 0x08, 0xee, 0xfb, 0x31, 0xf6, 0xba, 0xf9, 0x03, 0x30, 0xc0,
		0xee, 0xb0, 0x02, 0x46, 0xee, 0x39, 0x36, 0x00, 0x05, 0x75, 0xfa, 0x83,
		0xfe, 0x14, 0x75, 0xeb, 0x30, 0xc0, 0xe6, 0xf4, 0xeb, 0xfe, 0x50, 0x52,
		0xba, 0xfa, 0x03, 0xec, 0xff, 0x06, 0x00, 0x05, 0xb0, 0x20, 0xe6, 0x20,
		0x5a, 0x58, 0xcf,
	};
	static const enum irqchip_mode modes[] = { IRQCHIP_OFF, IRQCHIP_SPLIT, IRQCHIP_KERNEL };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		uint64_t t0 = clock_now_ns();
		struct live g;

		memset(&g, 0, sizeof(g));
		guest_config_init(&g.config);
		g.config.irqchip = modes[i];
		live_start_config(&g, FLAT_REAL, code, sizeof(code));
		assert_int_equal(live_continue(&g).reason, STOP_GUEST_EXIT);
		assert_int_equal(live_mem(&g, 0x500, 2), 20);
		/* The watchdog alone would take 20 times 250 ms. */
		assert_true(clock_now_ns() - t0 < 3000000000ull);
		live_end(&g);
	}
}

/* A guest that asked for a reset and is reset by the user is reset once: what the user then writes stays. */
static void test_reset_once(void **state)
{
	/* mov al, 0xfe; out 0x64, al; jmp . */
	static const uint8_t code[] = { 0xb0, 0xfe, 0xe6, 0x64, 0xeb, 0xfe };
	static const uint8_t mark[] = { 0x5a };
	struct live g;

	live_start(&g, FLAT_LONG, code, sizeof(code));
	assert_int_equal(live_continue(&g).reason, STOP_RESET);
	assert_ok(target_reset(g.target));
	assert_int_equal(live_wait(&g).reason, STOP_STARTED);
	assert_ok(target_phys_write(g.target, 0x8000, mark, sizeof(mark)));
	assert_int_equal(live_step(&g, 0, 1).pc, LIVE_CODE + 2);
	assert_int_equal(live_mem(&g, 0x8000, 1), 0x5a);
	live_end(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_step_real),
		cmocka_unit_test(test_step_prot32),
		cmocka_unit_test(test_step_long),
		cmocka_unit_test(test_interrupt_loop),
		cmocka_unit_test(test_step_mode_switch),
		cmocka_unit_test(test_step_fault),
		cmocka_unit_test(test_step_range),
		cmocka_unit_test(test_many_vcpus),
		cmocka_unit_test(test_own_interrupt),
		cmocka_unit_test(test_reset_once),
	};

	live_need_kvm();
	return cmocka_run_group_tests_name("guest_run", tests, NULL, NULL);
}
