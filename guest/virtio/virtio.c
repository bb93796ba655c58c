/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/virtio/virtio.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/vec.h"
#include "guest/hw/hw.h"
#include "guest/virtio/ring.h"
#include "guest/virtio/trace.h"
#include "guest/virtio/worker.h"

static struct virtio_dev *virtio_of(struct device *dev)
{
	return container_of(dev, struct virtio_dev, dev);
}

bool virtio_has(const struct virtio_dev *dev, unsigned feature)
{
	return atomic_load_explicit(&dev->accepted, memory_order_relaxed) >> feature & 1;
}

bool virtio_translate(const struct virtio_dev *dev, uint64_t *gpa, uint64_t len)
{
	if (!virtio_has(dev, VIRTIO_F_ACCESS_PLATFORM))
		return true;
	if (*gpa < dev->opts.iova_offset)
		return false;
	*gpa -= dev->opts.iova_offset;
	return true;
}

bool virtio_vector_used(const struct virtio_dev *dev, const struct virtq *q)
{
	return dev->transport->vector_used && dev->transport->vector_used(dev, q);
}

/* ---- features, status ----------------------------------------------------------------------------- */

static bool is_legacy(const struct virtio_dev *dev)
{
	return dev->opts.way == VIRTIO_WAY_MMIO_LEGACY;
}

uint32_t virtio_features_read(const struct virtio_dev *dev)
{
	return dev->offered_sel < 2 ? dev->offered >> (32 * dev->offered_sel) : 0;
}

void virtio_features_write(struct virtio_dev *dev, uint32_t value)
{
	uint8_t frozen = is_legacy(dev) ? VIRTIO_DRIVER_OK : VIRTIO_FEATURES_OK;
	unsigned shift = 32 * dev->accepted_sel;
	uint64_t accepted = atomic_load(&dev->accepted);

	if (dev->accepted_sel > 1 || (atomic_load(&dev->status) & frozen))
		return;
	accepted = (accepted & ~(MASK(31, 0) << shift)) | (uint64_t)value << shift;
	atomic_store(&dev->accepted, accepted);
}

uint8_t virtio_status(const struct virtio_dev *dev)
{
	return atomic_load(&dev->status);
}

/* What the driver accepted must be what was offered, and enough to work with (3.1.1, 6.1). */
static bool features_fine(const struct virtio_dev *dev)
{
	uint64_t accepted = atomic_load(&dev->accepted);

	if (accepted & ~dev->offered)
		return false;
	if (!(accepted & BIT(VIRTIO_F_VERSION_1)))
		return false;
	return !(dev->offered & BIT(VIRTIO_F_ACCESS_PLATFORM)) || (accepted & BIT(VIRTIO_F_ACCESS_PLATFORM));
}

static void reset_queue(struct virtio_dev *dev, struct virtq *q)
{
	uint64_t stale;

	queue_stop(q);
	if (read(q->kick_fd, &stale, sizeof(stale)) < 0) {
		/* No kick waits. One that does was for the queue as it was. */
	}
	if (dev->transport->doorbell)
		dev->transport->doorbell(dev, q, false);
	q->size = q->size_max;
	q->desc = q->driver = q->device = 0;
	q->vector = VIRTIO_NO_VECTOR;
}

static void clear_counters(struct virtq *q)
{
	pthread_mutex_lock(&q->lock);
	q->requests = q->completed = q->interrupts = q->suppressed = q->bytes_out = q->bytes_in = 0;
	q->looks = q->findings = q->last_look_ns = q->last_used_ns = q->last_irq_ns = q->last_kick_ns = 0;
	q->broken_rule = 0;
	atomic_store(&q->kicks, 0);
	pthread_mutex_unlock(&q->lock);
}

static void reset(struct virtio_dev *dev)
{
	atomic_store(&dev->live, false);
	for (unsigned i = 0; i < dev->nqueues; i++) {
		reset_queue(dev, &dev->q[i]);
		clear_counters(&dev->q[i]);
	}
	if (dev->model->reset)
		dev->model->reset(dev);
	dev->transport->reset(dev);
	dev->offered_sel = dev->accepted_sel = 0;
	atomic_store(&dev->accepted, 0);
	/* Only now: a worker that set NEEDS_RESET did so before its queue was stopped above. */
	atomic_store(&dev->status, 0);
	atomic_fetch_add(&dev->resets, 1);
}

