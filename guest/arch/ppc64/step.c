/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One instruction, made of break instructions planted at all places it may lead to: where the decoder says
 * it continues, and the vectors of the interrupts it may cause. While it runs, external interrupts are held
 * off by MSR[EE], for instructions that can not see that; others may be interrupted, and then the handler
 * runs as a whole before the step ends. Its atomic sequences are one step each, or they would never succeed.
 */
#include <string.h>

#include "core/arch/ppc64_insn.h"
#include "guest/arch/ppc64/ppc64.h"

#define VECTORS_MAX 24
#define VECTOR_SPACE 0x4000u	/* real addresses of vectors, without AIL */

static bool planted(const struct ppc64_vcpu *p, uint64_t pc)
{
	for (unsigned i = 0; i < p->nplants; i++)
		if (p->plant_pc[i] == pc)
			return true;
	return false;
}

static bool plant_gpa(struct vcpu *v, uint64_t pc, uint64_t gpa)
{
	struct ppc64_vcpu *p = ppc64_vcpu(v);

	if (planted(p, pc))
		return true;
	if (p->nplants == PPC64_PLANTS_MAX ||
	    !memory_plant(&v->vm->mem, gpa, machine_host.break_insn, machine_host.break_len))
		return false;
	p->plant_pc[p->nplants] = pc;
	p->plant_gpa[p->nplants++] = gpa;
	return true;
}

/* At @pc as @regs map it. What is not mapped can not be reached: its interrupt is. */
static bool plant(struct vcpu *v, const struct regs *regs, uint64_t pc)
{
	const struct mem_reader reader = vcpu_reader(v);
	struct mmu_walk walk;
	struct error *err = regs->arch->walk(regs, &reader, pc, &walk);

	if (err) {
		error_destroy(err);
		return false;
	}
	return (walk.verdict == MMU_MAPPED || walk.verdict == MMU_NO_PAGING) && plant_gpa(v, pc, walk.gpa);
}

/* An interrupt taken without AIL turns relocation off: its vector is at the real address. */
static void plant_vectors(struct vcpu *v, struct regs *regs, bool async)
{
	uint64_t vectors[VECTORS_MAX];
	unsigned n = ppc64_step_vectors(regs, async, vectors, VECTORS_MAX);

	for (unsigned i = 0; i < n; i++) {
		if (vectors[i] < VECTOR_SPACE)
			plant_gpa(v, vectors[i], vectors[i]);
		else
			plant(v, regs, vectors[i]);
	}
	ppc64_vcpu(v)->nexits = ppc64_vcpu(v)->nplants;
}

/* Can the instruction not tell whether MSR[EE] is on? Those that read, write or save MSR can. */
static bool blind_to_msr(const struct vcpu *v, const uint8_t *code)
{
	bool little = ppc64_vcpu(v)->regs.msr & PPC64_MSR_LE;
	uint32_t word = bytes_read(code, 4, !little);

	switch (word >> 26) {
	case 17: /* sc, scv */
		return false;
	case 19:
		switch (FIELD(word, 10, 1)) {
		case 18: case 82: case 146: case 274: case 370: /* rfid, rfscv, rfebb, hrfid, stop */
			return false;
		}
		return true;
	case 31:
		switch (FIELD(word, 10, 1)) {
		case 83: case 146: case 178: case 30: /* mfmsr, mtmsr, mtmsrd, wait */
			return false;
		}
		return true;
	default:
		return true;
	}
}

static void hold_interrupts(struct vcpu *v, uint64_t pc)
{
	struct ppc64_vcpu *p = ppc64_vcpu(v);
	const uint8_t *code;
	uint64_t gpa;
	size_t len;

	if (!(p->regs.msr & PPC64_MSR_EE))
		return;
	code = vcpu_fetch_code(v, pc, &len, &gpa);
	if (!code || len < 4 || !blind_to_msr(v, code))
		return;
	p->regs.msr &= ~PPC64_MSR_EE;
	p->ee_held = ppc64_regs_put(v);
	if (!p->ee_held)
		p->regs.msr |= PPC64_MSR_EE;
}

bool ppc64_step_plant(struct vcpu *v, uint64_t pc, bool block_irqs)
{
	const struct mem_reader reader = vcpu_reader(v);
	struct ppc64_vcpu *p = ppc64_vcpu(v);
	struct ppc64_step step;
	struct regs regs = { 0 };
	bool ok = true;

	p->nplants = p->nsuccs = p->nexits = 0;
	p->ee_held = false;
	p->step_pc = pc;
	ppc64_refresh(v);
	ppc64_regs_core(v, &regs);
	if (ppc64_step_decode(&regs, &reader, &step)) {
		for (unsigned i = 0; i < step.n; i++) {
			regs_set(&regs, PPC64_MSR, step.next[i].msr);
			/* A hypercall may not come back; all else that is not mapped ends at a vector. */
			plant(v, &regs, step.next[i].pc);
		}
		regs_set(&regs, PPC64_MSR, p->regs.msr);
	}
	p->nsuccs = p->nplants;
	plant_vectors(v, &regs, !block_irqs);
	ok = p->nplants != 0;
	if (ok && block_irqs)
		hold_interrupts(v, pc);
	return ok;
}

/* Was the step diverted into one of the planted vectors? (A successor may be one too: sc.) */
static bool at_vector(const struct ppc64_vcpu *p, uint64_t pc)
{
	for (unsigned i = 0; i < p->nsuccs; i++)
		if (p->plant_pc[i] == pc)
			return false;
	for (unsigned i = p->nsuccs; i < p->nexits; i++)
		if (p->plant_pc[i] == pc)
			return true;
	return false;
}

void ppc64_step_unplant(struct vcpu *v)
{
	struct ppc64_vcpu *p = ppc64_vcpu(v);

	p->diverted = at_vector(p, ppc64_pc(v));
	for (unsigned i = 0; i < p->nplants; i++)
		memory_unplant(&v->vm->mem, p->plant_gpa[i]);
	if (p->ee_held) {
		/* In a handler, what the interrupted code had is in SRR1. */
		if (p->diverted)
			p->regs.srr1 |= PPC64_MSR_EE;
		else
			p->regs.msr |= PPC64_MSR_EE;
		ppc64_regs_put(v);
	}
	p->ee_held = false;
	p->nplants = 0;
}

bool ppc64_step_interrupted(struct vcpu *v, const struct mem_reader *mem, uint64_t old_pc, uint64_t old_sp)
{
	return ppc64_vcpu(v)->diverted;
}

/* A branch to itself (b ., bdnz .): what is planted at its target would hit before it. It is done here. */
bool ppc64_step_self(struct vcpu *v, const uint8_t *code, size_t len)
{
	struct ppc64_vcpu *p = ppc64_vcpu(v);
	struct ppc64_insn insn;
	struct regs regs = { 0 };
	uint32_t word;

	if (len < 4)
		return false;
	word = bytes_read(code, 4, !(p->regs.msr & PPC64_MSR_LE));
	if (ppc64_insn_prefixed(word))
		return false;
	ppc64_insn_decode(word, 0, &insn);
	if ((insn.kind != PPC64_INSN_B && insn.kind != PPC64_INSN_BC) || insn.absolute || insn.disp)
		return false;
	ppc64_regs_core(v, &regs);
	if (insn.kind == PPC64_INSN_BC && !ppc64_insn_taken(&insn, &regs))
		return false;
	if (insn.link)
		p->regs.lr = p->regs.pc + 4;
	if (insn.kind == PPC64_INSN_BC && !(insn.bo & 4))
		p->regs.ctr--;
	return ppc64_regs_put(v);
}
