/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A target: something with vCPUs, registers, memory and run control. A live guest, a recording at a
 * point in time, a dump and the tests' fake implement this one vector; a NULL slot means "not supported
 * here" and the wrappers below say so in one wording. Commands, panels, decoders and unwinders know
 * only this.
 *
 * All calls come from the main thread. None of them waits for a *running* vCPU for long: reading a
 * running guest gives last-known registers (marked stale) and memory as it is at that moment.
 *
 *	   resume()                          a stop condition, a finished step, interrupt()
 *	STOPPED ----------> RUNNING ----------------------------------> STOPPING ----> STOPPED
 *	   ^                                                        (all vCPUs park)      |
 *	   |                                                                stop_take() gives the report
 *	   +-- ENDED: the guest powered off, exited or was killed; registers and memory stay readable
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/arch/arch.h"
#include "core/base/error.h"
#include "core/event/event.h"
#include "core/expr/expr.h"
#include "core/target/state.h"

struct target;
struct event_store;

enum target_state { TARGET_STOPPED, TARGET_RUNNING, TARGET_STOPPING, TARGET_ENDED };

enum vcpu_state {
	VCPU_STOPPED,	/* parked by us */
	VCPU_RUNNING,
	VCPU_HALTED,	/* in hlt, waits for an interrupt */
	VCPU_WAITING,	/* waits for INIT/SIPI (or start-cpu): never run yet, or reset */
	VCPU_DEAD,	/* triple fault, failed entry */
};

struct vcpu_info {
	unsigned index;		/* 0.. */
	uint32_t hw_id;		/* APIC id, server number */
	enum vcpu_state state;	/* the guest's view once stopped: WAITING, HALTED, else STOPPED */
	pid_t tid;
	uint64_t exits;		/* to user space, since creation */
	uint64_t pc;		/* linear, last known */
	bool stale;		/* pc is from the last stop or exit, the vCPU runs */
};

enum mem_kind { MEM_RAM, MEM_ROM, MEM_MMIO, MEM_PORT };

struct mem_region {
	uint64_t start, len;
	enum mem_kind kind;
	char name[32];		/* "ram", "uart0" */
	int slot;		/* KVM memslot, -1 none */
};

/* ---- stop conditions ------------------------------------------------------------------------- */

enum stop_kind { STOP_KIND_BREAK, STOP_KIND_WATCH, STOP_KIND_CATCH };

/* How a stop condition is kept, from cheap to costly; a self-test tells which work here. */
enum stop_mech {
	STOP_MECH_NONE,
	STOP_MECH_DR,		/* a debug register slot on every vCPU */
	STOP_MECH_BYTE,		/* a planted breakpoint instruction */
	STOP_MECH_PAGE,		/* page protection of guest memory */
	STOP_MECH_STEP,		/* single steps and compares: always works, slow */
	STOP_MECH_EVENT,	/* decided on the exit itself */
};
const char *stop_mech_name(enum stop_mech mech);

enum { STOP_READ = 1, STOP_WRITE = 2, STOP_RW = 3 };

/* What the target needs to arm one. Strings and programs are borrowed until stop_disarm(). */
struct stop_spec {
	unsigned id;		/* the user's number; also names it in reports; internal ones >= 1<<30 */
	enum stop_kind kind;
	bool physical;		/* @addr is guest-physical */
	uint64_t addr, len;	/* BREAK: linear address; WATCH: range */
	unsigned access;	/* WATCH: STOP_READ | STOP_WRITE */
	enum stop_mech want;	/* NONE: any; DR for hbreak/hwatch */
	int vcpu;		/* -1: any */
	bool temporary;		/* disarms itself when it stops the guest */
	bool has_sp_above;	/* only when sp > @sp_above (finish, nexti in recursion) */
	uint64_t sp_above;
	struct expr_prog *cond;	/* NULL: always; the spec owns no reference, the target takes its own */
	uint64_t ignore;	/* passes over the first N hits whose condition holds */
	/* CATCH: schema ids that stop (VMM_EXIT_IO ...), as a bit set over enum vmm_event. */
	uint64_t catch_events;
};

struct stop_status {
	enum stop_mech mech;
	uint64_t hits;		/* address or event reached, condition true */
	uint64_t checked;	/* condition evaluated */
};

/* ---- runs and stops -------------------------------------------------------------------------- */

enum run_kind { RUN_CONTINUE, RUN_STEP };

struct run_request {
	enum run_kind kind;
	unsigned vcpu;		/* RUN_STEP: the one that steps; the others stay parked */
	uint64_t count;		/* RUN_STEP: instructions */
	uint64_t range_lo, range_hi; /* RUN_STEP: when hi > lo, goes on (up to @count) while pc is inside */
	bool let_irqs;		/* RUN_STEP: false holds interrupts off */
	bool all;		/* RUN_STEP: the other vCPUs run meanwhile */
};

