/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The POWER machine: creation, the exits only POWER has, and the descriptor. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch/ppc64/ppc64.h"

/* Without its top bit the process table of a radix guest is refused. */
#define NO_PROCESS_TABLE PPC64_PRTB_GR
#define NR_H_SET_MODE 0x31c

static bool has(const struct vm *vm, long cap)
{
	return ioctl(vm->fd, KVM_CHECK_EXTENSION, cap) > 0;
}

static struct error *choose_mmu(struct vm *vm)
{
	struct kvm_ppc_mmuv3_cfg mmu = {
		.flags = KVM_PPC_MMUV3_RADIX | KVM_PPC_MMUV3_GTSE, .process_table = NO_PROCESS_TABLE,
	};

	if (!has(vm, KVM_CAP_PPC_MMU_RADIX))
		return error_hint(error_create(ERROR_UNSUPPORTED, "this host's KVM has no radix guests"),
				  "vmscope runs guests on POWER9 and later hosts in radix mode");
	if (ioctl(vm->fd, KVM_PPC_CONFIGURE_V3_MMU, &mmu))
		return error_errno(errno, "KVM refuses a radix guest");
	ppc64_vm(vm)->radix = true;
	atomic_store(&ppc64_vm(vm)->prtb, NO_PROCESS_TABLE);
	return NULL;
}

static struct error *machine_create(struct vm *vm)
{
	/* Break and watch addresses are KVM's to set; the rest of H_SET_MODE still comes to us. */
	struct kvm_enable_cap set_mode = { .cap = KVM_CAP_PPC_ENABLE_HCALL, .args = { NR_H_SET_MODE, 1 } };
	struct ppc64_vm *m = xcalloc(1, sizeof(*m));
	unsigned threads = vm->config->smt ? vm->config->smt : 1;
	/* vCPU ids follow each other: a core of the guest has as many as KVM counts for one. */
	struct kvm_enable_cap smt = { .cap = KVM_CAP_PPC_SMT, .args = { threads } };
	struct error *err;

	vm->arch = m;
	m->smt = threads;
	atomic_store(&m->lpcr_generation, 1);
	err = choose_mmu(vm);
	if (err)
		return err;
	if (ioctl(vm->fd, KVM_ENABLE_CAP, &smt))
		return error_errno(errno, "KVM refuses %u threads a core (--smt)", threads);
	ioctl(vm->fd, KVM_ENABLE_CAP, &set_mode);
	err = ppc64_vty_create(vm, &m->vty);
	if (!err)
		vec_push(&vm->devices, m->vty);
	if (!err && vm->config->irqchip != IRQCHIP_OFF)
		err = ppc64_xive_create(vm, &m->xive);
	return err;
}

static void machine_destroy(struct vm *vm)
{
	struct ppc64_vm *m = ppc64_vm(vm);

	ppc64_xive_destroy(vm, m->xive);
	free(m);
	vm->arch = NULL;
}

static struct error *machine_reset(struct vm *vm)
{
	struct kvm_ppc_mmuv3_cfg mmu = {
		.flags = KVM_PPC_MMUV3_RADIX | KVM_PPC_MMUV3_GTSE, .process_table = NO_PROCESS_TABLE,
	};
	struct ppc64_vm *m = ppc64_vm(vm);

	if (ioctl(vm->fd, KVM_PPC_CONFIGURE_V3_MMU, &mmu))
		return error_errno(errno, "KVM refuses to forget the process table");
	atomic_store(&m->prtb, NO_PROCESS_TABLE);
	atomic_store(&m->lpcr_set, 0);
	atomic_store(&m->lpcr_clear, PPC64_LPCR_ILE | MASK(24, 23));
	atomic_fetch_add(&m->lpcr_generation, 1);
	return m->xive ? ppc64_xive_reset(vm) : NULL;
}

static bool machine_exit(struct vcpu *v, struct stop_report *report, bool *ret_stop)
{
	switch (v->run->exit_reason) {
	case KVM_EXIT_PAPR_HCALL:
		*ret_stop = ppc64_hcall_exit(v, report);
		return true;
	case KVM_EXIT_NMI:
		/* KVM gives machine checks of the guest to those who asked for them, which we did not. */
		snprintf(report->text, sizeof(report->text), "vCPU %u: a machine check at 0x%" PRIx64,
			 v->index, ppc64_pc(v));
		report->reason = STOP_ERROR;
		report->vcpu = v->index;
		*ret_stop = true;
		return true;
	default:
		return false;
	}
}

