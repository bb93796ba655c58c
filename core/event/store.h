/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The event store: bounded, in time order of arrival, oldest overwritten (and counted). Everything that
 * happened goes in here; filters, panels, stop conditions and the recorder read it as sinks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/event/event.h"
#include "core/expr/expr.h"

struct event_store;
struct out;

struct event_sink {
	void *ctx;
	void (*event)(void *ctx, const struct event *event, const struct schema *schema);
};

/* @bytes: memory bound. Registers the VMM's schemas with their fixed ids. */
struct error *event_store_create(uint64_t bytes, struct event_store **ret);
void event_store_destroy(struct event_store *store);

/* Adds a schema (borrowed, must outlive the store) and gives it an id; the same name twice is an error. */
struct error *event_store_add_schema(struct event_store *store, struct schema *schema);
const struct schema *event_store_schema(const struct event_store *store, uint32_t id);
const struct schema *event_store_schema_by_name(const struct event_store *store, const char *name);
const struct schema *event_store_schema_at(const struct event_store *store, unsigned i);

void event_store_put(struct event_store *store, const struct event *event);
/* Another time is looked at: forgets all events, the next one has number @n. The generation counts these. */
void event_store_rewind(struct event_store *store, uint64_t n);
uint64_t event_store_generation(const struct event_store *store);
/* As event_store_put(), but nobody is told: it is not news. */
void event_store_load(struct event_store *store, const struct event *event);
/* So many events of @schema were ever seen. */
void event_store_set_count(struct event_store *store, uint32_t schema, uint64_t count);
void event_store_add_sink(struct event_store *store, const struct event_sink *sink);
void event_store_remove_sink(struct event_store *store, const struct event_sink *sink);

/* Numbered from 0 at the start of the session; those before first were overwritten. */
uint64_t event_store_first(const struct event_store *store);
uint64_t event_store_end(const struct event_store *store);
const struct event *event_store_get(const struct event_store *store, uint64_t n); /* NULL: gone */
uint64_t event_store_count(const struct event_store *store, uint32_t schema); /* ever seen */
uint64_t event_store_drops(const struct event_store *store); /* sum of VMM_DROP counts */

/* A scope for filter and catch expressions over @schema's fields (others are looked up in @next,
 * which may be NULL), and an env field reader for event payloads (ctx: struct event_field_ctx). */
struct event_field_ctx {
	const struct schema *schema;
	const struct event *event;
};
bool event_scope_field(const struct schema *schema, const char *name, unsigned *ret_index,
		       bool *ret_signed);
/* The name behind an index that event_scope_field() gave for what every event has; NULL: it is a schema's. */
const char *event_scope_header(unsigned index);
bool event_env_field(const struct event_field_ctx *ctx, unsigned index, uint64_t *ret);

/* One event as a record: time relative to @t0, vCPU, name, fields. The text is one line. */
void event_print(struct out *out, const struct event *event, const struct schema *schema, uint64_t t0);
