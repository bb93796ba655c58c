/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A chunk: events of one stream in time order, taken apart into columns (FORMAT.md, "EVENTS"). Decoding
 * gives back each record byte for byte.
 */
#pragma once

#include "core/base/error.h"
#include "core/event/event.h"
#include "core/record/class.h"
#include "core/record/column.h"

#define CHUNK_EVENTS_MAX 65536
#define CHUNK_CLASSES_MAX 255

/* Reusable memory of the encoder; zero it once. */
struct chunk_encoder {
	struct column_scratch scratch;
	uint64_t *values;
	uint32_t *order;	/* events by time */
	uint8_t *which;		/* class of each in this chunk */
	size_t cap;
	struct bytes raw;
};
void chunk_encoder_deinit(struct chunk_encoder *enc);

struct chunk_info {
	uint64_t first, last;	/* times */
	uint32_t count;
	uint32_t nclasses;
	struct { uint32_t id, count; } classes[CHUNK_CLASSES_MAX];
};

/*
 * Encodes @n events (pointers, 1..CHUNK_EVENTS_MAX, of at most CHUNK_CLASSES_MAX classes), by time, equal
 * times as they stand. @classes: by event->schema. Appends to @out and fills *@ret.
 */
void chunk_encode(struct chunk_encoder *enc, const struct event *const *events, size_t n,
		  struct event_class *const *classes, struct bytes *out, struct chunk_info *ret);

/* Events of a decoded chunk, one after the other; reused by the next decoding. Zero it once. */
struct chunk_events {
	uint8_t *data;
	size_t data_cap;
	uint32_t *at;		/* where record i starts in @data; at[n]: the end */
	uint32_t *member;	/* records of a class, in order */
	uint64_t *values;
	uint8_t *which;
	uint32_t *len;
	size_t cap;
	size_t n;
};
void chunk_events_deinit(struct chunk_events *ev);

static inline struct event *chunk_event(const struct chunk_events *ev, size_t i)
{
	return (struct event *)(ev->data + ev->at[i]);
}

/*
 * Decodes a chunk of @n events that begins at @first. @classes: by id in the file, NULL where there is
 * none; the records' schema ids are those of the classes' schemas. False: damaged.
 */
bool chunk_decode(const void *data, size_t len, size_t n, uint64_t first,
		  struct event_class *const *classes, size_t nclasses, struct chunk_events *ret);

/* Only the table of classes. */
bool chunk_classes(const void *data, size_t len, size_t n, struct chunk_info *ret);
