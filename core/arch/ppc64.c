/* SPDX-License-Identifier: GPL-3.0-or-later */
/* 64-bit POWER for reading: modes, addresses, names of traps. */
#include "core/arch/ppc64.h"
#include "core/arch/ppc64_mmu.h"

#include <elf.h>
#include <stdio.h>

#include "core/base/vec.h"

const char *ppc64_trap_name(unsigned trap)
{
	static const struct {
		unsigned trap;
		const char *name;
	} names[] = {
		{ 0x100, "system reset" }, { 0x200, "machine check" }, { 0x300, "data storage" },
		{ 0x380, "data segment" }, { 0x400, "instruction storage" }, { 0x480, "instruction segment" },
		{ 0x500, "external" }, { 0x502, "HV external" }, { 0x600, "alignment" }, { 0x700, "program" },
		{ 0x800, "FP unavailable" }, { 0x900, "decrementer" }, { 0x980, "HV decrementer" },
		{ 0xa00, "doorbell" }, { 0xc00, "system call" }, { 0xd00, "trace" }, { 0xe00, "HV data storage" },
		{ 0xe20, "HV instruction storage" }, { 0xe40, "HV emulation assist" },
		{ 0xe60, "HV maintenance" }, { 0xe80, "HV doorbell" }, { 0xea0, "HV virtualization" },
		{ 0xf00, "performance monitor" }, { 0xf20, "vector unavailable" }, { 0xf40, "VSX unavailable" },
		{ 0xf60, "facility unavailable" }, { 0xf80, "HV facility unavailable" },
		{ 0x1500, "softpatch" }, { 0x1980, "nested HV decrementer" }, { 0x3000, "system call vectored" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].trap == trap)
			return names[i].name;
	return NULL;
}

/*
 * AIL 2 and 3 move vectors when the interrupt is taken with relocation on; system reset and machine check
 * (0x100, 0x200) always start in real mode at their own address. scv (0x3000 + 32 * LEV) has a page of its
 * own and never changes relocation.
 */
uint64_t ppc64_vector_address(const struct regs *regs, unsigned vector)
{
	uint64_t msr = regs_u64(regs, PPC64_MSR), relocation = PPC64_MSR_IR | PPC64_MSR_DR;
	unsigned ail = PPC64_LPCR_AIL(regs_u64(regs, PPC64_LPCR));

	if (vector >= 0x3000)
		return ail == 3 ? 0xc000000000000000ull + vector : 0x14000 + vector;
	if (vector == 0x100 || vector == 0x200 || (msr & relocation) != relocation)
		return vector;
	return ail == 3 ? 0xc000000000004000ull + vector : ail == 2 ? 0x18000 + vector : vector;
}

const char *ppc64_ticks_text(int64_t ticks, char *buf, size_t size)
{
	double ns = (ticks < 0 ? -(double)ticks : (double)ticks) * (1e9 / PPC64_TB_HZ);
	const char *unit = ns < 1e3 ? "ns" : ns < 1e6 ? "us" : ns < 1e9 ? "ms" : "s";
	double value = ns < 1e3 ? ns : ns < 1e6 ? ns / 1e3 : ns < 1e9 ? ns / 1e6 : ns / 1e9;

	snprintf(buf, size, ticks < 0 ? "expired %.2f %s ago" : "expires in %.2f %s", value, unit);
	return buf;
}

static unsigned ppc64_code_bits(const struct regs *regs)
{
	uint64_t msr;

	return regs_get(regs, PPC64_MSR, &msr) && !(msr & PPC64_MSR_SF) ? 32 : 64;
}

static bool ppc64_big_endian_now(const struct regs *regs)
{
	uint64_t msr;

	return regs_get(regs, PPC64_MSR, &msr) ? !(msr & PPC64_MSR_LE) : regs->arch->big_endian;
}

/* "le64", "be64 user", "le64 real". */
static const char *ppc64_mode_name(const struct regs *regs)
{
	static const char *const names[2][2][3] = {
		{ { "be32", "be32 user", "be32 real" }, { "be64", "be64 user", "be64 real" } },
		{ { "le32", "le32 user", "le32 real" }, { "le64", "le64 user", "le64 real" } },
	};
	uint64_t msr = regs_u64(regs, PPC64_MSR);
	unsigned kind = !(msr & PPC64_MSR_IR) ? 2 : msr & PPC64_MSR_PR ? 1 : 0;

	return names[!ppc64_big_endian_now(regs)][ppc64_code_bits(regs) == 64][kind];
}

