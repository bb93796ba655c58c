/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An architecture for *running*: what the VMM needs of the host's KVM beyond the common ioctls. One
 * folder guest/arch/<uname -m>/ fills one const struct named machine_host; only the host's is built.
 * guest/arch/none/ is the one for hosts that can not run a guest: it only says why.
 *
 * "vCPU's thread" below: called on that vCPU's thread, which alone issues the vCPU's ioctls. "Parked":
 * also from the main thread while the vCPU is parked (run.h), since it reads memory only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arch/regs.h"
#include "core/base/error.h"
#include "core/event/event.h"
#include "core/session/session.h"
#include "core/target/state.h"
#include "core/target/target.h"
#include "guest/load/load.h"

struct vm;
struct vcpu;

#define HW_SLOTS_MAX 4

/* A debug register slot, the same on every vCPU that @vcpus names. */
struct hw_slot {
	bool used;
	unsigned access;	/* 0: execution; else STOP_READ | STOP_WRITE */
	uint8_t len;		/* of a data slot: 1, 2, 4, 8 and aligned */
	uint64_t addr;		/* linear */
	uint64_t vcpus;		/* bit set */
};

/* What a vCPU's debug control should be. */
struct vcpu_debug {
	bool step;
	bool block_irqs;	/* hold interrupts off while stepping, where KVM can */
	bool exec;		/* execution slots are live */
	bool data;		/* data slots are live */
	bool byte;		/* planted break instructions come to us */
};

/* A debug exit, decoded. */
struct debug_exit {
	uint64_t pc;		/* linear */
	bool step, byte;
	unsigned slots;		/* bit set of the slots that hit */
	uint64_t status, control; /* DR6, DR7 */
	uint32_t exception;
};

/* An instruction about to be executed, as far as stepping cares. */
enum insn_class {
	INSN_CLASS_OTHER,
	INSN_CLASS_PLAIN,	/* surely leaves segment and control registers alone, unless it faults */
	INSN_CLASS_HALT,
	INSN_CLASS_SOFT_IRQ,
	INSN_CLASS_VMCALL,
};

/* What the self-test guest found out about this host's KVM (stop mechanisms). */
struct mech_support {
	bool step;
	bool step_lasts;	/* also after an instruction KVM emulated, without being told again */
	bool break_dr, watch_dr;
	bool break_byte;	/* a planted break instruction gives a debug exit */
	bool byte_by_failure;	/* or stops KVM with its pc on the byte */
	bool readonly;		/* a write to a read-only slot exits */
};

enum irqchip_kind { IRQCHIP_KIND_OFF, IRQCHIP_KIND_SPLIT, IRQCHIP_KIND_KERNEL };

struct machine {
	const struct arch *arch;
	/* Hosts that can not: the error that says why; every other slot is NULL then. */
	struct error *(*unsupported)(void);

	const struct arch *(*arch_of)(const struct boot_state *boot); /* of a guest, where they differ */
	unsigned long vm_type;		/* of KVM_CREATE_VM */
	unsigned boot_modes;		/* bit set of enum boot_mode */
	enum flat_mode flat_mode;	/* of a flat image, when nothing else was asked for */
	bool irqchip_starts_vcpus;	/* without interrupt chips there is one vCPU */
	unsigned nslots;		/* debug register slots */
	const uint8_t *break_insn;	/* planted for a BYTE breakpoint */
	unsigned break_len;
	uint64_t ram_hole_start, ram_hole_end; /* guest-physical addresses that are never RAM */

	/* ---- the machine; main thread ---- */
	struct error *(*vm_create)(struct vm *vm);	/* before vCPUs: interrupt chips, fixed addresses */
	void (*vm_destroy)(struct vm *vm);
	/* The image is loaded, vCPUs exist and are parked, none was reset yet: puts what the firmware would
	 * hand over into guest memory. NULL: nothing. */
	struct error *(*boot_prepare)(struct vm *vm);
	struct error *(*vm_reset)(struct vm *vm);	/* chips to their power-on state; all vCPUs parked */
	void (*irq_set)(struct vm *vm, unsigned gsi, bool level); /* any thread */
	void (*msi)(struct vm *vm, uint64_t addr, uint32_t data); /* any thread; NULL: no such interrupts */
	struct error *(*vm_state)(struct vm *vm, enum state_kind kind, unsigned index, void *buf,
				  size_t size, size_t *ret_len);
	/* target_ops.xive_act; NULL: no XIVE. All vCPUs parked. */
	struct error *(*xive_act)(struct vm *vm, enum xive_act act, uint32_t lisn, uint8_t *ret_old);

	/* What is caught changed, all vCPUs are parked: lets the guest exit where it did not need to before.
	 * NULL: nothing. */
	struct error *(*plan)(struct vm *vm);

