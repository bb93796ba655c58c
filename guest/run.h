/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Run control: all-stop over the vCPUs.
 *
 *	           run_resume()              first report, run_interrupt(), run_kill()
 *	STOPPED -----------------> RUNNING --------------------------------------------> STOPPING
 *	   ^                        ^   | hold: everything parks, the run goes on later      |
 *	   |                        +---+                                                    | last vCPU
 *	   +------------------------------------------------------------------ or ENDED <----+ parked
 *
 * The first report of a run is the one delivered; what other vCPUs hit before they park is kept with
 * them and delivered by the next resume.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/target/target.h"

struct vm;
struct vcpu;

struct run {
	pthread_mutex_t lock;	/* guards everything here and the vCPUs' go, parked, call, pending */
	pthread_cond_t settled;	/* a vCPU parked, a call ended, an exclusive section ended */
	enum target_state state;
	unsigned active;	/* vCPUs that are not parked */
	unsigned hold;		/* parked for a moment: by the main thread or an exclusive section */
	struct vcpu *exclusive;	/* the one vCPU that may run while the others are held */
	uint64_t served;	/* exclusive sections so far */
	struct run_request request;
	bool has_report, delivered;
	struct stop_report report;
	int stop_fd;
	bool reset_next;	/* the guest asked for a reset: the next resume does it first */
	pthread_mutex_t time_lock;	/* guards the two; taken last */
	uint64_t clock_base, clock_stopped; /* guest time: see run_clock_ns() */
};

struct error *run_init(struct run *run);
void run_deinit(struct run *run);

/* Main thread. */
struct error *run_resume(struct vm *vm, const struct run_request *req);
struct error *run_interrupt(struct vm *vm);
/* Ends the guest for good; returns when every vCPU is parked. */
void run_kill(struct vm *vm, enum stop_reason reason);
bool run_take(struct vm *vm, struct stop_report *ret);
/* Parks everything for a moment (or finds it parked), and lets it go on. Nothing is reported. */
void run_hold(struct vm *vm);
void run_release(struct vm *vm);
/* A stop that did not come from running: STARTED after create and reset. Everything is parked. */
void run_post(struct vm *vm, const struct stop_report *report);

/* A vCPU's thread: it hit something. The vCPU then parks by itself. */
void run_report(struct vcpu *v, const struct stop_report *report);
/* Any thread: end the run with @report; its pc is filled when the vCPUs have parked. */
void run_request_stop(struct vm *vm, const struct stop_report *report);
/* The vCPU's thread marks itself parked (lock held). */
void run_parked(struct vcpu *v);
/* A vCPU's thread: parks all others (true), or was itself asked to park meanwhile (false). */
bool run_exclusive_begin(struct vcpu *v);
void run_exclusive_end(struct vcpu *v);

/* Guest time: CLOCK_MONOTONIC without the time the guest was stopped. Any thread. */
uint64_t run_clock_ns(struct vm *vm);
void run_clock_reset(struct vm *vm); /* guest time starts again at 0, stopped */
