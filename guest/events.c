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
#define SPILL_MAX (16u << 20)

struct error *vm_events_create(struct vm *vm)
{
	pthread_mutex_init(&vm->misc_lock, NULL);
	pthread_mutex_init(&vm->spill_lock, NULL);
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
	pthread_mutex_destroy(&vm->spill_lock);
	free(vm->spill);
}

static void notify(struct vm *vm)
{
	uint64_t one = 1;

	if (!atomic_exchange_explicit(&vm->event_signalled, true, memory_order_acq_rel) &&
	    write(vm->event_fd, &one, sizeof(one)) < 0)
		atomic_store(&vm->event_signalled, false);
}

/* ---- console output that found a ring full ----------------------------------------------------- */

/* More of the record that was put last, when there is room in it: a guest writes byte by byte. */
static bool spill_join(struct vm *vm, const struct vmm_console *more)
{
	struct vmm_console *to;
	struct event *last;

	if (!vm->spill_len)
		return false;
	last = (struct event *)(vm->spill + vm->spill_last);
	to = (struct vmm_console *)last->payload;
	if (to->port != more->port || to->len + more->len > sizeof(to->data))
		return false;
	memcpy(to->data + to->len, more->data, more->len);
	to->len += more->len;
	last->payload_len = offsetof(struct vmm_console, data) + to->len;
	return true;
}

static bool spill_append(struct vm *vm, const struct vmm_console *console)
{
	size_t size = align_up(sizeof(struct event) + sizeof(*console), 8);
	struct event *event;

	if (vm->spill_len + size > SPILL_MAX)
		return false;
	if (vm->spill_len + size > vm->spill_cap) {
		vm->spill_cap = vm->spill_cap ? vm->spill_cap * 2 : 64 << 10;
		vm->spill = xrealloc(vm->spill, vm->spill_cap);
	}
	vm->spill_last = vm->spill_len;
	event = (struct event *)(vm->spill + vm->spill_last);
	memset(event, 0, size);
	*event = (struct event){
		.time_ns = clock_now_ns(), .schema = VMM_CONSOLE, .size = size, .cpu = UINT32_MAX, .vm = 1,
		.vcpu = EVENT_NO_VCPU, .payload_len = offsetof(struct vmm_console, data) + console->len,
	};
	memcpy(event->payload, console, event->payload_len);
	vm->spill_len += size;
	return true;
}

/*
 * What a guest prints is kept, also when the reader is slow and exits no longer fit the ring. As long as
 * something lies here, what is printed next comes after it (@first: start with this).
 */
static bool spill(struct vm *vm, const struct vmm_console *console, bool first)
{
	bool kept = false;

	pthread_mutex_lock(&vm->spill_lock);
	if (first || vm->spill_len)
		kept = spill_join(vm, console) || spill_append(vm, console);
	atomic_store(&vm->spilling, vm->spill_len > 0);
	pthread_mutex_unlock(&vm->spill_lock);
	return kept;
}

/* Into the ring of @v, on its thread. */
static void put(struct vcpu *v, uint32_t schema, uint16_t vcpu, const void *payload, size_t len,
		uint64_t time_ns, bool is_exit)
{
	struct event *event;
	uint32_t fill;

	if (schema == VMM_CONSOLE && atomic_load(&v->vm->spilling) && spill(v->vm, payload, false))
		return;
	event = event_ring_reserve(v->ring, schema, vcpu, len);
	if (!event) {
		if (schema == VMM_CONSOLE)
			spill(v->vm, payload, true);
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
	bool full;

	if (self) {
		put(self, schema, vcpu, payload, len, 0, false);
		return;
	}
	if (schema == VMM_CONSOLE && atomic_load(&vm->spilling) && spill(vm, payload, false))
		return;
	pthread_mutex_lock(&vm->misc_lock);
	event = event_ring_reserve(vm->misc, schema, vcpu, len);
	if (event) {
		memcpy(event->payload, payload, len);
		event->vm = 1;
		vm->misc_fill += event->size;
		event_ring_commit(vm->misc, event);
	}
	full = !event || vm->misc_fill > RING_NOTIFY;
	pthread_mutex_unlock(&vm->misc_lock);
	if (!event && schema == VMM_CONSOLE)
		spill(vm, payload, true);
	if (full)
		notify(vm);
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

/* The rings are empty: what was spilled comes after all that was in them. */
static unsigned drain_spill(struct vm *vm, struct drain *d)
{
	uint8_t *bytes;
	unsigned n = 0;
	size_t len;

	pthread_mutex_lock(&vm->spill_lock);
	bytes = vm->spill;
	len = vm->spill_len;
	vm->spill = NULL;
	vm->spill_len = vm->spill_cap = vm->spill_last = 0;
	atomic_store(&vm->spilling, false);
	pthread_mutex_unlock(&vm->spill_lock);
	for (size_t at = 0; at < len; n++) {
		const struct event *event = (const struct event *)(bytes + at);

		collect(d, event);
		at += event->size;
	}
	free(bytes);
	return n;
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
	if (n < max) {
		n += event_ring_drain(vm->misc, max - n, collect, &d);
		pthread_mutex_lock(&vm->misc_lock);
		if (!event_ring_pending(vm->misc))
			vm->misc_fill = 0;
		pthread_mutex_unlock(&vm->misc_lock);
	}
	if (n < max && atomic_load(&vm->spilling))
		n += drain_spill(vm, &d);
	if (d.index.len)
		qsort(d.index.data, d.index.len, sizeof(*d.index.data), by_time);
	for (size_t i = 0; i < d.index.len; i++)
		event_store_put(store, (const struct event *)(d.bytes + d.index.data[i].at));
	free(d.bytes);
	vec_free(&d.index);
	return n;
}
