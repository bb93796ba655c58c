/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Payload layouts of the VMM's own events; vmm_events.def describes each field for everybody else. Where
 * the last member is an array, a producer reserves only what it fills (offsetof + used bytes): the
 * event's payload_len ends it for readers.
 */
#pragma once

#include <stdint.h>

/* Values of vmm_guest_exit.kind (guest/device.h's enum guest_exit_kind, same order), vmm_console.dir and
 * vmm_drop.where. */
enum { VMM_GUEST_EXIT_DEBUG, VMM_GUEST_EXIT_POWEROFF, VMM_GUEST_EXIT_RESET };
enum { VMM_CONSOLE_OUT /* from the guest */, VMM_CONSOLE_IN /* typed */ };
enum { VMM_DROP_RING /* the producer's ring was full */, VMM_DROP_STORE /* the record was malformed */ };

/* Every exit starts with these: where the guest was, and what the exit cost in user space. */
#define VMM_EXIT_COMMON \
	uint64_t pc;		/* linear pc at the exit, 0 when not known */ \
	uint64_t handle_ns;	/* from KVM_RUN's return to the next KVM_RUN; 0 for the stop itself */

struct vmm_exit_io { VMM_EXIT_COMMON uint16_t port; uint8_t size, write; uint32_t count; uint64_t value; };
struct vmm_exit_mmio { VMM_EXIT_COMMON uint64_t gpa, value; uint32_t len; uint32_t write; };
struct vmm_exit_hlt { VMM_EXIT_COMMON };
struct vmm_exit_debug { VMM_EXIT_COMMON uint64_t dr6, dr7; uint32_t exception, pad; };
struct vmm_exit_msr { VMM_EXIT_COMMON uint32_t index, write; uint64_t value; };
struct vmm_exit_shutdown { VMM_EXIT_COMMON };
struct vmm_exit_fail_entry { VMM_EXIT_COMMON uint64_t reason; uint32_t cpu, pad; };
struct vmm_exit_internal { VMM_EXIT_COMMON uint32_t suberror, ndata; uint64_t data[16]; };
struct vmm_exit_system { VMM_EXIT_COMMON uint32_t type, ndata; uint64_t data[4]; };
struct vmm_exit_hypercall { VMM_EXIT_COMMON uint64_t nr, args[9], ret; };
struct vmm_exit_eoi { VMM_EXIT_COMMON uint32_t vector, pad; };
struct vmm_exit_unknown { VMM_EXIT_COMMON uint32_t reason, pad; uint64_t hardware; };
struct vmm_stop { uint64_t pc; uint32_t reason; uint32_t id; uint64_t steps; };
struct vmm_resume { uint32_t kind; uint32_t pad; uint64_t count; };
struct vmm_vcpu { uint32_t state, apic_id; };
struct vmm_console { uint8_t port; uint8_t dir; uint16_t len; uint8_t data[244]; };
struct vmm_device { char device[16]; uint32_t what; uint32_t pad; uint64_t a, b; };
struct vmm_guest_exit { uint32_t code; uint32_t kind; };
struct vmm_drop { uint64_t count; uint32_t where; uint32_t pad; };
