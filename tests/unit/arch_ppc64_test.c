/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ppc64 descriptors: register numbers of KVM, modes, names, decoded bits. */
#include <stdio.h>
#include <string.h>

#include "core/arch/ppc64.h"

#include "tests/lib/test.h"

/* Every ONE_REG id a debugger needs (KVM's uapi): one register each, of the size KVM has. */
static void one_reg_ids(void **state)
{
	static const struct {
		const char *name;
		uint64_t id;
	} want[] = {
		{ "dabr", 0x1030000000000008 }, { "dscr", 0x1030000000000009 }, { "purr", 0x103000000000000a },
		{ "spurr", 0x103000000000000b }, { "dar", 0x103000000000000c }, { "dsisr", 0x102000000000000d },
		{ "amr", 0x103000000000000e }, { "uamor", 0x103000000000000f }, { "mmcr0", 0x1030000000000010 },
		{ "mmcr1", 0x1030000000000011 }, { "mmcra", 0x1030000000000012 }, { "mmcr2", 0x1030000000000013 },
		{ "mmcrs", 0x1030000000000014 }, { "siar", 0x1030000000000015 }, { "sdar", 0x1030000000000016 },
		{ "sier", 0x1030000000000017 }, { "pmc1", 0x1020000000000018 }, { "pmc8", 0x102000000000001f },
		{ "f0", 0x1030000000000020 }, { "f31", 0x103000000000003f }, { "vr0", 0x1040000000000040 },
		{ "vr31", 0x104000000000005f }, { "vs0", 0x1040000000000060 }, { "vs31", 0x104000000000007f },
		{ "fpscr", 0x1030000000000080 }, { "vscr", 0x1020000000000081 }, { "vpa_addr", 0x1030000000000082 },
		{ "vpa_slb", 0x1040000000000083 }, { "vpa_dtl", 0x1040000000000084 },
		{ "debug_inst", 0x102000000000008b }, { "vp_state", 0x104000000000008d },
		{ "tb_offset", 0x103000000000009c }, { "spmc1", 0x102000000000009d }, { "spmc2", 0x102000000000009e },
		{ "iamr", 0x103000000000009f }, { "tfhar", 0x10300000000000a0 }, { "tfiar", 0x10300000000000a1 },
		{ "texasr", 0x10300000000000a2 }, { "fscr", 0x10300000000000a3 }, { "pspb", 0x10200000000000a4 },
		{ "ebbhr", 0x10300000000000a5 }, { "ebbrr", 0x10300000000000a6 }, { "bescr", 0x10300000000000a7 },
		{ "tar", 0x10300000000000a8 }, { "dpdes", 0x10300000000000a9 }, { "dawr0", 0x10300000000000aa },
		{ "dawrx0", 0x10300000000000ab }, { "ciabr", 0x10300000000000ac }, { "ic", 0x10300000000000ad },
		{ "vtb", 0x10300000000000ae }, { "vrsave", 0x10200000000000b4 }, { "lpcr", 0x10300000000000b5 },
		{ "ppr", 0x10300000000000b6 }, { "arch_compat", 0x10200000000000b7 }, { "wort", 0x10300000000000b9 },
		{ "tidr", 0x10300000000000bc }, { "psscr", 0x10300000000000bd }, { "dec_expiry", 0x10300000000000be },
		{ "online", 0x10200000000000bf }, { "ptcr", 0x10300000000000c0 }, { "mmcr3", 0x10300000000000c1 },
		{ "sier2", 0x10300000000000c2 }, { "sier3", 0x10300000000000c3 }, { "dawr1", 0x10300000000000c4 },
		{ "dawrx1", 0x10300000000000c5 }, { "dexcr", 0x10300000000000c6 }, { "hashkeyr", 0x10300000000000c7 },
		{ "hashpkeyr", 0x10300000000000c8 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(want); i++) {
		const struct reg_desc *d;
		struct reg_ref ref;

		assert_true(reg_lookup(&arch_ppc64le, want[i].name, &ref));
		d = &ppc64_regs[ref.reg];
		if (ppc64_one_reg(d->index, d->bits) != want[i].id)
			fail_msg("%s is 0x%llx, not 0x%llx", want[i].name,
				 (unsigned long long)ppc64_one_reg(d->index, d->bits), (unsigned long long)want[i].id);
	}
	for (unsigned i = 0; i < PPC64_REG_COUNT; i++)
		for (unsigned j = 0; ppc64_regs[i].index && j < i; j++)
			assert_int_not_equal(ppc64_regs[i].index, ppc64_regs[j].index);
}

static void modes(void **state)
{
	static const struct {
		uint64_t msr;
		const char *name;
		unsigned bits;
		bool big;
	} cases[] = {
		{ 0x8000000000001033, "le64", 64, false }, { 0x8000000000001032, "be64", 64, true },
		{ 0x800000000000f033, "le64 user", 64, false }, { 0x8000000000001001, "le64 real", 64, false },
		{ 0x1000, "be32 real", 32, true }, { 0xf032, "be32 user", 32, true },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct arch *arch = i % 2 ? &arch_ppc64 : &arch_ppc64le;
		struct regs r;

		regs_init(&r, arch);
		regs_set(&r, PPC64_PC, 0xffffffff00001000);
		assert_int_equal(arch_is_big_endian(&r), arch->big_endian);
		regs_set(&r, PPC64_MSR, cases[i].msr);
		assert_string_equal(arch->mode_name(&r), cases[i].name);
		assert_int_equal(arch->code_bits(&r), cases[i].bits);
		assert_int_equal(arch_is_big_endian(&r), cases[i].big);
		assert_true(arch->pc_linear(&r) == (cases[i].bits == 64 ? 0xffffffff00001000 : 0x1000));
	}
	assert_ptr_equal(arch_by_elf_machine(21), &arch_ppc64le);
	assert_ptr_equal(arch_by_uname("ppc64"), &arch_ppc64);
}

static const char *decoded(unsigned id, uint64_t value)
{
	static char buf[256];

	return reg_decode(&ppc64_regs[id], value, buf, sizeof(buf));
}

static void bits_have_names(void **state)
{
	assert_string_equal(decoded(PPC64_MSR, 0x8000000002a0b033), "SF VEC VSX EE FP ME IR DR RI LE");
	assert_string_equal(decoded(PPC64_CR, 0x84000002),
			    "cr0=LT cr1=GT cr7=EQ");
	assert_string_equal(decoded(PPC64_XER, 0x20040000), "CA CA32");
	assert_string_equal(decoded(PPC64_LPCR, 0x0000000003d26401),
			    "ILE AIL=0xc000000000004000 UPRT HR LD PECE_EXT PECE_DEC GTSE HDICE");
	assert_string_equal(decoded(PPC64_DSISR, 0x42000000), "no_translation store");
	assert_string_equal(decoded(PPC64_CIABR, 0xc000000000001002), "priv=supervisor");
	assert_string_equal(decoded(PPC64_MMCR0, 0x80000080), "FC PMAO");
}

static void vectors(void **state)
{
	struct regs r;

	regs_init(&r, &arch_ppc64le);
	regs_set(&r, PPC64_LPCR, 3ull << 23);
	regs_set(&r, PPC64_MSR, PPC64_MSR_IR | PPC64_MSR_DR);
	assert_true(ppc64_vector_address(&r, 0x500) == 0xc000000000004500);
	assert_true(ppc64_vector_address(&r, 0x3000) == 0xc000000000003000);
	assert_true(ppc64_vector_address(&r, 0x200) == 0x200);
	regs_set(&r, PPC64_MSR, PPC64_MSR_DR);
	assert_true(ppc64_vector_address(&r, 0x500) == 0x500);
	regs_set(&r, PPC64_MSR, PPC64_MSR_IR | PPC64_MSR_DR);
	regs_set(&r, PPC64_LPCR, 2ull << 23);
	assert_true(ppc64_vector_address(&r, 0x500) == 0x18500);
}

static void names(void **state)
{
	char buf[64];

	assert_string_equal(ppc64_trap_name(0x980), "HV decrementer");
	assert_null(ppc64_trap_name(0x123));
	assert_string_equal(ppc64_hcall_name(0x3ac), "H_INT_SET_SOURCE_CONFIG");
	assert_null(ppc64_hcall_name(3));
	assert_string_equal(ppc64_hcall_result_name(-4), "H_PARAMETER");
	assert_string_equal(ppc64_ticks_text(512, buf, sizeof(buf)), "expires in 1.00 us");
	assert_string_equal(ppc64_ticks_text(-512000000, buf, sizeof(buf)), "expired 1.00 s ago");
}

static void meanings(void **state)
{
	struct regs r;
	char buf[64];

	regs_init(&r, &arch_ppc64le);
	regs_set(&r, PPC64_TB, 1000);
	regs_set(&r, PPC64_DEC_EXPIRY, 1000 + 512 * 1500);
	regs_set(&r, PPC64_DEC, ppc64_dec(regs_u64(&r, PPC64_DEC_EXPIRY), 2000 + 512 * 1500));
	regs_set(&r, PPC64_PVR, 0x004e1202);
	regs_set(&r, PPC64_ARCH_COMPAT, 0x0f000005);
	assert_string_equal(r.arch->reg_meaning(&r, PPC64_DEC_EXPIRY, buf, sizeof(buf)), "expires in 1.50 ms");
	assert_string_equal(r.arch->reg_meaning(&r, PPC64_DEC, buf, sizeof(buf)), "expired 1.95 us ago");
	assert_string_equal(r.arch->reg_meaning(&r, PPC64_PVR, buf, sizeof(buf)), "POWER9");
	assert_string_equal(r.arch->reg_meaning(&r, PPC64_ARCH_COMPAT, buf, sizeof(buf)), "ISA 3.00");
	assert_null(r.arch->reg_meaning(&r, PPC64_R3, buf, sizeof(buf)));
}

/* addis r2,r12,0x12; addi r2,r2,-0x8000 in both byte orders; and a function that needs no TOC. */
static void test_local_entry(void **state)
{
	static const uint8_t le[8] = { 0x12, 0, 0x4c, 0x3c, 0, 0x80, 0x42, 0x38 };
	static const uint8_t be[8] = { 0x3c, 0x4c, 0, 0x12, 0x38, 0x42, 0x80, 0 };
	static const uint8_t none[8] = { 0xa6, 2, 8, 0x7c, 0x10, 0, 1, 0xf8 };

	assert_int_equal(arch_ppc64le.local_entry(le, false), 8);
	assert_int_equal(arch_ppc64.local_entry(be, true), 8);
	assert_int_equal(arch_ppc64le.local_entry(be, false), 0);
	assert_int_equal(arch_ppc64le.local_entry(none, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_local_entry),
		cmocka_unit_test(one_reg_ids), cmocka_unit_test(modes), cmocka_unit_test(bits_have_names),
		cmocka_unit_test(vectors), cmocka_unit_test(names), cmocka_unit_test(meanings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
