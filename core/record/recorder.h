/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The recorder: what happens becomes a file, or stays in memory up to a bound (the flight recorder) until
 * it is saved. The main thread only copies events into the buffer of their stream (a host CPU's events of
 * one source); a thread of its own takes buffers apart, compresses and writes them.
 *
 *	event --copy--> stream's buffer --full, or half a second old--> queue --> writer thread --> file
 *	                     |                                                          `-> or memory
 *	                     `-- the queue is full: counted, told in place and in the chunk's header
 *
 * Nobody who runs a guest ever waits here. What a stopped guest is copied for (a snapshot) may wait for the
 * writer, since nobody else does.
 */
#pragma once

#include "core/base/error.h"
#include "core/event/store.h"
#include "core/record/format.h"

struct recorder;
struct target;

enum record_mem {
	RECORD_MEM_NONE,
	RECORD_MEM_TOUCHED,	/* what changes while it is recorded, and what the vCPUs stand on */
	RECORD_MEM_ALL,		/* all that was ever touched */
};

struct recorder_options {
	const char *path;	/* NULL: the flight recorder */
	bool overwrite;
	uint64_t ring_bytes;	/* flight recorder: memory for it */
	uint64_t max_bytes;	/* ends itself when the file is as large; 0: never */
	uint64_t queue_bytes;	/* buffers on their way; 0: 64 MiB */
	enum record_mem mem;
	const char *meta;	/* "key=value\n" lines; copied */
};

struct error *recorder_create(const struct recorder_options *options, struct recorder **ret);
/* Writes what is left and closes the file in order; *@ret_error (NULL: not wanted) is what went wrong. */
void recorder_destroy(struct recorder *r, struct error **ret_error);

/* An event of a store with these schemas: a struct event_sink's function, @ctx the recorder. */
void recorder_event(void *ctx, const struct event *event, const struct schema *schema);
/* Buffers older than half a second go to the writer; to be called now and then. */
void recorder_tick(struct recorder *r);
/* All that came so far is written (or kept) when this returns. */
void recorder_flush(struct recorder *r);
/* The same for what was handed over already: events that are being collected stay. */
void recorder_drain(struct recorder *r);

/* Tagged records: @payload as FORMAT.md says for @kind. */
void recorder_put(struct recorder *r, enum vms_record_kind kind, uint64_t time_ns, const void *payload,
		  size_t len);
/* One block of already framed @records. May wait for the writer. */
void recorder_put_block(struct recorder *r, enum vms_block_type type, uint64_t first, uint64_t last,
			uint32_t count, const void *raw, size_t len);

/* Flight recorder: what is kept becomes the file @path. It goes on after that. */
struct error *recorder_save(struct recorder *r, const char *path, bool overwrite);

/* The same in two parts: what is put between them (a snapshot) goes to the file, and only there. */
struct error *recorder_save_begin(struct recorder *r, const char *path, bool overwrite);
struct error *recorder_save_end(struct recorder *r);

struct recorder_status {
	uint64_t events, lost;	/* given to it; of them missing in the file, whatever for */
	uint64_t dropped_old;	/* flight recorder: made room for newer ones, not lost */
	uint64_t bytes;		/* of the file, or kept */
	bool full;		/* max_bytes reached */
	char error[200];	/* why nothing is written any more; "" */
};
void recorder_get_status(struct recorder *r, struct recorder_status *ret);
const struct recorder_options *recorder_options(const struct recorder *r);

/* A tagged record into @out. */
struct bytes;
void record_frame(struct bytes *out, enum vms_record_kind kind, uint64_t time_ns, const void *payload,
		  size_t len);
