/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What virtqueues did, from the virtio.* events: the last requests with their times, distributions,
 * economy of notifications. It reads the event store only when asked (virtio_history_update), so it costs
 * nothing while nobody looks; what the store overwrote before is counted as missed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/vec.h"
#include "core/decode/virtio/ring.h"
#include "core/event/store.h"

#define VIRTQ_HISTORY 1024	/* requests kept of a queue: slot seq mod this */
#define VIRTQ_BUCKETS 32	/* of a distribution: bucket b counts values in [2^b, 2^(b+1)), 0 and 1 in 0 */
#define VIRTQ_HISTORY_FINDINGS 16

struct virtq_record {
	bool valid, used, irq_sent;
	uint64_t seq;
	uint64_t avail_after_ns, avail_by_ns;	/* it became available between these; 0: not known */
	uint64_t kick_ns;			/* the last doorbell noticed before it was taken, 0 none */
	uint64_t picked_ns, used_ns, irq_ns;	/* 0: not yet */
	uint32_t readable, writable, len;
	uint16_t head, id, ndesc, used_idx, status;
	bool indirect;
	uint8_t head_len, head_bytes[48];
};

struct virtq_distribution {
	uint64_t bucket[VIRTQ_BUCKETS], count, sum, max;
};

struct virtq_history {
	uint16_t dev, queue;
	char name[12];
	struct virtq_record *record;		/* VIRTQ_HISTORY of them */
	uint64_t next_seq;			/* one past the newest taken */
	uint64_t irq_seq;			/* older ones have their interrupt */
	uint64_t first_ns, last_ns;
	uint64_t kicks, doorbells, picks, used, irqs, irqs_saved, polled;
	uint64_t kicks_unwanted;		/* with kicks_off, or not due by EVENT_IDX */
	uint64_t irqs_unwanted, irqs_lost;	/* by the arithmetic of EVENT_IDX: only then they mean something */
	struct vmm_virtio_irq irq_lost;		/* the last lost one */
	uint64_t disorder;			/* used before an older one */
	struct virtq_record disorder_example;
	uint64_t used_max_seq;			/* one past the newest used */
	uint64_t overlong;			/* used.len above the writable length */
	struct virtq_record overlong_example;
	uint64_t kick_ns;
	uint64_t batch_open;			/* taken since the last doorbell */
	bool batch_started;
	struct virtq_distribution latency;	/* ns, taken to used */
	struct virtq_distribution wait;		/* ns, first seen available to taken */
	struct virtq_distribution batch;	/* requests per doorbell */
	struct virtq_distribution irq_batch;	/* used per interrupt decision that was sent */
	uint64_t nfindings;			/* ever; the last ones are kept */
	struct vmm_virtio_finding finding[VIRTQ_HISTORY_FINDINGS];
	uint64_t finding_ns[VIRTQ_HISTORY_FINDINGS];
};

struct virtio_history {
	VEC(struct virtq_history *) queues;
	uint64_t next;		/* event of the store that comes next */
	uint64_t missed;	/* events overwritten before they were read */
};

void virtio_history_deinit(struct virtio_history *h);
/* Reads what is new in @store. A store that went back (another recording, a seek) starts it anew. */
void virtio_history_update(struct virtio_history *h, const struct event_store *store);
/* One event of any schema; for tests and for stores that are not there. */
void virtio_history_event(struct virtio_history *h, const struct event *event);
/* NULL: nothing was seen of it. */
const struct virtq_history *virtio_history_queue(const struct virtio_history *h, unsigned dev, unsigned queue);
/* The request @seq, NULL when it is no longer (or not) known. */
const struct virtq_record *virtq_history_record(const struct virtq_history *q, uint64_t seq);

/* What events prove: RI04 and RI09 against the ring, RI17, RI18. @ring may be NULL. */
void virtq_history_check(const struct virtq_history *q, const struct state_virtio_device *dev,
			 const struct virtq_ring *ring, struct virtq_findings *f);
/* Requests, distributions, doorbells; the last @count requests. @t0: zero of the times shown. */
void virtq_history_show(const struct virtq_history *q, const struct virtio_history *all,
			const struct virtq_source *src, unsigned count, uint64_t t0, struct out *out);
/* The value below which @percent of a distribution lie, as an upper bound (a power of two). */
uint64_t virtq_distribution_percentile(const struct virtq_distribution *d, unsigned percent);