static void go_live(struct virtio_dev *dev)
{
	atomic_store(&dev->live, true);
	if (dev->model->driver_ok)
		dev->model->driver_ok(dev);
	for (unsigned i = 0; i < dev->nqueues; i++)
		if (dev->q[i].ready && dev->transport->doorbell)
			dev->transport->doorbell(dev, &dev->q[i], true);
	/* Buffers may be there already. */
	for (unsigned i = 0; i < dev->nworkers; i++)
		virtio_wake(dev, i);
}

void virtio_status_write(struct virtio_dev *dev, uint8_t value)
{
	uint8_t before = atomic_load(&dev->status), now;

	if (value == 0) {
		reset(dev);
		trace_status(dev, before, 0, false);
		return;
	}
	if (!is_legacy(dev) && (value & VIRTIO_FEATURES_OK) && !(before & VIRTIO_FEATURES_OK) && !features_fine(dev))
		value &= ~VIRTIO_FEATURES_OK; /* the driver reads it back */
	if (!is_legacy(dev) && !((value | before) & VIRTIO_FEATURES_OK))
		value &= ~VIRTIO_DRIVER_OK;
	value &= ~VIRTIO_NEEDS_RESET;
	/* Bits are never taken back one by one (2.1.1). */
	now = atomic_fetch_or(&dev->status, value) | value;
	trace_status(dev, before, now, false);
	if ((now & ~before & VIRTIO_DRIVER_OK) && !(now & VIRTIO_NEEDS_RESET))
		go_live(dev);
}

/* ---- configuration -------------------------------------------------------------------------------- */

uint64_t virtio_config_read(struct virtio_dev *dev, uint64_t offset, unsigned size)
{
	uint8_t bytes[8] = { 0 };

	pthread_mutex_lock(&dev->config_lock);
	for (unsigned i = 0; i < size && i < sizeof(bytes); i++)
		if (offset + i < dev->config_len)
			bytes[i] = dev->config[offset + i];
	pthread_mutex_unlock(&dev->config_lock);
	return le64_read(bytes);
}

void virtio_config_write(struct virtio_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
	if (!dev->model->config_write || offset >= dev->config_len)
		return;
	pthread_mutex_lock(&dev->config_lock);
	for (unsigned i = 0; i < size && offset + i < dev->config_len; i++)
		if (dev->config_writable[(offset + i) / 8] & BIT((offset + i) % 8))
			dev->config[offset + i] = value >> (8 * i);
	pthread_mutex_unlock(&dev->config_lock);
	dev->model->config_write(dev, offset, size);
}

void virtio_config_allow(struct virtio_dev *dev, unsigned offset, unsigned len)
{
	for (unsigned i = offset; i < offset + len; i++)
		dev->config_writable[i / 8] |= BIT(i % 8);
}

void virtio_config_set(struct virtio_dev *dev, unsigned offset, const void *data, unsigned len, bool tell)
{
	pthread_mutex_lock(&dev->config_lock);
	memcpy(dev->config + offset, data, len);
	dev->config_generation++;
	pthread_mutex_unlock(&dev->config_lock);
	if (tell && (atomic_load(&dev->status) & VIRTIO_DRIVER_OK))
		dev->transport->interrupt(dev, NULL);
}

uint32_t virtio_generation(struct virtio_dev *dev)
{
	uint32_t generation;

	pthread_mutex_lock(&dev->config_lock);
	generation = dev->config_generation;
	pthread_mutex_unlock(&dev->config_lock);
	return generation;
}

/* ---- queues --------------------------------------------------------------------------------------- */