/* H_CEDE waits inside KVM and ends when the vCPU is asked to come out: only what RTAS stopped waits here. */
static enum vcpu_state activity(struct vcpu *v)
{
	return ppc64_vcpu(v)->waiting ? VCPU_WAITING : VCPU_STOPPED;
}

static void irq_set(struct vm *vm, unsigned gsi, bool level)
{
	if (ppc64_vm(vm)->xive && gsi < PPC64_LISN_DEVICES - (PPC64_LISN_GSI - PPC64_LISN_VTY))
		ppc64_xive_set(vm, PPC64_LISN_GSI + gsi, level);
}

static void lazy(struct vcpu *v, bool on)
{
}

/* There is no halt instruction for guests: H_CEDE is a hypercall. */
static bool halt(struct vcpu *v, uint64_t pc)
{
	return false;
}

static bool can_wake(struct vcpu *v)
{
	return true;
}

static enum insn_class classify(const struct vcpu *v, const uint8_t *code, size_t len)
{
	return INSN_CLASS_OTHER;
}

static struct error *translate(struct vcpu *v, uint64_t gva, uint64_t *ret_gpa)
{
	/* KVM_TRANSLATE is not implemented for HV guests: our own walk is what there is. */
	const struct mem_reader reader = vcpu_reader(v);
	struct mmu_walk walk;
	struct error *err;

	ppc64_regs_core(v, &v->regs);
	err = v->vm->target.arch->walk(&v->regs, &reader, gva, &walk);
	if (err)
		return err;
	if (walk.verdict != MMU_MAPPED && walk.verdict != MMU_NO_PAGING)
		return error_create(ERROR_FAULT, "0x%" PRIx64 " is not mapped", gva);
	*ret_gpa = walk.gpa;
	return NULL;
}

static uint32_t hw_id(const struct vcpu *v)
{
	return ppc64_vcpu_id(v->vm, v->index);
}

static const struct arch *arch_of(const struct boot_state *boot)
{
	return boot->big_endian ? &arch_ppc64 : &arch_ppc64le;
}

/* The word reads the same in both byte orders. */
static const uint8_t break_insn[] = { 0x00, 0xdd, 0xdd, 0x00 };

const struct machine machine_host = {
	.arch = &arch_ppc64le,
	.arch_of = arch_of,
	.vm_type = KVM_VM_PPC_HV,
	.boot_modes = BIT(BOOT_PPC64),
	.flat_mode = FLAT_PPC64LE,
	.break_insn = break_insn,
	.break_len = sizeof(break_insn),
	.vm_create = machine_create,
	.vm_destroy = machine_destroy,
	.boot_prepare = ppc64_boot_prepare,
	.vm_reset = machine_reset,
	.irq_set = irq_set,
	.vm_state = ppc64_vm_state,
	.xive_act = ppc64_xive_act,
	.vcpu_create = ppc64_vcpu_create,
	.vcpu_destroy = ppc64_vcpu_destroy,
	.vcpu_reset = ppc64_vcpu_reset,
	.sync = ppc64_sync,
	.lazy = lazy,
	.refresh = ppc64_refresh,
	.activity = activity,
	.debug_set = ppc64_debug_set,
	.debug_decode = ppc64_debug_decode,
	.step_plant = ppc64_step_plant,
	.step_unplant = ppc64_step_unplant,
	.debug_inject = ppc64_debug_inject,
	.exit = machine_exit,
	.enter = ppc64_enter,
	.halt_wakes = ppc64_halt_wakes,
	.halt = halt,
	.step_halt = ppc64_step_self,
	.can_wake = can_wake,
	.regs_read = ppc64_regs_read,
	.reg_write = ppc64_reg_write,
	.translate = translate,
	.vcpu_state = ppc64_vcpu_state,
	.plan = ppc64_plan,
	.mmio = ppc64_mmio,
	.pc = ppc64_pc,
	.sp = ppc64_sp,
	.reg_get = ppc64_reg_get,
	.regs_core = ppc64_regs_core,
	.mmu_key = ppc64_mmu_key,
	.classify = classify,
	.step_interrupted = ppc64_step_interrupted,
	.hw_id = hw_id,
	.selftest = ppc64_selftest,
	.checks = ppc64_checks,
	.missing_kvm = ppc64_missing_kvm,
};
