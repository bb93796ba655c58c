/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/decode/virtio/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/decode/virtio/check.h"

#define QUEUES_MAX 256	/* each keeps VIRTQ_HISTORY records */

static void count(struct virtq_distribution *d, uint64_t value)
{
	unsigned b = value < 2 ? 0 : 63 - __builtin_clzll(value);

	d->bucket[b < VIRTQ_BUCKETS ? b : VIRTQ_BUCKETS - 1]++;
	d->count++;
	d->sum += value;
	if (value > d->max)
		d->max = value;
}

uint64_t virtq_distribution_percentile(const struct virtq_distribution *d, unsigned percent)
{
	uint64_t want = (d->count * percent + 99) / 100, seen = 0;

	for (unsigned b = 0; b < VIRTQ_BUCKETS; b++) {
		seen += d->bucket[b];
		if (seen >= want)
			return 2ULL << b < d->max ? 2ULL << b : d->max;
	}
	return d->max;
}

static struct virtq_history *queue_of(struct virtio_history *h, const char *name, unsigned dev, unsigned queue)
{
	struct virtq_history *q;

	for (size_t i = 0; i < h->queues.len; i++)
		if (h->queues.data[i]->dev == dev && h->queues.data[i]->queue == queue)
			return h->queues.data[i];
	/* Events of a recording are hostile: no more queues than machines have. */
	if (h->queues.len >= QUEUES_MAX)
		return NULL;
	q = xcalloc(1, sizeof(*q));
	q->dev = dev;
	q->queue = queue;
	memcpy(q->name, name, sizeof(q->name) - 1);
	q->record = xcalloc(VIRTQ_HISTORY, sizeof(*q->record));
	vec_push(&h->queues, q);
	return q;
}

const struct virtq_history *virtio_history_queue(const struct virtio_history *h, unsigned dev, unsigned queue)
{
	for (size_t i = 0; i < h->queues.len; i++)
		if (h->queues.data[i]->dev == dev && h->queues.data[i]->queue == queue)
			return h->queues.data[i];
	return NULL;
}

const struct virtq_record *virtq_history_record(const struct virtq_history *q, uint64_t seq)
{
	const struct virtq_record *r = &q->record[seq % VIRTQ_HISTORY];

	return r->valid && r->seq == seq ? r : NULL;
}

/* ---- one event of each kind ------------------------------------------------------------------------- */

/* The batch of the last doorbell is complete when the next comes. */
static void close_batch(struct virtq_history *q)
{
	if (q->batch_started)
		count(&q->batch, q->batch_open);
	q->batch_open = 0;
}

static void kick(struct virtq_history *q, const struct vmm_virtio_kick *k, uint64_t now)
{
	if (k->source == VMM_VIRTIO_KICK_POLL) {
		q->polled++;
		return;
	}
	close_batch(q);
	q->batch_started = true;
	q->kicks++;
	q->doorbells += k->doorbells ? k->doorbells : 1;
	q->kicks_unwanted += !!k->kicks_off;
	q->kick_ns = now;
}

static void pick(struct virtq_history *q, const struct vmm_virtio_pick *p, size_t len, uint64_t now)
{
	struct virtq_record *r = &q->record[p->seq % VIRTQ_HISTORY];
	size_t have = len > offsetof(struct vmm_virtio_pick, head_bytes) ?
		      len - offsetof(struct vmm_virtio_pick, head_bytes) : 0;

	*r = (struct virtq_record){
		.valid = true, .seq = p->seq, .avail_after_ns = p->avail_after_ns, .avail_by_ns = p->avail_by_ns,
		.kick_ns = q->kick_ns, .picked_ns = now, .readable = p->readable, .writable = p->writable,
		.head = p->head, .id = p->id, .ndesc = p->ndesc, .indirect = p->indirect,
	};
	if (have > p->head_len)
		have = p->head_len;
	if (have > sizeof(r->head_bytes))
		have = sizeof(r->head_bytes);
	r->head_len = have;
	memcpy(r->head_bytes, p->head_bytes, have);
	q->picks++;
	q->batch_open++;
	q->next_seq = p->seq + 1;
	if (p->avail_by_ns && p->avail_by_ns <= now)
		count(&q->wait, now - p->avail_by_ns);
}

