/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ppc64 register tables: bit fields, descriptors, aliases. Sources: Power ISA 3.0B (MSR III 3.2.1, LPCR III
 * 2.2, DAWRX III 9.3, MMCR III 9.4, XER I 3.2.2, FPSCR I 4.2.2), linux arch/powerpc/include/asm/reg.h. */
#include "core/arch/ppc64.h"

#include <stddef.h>

#define FLAG(name, bit) { name, bit, bit, NULL }
#define NUM(name, hi, lo) { name, hi, lo, NULL }
#define END { NULL, 0, 0, NULL }

static const struct reg_field ppc64_fields_msr[] = {
	FLAG("SF", 63), FLAG("HV", 60), NUM("TS", 34, 33), FLAG("TM", 32), FLAG("VEC", 25),
	FLAG("VSX", 23), FLAG("S", 22), FLAG("EE", 15), FLAG("PR", 14), FLAG("FP", 13), FLAG("ME", 12),
	FLAG("FE0", 11), FLAG("SE", 10), FLAG("BE", 9), FLAG("FE1", 8), FLAG("IR", 5), FLAG("DR", 4),
	FLAG("PMM", 2), FLAG("RI", 1), FLAG("LE", 0), END
};
/* A field of CR: less, greater, equal, summary overflow. */
static const char *const cr_field[] = {
	"", "SO", "EQ", "EQ,SO", "GT", "GT,SO", "GT,EQ", "GT,EQ,SO", "LT", "LT,SO", "LT,EQ", "LT,EQ,SO",
	"LT,GT", "LT,GT,SO", "LT,GT,EQ", "LT,GT,EQ,SO", NULL
};
#define CR_FIELD(n) { "cr" #n, 31 - 4 * n, 28 - 4 * n, cr_field }
static const struct reg_field ppc64_fields_cr[] = {
	CR_FIELD(0), CR_FIELD(1), CR_FIELD(2), CR_FIELD(3), CR_FIELD(4), CR_FIELD(5), CR_FIELD(6),
	CR_FIELD(7), END
};
static const struct reg_field ppc64_fields_xer[] = {
	FLAG("SO", 31), FLAG("OV", 30), FLAG("CA", 29), FLAG("OV32", 19), FLAG("CA32", 18), NUM("len", 6, 0), END
};
static const char *const ail_values[] = { "0", "reserved", "0x18000", "0xc000000000004000", NULL };
static const struct reg_field ppc64_fields_lpcr[] = {
	FLAG("VPM0", 63), FLAG("VPM1", 62), FLAG("ISL", 61), FLAG("KBV", 60), NUM("DPFD", 54, 52),
	NUM("VRMASD", 51, 47), FLAG("PECE_HVEE", 46), FLAG("HAIL", 26), FLAG("ILE", 25),
	{ "AIL", 24, 23, ail_values }, FLAG("UPRT", 22), FLAG("EVIRT", 21), FLAG("HR", 20),
	FLAG("ONL", 18), FLAG("LD", 17), FLAG("PECEDP", 16), FLAG("PECEDH", 15), FLAG("PECE_EXT", 14),
	FLAG("PECE_DEC", 13), FLAG("PECE_MC", 12), FLAG("MER", 11), FLAG("GTSE", 10), FLAG("TC", 9),
	FLAG("HEIC", 4), NUM("LPES", 3, 2), FLAG("RMI", 1), FLAG("HDICE", 0), END
};
static const struct reg_field ppc64_fields_prtb[] = {
	FLAG("radix", 63), NUM("base>>12", 59, 12), NUM("size", 4, 0), END
};
static const struct reg_field ppc64_fields_pvr[] = {
	NUM("version", 31, 16), NUM("revision", 15, 0), END
};
static const struct reg_field ppc64_fields_dsisr[] = {
	FLAG("no_translation", 30), FLAG("protection", 27), FLAG("bad_access", 26), FLAG("store", 25),
	FLAG("watchpoint", 22), FLAG("key", 21), FLAG("unsupported_mmu", 19), FLAG("set_rc", 18),
	FLAG("process_table", 17), END
};
static const char *const ciabr_priv[] = { "off", "problem", "supervisor", "hypervisor", NULL };
static const struct reg_field ppc64_fields_ciabr[] = {
	{ "priv", 1, 0, ciabr_priv }, END
};
static const struct reg_field ppc64_fields_dawrx[] = {
	FLAG("problem", 0), FLAG("supervisor", 1), FLAG("hypervisor", 2), FLAG("WTI", 3), FLAG("WT", 4),
	FLAG("read", 5), FLAG("write", 6), NUM("MRD", 15, 10), END
};
static const struct reg_field ppc64_fields_dscr[] = {
	NUM("DPFD", 2, 0), FLAG("SNSE", 3), NUM("URG", 6, 4), FLAG("LSD", 7), END
};
static const char *const priorities[] = {
	"none", "very_low", "low", "medium_low", "medium", "medium_high", "high", "very_high", NULL
};
static const struct reg_field ppc64_fields_ppr[] = { { "priority", 52, 50, priorities }, END };
static const struct reg_field ppc64_fields_fscr[] = {
	NUM("cause", 63, 56), FLAG("PREFIX", 13), FLAG("SCV", 12), FLAG("MSGP", 10), FLAG("TAR", 8),
	FLAG("EBB", 7), FLAG("TM", 5), FLAG("BHRB", 4), FLAG("DSCR", 2), FLAG("VECVSX", 1), FLAG("FP", 0), END
};
static const struct reg_field ppc64_fields_texasr[] = {
	NUM("code", 63, 57), FLAG("persistent", 56), FLAG("summary", 27), END
};
static const struct reg_field ppc64_fields_bescr[] = {
	FLAG("GE", 63), FLAG("EEE", 33), FLAG("PME", 32), FLAG("EEO", 1), FLAG("PMEO", 0), END
};
static const struct reg_field ppc64_fields_psscr[] = {
	NUM("PLS", 63, 60), FLAG("SD", 22), FLAG("ESL", 21), FLAG("EC", 20), NUM("PSLL", 19, 16),
	NUM("TR", 9, 8), NUM("MTL", 7, 4), NUM("RL", 3, 0), END
};
static const struct reg_field ppc64_fields_mmcr0[] = {
	FLAG("FC", 31), FLAG("FCS", 30), FLAG("FCP", 29), FLAG("FCM1", 28), FLAG("FCM0", 27),
	FLAG("PMAE", 26), FLAG("FCECE", 25), NUM("TBSEL", 24, 23), FLAG("TBEE", 22), FLAG("BHRBA", 21),
	FLAG("EBE", 20), NUM("PMCC", 19, 18), FLAG("PMC1CE", 15), FLAG("PMCjCE", 14), FLAG("TRIGGER", 13),
	FLAG("PMAO_SYNC", 11), FLAG("PMCCEXT", 9), FLAG("C56RUN", 8), FLAG("PMAO", 7), FLAG("FC56", 4),
	FLAG("FCWAIT", 1), FLAG("FCHV", 0), END
};
static const struct reg_field ppc64_fields_mmcr1[] = {
	NUM("UNIT1", 63, 60), NUM("UNIT2", 59, 56), NUM("UNIT3", 55, 52), NUM("UNIT4", 51, 48),
	NUM("COMB", 35, 32), NUM("PMC1SEL", 31, 24), NUM("PMC2SEL", 23, 16), NUM("PMC3SEL", 15, 8),
	NUM("PMC4SEL", 7, 0), END
};
static const struct reg_field ppc64_fields_mmcra[] = {
	NUM("SDAR_MODE", 43, 42), NUM("IFM", 31, 30), NUM("SM", 2, 1), FLAG("SE", 0), END
};
#define FREEZE(n) FLAG("FC" #n "S", 63 - 9 * (n - 1)), FLAG("FC" #n "P", 62 - 9 * (n - 1)), \
	FLAG("FC" #n "H", 57 - 9 * (n - 1))
static const struct reg_field ppc64_fields_mmcr2[] = {
	FREEZE(1), FREEZE(2), FREEZE(3), FREEZE(4), FREEZE(5), FREEZE(6), END
};
static const char *const rounding[] = { "nearest", "zero", "+inf", "-inf", NULL };
static const struct reg_field ppc64_fields_fpscr[] = {
	NUM("DRN", 34, 32), FLAG("FX", 31), FLAG("FEX", 30), FLAG("VX", 29), FLAG("OX", 28), FLAG("UX", 27),
	FLAG("ZX", 26), FLAG("XX", 25), FLAG("VXSNAN", 24), FLAG("VXISI", 23), FLAG("VXIDI", 22),
	FLAG("VXZDZ", 21), FLAG("VXIMZ", 20), FLAG("VXVC", 19), FLAG("FR", 18), FLAG("FI", 17),
	NUM("FPRF", 16, 12), FLAG("VXSOFT", 10), FLAG("VXSQRT", 9), FLAG("VXCVI", 8), FLAG("VE", 7),
	FLAG("OE", 6), FLAG("UE", 5), FLAG("ZE", 4), FLAG("XE", 3), FLAG("NI", 2), { "RN", 1, 0, rounding }, END
};
static const struct reg_field ppc64_fields_vscr[] = { FLAG("NJ", 16), FLAG("SAT", 0), END };

/* The offsets: every register in the order of the list, as many bytes as its bits need. */
struct ppc64_layout {
#define REG(id, name, group, bits, fields, index, help) uint8_t id[(bits) / 8];
#include "core/arch/ppc64.regs.def"
#undef REG
};

const struct reg_desc ppc64_regs[PPC64_REG_COUNT] = {
#define REG(id, name_, group_, bits_, fields_, index_, help_) [PPC64_##id] = { \
	.name = (name_), .help = (help_), .group = REGS_##group_, .bits = (bits_), \
	.offset = offsetof(struct ppc64_layout, id), .fields = (fields_), .index = (index_) },
#include "core/arch/ppc64.regs.def"
#undef REG
};

