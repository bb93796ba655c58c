/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the POWER machine share: a PAPR guest on KVM HV (linux
 * Documentation/virt/kvm/api.rst, LoPAR). */
#pragma once

#include <asm/kvm.h>
#include <linux/kvm.h>
#include <stdatomic.h>
#include <stdint.h>

#include "core/arch/ppc64.h"
#include "guest/vm.h"

struct ppc64_xive;

/* Results of hypercalls (LoPAR table 14-2). */
enum {
	H_SUCCESS = 0, H_NOT_AVAILABLE = 3, H_HARDWARE = -1, H_FUNCTION = -2, H_PARAMETER = -4, H_NOT_FOUND = -7,
	H_RESOURCE = -16, H_P2 = -55, H_P3 = -56, H_P4 = -57, H_P5 = -58, H_UNSUPPORTED_FLAG = -256,
};

/* Interrupt numbers (LISN): one per vCPU for its IPI, then the devices. */
#define PPC64_LISN_IPI 0u
#define PPC64_LISN_VTY 0x1000u
#define PPC64_LISN_GSI 0x1010u	/* GSI n of device models */
#define PPC64_LISN_DEVICES 128u

#define PPC64_VTY 0x71000000u	/* unit address of the console */
#define PPC64_POWER_ON_MAX 192
#define PPC64_PLANTS_MAX 32

struct ppc64_vm {
	bool radix;
	unsigned smt;			/* vCPU ids of a core: KVM's emulated SMT mode */
	_Atomic uint64_t prtb;		/* what H_REGISTER_PROC_TBL gave, as the partition table has it */
	/* LPCR bits the guest chose by H_SET_MODE; each vCPU takes them over before it enters. */
	_Atomic uint64_t lpcr_set, lpcr_clear;
	_Atomic unsigned lpcr_generation;
	uint64_t fdt;			/* gpa of the device tree, 0: none yet */
	uint64_t rtas;			/* gpa of the RTAS code */
	struct ppc64_xive *xive;	/* NULL: --irqchip off, or this KVM has none */
	struct device *vty;
};

/* A register as ONE_REG has it. */
struct ppc64_value {
	uint16_t reg;
	uint8_t data[16];
};

struct ppc64_vcpu {
	struct kvm_regs regs;		/* as of the last exit */
	uint64_t lpcr, dar, tar;	/* as of the last refresh() */
	uint32_t dsisr, pvr;
	unsigned lpcr_generation;	/* of struct ppc64_vm, taken over */

	/* start-cpu: written by the vCPU that asks before @start is set. */
	_Atomic bool start;
	uint64_t start_pc, start_r3;
	bool waiting;			/* stopped by RTAS or never started */

	/* A step under way: break instructions behind it. */
	unsigned nplants;
	uint64_t plant_pc[PPC64_PLANTS_MAX], plant_gpa[PPC64_PLANTS_MAX];
	unsigned nsuccs, nexits;	/* of these, the first are successors, those up to @nexits vectors */
	bool diverted;			/* the last step ended at a vector instead */
	bool ee_held;			/* MSR[EE] was on and is off for this step */
	uint64_t step_pc;

	bool fresh;			/* as KVM created it */
	struct kvm_sregs power_on_sregs;
	unsigned npower_on;
	struct ppc64_value power_on[PPC64_POWER_ON_MAX];
};

static inline struct ppc64_vm *ppc64_vm(const struct vm *vm)
{
	return vm->arch;
}

static inline struct ppc64_vcpu *ppc64_vcpu(const struct vcpu *v)
{
	return v->arch;
}

/* KVM's id of a vCPU, which the guest knows it by. */
static inline uint32_t ppc64_vcpu_id(const struct vm *vm, unsigned index)
{
	return index;
}

/* regs.c */
bool ppc64_one_get(const struct vcpu *v, uint64_t id, void *value);
bool ppc64_one_set(const struct vcpu *v, uint64_t id, const void *value);
bool ppc64_regs_put(struct vcpu *v);	/* the parked copy to KVM; false with errno */
void ppc64_sync(struct vcpu *v);
void ppc64_refresh(struct vcpu *v);
uint64_t ppc64_pc(const struct vcpu *v);
uint64_t ppc64_sp(const struct vcpu *v);
bool ppc64_reg_get(const struct vcpu *v, unsigned reg, uint64_t *ret);
void ppc64_regs_core(const struct vcpu *v, struct regs *ret);
uint64_t ppc64_mmu_key(const struct vcpu *v);
struct error *ppc64_regs_read(struct vcpu *v, unsigned groups, struct regs *ret);
struct error *ppc64_reg_write(struct vcpu *v, unsigned reg, const void *data, size_t len);

