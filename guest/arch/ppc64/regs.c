/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registers between KVM's structs, its ONE_REGs and ours. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch/ppc64/ppc64.h"

/* TB_OFFSET counts in these (linux: KVM_REG_PPC_TB_OFFSET rounds up to 2^24). */
#define TB_OFFSET_UNIT (1ull << 24)

bool ppc64_one_get(const struct vcpu *v, uint64_t id, void *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	return ioctl(v->fd, KVM_GET_ONE_REG, &reg) == 0;
}

bool ppc64_one_set(const struct vcpu *v, uint64_t id, const void *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	return ioctl(v->fd, KVM_SET_ONE_REG, &reg) == 0;
}

static uint64_t one_reg(unsigned reg)
{
	return ppc64_one_reg(ppc64_regs[reg].index, ppc64_regs[reg].bits);
}

static uint64_t one_u64(const struct vcpu *v, unsigned reg, uint64_t old)
{
	uint64_t value = 0;

	return ppc64_one_get(v, one_reg(reg), &value) ? value : old;
}

bool ppc64_regs_put(struct vcpu *v)
{
	return ioctl(v->fd, KVM_SET_REGS, &ppc64_vcpu(v)->regs) == 0;
}

void ppc64_sync(struct vcpu *v)
{
	ioctl(v->fd, KVM_GET_REGS, &ppc64_vcpu(v)->regs);
}

/* What exits do not need every time. */
void ppc64_refresh(struct vcpu *v)
{
	struct ppc64_vcpu *p = ppc64_vcpu(v);

	p->lpcr = one_u64(v, PPC64_LPCR, p->lpcr);
	p->dar = one_u64(v, PPC64_DAR, p->dar);
	p->dsisr = one_u64(v, PPC64_DSISR, p->dsisr);
	p->tar = one_u64(v, PPC64_TAR, p->tar);
}

static uint64_t linear(const struct vcpu *v, uint64_t address)
{
	return ppc64_vcpu(v)->regs.msr & PPC64_MSR_SF ? address : address & MASK(31, 0);
}

uint64_t ppc64_pc(const struct vcpu *v)
{
	return linear(v, ppc64_vcpu(v)->regs.pc);
}

uint64_t ppc64_sp(const struct vcpu *v)
{
	return linear(v, ppc64_vcpu(v)->regs.gpr[1]);
}

/* A register of struct kvm_regs; NULL: it is elsewhere. */
static __u64 *slot(struct kvm_regs *r, unsigned reg)
{
	if (reg <= PPC64_R31)
		return &r->gpr[reg - PPC64_R0];
	switch (reg) {
	case PPC64_LR: return &r->lr;
	case PPC64_CTR: return &r->ctr;
	case PPC64_PC: return &r->pc;
	case PPC64_MSR: return &r->msr;
	case PPC64_CR: return &r->cr;
	case PPC64_XER: return &r->xer;
	case PPC64_SRR0: return &r->srr0;
	case PPC64_SRR1: return &r->srr1;
	case PPC64_SPRG0: return &r->sprg0;
	case PPC64_SPRG1: return &r->sprg1;
	case PPC64_SPRG2: return &r->sprg2;
	case PPC64_SPRG3: return &r->sprg3;
	case PPC64_PID: return &r->pid;
	default: return NULL;
	}
}

bool ppc64_reg_get(const struct vcpu *v, unsigned reg, uint64_t *ret)
{
	struct ppc64_vcpu *p = ppc64_vcpu(v);
	const __u64 *s = slot(&p->regs, reg);

	if (s) {
		*ret = *s;
		return true;
	}
	switch (reg) {
	case PPC64_TAR: *ret = p->tar; return true;
	case PPC64_LPCR: *ret = p->lpcr; return true;
	case PPC64_PRTB: *ret = atomic_load(&ppc64_vm(v->vm)->prtb); return true;
	case PPC64_PVR: *ret = p->pvr; return true;
	case PPC64_DAR: *ret = p->dar; return true;
	case PPC64_DSISR: *ret = p->dsisr; return true;
	default: return false;
	}
}

void ppc64_regs_core(const struct vcpu *v, struct regs *ret)
{
	uint64_t value;

	if (ret->arch != v->vm->target.arch)
		regs_init(ret, v->vm->target.arch);
	for (unsigned i = 0; i < PPC64_REG_COUNT; i++)
		if ((ppc64_regs[i].group & REGS_CORE) && ppc64_reg_get(v, i, &value))
			regs_set(ret, i, value);
}