static void used(struct virtq_history *q, const struct vmm_virtio_used *u, uint64_t now)
{
	struct virtq_record *r = &q->record[u->seq % VIRTQ_HISTORY];

	q->used++;
	count(&q->latency, u->service_ns);
	if (!r->valid || r->seq != u->seq)
		return;
	r->used = true;
	r->used_ns = now;
	r->len = u->len;
	r->used_idx = u->used_idx;
	r->status = u->status;
	if (u->seq < q->used_max_seq) {
		q->disorder++;
		q->disorder_example = *r;
	} else {
		q->used_max_seq = u->seq + 1;
	}
	if (u->len > r->writable) {
		q->overlong++;
		q->overlong_example = *r;
	}
}

static void irq(struct virtq_history *q, const struct vmm_virtio_irq *i, uint64_t now)
{
	bool due = vring_need_event(i->used_event, i->used_idx, i->signalled_used);
	uint64_t end = i->seq_end < q->next_seq ? i->seq_end : q->next_seq;
	uint64_t from = end > VIRTQ_HISTORY ? end - VIRTQ_HISTORY : 0;

	if (i->sent) {
		q->irqs++;
		count(&q->irq_batch, i->batch);
	} else {
		q->irqs_saved++;
	}
	q->irqs_unwanted += i->sent && !due;
	if (!i->sent && due) {
		q->irqs_lost++;
		q->irq_lost = *i;
	}
	for (uint64_t seq = q->irq_seq > from ? q->irq_seq : from; seq < end; seq++) {
		struct virtq_record *r = &q->record[seq % VIRTQ_HISTORY];

		if (!r->valid || r->seq != seq || !r->used || r->irq_ns)
			continue;
		r->irq_ns = now;
		r->irq_sent = i->sent;
	}
	if (q->irq_seq < from)
		q->irq_seq = from; /* forgotten: nothing to wait for */
	while (q->irq_seq < end) {
		const struct virtq_record *r = virtq_history_record(q, q->irq_seq);

		if (r && !r->irq_ns)
			break;
		q->irq_seq++;
	}
}

static void finding(struct virtq_history *q, const struct vmm_virtio_finding *f, uint64_t now)
{
	unsigned slot = q->nfindings++ % VIRTQ_HISTORY_FINDINGS;

	q->finding[slot] = *f;
	q->finding_ns[slot] = now;
}

/* Numbers start again at 0 after a reset: nothing that was out comes back. */
static void reset(struct virtio_history *h, unsigned dev)
{
	for (size_t i = 0; i < h->queues.len; i++) {
		struct virtq_history *q = h->queues.data[i];

		if (q->dev != dev)
			continue;
		memset(q->record, 0, VIRTQ_HISTORY * sizeof(*q->record));
		close_batch(q);
		q->batch_started = false;
		q->next_seq = q->irq_seq = q->used_max_seq = q->kick_ns = 0;
	}
}

static size_t payload_least(uint32_t schema)
{
	switch (schema) {
	case VMM_VIRTIO_KICK: return sizeof(struct vmm_virtio_kick);
	case VMM_VIRTIO_PICK: return offsetof(struct vmm_virtio_pick, head_bytes);
	case VMM_VIRTIO_USED: return sizeof(struct vmm_virtio_used);
	case VMM_VIRTIO_IRQ: return sizeof(struct vmm_virtio_irq);
	case VMM_VIRTIO_FINDING: return sizeof(struct vmm_virtio_finding);
	case VMM_VIRTIO_STATUS: return sizeof(struct vmm_virtio_status);
	}
	return 0;
}

void virtio_history_event(struct virtio_history *h, const struct event *event)
{
	const struct vmm_virtio_status *s = (const void *)event->payload;
	size_t least = payload_least(event->schema);
	const void *p = event->payload;
	struct virtq_history *q;

	if (!least || event->payload_len < least)
		return;
	if (event->schema == VMM_VIRTIO_STATUS) {
		if (!s->after)
			reset(h, s->dev);
		return;
	}
	/* All begin with the same words. */
	q = queue_of(h, s->name, s->dev, s->queue);
	if (!q)
		return;
	if (!q->first_ns)
		q->first_ns = event->time_ns;
	q->last_ns = event->time_ns;
	switch (event->schema) {
	case VMM_VIRTIO_KICK: kick(q, p, event->time_ns); break;
	case VMM_VIRTIO_PICK: pick(q, p, event->payload_len, event->time_ns); break;
	case VMM_VIRTIO_USED: used(q, p, event->time_ns); break;
	case VMM_VIRTIO_IRQ: irq(q, p, event->time_ns); break;
	case VMM_VIRTIO_FINDING: finding(q, p, event->time_ns); break;
	}
}

