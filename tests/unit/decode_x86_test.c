/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Views of mode, page walk, GDT and IDT on the fake guest, and on broken state; every view as JSON. */
#include <json-c/json.h>

#include "core/decode/x86_desc.h"

#include "tests/lib/view_test.h"

static void poke(struct view_test *t, uint64_t gpa, uint64_t v)
{
	uint8_t raw[8];

	le64_write(raw, v);
	assert_ok(target_phys_write(t->target, gpa, raw, 8));
}

static void mode(void **state)
{
	struct view_test *t = *state;

	assert_view(t, "mode", NULL,
		    "mode of vCPU 0: long64, 64-bit code, privilege level 0, paging 4-level\n"
		    "  cr0       0x80050033  PE MP ET NE WP AM PG\n"
		    "  cr3       0x00001000\n"
		    "  cr4       0x00000620  PAE OSFXSR OSXMMEXCPT\n"
		    "  efer      0x00000d00  LME LMA NXE\n"
		    "  rflags    0x00000002\n"
		    "  apic_base 0xfee00900  BSP EN\n"
		    "  all consistency rules hold");
}

/* Each rule is broken by one register, and says so by its name. */
static void mode_rules(void **state)
{
	static const struct { const char *rule; unsigned reg; uint64_t value; } cases[] = {
		{ "G01: CR0.PG is set without CR0.PE", X86_CR0, 0x80050032 },
		{ "G02: EFER.LMA is 0", X86_EFER, 0x900 },
		{ "G02: EFER.LMA is 1", X86_CR0, 0x50033 },
		{ "G03: CS has both L and D", X86_CS_ATTR, 0xe09b },
		{ "G06: RFLAGS bit 1", X86_RFLAGS, 0 },
		{ "G06: RFLAGS has reserved bits", X86_RFLAGS, 0xa },
		{ "G06: RFLAGS.VM", X86_RFLAGS, 0x20002 },
		{ "G07: RIP 0x1000000000000 is not canonical", X86_RIP, 1ULL << 48 },
		{ "G08: kernel_gs_base", X86_KERNEL_GS_BASE, 1ULL << 63 },
		{ "G08: gdtr.base", X86_GDTR_BASE, 1ULL << 47 },
		{ "G09: TR is of the wrong type", X86_TR_ATTR, 0x89 },
		{ "G09: TR is unusable", X86_TR_ATTR, 0x1008b },
		{ "G09: LDTR is of type 9", X86_LDTR_ATTR, 0x89 },
		{ "G11: CR3", X86_CR3, 1ULL << 52 },
		{ "A02: CR0.NW", X86_CR0, 0x80050033 | 1 << 29 },
		{ "A03: CR0 has bits above 31", X86_CR0, 0x180050033 },
		{ "A06: DR6 or DR7", X86_DR7, 1ULL << 32 },
		{ "A08: EFER has reserved bits", X86_EFER, 0xd00 | 1 << 9 },
		{ "A10: EFER.LME and CR0.PG are set without CR4.PAE", X86_CR4, 0 },
	};
	struct view_test *t = *state;
	struct regs good = t->regs;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		char want[80];

		t->regs = good;
		regs_set(&t->regs, cases[i].reg, cases[i].value);
		snprintf(want, sizeof(want), "\n! %s", cases[i].rule);
		assert_view_has(t, "mode", NULL, want);
	}
	t->regs = good;
	regs_set(&t->regs, X86_EFER, 0);
	regs_set(&t->regs, X86_CR4, X86_CR4_PCIDE | X86_CR4_CET);
	regs_set(&t->regs, X86_CR0, 1);
	assert_view_has(t, "mode", NULL, "! G04: CR4.PCIDE");
	assert_view_has(t, "mode", NULL, "! G10: CR4.CET");
	regs_set(&t->regs, X86_RIP, 1ULL << 32);
	assert_view_has(t, "mode", NULL, "! G07: RIP 0x100000000 is above 4 GiB");
}

