/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/virtio/trace.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/base/loop.h"
#include "core/base/vec.h"
#include "core/event/event.h"
#include "guest/virtio/ring.h"

#define COMMON(ev, q_dev, q_index) do { \
	memcpy((ev)->name, (q_dev)->dev.name, sizeof((ev)->name) - 1); \
	(ev)->dev = (q_dev)->number; \
	(ev)->queue = (q_index); \
} while (0)

/* An index as events and the inspector know it. */
static uint16_t avail_index(const struct virtq *q)
{
	return q->packed ? q->last_avail | q->avail_wrap << 15 : q->last_avail;
}

static uint16_t used_index(const struct virtq *q, uint16_t index)
{
	return q->packed ? (index & 0x7fff) | q->used_wrap << 15 : index;
}

/* The guest is to be stopped here: the queue is paused as by the stop itself, which queue_leave() asks for. */
static void emit(struct virtq *q, uint32_t schema, const void *payload, size_t len)
{
	if (device_emit(&q->dev->dev, schema, payload, len))
		q->paused = q->caught = true;
}

void trace_kick(struct virtq *q, uint64_t doorbells, bool polled)
{
	struct vmm_virtio_kick ev = {
		.last_avail = avail_index(q), .avail_event = q->avail_event,
		.source = polled ? VMM_VIRTIO_KICK_POLL : VMM_VIRTIO_KICK_DOORBELL,
		.kicks_off = !q->kicks_wanted, .doorbells = doorbells,
	};

	COMMON(&ev, q->dev, q->index);
	ev.avail_idx = q->packed ? ev.last_avail : ring_acquire16(q->driver_host + 2);
	q->last_kick_ns = clock_now_ns();
	emit(q, VMM_VIRTIO_KICK, &ev, sizeof(ev));
}

static uint32_t cut(uint64_t len)
{
	return len < UINT32_MAX ? len : UINT32_MAX;
}

void trace_pick(struct virtq *q, const struct virtq_chain *c)
{
	struct vmm_virtio_pick ev = {
		.seq = c->seq, .avail_after_ns = c->avail_after_ns, .avail_by_ns = c->avail_by_ns,
		.readable = cut(c->out_len), .writable = cut(c->in_len), .head = c->head, .id = c->id,
		.ndesc = c->nout + c->nin, .indirect = c->is_indirect, .last_avail = c->index,
	};

	COMMON(&ev, q->dev, q->index);
	ev.head_len = queue_read(q, c, 0, ev.head_bytes, sizeof(ev.head_bytes));
	emit(q, VMM_VIRTIO_PICK, &ev, sizeof(ev));
}

void trace_used(struct virtq *q, const struct virtq_chain *c, uint32_t len)
{
	struct vmm_virtio_used ev = {
		.seq = c->seq, .service_ns = q->last_used_ns - c->taken_ns, .len = len, .inflight = q->ninflight,
		.head = c->head, .id = c->id, .used_idx = used_index(q, q->used_idx), .status = c->status,
	};

	COMMON(&ev, q->dev, q->index);
	emit(q, VMM_VIRTIO_USED, &ev, sizeof(ev));
}

void trace_irq(struct virtq *q, bool sent)
{
	bool msix = virtio_vector_used(q->dev, q);
	struct vmm_virtio_irq ev = {
		.seq_end = q->ninflight ? q->inflight[0].seq : q->requests,
		.used_idx = used_index(q, q->used_idx), .signalled_used = used_index(q, q->irq_old),
		.used_event = q->irq_event, .sent = sent, .msix = msix, .batch = q->batch,
		.vector = msix ? q->vector : q->dev->place.gsi,
	};

	COMMON(&ev, q->dev, q->index);
	q->batch = 0;
	if (sent) {
		q->interrupts++;
		q->last_irq_ns = clock_now_ns();
	} else {
		q->suppressed++;
	}
	emit(q, VMM_VIRTIO_IRQ, &ev, sizeof(ev));
}