_Static_assert(PPC64_REG_COUNT <= REGS_MAX, "raise REGS_MAX in core/arch/regs.h");
_Static_assert(sizeof(struct ppc64_layout) <= REGS_MAX_BYTES, "raise REGS_MAX_BYTES in core/arch/regs.h");

#define CRF(n) { "cr" #n, PPC64_CR, 4, 28 - 4 * n }
#define V2(n, m) { "vs" #m, PPC64_VR##n, 128, 0 }

const struct reg_alias ppc64_aliases[] = {
	/* Words for any architecture. */
	{ "sp", PPC64_R1, 64, 0 }, { "fp", PPC64_R31, 64, 0 }, { "nip", PPC64_PC, 64, 0 },
	{ "nia", PPC64_PC, 64, 0 }, { "toc", PPC64_R2, 64, 0 },
	CRF(0), CRF(1), CRF(2), CRF(3), CRF(4), CRF(5), CRF(6), CRF(7),
	V2(0, 32), V2(1, 33), V2(2, 34), V2(3, 35), V2(4, 36), V2(5, 37), V2(6, 38), V2(7, 39),
	V2(8, 40), V2(9, 41), V2(10, 42), V2(11, 43), V2(12, 44), V2(13, 45), V2(14, 46), V2(15, 47),
	V2(16, 48), V2(17, 49), V2(18, 50), V2(19, 51), V2(20, 52), V2(21, 53), V2(22, 54), V2(23, 55),
	V2(24, 56), V2(25, 57), V2(26, 58), V2(27, 59), V2(28, 60), V2(29, 61), V2(30, 62), V2(31, 63),
	{ NULL, 0, 0, 0 }
};