/* In the section of @q, or where nobody else has it. */
static void broken(struct virtio_dev *dev, struct virtq *q, const struct virtq_fault *fault)
{
	uint8_t before;

	q->broken = true;
	q->broken_rule = fault->rule;
	atomic_store(&dev->live, false);
	before = atomic_fetch_or(&dev->status, VIRTIO_NEEDS_RESET);
	trace_finding(q, fault, true);
	if (!(before & VIRTIO_NEEDS_RESET))
		trace_status(dev, before, before | VIRTIO_NEEDS_RESET, true);
	pthread_mutex_lock(&dev->fault_lock);
	dev->fault = *fault;
	dev->fault_queue = q->index;
	pthread_mutex_unlock(&dev->fault_lock);
	if (before & VIRTIO_DRIVER_OK)
		dev->transport->interrupt(dev, NULL);
}

void virtio_queue_enable(struct virtio_dev *dev, struct virtq *q)
{
	struct virtq_fault fault;

	if (q->ready)
		return;
	if (!queue_start(q, &dev->ram, &fault)) {
		pthread_mutex_lock(&q->lock);
		broken(dev, q, &fault);
		queue_leave(q);
		return;
	}
	if (!atomic_load(&dev->live))
		return;
	if (dev->transport->doorbell)
		dev->transport->doorbell(dev, q, true);
	virtio_wake(dev, q->worker);
}

void virtio_queue_disable(struct virtio_dev *dev, struct virtq *q)
{
	reset_queue(dev, q);
}

/* A modern driver must not kick before DRIVER_OK (3.1.1). Doorbells are exits until then. */
static void kicked_early(struct virtio_dev *dev, struct virtq *q)
{
	struct virtq_fault fault;

	if (is_legacy(dev))
		return;
	ring_fault(&fault, 13, atomic_load(&dev->status), 0, "a kick before DRIVER_OK");
	pthread_mutex_lock(&q->lock);
	trace_finding(q, &fault, false);
	queue_leave(q);
}

void virtio_kick(struct virtio_dev *dev, unsigned queue)
{
	uint64_t one = 1;

	if (queue >= dev->nqueues)
		return;
	if (!(atomic_load(&dev->status) & VIRTIO_DRIVER_OK))
		kicked_early(dev, &dev->q[queue]);
	else if (write(dev->q[queue].kick_fd, &one, sizeof(one)) < 0) {
		/* The counter is full: the worker is awake anyway. */
	}
}

bool virtio_take(struct virtio_dev *dev, struct virtq *q, struct virtq_chain *c)
{
	struct virtq_fault fault;

	if (!atomic_load(&dev->live) || !q->budget || !queue_enter(q, NULL))
		return false;
	for (;;) {
		switch (queue_pop(q, c, &fault)) {
		case VIRTQ_GOT:
			if (q->kicks_wanted)
				queue_want_kicks(q, false);
			q->budget--;
			trace_pick(q, c);
			return true;
		case VIRTQ_BROKEN:
			broken(dev, q, &fault);
			queue_leave(q);
			return false;
		case VIRTQ_EMPTY:
			if (!q->kicks_wanted) {
				queue_want_kicks(q, true);
				if (queue_pending(q))
					continue;
			}
			queue_leave(q);
			return false;
		}
	}
}

void virtio_done(struct virtio_dev *dev, struct virtq *q, const struct virtq_chain *c, uint32_t written)
{
	bool sent;

	queue_push(q, c, written);
	trace_used(q, c, written);
	/* Caught here: the user looks before the driver is told. */
	if (q->caught) {
		uint32_t generation = q->generation;

		queue_leave(q);
		if (!queue_enter(q, &generation))
			return;
	}
	sent = queue_wants_interrupt(q);
	trace_irq(q, sent);
	if (sent)
		dev->transport->interrupt(dev, q);
	queue_leave(q);
}

void virtio_release(struct virtq *q)
{
	queue_leave(q);
}

bool virtio_resume(struct virtq *q, const struct virtq_chain *c)
{
	return queue_enter(q, &c->generation);
}

/* ---- life ------------------------------------------------------------------------------------------ */

static bool place_of(const struct virtio_place *places, unsigned n, const char *kind, unsigned unit,
		     struct virtio_place *ret, unsigned *ret_number)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(places[i].kind, kind) && places[i].unit == unit) {
			*ret = places[i];
			*ret_number = i;
			return true;
		}
	return false;
}

