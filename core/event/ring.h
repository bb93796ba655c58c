/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Single-producer, single-consumer ring of events: one per vCPU thread or device thread; the main loop
 * drains. The producer never blocks and makes no system call; when it is full, events are counted as
 * dropped and the count is delivered as a vm.drop event at the place where they are missing.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/event/event.h"

struct event_ring;

/* @bytes: power of two, at least 64 KiB. */
struct error *event_ring_create(uint32_t bytes, struct event_ring **ret);
void event_ring_destroy(struct event_ring *ring);

/* Producer. Room for a record of @payload_len, header filled with time (now), cpu, tid, @schema and
 * @vcpu; NULL when full (counted). Commit makes it visible. Nothing between the two may fail. */
struct event *event_ring_reserve(struct event_ring *ring, uint32_t schema, uint16_t vcpu,
				 uint32_t payload_len);
void event_ring_commit(struct event_ring *ring, struct event *event);

/* Consumer: up to @max records to @fn; returns how many. Drops become VMM_DROP events. */
unsigned event_ring_drain(struct event_ring *ring, unsigned max,
			  void (*fn)(void *ctx, const struct event *event), void *ctx);
bool event_ring_pending(const struct event_ring *ring);
uint64_t event_ring_drops(const struct event_ring *ring);