void trace_finding(struct virtq *q, const struct virtq_fault *fault, bool fatal)
{
	struct vmm_virtio_finding ev = {
		.rule = fault->rule, .head = fault->head, .entry = fault->entry, .index = fault->index,
		.addr = fault->a, .len = fault->b, .fatal = fatal,
	};

	COMMON(&ev, q->dev, q->index);
	memcpy(ev.bytes, fault->bytes, sizeof(ev.bytes));
	q->findings++;
	emit(q, VMM_VIRTIO_FINDING, &ev, sizeof(ev));
}

void trace_status(struct virtio_dev *dev, uint8_t before, uint8_t after, bool by_device)
{
	struct vmm_virtio_status ev = {
		.before = before, .after = after, .by_device = by_device,
		.features_lo = atomic_load(&dev->accepted),
	};

	COMMON(&ev, dev, VMM_VIRTIO_NO_QUEUE);
	device_emit(&dev->dev, VMM_VIRTIO_STATUS, &ev, sizeof(ev));
}

/* ---- blobs ---------------------------------------------------------------------------------------- */

static struct error *too_small(void)
{
	return error_create(ERROR_FAILED, "the buffer for the state of a virtio device is too small");
}

static struct error *device_blob(struct virtio_dev *dev, void *buf, size_t size, size_t *ret_len)
{
	struct state_virtio_device s = {
		.version = STATE_VERSION, .device = dev->number, .virtio_id = dev->model->id,
		.status = atomic_load(&dev->status), .nqueues = dev->nqueues, .config_len = dev->config_len,
		.offered = { dev->offered }, .driver = { atomic_load(&dev->accepted) },
		.resets = atomic_load(&dev->resets), .now_ns = clock_now_ns(),
		.config_vector = STATE_VIRTIO_NO_VECTOR, .gsi = ~0u,
	};

	if (size < sizeof(s))
		return too_small();
	memcpy(s.name, dev->dev.name, sizeof(s.name) - 1);
	memcpy(s.backend, dev->backend, sizeof(s.backend) - 1);
	if (dev->opts.access_platform && dev->opts.iova_offset)
		s.flags |= STATE_VIRTIO_HAS_IOVA;
	pthread_mutex_lock(&dev->config_lock);
	memcpy(s.config, dev->config, dev->config_len);
	s.config_generation = dev->config_generation;
	pthread_mutex_unlock(&dev->config_lock);
	dev->transport->state(dev, &s);
	memcpy(buf, &s, sizeof(s));
	*ret_len = sizeof(s);
	return NULL;
}

static struct error *queue_blob(struct virtq *q, void *buf, size_t size, size_t *ret_len)
{
	struct state_virtio_queue s = { .version = STATE_VERSION, .device = q->dev->number, .queue = q->index };

	if (size < sizeof(s))
		return too_small();
	if (q->dev->model->role)
		q->dev->model->role(q->dev, q->index, s.role, sizeof(s.role));
	pthread_mutex_lock(&q->lock);
	s.flags = (q->ready ? STATE_VIRTQ_READY : 0) | (q->packed ? STATE_VIRTQ_PACKED : 0) |
		  (q->avail_wrap ? STATE_VIRTQ_AVAIL_WRAP : 0) | (q->used_wrap ? STATE_VIRTQ_USED_WRAP : 0) |
		  (q->signalled_valid ? STATE_VIRTQ_SIGNALLED : 0) | (q->broken ? STATE_VIRTQ_BROKEN : 0) |
		  (q->ready && !q->kicks_wanted ? STATE_VIRTQ_KICKS_OFF : 0);
	s.size = q->ready ? q->num : q->size;
	s.max = q->size_max;
	s.desc = q->desc;
	s.avail = q->driver;
	s.used = q->device;
	s.last_avail = q->last_avail;
	s.used_idx = q->used_idx;
	s.signalled_used = q->packed ? q->signalled & 0x7fff : q->signalled;
	s.avail_event = q->avail_event;
	s.vector = q->vector;
	s.broken_rule = q->broken_rule;
	s.inflight = q->ninflight;
	s.kicks = atomic_load(&q->kicks);
	s.irqs = q->interrupts;
	s.irqs_suppressed = q->suppressed;
	s.requests = q->requests;
	s.completed = q->completed;
	s.bytes_read = q->bytes_out;
	s.bytes_written = q->bytes_in;
	s.looks = q->looks;
	s.oldest_ns = q->ninflight ? q->inflight[0].taken_ns : 0;
	s.last_kick_ns = q->last_kick_ns;
	s.last_look_ns = q->last_look_ns;
	s.last_used_ns = q->last_used_ns;
	s.last_irq_ns = q->last_irq_ns;
	s.now_ns = clock_now_ns();
	s.findings = q->findings;
	s.doorbell = q->doorbell_gpa;
	pthread_mutex_unlock(&q->lock);
	memcpy(buf, &s, sizeof(s));
	*ret_len = sizeof(s);
	return NULL;
}

