/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between recorder.c (the main thread's side) and recorder_writer.c (the writer thread's). */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "core/base/vec.h"
#include "core/record/recorder.h"
#include "core/record/writer.h"

/* One buffer on its way: events as records, or the raw payload of any other block. */
struct job {
	struct job *next;
	struct vms_block block;
	uint8_t *data;
	size_t len;
};

struct stream {
	uint32_t id;
	struct job *job;	/* being filled; NULL: none */
	uint32_t count;		/* events in it */
	uint64_t since;		/* when it was begun */
	uint64_t lost, lost_time; /* not told yet */
	uint64_t lost_told;	/* told in the buffer that is being filled */
};

struct recorder {
	struct recorder_options options;
	char *path;
	uint64_t created_ns;

	/* The main thread's. */
	VEC(struct stream *) streams;
	struct stream *stream_last;
	VEC(char *) sources;
	uint8_t source[CLASSES_MAX];
	struct event_class *classes[CLASSES_MAX]; /* by schema id; each is set before a job needs it */
	uint32_t nclasses;
	_Atomic uint64_t events, lost;

	pthread_mutex_t lock;	/* guards the queue: head, tail, queued, busy, ending */
	pthread_cond_t work, drained;
	struct job *head, **tail;
	uint64_t queued, queue_max;
	bool busy, ending;
	pthread_t thread;
	bool started;

	/* The writer thread's; what is kept and what status shows is guarded by kept_lock. */
	pthread_mutex_t kept_lock;
	struct block_codec *codec;
	struct chunk_encoder encoder;
	VEC(const struct event *) list;
	struct vms_writer *writer;	/* NULL: the flight recorder */
	struct vms_writer *saving;	/* flight recorder: what is put now goes there */
	uint64_t synced_ns;
	VEC(struct vms_blob *) kept;	/* flight recorder: oldest first */
	size_t kept_from;		/* those before are gone (NULL), but for what all need */
	uint64_t kept_bytes, bytes, dropped_old;
	bool full;
	char error[200];
};

/* One job, on the writer's thread. */
void recorder_write(struct recorder *r, struct job *job);
/* Frees what is kept. */
void recorder_forget(struct recorder *r);
