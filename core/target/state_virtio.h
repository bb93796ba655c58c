/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * State blobs of virtio devices (state.h's rules: little-endian, version first, stored as they are in
 * recordings). Device numbers count from 0 without holes: the first index that is ERROR_NOT_FOUND ends
 * the list. A producer that does not know a field leaves it 0 or at the "unknown" value named here;
 * new fields go at the end (readers take what is there) or into a pad.
 *
 *	STATE_VIRTIO_DEVICE	index: device number
 *	STATE_VIRTIO_QUEUE	index: state_virtio_index(device, queue)
 *	STATE_VIRTIO_INFLIGHT	the same index: what the device has taken and not given back
 *	STATE_VIRTIO_IOVA	index: device number; only for devices with a translation of their own
 */
#pragma once

#include <stdint.h>

#define STATE_VIRTIO_DEVICES_MAX 256	/* readers stop there */
#define STATE_VIRTIO_QUEUES_MAX 1024	/* of one device; virtio 1.2, 4.1.4.3 allows 64 Ki, nobody has them */
#define STATE_VIRTIO_INFLIGHT_MAX 256	/* entries in a blob: the oldest */
#define STATE_VIRTIO_IOVA_MAX 64
#define STATE_VIRTIO_NO_VECTOR 0xffff	/* VIRTIO_MSI_NO_VECTOR */

static inline unsigned state_virtio_index(unsigned device, unsigned queue)
{
	return device << 16 | (queue & 0xffff);
}

enum state_virtio_transport {
	STATE_VIRTIO_MMIO,		/* virtio-mmio, version 2 */
	STATE_VIRTIO_MMIO_LEGACY,	/* virtio-mmio, version 1 */
	STATE_VIRTIO_PCI,		/* modern */
	STATE_VIRTIO_PCI_LEGACY,	/* or the legacy side of a transitional device */
	STATE_VIRTIO_OTHER,		/* CCW, vDPA; a VM of others whose transport nobody told */
};

/* state_virtio_device.flags */
#define STATE_VIRTIO_GUEST_BE 0x1	/* legacy fields are big-endian: the guest was when it reset the device */
#define STATE_VIRTIO_MSIX 0x2		/* MSI-X is enabled: vectors mean table entries, else @gsi is used */
#define STATE_VIRTIO_HAS_IOVA 0x4	/* addresses in rings go through STATE_VIRTIO_IOVA */
#define STATE_VIRTIO_NO_CONFIG 0x8	/* the config space is not known (a VM of others) */
#define STATE_VIRTIO_NO_COUNTERS 0x10	/* kicks, irqs, requests, times are not known (a VM of others) */

struct state_virtio_device {
	uint32_t version;
	uint16_t device;		/* its number, the index */
	uint16_t virtio_id;		/* 1 net, 2 blk, ... */
	char name[16];			/* "blk0", NUL-terminated */
	uint8_t transport;		/* enum state_virtio_transport */
	uint8_t status;			/* the status byte */
	uint8_t isr;			/* bit 0 queue, bit 1 config */
	uint8_t config_generation;
	uint16_t nqueues;
	uint16_t config_len;		/* bytes of @config that are the device's */
	uint64_t offered[2], driver[2];	/* feature bits 0..127 */
	uint32_t flags;
	uint32_t gsi;			/* INTx or mmio interrupt; ~0 none or unknown */
	uint16_t config_vector;		/* MSI-X, STATE_VIRTIO_NO_VECTOR none */
	uint16_t pci_bdf;		/* bus << 8 | device << 3 | function */
	uint32_t base_len;
	uint64_t base;			/* gpa of the registers: the mmio window or the BAR with the common config */
	uint64_t resets;		/* status = 0 writes */
	uint64_t now_ns;		/* CLOCK_MONOTONIC when this was taken */
	uint8_t config[256];
	char backend[96];		/* "disk.img, 64 MiB, raw": for people */
};

