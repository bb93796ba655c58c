/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Register tables of every architecture, and register sets. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/arch/arch.h"
#include "core/arch/x86_64.h"
#include "core/base/vec.h"

#include "tests/lib/test.h"

/* Every name that can be typed, whole registers first. */
static const char *name_at(const struct arch *arch, unsigned i)
{
	if (i < arch->nregs)
		return arch->regs[i].name;
	i -= arch->nregs;
	for (const struct reg_alias *a = arch->aliases; a && a->name; a++)
		if (i-- == 0)
			return a->name;
	return NULL;
}

static void names_are_unique(void **state)
{
	const struct arch *arch;

	for (unsigned k = 0; (arch = arch_at(k)); k++)
		for (unsigned i = 0; name_at(arch, i); i++)
			for (unsigned j = 0; j < i; j++)
				if (!strcasecmp(name_at(arch, i), name_at(arch, j)))
					fail_msg("%s: %s twice", arch->name, name_at(arch, i));
}

/* No two registers share bytes and all lie inside the data. */
static void offsets_do_not_overlap(void **state)
{
	const struct arch *arch;

	for (unsigned k = 0; (arch = arch_at(k)); k++) {
		uint8_t used[REGS_MAX_BYTES] = { 0 };

		assert_true(arch->nregs <= REGS_MAX);
		for (unsigned i = 0; i < arch->nregs; i++) {
			const struct reg_desc *d = &arch->regs[i];

			assert_non_null(d->name);
			assert_non_null(d->help);
			assert_true(d->bits >= 8 && d->bits <= 512 && d->bits % 8 == 0);
			assert_true(d->group && !(d->group & (d->group - 1)) && (d->group & REGS_ALL));
			assert_true(d->offset + d->bits / 8 <= REGS_MAX_BYTES);
			for (unsigned b = 0; b < d->bits / 8u; b++)
				assert_int_equal(used[d->offset + b]++, 0);
		}
	}
}

static void fields_lie_inside_and_apart(void **state)
{
	const struct arch *arch;

	for (unsigned k = 0; (arch = arch_at(k)); k++) {
		for (unsigned i = 0; i < arch->nregs; i++) {
			uint64_t used = 0;

			for (const struct reg_field *f = arch->regs[i].fields; f && f->name; f++) {
				assert_true(f->hi >= f->lo && f->hi < 64);
				if (used & MASK(f->hi, f->lo))
					fail_msg("%s.%s overlaps", arch->regs[i].name, f->name);
				used |= MASK(f->hi, f->lo);
			}
		}
	}
}

static void parts_fit_their_whole(void **state)
{
	const struct arch *arch;

	for (unsigned k = 0; (arch = arch_at(k)); k++) {
		for (const struct reg_alias *a = arch->aliases; a && a->name; a++) {
			assert_true(a->reg < arch->nregs);
			assert_true(a->bits + a->shift <= arch->regs[a->reg].bits);
		}
		assert_true(arch->reg_pc < arch->nregs && arch->reg_sp < arch->nregs);
		assert_true(arch->reg_fp < arch->nregs && arch->reg_flags < arch->nregs);
	}
}

/* A part carries the name of its whole: eax, ax, al, ah in rax; r9d in r9; xmm7 in ymm7. */
static void x86_parts_name_their_whole(void **state)
{
	for (const struct reg_alias *a = arch_x86_64.aliases; a->name; a++) {
		const char *whole = arch_x86_64.regs[a->reg].name;
		char want[32];
		int n;

		if (a->name[0] == 'r' && isdigit(a->name[1])) {
			sscanf(a->name, "r%d", &n);
			snprintf(want, sizeof(want), "r%d", n);
			assert_string_equal(whole, want);
			assert_int_equal(a->bits, strchr(a->name, 'd') ? 32 : strchr(a->name, 'w') ? 16 : 8);
		} else if (sscanf(a->name, "xmm%d", &n) == 1) {
			snprintf(want, sizeof(want), "ymm%d", n);
			assert_string_equal(whole, want);
		} else if (strlen(a->name) == 2 && strchr("abcd", a->name[0]) && strchr("xlh", a->name[1])) {
			snprintf(want, sizeof(want), "r%cx", a->name[0]);
			assert_string_equal(whole, want);
			assert_int_equal(a->shift, a->name[1] == 'h' ? 8 : 0);
		} else if (a->name[0] == 'e' && !strchr(a->name, '_')) {
			snprintf(want, sizeof(want), "r%s", a->name + 1);
			assert_string_equal(whole, want);
			assert_int_equal(a->bits, 32);
		}
	}
}

static void x86_msr_numbers_are_unique(void **state)
{
	for (unsigned i = 0; i < arch_x86_64.nregs; i++) {
		const struct reg_desc *d = &arch_x86_64.regs[i];

		assert_true(d->group != REGS_MSR || d->index != 0);
		for (unsigned j = 0; d->index && j < i; j++)
			assert_int_not_equal(arch_x86_64.regs[j].index, d->index);
	}
}

