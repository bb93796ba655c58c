/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events of the VMM: a ring per vCPU, one more for all other threads, drained by the main thread in
 * time order. The producers make no system call, except one eventfd write when a ring fills up.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <errno.h>

#include "core/base/bits.h"
#include "core/event/store.h"
#include "guest/vm.h"

#define RING_BYTES (1u << 20)
#define RING_NOTIFY (RING_BYTES / 4)

struct error *vm_events_create(struct vm *vm)
{
	pthread_mutex_init(&vm->misc_lock, NULL);
	vm->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (vm->event_fd < 0)
		return error_errno(errno, "cannot create an eventfd");
	return event_ring_create(RING_BYTES, &vm->misc);
}

void vm_events_destroy(struct vm *vm)
{
	event_ring_destroy(vm->misc);
	if (vm->event_fd >= 0)
		close(vm->event_fd);
	pthread_mutex_destroy(&vm->misc_lock);
}

static void notify(struct vm *vm)
{
	uint64_t one = 1;

	if (!atomic_exchange_explicit(&vm->event_signalled, true, memory_order_acq_rel) &&
	    write(vm->event_fd, &one, sizeof(one)) < 0)
		atomic_store(&vm->event_signalled, false);
}

/* Into the ring of @v, on its thread. */
static void put(struct vcpu *v, uint32_t schema, uint16_t vcpu, const void *payload, size_t len,
		uint64_t time_ns, bool is_exit)
{
	struct event *event = event_ring_reserve(v->ring, schema, vcpu, len);
	uint32_t fill;

	if (!event) {
		notify(v->vm);
		return;
	}
	memcpy(event->payload, payload, len);
	event->vm = 1;
	if (is_exit) {
		/* Every exit payload starts with pc and handle_ns: what we took up to here. */
		uint64_t handle_ns = event->time_ns - time_ns;

		memcpy(event->payload + sizeof(uint64_t), &handle_ns, sizeof(handle_ns));
		event->time_ns = time_ns;
	}
	fill = event->size;
	event_ring_commit(v->ring, event);
	fill += atomic_load_explicit(&v->ring_fill, memory_order_relaxed);
	atomic_store_explicit(&v->ring_fill, fill, memory_order_relaxed);
	if (fill > RING_NOTIFY)
		notify(v->vm);
}

void vm_event(struct vm *vm, uint32_t schema, uint16_t vcpu, const void *payload, size_t len)
{
	struct vcpu *self = vcpu_self(vm);
	struct event *event;

	if (self) {
		put(self, schema, vcpu, payload, len, 0, false);
		return;
	}
	pthread_mutex_lock(&vm->misc_lock);
	event = event_ring_reserve(vm->misc, schema, vcpu, len);
	if (event) {
		memcpy(event->payload, payload, len);
		event->vm = 1;
		event_ring_commit(vm->misc, event);
	}
	pthread_mutex_unlock(&vm->misc_lock);
}

bool vcpu_exit_event(struct vcpu *v, uint32_t schema, void *payload, size_t len,
		     struct stop_report *report)
{
	union {
		struct event event;
		uint8_t bytes[EVENT_SIZE_MAX];
	} copy;

	put(v, schema, v->index, payload, len, v->exit_time_ns, true);
	if (!(v->vm->stops.catch_events & BIT(schema)))
		return false;
	memset(&copy.event, 0, sizeof(copy.event));
	copy.event.time_ns = v->exit_time_ns;
	copy.event.schema = schema;
	copy.event.size = align_up(sizeof(copy.event) + len, 8);
	copy.event.cpu = ~0u;
	copy.event.tid = v->tid;
	copy.event.vm = 1;
	copy.event.vcpu = v->index;
	copy.event.payload_len = len;
	memcpy(copy.event.payload, payload, len);
	return stops_hit_event(v, &copy.event, report);
}

/* ---- draining -------------------------------------------------------------------------------- */

struct drained {
	uint64_t time_ns;
	size_t at, order;	/* in the bytes; arrival, so that equal times keep their order */
};

struct drain {
	VEC(struct drained) index;
	uint8_t *bytes;
	size_t len, cap;
};

static void collect(void *ctx, const struct event *event)
{
	struct drain *d = ctx;

	if (d->len + event->size > d->cap) {
		d->cap = d->cap ? d->cap * 2 : 64 << 10;
		d->bytes = xrealloc(d->bytes, d->cap);
	}
	memcpy(d->bytes + d->len, event, event->size);
	vec_push(&d->index, (struct drained){ event->time_ns, d->len, d->index.len });
	d->len += event->size;
}

static int by_time(const void *a, const void *b)
{
	const struct drained *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

unsigned vm_events_drain(struct vm *vm, struct event_store *store, unsigned max)
{
	struct drain d = { 0 };
	uint64_t count;
	unsigned n = 0;

	if (atomic_exchange(&vm->event_signalled, false))
		while (read(vm->event_fd, &count, sizeof(count)) > 0)
			;
	for (unsigned i = 0; i < vm->nvcpus && n < max; i++) {
		n += event_ring_drain(vm->vcpus[i]->ring, max - n, collect, &d);
		if (!event_ring_pending(vm->vcpus[i]->ring))
			atomic_store_explicit(&vm->vcpus[i]->ring_fill, 0, memory_order_relaxed);
	}
	if (n < max)
		n += event_ring_drain(vm->misc, max - n, collect, &d);
	if (d.index.len)
		qsort(d.index.data, d.index.len, sizeof(*d.index.data), by_time);
	for (size_t i = 0; i < d.index.len; i++)
		event_store_put(store, (const struct event *)(d.bytes + d.index.data[i].at));
	free(d.bytes);
	vec_free(&d.index);
	return n;
}
