/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/virtio/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "guest/virtio/options.h"

#define QUEUES_MAX 16
#define ZEROES 65536

static struct error *copy_serial(const struct virtio_word *word, char serial[21])
{
	if (strlen(word->value) > 20)
		return error_create(ERROR_USAGE, "--disk: serial=%.40s has more than 20 characters", word->value);
	snprintf(serial, 21, "%.20s", word->value);
	return NULL;
}

struct error *disk_spec_parse(const char *text, struct disk_spec *ret)
{
	struct error *err = NULL;
	struct virtio_word word;
	uint64_t n = 1;

	*ret = (struct disk_spec){ .queues = 1 };
	if (!virtio_word_next(&text, &word) || word.has_value || !word.value[0])
		return error_create(ERROR_USAGE, "--disk wants a file first, as --disk disk.img,ro");
	memcpy(ret->path, word.value, sizeof(ret->path));
	while (!err && virtio_word_next(&text, &word)) {
		if (!strcmp(word.key, "ro") && !word.has_value)
			ret->ro = true;
		else if (!strcmp(word.key, "mq"))
			err = virtio_word_number("--disk", &word, 1, QUEUES_MAX, &n);
		else if (!strcmp(word.key, "serial"))
			err = copy_serial(&word, ret->serial);
		else if (strcmp(word.key, "if") || (strcmp(word.value, "virtio") && strcmp(word.value, "scsi")))
			err = virtio_word_unknown("--disk", &word, "if=virtio|scsi, ro, mq=N, serial=TEXT");
	}
	ret->queues = n;
	return err;
}

static struct error *size_of(struct disk *d)
{
	struct stat st;
	uint64_t bytes;

	if (fstat(d->fd, &st))
		return error_errno(errno, "cannot look at the disk '%s'", d->path);
	if (S_ISBLK(st.st_mode)) {
		if (ioctl(d->fd, BLKGETSIZE64, &bytes))
			return error_errno(errno, "cannot tell the size of '%s'", d->path);
	} else if (S_ISREG(st.st_mode)) {
		bytes = st.st_size;
	} else {
		return error_create(ERROR_FAILED, "'%s' is neither a file nor a block device", d->path);
	}
	d->bytes = bytes & ~(uint64_t)(DISK_SECTOR - 1);
	if (!d->bytes)
		return error_hint(error_create(ERROR_FAILED, "the disk '%s' has not one sector of 512 bytes", d->path),
				  "make one: truncate -s 1G %s", d->path);
	return NULL;
}

static struct error *lock(struct disk *d)
{
	struct flock fl = { .l_type = d->ro ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET };

	if (!fcntl(d->fd, F_OFD_SETLK, &fl))
		return NULL;
	if (errno != EAGAIN && errno != EACCES)
		return NULL; /* a file system without locks */
	return error_hint(error_create(ERROR_FAILED, "the disk '%s' is in use by somebody else", d->path),
			  "two machines that write one disk destroy it; give `ro` to both, or a copy");
}

struct error *disk_open(struct disk *d, const struct disk_spec *spec)
{
	struct error *err;

	memset(d, 0, sizeof(*d));
	d->ro = spec->ro;
	d->can_punch = d->can_zero = true;
	snprintf(d->path, sizeof(d->path), "%s", spec->path);
	snprintf(d->serial, sizeof(d->serial), "%s", spec->serial);
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->idle, NULL);
	d->fd = open(d->path, (d->ro ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (d->fd < 0) {
		err = error_errno(errno, "cannot open the disk '%s'", d->path);
		return d->ro ? err : error_hint(err, "a disk that may only be read: --disk %s,ro", d->path);
	}
	err = size_of(d);
	return err ? err : lock(d);
}

void disk_close(struct disk *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	pthread_cond_destroy(&d->idle);
	pthread_mutex_destroy(&d->lock);
}

void disk_describe(const struct disk *d, char *buf, size_t size)
{
	const char *base = strrchr(d->path, '/');
	char bytes[32];

	snprintf(buf, size, "%.40s, %s, raw%s", base ? base + 1 : d->path,
		 format_size(bytes, sizeof(bytes), d->bytes), d->ro ? ", read-only" : "");
}

bool disk_read(struct disk *d, void *buf, size_t len, uint64_t offset)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(d->fd, (uint8_t *)buf + done, len - done, offset + done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false; /* 0: somebody cut the file off */
		done += n;
	}
	return true;
}

bool disk_write(struct disk *d, const void *buf, size_t len, uint64_t offset)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(d->fd, (const uint8_t *)buf + done, len - done, offset + done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += n;
	}
	return true;
}

bool disk_flush(struct disk *d)
{
	return d->ro || fdatasync(d->fd) == 0;
}

bool disk_discard(struct disk *d, uint64_t offset, uint64_t len)
{
	/* A hint: where it can not be followed, nothing was promised. */
	if (!d->can_punch || !len)
		return true;
	if (!fallocate(d->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, len))
		return true;
	if (errno != EOPNOTSUPP && errno != ENOSYS && errno != ENODEV)
		return false;
	d->can_punch = false;
	return true;
}

static bool write_zeroes(struct disk *d, uint64_t offset, uint64_t len)
{
	static const uint8_t zeroes[ZEROES];

	for (uint64_t done = 0; done < len;) {
		size_t n = len - done < ZEROES ? len - done : ZEROES;

		if (!disk_write(d, zeroes, n, offset + done))
			return false;
		done += n;
	}
	return true;
}

bool disk_zero(struct disk *d, uint64_t offset, uint64_t len, bool unmap)
{
	int mode = unmap ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;

	if (!len)
		return true;
	if (d->can_zero && !fallocate(d->fd, mode, offset, len))
		return true;
	if (d->can_zero && errno != EOPNOTSUPP && errno != ENOSYS && errno != ENODEV)
		return false;
	d->can_zero = false;
	return write_zeroes(d, offset, len);
}

uint32_t disk_begin(struct disk *d)
{
	uint32_t epoch;

	pthread_mutex_lock(&d->lock);
	while (d->busy_old)
		pthread_cond_wait(&d->idle, &d->lock);
	d->busy++;
	epoch = d->epoch;
	pthread_mutex_unlock(&d->lock);
	return epoch;
}

void disk_end(struct disk *d, uint32_t epoch)
{
	pthread_mutex_lock(&d->lock);
	if (epoch == d->epoch)
		d->busy--;
	else if (!--d->busy_old)
		pthread_cond_broadcast(&d->idle);
	pthread_mutex_unlock(&d->lock);
}

void disk_reset(struct disk *d)
{
	pthread_mutex_lock(&d->lock);
	d->busy_old += d->busy;
	d->busy = 0;
	d->epoch++;
	pthread_mutex_unlock(&d->lock);
}
