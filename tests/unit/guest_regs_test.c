/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registers, memory, translation, CPUID and state blobs of real guests. */
#include "tests/lib/live.h"

#include <inttypes.h>

static const uint8_t spin[] = { 0x90, 0x90, 0xeb, 0xfc };

static void test_write_general(void **state)
{
	struct live g;

	live_start(&g, FLAT_LONG, spin, sizeof(spin));
	for (unsigned reg = X86_RAX; reg <= X86_R15; reg++)
		live_set_reg(&g, 0, reg, 0x1111111111111111ull * (reg % 15 + 1));
	live_set_reg(&g, 0, X86_RFLAGS, 0x2 | X86_FLAGS_ZF | X86_FLAGS_DF);
	live_step(&g, 0, 1);
	for (unsigned reg = X86_RAX; reg <= X86_R15; reg++)
		assert_int_equal(live_reg(&g, 0, reg), 0x1111111111111111ull * (reg % 15 + 1));
	assert_int_equal(live_reg(&g, 0, X86_RFLAGS) & (X86_FLAGS_ZF | X86_FLAGS_DF),
			 X86_FLAGS_ZF | X86_FLAGS_DF);
	live_set_reg(&g, 0, X86_RIP, LIVE_CODE + 2);
	assert_int_equal(live_step(&g, 0, 1).pc, LIVE_CODE);
	assert_error(target_reg_write(g.target, 1, X86_RAX, "12345678", 8), ERROR_NOT_FOUND, "vCPU 1");
	assert_error(target_reg_write(g.target, 0, 9999, "12345678", 8), ERROR_NOT_FOUND, "9999");
	live_end(&g);
}

static void test_write_special(void **state)
{
	struct live g;

	live_start(&g, FLAT_LONG, spin, sizeof(spin));
	assert_int_equal(live_reg(&g, 0, X86_CS_ATTR) & X86_ATTR_L, X86_ATTR_L);
	assert_int_equal(live_reg(&g, 0, X86_EFER) & X86_EFER_LMA, X86_EFER_LMA);
	live_set_reg(&g, 0, X86_FS_BASE, 0x123456000);
	live_set_reg(&g, 0, X86_GS, 0x18);
	live_set_reg(&g, 0, X86_CR2, 0xdeadbeef000);
	live_set_reg(&g, 0, X86_IDTR_BASE, 0x5000);
	live_set_reg(&g, 0, X86_IDTR_LIMIT, 0xfff);
	live_set_reg(&g, 0, X86_CR8, 5);
	live_step(&g, 0, 3);
	assert_int_equal(live_reg(&g, 0, X86_FS_BASE), 0x123456000);
	assert_int_equal(live_reg(&g, 0, X86_GS), 0x18);
	assert_int_equal(live_reg(&g, 0, X86_CR2), 0xdeadbeef000);
	assert_int_equal(live_reg(&g, 0, X86_IDTR_BASE), 0x5000);
	assert_int_equal(live_reg(&g, 0, X86_IDTR_LIMIT), 0xfff);
	assert_int_equal(live_reg(&g, 0, X86_CR8), 5);
	/* What no CPU accepts is refused with words, and changes nothing. */
	assert_error(target_reg_write(g.target, 0, X86_CR0, "\0\0\0\x80\0\0\0\0", 8), ERROR_FAILED, "cr0");
	assert_int_equal(live_step(&g, 0, 3).reason, STOP_STEP);
	live_end(&g);
}

static void test_write_debug_msr(void **state)
{
	struct live g;

	live_start(&g, FLAT_LONG, spin, sizeof(spin));
	live_set_reg(&g, 0, X86_DR0, 0xffffffff80000000ull);
	live_set_reg(&g, 0, X86_DR3, 0x1234);
	assert_int_equal(live_reg(&g, 0, X86_DR0), 0xffffffff80000000ull);
	assert_int_equal(live_reg(&g, 0, X86_DR3), 0x1234);
	live_set_reg(&g, 0, X86_LSTAR, 0xffffffff81000000ull);
	live_set_reg(&g, 0, X86_KERNEL_GS_BASE, 0xffff888000000000ull);
	assert_int_equal(live_reg(&g, 0, X86_LSTAR), 0xffffffff81000000ull);
	assert_int_equal(live_reg(&g, 0, X86_KERNEL_GS_BASE), 0xffff888000000000ull);
	assert_error(target_reg_write(g.target, 0, X86_LSTAR, "\0\0\0\0\0\0\x34\x12", 8), ERROR_FAULT, "lstar");
	live_end(&g);
}

