/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The device's side of a virtqueue (Virtio 1.2, 2.6 to 2.8), split or packed. The ring and everything it
 * points to are written by the guest while we read: a descriptor is copied once and then judged, a chain
 * is at most the queue's size long, and every piece of a buffer is checked to be RAM before anybody
 * sees it.
 *
 * Who: the transport sets a queue up on the vCPU's thread; one worker (virtio.h) serves it. Guest memory
 * is touched only between queue_enter() and queue_leave(): a reset or a stop of the machine on another
 * thread waits for that short section, never for a disk, and a worker that comes back later finds its
 * request gone (virtq_enter gives false).
 *
 *	NOT READY --queue_start()--> READY --a rule broken--> BROKEN (the device needs a reset)
 *	    ^                          |                         |
 *	    +------queue_stop()--------+-------------------------+
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guest/load/load.h"

struct virtio_dev;
struct virtq;

#define VIRTQ_SIZE_MAX 1024u	/* ours; the format allows 32768 */
#define VIRTQ_DESC_LEN 16u

/* One contiguous piece of a buffer, all of it RAM. */
struct virtq_seg {
	uint64_t gpa;
	uint8_t *host;
	uint32_t len;
};

/* A buffer as the driver made it available: what the device reads, then what it writes. */
struct virtq_chain {
	uint16_t id;		/* split: the head; packed: the buffer id */
	uint16_t head;		/* descriptor it starts at; packed: offset in the ring */
	uint16_t slots;		/* ring entries it takes (split: 1) */
	uint16_t ring_desc;	/* descriptors in the ring's own table (an indirect one is 1) */
	uint16_t index;		/* avail index (packed: offset) it was taken at */
	bool is_indirect;
	unsigned nout, nin;	/* seg[0..nout) readable, seg[nout..nout+nin) writable */
	uint64_t out_len, in_len;
	uint32_t generation;	/* of the queue when it was taken */
	uint64_t seq;		/* counts from the device's reset */
	uint64_t taken_ns;	/* host time, as the two: not there yet at _after_, there at _by_ */
	uint64_t avail_after_ns, avail_by_ns;
	uint16_t status;	/* of the request, for those who look on; 0xffff none */
	struct virtq_seg seg[VIRTQ_SIZE_MAX];
};

/* A buffer the device holds. */
struct virtq_inflight {
	uint64_t seq, taken_ns;
	uint16_t head, id, ndesc;
};
#define VIRTQ_INFLIGHT_SHOWN 64

struct virtq {
	struct virtio_dev *dev;
	unsigned index, worker;
	int kick_fd;		/* an eventfd: ioeventfd of the doorbell, or written by the transport */
	uint16_t size_max;

	/* Written by the vCPU's thread under the device's lock; the ring's meaning also under @lock. */
	uint16_t size;
	_Atomic uint16_t vector;	/* MSI-X; read by any thread */
	uint64_t desc, driver, device; /* addresses of the three areas, as the driver gave them */
	bool doorbell;		/* the kick comes by ioeventfd */
	uint64_t doorbell_gpa;	/* where the driver writes it */
	unsigned budget;	/* the worker's own: buffers it may still take in this turn */

	pthread_mutex_t lock;	/* guards what follows, and guest memory reached through the queue */
	pthread_cond_t resumed;
	bool ready, broken, paused, quit;
	bool caught;		/* an event of this section is a stop: see queue_leave() */
	uint32_t generation;	/* counts starts and stops */
	bool packed, event_idx, indirect;
	uint16_t num;		/* size as of the start */
	uint8_t *desc_host, *driver_host, *device_host;
	uint16_t last_avail;	/* split: free running; packed: ring index */
	uint16_t used_idx;	/* likewise */
	uint16_t signalled;	/* used_idx as of the last look whether to interrupt */
	bool avail_wrap, used_wrap;	/* packed */
	uint16_t known;		/* split: the driver's index when it was last read */
	uint64_t known_after_ns, known_by_ns; /* of the entries up to @known */
	bool kicks_wanted;	/* what the driver was last told */
	uint16_t avail_event;	/* what was last written there: split index, packed off_wrap */


	/* What happened since the device's reset, also for the inspector. */
	uint64_t requests, completed, interrupts, suppressed, bytes_out, bytes_in, looks, findings;
	uint64_t last_look_ns, last_used_ns, last_irq_ns, last_kick_ns;
	unsigned batch;			/* pushed since the last decision about an interrupt */
	uint16_t irq_old, irq_event;	/* of that decision */
	bool signalled_valid;
	unsigned broken_rule, ninflight; /* @inflight holds the oldest of them */
	struct virtq_inflight inflight[VIRTQ_INFLIGHT_SHOWN];
	_Atomic uint64_t kicks;		/* doorbells */
};

/* A rule of the ring was broken: RI01 to RI18 (see core/decode/virtio). */
struct virtq_fault {
	unsigned rule;
	uint64_t a, b;		/* address and length of a piece, or the two numbers compared */
	uint16_t entry;		/* descriptor or ring entry */
	uint16_t head, index;	/* of the chain; 0xffff none */
	uint8_t bytes[16];	/* the descriptor or entry as it was read */
	const char *text;
};

void queue_init(struct virtq *q, struct virtio_dev *dev, unsigned index, uint16_t size_max);
void queue_deinit(struct virtq *q);

/* Checks size, alignment and place of the areas and makes the queue ready; false with @ret otherwise. */
bool queue_start(struct virtq *q, const struct load_ram *ram, struct virtq_fault *ret);
/* Also of a queue that is not ready. */
void queue_stop(struct virtq *q);

/* The machine stops or goes on; ends waits for good. */
void queue_pause(struct virtq *q, bool paused);
void queue_quit(struct virtq *q);

/* Opens the section in which guest memory may be touched: waits while the machine is stopped. False: the
 * queue is not ready, or no longer the one of @generation (NULL: any). */
bool queue_enter(struct virtq *q, const uint32_t *generation);
void queue_leave(struct virtq *q);

/* ---- inside the section ------------------------------------------------------------------------- */

enum virtq_pop { VIRTQ_EMPTY, VIRTQ_GOT, VIRTQ_BROKEN };
/* The next available buffer. BROKEN fills @fault and leaves the queue where it was. */
enum virtq_pop queue_pop(struct virtq *q, struct virtq_chain *c, struct virtq_fault *fault);
/* Gives the buffer back with @written bytes in its writable part. */
void queue_push(struct virtq *q, const struct virtq_chain *c, uint32_t written);
/* Does the driver want an interrupt for what was pushed since the last time this was asked? */
bool queue_wants_interrupt(struct virtq *q);
/* Tells the driver whether to kick. After true, look at the ring once more: a kick may have been missed. */
void queue_want_kicks(struct virtq *q, bool wanted);
/* Is there something to take? */
bool queue_pending(struct virtq *q);

/* @len bytes from @offset of the readable part; to @offset of the writable part. Less when it is shorter. */
size_t queue_read(struct virtq *q, const struct virtq_chain *c, uint64_t offset, void *buf, size_t len);
size_t queue_write(struct virtq *q, const struct virtq_chain *c, uint64_t offset, const void *buf, size_t len);
size_t queue_zero(struct virtq *q, const struct virtq_chain *c, uint64_t offset, size_t len);
