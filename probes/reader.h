/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user-space end of a probe's per-CPU rings: records to events of the store, losses included. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/event/store.h"
#include "probes/schema.h"

struct bpf_object;
struct reader;

/* Before the object is loaded: says how large @bytes (power of two) per CPU the rings will be. */
struct error *reader_prepare(struct bpf_object *obj, uint32_t bytes);
/* After: makes one ring per CPU and puts it into the object's map. @schemas are registered with @store
 * (already) and borrowed. Events of process @self are of VM 1. @bytes 0: no events, so no rings. */
struct error *reader_create(struct bpf_object *obj, uint32_t bytes, const struct probe_schemas *schemas,
			    struct event_store *store, pid_t self, struct reader **ret);
void reader_destroy(struct reader *r);
/* @fn sees each event first; with !@keep they do not go to the store. */
void reader_set_tap(struct reader *r, bool keep, void (*fn)(void *ctx, const struct event *event), void *ctx);

/* -1 without rings. Readable when a ring is more than half full; otherwise a timer polls. */
int reader_fd(const struct reader *r);
/* What the rings hold, by time, to the store; returns how many. */
size_t reader_drain(struct reader *r);
/* Exact: what found no room so far, and puts what no record told of as a vm.drop. Once at the end. */
void reader_finish(struct reader *r);
uint64_t reader_lost(const struct reader *r);
uint64_t reader_events(const struct reader *r); /* given to the store, without losses */