/* vcpu.c */
struct error *ppc64_vcpu_create(struct vcpu *v);
void ppc64_vcpu_destroy(struct vcpu *v);
struct error *ppc64_vcpu_reset(struct vcpu *v, const struct boot_state *boot);
void ppc64_enter(struct vcpu *v);	/* takes over what changed in LPCR */
bool ppc64_halt_wakes(struct vcpu *v, bool *ret_never);
/* RTAS start-cpu, from another vCPU's thread; false when it does not wait to be started. */
bool ppc64_vcpu_start(struct vcpu *v, uint64_t pc, uint64_t r3);

/* debug.c, step.c */
int ppc64_debug_set(struct vcpu *v, const struct vcpu_debug *debug);
void ppc64_debug_decode(struct vcpu *v, struct debug_exit *ret);
void ppc64_debug_inject(struct vcpu *v, const struct debug_exit *debug);
bool ppc64_step_plant(struct vcpu *v, uint64_t pc, bool block_irqs);
void ppc64_step_unplant(struct vcpu *v);
bool ppc64_step_self(struct vcpu *v, const uint8_t *code, size_t len);
bool ppc64_step_interrupted(struct vcpu *v, const struct mem_reader *mem, uint64_t old_pc, uint64_t old_sp);

/* selftest.c */
struct error *ppc64_selftest(int kvm_fd, struct mech_support *ret);

/* hcall.c: @args are r4..r12 of the call and r4.. of its result; the return value is r3. What stops the
 * guest goes through @report and *ret_stop. */
struct ppc64_hcall_ctx {
	struct vcpu *v;
	uint64_t args[9];
	struct stop_report *report;
	bool stop;
};
struct ppc64_hcall {
	uint32_t nr;
	int64_t (*fn)(struct ppc64_hcall_ctx *c);
};
bool ppc64_hcall_exit(struct vcpu *v, struct stop_report *report); /* true: stop */
/* Tells every vCPU to set and clear LPCR bits before it enters the guest again. */
void ppc64_lpcr_change(struct vm *vm, uint64_t set, uint64_t clear);

/* rtas.c */
int64_t ppc64_rtas(struct ppc64_hcall_ctx *c);
/* The name of token 1, 2, ...; NULL past the last. */
const char *ppc64_rtas_name(unsigned token);

/* boot.c */
struct error *ppc64_boot_prepare(struct vm *vm);

/* vty.c: the console. */
struct error *ppc64_vty_create(struct vm *vm, struct device **ret);
void ppc64_vty_put(struct device *dev, const void *data, size_t len);
/* Takes up to @max typed bytes. */
size_t ppc64_vty_get(struct device *dev, void *data, size_t max);

/* xive.c: KVM's native XIVE device. */
struct error *ppc64_xive_create(struct vm *vm, struct ppc64_xive **ret);
void ppc64_xive_destroy(struct vm *vm, struct ppc64_xive *xive);
struct error *ppc64_xive_reset(struct vm *vm);
struct error *ppc64_xive_connect(struct vcpu *v); /* its own thread */
extern const struct ppc64_hcall ppc64_xive_hcalls[]; /* ended by number 0 */
struct error *ppc64_vm_state(struct vm *vm, enum state_kind kind, unsigned index, void *buf, size_t size,
			     size_t *ret_len);
struct error *ppc64_vcpu_state(struct vcpu *v, enum state_kind kind, void *buf, size_t size, size_t *ret_len);
struct error *ppc64_xive_act(struct vm *vm, enum xive_act act, uint32_t lisn, uint8_t *ret_old);


/* xive_trap.c */
/* Level of a source (LSI) or, when it rises, one trigger (MSI). Any thread. */
void ppc64_xive_set(struct vm *vm, unsigned lisn, bool level);
struct error *ppc64_plan(struct vm *vm);
bool ppc64_mmio(struct vcpu *v, struct stop_report *report, bool *ret_stop);

/* doctor.c */
extern const struct doctor_check ppc64_checks[];
char *ppc64_missing_kvm(void);
