/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A vCPU's creation, its power-on state, and how it is started. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch/ppc64/ppc64.h"

#define MSR_START (PPC64_MSR_SF | PPC64_MSR_ME)

/* What a reset leaves alone: they follow the host, or belong to XIVE's own reset. */
static bool keeps(unsigned reg)
{
	return reg == PPC64_VP_STATE || reg == PPC64_TB_OFFSET || reg == PPC64_DEBUG_INST ||
	       reg == PPC64_ARCH_COMPAT || reg == PPC64_LPCR;
}

static void remember(struct vcpu *v)
{
	struct ppc64_vcpu *p = ppc64_vcpu(v);

	for (unsigned i = 0; i < PPC64_REG_COUNT && p->npower_on < PPC64_POWER_ON_MAX; i++) {
		struct ppc64_value *value = &p->power_on[p->npower_on];

		value->reg = i;
		if (ppc64_regs[i].index && !keeps(i) &&
		    ppc64_one_get(v, ppc64_one_reg(ppc64_regs[i].index, ppc64_regs[i].bits), value->data))
			p->npower_on++;
	}
}

struct error *ppc64_vcpu_create(struct vcpu *v)
{
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	struct ppc64_vcpu *p = xcalloc(1, sizeof(*p));

	v->arch = p;
	v->needs_enter = true;
	p->fresh = true;
	if (ioctl(v->fd, KVM_ENABLE_CAP, &papr))
		return error_errno(errno, "vCPU %u: KVM refuses PAPR mode", v->index);
	if (ioctl(v->fd, KVM_GET_SREGS, &p->power_on_sregs))
		return error_errno(errno, "vCPU %u: cannot read the power-on registers", v->index);
	p->pvr = p->power_on_sregs.pvr;
	remember(v);
	return ppc64_vm(v->vm)->xive ? ppc64_xive_connect(v) : NULL;
}

void ppc64_vcpu_destroy(struct vcpu *v)
{
	free(v->arch);
	v->arch = NULL;
}

/* The virtual processor area goes last: what hangs on it is refused without it. */
static void power_on(struct vcpu *v)
{
	static const uint16_t vpa[] = { PPC64_VPA_DTL, PPC64_VPA_SLB, PPC64_VPA_ADDR };
	static const uint8_t none[16];
	struct ppc64_vcpu *p = ppc64_vcpu(v);
	uint64_t expiry = __builtin_ppc_get_timebase() + (1ull << 31), offset = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(vpa); i++)
		ppc64_one_set(v, ppc64_one_reg(ppc64_regs[vpa[i]].index, ppc64_regs[vpa[i]].bits), none);
	for (unsigned i = 0; i < p->npower_on; i++) {
		const struct reg_desc *d = &ppc64_regs[p->power_on[i].reg];

		ppc64_one_set(v, ppc64_one_reg(d->index, d->bits), p->power_on[i].data);
	}
	ppc64_one_get(v, ppc64_one_reg(ppc64_regs[PPC64_TB_OFFSET].index, 64), &offset);
	expiry += offset;
	ppc64_one_set(v, ppc64_one_reg(ppc64_regs[PPC64_DEC_EXPIRY].index, 64), &expiry);
}

struct error *ppc64_vcpu_reset(struct vcpu *v, const struct boot_state *boot)
{
	struct ppc64_vcpu *p = ppc64_vcpu(v);

	if (!p->fresh)
		power_on(v);
	p->fresh = false;
	memset(&p->regs, 0, sizeof(p->regs));
	p->regs.msr = MSR_START | (boot->big_endian ? 0 : PPC64_MSR_LE);
	if (v->index == 0) {
		p->regs.pc = boot->pc;
		p->regs.gpr[3] = ppc64_vm(v->vm)->fdt;
		p->regs.gpr[4] = boot->image_lo;
		p->regs.gpr[12] = boot->pc; /* ELFv2: a function finds its TOC by its own address */
	}
	atomic_store(&p->start, false);
	p->waiting = v->halted = v->index != 0;
	p->lpcr_generation = 0;
	if (!ppc64_regs_put(v))
		return error_errno(errno, "vCPU %u: KVM refuses the start registers", v->index);
	ppc64_refresh(v);
	ppc64_enter(v);
	return NULL;
}

void ppc64_enter(struct vcpu *v)
{
	static const unsigned lpcr_index = 0xb5;
	struct ppc64_vcpu *p = ppc64_vcpu(v);
	struct ppc64_vm *m = ppc64_vm(v->vm);
	unsigned generation = atomic_load(&m->lpcr_generation);
	uint64_t lpcr;

	if (p->lpcr_generation == generation)
		return;
	p->lpcr_generation = generation;
	if (!ppc64_one_get(v, ppc64_one_reg(lpcr_index, 64), &lpcr))
		return;
	lpcr = (lpcr & ~atomic_load(&m->lpcr_clear)) | atomic_load(&m->lpcr_set);
	ppc64_one_set(v, ppc64_one_reg(lpcr_index, 64), &lpcr);
	p->lpcr = lpcr;
}

bool ppc64_vcpu_start(struct vcpu *v, uint64_t pc, uint64_t r3)
{
	struct ppc64_vcpu *p = ppc64_vcpu(v);

	if (!p->waiting || atomic_load(&p->start))
		return false;
	p->start_pc = pc;
	p->start_r3 = r3;
	atomic_store(&p->start, true);
	vcpu_kick(v, VCPU_REQ_LOOK);
	return true;
}

/* A stopped vCPU runs when another one starts it (LoPAR 7.2.6): 64-bit real mode, in the byte order the
 * guest takes interrupts in. */
bool ppc64_halt_wakes(struct vcpu *v, bool *ret_never)
{
	struct ppc64_vcpu *p = ppc64_vcpu(v);

	if (!atomic_load(&p->start))
		return false;
	ppc64_enter(v);
	memset(&p->regs, 0, sizeof(p->regs));
	p->regs.msr = MSR_START | (p->lpcr & PPC64_LPCR_ILE ? PPC64_MSR_LE : 0);
	p->regs.pc = p->regs.gpr[12] = p->start_pc;
	p->regs.gpr[3] = p->start_r3;
	p->waiting = false;
	atomic_store(&p->start, false);
	ppc64_regs_put(v);
	vcpu_note_activity(v, VCPU_STOPPED);
	return true;
}