static void test_write_vector(void **state)
{
	uint8_t value[32], other[32];
	struct live g;
	struct regs regs;
	bool stale;

	for (unsigned i = 0; i < sizeof(value); i++)
		value[i] = 0x80 + i;
	live_start(&g, FLAT_LONG, spin, sizeof(spin));
	assert_ok(target_reg_write(g.target, 0, X86_YMM0 + 3, value, 32));
	assert_ok(target_reg_write(g.target, 0, X86_ST0 + 1, value, 10));
	live_set_reg(&g, 0, X86_MXCSR, 0x1fa0);
	live_step(&g, 0, 5);
	regs_init(&regs, g.target->arch);
	assert_ok(target_regs_read(g.target, 0, REGS_FPU | REGS_VECTOR, &regs, &stale));
	memcpy(other, regs_bytes(&regs, X86_YMM0 + 3), 32);
	assert_memory_equal(other, value, 16);
	/* The upper half where the guest has AVX. */
	if (other[16])
		assert_memory_equal(other + 16, value + 16, 16);
	assert_memory_equal(regs_bytes(&regs, X86_ST0 + 1), value, 10);
	assert_int_equal(regs_u64(&regs, X86_MXCSR), 0x1fa0);
	assert_int_equal(regs_u64(&regs, X86_FCW), 0x37f);
	live_end(&g);
}

/* Every register of the table that the host has can be read; core ones always. */
static void test_read_all(void **state)
{
	unsigned valid = 0;
	struct live g;
	struct regs regs;
	bool stale;

	live_start(&g, FLAT_PROT32, spin, sizeof(spin));
	regs_init(&regs, g.target->arch);
	assert_ok(target_regs_read(g.target, 0, REGS_ALL, &regs, &stale));
	for (unsigned i = 0; i < X86_REG_COUNT; i++) {
		valid += regs_valid(&regs, i);
		if (g.target->arch->regs[i].group & REGS_CORE)
			assert_true(regs_valid(&regs, i));
	}
	assert_true(valid > X86_REG_COUNT - 12);
	assert_string_equal(g.target->arch->mode_name(&regs), "prot32");
	/* While it runs: the last-known ones, marked. */
	live_go(&g);
	assert_ok(target_regs_read(g.target, 0, REGS_CORE, &regs, &stale));
	assert_true(stale);
	assert_error(target_reg_write(g.target, 0, X86_RAX, "12345678", 8), ERROR_STATE, "stopped");
	live_end(&g);
}

/* The page walk of core against KVM's own, over 4-level paging with every page size and holes. */
static void walk_against_kvm(struct live *g, uint64_t gva, enum mmu_verdict expected)
{
	struct mmu_walk walk;
	struct regs regs;
	uint64_t gpa = 0;
	struct error *err;
	bool stale;

	regs_init(&regs, g->target->arch);
	assert_ok(target_regs_read(g->target, 0, REGS_CORE, &regs, &stale));
	assert_ok(target_walk(g->target, &regs, gva, &walk));
	err = g->target->ops->translate(g->target, 0, gva, &gpa);
	assert_int_equal(walk.verdict, expected);
	if (expected == MMU_MAPPED || expected == MMU_NO_PAGING) {
		assert_null(err);
		assert_int_equal(walk.gpa, gpa);
	} else {
		assert_non_null(err);
		error_destroy(err);
	}
}

static void put64(struct live *g, uint64_t gpa, uint64_t value)
{
	uint8_t raw[8];

	le64_write(raw, value);
	assert_ok(target_phys_write(g->target, gpa, raw, 8));
}