static void modes_by_name(void **state)
{
	static const struct { uint64_t cr0, efer, attr, flags; const char *name; unsigned bits; } cases[] = {
		{ 0, 0, 0x9b, 2, "real", 16 }, { 1, 0, 0x9b, 2, "prot16", 16 }, { 1, 0, 0xc09b, 2, "prot32", 32 },
		{ 1, 0, 0xc09b, 0x20002, "vm86", 16 }, { 0x80000001, 0x500, 0xa09b, 2, "long64", 64 },
		{ 0x80000001, 0x500, 0xc09b, 2, "compat32", 32 }, { 0x80000001, 0x500, 0x9b, 2, "compat16", 16 },
	};
	struct regs r;

	regs_init(&r, &arch_x86_64);
	regs_set(&r, X86_CS_BASE, 0xffff0000);
	regs_set(&r, X86_RIP, 0xfff0);
	regs_set(&r, X86_SS_BASE, 0x10000);
	regs_set(&r, X86_RSP, 0x12345678);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		regs_set(&r, X86_CR0, cases[i].cr0);
		regs_set(&r, X86_EFER, cases[i].efer);
		regs_set(&r, X86_CS_ATTR, cases[i].attr);
		regs_set(&r, X86_SS_ATTR, cases[i].attr);
		regs_set(&r, X86_RFLAGS, cases[i].flags);
		assert_string_equal(arch_x86_64.mode_name(&r), cases[i].name);
		assert_int_equal(arch_x86_64.code_bits(&r), cases[i].bits);
		assert_int_equal(arch_x86_64.pc_linear(&r), cases[i].bits == 64 ? 0xfff0 : 0xfffffff0);
		assert_int_equal(arch_x86_64.sp_linear(&r), cases[i].bits == 64 ? 0x12345678 :
				 cases[i].bits == 32 ? 0x12355678 : 0x15678);
	}
}

static void vtop(void **state)
{
	struct view_test *t = *state;

	assert_view(t, "vtop", &(uint64_t){ FAKE_MAIN + 4 },
		    "page walk of vCPU 0, paging 4-level\n"
		    "  PML4E  at 0x000001000: 0x0000000000002027 P RW US A\n"
		    "  PDPTE  at 0x000002000: 0x0000000000003027 P RW US A\n"
		    "  PDE    at 0x000003000: 0x0000000000004027 P RW US A\n"
		    "  PTE    at 0x000004800: 0x0000000000100025 P US A\n"
		    "  0x100004 <main+0x4> -> 0x100004, page of 4 KiB, read-only, executable, user, in ram");
	assert_view(t, "vtop", &(uint64_t){ FAKE_HIGH + FAKE_MMIO + 0x2000 },
		    "page walk of vCPU 0, paging 4-level\n"
		    "  PML4E  at 0x000001ff8: 0x8000000000007023 P RW A NX\n"
		    "  PDPTE  at 0x000007ff0: 0x0000000000003023 P RW A\n"
		    "  PDE    at 0x000003010: 0x00000000004000f7 P RW US PCD A D PS\n"
		    "  0xffffffff80402000 -> 0x402000, page of 2 MiB, writable, not executable, supervisor, where nothing is");
	assert_view(t, "vtop", &(uint64_t){ 0x12345678 },
		    "page walk of vCPU 0, paging 4-level\n"
		    "  PML4E  at 0x000001000: 0x0000000000002027 P RW US A\n"
		    "  PDPTE  at 0x000002000: 0x0000000000003027 P RW US A\n"
		    "  PDE    at 0x000003488: 0x0000000000000000\n"
		    "  0x12345678 is not mapped: not present (PDE)");
	assert_view_has(t, "vtop", &(uint64_t){ 1ULL << 50 }, "is not mapped: not an address in this mode\n");
	poke(t, 0x2008, 0x100000003000 | 0x3);
	poke(t, 0x2010, 0x40000000 | 0x2083);
	assert_view_has(t, "vtop", &(uint64_t){ 1 << 30 }, "  PDE    at 0x100000003000: outside guest memory\n");
	assert_view_has(t, "vtop", &(uint64_t){ 1 << 30 }, "! MMU-2: the PDE at 0x100000003000");
	assert_view_has(t, "vtop", &(uint64_t){ 2ULL << 30 }, "! MMU-1: a reserved bit is set in the PDPTE at 0x2010");
	regs_set(&t->regs, X86_CR0, 1);
	assert_view(t, "vtop", &(uint64_t){ 0x1234 },
		    "page walk of vCPU 0, paging off\n"
		    "  0x1234 -> 0x1234 (paging is off), in ram");
	assert_error(view_test_show(t, "vtop", NULL), ERROR_USAGE, "vtop needs ADDR");
	assert_error(view_test_show(t, "mode", &(uint64_t){ 1 }), ERROR_USAGE, "takes no argument");
}

