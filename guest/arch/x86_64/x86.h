/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the x86-64 machine share. */
#pragma once

#include <asm/kvm.h>
#include <linux/kvm.h>
#include <stdint.h>

#include "core/arch/x86_64.h"
#include "guest/vm.h"

struct x86_pic;
struct x86_ioapic;

#define X86_MSRS_MAX 64

struct x86_vm {
	enum irqchip_mode irqchip;
	struct x86_pic *pic;		/* irqchip split and off */
	struct x86_ioapic *ioapic;	/* irqchip split */
	struct kvm_cpuid2 *cpuid;	/* what KVM offers, corrected for all vCPUs alike */
	size_t xsave_size;
	bool has_xsave, has_xcrs, has_debugregs, msr_exits;
	/* Power-on state of the in-kernel chips. */
	struct kvm_irqchip chip[3];
	struct kvm_pit_state2 pit;
};

/* A vCPU's power-on state, put back by a reset. */
struct x86_power_on {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_lapic_state lapic;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp;
	struct kvm_debugregs debugregs;
	struct kvm_xcrs xcrs;
	void *xsave;		/* of the machine's xsave_size bytes; NULL: could not be read */
	unsigned nmsrs;
	struct kvm_msr_entry msrs[X86_MSRS_MAX];
};

struct x86_vcpu {
	struct kvm_regs *regs;		/* in the run structure when KVM shares them, else own_regs */
	struct kvm_sregs *sregs;
	struct kvm_regs own_regs;
	struct kvm_sregs own_sregs;
	uint64_t xcr0;			/* as of the last stop */
	bool fresh;			/* as KVM created it */
	bool stale;			/* sregs are from before a lazy step */
	struct x86_power_on power_on;
};

static inline struct x86_vm *x86_vm(const struct vm *vm)
{
	return vm->arch;
}

static inline struct x86_vcpu *x86_vcpu(const struct vcpu *v)
{
	return v->arch;
}

static inline bool x86_lapic_in_kernel(const struct vm *vm)
{
	return x86_vm(vm)->irqchip != IRQCHIP_OFF;
}

static inline bool x86_code64(const struct kvm_sregs *s)
{
	return (s->efer & X86_EFER_LMA) && s->cs.l;
}

/* Reads the registers into the parked copies by ioctl. */
void x86_refresh(struct vcpu *v);

/* cpuid.c */
struct error *x86_cpuid_load(struct vm *vm);
struct error *x86_cpuid_set(struct vcpu *v);
const struct kvm_cpuid_entry2 *x86_cpuid_find(const struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t sub);
/* Offset of an XSAVE component by leaf 0xd; 0 when the guest has none. */
uint32_t x86_cpuid_xsave_offset(const struct vm *vm, unsigned component);

/* boot.c */
struct error *x86_vcpu_create(struct vcpu *v);
void x86_vcpu_destroy(struct vcpu *v);
struct error *x86_vcpu_reset(struct vcpu *v, const struct boot_state *boot);

/* regs.c */
void x86_sync(struct vcpu *v);
void x86_lazy(struct vcpu *v, bool on);
void x86_refresh_lazy(struct vcpu *v);
uint64_t x86_pc(const struct vcpu *v);
uint64_t x86_sp(const struct vcpu *v);
bool x86_reg_get(const struct vcpu *v, unsigned reg, uint64_t *ret);
void x86_regs_core(const struct vcpu *v, struct regs *ret);
uint64_t x86_mmu_key(const struct vcpu *v);
struct error *x86_regs_read(struct vcpu *v, unsigned groups, struct regs *ret);
struct error *x86_reg_write(struct vcpu *v, unsigned reg, const void *data, size_t len);

/* fpu.c */
bool x86_xsave_get(struct vcpu *v, void *image); /* of xsave_size bytes */
struct error *x86_fpu_read(struct vcpu *v, unsigned groups, struct regs *ret);
struct error *x86_fpu_write(struct vcpu *v, unsigned reg, const void *data, size_t len);

/* debug.c */
int x86_debug_set(struct vcpu *v, const struct vcpu_debug *debug);
void x86_debug_decode(struct vcpu *v, struct debug_exit *ret);
void x86_debug_inject(struct vcpu *v, const struct debug_exit *debug);
enum insn_class x86_classify(const struct vcpu *v, const uint8_t *code, size_t len);
bool x86_step_interrupted(struct vcpu *v, const struct mem_reader *mem, uint64_t old_pc,
			  uint64_t old_sp);

/* irq.c */
struct error *x86_irq_create(struct vm *vm);
void x86_irq_destroy(struct vm *vm);
struct error *x86_irq_reset(struct vm *vm);
/* The IOAPIC pin of a GSI, as on a PC: the timer (0) is on pin 2, the cascade (2) on none: -1. */
int x86_ioapic_pin(unsigned gsi);
void x86_irq_set(struct vm *vm, unsigned gsi, bool level);
void x86_msi(struct vm *vm, uint64_t addr, uint32_t data);
void x86_enter(struct vcpu *v);
bool x86_halt_wakes(struct vcpu *v, bool *ret_never);

/* state.c */
struct error *x86_vm_state(struct vm *vm, enum state_kind kind, unsigned index, void *buf, size_t size,
			   size_t *ret_len);
struct error *x86_vcpu_state(struct vcpu *v, enum state_kind kind, void *buf, size_t size, size_t *ret_len);

/* doctor.c */
extern const struct doctor_check x86_checks[];
char *x86_missing_kvm(void);

/* selftest.c */
struct error *x86_selftest(int kvm_fd, struct mech_support *ret);

/* pic.c: a pair of 8259 for --irqchip off. Any thread. */
struct error *x86_pic_create(struct vm *vm, struct x86_pic **ret);
void x86_pic_destroy(struct x86_pic *pic);
void x86_pic_reset(struct x86_pic *pic);
void x86_pic_set(struct x86_pic *pic, unsigned irq, bool level);
bool x86_pic_pending(struct x86_pic *pic);
int x86_pic_acknowledge(struct x86_pic *pic); /* the vector */
void x86_pic_state(struct x86_pic *pic, unsigned chip, struct state_x86_pic *ret);

/* ioapic.c: the 82093AA for --irqchip split. Any thread. */
struct error *x86_ioapic_create(struct vm *vm, struct x86_ioapic **ret);
void x86_ioapic_destroy(struct x86_ioapic *ioapic);
void x86_ioapic_reset(struct x86_ioapic *ioapic);
void x86_ioapic_set(struct x86_ioapic *ioapic, unsigned pin, bool level);
void x86_ioapic_eoi(struct x86_ioapic *ioapic, unsigned vector);
void x86_ioapic_state(struct x86_ioapic *ioapic, struct state_x86_ioapic *ret);