static void lookup_and_values(void **state)
{
	struct regs r;
	struct reg_ref ref;
	uint64_t v = 77;
	uint8_t wide[32];

	regs_init(&r, &arch_x86_64);
	assert_false(regs_get(&r, X86_RAX, &v));
	assert_int_equal(v, 77);
	assert_int_equal(regs_u64(&r, X86_RAX), 0);
	regs_set(&r, X86_RAX, 0x1122334455667788);
	assert_true(reg_lookup(&arch_x86_64, "$AH", &ref));
	assert_true(reg_ref_get(&r, ref, &v));
	assert_int_equal(v, 0x77);
	assert_true(reg_lookup(&arch_x86_64, "eax", &ref));
	assert_true(regs_get_packed(&r, reg_ref_pack(ref, 64), &v));
	assert_int_equal(v, 0x55667788);
	assert_true(reg_lookup(&arch_x86_64, "cs.base", &ref));
	assert_int_equal(ref.reg, X86_CS_BASE);
	assert_false(reg_ref_get(&r, ref, &v));
	assert_false(reg_lookup(&arch_x86_64, "raxx", &ref));
	assert_false(reg_lookup(&arch_x86_64, "", &ref));
	for (unsigned i = 0; i < sizeof(wide); i++)
		wide[i] = i + 1;
	regs_set_bytes(&r, X86_YMM0 + 3, wide, sizeof(wide));
	assert_memory_equal(regs_bytes(&r, X86_YMM3), wide, sizeof(wide));
	assert_true(reg_lookup(&arch_x86_64, "xmm3", &ref));
	assert_int_equal(ref.bits, 128);
	assert_true(reg_ref_get(&r, ref, &v));
	assert_int_equal(v, 0x0807060504030201);
	regs_set_bytes(&r, X86_YMM3, wide, 2);
	assert_int_equal(regs_bytes(&r, X86_YMM3)[2], 0);
	/* Narrower than the value: the register keeps its width and its neighbours. */
	regs_set(&r, X86_CS, 0xabcd0010);
	assert_int_equal(regs_u64(&r, X86_CS), 0x10);
	assert_false(regs_valid(&r, X86_CS_BASE));
	assert_null(regs_bytes(&r, 100000));
	regs_set(&r, 100000, 1);
}

static void differences(void **state)
{
	struct regs a, b;

	regs_init(&a, &arch_x86_64);
	b = a;
	regs_set(&a, X86_ST7, 1);
	assert_false(regs_differ(&a, &b, X86_ST7));
	regs_set(&b, X86_ST7, 1);
	assert_false(regs_differ(&a, &b, X86_ST7));
	regs_set_bytes(&b, X86_ST7, "\1\0\0\0\0\0\0\0\0\1", 10);
	assert_true(regs_differ(&a, &b, X86_ST7));
}

static const char *decode(unsigned id, uint64_t v, char *buf, size_t size)
{
	return reg_decode(&arch_x86_64.regs[id], v, buf, size);
}

static void decoding(void **state)
{
	char b[256];

	assert_string_equal(decode(X86_RFLAGS, 0x3246, b, sizeof(b)), "PF ZF IF IOPL=0x3");
	assert_string_equal(decode(X86_RFLAGS, 2, b, sizeof(b)), "");
	assert_string_equal(decode(X86_CR0, 0x80050033, b, sizeof(b)), "PE MP ET NE WP AM PG");
	assert_string_equal(decode(X86_EFER, 0xd01, b, sizeof(b)), "SCE LME LMA NXE");
	assert_string_equal(decode(X86_APIC_BASE, 0xfee00d00, b, sizeof(b)), "BSP x2APIC EN");
	assert_string_equal(decode(X86_DR7, 0x401 | 0xdULL << 16, b, sizeof(b)),
			    "L0 RW0=write LEN0=4 RW1=exec LEN1=1 RW2=exec LEN2=1 RW3=exec LEN3=1");
	assert_string_equal(decode(X86_CS_ATTR, 0xa09b, b, sizeof(b)), "type=0xb S P L G");
	assert_string_equal(decode(X86_MXCSR, 0x1f80, b, sizeof(b)), "IM DM ZM OM UM PM RC=nearest");
	assert_string_equal(decode(X86_RAX, 5, b, sizeof(b)), "");
	/* A short buffer drops whole words and stays terminated. */
	assert_string_equal(decode(X86_CR0, 0x80050033, b, 6), "PE MP");
	assert_string_equal(decode(X86_CR0, 0x80050033, b, 5), "PE");
	assert_string_equal(decode(X86_CR0, 0x80050033, b, 1), "");
}

static void arch_lists(void **state)
{
	assert_ptr_equal(arch_by_name("x86_64"), &arch_x86_64);
	assert_ptr_equal(arch_by_elf_machine(62), &arch_x86_64);
	assert_ptr_equal(arch_by_elf_machine(3), &arch_x86_64);
	assert_ptr_equal(arch_by_uname("x86_64"), &arch_x86_64);
	assert_null(arch_by_name("vax"));
	assert_null(arch_by_elf_machine(0));
	assert_null(arch_by_uname(""));
	assert_null(arch_at(1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(offsets_do_not_overlap),
		cmocka_unit_test(fields_lie_inside_and_apart),
		cmocka_unit_test(parts_fit_their_whole),
		cmocka_unit_test(x86_parts_name_their_whole),
		cmocka_unit_test(x86_msr_numbers_are_unique),
		cmocka_unit_test(lookup_and_values),
		cmocka_unit_test(differences),
		cmocka_unit_test(decoding),
		cmocka_unit_test(arch_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