static void test_walk_long(void **state)
{
	struct live g;
	uint64_t cr3;

	live_start(&g, FLAT_LONG, spin, sizeof(spin));
	cr3 = live_reg(&g, 0, X86_CR3);
	/* A PML4 entry of our own: 2 MiB page, 4 KiB page, and nothing. */
	put64(&g, cr3 + 8 * 300, 0x200000 | 3);
	put64(&g, 0x200000 + 8 * 2, 0x201000 | 3);
	put64(&g, 0x201000 + 8 * 5, 0x600000 | 0x83);
	put64(&g, 0x201000 + 8 * 6, 0x202000 | 3);
	put64(&g, 0x202000 + 8 * 7, 0x345000 | 3 | 1ull << 63);
	walk_against_kvm(&g, LIVE_CODE, MMU_MAPPED);
	walk_against_kvm(&g, 0xffff960000000000ull + (2ull << 30) + (5ull << 21) + 0x12345, MMU_MAPPED);
	walk_against_kvm(&g, 0xffff960000000000ull + (2ull << 30) + (6ull << 21) + 0x7abc, MMU_MAPPED);
	walk_against_kvm(&g, 0xffff960000000000ull + (2ull << 30) + (6ull << 21) + 0x8000, MMU_NOT_PRESENT);
	walk_against_kvm(&g, 0xffff960000000000ull + (3ull << 30), MMU_NOT_PRESENT);
	walk_against_kvm(&g, 0xffff970000000000ull, MMU_NOT_PRESENT);
	live_end(&g);
	live_start(&g, FLAT_PROT32, spin, sizeof(spin));
	walk_against_kvm(&g, 0x2345, MMU_NO_PAGING);
	live_end(&g);
}

/* Turns on paging without long mode; false where this host's KVM has none (KVM_PVM). */
static bool set_paging(struct live *g, uint64_t cr4)
{
	struct error *err;
	uint8_t cr0[8];

	live_set_reg(g, 0, X86_CR4, cr4);
	live_set_reg(g, 0, X86_CR3, 0x200000);
	le64_write(cr0, 0x80000011);
	err = target_reg_write(g->target, 0, X86_CR0, cr0, sizeof(cr0));
	if (!err)
		return true;
	assert_int_equal(error_code(err), ERROR_UNSUPPORTED);
	error_destroy(err);
	live_end(g);
	return false;
}

/* 32-bit paging with a 4 MiB page, then PAE. */
static void test_walk_32(void **state)
{
	struct live g;

	live_start(&g, FLAT_PROT32, spin, sizeof(spin));
	put64(&g, 0x200000, 0x83 | (0x201003ull << 32));	/* PDE 0: 4 MiB; PDE 1: a table */
	put64(&g, 0x201000 + 4 * 8, 0x345003);
	if (!set_paging(&g, X86_CR4_PSE))
		skip();
	walk_against_kvm(&g, 0x1003, MMU_MAPPED);
	walk_against_kvm(&g, 0x408123, MMU_MAPPED);
	walk_against_kvm(&g, 0x409123, MMU_NOT_PRESENT);
	walk_against_kvm(&g, 0x800000, MMU_NOT_PRESENT);
	assert_int_equal(live_step(&g, 0, 2).pc, LIVE_CODE + 2);
	live_end(&g);
	live_start(&g, FLAT_PROT32, spin, sizeof(spin));
	put64(&g, 0x200000, 0x201001);
	put64(&g, 0x201000, 0x83);
	put64(&g, 0x201008, 0x202003);
	put64(&g, 0x202000 + 8 * 3, 0x345003);
	if (!set_paging(&g, X86_CR4_PAE))
		skip();
	walk_against_kvm(&g, 0x1003, MMU_MAPPED);
	walk_against_kvm(&g, 0x203123, MMU_MAPPED);
	walk_against_kvm(&g, 0x204123, MMU_NOT_PRESENT);
	assert_int_equal(live_step(&g, 0, 2).pc, LIVE_CODE + 2);
	live_end(&g);
}

