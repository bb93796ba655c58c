/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records lie contiguous in one buffer, at positions that only grow (offset: position modulo the size;
 * a record never wraps). An index, a ring as well, gives the position of event number n. The oldest go
 * when either the bytes or the index entries are needed.
 */
#include "core/event/store.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/text.h"
#include "core/base/vec.h"

#define STORE_MIN 4096
#define STORE_MAX (1ULL << 40)
/* Bytes of records per index entry: a little under the size of a typical record. */
#define BYTES_PER_ENTRY 48

struct kind {
	const struct schema *schema;
	uint64_t count; /* ever seen */
};

struct event_store {
	uint8_t *data;
	uint64_t size;
	uint64_t pos;		/* where the next record goes, if it fits before the end */
	uint64_t *index;
	uint64_t nindex;
	uint64_t first, end;	/* numbers of the events held */
	uint64_t drops;
	uint64_t generation;
	VEC(struct kind) kinds;	/* by schema id */
	VEC(struct event_sink) sinks;
	unsigned dispatching;	/* sinks are being called: removed ones are only marked */
	bool sinks_removed;
};

static struct error *allocate(struct event_store *store, uint64_t bytes)
{
	char text[32];

	format_size(text, sizeof(text), bytes);
	if (bytes < STORE_MIN || bytes > STORE_MAX)
		return error_create(ERROR_USAGE, "an event store of %s is not possible: use 4K to 1T", text);
	store->nindex = bytes / (BYTES_PER_ENTRY + sizeof(*store->index));
	store->size = align_down(store->nindex * BYTES_PER_ENTRY, 8);
	/* The kernel gives pages as they are touched, so an unused store costs nothing. */
	store->data = malloc(store->size);
	store->index = store->data ? malloc(store->nindex * sizeof(*store->index)) : NULL;
	if (!store->index)
		return error_create(ERROR_NOMEM, "no memory for an event store of %s", text);
	return NULL;
}

struct error *event_store_create(uint64_t bytes, struct event_store **ret)
{
	struct event_store *store = xcalloc(1, sizeof(*store));
	struct error *error = allocate(store, bytes);

	if (error) {
		event_store_destroy(store);
		return error;
	}
	for (unsigned i = 0; i < VMM_EVENT_COUNT; i++)
		vec_push(&store->kinds, (struct kind){ .schema = &vmm_schemas[i] });
	*ret = store;
	return NULL;
}

void event_store_destroy(struct event_store *store)
{
	if (!store)
		return;
	free(store->data);
	free(store->index);
	vec_free(&store->kinds);
	vec_free(&store->sinks);
	free(store);
}

struct error *event_store_add_schema(struct event_store *store, struct schema *schema)
{
	if (event_store_schema_by_name(store, schema->name))
		return error_create(ERROR_FAILED, "event '%s' is known already", schema->name);
	schema->id = (uint32_t)store->kinds.len;
	vec_push(&store->kinds, (struct kind){ .schema = schema });
	return NULL;
}

const struct schema *event_store_schema(const struct event_store *store, uint32_t id)
{
	return id < store->kinds.len ? store->kinds.data[id].schema : NULL;
}

const struct schema *event_store_schema_at(const struct event_store *store, unsigned i)
{
	return event_store_schema(store, i);
}

const struct schema *event_store_schema_by_name(const struct event_store *store, const char *name)
{
	for (size_t i = 0; i < store->kinds.len; i++)
		if (strcmp(store->kinds.data[i].schema->name, name) == 0)
			return store->kinds.data[i].schema;
	return NULL;
}

static uint64_t position(const struct event_store *store, uint64_t n)
{
	return store->index[n % store->nindex];
}

static void keep(struct event_store *store, const struct event *event)
{
	uint64_t offset = store->pos % store->size;
	uint64_t pos = store->pos;

	if (store->size - offset < event->size)
		pos += store->size - offset;
	while (store->first < store->end && (store->end - store->first == store->nindex ||
					     position(store, store->first) + store->size < pos + event->size))
		store->first++;
	memcpy(store->data + pos % store->size, event, event->size);
	store->index[store->end % store->nindex] = pos;
	store->end++;
	store->pos = pos + event->size;
}

