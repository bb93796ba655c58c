/* SPDX-License-Identifier: GPL-3.0-or-later */
/* x86-64 register tables: bit fields, descriptors, aliases. Sources: Intel SDM vol. 3A 2.5, 17.2, vol. 1
 * 8.1.3, 10.2.3; AMD APM vol. 2 3.1. */
#include "core/arch/x86_64.h"

#include <stddef.h>

#define FLAG(name, bit) { name, bit, bit, NULL }
#define NUM(name, hi, lo) { name, hi, lo, NULL }
#define END { NULL, 0, 0, NULL }

static const struct reg_field x86_fields_rflags[] = {
	FLAG("CF", 0), FLAG("PF", 2), FLAG("AF", 4), FLAG("ZF", 6), FLAG("SF", 7), FLAG("TF", 8),
	FLAG("IF", 9), FLAG("DF", 10), FLAG("OF", 11), NUM("IOPL", 13, 12), FLAG("NT", 14),
	FLAG("RF", 16), FLAG("VM", 17), FLAG("AC", 18), FLAG("VIF", 19), FLAG("VIP", 20),
	FLAG("ID", 21), END
};
static const struct reg_field x86_fields_selector[] = {
	NUM("RPL", 1, 0), FLAG("LDT", 2), NUM("index", 15, 3), END
};
static const struct reg_field x86_fields_attr[] = {
	NUM("type", 3, 0), FLAG("S", 4), NUM("DPL", 6, 5), FLAG("P", 7), FLAG("AVL", 12),
	FLAG("L", 13), FLAG("DB", 14), FLAG("G", 15), FLAG("unusable", 16), END
};
static const struct reg_field x86_fields_cr0[] = {
	FLAG("PE", 0), FLAG("MP", 1), FLAG("EM", 2), FLAG("TS", 3), FLAG("ET", 4), FLAG("NE", 5),
	FLAG("WP", 16), FLAG("AM", 18), FLAG("NW", 29), FLAG("CD", 30), FLAG("PG", 31), END
};
static const struct reg_field x86_fields_cr3[] = {
	FLAG("PWT", 3), FLAG("PCD", 4), FLAG("LAM_U57", 61), FLAG("LAM_U48", 62), END
};
static const struct reg_field x86_fields_cr4[] = {
	FLAG("VME", 0), FLAG("PVI", 1), FLAG("TSD", 2), FLAG("DE", 3), FLAG("PSE", 4), FLAG("PAE", 5),
	FLAG("MCE", 6), FLAG("PGE", 7), FLAG("PCE", 8), FLAG("OSFXSR", 9), FLAG("OSXMMEXCPT", 10),
	FLAG("UMIP", 11), FLAG("LA57", 12), FLAG("VMXE", 13), FLAG("SMXE", 14), FLAG("FSGSBASE", 16),
	FLAG("PCIDE", 17), FLAG("OSXSAVE", 18), FLAG("KL", 19), FLAG("SMEP", 20), FLAG("SMAP", 21),
	FLAG("PKE", 22), FLAG("CET", 23), FLAG("PKS", 24), FLAG("UINTR", 25), FLAG("LAM_SUP", 28), END
};
static const struct reg_field x86_fields_cr8[] = { NUM("TPL", 3, 0), END };
static const struct reg_field x86_fields_efer[] = {
	FLAG("SCE", 0), FLAG("LME", 8), FLAG("LMA", 10), FLAG("NXE", 11), FLAG("SVME", 12),
	FLAG("LMSLE", 13), FLAG("FFXSR", 14), FLAG("TCE", 15), FLAG("MCOMMIT", 17), FLAG("INTWB", 18),
	FLAG("UAIE", 20), FLAG("AIBRSE", 21), END
};
static const struct reg_field x86_fields_apic_base[] = {
	FLAG("BSP", 8), FLAG("x2APIC", 10), FLAG("EN", 11), END
};
static const struct reg_field x86_fields_xcr0[] = {
	FLAG("x87", 0), FLAG("SSE", 1), FLAG("AVX", 2), FLAG("BNDREGS", 3), FLAG("BNDCSR", 4),
	FLAG("opmask", 5), FLAG("ZMM_Hi256", 6), FLAG("Hi16_ZMM", 7), FLAG("PKRU", 9),
	FLAG("TILECFG", 17), FLAG("TILEDATA", 18), END
};
static const struct reg_field x86_fields_dr6[] = {
	FLAG("B0", 0), FLAG("B1", 1), FLAG("B2", 2), FLAG("B3", 3), FLAG("BD", 13), FLAG("BS", 14),
	FLAG("BT", 15), END
};
static const char *const dr7_rw[] = { "exec", "write", "io", "rw", NULL };
static const char *const dr7_len[] = { "1", "2", "8", "4", NULL };
#define DR7_SLOT(n) { "RW" #n, 17 + 4 * n, 16 + 4 * n, dr7_rw }, { "LEN" #n, 19 + 4 * n, 18 + 4 * n, dr7_len }
static const struct reg_field x86_fields_dr7[] = {
	FLAG("L0", 0), FLAG("G0", 1), FLAG("L1", 2), FLAG("G1", 3), FLAG("L2", 4), FLAG("G2", 5),
	FLAG("L3", 6), FLAG("G3", 7), FLAG("LE", 8), FLAG("GE", 9), FLAG("RTM", 11), FLAG("GD", 13),
	DR7_SLOT(0), DR7_SLOT(1), DR7_SLOT(2), DR7_SLOT(3), END
};
static const struct reg_field x86_fields_spec_ctrl[] = {
	FLAG("IBRS", 0), FLAG("STIBP", 1), FLAG("SSBD", 2), FLAG("PSFD", 7), END
};
static const struct reg_field x86_fields_misc_enable[] = {
	FLAG("fast_string", 0), FLAG("perfmon", 7), FLAG("BTS_unavail", 11), FLAG("PEBS_unavail", 12),
	FLAG("mwait", 18), FLAG("limit_cpuid", 22), FLAG("XD_disable", 34), END
};
static const struct reg_field x86_fields_debugctl[] = {
	FLAG("LBR", 0), FLAG("BTF", 1), FLAG("bus_lock", 2), FLAG("TR", 6), FLAG("BTS", 7), END
};
static const char *const memory_types[] = { "UC", "WC", "2", "3", "WT", "WP", "WB", "UC-", NULL };
#define PAT_ENTRY(n) { "PA" #n, 8 * n + 2, 8 * n, memory_types }
static const struct reg_field x86_fields_pat[] = {
	PAT_ENTRY(0), PAT_ENTRY(1), PAT_ENTRY(2), PAT_ENTRY(3), PAT_ENTRY(4), PAT_ENTRY(5),
	PAT_ENTRY(6), PAT_ENTRY(7), END
};
static const struct reg_field x86_fields_mtrr_def_type[] = {
	{ "type", 2, 0, memory_types }, FLAG("FE", 10), FLAG("E", 11), END
};
static const struct reg_field x86_fields_star[] = {
	NUM("syscall_cs", 47, 32), NUM("sysret_cs", 63, 48), END
};
static const struct reg_field x86_fields_kvm_enable[] = { FLAG("enabled", 0), END };
static const char *const fpu_precision[] = { "single", "1", "double", "extended", NULL };
static const char *const fpu_rounding[] = { "nearest", "down", "up", "zero", NULL };
static const struct reg_field x86_fields_fcw[] = {
	FLAG("IM", 0), FLAG("DM", 1), FLAG("ZM", 2), FLAG("OM", 3), FLAG("UM", 4), FLAG("PM", 5),
	{ "PC", 9, 8, fpu_precision }, { "RC", 11, 10, fpu_rounding }, END
};
static const struct reg_field x86_fields_fsw[] = {
	FLAG("IE", 0), FLAG("DE", 1), FLAG("ZE", 2), FLAG("OE", 3), FLAG("UE", 4), FLAG("PE", 5),
	FLAG("SF", 6), FLAG("ES", 7), FLAG("C0", 8), FLAG("C1", 9), FLAG("C2", 10),
	NUM("TOP", 13, 11), FLAG("C3", 14), FLAG("B", 15), END
};
static const struct reg_field x86_fields_mxcsr[] = {
	FLAG("IE", 0), FLAG("DE", 1), FLAG("ZE", 2), FLAG("OE", 3), FLAG("UE", 4), FLAG("PE", 5),
	FLAG("DAZ", 6), FLAG("IM", 7), FLAG("DM", 8), FLAG("ZM", 9), FLAG("OM", 10), FLAG("UM", 11),
	FLAG("PM", 12), { "RC", 14, 13, fpu_rounding }, FLAG("FZ", 15), END
};