/* A function of the ELF V2 ABI that needs its TOC pointer computes it first: addis r2,r12,X (or lis r2,X in
 * programs at a fixed address); addi r2,r2,Y. Callers that share the TOC enter behind that. */
static unsigned ppc64_local_entry(const uint8_t code[8], bool big_endian)
{
	uint32_t first = (uint32_t)bytes_read(code, 4, big_endian) >> 16;
	uint32_t second = (uint32_t)bytes_read(code + 4, 4, big_endian) >> 16;

	return (first == 0x3c4c || first == 0x3c40) && second == 0x3842 ? 8 : 0;
}

static uint64_t linear(const struct regs *regs, uint64_t address)
{
	return ppc64_code_bits(regs) == 64 ? address : address & MASK(31, 0);
}

static uint64_t ppc64_pc_linear(const struct regs *regs)
{
	return linear(regs, regs_u64(regs, PPC64_PC));
}

static uint64_t ppc64_sp_linear(const struct regs *regs)
{
	return linear(regs, regs_u64(regs, PPC64_R1));
}

static const char *pvr_name(uint64_t pvr)
{
	switch (pvr >> 16) {
	case 0x3f: return "POWER7";
	case 0x4a: return "POWER7+";
	case 0x4b: case 0x4c: case 0x4d: return "POWER8";
	case 0x4e: return "POWER9";
	case 0x80: case 0x82: return "POWER10";
	default: return NULL;
	}
}

/* Logical PVRs (LoPAR, ibm,architecture-vec-5; linux PVR_ARCH_*). */
static const char *compat_name(uint64_t pvr)
{
	switch (pvr) {
	case 0: return "none: as the processor is";
	case 0x0f000003: return "ISA 2.06";
	case 0x0f100003: return "ISA 2.06+";
	case 0x0f000004: return "ISA 2.07";
	case 0x0f000005: return "ISA 3.00";
	case 0x0f000006: return "ISA 3.1";
	default: return NULL;
	}
}

static const char *ppc64_reg_meaning(const struct regs *regs, unsigned id, char *buf, size_t size)
{
	uint64_t v = regs_u64(regs, id), tb;
	const char *name = NULL;

	switch (id) {
	case PPC64_DEC:
		return ppc64_ticks_text((int64_t)v, buf, size);
	case PPC64_DEC_EXPIRY:
		return regs_get(regs, PPC64_TB, &tb) ? ppc64_ticks_text((int64_t)(v - tb), buf, size) : NULL;
	case PPC64_TB:
	case PPC64_VTB:
	case PPC64_PURR:
	case PPC64_SPURR:
		snprintf(buf, size, "%.6f s", (double)v / PPC64_TB_HZ);
		return buf;
	case PPC64_PVR:
		name = pvr_name(v);
		break;
	case PPC64_ARCH_COMPAT:
		name = compat_name(v);
		break;
	default:
		return NULL;
	}
	if (name)
		snprintf(buf, size, "%s", name);
	return name ? buf : NULL;
}

#define COMMON \
	.elf_machine = EM_PPC64, \
	.insn_align = 4, \
	.insn_max = 8, \
	.regs = ppc64_regs, \
	.nregs = PPC64_REG_COUNT, \
	.aliases = ppc64_aliases, \
	.reg_pc = PPC64_PC, \
	.reg_sp = PPC64_R1, \
	.reg_fp = PPC64_R31, \
	.reg_flags = PPC64_CR, \
	.code_bits = ppc64_code_bits, \
	.big_endian_now = ppc64_big_endian_now, \
	.local_entry = ppc64_local_entry, \
	.mode_name = ppc64_mode_name, \
	.pc_linear = ppc64_pc_linear, \
	.sp_linear = ppc64_sp_linear, \
	.reg_meaning = ppc64_reg_meaning, \
	.walk = ppc64_walk, \
	.map = ppc64_map, \
	.disasm = ppc64_disasm, \
	.unwind = ppc64_unwind

const struct arch arch_ppc64le = {
	.name = "ppc64le",
	.uname = "ppc64le",
	.big_endian = false,
	COMMON,
};

const struct arch arch_ppc64 = {
	.name = "ppc64",
	.uname = "ppc64",
	.big_endian = true,
	COMMON,
};