static void gdt(void **state)
{
	struct view_test *t = *state;

	assert_view(t, "gdt", NULL,
		    "GDT at 0x8000, limit 0x2f\n"
		    "  0x0008  code64 execute/read accessed       base 0x00000000 limit 0xffffffff DPL 0  <- cs\n"
		    "  0x0010  data32 read/write accessed         base 0x00000000 limit 0xffffffff DPL 0  <- ss ds es fs gs\n"
		    "  0x0018  code32 execute/read accessed       base 0x00000000 limit 0xffffffff DPL 0\n"
		    "  0x0020  TSS64 busy                         base 0x00006000 limit 0x67 DPL 0  <- tr\n"
		    "  1 empty");
	poke(t, FAKE_GDT + 8, 0x00af1b000000ffff);
	poke(t, FAKE_GDT + 0x20, 0x0000890060000067);
	regs_set(&t->regs, X86_DS, 0x33);
	regs_set(&t->regs, X86_FS, 3);
	regs_set(&t->regs, X86_GS, 0x37); /* in the LDT */
	assert_view_has(t, "gdt", NULL, "DPL 0 not present  <- cs\n");
	assert_view_has(t, "gdt", NULL,
			"! GDT-2: cs holds selector 0x0008, whose descriptor is not present\n"
			"! GDT-1: ds holds selector 0x0033, which lies outside the GDT or can not be read: the next load faults\n"
			"! GDT-3: tr holds selector 0x0020, whose descriptor is no busy TSS");
	regs_set(&t->regs, X86_CS, 0x10);
	assert_view_has(t, "gdt", NULL, "! GDT-3: cs holds selector 0x0010, whose descriptor is not code");
	regs_set(&t->regs, X86_GDTR_LIMIT, 0x1f); /* tr alone outside: left over from a boot loader */
	assert_ok(view_test_show(t, "gdt", NULL));
	_free_ char *text = out_capture_string(t->out);
	out_capture_clear(t->out);
	assert_null(strstr(text, "! GDT-1: tr"));
	regs_set(&t->regs, X86_GDTR_LIMIT, 0);
	assert_view(t, "gdt", NULL,
		    "GDT at 0x8000, limit 0x0 (none was loaded: the segments were set from outside)");
	/* The whole table away, and the largest one partly out of memory. */
	regs_set(&t->regs, X86_GDTR_BASE, 0);
	regs_set(&t->regs, X86_GDTR_LIMIT, 0xffff);
	assert_view_has(t, "gdt", NULL, "  512 can not be read");
	regs_set(&t->regs, X86_CR0, 0);
	assert_view(t, "gdt", NULL, "GDT at 0x0, limit 0xffff (not used in real mode)");
	regs_set(&t->regs, X86_GDTR_BASE, FAKE_GDT); /* about to switch modes */
	regs_set(&t->regs, X86_GDTR_LIMIT, 0xf);
	assert_view_has(t, "gdt", NULL, "(not used in real mode)\n  0x0008  code64");
}

static void descriptors(void **state)
{
	static const struct { uint64_t v; bool lm; const char *type; } cases[] = {
		{ 0x00cf9a000000ffff, false, "code32 execute/read" }, { 0x00009e000000ffff, false, "code16 execute/read conforming" },
		{ 0x000098000000ffff, true, "code16 execute" }, { 0x0000960000000000, false, "data16 read/write expand-down" },
		{ 0x0040900000000000, true, "data32 read" }, { 0x0000890000000067, false, "TSS32" },
		{ 0x0000890000000067, true, "TSS64" }, { 0x0000820000000000, false, "LDT" },
		{ 0x00008c0000080000, false, "call gate32" }, { 0x0000850000080000, false, "task gate" },
		{ 0x0000850000080000, true, "reserved" }, { 0x0000800000000000, false, "reserved" },
	};
	uint8_t raw[16] = { 0 };
	struct x86_desc d;
	char buf[64];

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		le64_write(raw, cases[i].v);
		d = x86_desc_decode(raw, x86_desc_is_wide(raw, cases[i].lm));
		assert_string_equal(x86_desc_type(&d, cases[i].lm, buf, sizeof(buf)), cases[i].type);
	}
	le64_write(raw, 0xff80893456780067);
	le32_write(raw + 8, 0xffff8880);
	d = x86_desc_decode(raw, x86_desc_is_wide(raw, true));
	assert_true(d.wide && d.g && d.p);
	assert_int_equal(d.base, 0xffff8880ff345678);
	assert_int_equal(d.limit, 0x67fff);
}

