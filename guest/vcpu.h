/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A vCPU and its thread. The thread alone issues the vCPU's ioctls; others ask for a stop (run.h) or
 * post a call to a parked vCPU.
 *
 *	          run_resume(): go                      requests, a stop, the end of an order
 *	PARKED --------------------> in vcpu_execute() ---------------------------------------> PARKED
 *	  ^ |                                            (pending I/O completed, registers exact)
 *	  +-+ vcpu_call(): runs a function for the main thread
 *
 * A kick never gets lost: the kicker sets a bit of @requests, then kvm_run.immediate_exit, then sends
 * the signal. The thread clears immediate_exit first and looks at @requests after, so either it sees
 * the bit before KVM_RUN, or KVM_RUN returns at once, or the signal takes it out.
 */
#pragma once

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/event/ring.h"
#include "core/target/target.h"
#include "guest/arch/machine.h"

enum vcpu_request {
	VCPU_REQ_PARK = 1 << 0,
	VCPU_REQ_QUIT = 1 << 1,
	VCPU_REQ_LOOK = 1 << 2,	/* come out and look at what the watchdog or a device wants */
};

/* What a vCPU does when it goes: set by run_resume() while parked, consumed by the vCPU's thread. */
struct vcpu_order {
	enum run_kind kind;
	uint64_t left;		/* STEP: instructions still to do */
	uint64_t done;		/* steps done by this run */
	uint64_t range_lo, range_hi;
	bool let_irqs;
	bool entered_irq;	/* a step ran into a handler */
};

/* Where the code at pc lies, kept while the translation can not have changed. */
struct vcpu_fetch {
	uint64_t key, page;	/* machine.mmu_key, linear page */
	const uint8_t *host;	/* NULL: not cached */
	uint64_t gpa;
	unsigned nlevels;	/* page-table entries it came from, looked at again on each use */
	struct { const uint8_t *host; uint64_t value; } level[MMU_LEVELS_MAX];
};

struct vcpu_call {
	struct error *(*fn)(struct vcpu *v, void *ctx);
	void *ctx;
	struct error *error;
	bool done;
};

struct vcpu {
	struct vm *vm;
	unsigned index;
	int fd;
	struct kvm_run *run;
	size_t run_size;
	struct event_ring *ring;
	void *arch;		/* of machine_host */

	pthread_t thread;
	bool started;
	pid_t tid;

	_Atomic uint32_t requests;
	_Atomic uint64_t exits;
	_Atomic uint64_t last_pc;	/* linear; what a running vCPU shows */
	_Atomic bool halted_for_good;	/* as of the watchdog's last look */
	_Atomic uint32_t ring_fill;	/* bytes put into @ring since the last drain */

	/* The thread's own while it runs; the main thread's while it is parked. */
	bool io_pending;	/* KVM waits for the next KVM_RUN to complete an access */
	bool halted;		/* halted in user space (no in-kernel LAPIC) */
	bool needs_enter;	/* machine.enter() has work */
	bool may_halt;		/* it may wait in KVM for an interrupt or to be started */
	bool dead;
	enum vcpu_state activity;	/* as of the last stop */
	struct vcpu_debug debug;	/* what KVM was told */
	uint64_t debug_generation;	/* of the slots it was told */
	struct debug_exit last_debug;
	struct vcpu_order order;
	bool skip;		/* the breakpoint at skip_pc was seen: pass it once */
	uint64_t skip_pc;
	struct vcpu_fetch fetch, data;	/* of code; of what is watched */
	struct regs regs;	/* scratch of walks and conditions */
	uint64_t exit_time_ns;	/* KVM_RUN's return */
	uint64_t stall_pc;	/* of the watchdog's last look */
	unsigned stall_count, halt_looks;

	/* Guarded by vm->run.lock. */
	pthread_cond_t cond;
	bool go;		/* belongs to the run under way */
	bool parked;
	uint64_t served;	/* number of its last exclusive section */
	struct vcpu_call *call;
	bool entered_before;	/* order.entered_irq before the step under way (steps.c) */
	bool has_pending;	/* a hit that came second: reported by the next resume */
	struct stop_report pending;
};

/* Creates the vCPU, its ring and its thread, which parks at once. */
struct error *vcpu_create(struct vm *vm, unsigned index, struct vcpu **ret);
/* Asks the thread to end and waits for it. */
void vcpu_destroy(struct vcpu *v);
/* Makes the vCPU look at @request; callable from any thread, with or without run.lock. */
void vcpu_kick(struct vcpu *v, uint32_t request);
/* Runs @fn on the parked vCPU's thread and waits; ERROR_STATE when it runs. Main thread. */
struct error *vcpu_call(struct vcpu *v, struct error *(*fn)(struct vcpu *v, void *ctx), void *ctx);
/* The vCPU whose thread this is, or NULL. */
struct vcpu *vcpu_self(const struct vm *vm);

/* Guest-virtual memory as the vCPU sees it; its thread or parked. */
struct mem_reader vcpu_reader(struct vcpu *v);
/* One byte of guest-virtual memory, by the thread of a vCPU that is not in KVM_RUN. */
bool vcpu_write_byte(struct vcpu *v, uint64_t gva, uint8_t byte);
/* The watchdog asked: has this vCPU got anywhere since the last look? True: stop with @report. */
bool vcpu_look(struct vcpu *v, struct stop_report *report);
/* Remembers what the vCPU does now; a change is an event. Its thread. */
void vcpu_note_activity(struct vcpu *v, enum vcpu_state activity);
/* Host memory of the code at linear @pc, up to @max bytes of its page; NULL when not readable. */
const uint8_t *vcpu_fetch_code(struct vcpu *v, uint64_t pc, size_t *ret_len, uint64_t *ret_gpa);
