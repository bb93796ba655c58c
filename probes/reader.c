/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/reader.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/loop.h"

/* struct event_head, lost_record and lost of probes/bpf/common.bpf.h. */
struct head {
	uint64_t time_ns;
	uint32_t type, cpu, tid, tgid, vcpu, pad;
};

struct lost {
	uint64_t total, untold;
};

/* A drain is bounded, so that a flood of events can not keep the main loop. */
#define DRAIN_BYTES (8u << 20)

struct reader {
	const struct probe_schemas *schemas;
	struct event_store *store;
	struct ring_buffer *rings;
	int losses_fd;
	int ncpus;
	int *fds;		/* the rings, by CPU; -1: none */
	pid_t self;
	uint64_t told, events;
	void (*tap)(void *ctx, const struct event *event);
	void *tap_ctx;
	bool keep;
	/* One drain's events, each aligned to 8, and where they start. */
	uint8_t *batch;
	size_t batch_len, batch_cap;
	VEC(size_t) index;
};

struct error *reader_prepare(struct bpf_object *obj, uint32_t bytes)
{
	struct bpf_map *rings = bpf_object__find_map_by_name(obj, "rings");
	int err = rings ? bpf_map__set_max_entries(rings, (uint32_t)libbpf_num_possible_cpus()) : -ENOENT;

	return err ? error_errno(-err, "cannot size the event rings of a probe") : NULL;
}

/* One ring per CPU into the object's map, together: the kernel waits for all its CPUs after each update of a
 * map of maps. Older kernels take them one by one. */
static struct error *add_rings(struct reader *r, int outer, uint32_t bytes)
{
	_free_ uint32_t *cpus = xcalloc((size_t)r->ncpus, sizeof(*cpus));
	uint32_t n = (uint32_t)r->ncpus;
	struct error *error = NULL;
	bool together;

	for (uint32_t cpu = 0; cpu < (uint32_t)r->ncpus; cpu++) {
		cpus[cpu] = cpu;
		r->fds[cpu] = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "vmscope_ring", 0, 0, bytes, NULL);
		if (r->fds[cpu] < 0)
			return error_errno(errno, "cannot create a BPF ring buffer of %u bytes for CPU %u", bytes, cpu);
	}
	together = bpf_map_update_batch(outer, cpus, r->fds, &n, NULL) == 0 && n == (uint32_t)r->ncpus;
	for (uint32_t cpu = 0; !together && !error && cpu < (uint32_t)r->ncpus; cpu++)
		if (bpf_map_update_elem(outer, &cpu, &r->fds[cpu], BPF_ANY) < 0)
			error = error_errno(errno, "cannot place the BPF ring buffer of CPU %u", cpu);
	return error;
}

static struct event *batch_room(struct reader *r, size_t size)
{
	struct event *event;

	while (r->batch_len + size > r->batch_cap) {
		r->batch_cap = r->batch_cap ? r->batch_cap * 2 : 65536;
		r->batch = xrealloc(r->batch, r->batch_cap);
	}
	vec_push(&r->index, r->batch_len);
	event = (struct event *)(r->batch + r->batch_len);
	r->batch_len += size;
	memset(event, 0, size);
	return event;
}

static void batch_add(struct reader *r, const struct head *head, uint32_t schema, const void *payload, size_t len)
{
	size_t size = align_up(sizeof(struct event) + len, 8);
	struct event *event = batch_room(r, size);

	event->time_ns = head->time_ns;
	event->schema = schema;
	event->size = (uint16_t)size;
	event->cpu = head->cpu;
	event->tid = head->tid;
	event->vm = head->tgid == (uint32_t)r->self;
	event->vcpu = head->vcpu < EVENT_NO_VCPU ? (uint16_t)head->vcpu : EVENT_NO_VCPU;
	event->payload_len = (uint32_t)len;
	memcpy(event->payload, payload, len);
}

static void add_lost(struct reader *r, const struct head *head, uint64_t count)
{
	struct vmm_drop drop = { .count = count, .where = VMM_DROP_RING };
	struct head h = *head;

	h.vcpu = EVENT_NO_VCPU;
	r->told += count;
	batch_add(r, &h, VMM_DROP, &drop, sizeof(drop));
}

static int on_record(void *ctx, void *data, size_t size)
{
	const struct head *head = data;
	const struct probe_schema *schema;
	struct reader *r = ctx;
	size_t len;

	if (size < sizeof(*head))
		return 0;
	len = size - sizeof(*head);
	if (!head->type) {
		uint64_t count;

		if (len >= sizeof(count)) {
			memcpy(&count, head + 1, sizeof(count));
			add_lost(r, head, count);
		}
		return 0;
	}
	schema = probe_schemas_find(r->schemas, head->type);
	if (schema && len >= schema->schema.size) {
		batch_add(r, head, schema->schema.id, head + 1, schema->schema.size);
		r->events++;
	}
	/* A negative value ends this round; the record is consumed. */
	return r->batch_len > DRAIN_BYTES ? -EAGAIN : 0;
}

