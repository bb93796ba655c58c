/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * 64-bit POWER (Book3S, Power ISA 3.0) for those who fill or read its registers by name: ids, bits, trap
 * numbers. Generic code uses struct arch instead.
 *
 * Two descriptors, arch_ppc64le and arch_ppc64, share everything but the byte order of data; that of the
 * instructions is what MSR[LE] says at the moment, when MSR is known (arch_is_big_endian()). Bits are
 * numbered from the least significant one here, not as the ISA does.
 */
#pragma once

#include "core/arch/arch.h"
#include "core/base/bits.h"

/* Register ids, in the order of ppc64.regs.def. */
enum ppc64_reg {
#define REG(id, name, group, bits, fields, index, help) PPC64_##id,
#include "core/arch/ppc64.regs.def"
#undef REG
	PPC64_REG_COUNT
};

#define PPC64_MSR_SF BIT(63)	/* 64-bit mode */
#define PPC64_MSR_HV BIT(60)
#define PPC64_MSR_TS MASK(34, 33) /* transaction: 0 none, 1 suspended, 2 active */
#define PPC64_MSR_TM BIT(32)
#define PPC64_MSR_VEC BIT(25)
#define PPC64_MSR_VSX BIT(23)
#define PPC64_MSR_S BIT(22)
#define PPC64_MSR_EE BIT(15)
#define PPC64_MSR_PR BIT(14)	/* problem state: user */
#define PPC64_MSR_FP BIT(13)
#define PPC64_MSR_ME BIT(12)
#define PPC64_MSR_FE0 BIT(11)
#define PPC64_MSR_SE BIT(10)	/* single step trace */
#define PPC64_MSR_BE BIT(9)	/* branch trace */
#define PPC64_MSR_FE1 BIT(8)
#define PPC64_MSR_IR BIT(5)	/* instruction relocation */
#define PPC64_MSR_DR BIT(4)	/* data relocation */
#define PPC64_MSR_PMM BIT(2)
#define PPC64_MSR_RI BIT(1)
#define PPC64_MSR_LE BIT(0)

#define PPC64_LPCR_HDICE BIT(0)
#define PPC64_LPCR_HEIC BIT(4)
#define PPC64_LPCR_GTSE BIT(10)
#define PPC64_LPCR_LD BIT(17)	/* large decrementer */
#define PPC64_LPCR_HR BIT(20)	/* host radix: the partition uses radix */
#define PPC64_LPCR_UPRT BIT(22)
#define PPC64_LPCR_AIL(lpcr) FIELD(lpcr, 24, 23)
#define PPC64_LPCR_ILE BIT(25)	/* interrupts of the guest are little-endian */
#define PPC64_LPCR_HAIL BIT(26)

/* Second doubleword of a partition table entry, and PPC64_PRTB. */
#define PPC64_PRTB_GR BIT(63)	/* the guest uses radix */
#define PPC64_PRTB_BASE MASK(59, 12)
#define PPC64_PRTB_SIZE(v) FIELD(v, 4, 0) /* the table has 2^(12 + n) bytes */

/* KVM's software breakpoint (ONE_REG DEBUG_INST); a word of the guest's instruction order. */
#define PPC64_INSN_BREAK 0x00dddd00u

#define PPC64_TB_HZ 512000000ull /* of every POWER8 to POWER10 */

/* What a VMM fills PPC64_DEC with: signed ticks from a guest time base to DEC_EXPIRY. */
static inline uint64_t ppc64_dec(uint64_t dec_expiry, uint64_t guest_tb)
{
	return dec_expiry - guest_tb;
}

/* Low 16 bits of the ONE_REG id by register, and the size code KVM wants for it. */
static inline uint64_t ppc64_one_reg(unsigned index, unsigned bits)
{
	return 0x1000000000000000ull | (bits == 32 ? 0x0020ull : bits == 64 ? 0x0030ull : 0x0040ull) << 48 | index;
}

/* "data storage" for an interrupt vector or trap number (0x300); NULL when nobody knows it. */
const char *ppc64_trap_name(unsigned trap);
/* "H_CEDE" for a hypercall number, "H_PARAMETER" for its result; NULL when nobody knows it. */
const char *ppc64_hcall_name(uint64_t nr);
const char *ppc64_hcall_result_name(int64_t ret);
/* Where the guest's interrupt @vector starts: LPCR[AIL] applies with relocation on (ISA 3.0B III 6.4). */
uint64_t ppc64_vector_address(const struct regs *regs, unsigned vector);
/* "0x2d: expires in 1.35 ms" style words of a tick count (negative: ago). Returns @buf. */
const char *ppc64_ticks_text(int64_t ticks, char *buf, size_t size);

/* Parts of the descriptors, one file each. */
extern const struct reg_desc ppc64_regs[PPC64_REG_COUNT];
extern const struct reg_alias ppc64_aliases[];
bool ppc64_unwind(const struct regs *regs, const struct mem_reader *mem, struct frame *f);
void ppc64_disasm(const struct disasm_req *req, struct insn *ret);