static void idt(void **state)
{
	struct view_test *t = *state;

	assert_view(t, "idt", &(uint64_t){ 14 },
		    "IDT at 0x5000, limit 0x21f, 34 64-bit gates\n"
		    "  0x0e #PF  interrupt64 0x0008:0x0000000000100500 DPL 0 <isr_default>");
	assert_view(t, "idt", &(uint64_t){ 33 },
		    "IDT at 0x5000, limit 0x21f, 34 64-bit gates\n"
		    "  1 not present");
	assert_view_has(t, "idt", NULL, "  0x03 #BP  interrupt64 0x0008:0x0000000000100500 DPL 3 <isr_default>\n");
	assert_view_has(t, "idt", NULL, "  0x08 #DF  interrupt64 0x0008:0x0000000000100500 DPL 0 IST 1 <isr_default>\n");
	assert_error(view_test_show(t, "idt", &(uint64_t){ 34 }), ERROR_USAGE, "vector 34 is not in the IDT");
}

static void idt_broken(void **state)
{
	struct view_test *t = *state;

	poke(t, FAKE_IDT + 6 * 16, 0x00108c0000080500);	/* a call gate */
	poke(t, FAKE_IDT + 7 * 16, 0x00108e0000000500);	/* null selector */
	poke(t, FAKE_IDT + 9 * 16 + 8, 0x00800000);	/* not canonical */
	poke(t, FAKE_TSS + 0x24, 0);
	assert_view_has(t, "idt", NULL,
			"! IDT-1: vector 0x06: type 12 is no gate of this mode\n"
			"! IDT-2: vector 0x07 has a null code selector: delivery ends in #GP\n"
			"! IDT-4: vector 0x08 uses IST 1, whose stack in the TSS is 0\n"
			"! IDT-3: vector 0x09: target 0x80000000100500 is not canonical\n");
	regs_set(&t->regs, X86_TR_LIMIT, 0x20);
	assert_view_has(t, "idt", NULL, "! IDT-4: vector 0x08 uses IST 1, which lies past the TSS's limit 0x20");
	regs_set(&t->regs, X86_IDTR_LIMIT, 15 * 16 - 1);
	assert_view_has(t, "idt", NULL, "! IDT-5: the IDT ends after vector 0x0e");
	regs_set(&t->regs, X86_IDTR_BASE, 0);
	assert_view_has(t, "idt", NULL, "  15 can not be read\n");
	assert_view_has(t, "idt", NULL, "! IDT-6: the IDT at 0x0 can not be read");
	regs_set(&t->regs, X86_IDTR_LIMIT, 0);
	assert_view(t, "idt", NULL, "IDT at 0x0, limit 0x0, 0 64-bit gates (none was loaded)");
}

static void idt_of_other_modes(void **state)
{
	struct view_test *t = *state;

	regs_set(&t->regs, X86_EFER, 0);
	regs_set(&t->regs, X86_CR0, 1);
	poke(t, FAKE_IDT, 0xc0de8f0000081234);
	regs_set(&t->regs, X86_IDTR_LIMIT, 7);
	assert_view_has(t, "idt", NULL, "  0x00 #DE  trap32      0x0008:0xc0de1234 DPL 0\n");
	regs_set(&t->regs, X86_CR0, 0);
	regs_set(&t->regs, X86_IDTR_LIMIT, 0x3ff);
	regs_set(&t->regs, X86_IDTR_BASE, 0);
	poke(t, 0x40, 0xf000e05bf000);
	assert_view(t, "idt", NULL,
		    "IVT at 0x0, limit 0x3ff, 256 real mode vectors\n"
		    "  0x10 #MF  e05b:f000 0xef5b0\n"
		    "  0x11 #AC  0000:f000 0x0f000\n"
		    "  254 not present");
}