struct error *virtio_create(struct vm *vm, unsigned unit, const struct device_model *device,
			    const struct virtio_model *model, size_t size, struct virtio_dev **ret)
{
	struct virtio_place places[VIRTIO_PLACES_MAX], place;
	unsigned n = 0, number;
	struct virtio_dev *dev;
	struct error *err;

	*ret = NULL;
	if (!device_config(vm))
		return NULL;
	err = virtio_layout(device_config(vm), places, &n);
	if (err || !place_of(places, n, model->kind, unit, &place, &number))
		return err;
	dev = xcalloc(1, size);
	device_init(&dev->dev, device, vm, unit);
	snprintf(dev->dev.name, sizeof(dev->dev.name), "%s%u", model->kind, unit);
	dev->model = model;
	dev->place = place;
	dev->number = number;
	dev->opts = place.opts;
	dev->ram = device_ram(vm);
	pthread_mutex_init(&dev->config_lock, NULL);
	pthread_mutex_init(&dev->fault_lock, NULL);
	*ret = dev;
	return NULL;
}

void virtio_abandon(struct virtio_dev *dev)
{
	virtio_device_destroy(&dev->dev);
}

static uint64_t ring_features(const struct virtio_dev *dev)
{
	const struct virtio_options *o = &dev->opts;
	uint64_t f = (o->indirect ? BIT(VIRTIO_F_INDIRECT_DESC) : 0) | (o->event_idx ? BIT(VIRTIO_F_EVENT_IDX) : 0);

	if (is_legacy(dev))
		return f | BIT(VIRTIO_F_ANY_LAYOUT);
	return f | BIT(VIRTIO_F_VERSION_1) | (o->packed ? BIT(VIRTIO_F_RING_PACKED) : 0) |
	       (o->in_order ? BIT(VIRTIO_F_IN_ORDER) : 0) | (o->ring_reset ? BIT(VIRTIO_F_RING_RESET) : 0) |
	       (o->access_platform ? BIT(VIRTIO_F_ACCESS_PLATFORM) : 0);
}

static const struct virtio_transport *transport_of(const struct virtio_dev *dev)
{
	return dev->opts.way == VIRTIO_WAY_PCI ? &virtio_pci : &virtio_mmio;
}

struct error *virtio_finish(struct virtio_dev *dev, uint64_t features, unsigned nqueues, unsigned nworkers,
			    struct device **ret)
{
	struct error *err;

	dev->offered = features | ring_features(dev);
	dev->nqueues = nqueues;
	dev->nworkers = nworkers;
	for (unsigned i = 0; i < nqueues; i++) {
		queue_init(&dev->q[i], dev, i, dev->opts.queue_size);
		dev->q[i].worker = i % nworkers;
	}
	if (dev->model->assign)
		dev->model->assign(dev);
	dev->transport = transport_of(dev);
	err = dev->transport->create(dev);
	for (unsigned i = 0; i < nworkers && !err; i++)
		err = worker_start(dev, i);
	if (err) {
		virtio_abandon(dev);
		return err;
	}
	*ret = &dev->dev;
	return NULL;
}

void virtio_device_destroy(struct device *device)
{
	struct virtio_dev *dev = virtio_of(device);

	atomic_store(&dev->quit, true);
	for (unsigned i = 0; i < dev->nqueues; i++)
		queue_quit(&dev->q[i]);
	for (unsigned i = 0; i < dev->nworkers; i++)
		worker_stop(&dev->worker[i]);
	for (unsigned i = 0; i < dev->nqueues; i++)
		if (dev->transport && dev->transport->doorbell)
			dev->transport->doorbell(dev, &dev->q[i], false);
	if (dev->transport_data)
		dev->transport->destroy(dev);
	if (dev->model->destroy)
		dev->model->destroy(dev);
	for (unsigned i = 0; i < dev->nqueues; i++)
		queue_deinit(&dev->q[i]);
	pthread_mutex_destroy(&dev->config_lock);
	pthread_mutex_destroy(&dev->fault_lock);
	free(dev);
}