static struct error *watch_rings(struct reader *r)
{
	for (uint32_t cpu = 0; cpu < (uint32_t)r->ncpus; cpu++) {
		int err;

		if (!r->rings) {
			r->rings = ring_buffer__new(r->fds[cpu], on_record, r, NULL);
			err = r->rings ? 0 : -errno;
		} else {
			err = ring_buffer__add(r->rings, r->fds[cpu], on_record, r);
		}
		if (err)
			return error_errno(-err, "cannot map the BPF ring buffer of CPU %u", cpu);
	}
	return NULL;
}

struct error *reader_create(struct bpf_object *obj, uint32_t bytes, const struct probe_schemas *schemas,
			    struct event_store *store, pid_t self, struct reader **ret)
{
	int outer = bpf_object__find_map_fd_by_name(obj, "rings");
	struct reader *r = xcalloc(1, sizeof(*r));
	struct error *error = NULL;

	r->schemas = schemas;
	r->store = store;
	r->self = self;
	r->ncpus = libbpf_num_possible_cpus();
	r->losses_fd = bpf_object__find_map_fd_by_name(obj, "losses");
	r->fds = xcalloc((size_t)r->ncpus, sizeof(*r->fds));
	for (int i = 0; i < r->ncpus; i++)
		r->fds[i] = -1;
	/* Where no events are wanted there is nothing to place. */
	if (bytes)
		error = add_rings(r, outer, bytes);
	if (bytes && !error)
		error = watch_rings(r);
	if (error)
		reader_destroy(r);
	else
		*ret = r;
	return error;
}

void reader_destroy(struct reader *r)
{
	if (!r)
		return;
	ring_buffer__free(r->rings);
	for (int i = 0; r->fds && i < r->ncpus; i++)
		if (r->fds[i] >= 0)
			close(r->fds[i]);
	free(r->fds);
	vec_free(&r->index);
	free(r->batch);
	free(r);
}

void reader_set_tap(struct reader *r, bool keep, void (*fn)(void *ctx, const struct event *event), void *ctx)
{
	r->keep = keep;
	r->tap = fn;
	r->tap_ctx = ctx;
}

int reader_fd(const struct reader *r)
{
	return r->rings ? ring_buffer__epoll_fd(r->rings) : -1;
}

static const struct event *batch_event(const struct reader *r, size_t i)
{
	return (const struct event *)(r->batch + r->index.data[i]);
}

static int by_time(const void *a, const void *b, void *ctx)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	const struct reader *r = ctx;
	uint64_t tx = ((const struct event *)(r->batch + x))->time_ns;
	uint64_t ty = ((const struct event *)(r->batch + y))->time_ns;

	/* Of one time, in the order of arrival. */
	return tx != ty ? (tx < ty ? -1 : 1) : (x < y ? -1 : x > y);
}

static size_t flush(struct reader *r)
{
	size_t n = r->index.len;

	if (!n)
		return 0; /* the index may never have been allocated */
	qsort_r(r->index.data, n, sizeof(*r->index.data), by_time, r);
	for (size_t i = 0; i < n; i++) {
		const struct event *event = batch_event(r, i);

		if (r->tap && event->schema != VMM_DROP)
			r->tap(r->tap_ctx, event);
		if (!r->tap || r->keep || event->schema == VMM_DROP)
			event_store_put(r->store, event);
	}
	r->index.len = 0;
	r->batch_len = 0;
	return n;
}

size_t reader_drain(struct reader *r)
{
	if (r->rings)
		ring_buffer__consume(r->rings);
	return flush(r);
}

uint64_t reader_lost(const struct reader *r)
{
	struct lost *cpus = xcalloc((size_t)r->ncpus, sizeof(*cpus));
	uint32_t zero = 0;
	uint64_t total = 0;

	if (bpf_map_lookup_elem(r->losses_fd, &zero, cpus) == 0)
		for (int i = 0; i < r->ncpus; i++)
			total += cpus[i].total;
	free(cpus);
	return total;
}

void reader_finish(struct reader *r)
{
	struct head head = { .time_ns = clock_now_ns(), .cpu = UINT32_MAX, .tgid = (uint32_t)r->self };
	uint64_t lost;

	while (reader_drain(r))
		;
	lost = reader_lost(r);
	if (lost > r->told)
		add_lost(r, &head, lost - r->told);
	flush(r);
}

uint64_t reader_events(const struct reader *r)
{
	return r->events;
}