	/* ---- a vCPU; its own thread ---- */
	struct error *(*vcpu_create)(struct vcpu *v);	/* CPUID, defaults; remembers the power-on state */
	void (*vcpu_destroy)(struct vcpu *v);		/* main thread, after the thread ended */
	/* Power-on state; vCPU 0 then starts as @boot says, others wait to be started. */
	struct error *(*vcpu_reset)(struct vcpu *v, const struct boot_state *boot);
	/* Makes the parked accessors below exact (no-op when KVM shares its registers). */
	void (*sync)(struct vcpu *v);
	/* The next KVM_RUN need (not) share segment and control registers: a step over a plain instruction
	 * is cheaper without. A change of what pc depends on is noticed all the same. */
	void (*lazy)(struct vcpu *v, bool on);
	/* Makes all of REGS_CORE exact after lazy steps. */
	void (*refresh)(struct vcpu *v);
	enum vcpu_state (*activity)(struct vcpu *v);	/* STOPPED, HALTED, WAITING */
	int (*debug_set)(struct vcpu *v, const struct vcpu_debug *debug); /* 0 or errno */
	void (*debug_decode)(struct vcpu *v, struct debug_exit *ret); /* and sync() */
	/* Where KVM can not step: plants break instructions at all places the instruction at @pc may lead to
	 * (false: one of them is not in memory), and takes them out again after the step, which ended at
	 * pc(). All other vCPUs are parked and no other plant is live in between. NULL: KVM steps. */
	bool (*step_plant)(struct vcpu *v, uint64_t pc, bool block_irqs);
	void (*step_unplant)(struct vcpu *v);
	/* A debug exit that is the guest's own affair: hands it to the guest. */
	void (*debug_inject)(struct vcpu *v, const struct debug_exit *debug);
	/* Exits of this architecture: true when handled (*ret_stop: fill @report and stop). */
	bool (*exit)(struct vcpu *v, struct stop_report *report, bool *ret_stop);
	/* MMIO exits only this architecture knows; NULL: none. As exit(). */
	bool (*mmio)(struct vcpu *v, struct stop_report *report, bool *ret_stop);
	/* Before each KVM_RUN when @needs_enter of the vCPU is set: interrupts of user-space chips. */
	void (*enter)(struct vcpu *v);
	/* The vCPU executed its halt instruction and user space must wait: true when something can wake it
	 * now, *ret_never when nothing ever can. */
	bool (*halt_wakes)(struct vcpu *v, bool *ret_never);
	/* A halt instruction at @pc was stepped: some KVMs lose the halt to the debug exit. Makes it stand;
	 * false when an interrupt was taken instead. */
	bool (*halt)(struct vcpu *v, uint64_t pc);
	/* Steps the halt instruction in @code without KVM: its emulator keeps a request to halt when a single
	 * step ends before it is served, and serves it at some later instruction. False: not a halt, or
	 * one that KVM must judge. */
	bool (*step_halt)(struct vcpu *v, const uint8_t *code, size_t len);
	/* A vCPU halted in KVM: may anything still wake it? */
	bool (*can_wake)(struct vcpu *v);
	struct error *(*regs_read)(struct vcpu *v, unsigned groups, struct regs *ret);
	struct error *(*reg_write)(struct vcpu *v, unsigned reg, const void *data, size_t len);
	struct error *(*translate)(struct vcpu *v, uint64_t gva, uint64_t *ret_gpa);
	struct error *(*vcpu_state)(struct vcpu *v, enum state_kind kind, void *buf, size_t size,
				    size_t *ret_len);

	/* ---- a vCPU; its own thread or parked ---- */
	uint64_t (*pc)(const struct vcpu *v);		/* linear */
	uint64_t (*sp)(const struct vcpu *v);		/* linear */
	bool (*reg_get)(const struct vcpu *v, unsigned reg, uint64_t *ret); /* REGS_CORE only, whole */
	void (*regs_core)(const struct vcpu *v, struct regs *ret); /* fills REGS_CORE */
	/* Cheap identity of the translation mode: changes whenever page walks may. */
	uint64_t (*mmu_key)(const struct vcpu *v);
	enum insn_class (*classify)(const struct vcpu *v, const uint8_t *code, size_t len);
	/* After a step from @old_pc (linear; flags and sp as before it): did an interrupt or exception
	 * handler start? Reads guest memory through @mem. */
	bool (*step_interrupted)(struct vcpu *v, const struct mem_reader *mem, uint64_t old_pc,
				 uint64_t old_sp);
	uint32_t (*hw_id)(const struct vcpu *v);

	/* Runs a throw-away VM to see which stop mechanisms work. @kvm_fd: /dev/kvm. */
	struct error *(*selftest)(int kvm_fd, struct mech_support *ret);
	/* Doctor checks of this architecture, ended by a NULL name. */
	const struct doctor_check *checks;
	/* There is no /dev/kvm: what the user can do about it. Caller frees. */
	char *(*missing_kvm)(void);
};

extern const struct machine machine_host;