/* RAM around the hole below 4 GiB: what lies where, and that the guest sees the part above it. */
static void test_memory_hole(void **state)
{
	/* 64-bit: mov rax,[0x100000008]; mov [0x3000],rax; out 0xf4,al */
	static const uint8_t code[] = {
		0x48, 0xa1, 0x08, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
		0x48, 0x89, 0x04, 0x25, 0x00, 0x30, 0x00, 0x00, 0xe6, 0xf4,
	};
	struct mem_region r, last = { 0 };
	unsigned rams = 0, ports = 0;
	uint8_t buf[16];
	struct live g;

	if ((uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) < 3200ull << 20)
		skip(); /* the host is smaller than the hole is high */
	memset(&g, 0, sizeof(g));
	guest_config_init(&g.config);
	g.config.mem_bytes = 3200ull << 20;
	live_start_config(&g, FLAT_LONG, code, sizeof(code));
	for (unsigned i = 0; g.target->ops->region(g.target, i, &r); i++) {
		assert_true(last.kind == r.kind || last.kind != MEM_PORT);
		assert_true(i == 0 || last.start < r.start || (r.kind == MEM_PORT && last.kind != MEM_PORT));
		rams += r.kind == MEM_RAM;
		ports += r.kind == MEM_PORT;
		last = r;
	}
	assert_int_equal(rams, 2);
	assert_true(ports > 5);
	put64(&g, 0x100000008ull, 0x1122334455667788ull);
	assert_error(target_phys_read(g.target, 0xbffffff8ull, buf, 16), ERROR_FAULT, "0xc0000000");
	assert_error(target_phys_write(g.target, 0xfffffff8ull, buf, 16), ERROR_FAULT, "0xfffffff8");
	assert_error(target_phys_read(g.target, ~0ull - 4, buf, 16), ERROR_FAULT, "0xfffffffffffffffb");
	assert_int_equal(live_continue(&g).reason, STOP_GUEST_EXIT);
	assert_int_equal(live_mem(&g, 0x3000, 8), 0x1122334455667788ull);
	live_end(&g);
	/* Sizes nobody can have. */
	guest_config_init(&g.config);
	g.config.mem_bytes = 1ull << 50;
	g.config.image_data = code;
	g.config.image_len = sizeof(code);
	assert_error(guest_create(&g.config, &g.target), ERROR_USAGE, "more than the host has");
	g.config.mem_bytes = 4096;
	assert_error(guest_create(&g.config, &g.target), ERROR_USAGE, "at least 64K");
	guest_config_deinit(&g.config);
}

static void run_cpuid(const char *override, uint32_t leaf, uint32_t sub, uint32_t ret[4])
{
	/* 32-bit: cpuid; out 0xf4,al */
	static const uint8_t code[] = { 0x0f, 0xa2, 0xe6, 0xf4 };
	static const unsigned regs[] = { X86_RAX, X86_RBX, X86_RCX, X86_RDX };
	struct live g;

	memset(&g, 0, sizeof(g));
	guest_config_init(&g.config);
	g.config.vcpus = 3;
	if (override)
		vec_push(&g.config.cpuid, override);
	live_start_config(&g, FLAT_PROT32, code, sizeof(code));
	live_set_reg(&g, 0, X86_RAX, leaf);
	live_set_reg(&g, 0, X86_RCX, sub);
	assert_int_equal(live_continue(&g).reason, STOP_GUEST_EXIT);
	for (unsigned i = 0; i < 4; i++)
		ret[i] = live_reg(&g, 0, regs[i]);
	live_end(&g);
}

static void test_cpuid(void **state)
{
	uint32_t r[4], plain[4];
	struct guest_config config;
	struct target *t = NULL;

	run_cpuid(NULL, 1, 0, plain);
	assert_true(plain[2] & BIT(31));
	assert_int_equal(plain[1] >> 24, 0);
	assert_int_equal((plain[1] >> 16) & 0xff, 4); /* three vCPUs: room for four ids */
	run_cpuid("0x1,ecx=0/0x80000000", 1, 0, r);
	assert_int_equal(r[2], plain[2] & ~BIT(31));
	/* An entry of our own, with and without a sub-leaf. */
	run_cpuid("0x40000010,ebx=0x12345678", 0x40000010, 0, r);
	assert_int_equal(r[1], 0x12345678);
	run_cpuid("0x40000011:2,ecx=0x9abcdef0", 0x40000011, 2, r);
	assert_int_equal(r[2], 0x9abcdef0);
	run_cpuid(NULL, 0xb, 1, r);
	if (r[2]) {
		assert_int_equal(r[0], 2);
		assert_int_equal(r[1], 3);
		assert_int_equal(r[2], 0x201);
	}
	run_cpuid(NULL, 0x40000000, 0, r);
	assert_memory_equal(&r[1], "KVMK", 4);
	guest_config_init(&config);
	config.image_data = "\xf4";
	config.image_len = 1;
	config.flat = true;
	config.flat_addr = LIVE_CODE;
	vec_push(&config.cpuid, "0x1,exx=3");
	assert_error(guest_create(&config, &t), ERROR_USAGE, "0x1,exx=3");
	config.cpuid.data[0] = "nonsense";
	assert_error(guest_create(&config, &t), ERROR_USAGE, "nonsense");
	config.cpuid.data[0] = "1,eax=0x123456789";
	assert_error(guest_create(&config, &t), ERROR_USAGE, "32-bit");
	guest_config_deinit(&config);
}