/* All that a walk depends on besides memory: mode bits, PID and where the process table is. */
uint64_t ppc64_mmu_key(const struct vcpu *v)
{
	const struct ppc64_vcpu *p = ppc64_vcpu(v);
	uint64_t mode = p->regs.msr & (PPC64_MSR_SF | PPC64_MSR_HV | PPC64_MSR_PR | PPC64_MSR_IR |
				       PPC64_MSR_DR | PPC64_MSR_LE);

	return (mode | mode >> 40) ^ p->regs.pid << 20 ^ atomic_load(&ppc64_vm(v->vm)->prtb) * 3 ^
	       (p->lpcr & (PPC64_LPCR_HR | PPC64_LPCR_UPRT)) << 17;
}

/* ---- the groups that are read only when somebody looks ------------------------------------------- */

/* The time base runs on while the guest stands; this is the one at the time of reading. */
static void read_times(struct vcpu *v, struct regs *ret)
{
	uint64_t offset = 0, expiry;

	if (!ppc64_one_get(v, one_reg(PPC64_TB_OFFSET), &offset))
		return;
	regs_set(ret, PPC64_TB, __builtin_ppc_get_timebase() + offset);
	if (ppc64_one_get(v, one_reg(PPC64_DEC_EXPIRY), &expiry))
		regs_set(ret, PPC64_DEC, ppc64_dec(expiry, regs_u64(ret, PPC64_TB)));
}

struct error *ppc64_regs_read(struct vcpu *v, unsigned groups, struct regs *ret)
{
	for (unsigned i = 0; i < PPC64_REG_COUNT; i++) {
		const struct reg_desc *d = &ppc64_regs[i];
		uint8_t data[16] = { 0 };

		/* Those this CPU or KVM does not have stay invalid. */
		if ((d->group & groups) && d->index && ppc64_one_get(v, one_reg(i), data))
			regs_set_bytes(ret, i, data, d->bits / 8);
	}
	if (groups & REGS_MSR)
		read_times(v, ret);
	return NULL;
}

static struct error *write_failed(struct vcpu *v, unsigned reg)
{
	return error_errno(errno, "vCPU %u: KVM refuses that value of %s", v->index, ppc64_regs[reg].name);
}

static struct error *write_tb(struct vcpu *v, uint64_t value)
{
	uint64_t offset = value - __builtin_ppc_get_timebase();

	offset = align_down(offset + TB_OFFSET_UNIT / 2, TB_OFFSET_UNIT);
	return ppc64_one_set(v, one_reg(PPC64_TB_OFFSET), &offset) ? NULL : write_failed(v, PPC64_TB);
}

static struct error *write_dec(struct vcpu *v, uint64_t value)
{
	uint64_t offset = 0, expiry;

	if (!ppc64_one_get(v, one_reg(PPC64_TB_OFFSET), &offset))
		return write_failed(v, PPC64_DEC);
	expiry = __builtin_ppc_get_timebase() + offset + value;
	return ppc64_one_set(v, one_reg(PPC64_DEC_EXPIRY), &expiry) ? NULL : write_failed(v, PPC64_DEC);
}

struct error *ppc64_reg_write(struct vcpu *v, unsigned reg, const void *data, size_t len)
{
	struct ppc64_vcpu *p = ppc64_vcpu(v);
	__u64 *s = slot(&p->regs, reg);
	uint8_t wide[16] = { 0 };
	uint64_t value;

	memcpy(wide, data, len < sizeof(wide) ? len : sizeof(wide));
	value = le64_read(wide);
	if (s) {
		uint64_t old = *s;

		*s = value;
		if (ppc64_regs_put(v))
			return NULL;
		*s = old;
		return write_failed(v, reg);
	}
	switch (reg) {
	case PPC64_TB:
		return write_tb(v, value);
	case PPC64_DEC:
		return write_dec(v, value);
	case PPC64_PVR:
	case PPC64_PRTB:
		return error_create(ERROR_UNSUPPORTED, "%s can not be written: KVM has it from %s",
				    ppc64_regs[reg].name,
				    reg == PPC64_PVR ? "the CPU" : "the guest's H_REGISTER_PROC_TBL");
	}
	if (!ppc64_one_set(v, one_reg(reg), wide))
		return write_failed(v, reg);
	ppc64_refresh(v);
	return NULL;
}
