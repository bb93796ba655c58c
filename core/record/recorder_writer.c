/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The writer thread's half of the recorder: buffers to blocks, blocks to the file or into memory. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/loop.h"
#include "core/record/recorder_internal.h"

#define SYNC_NS (5000ull * 1000 * 1000)
/* Payloads in one chunk: the columns are mostly a fraction of it. */
#define CHUNK_PAYLOAD (768u << 10)

static void fail(struct recorder *r, struct error *error)
{
	pthread_mutex_lock(&r->kept_lock);
	snprintf(r->error, sizeof(r->error), "%s", error_message(error));
	pthread_mutex_unlock(&r->kept_lock);
	error_destroy(error);
}

/* ---- the flight recorder ------------------------------------------------------------------------- */

static bool is_needed(const struct vms_blob *blob)
{
	return blob->block.type == VMS_BLOCK_CLASSES || blob->block.type == VMS_BLOCK_RECORDS;
}

static void drop_old(struct recorder *r)
{
	while (r->kept_bytes > r->options.ring_bytes && r->kept_from < r->kept.len) {
		struct vms_blob *blob = r->kept.data[r->kept_from++];

		if (is_needed(blob))
			continue;
		r->kept_bytes -= VMS_BLOCK_HEADER_SIZE + blob->payload.len;
		if (blob->block.type == VMS_BLOCK_EVENTS)
			r->dropped_old += blob->block.count;
		vms_blob_deinit(blob);
		free(blob);
		r->kept.data[r->kept_from - 1] = NULL;
	}
	if (r->kept_from < 1024 || r->kept_from < r->kept.len / 2)
		return;
	/* Close the gaps now and then. */
	size_t n = 0, from = 0;

	for (size_t i = 0; i < r->kept.len; i++) {
		if (i == r->kept_from)
			from = n;
		if (r->kept.data[i])
			r->kept.data[n++] = r->kept.data[i];
	}
	r->kept_from = r->kept_from >= r->kept.len ? n : from;
	r->kept.len = n;
}

static void keep(struct recorder *r, const struct vms_blob *blob)
{
	struct vms_blob *copy = xcalloc(1, sizeof(*copy));

	/* Exactly as large as it is: the packing buffer is not. */
	copy->block = blob->block;
	bytes_add(&copy->payload, blob->payload.data, blob->payload.len);
	bytes_add(&copy->tally, blob->tally.data, blob->tally.len);
	pthread_mutex_lock(&r->kept_lock);
	vec_push(&r->kept, copy);
	r->kept_bytes += VMS_BLOCK_HEADER_SIZE + copy->payload.len;
	drop_old(r);
	r->bytes = r->kept_bytes;
	pthread_mutex_unlock(&r->kept_lock);
}

void recorder_forget(struct recorder *r)
{
	for (size_t i = 0; i < r->kept.len; i++) {
		if (!r->kept.data[i])
			continue;
		vms_blob_deinit(r->kept.data[i]);
		free(r->kept.data[i]);
	}
	vec_free(&r->kept);
	vec_free(&r->list);
}

struct error *recorder_save_begin(struct recorder *r, const char *path, bool overwrite)
{
	struct vms_writer *w;
	struct error *error;

	if (r->path)
		return error_create(ERROR_STATE, "this recording goes to '%s' as it is made", r->path);
	recorder_flush(r);
	error = vms_writer_create(path, overwrite, &w);
	if (error)
		return error;
	pthread_mutex_lock(&r->kept_lock);
	for (size_t i = 0; i < r->kept.len && !error; i++)
		if (r->kept.data[i])
			error = vms_writer_put(w, r->kept.data[i]);
	if (!error)
		r->saving = w;
	pthread_mutex_unlock(&r->kept_lock);
	if (error)
		vms_writer_destroy(w);
	return error;
}

struct error *recorder_save_end(struct recorder *r)
{
	struct vms_writer *w = r->saving;
	struct error *error = NULL;