enum stop_reason {
	STOP_STARTED,		/* created, before the first instruction */
	STOP_STEP,		/* steps done (or left the range) */
	STOP_BREAK,
	STOP_WATCH,
	STOP_CATCH,
	STOP_INTERRUPT,		/* the user asked */
	STOP_GUEST_EXIT,	/* isa-debug-exit, power off: @exit_code */
	STOP_RESET,		/* the guest asked for a reset */
	STOP_SHUTDOWN,		/* triple fault */
	STOP_HALTED,		/* every vCPU halted with nothing that can wake it */
	STOP_ERROR,		/* an exit vmscope can not handle: @event has everything known */
	STOP_COND_FAULT,	/* a condition could not be evaluated: @text says why */
	STOP_KILLED,
	STOP_TRAVEL,		/* moved to another time: @text says where */
};

struct stop_report {
	enum stop_reason reason;
	unsigned vcpu;		/* which one caused it */
	unsigned id;		/* stop condition, 0 none */
	uint64_t pc;		/* linear */
	uint64_t steps;		/* steps done by this run */
	uint64_t time_ns;
	int exit_code;		/* GUEST_EXIT: the process exit status rule of isa-debug-exit */
	bool stepped_irq;	/* the step ran into an interrupt or exception handler */
	uint64_t watch_addr, watch_old, watch_new; /* WATCH */
	unsigned watch_len;
	char text[200];		/* one sentence */
	union {			/* CATCH, ERROR: the event itself; event.size 0: none */
		struct event event;
		uint8_t event_bytes[EVENT_SIZE_MAX];
	};
};
const char *stop_reason_name(enum stop_reason reason); /* "breakpoint", "step", ... */

/* ---- other times ----------------------------------------------------------------------------- */

enum travel_kind {
	TRAVEL_TIME,	/* to @time_ns */
	TRAVEL_EVENT,	/* to right after event number @n */
	TRAVEL_NEXT,	/* @n events on, or back */
	TRAVEL_STOP,	/* to the next stop condition that holds (none armed: the next recorded stop), or the last */
	TRAVEL_FIND,	/* to the next event that @match takes, or the last */
	TRAVEL_STEP,	/* @n instructions of @vcpu */
};

/* A way to another time; @match is asked until the stop is reported, then @done(@ctx) is called (NULL: not). */
struct travel {
	enum travel_kind kind;
	bool back;
	uint64_t time_ns, n;
	unsigned vcpu;
	bool (*match)(void *ctx, const struct event *event, const struct schema *schema);
	void (*done)(void *ctx);
	void *ctx;
};

/* ---- the vector ------------------------------------------------------------------------------ */

struct target_ops {
	const char *name;	/* "kvm", "fake", "recording" */
	void (*destroy)(struct target *t);

	unsigned (*vcpu_count)(struct target *t);
	struct error *(*vcpu_info)(struct target *t, unsigned vcpu, struct vcpu_info *ret);

	/* Fills @groups (others left as they are). A running vCPU gives what its last exit left and sets
	 * *ret_stale. @index by arch's register ids. */
	struct error *(*regs_read)(struct target *t, unsigned vcpu, unsigned groups,
				   struct regs *ret, bool *ret_stale);
	/* One whole register, little-endian bytes; stopped vCPUs only. */
	struct error *(*reg_write)(struct target *t, unsigned vcpu, unsigned reg, const void *data,
				   size_t len);

	/* Guest-physical memory. ERROR_FAULT names the first address that is not memory. Planted bytes
	 * never show. Never touches devices. */
	struct error *(*phys_read)(struct target *t, uint64_t gpa, void *buf, size_t len);
	struct error *(*phys_write)(struct target *t, uint64_t gpa, const void *buf, size_t len);
	/* The memory itself, for searches: host pointer and contiguous length from @gpa, or NULL.
	 * It may show planted bytes and changes under the reader. */
	const void *(*phys_ptr)(struct target *t, uint64_t gpa, size_t *ret_len);
	/* The @i-th region, sorted by address; false past the end. Ports after memory. */
	bool (*region)(struct target *t, unsigned i, struct mem_region *ret);
	/* The CPU's own idea of a translation (KVM_TRANSLATE): oracle for tests, never a shortcut. */
	struct error *(*translate)(struct target *t, unsigned vcpu, uint64_t gva, uint64_t *ret_gpa);

