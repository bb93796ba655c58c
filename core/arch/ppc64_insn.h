/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a debugger must know of a POWER instruction beyond its text: where it goes, what it touches, whether
 * it belongs to an atomic sequence; and the stepping decoder built on it. Pure functions of words, registers
 * and memory. Power ISA 3.0B (prefixed instructions: 3.1).
 */
#pragma once

#include "core/arch/ppc64.h"

enum ppc64_insn_kind {
	PPC64_INSN_OTHER,
	PPC64_INSN_B,		/* b bl ba bla */
	PPC64_INSN_BC,		/* bc bcl bca bcla */
	PPC64_INSN_BCLR,	/* to LR */
	PPC64_INSN_BCCTR,	/* to CTR */
	PPC64_INSN_BCTAR,	/* to TAR */
	PPC64_INSN_SC,		/* @lev 0 system call, 1 hypercall */
	PPC64_INSN_SCV,
	PPC64_INSN_RFID,
	PPC64_INSN_HRFID,
	PPC64_INSN_RFSCV,
	PPC64_INSN_RFEBB,
	PPC64_INSN_TRAP,	/* tw td twi tdi */
	PPC64_INSN_LARX,	/* load and reserve */
	PPC64_INSN_STCX,	/* store conditional */
	PPC64_INSN_STOP,	/* stop nap doze sleep rvwinkle wait */
};

struct ppc64_insn {
	uint32_t word, suffix;	/* @suffix of prefixed instructions */
	uint8_t len;		/* 4 or 8 bytes */
	enum ppc64_insn_kind kind;
	bool link, absolute;
	uint8_t bo, bi;		/* of conditional branches */
	uint8_t lev;		/* of sc, scv */
	int64_t disp;		/* of b, bc: to pc, or to 0 when absolute */
	/* Memory operand: (ra or 0) + (rb, or mem_disp). */
	bool load, store;
	uint8_t mem_size;	/* bytes, 0 unknown */
	int ra, rb;		/* general registers, -1 none */
	int64_t mem_disp;
};

/* @word as a number (its byte order undone); @suffix is looked at only when ppc64_insn_prefixed(@word). */
void ppc64_insn_decode(uint32_t word, uint32_t suffix, struct ppc64_insn *ret);
static inline bool ppc64_insn_prefixed(uint32_t word) { return word >> 26 == 1; }
/* The branch never falls through, whatever CR and CTR are. */
bool ppc64_insn_always(const struct ppc64_insn *insn);
/* Would the conditional branch be taken with these registers? */
bool ppc64_insn_taken(const struct ppc64_insn *insn, const struct regs *regs);

/* ---- stepping ---------------------------------------------------------------------------------- */

#define PPC64_STEP_MAX 8

struct ppc64_succ {
	uint64_t pc;		/* linear */
	uint64_t msr;		/* the MSR it will run with: byte order and translation of its code */
};

struct ppc64_step {
	unsigned n;		/* successors, 1 unless the step covers an atomic sequence; 0: see below */
	struct ppc64_succ next[PPC64_STEP_MAX];
	unsigned insns;		/* instructions covered: more than 1 in a larx ... stcx. sequence */
	bool hypercall;		/* the instruction leaves to the host and comes back */
};

/*
 * Where the vCPU can be after the instruction at its pc, when no interrupt comes: branches are decided with
 * @regs (GENERAL and CONTROL groups), a larx with its stcx. is one step with every way out of it, so that
 * the reservation is not lost between. False when the instruction can not be read: the step is an
 * instruction storage interrupt (vector 0x400 or 0x480).
 */
bool ppc64_step_decode(const struct regs *regs, const struct mem_reader *mem, struct ppc64_step *ret);
/*
 * Where interrupts would take it instead: those the instruction itself may cause, and with @async also
 * those from outside. Fills at most @max, returns how many. All run with ppc64_interrupt_msr().
 */
unsigned ppc64_step_vectors(const struct regs *regs, bool async, uint64_t *ret, unsigned max);
/* MSR in a handler of the guest's: 64-bit, LPCR[ILE] byte order, relocation by LPCR[AIL]. */
uint64_t ppc64_interrupt_msr(const struct regs *regs, unsigned vector);