/* state_virtio_queue.flags */
#define STATE_VIRTQ_READY 0x1		/* enabled by the driver */
#define STATE_VIRTQ_PACKED 0x2
#define STATE_VIRTQ_AVAIL_WRAP 0x4	/* packed: the device's wrap counter for what it takes */
#define STATE_VIRTQ_USED_WRAP 0x8	/* packed: ... and for what it gives back */
#define STATE_VIRTQ_SIGNALLED 0x10	/* @signalled_used is valid */
#define STATE_VIRTQ_KICKS_OFF 0x20	/* the device asked for no notifications */
#define STATE_VIRTQ_BROKEN 0x40		/* the device gave up on this queue; @broken_rule says why */
#define STATE_VIRTQ_NO_INDICES 0x80	/* last_avail and used_idx are not known (a VM of others) */

struct state_virtio_queue {
	uint32_t version;
	uint16_t device, queue;
	char role[16];			/* "requests0", "rx", "tx", "control" */
	uint32_t flags;
	uint16_t size, max;		/* entries */
	uint64_t desc;			/* descriptor table or packed ring (before any IOVA translation) */
	uint64_t avail;			/* avail ring; packed: the driver's event suppression structure */
	uint64_t used;			/* used ring; packed: the device's event suppression structure */
	uint16_t last_avail;		/* split: index of the next avail entry the device reads, free running;
					 * packed: offset in the ring */
	uint16_t used_idx;		/* split: what the device last wrote to used.idx; packed: offset of the
					 * next used descriptor */
	uint16_t signalled_used;	/* used index (packed: offset) at the last interrupt decision */
	uint16_t avail_event;		/* EVENT_IDX: what the device last wrote there; packed: off_wrap */
	uint16_t vector;		/* MSI-X, STATE_VIRTIO_NO_VECTOR none */
	uint16_t broken_rule;		/* 1..18: RIxx */
	uint32_t inflight;		/* taken, not given back */
	uint64_t kicks;			/* doorbells from the driver */
	uint64_t irqs, irqs_suppressed;	/* interrupts sent; not sent because the driver did not want them */
	uint64_t requests;		/* buffers taken since the device's reset */
	uint64_t completed;		/* given back */
	uint64_t bytes_read, bytes_written; /* by the device: from and to the driver's buffers */
	uint64_t looks;			/* times the device read avail.idx (or the next descriptor's flags) */
	uint64_t oldest_ns;		/* CLOCK_MONOTONIC when the oldest in flight was taken, 0 none */
	uint64_t last_kick_ns, last_look_ns, last_used_ns, last_irq_ns; /* 0 never */
	uint64_t now_ns;		/* when this was taken */
	uint64_t findings;		/* virtio.finding events of this queue */
	uint64_t doorbell;		/* gpa or port the driver writes to notify */
};

struct state_virtio_inflight_entry {
	uint64_t seq;			/* state_virtio_queue.requests when it was taken: 0, 1, ... */
	uint64_t picked_ns;
	uint16_t head;			/* split: descriptor index; packed: offset in the ring where it starts */
	uint16_t id;			/* packed: buffer id; split: as @head */
	uint16_t ndesc;			/* entries in the ring's table (an indirect one is 1) */
	uint16_t pad;
};

struct state_virtio_inflight {
	uint32_t version;
	uint32_t count;			/* entries here */
	uint32_t total;			/* in flight, maybe more than @count */
	uint32_t pad;
	struct state_virtio_inflight_entry entry[];	/* oldest first */
};

#define STATE_VIRTIO_IOVA_READ 1	/* the device may read */
#define STATE_VIRTIO_IOVA_WRITE 2
struct state_virtio_iova_entry {
	uint64_t iova, len, gpa;
	uint32_t access, pad;
};

struct state_virtio_iova {
	uint32_t version;
	uint32_t count;
	struct state_virtio_iova_entry entry[];
};
