/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine: everything one guest consists of. Internal to guest/. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/vec.h"
#include "core/target/target.h"
#include "guest/arch/machine.h"
#include "guest/bus.h"
#include "guest/clock.h"
#include "guest/device.h"
#include "guest/guest.h"
#include "guest/memory.h"
#include "guest/run.h"
#include "guest/stops.h"
#include "guest/vcpu.h"

struct vm_caps {
	int api;
	bool sync_regs;
	uint32_t debug_mask;	/* KVM_CAP_SET_GUEST_DEBUG2 */
	bool readonly_mem, immediate_exit;
	unsigned max_vcpus;
};

struct step_log;

struct vm {
	struct target target;	/* first: the public face */
	const struct guest_config *config;
	int kvm_fd, fd;
	struct vm_caps caps;
	size_t run_size;
	struct memory mem;
	struct bus *bus;
	VEC(struct device *) devices;
	VEC(struct mem_region) regions;	/* sorted: memory, then ports */
	struct boot_state boot;
	uint8_t *image;		/* read from the file; NULL when embedded */
	struct image image_ref;
	unsigned nvcpus;	/* created */
	unsigned target_vcpus;	/* to be created: what CPUID tells */
	struct vcpu **vcpus;
	struct run run;
	struct stops stops;
	struct clock clock;
	pthread_key_t self;	/* the vCPU of a thread */
	bool has_self;
	int kick_signal;
	struct event_ring *misc;	/* events of other threads */
	pthread_mutex_t misc_lock;	/* makes @misc single-producer; guards misc_fill */
	uint32_t misc_fill;	/* bytes put into @misc since it was last empty */
	int event_fd;
	_Atomic bool event_signalled;	/* event_fd was written since the last drain */
	pthread_mutex_t spill_lock;	/* guards what follows: console output that found a ring full */
	_Atomic bool spilling;		/* there is some; written under the lock, looked at without */
	uint8_t *spill;			/* event records */
	size_t spill_len, spill_cap, spill_last;
	void *arch;			/* of machine_host */
	struct step_log *steps;		/* NULL: steps are not recorded; changed while all are parked */
	bool steps_back;		/* what is written now is a step that is undone */

	pthread_mutex_t irq_lock;	/* guards irq_holders and the lines that follow it */
	unsigned irq_holders[24];	/* devices that hold a shared line high */

	pthread_mutex_t exit_lock;	/* guards what follows: the guest ended itself */
	_Atomic bool exit_asked;	/* written under the lock, looked at without */
	enum guest_exit_kind exit_kind;
	int exit_code;
};

/* vm.c */
struct error *vm_create(const struct guest_config *config, struct vm **ret);
void vm_destroy(struct vm *vm);
/* Zeroes memory, loads the image again and puts every vCPU and device to its start. All parked. */
struct error *vm_reset(struct vm *vm);
int vm_ioctl(const struct vm *vm, unsigned long req, unsigned long arg);

/* machine.c: devices. */
struct error *vm_devices_create(struct vm *vm);
void vm_devices_destroy(struct vm *vm);
void vm_devices_reset(struct vm *vm);
/* Tells devices with threads that the machine stops (returns when they leave memory alone) or goes on. */
void vm_devices_run(struct vm *vm, bool running);
struct error *vm_virtio_state(struct vm *vm, enum state_kind kind, unsigned index, void *buf, size_t size,
			      size_t *ret_len);
struct error *vm_console_input(struct vm *vm, const void *data, size_t len);
/* The guest asked to end: true once, with the report for it. */
bool vm_exit_taken(struct vm *vm, struct stop_report *report);
static inline bool vm_exit_pending(struct vm *vm)
{
	return atomic_load_explicit(&vm->exit_asked, memory_order_relaxed);
}

/* events.c */
struct error *vm_events_create(struct vm *vm);
void vm_events_destroy(struct vm *vm);
/* From any thread; a vCPU's own goes into its ring. */
void vm_event(struct vm *vm, uint32_t schema, uint16_t vcpu, const void *payload, size_t len);
/* A vCPU's exit on its thread: @payload starts with VMM_EXIT_COMMON. True: a catchpoint stops. */
bool vcpu_exit_event(struct vcpu *v, uint32_t schema, void *payload, size_t len,
		     struct stop_report *report);
unsigned vm_events_drain(struct vm *vm, struct event_store *store, unsigned max);

/* exit.c: one KVM_RUN and what came of it. */
enum exit_next {
	EXIT_GO,	/* the guest can go on (or requests wait) */
	EXIT_DEBUG,	/* v->last_debug */
	EXIT_STOP,	/* the report is filled */
};
enum exit_next vcpu_enter(struct vcpu *v, struct stop_report *report);
/* Completes a pending access without running the guest further. */
enum exit_next vcpu_complete(struct vcpu *v, struct stop_report *report);

/* debug.c: runs the order of a vCPU until it has to park. */
void vcpu_execute(struct vcpu *v);
/* Tells KVM the debug control @want, when it is not what it knows. */
bool vcpu_debug_apply(struct vcpu *v, const struct vcpu_debug *want, struct stop_report *report);

/* target_live.c */
extern const struct target_ops target_live_ops;
enum target_state target_live_state(struct vm *vm);
