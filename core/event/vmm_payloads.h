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
enum { VMM_DROP_RING /* the producer's ring was full */, VMM_DROP_STORE /* the record was malformed */,
       VMM_DROP_WRITER /* a recording did not keep up */ };

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
/* A hypercall of a POWER guest that came to user space: r3 in and out, r4..r9 in, r4..r9 out. */
struct vmm_exit_hcall { VMM_EXIT_COMMON uint64_t nr; int64_t ret; uint64_t args[6], out[6]; };
/* An H_INT_* hypercall, its arguments by name; what it does not have is ~0. */
struct vmm_exit_xive_hcall {
	VMM_EXIT_COMMON uint64_t nr; int64_t ret; uint64_t flags; uint32_t lisn, server, priority, eisn;
	uint64_t qaddr; uint32_t qsize /* log2 of bytes */, offset /* H_INT_ESB */; uint64_t data;
};
/* Who did something to a XIVE source: values of @origin. */
enum { VMM_XIVE_GUEST /* trapped access, or H_INT_ESB */, VMM_XIVE_DEVICE /* a device model */,
       VMM_XIVE_USER /* asked for at the prompt */, VMM_XIVE_INFERRED /* from queue and VP changes */ };
/* One operation on the ESB pages of a source, PQ before and after (0xff unknown). */
struct vmm_exit_xive_esb { VMM_EXIT_COMMON uint32_t lisn, eisn; uint8_t origin, pq_old, pq_new, forward; uint32_t offset; };
/* An entry that appeared in an event queue (always inferred). */
struct vmm_xive_notify { uint32_t lisn, eisn, server, priority, index, generation; };
struct vmm_stop { uint64_t pc; uint32_t reason; uint32_t id; uint64_t steps; };
struct vmm_resume { uint32_t kind; uint32_t pad; uint64_t count; };
struct vmm_vcpu { uint32_t state, apic_id; };
struct vmm_console { uint8_t port; uint8_t dir; uint16_t len; uint8_t data[244]; };
struct vmm_device { char device[16]; uint32_t what; uint32_t pad; uint64_t a, b; };
struct vmm_guest_exit { uint32_t code; uint32_t kind; };
struct vmm_drop { uint64_t count; uint32_t where; uint32_t pad; };

/*
 * Virtio queues. @name is the device's ("blk0"), @dev its number (state_virtio.h), @queue a queue's index.
 * Indices are as in the rings: free running with split rings; with packed ones offset | wrap << 15.
 * @seq counts a queue's buffers from 0 since the device's reset: it joins pick, used and irq.
 */
#define VMM_VIRTIO_COMMON char name[12]; uint16_t dev, queue;
#define VMM_VIRTIO_NO_QUEUE 0xffff	/* @queue: the config interrupt, or the device as a whole */

enum { VMM_VIRTIO_KICK_DOORBELL /* written by the guest */, VMM_VIRTIO_KICK_POLL /* found without one */ };

/* The device noticed a doorbell: @doorbells of them since it last looked (an eventfd adds them up). It
 * looks at the ring next; @avail_idx is what the ring said then, @last_avail what it had taken. */
struct vmm_virtio_kick {
	VMM_VIRTIO_COMMON
	uint16_t avail_idx, last_avail;
	uint16_t avail_event;	/* what the driver compared with */
	uint8_t source, kicks_off; /* @kicks_off: the driver had been asked not to */
	uint64_t doorbells;
};
/* A buffer was taken from the ring. It became available after @avail_after_ns (the device looked and it
 * was not there; 0: never looked before) and by @avail_by_ns (first seen). */
struct vmm_virtio_pick {
	VMM_VIRTIO_COMMON
	uint64_t seq, avail_after_ns, avail_by_ns;
	uint32_t readable, writable;	/* bytes of the buffer, cut at 4 GiB - 1 */
	uint16_t head, id;		/* id: packed rings, else as @head */
	uint16_t ndesc;			/* descriptors, those of an indirect table included */
	uint8_t indirect, head_len;
	uint16_t last_avail;		/* index (offset) it was taken at */
	uint16_t pad[3];
	uint8_t head_bytes[48];		/* the first bytes the device reads: a request's header, a CDB; @head_len */
};
/* A buffer was given back. */
struct vmm_virtio_used {
	VMM_VIRTIO_COMMON
	uint64_t seq;
	uint64_t service_ns;		/* since it was picked */
	uint32_t len;			/* as in the used entry */
	uint32_t inflight;		/* those still out */
	uint16_t head, id, used_idx;	/* used_idx: after this one */
	uint16_t status;		/* the request's own (blk status byte, scsi status | response << 8), 0xffff unknown */
};
/* The device decided about an interrupt after @batch buffers. */
struct vmm_virtio_irq {
	VMM_VIRTIO_COMMON
	uint64_t seq_end;		/* every seq below was given back before the decision, in order or not */
	uint16_t used_idx;		/* now */
	uint16_t signalled_used;	/* at the decision before */
	uint16_t used_event;		/* what the driver asked for (packed: off_wrap) */
	uint8_t sent, msix;		/* @sent 0: suppressed by the driver */
	uint32_t vector;		/* MSI-X entry or GSI */
	uint32_t batch;
};
/* A rule of core/decode/virtio/rules.def does not hold, as the device sees it. */
struct vmm_virtio_finding {
	VMM_VIRTIO_COMMON
	uint16_t rule;			/* 1..18: RIxx */
	uint16_t head;			/* of the chain, 0xffff none */
	uint16_t entry;			/* descriptor or ring entry that violates it */
	uint16_t index;			/* ring index at which it was found */
	uint64_t addr, len;		/* of the descriptor, or the two numbers compared */
	uint8_t fatal;			/* the device stopped the queue (NEEDS_RESET) */
	uint8_t pad[7];
	uint8_t bytes[16];		/* the descriptor or ring entry as read */
};
/* The driver wrote the status byte, or the device changed it. */
struct vmm_virtio_status {
	VMM_VIRTIO_COMMON
	uint8_t before, after, by_device, pad[5];
	uint64_t features_lo, features_hi; /* driver's, as they are now */
};