	/* Named state in our own layouts (state.h): LAPIC, IOAPIC, ... */
	struct error *(*state_get)(struct target *t, enum state_kind kind, unsigned index, void *buf,
				   size_t size, size_t *ret_len);
	/* Does @act to the XIVE source @lisn, on the real ESB pages; asked for by the user only. The state
	 * (PQ) before goes to *ret_old. Works on a stopped guest. */
	struct error *(*xive_act)(struct target *t, enum xive_act act, uint32_t lisn, uint8_t *ret_old);

	enum target_state (*state)(struct target *t);
	struct error *(*resume)(struct target *t, const struct run_request *req);
	struct error *(*interrupt)(struct target *t); /* returns at once; the stop is reported */
	struct error *(*kill)(struct target *t);      /* ENDED; idempotent */
	struct error *(*reset)(struct target *t);     /* back to STOP_STARTED with the same image */
	int (*stop_fd)(struct target *t);	/* becomes readable when a report waits */
	bool (*stop_take)(struct target *t, struct stop_report *ret);

	struct error *(*stop_arm)(struct target *t, const struct stop_spec *spec);
	struct error *(*stop_disarm)(struct target *t, unsigned id);
	struct error *(*stop_update)(struct target *t, unsigned id, struct expr_prog *cond, uint64_t ignore);
	bool (*stop_status)(struct target *t, unsigned id, struct stop_status *ret);

	/* Moves new events to the store, at most @max; returns how many. @event_fd: readable (rarely, on
	 * fill level) when draining is due; otherwise a timer polls. -1: none. */
	unsigned (*events_drain)(struct target *t, struct event_store *store, unsigned max);
	int (*event_fd)(struct target *t);

	/* To another time; ends with a report like resume(). A recording, or a guest whose steps are recorded
	 * (TRAVEL_STEP and TRAVEL_STOP, back). On an error @travel->done is not called. */
	struct error *(*travel)(struct target *t, const struct travel *travel);

	/* From now on each single step is kept so that it can be undone, in at most @bytes of memory (the
	 * oldest go); 0: no more. */
	struct error *(*steps_record)(struct target *t, uint64_t bytes);
	/* How many can be undone, how many were dropped for room, and what ends the way back; false: off. */
	bool (*steps_status)(struct target *t, uint64_t *ret_steps, uint64_t *ret_dropped);

	/* Bytes typed at the guest's console. */
	struct error *(*console_input)(struct target *t, const void *data, size_t len);
};

struct target {
	const struct target_ops *ops;
	const struct arch *arch;
	char *title;		/* "demo", the image's name */
};

/* ---- wrappers: give NULL slots their meaning --------------------------------------------------- */

void target_destroy(struct target *t); /* NULL is fine */
enum target_state target_state(struct target *t);
unsigned target_vcpu_count(struct target *t);
struct error *target_vcpu_info(struct target *t, unsigned vcpu, struct vcpu_info *ret);
struct error *target_regs_read(struct target *t, unsigned vcpu, unsigned groups, struct regs *ret,
			       bool *ret_stale);
struct error *target_reg_write(struct target *t, unsigned vcpu, unsigned reg, const void *data, size_t len);
struct error *target_phys_read(struct target *t, uint64_t gpa, void *buf, size_t len);
struct error *target_phys_write(struct target *t, uint64_t gpa, const void *buf, size_t len);
struct error *target_state_get(struct target *t, enum state_kind kind, unsigned index, void *buf,
			       size_t size, size_t *ret_len);
struct error *target_xive_act(struct target *t, enum xive_act act, uint32_t lisn, uint8_t *ret_old);
struct error *target_resume(struct target *t, const struct run_request *req);
struct error *target_interrupt(struct target *t);
struct error *target_travel(struct target *t, const struct travel *travel);
struct error *target_kill(struct target *t);
struct error *target_reset(struct target *t);
struct error *target_stop_arm(struct target *t, const struct stop_spec *spec);
struct error *target_stop_disarm(struct target *t, unsigned id);
struct error *target_console_input(struct target *t, const void *data, size_t len);

/* Guest-virtual memory as @vcpu translates it (with @regs holding at least REGS_CORE), page by page.
 * Reads as far as it can: *ret_done bytes were copied when an error names the address that failed. */
struct error *target_virt_read(struct target *t, const struct regs *regs, uint64_t gva, void *buf,
			       size_t len, size_t *ret_done);
struct error *target_virt_write(struct target *t, const struct regs *regs, uint64_t gva,
				const void *buf, size_t len, size_t *ret_done);
struct error *target_walk(struct target *t, const struct regs *regs, uint64_t gva, struct mmu_walk *ret);

/* A mem_reader over a target and a register set, both borrowed. */
struct target_reader {
	struct target *target;
	const struct regs *regs;
};
struct mem_reader target_reader(struct target_reader *ctx);
