/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stop conditions as the VMM keeps them: which mechanism serves each, and the check on the vCPU's
 * thread. The list and the plan change only while every vCPU is parked (run_hold); running vCPUs read
 * them without a lock and write only the counters.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/vec.h"
#include "core/target/target.h"
#include "guest/arch/machine.h"

struct vm;
struct vcpu;

#define STOP_WATCH_MAX 4096	/* bytes one watchpoint may cover */

struct stop_entry {
	struct stop_spec spec;	/* cond: own reference */
	enum stop_mech mech;
	unsigned slots;		/* DR: bit set of the slots it uses */
	bool planted;		/* BYTE: in memory->plants at @gpa */
	uint64_t gpa;		/* BYTE, physical */
	atomic_bool fired;	/* temporary and done: ignored until removed; one vCPU only sets it */
	_Atomic uint64_t hits, checked, ignore_left;
	uint8_t *before;	/* WATCH: the bytes as last seen; guarded by stops.watch_lock */
};

struct stops {
	VEC(struct stop_entry *) list;
	struct hw_slot slot[HW_SLOTS_MAX];
	uint64_t generation;	/* counts changes of @slot */
	uint64_t catch_events;	/* union over the list */
	/* Threads of devices are not parked with the vCPUs: they read the list only with this lock, and
	 * main changes it only with it. Taken after a queue's lock; nothing is locked inside. */
	pthread_mutex_t event_lock;
	_Atomic uint64_t device_events;	/* @catch_events once more, for them */
	bool has_device_report;		/* a device's event is a stop: @device_report; event_lock */
	struct stop_report device_report;
	bool stepping;		/* something needs single steps */
	bool step_watch;	/* a watchpoint does */
	bool any_byte, any_slot;
	uint64_t bloom;		/* of break addresses */
	unsigned nbreaks;
	pthread_mutex_t watch_lock;	/* guards the watched bytes last seen */
	_Atomic uint64_t ticket, serving; /* one vCPU steps at a time while memory is compared */
	bool probed;
	struct mech_support support;
};

void stops_init(struct stops *stops);
void stops_deinit(struct stops *stops);

/* Main thread. */
struct error *stops_arm(struct vm *vm, const struct stop_spec *spec);
struct error *stops_disarm(struct vm *vm, unsigned id);
struct error *stops_update(struct vm *vm, unsigned id, struct expr_prog *cond, uint64_t ignore);
bool stops_status(struct vm *vm, unsigned id, struct stop_status *ret);
/* Everything parked: drops fired ones, gives each a mechanism, remembers watched bytes. */
void stops_plan(struct vm *vm);
/* After a reset, everything parked: where the breakpoints lie by the page tables there are now. */
void stops_relocate(struct vm *vm);
/* Takes the watched bytes as they are now: what the user writes is no change. */
void stops_remember(struct vm *vm);
struct stop_entry *stops_find(struct vm *vm, unsigned id);
/* Finds out (once) which mechanisms work here. */
struct error *stops_probe(struct vm *vm);

/* vCPU's thread. True: stop with @report. */
bool stops_hit_pc(struct vcpu *v, uint64_t pc, struct stop_report *report);
bool stops_hit_slots(struct vcpu *v, const struct debug_exit *debug, struct stop_report *report);
bool stops_hit_event(struct vcpu *v, const struct event *event, struct stop_report *report);
/* Any thread that is no vCPU: conditions may use the event's fields and guest-physical memory. True: the
 * report is kept; stops_take_device() gives it once. */
bool stops_hit_device(struct vm *vm, const struct event *event);
bool stops_take_device(struct vm *vm, struct stop_report *ret);
/* After a step of the instruction at @pc: compares what is watched by stepping. */
bool stops_hit_step(struct vcpu *v, uint64_t pc, struct stop_report *report);
/* Before a step: does the instruction at @pc read what a read or access watchpoint covers? */
bool stops_watch_reads(struct vcpu *v, uint64_t pc, struct stop_report *report);
bool stops_break_at(const struct stops *stops, uint64_t pc);
void stops_step_lock(struct stops *stops);
void stops_step_unlock(struct stops *stops);

/* The guest wrote @len bytes at @gpa of a protected page (they are in memory already). */
bool stops_hit_page(struct vcpu *v, uint64_t gpa, unsigned len, struct stop_report *report);

/* stops_eval.c: filters, condition, ignore count; counts. True: a real hit. */
bool stops_accept(struct vcpu *v, struct stop_entry *e, const struct event *event,
		  struct stop_report *report);
/* stops_watch.c */
void stops_watch_remember(struct vm *vm, struct stop_entry *e);
bool stops_watch_changed(struct vcpu *v, struct stop_entry *e, struct stop_report *report);

/* mech.c: the self-test's result, cached by boot id and kernel release. */
struct error *mech_probe(int kvm_fd, struct mech_support *ret);
