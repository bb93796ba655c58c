/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/record/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/loop.h"
#include "core/record/crc32c.h"
#include "core/record/recording.h"

struct vms_writer {
	int fd;
	char *path;
	uint64_t size, seq;
	struct bytes index;	/* offset and header of each block */
	struct bytes tallies;	/* EVENTS: length and pairs, in the order of the blocks */
	uint32_t nindex;
	struct block_codec *codec;
};

void vms_blob_deinit(struct vms_blob *blob)
{
	bytes_deinit(&blob->payload);
	bytes_deinit(&blob->tally);
}

void vms_blob_pack(struct block_codec *codec, const struct vms_block *like, const void *raw, size_t len,
		   const struct chunk_info *info, struct vms_blob *ret)
{
	*ret = (struct vms_blob){ .block = *like };
	block_pack(codec, raw, len, &ret->block, &ret->payload);
	for (unsigned i = 0; info && i < info->nclasses; i++) {
		bytes_varint(&ret->tally, info->classes[i].id);
		bytes_varint(&ret->tally, info->classes[i].count);
	}
}

/* All of it, or an errno value. */
static int write_all(int fd, struct iovec *iov, int n, uint64_t offset)
{
	while (n) {
		ssize_t done = pwritev(fd, iov, n, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? errno : EIO;
		offset += (uint64_t)done;
		while (n && (size_t)done >= iov->iov_len) {
			done -= (ssize_t)iov->iov_len;
			iov++;
			n--;
		}
		if (n) {
			iov->iov_base = (uint8_t *)iov->iov_base + done;
			iov->iov_len -= (size_t)done;
		}
	}
	return 0;
}

static struct error *write_header(struct vms_writer *w)
{
	uint8_t h[VMS_HEADER_SIZE] = { 0 };
	struct iovec iov = { h, sizeof(h) };
	struct timespec ts;
	int err;

	clock_gettime(CLOCK_REALTIME, &ts);
	memcpy(h, VMS_MAGIC, 8);
	le32_write(h + 8, VMS_VERSION);
	le32_write(h + 12, VMS_HEADER_SIZE);
	le64_write(h + 32, (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec);
	le64_write(h + 40, clock_now_ns());
	/* Only tells recordings apart: without random numbers the times do. */
	if (getrandom(h + 48, 8, GRND_NONBLOCK) < 0)
		le64_write(h + 48, clock_now_ns());
	le32_write(h + 60, crc32c(0, h, 60));
	err = write_all(w->fd, &iov, 1, 0);
	if (err)
		return error_errno(err, "cannot write '%s'", w->path);
	w->size = sizeof(h);
	return NULL;
}

static struct vms_writer *writer_alloc(const char *path, int fd)
{
	struct vms_writer *w = xcalloc(1, sizeof(*w));

	w->fd = fd;
	w->path = xstrdup(path);
	w->codec = block_codec_create(1);
	return w;
}

struct error *vms_writer_create(const char *path, bool overwrite, struct vms_writer **ret)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (overwrite ? O_TRUNC : O_EXCL), 0644);
	struct vms_writer *w;
	struct error *error;

	if (fd < 0 && errno == EEXIST)
		return error_hint(error_create(ERROR_FAILED, "'%s' exists", path),
				  "give another name, or remove it");
	if (fd < 0)
		return error_errno(errno, "cannot create '%s'", path);
	w = writer_alloc(path, fd);
	error = write_header(w);
	if (error)
		vms_writer_destroy(w);
	else
		*ret = w;
	return error;
}

static void index_add(struct vms_writer *w, const struct vms_block *b, uint64_t offset, const void *tally,
		      size_t tally_len)
{
	uint8_t h[VMS_BLOCK_HEADER_SIZE];

	block_header_put(h, b);
	bytes_u64(&w->index, offset);
	bytes_add(&w->index, h, sizeof(h));
	w->nindex++;
	if (b->type != VMS_BLOCK_EVENTS)
		return;
	bytes_varint(&w->tallies, tally_len);
	bytes_add(&w->tallies, tally, tally_len);
}