void virtio_device_reset(struct device *device)
{
	struct virtio_dev *dev = virtio_of(device);

	reset(dev);
	if (dev->transport->power_on)
		dev->transport->power_on(dev);
	atomic_store(&dev->resets, 0);
}

void virtio_device_run(struct device *device, bool running)
{
	struct virtio_dev *dev = virtio_of(device);

	for (unsigned i = 0; i < dev->nqueues; i++)
		queue_pause(&dev->q[i], !running);
}

/* ---- info device ------------------------------------------------------------------------------------ */

static void describe_queue(struct virtq *q, struct out *out)
{
	pthread_mutex_lock(&q->lock);
	out_begin(out, "queue");
	out_text(out, ROLE_TEXT, "  queue ");
	out_dec(out, ROLE_NUMBER, "queue", 0, q->index);
	out_text(out, ROLE_TEXT, ": ");
	if (!q->ready) {
		out_str(out, ROLE_COMMENT, "state", 0, "not ready");
	} else {
		out_str(out, q->broken ? ROLE_WARN : ROLE_TEXT, "state", 0,
			q->broken ? "broken" : q->packed ? "packed" : "split");
		out_text(out, ROLE_TEXT, ", size ");
		out_dec(out, ROLE_NUMBER, "size", 0, q->num);
		out_text(out, ROLE_TEXT, ", ");
		out_dec(out, ROLE_NUMBER, "requests", 0, q->requests);
		out_text(out, ROLE_TEXT, " requests, ");
		out_dec(out, ROLE_NUMBER, "kicks", 0, atomic_load(&q->kicks));
		out_text(out, ROLE_TEXT, " kicks, ");
		out_dec(out, ROLE_NUMBER, "interrupts", 0, q->interrupts);
		out_text(out, ROLE_TEXT, " interrupts, ");
		out_dec(out, ROLE_NUMBER, "inflight", 0, q->ninflight);
		out_text(out, ROLE_TEXT, " in flight");
	}
	out_end(out);
	pthread_mutex_unlock(&q->lock);
}

static void describe_fault(struct virtio_dev *dev, struct out *out)
{
	pthread_mutex_lock(&dev->fault_lock);
	if (dev->fault.rule) {
		out_begin(out, "finding");
		out_text(out, ROLE_WARN, "  RI%02u on queue %u: %s (0x%" PRIx64 ", 0x%" PRIx64 ")", dev->fault.rule,
			 dev->fault_queue, dev->fault.text, dev->fault.a, dev->fault.b);
		out_hidden_dec(out, "rule", dev->fault.rule);
		out_hidden_dec(out, "queue", dev->fault_queue);
		out_hidden_str(out, "text", dev->fault.text);
		out_end(out);
	}
	pthread_mutex_unlock(&dev->fault_lock);
}

void virtio_device_describe(struct device *device, struct out *out)
{
	struct virtio_dev *dev = virtio_of(device);

	hw_show_reg(out, "status", 2, atomic_load(&dev->status),
		    atomic_load(&dev->status) & VIRTIO_NEEDS_RESET ? "the device needs a reset" : NULL);
	hw_show_reg(out, "offered", 16, dev->offered, "features");
	hw_show_reg(out, "accepted", 16, atomic_load(&dev->accepted), "features");
	if (dev->transport->describe)
		dev->transport->describe(dev, out);
	if (dev->backend[0]) {
		out_begin(out, "backend");
		out_text(out, ROLE_TEXT, "  backend    ");
		out_str(out, ROLE_TEXT, "backend", 0, dev->backend);
		out_end(out);
	}
	if (dev->model->describe)
		dev->model->describe(dev, out);
	for (unsigned i = 0; i < dev->nworkers; i++)
		if (dev->worker[i].started && atomic_load(&dev->worker[i].unconfined))
			out_message(out, ROLE_WARN, "  thread %u is not confined: this host has no seccomp", i);
	for (unsigned i = 0; i < dev->nqueues; i++)
		describe_queue(&dev->q[i], out);
	describe_fault(dev, out);
}