/* The offsets: every register in the order of the list, as many bytes as its bits need. */
struct x86_layout {
#define REG(id, name, group, bits, fields, index, help) uint8_t id[(bits) / 8];
#include "core/arch/x86_64.regs.def"
#undef REG
};

const struct reg_desc x86_64_regs[X86_REG_COUNT] = {
#define REG(id, name_, group_, bits_, fields_, index_, help_) [X86_##id] = { \
	.name = (name_), .help = (help_), .group = REGS_##group_, .bits = (bits_), \
	.offset = offsetof(struct x86_layout, id), .fields = (fields_), .index = (index_) },
#include "core/arch/x86_64.regs.def"
#undef REG
};

_Static_assert(X86_REG_COUNT <= REGS_MAX, "raise REGS_MAX in core/arch/regs.h");
_Static_assert(sizeof(struct x86_layout) <= REGS_MAX_BYTES, "raise REGS_MAX_BYTES in core/arch/regs.h");
_Static_assert(X86_CS_ATTR == X86_CS + X86_SEG_ATTR && X86_SS == X86_CS + X86_SEG_STRIDE,
	       "segments are selector, base, limit, attr");

/* Names of parts follow from the whole's name, so that r9d can not become a part of r8. */
#define PART(name, id, bits, shift) { name, X86_##id, bits, shift }
#define LEGACY(l, U) PART("e" l "x", R##U##X, 32, 0), PART(l "x", R##U##X, 16, 0), \
	PART(l "l", R##U##X, 8, 0), PART(l "h", R##U##X, 8, 8)
#define INDEX(l, U) PART("e" l, R##U, 32, 0), PART(l, R##U, 16, 0), PART(l "l", R##U, 8, 0)
#define NUMBERED(n) PART("r" #n "d", R##n, 32, 0), PART("r" #n "w", R##n, 16, 0), PART("r" #n "b", R##n, 8, 0)
#define SEGMENT(l, U) PART(l "_base", U##_BASE, 64, 0), PART(l "_limit", U##_LIMIT, 32, 0), \
	PART(l "_attr", U##_ATTR, 32, 0)
#define TABLE(l, U) PART(l "_base", U##_BASE, 64, 0), PART(l "_limit", U##_LIMIT, 16, 0), \
	PART(l, U##_BASE, 64, 0)
#define XMM(n) PART("xmm" #n, YMM##n, 128, 0)
#define MM(n) PART("mm" #n, ST##n, 64, 0)

const struct reg_alias x86_64_aliases[] = {
	/* Words for any architecture; so `sp` is the whole stack pointer, as in gdb, not its low half. */
	PART("pc", RIP, 64, 0), PART("sp", RSP, 64, 0), PART("fp", RBP, 64, 0), PART("flags", RFLAGS, 64, 0),
	LEGACY("a", A), LEGACY("b", B), LEGACY("c", C), LEGACY("d", D),
	INDEX("si", SI), INDEX("di", DI), INDEX("bp", BP),
	PART("esp", RSP, 32, 0), PART("spl", RSP, 8, 0),
	NUMBERED(8), NUMBERED(9), NUMBERED(10), NUMBERED(11),
	NUMBERED(12), NUMBERED(13), NUMBERED(14), NUMBERED(15),
	PART("eip", RIP, 32, 0), PART("ip", RIP, 16, 0), PART("eflags", RFLAGS, 32, 0),
	SEGMENT("cs", CS), SEGMENT("ss", SS), SEGMENT("ds", DS), SEGMENT("es", ES),
	SEGMENT("fs", FS), SEGMENT("gs", GS), SEGMENT("ldtr", LDTR), SEGMENT("tr", TR),
	TABLE("gdtr", GDTR), TABLE("idtr", IDTR),
	PART("k_gs_base", KERNEL_GS_BASE, 64, 0),
	XMM(0), XMM(1), XMM(2), XMM(3), XMM(4), XMM(5), XMM(6), XMM(7),
	XMM(8), XMM(9), XMM(10), XMM(11), XMM(12), XMM(13), XMM(14), XMM(15),
	MM(0), MM(1), MM(2), MM(3), MM(4), MM(5), MM(6), MM(7),
	{ NULL, 0, 0, 0 }
};