static void tss(void **state)
{
	struct view_test *t = *state;

	poke(t, FAKE_TSS + 4, FAKE_STACK0);
	assert_view(t, "tss", NULL,
		    "TSS 0x0020 at 0x6000, limit 0x67\n"
		    "  rsp0  0x0000000000090000\n"
		    "  rsp1  0x0000000000000000\n"
		    "  rsp2  0x0000000000000000\n"
		    "  ist1  0x000000000009f000\n"
		    "  ist2  0x0000000000000000\n"
		    "  ist3  0x0000000000000000\n"
		    "  ist4  0x0000000000000000\n"
		    "  ist5  0x0000000000000000\n"
		    "  ist6  0x0000000000000000\n"
		    "  ist7  0x0000000000000000\n"
		    "  io map at 0x0000");
	poke(t, FAKE_TSS + 12, 1ULL << 50);
	poke(t, FAKE_TSS + 0x60, 0x68ULL << 48);
	assert_view_has(t, "tss", NULL, "  io map at 0x0068 (past the limit");
	assert_view_has(t, "tss", NULL, "! TSS-2: rsp1 is not canonical");
	regs_set(&t->regs, X86_TR_LIMIT, 0x1f);
	assert_view_has(t, "tss", NULL, "  ist1  0x0000000000000000\n");
	assert_view_has(t, "tss", NULL, "! TSS-1: the limit 0x1f");
	regs_set(&t->regs, X86_TR_BASE, 0);
	assert_view(t, "tss", NULL,
		    "TSS 0x0020 at 0x0, limit 0x1f (can not be read)\n"
		    "! TSS-3: cannot read memory at 0x0: PTE not present: an interrupt that switches stacks can not be "
		    "delivered");
	regs_set(&t->regs, X86_TR_ATTR, 0x83);
	assert_view(t, "tss", NULL, "TSS 0x0020 at 0x0, limit 0x1f (no 32- or 64-bit TSS)");
	regs_set(&t->regs, X86_TR_ATTR, 0x8b);
	regs_set(&t->regs, X86_TR_LIMIT, 0x67);
	regs_set(&t->regs, X86_TR_BASE, FAKE_TSS);
	regs_set(&t->regs, X86_CR0, 1);
	regs_set(&t->regs, X86_EFER, 0);
	poke(t, FAKE_TSS + 0x1c, 0x00100000 | 0x55ULL << 32);
	assert_view_has(t, "tss", NULL, "  esp0  0x00090000\n");
	assert_view_has(t, "tss", NULL, "  cr3   0x00100000  eip 0x00000055  back link 0x0000\n");
	regs_set(&t->regs, X86_CR0, 0);
	assert_view_has(t, "tss", NULL, "(not used in real mode)");
}

/* Every view gives valid JSON, an object a line, each with a type and no member twice. */
static void json_of_all(void **state)
{
	struct view_test *t = *state;
	const struct view *view;

	for (unsigned i = 0; (view = view_at(i)); i++) {
		char *text = NULL, *save = NULL;
		size_t len;
		FILE *f = open_memstream(&text, &len);
		struct out *out = out_create_json(f);
		struct view_ctx ctx = { .target = t->target, .regs = &t->regs, .arg = view->example ? strtoull(view->example, NULL, 0) : FAKE_MAIN,
					.has_arg = view->arg == VIEW_ARG_REQUIRED };

		assert_ptr_equal(view_by_name(view->name), view);
		assert_non_null(view->title);
		assert_non_null(view->help);
		assert_true((view->arg == VIEW_ARG_NONE) == (view->arg_name == NULL));
		assert_ok(view_show(view, &ctx, out));
		out_destroy(out);
		fclose(f);
		assert_true(len > 0);
		for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			struct json_object *o = json_tokener_parse(line), *type;
			const char *plain;

			assert_non_null(o);
			assert_true(json_object_object_get_ex(o, "type", &type));
			/* A member given twice would be gone from what the parser kept. */
			plain = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
			assert_int_equal(strlen(plain), strlen(line));
			json_object_put(o);
		}
		free(text);
	}
	assert_null(view_by_name("nothing"));
}

static void not_possible(void **state)
{
	static const struct arch other = { .name = "vax" };
	struct view_test *t = *state;
	struct target_ops none = { .name = "dump" };
	struct target target = { .ops = &none, .arch = &other };
	struct view_ctx ctx = { .target = &target };

	assert_error(view_show(view_by_name("lapic"), &ctx, t->out), ERROR_UNSUPPORTED, "local APIC is not supported for vax");
	target.arch = &arch_x86_64;
	assert_error(view_show(view_by_name("lapic"), &ctx, t->out), ERROR_UNSUPPORTED, "reading device state");
	assert_error(view_show(view_by_name("gdt"), &ctx, t->out), ERROR_STATE, "needs the registers");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(mode, view_test_setup, view_test_teardown),
		cmocka_unit_test_setup_teardown(mode_rules, view_test_setup, view_test_teardown),
		cmocka_unit_test(modes_by_name),
		cmocka_unit_test_setup_teardown(vtop, view_test_setup, view_test_teardown),
		cmocka_unit_test_setup_teardown(gdt, view_test_setup, view_test_teardown),
		cmocka_unit_test(descriptors),
		cmocka_unit_test_setup_teardown(idt, view_test_setup, view_test_teardown),
		cmocka_unit_test_setup_teardown(idt_broken, view_test_setup, view_test_teardown),
		cmocka_unit_test_setup_teardown(idt_of_other_modes, view_test_setup, view_test_teardown),
		cmocka_unit_test_setup_teardown(tss, view_test_setup, view_test_teardown),
		cmocka_unit_test_setup_teardown(json_of_all, view_test_setup, view_test_teardown),
		cmocka_unit_test_setup_teardown(not_possible, view_test_setup, view_test_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
