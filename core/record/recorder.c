/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/record/recorder.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/loop.h"
#include "core/record/recorder_internal.h"

#define BUFFER_BYTES (1u << 20)
#define BUFFER_AGE_NS (500ull * 1000 * 1000)
#define QUEUE_BYTES (64ull << 20)
#define STREAMS_MAX 4096
#define SOURCES_MAX 256

/* ---- jobs ---------------------------------------------------------------------------------------- */

static void job_free(struct job *job)
{
	free(job->data);
	free(job);
}

/* False: the queue is full and @wait is not given. Takes @job then, otherwise it stays the caller's. */
static bool enqueue(struct recorder *r, struct job *job, bool wait)
{
	pthread_mutex_lock(&r->lock);
	while (wait && r->queued && r->queued + job->len > r->queue_max)
		pthread_cond_wait(&r->drained, &r->lock);
	if (r->queued && r->queued + job->len > r->queue_max) {
		pthread_mutex_unlock(&r->lock);
		return false;
	}
	r->queued += job->len;
	*r->tail = job;
	r->tail = &job->next;
	pthread_cond_signal(&r->work);
	pthread_mutex_unlock(&r->lock);
	return true;
}

static void *writer_main(void *arg)
{
	struct recorder *r = arg;

	pthread_mutex_lock(&r->lock);
	for (;;) {
		struct job *job = r->head;

		if (!job && r->ending)
			break;
		if (!job) {
			pthread_cond_wait(&r->work, &r->lock);
			continue;
		}
		r->head = job->next;
		if (!r->head)
			r->tail = &r->head;
		r->busy = true;
		pthread_mutex_unlock(&r->lock);
		recorder_write(r, job);
		pthread_mutex_lock(&r->lock);
		r->busy = false;
		r->queued -= job->len;
		pthread_cond_broadcast(&r->drained);
		job_free(job);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

void recorder_put_block(struct recorder *r, enum vms_block_type type, uint64_t first, uint64_t last,
			uint32_t count, const void *raw, size_t len)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->block = (struct vms_block){ .type = (uint8_t)type, .first = first, .last = last, .count = count };
	job->data = malloc(len ? len : 1);
	if (!job->data) {
		free(job);
		return;
	}
	memcpy(job->data, raw, len);
	job->len = len;
	enqueue(r, job, true);
}

void record_frame(struct bytes *out, enum vms_record_kind kind, uint64_t time_ns, const void *payload,
		  size_t len)
{
	bytes_u16(out, (uint16_t)kind);
	bytes_u16(out, 0);
	bytes_u32(out, (uint32_t)len);
	bytes_u64(out, time_ns);
	bytes_add(out, payload, len);
}

void recorder_put(struct recorder *r, enum vms_record_kind kind, uint64_t time_ns, const void *payload,
		  size_t len)
{
	struct bytes out = { 0 };

	record_frame(&out, kind, time_ns, payload, len);
	recorder_put_block(r, VMS_BLOCK_RECORDS, time_ns, time_ns, 1, out.data, out.len);
	bytes_deinit(&out);
}

/* ---- events -------------------------------------------------------------------------------------- */

/* Where the events of a class come from: the VMM, or the probe whose name is before the dot. */
static uint8_t source_of(struct recorder *r, const char *name)
{
	size_t len = strcspn(name, ".");

	for (size_t i = 0; i < r->sources.len; i++)
		if (strlen(r->sources.data[i]) == len && !memcmp(r->sources.data[i], name, len))
			return (uint8_t)i;
	if (r->sources.len == SOURCES_MAX - 1)
		return SOURCES_MAX - 1;
	vec_push(&r->sources, xstrndup(name, len));
	return (uint8_t)(r->sources.len - 1);
}

static bool add_class(struct recorder *r, const struct schema *schema, uint32_t id)
{
	struct bytes out = { 0 };

	if (id >= CLASSES_MAX || r->nclasses >= CLASSES_MAX)
		return false;
	r->source[id] = source_of(r, schema->name);
	r->classes[id] = class_create(schema, r->nclasses++);
	class_write(r->classes[id], &out);
	recorder_put_block(r, VMS_BLOCK_CLASSES, clock_now_ns(), clock_now_ns(), 1, out.data, out.len);
	bytes_deinit(&out);
	return true;
}

static struct stream *stream_of(struct recorder *r, uint32_t id)
{
	struct stream *s;

	if (r->stream_last && r->stream_last->id == id)
		return r->stream_last;
	for (size_t i = 0; i < r->streams.len; i++)
		if (r->streams.data[i]->id == id)
			return r->stream_last = r->streams.data[i];
	/* So many CPUs and sources do not exist: the rest share one. */
	if (r->streams.len >= STREAMS_MAX)
		return r->streams.data[0];
	s = xcalloc(1, sizeof(*s));
	s->id = id;
	vec_push(&r->streams, s);
	return r->stream_last = s;
}

static void lose(struct recorder *r, struct stream *s, uint64_t n, const struct event *like)
{
	if (!s->lost)
		s->lost_time = like->time_ns;
	s->lost += n;
	atomic_fetch_add(&r->lost, n);
}

/* The stream's buffer to the writer; what it holds is lost when the queue is full. */
static void hand_over(struct recorder *r, struct stream *s, bool wait)
{
	struct job *job = s->job;

	if (!job)
		return;
	s->job = NULL;
	job->block = (struct vms_block){
		.type = VMS_BLOCK_EVENTS, .stream = s->id, .count = s->count,
		.lost = s->lost_told < UINT32_MAX ? (uint32_t)s->lost_told : UINT32_MAX,
		.lost_reason = s->lost_told ? VMS_LOST_WRITER : VMS_LOST_NONE,
	};
	if (enqueue(r, job, wait)) {
		s->lost_told = 0;
		return;
	}
	/* Its first record is ours when losses were told. */
	lose(r, s, s->count - (s->lost_told > 0), (const struct event *)job->data);
	s->lost += s->lost_told; /* the chunk that was to tell of them is gone as well */
	s->lost_told = 0;
	job_free(job);
}

static void append(struct recorder *r, struct stream *s, const struct event *event)
{
	memcpy(s->job->data + s->job->len, event, event->size);
	s->job->len += event->size;
	s->count++;
}

/* In its place among the others: so many are missing. */
static void append_loss(struct recorder *r, struct stream *s, const struct event *like)
{
	union {
		struct event event;
		uint8_t bytes[sizeof(struct event) + sizeof(struct vmm_drop)];
	} u = { 0 };
	struct vmm_drop drop = { .count = s->lost, .where = VMM_DROP_WRITER };

	if (!r->classes[VMM_DROP] && !add_class(r, &vmm_schemas[VMM_DROP], VMM_DROP))
		return;
	u.event = (struct event){
		.time_ns = s->lost_time, .schema = VMM_DROP, .size = sizeof(u), .cpu = like->cpu,
		.vm = like->vm, .vcpu = EVENT_NO_VCPU, .payload_len = sizeof(drop),
	};
	memcpy(u.event.payload, &drop, sizeof(drop));
	append(r, s, &u.event);
	s->lost_told += s->lost;
	s->lost = 0;
}

static bool new_buffer(struct recorder *r, struct stream *s, const struct event *event, bool wait)
{
	bool room;

	/* Buffers being filled count as well: what is queued and what is open have one bound. */
	pthread_mutex_lock(&r->lock);
	while (wait && r->queued && r->queued + BUFFER_BYTES > r->queue_max)
		pthread_cond_wait(&r->drained, &r->lock);
	room = r->queued + BUFFER_BYTES <= r->queue_max || !r->queued;
	pthread_mutex_unlock(&r->lock);
	if (!room)
		return false;
	s->job = calloc(1, sizeof(*s->job));
	if (s->job)
		s->job->data = malloc(BUFFER_BYTES);
	if (!s->job || !s->job->data) {
		free(s->job);
		s->job = NULL;
		return false;
	}
	s->count = 0;
	s->since = clock_now_ns();
	if (s->lost)
		append_loss(r, s, event);
	return true;
}

void recorder_event(void *ctx, const struct event *event, const struct schema *schema)
{
	struct recorder *r = ctx;
	struct stream *s;

	if (event->schema >= CLASSES_MAX || (!r->classes[event->schema] && !add_class(r, schema, event->schema)))
		return;
	atomic_fetch_add_explicit(&r->events, 1, memory_order_relaxed);
	s = stream_of(r, VMS_STREAM(r->source[event->schema], event->cpu));
	if (s->job && (s->job->len + event->size > BUFFER_BYTES || s->count >= CHUNK_EVENTS_MAX))
		hand_over(r, s, false);
	if (!s->job && !new_buffer(r, s, event, false)) {
		lose(r, s, 1, event);
		return;
	}
	append(r, s, event);
}

void recorder_tick(struct recorder *r)
{
	uint64_t now = clock_now_ns();

	for (size_t i = 0; i < r->streams.len; i++)
		if (r->streams.data[i]->job && now - r->streams.data[i]->since > BUFFER_AGE_NS)
			hand_over(r, r->streams.data[i], false);
}

static void hand_over_all(struct recorder *r)
{
	for (size_t i = 0; i < r->streams.len; i++) {
		struct stream *s = r->streams.data[i];
		struct event like = { .time_ns = s->lost_time, .cpu = VMS_STREAM_CPU(s->id) };

		/* A loss at the very end has no event after it to come before. */
		if (s->lost && !s->job)
			new_buffer(r, s, &like, true);
		hand_over(r, s, true);
	}
}

void recorder_drain(struct recorder *r)
{
	pthread_mutex_lock(&r->lock);
	while (r->head || r->busy)
		pthread_cond_wait(&r->drained, &r->lock);
	pthread_mutex_unlock(&r->lock);
}

void recorder_flush(struct recorder *r)
{
	hand_over_all(r);
	recorder_drain(r);
}

/* ---- life ---------------------------------------------------------------------------------------- */

static struct error *start_thread(struct recorder *r)
{
	sigset_t all, old;
	int err;

	/* Signals are the main thread's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&r->thread, NULL, writer_main, r);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return error_errno(err, "cannot start the recorder's thread");
	r->started = true;
	return NULL;
}

struct error *recorder_create(const struct recorder_options *options, struct recorder **ret)
{
	struct recorder *r = xcalloc(1, sizeof(*r));
	struct error *error;

	r->options = *options;
	r->path = options->path ? xstrdup(options->path) : NULL;
	r->options.path = r->path;
	r->options.meta = NULL;
	r->queue_max = options->queue_bytes ? options->queue_bytes : QUEUE_BYTES;
	r->tail = &r->head;
	r->codec = block_codec_create(1);
	r->created_ns = clock_now_ns();
	pthread_mutex_init(&r->lock, NULL);
	pthread_mutex_init(&r->kept_lock, NULL);
	pthread_cond_init(&r->work, NULL);
	pthread_cond_init(&r->drained, NULL);
	error = r->path ? vms_writer_create(r->path, options->overwrite, &r->writer) : NULL;
	if (!error)
		error = start_thread(r);
	if (error) {
		recorder_destroy(r, NULL);
		return error;
	}
	if (options->meta)
		recorder_put(r, VMS_REC_META, r->created_ns, options->meta, strlen(options->meta));
	*ret = r;
	return NULL;
}

void recorder_destroy(struct recorder *r, struct error **ret_error)
{
	struct error *error = NULL;

	if (!r)
		return;
	if (r->started) {
		recorder_flush(r);
		pthread_mutex_lock(&r->lock);
		r->ending = true;
		pthread_cond_signal(&r->work);
		pthread_mutex_unlock(&r->lock);
		pthread_join(r->thread, NULL);
	}
	if (r->writer && r->started)
		error = vms_writer_finish(r->writer);
	if (*r->error) {
		error_destroy(error);
		error = error_create(ERROR_FAILED, "%s", r->error);
	}
	vms_writer_destroy(r->writer);
	recorder_forget(r);
	for (size_t i = 0; i < r->streams.len; i++) {
		if (r->streams.data[i]->job)
			job_free(r->streams.data[i]->job);
		free(r->streams.data[i]);
	}
	vec_free(&r->streams);
	for (size_t i = 0; i < r->sources.len; i++)
		free(r->sources.data[i]);
	vec_free(&r->sources);
	for (size_t i = 0; i < CLASSES_MAX; i++)
		class_destroy(r->classes[i]);
	chunk_encoder_deinit(&r->encoder);
	block_codec_destroy(r->codec);
	pthread_mutex_destroy(&r->lock);
	pthread_mutex_destroy(&r->kept_lock);
	pthread_cond_destroy(&r->work);
	pthread_cond_destroy(&r->drained);
	free(r->path);
	free(r);
	if (ret_error)
		*ret_error = error;
	else
		error_destroy(error);
}

void recorder_get_status(struct recorder *r, struct recorder_status *ret)
{
	pthread_mutex_lock(&r->kept_lock);
	*ret = (struct recorder_status){
		.events = atomic_load(&r->events), .lost = atomic_load(&r->lost),
		.dropped_old = r->dropped_old, .bytes = r->bytes, .full = r->full,
	};
	memcpy(ret->error, r->error, sizeof(ret->error));
	pthread_mutex_unlock(&r->kept_lock);
}

const struct recorder_options *recorder_options(const struct recorder *r)
{
	return &r->options;
}