static struct error *inflight_blob(struct virtq *q, void *buf, size_t size, size_t *ret_len)
{
	struct state_virtio_inflight head = { .version = STATE_VERSION };
	struct state_virtio_inflight_entry entry;
	uint8_t *at = (uint8_t *)buf + sizeof(head);

	if (size < sizeof(head))
		return too_small();
	pthread_mutex_lock(&q->lock);
	head.total = q->ninflight;
	for (unsigned i = 0; i < q->ninflight && i < VIRTQ_INFLIGHT_SHOWN; i++) {
		if (sizeof(head) + (head.count + 1) * sizeof(entry) > size)
			break;
		entry = (struct state_virtio_inflight_entry){
			.seq = q->inflight[i].seq, .picked_ns = q->inflight[i].taken_ns,
			.head = q->inflight[i].head, .id = q->inflight[i].id, .ndesc = q->inflight[i].ndesc };
		memcpy(at + head.count++ * sizeof(entry), &entry, sizeof(entry));
	}
	pthread_mutex_unlock(&q->lock);
	memcpy(buf, &head, sizeof(head));
	*ret_len = sizeof(head) + head.count * sizeof(entry);
	return NULL;
}

static struct error *iova_blob(struct virtio_dev *dev, void *buf, size_t size, size_t *ret_len)
{
	struct state_virtio_iova head = { .version = STATE_VERSION };
	uint8_t *at = (uint8_t *)buf + sizeof(head);

	if (!dev->opts.access_platform || !dev->opts.iova_offset)
		return error_create(ERROR_NOT_FOUND, "%s uses guest-physical addresses", dev->dev.name);
	if (size < sizeof(head) + dev->ram.nranges * sizeof(struct state_virtio_iova_entry))
		return too_small();
	for (unsigned i = 0; i < dev->ram.nranges; i++) {
		struct state_virtio_iova_entry entry = {
			.iova = dev->ram.range[i].start + dev->opts.iova_offset, .len = dev->ram.range[i].len,
			.gpa = dev->ram.range[i].start, .access = STATE_VIRTIO_IOVA_READ | STATE_VIRTIO_IOVA_WRITE };

		memcpy(at + head.count++ * sizeof(entry), &entry, sizeof(entry));
	}
	memcpy(buf, &head, sizeof(head));
	*ret_len = sizeof(head) + head.count * sizeof(struct state_virtio_iova_entry);
	return NULL;
}

struct error *virtio_device_state(struct device *device, enum state_kind kind, unsigned queue, void *buf,
				  size_t size, size_t *ret_len)
{
	struct virtio_dev *dev = container_of(device, struct virtio_dev, dev);

	if (kind == STATE_VIRTIO_DEVICE)
		return device_blob(dev, buf, size, ret_len);
	if (kind == STATE_VIRTIO_IOVA)
		return iova_blob(dev, buf, size, ret_len);
	if (queue >= dev->nqueues)
		return error_create(ERROR_NOT_FOUND, "%s has no queue %u", dev->dev.name, queue);
	return kind == STATE_VIRTIO_QUEUE ? queue_blob(&dev->q[queue], buf, size, ret_len)
					  : inflight_blob(&dev->q[queue], buf, size, ret_len);
}