struct error *vms_writer_append(const char *path, struct vms_writer **ret)
{
	struct recording *rec;
	struct error *error = recording_open(path, &rec);
	struct vms_writer *w;
	int fd;

	if (error)
		return error;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		error = error_errno(errno, "cannot write '%s'", path);
		recording_destroy(rec);
		return error;
	}
	w = writer_alloc(path, fd);
	for (size_t i = 0; i < rec->nblocks; i++) {
		const struct recording_block *b = &rec->blocks[i];

		if (b->block.type == VMS_BLOCK_INDEX || b->block.type == VMS_BLOCK_TRAILER)
			continue;
		index_add(w, &b->block, b->offset, b->tally_len ? rec->tallies.data + b->tally : NULL, b->tally_len);
	}
	w->seq = rec->next_seq;
	w->size = rec->end;
	recording_destroy(rec);
	if (ftruncate(fd, (off_t)w->size)) {
		error = error_errno(errno, "cannot write '%s'", path);
		vms_writer_destroy(w);
		return error;
	}
	*ret = w;
	return NULL;
}

void vms_writer_destroy(struct vms_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		close(w->fd);
	bytes_deinit(&w->index);
	bytes_deinit(&w->tallies);
	block_codec_destroy(w->codec);
	free(w->path);
	free(w);
}

struct error *vms_writer_put(struct vms_writer *w, struct vms_blob *blob)
{
	static const uint8_t zeros[8];
	uint8_t h[VMS_BLOCK_HEADER_SIZE];
	struct iovec iov[3] = {
		{ h, sizeof(h) }, { blob->payload.data, blob->payload.len },
		{ (void *)zeros, (size_t)block_padded(&blob->block) - blob->payload.len },
	};
	uint64_t size = sizeof(h) + block_padded(&blob->block);
	int err;

	blob->block.seq = w->seq;
	block_header_put(h, &blob->block);
	err = write_all(w->fd, iov, ARRAY_SIZE(iov), w->size);
	if (err) {
		/* Half a block is no use to anybody, and its room may do for the index. */
		if (ftruncate(w->fd, (off_t)w->size))
			return error_errno(err, "cannot write '%s' (its end is not whole)", w->path);
		return error_errno(err, "cannot write '%s'", w->path);
	}
	if (blob->block.type != VMS_BLOCK_INDEX && blob->block.type != VMS_BLOCK_TRAILER)
		index_add(w, &blob->block, w->size, blob->tally.data, blob->tally.len);
	w->seq++;
	w->size += size;
	return NULL;
}

struct error *vms_writer_finish(struct vms_writer *w)
{
	uint64_t now = clock_now_ns(), at = w->size;
	struct vms_block like = { .type = VMS_BLOCK_INDEX, .first = now, .last = now, .count = w->nindex };
	struct vms_blob blob;
	struct error *error;

	bytes_add(&w->index, w->tallies.data, w->tallies.len);
	if (w->index.len > VMS_INDEX_MAX)
		return NULL; /* readers scan */
	vms_blob_pack(w->codec, &like, w->index.data, w->index.len, NULL, &blob);
	error = vms_writer_put(w, &blob);
	vms_blob_deinit(&blob);
	if (error)
		return error;
	blob = (struct vms_blob){ .block = { .type = VMS_BLOCK_TRAILER, .first = at, .last = now } };
	error = vms_writer_put(w, &blob);
	vms_writer_sync(w);
	return error;
}

void vms_writer_sync(struct vms_writer *w)
{
	/* Best effort: nothing depends on it but power cuts, and a write that fails says so itself. */
	(void)!fdatasync(w->fd);
}

uint64_t vms_writer_size(const struct vms_writer *w)
{
	return w->size;
}