	recorder_drain(r);
	pthread_mutex_lock(&r->kept_lock);
	r->saving = NULL;
	if (*r->error)
		error = error_create(ERROR_FAILED, "%s", r->error);
	*r->error = 0;
	pthread_mutex_unlock(&r->kept_lock);
	if (!error)
		error = vms_writer_finish(w);
	vms_writer_destroy(w);
	return error;
}

struct error *recorder_save(struct recorder *r, const char *path, bool overwrite)
{
	struct error *error = recorder_save_begin(r, path, overwrite);

	return error ? error : recorder_save_end(r);
}

/* ---- the file ------------------------------------------------------------------------------------ */

static bool put(struct recorder *r, struct vms_blob *blob)
{
	struct vms_writer *saving = NULL;
	struct error *error;
	uint64_t now;

	if (!r->writer) {
		pthread_mutex_lock(&r->kept_lock);
		saving = r->saving;
		pthread_mutex_unlock(&r->kept_lock);
		if (!saving || blob->block.type == VMS_BLOCK_EVENTS) {
			keep(r, blob);
			return true;
		}
		error = *r->error ? NULL : vms_writer_put(saving, blob);
		if (error)
			fail(r, error);
		return true;
	}
	if (*r->error || r->full)
		return false;
	error = vms_writer_put(r->writer, blob);
	if (error) {
		fail(r, error);
		return false;
	}
	now = clock_now_ns();
	if (now - r->synced_ns > SYNC_NS) {
		r->synced_ns = now;
		vms_writer_sync(r->writer);
	}
	pthread_mutex_lock(&r->kept_lock);
	r->bytes = vms_writer_size(r->writer);
	r->full = r->options.max_bytes && r->bytes >= r->options.max_bytes;
	pthread_mutex_unlock(&r->kept_lock);
	return true;
}

static void write_raw(struct recorder *r, struct job *job)
{
	struct vms_blob blob;

	vms_blob_pack(r->codec, &job->block, job->data, job->len, NULL, &blob);
	put(r, &blob);
	vms_blob_deinit(&blob);
}

static void write_chunk(struct recorder *r, const struct job *job, size_t from, size_t n, bool first)
{
	struct vms_block block = job->block;
	struct chunk_info info;
	struct vms_blob blob;

	r->encoder.raw.len = 0;
	chunk_encode(&r->encoder, r->list.data + from, n, r->classes, &r->encoder.raw, &info);
	block.first = info.first;
	block.last = info.last;
	block.count = info.count;
	if (!first)
		block.lost = block.lost_reason = 0;
	vms_blob_pack(r->codec, &block, r->encoder.raw.data, r->encoder.raw.len, &info, &blob);
	if (!put(r, &blob))
		atomic_fetch_add(&r->lost, n);
	vms_blob_deinit(&blob);
}

/* One chunk, or more where payloads are large or the classes too many for one. */
static void write_events(struct recorder *r, struct job *job)
{
	size_t from = 0, payload = 0;
	uint64_t classes[CLASSES_MAX / 64] = { 0 };
	unsigned nclasses = 0;

	r->list.len = 0;
	for (size_t at = 0; at < job->len;) {
		const struct event *event = (const struct event *)(job->data + at);
		uint32_t id = event->schema;
		bool known = classes[id / 64] >> id % 64 & 1;

		payload += event->payload_len + 8;
		if ((payload > CHUNK_PAYLOAD && r->list.len > from) ||
		    (!known && nclasses == CHUNK_CLASSES_MAX)) {
			write_chunk(r, job, from, r->list.len - from, !from);
			from = r->list.len;
			payload = event->payload_len;
			memset(classes, 0, sizeof(classes));
			nclasses = 0;
			known = false;
		}
		if (!known) {
			classes[id / 64] |= 1ull << id % 64;
			nclasses++;
		}
		vec_push(&r->list, event);
		at += event->size;
	}
	if (r->list.len > from)
		write_chunk(r, job, from, r->list.len - from, !from);
}

void recorder_write(struct recorder *r, struct job *job)
{
	if (job->block.type == VMS_BLOCK_EVENTS)
		write_events(r, job);
	else
		write_raw(r, job);
}