static void sweep_sinks(struct event_store *store)
{
	size_t kept = 0;

	for (size_t i = 0; i < store->sinks.len; i++)
		if (store->sinks.data[i].event)
			store->sinks.data[kept++] = store->sinks.data[i];
	store->sinks.len = kept;
	store->sinks_removed = false;
}

static void dispatch(struct event_store *store, const struct event *event, const struct schema *schema)
{
	store->dispatching++;
	/* By number: a sink may add another, or put an event itself. */
	for (size_t i = 0; i < store->sinks.len; i++) {
		struct event_sink sink = store->sinks.data[i];

		if (sink.event)
			sink.event(sink.ctx, event, schema);
	}
	if (!--store->dispatching && store->sinks_removed)
		sweep_sinks(store);
}

static bool well_formed(const struct event_store *store, const struct event *event)
{
	return event->size >= sizeof(*event) && event->size <= EVENT_SIZE_MAX && event->size % 8 == 0 &&
	       event->payload_len <= event->size - sizeof(*event) && event->schema < store->kinds.len;
}

/* A record that can not be kept leaves a trace in its place. */
static void put_malformed(struct event_store *store, const struct event *bad)
{
	union {
		struct event event;
		uint8_t bytes[sizeof(struct event) + sizeof(struct vmm_drop)];
	} u = { 0 };
	struct vmm_drop drop = { .count = 1, .where = VMM_DROP_STORE };

	u.event = (struct event){
		.time_ns = bad->time_ns, .schema = VMM_DROP, .size = sizeof(u), .cpu = bad->cpu,
		.tid = bad->tid, .vm = bad->vm, .vcpu = EVENT_NO_VCPU, .payload_len = sizeof(drop),
	};
	memcpy(u.event.payload, &drop, sizeof(drop));
	event_store_put(store, &u.event);
}

static struct kind *take(struct event_store *store, const struct event *event)
{
	struct kind *kind = &store->kinds.data[event->schema];

	keep(store, event);
	kind->count++;
	if (event->schema == VMM_DROP) {
		struct vmm_drop drop = { 0 };

		memcpy(&drop, event->payload,
		       event->payload_len < sizeof(drop) ? event->payload_len : sizeof(drop));
		store->drops += drop.count;
	}
	return kind;
}

void event_store_put(struct event_store *store, const struct event *event)
{
	if (!well_formed(store, event)) {
		put_malformed(store, event);
		return;
	}
	dispatch(store, event, take(store, event)->schema);
}

void event_store_load(struct event_store *store, const struct event *event)
{
	if (well_formed(store, event))
		take(store, event);
}

void event_store_rewind(struct event_store *store, uint64_t n)
{
	store->first = store->end = n;
	store->pos = 0;
	store->drops = 0;
	store->generation++;
	for (size_t i = 0; i < store->kinds.len; i++)
		store->kinds.data[i].count = 0;
}

uint64_t event_store_generation(const struct event_store *store)
{
	return store->generation;
}

void event_store_set_count(struct event_store *store, uint32_t schema, uint64_t count)
{
	if (schema < store->kinds.len)
		store->kinds.data[schema].count = count;
}

void event_store_add_sink(struct event_store *store, const struct event_sink *sink)
{
	vec_push(&store->sinks, *sink);
}

void event_store_remove_sink(struct event_store *store, const struct event_sink *sink)
{
	for (size_t i = 0; i < store->sinks.len; i++) {
		struct event_sink *s = &store->sinks.data[i];

		if (s->ctx != sink->ctx || s->event != sink->event)
			continue;
		s->event = NULL;
		store->sinks_removed = true;
		break;
	}
	if (!store->dispatching && store->sinks_removed)
		sweep_sinks(store);
}

uint64_t event_store_first(const struct event_store *store)
{
	return store->first;
}

uint64_t event_store_end(const struct event_store *store)
{
	return store->end;
}

const struct event *event_store_get(const struct event_store *store, uint64_t n)
{
	if (n < store->first || n >= store->end)
		return NULL;
	return (const struct event *)(store->data + position(store, n) % store->size);
}

uint64_t event_store_count(const struct event_store *store, uint32_t schema)
{
	return schema < store->kinds.len ? store->kinds.data[schema].count : 0;
}

uint64_t event_store_drops(const struct event_store *store)
{
	return store->drops;
}