static void test_state(void **state)
{
	static const enum irqchip_mode modes[] = { IRQCHIP_KERNEL, IRQCHIP_SPLIT, IRQCHIP_OFF };
	union {
		struct state_x86_lapic lapic;
		struct state_x86_ioapic ioapic;
		struct state_x86_pic pic;
		struct state_x86_pit pit;
		struct state_vcpu_events events;
		struct state_vm_info info;
		struct state_irq_routes routes;
		uint8_t bytes[8192];
	} s;
	size_t len;

	for (unsigned i = 0; i < ARRAY_SIZE(modes); i++) {
		struct live g;

		memset(&g, 0, sizeof(g));
		guest_config_init(&g.config);
		g.config.irqchip = modes[i];
		live_start_config(&g, FLAT_LONG, spin, sizeof(spin));
		assert_ok(target_state_get(g.target, STATE_VM_INFO, 0, &s, sizeof(s), &len));
		assert_int_equal(s.info.vcpus, 1);
		assert_string_equal(s.info.image, "bytes");
		assert_ok(target_state_get(g.target, STATE_VCPU_EVENTS, 0, &s, sizeof(s), &len));
		assert_int_equal(s.events.version, STATE_VERSION);
		assert_int_equal(s.events.exc_pending, 0);
		if (modes[i] == IRQCHIP_OFF) {
			assert_error(target_state_get(g.target, STATE_X86_LAPIC, 0, &s, sizeof(s), &len),
				     ERROR_UNSUPPORTED, "local APIC");
			assert_error(target_state_get(g.target, STATE_X86_IOAPIC, 0, &s, sizeof(s), &len),
				     ERROR_UNSUPPORTED, "IOAPIC");
		} else {
			assert_ok(target_state_get(g.target, STATE_X86_LAPIC, 0, &s, sizeof(s), &len));
			assert_int_equal(len, sizeof(s.lapic));
			assert_int_equal(s.lapic.apic_base & 0xfffff000, 0xfee00000);
			assert_ok(target_state_get(g.target, STATE_X86_IOAPIC, 0, &s, sizeof(s), &len));
			assert_int_equal(s.ioapic.base, 0xfec00000);
			assert_int_equal(s.ioapic.redir[5] & BIT(16), BIT(16));
			assert_ok(target_state_get(g.target, STATE_IRQ_ROUTES, 0, &s, sizeof(s), &len));
			/* GSI 2 goes nowhere on the IOAPIC; 16 lines go to the PICs as well. */
			assert_int_equal(s.routes.count, 16 + 23);
		}
		assert_ok(target_state_get(g.target, STATE_X86_PIC, 1, &s, sizeof(s), &len));
		if (modes[i] == IRQCHIP_KERNEL)
			assert_ok(target_state_get(g.target, STATE_X86_PIT, 0, &s, sizeof(s), &len));
		assert_error(target_state_get(g.target, STATE_X86_LAPIC, 7, &s, sizeof(s), &len),
			     ERROR_NOT_FOUND, "vCPU 7");
		live_end(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_general),
		cmocka_unit_test(test_write_special),
		cmocka_unit_test(test_write_debug_msr),
		cmocka_unit_test(test_write_vector),
		cmocka_unit_test(test_read_all),
		cmocka_unit_test(test_walk_long),
		cmocka_unit_test(test_walk_32),
		cmocka_unit_test(test_memory_hole),
		cmocka_unit_test(test_cpuid),
		cmocka_unit_test(test_state),
	};

	live_need_kvm();
	return cmocka_run_group_tests_name("guest_regs", tests, NULL, NULL);
}