void virtio_history_deinit(struct virtio_history *h)
{
	for (size_t i = 0; i < h->queues.len; i++) {
		free(h->queues.data[i]->record);
		free(h->queues.data[i]);
	}
	vec_free(&h->queues);
	h->next = h->missed = 0;
}

void virtio_history_update(struct virtio_history *h, const struct event_store *store)
{
	uint64_t first = event_store_first(store), end = event_store_end(store);

	if (end < h->next)
		virtio_history_deinit(h);
	if (first > h->next) {
		h->missed += first - h->next;
		h->next = first;
	}
	for (; h->next < end; h->next++) {
		const struct event *event = event_store_get(store, h->next);

		if (event && event->schema < VMM_EVENT_COUNT)
			virtio_history_event(h, event);
	}
}

/* ---- what events prove --------------------------------------------------------------------------- */

/* The device told what it wrote to the used ring; what is there now must be that (RI04, RI09). */
static void check_written(const struct virtq_history *q, const struct virtq_ring *ring, struct virtq_findings *f)
{
	uint16_t idx = ring->src->queue.used_idx;
	uint64_t oldest = q->next_seq > VIRTQ_HISTORY ? q->next_seq - VIRTQ_HISTORY : 0;

	for (uint64_t seq = oldest; seq < q->next_seq; seq++) {
		const struct virtq_record *r = virtq_history_record(q, seq);
		uint32_t id, len;
		uint16_t at;

		if (!r || !r->used || (uint16_t)(idx - r->used_idx) >= ring->n)
			continue;
		at = r->used_idx - 1;
		virtq_used_entry(ring, at, &id, &len);
		if (id != r->head)
			virtq_find_at(virtq_find(f, 4, "used.ring[%u] (index %u).id is %u, the device wrote %u there",
						 at % ring->n, at, id, r->head), r->head, at % ring->n, at,
				      ring->used + 4 + 8 * (size_t)(at % ring->n), 8);
		else if (len != r->len)
			virtq_find_at(virtq_find(f, 9, "used.ring[%u] (index %u).len is %u, the device wrote %u there",
						 at % ring->n, at, len, r->len), r->head, at % ring->n, at,
				      ring->used + 4 + 8 * (size_t)(at % ring->n), 8);
	}
}

void virtq_history_check(const struct virtq_history *q, const struct state_virtio_device *dev,
			 const struct virtq_ring *ring, struct virtq_findings *f)
{
	bool event_idx = virtio_bit(dev->driver, VIRTIO_F_EVENT_IDX) && !virtio_bit(dev->driver, VIRTIO_F_PACKED);
	const struct virtq_record *r;

	if (q->overlong) {
		r = &q->overlong_example;
		virtq_find_at(virtq_find(f, 9, "request %" PRIu64 ", head %u: used with length %u, its writable part has %u"
					 " (%" PRIu64 " such)", r->seq, r->head, r->len, r->writable, q->overlong),
			      r->head, -1, r->used_idx, "", 0);
	}
	if (q->disorder && virtio_bit(dev->driver, VIRTIO_F_IN_ORDER)) {
		r = &q->disorder_example;
		virtq_find_at(virtq_find(f, 18, "request %" PRIu64 ", head %u, was used after newer ones (%" PRIu64 " such)",
					 r->seq, r->head, q->disorder), r->head, -1, r->used_idx, "", 0);
	}
	if (q->irqs_lost && event_idx) {
		const struct vmm_virtio_irq *i = &q->irq_lost;

		virtq_find_at(virtq_find(f, 17, "%" PRIu64 " interrupts were due and not sent; the last: vring_need_event("
					 "used_event %u, new %u, old %u)", q->irqs_lost, i->used_event, i->used_idx,
					 i->signalled_used), -1, -1, i->used_idx, "", 0);
	}
	if (ring && !ring->packed && !ring->torn && !(ring->src->queue.flags & STATE_VIRTQ_NO_INDICES))
		check_written(q, ring, f);
}
