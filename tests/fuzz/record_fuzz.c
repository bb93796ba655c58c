/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Recordings. The first byte chooses: raw bytes as a file, or a sound file in which one block's payload is
 * replaced (with a right checksum), so that what is behind the checksums is reached.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/record/machine.h"
#include "core/record/timeline.h"
#include "core/record/writer.h"
#include "tests/lib/recording_builder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool any_record(void *ctx, const struct recording_record *record)
{
	uint64_t *sum = ctx;

	for (size_t i = 0; i < record->len; i++)
		*sum += record->data[i];
	return true;
}

/* The machine of it at each of its times, and memory. */
static void look_at_machine(struct recording *rec)
{
	struct machine *m = machine_create(rec);
	struct timeline *t = xcalloc(1, sizeof(*t));
	uint8_t page[64];

	for (size_t i = 0; i < m->snapshots.len && i < 20; i++) {
		if (!machine_load(m, i))
			continue;
		for (uint64_t gpa = 0; gpa < 1 << 16; gpa += 4096)
			machine_page_read(m, gpa, m->snapshots.data[i].time_ns, page, sizeof(page));
	}
	timeline_fill(rec, recording_first_time(rec), recording_last_time(rec), 80, t);
	free(t);
	machine_destroy(m);
}

static void look(const char *path)
{
	struct recording *rec;
	struct error *error = recording_open(path, &rec);
	uint64_t sum = 0;
	char buf[64];

	if (error) {
		error_destroy(error);
		return;
	}
	for (uint64_t i = 0; i < recording_count(rec) && i < 1000; i++) {
		const struct event *e = recording_event(rec, i);

		if (e && (e->size < sizeof(*e) || e->size > EVENT_SIZE_MAX || e->payload_len > e->size - sizeof(*e)))
			abort();
	}
	recording_event(rec, recording_count(rec) - 1);
	recording_before(rec, recording_last_time(rec));
	recording_class_count(rec, 0, 5);
	recording_meta(rec, "title", buf, sizeof(buf));
	for (size_t i = 0; i < rec->nblocks; i++)
		if (rec->blocks[i].block.type == VMS_BLOCK_RECORDS || rec->blocks[i].block.type == VMS_BLOCK_SNAPSHOT)
			recording_records(rec, i, any_record, &sum);
	look_at_machine(rec);
	recording_verify(rec);
	recording_destroy(rec);
}

static void write_file(int fd, const void *data, size_t len)
{
	if (ftruncate(fd, 0) || pwrite(fd, data, len, 0) != (ssize_t)len)
		abort();
}

/* One block whose kind and count the first bytes give, the rest its payload, after the classes. */
static void write_block(const char *path, const uint8_t *data, size_t size)
{
	struct block_codec *codec = block_codec_create(1);
	struct vms_block like = { 0 };
	struct vms_blob blob;
	struct vms_writer *w;

	build_recording(path, 3);
	if (size < 12 || vms_writer_append(path, &w))
		goto out;
	like = (struct vms_block){
		.type = data[0] % VMS_BLOCK_TYPES, .count = data[1] | data[2] << 8u, .first = data[3] << 8u,
		.last = data[4] << 10u, .stream = data[5], .flags = data[6] & 1,
	};
	vms_blob_pack(codec, &like, data + 7, size - 7, NULL, &blob);
	if (vms_writer_put(w, &blob))
		abort();
	vms_blob_deinit(&blob);
	if (data[6] & 2 && vms_writer_finish(w))
		abort();
	vms_writer_destroy(w);
out:
	block_codec_destroy(codec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[32];
	int fd;

	if (!size)
		return 0;
	fd = memfd_create("record_fuzz", 0);
	if (fd < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (data[0] & 1)
		write_file(fd, data + 1, size - 1);
	else
		write_block(path, data + 1, size - 1);
	look(path);
	close(fd);
	return 0;
}
