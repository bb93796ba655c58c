/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Breakpoints by KVM's illegal instruction, and steps made of them: HV guests own their trace interrupt,
 * so KVM can not step them. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch/ppc64/ppc64.h"

#define VECTOR_PROGRAM 0x700
#define SRR1_ILLEGAL BIT(19)
/* What an interrupt turns off in MSR (ISA 3.0B III 6.5, figure 65). */
#define MSR_OFF_BY_INTERRUPT (PPC64_MSR_EE | PPC64_MSR_PR | PPC64_MSR_FP | PPC64_MSR_FE0 | PPC64_MSR_FE1 | \
			      PPC64_MSR_SE | PPC64_MSR_BE | PPC64_MSR_RI | PPC64_MSR_PMM | PPC64_MSR_VEC | \
			      PPC64_MSR_VSX | PPC64_MSR_LE | PPC64_MSR_IR | PPC64_MSR_DR)

int ppc64_debug_set(struct vcpu *v, const struct vcpu_debug *debug)
{
	struct kvm_guest_debug g = { 0 };

	if (debug->step || (debug->byte && v->vm->stops.any_byte))
		g.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP;
	return ioctl(v->fd, KVM_SET_GUEST_DEBUG, &g) ? errno : 0;
}

static bool step_plant_at(const struct ppc64_vcpu *p, uint64_t pc)
{
	for (unsigned i = 0; i < p->nplants; i++)
		if (p->plant_pc[i] == pc)
			return true;
	return false;
}

void ppc64_debug_decode(struct vcpu *v, struct debug_exit *ret)
{
	struct ppc64_vcpu *p = ppc64_vcpu(v);

	ppc64_sync(v);
	*ret = (struct debug_exit){ .pc = ppc64_pc(v) };
	ret->step = step_plant_at(p, ret->pc);
	ret->byte = !ret->step;
}

/* The guest executed that illegal instruction itself: it takes the program interrupt (ISA 3.0B III 6.5.9). */
void ppc64_debug_inject(struct vcpu *v, const struct debug_exit *debug)
{
	struct ppc64_vcpu *p = ppc64_vcpu(v);
	const uint64_t relocation = PPC64_MSR_IR | PPC64_MSR_DR;
	uint64_t msr = p->regs.msr, now;

	ppc64_refresh(v);
	ppc64_regs_core(v, &v->regs);
	now = (msr & ~MSR_OFF_BY_INTERRUPT) | PPC64_MSR_SF;
	if (p->lpcr & PPC64_LPCR_ILE)
		now |= PPC64_MSR_LE;
	if (PPC64_LPCR_AIL(p->lpcr) && (msr & relocation) == relocation)
		now |= relocation;
	p->regs.srr0 = debug->pc;
	p->regs.srr1 = (msr & ~(MASK(30, 27) | MASK(21, 16))) | SRR1_ILLEGAL;
	p->regs.pc = ppc64_vector_address(&v->regs, VECTOR_PROGRAM);
	p->regs.msr = now;
	ppc64_regs_put(v);
}
