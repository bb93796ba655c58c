/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A disk of a raw file (or block device): whole reads and writes, or an error. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

#define DISK_SECTOR 512u

struct disk {
	int fd;
	bool ro;
	bool can_punch, can_zero;	/* as far as is known: cleared when the file system refuses */
	uint64_t bytes;			/* whole sectors */
	char serial[21];
	char path[4096];

	pthread_mutex_t lock;	/* guards what follows */
	pthread_cond_t idle;
	uint32_t epoch;		/* counts the device's resets */
	unsigned busy, busy_old;	/* workers at work since the last reset, and since before it */
};

/* What --disk says: FILE[,ro][,serial=TEXT], other words are left to @rest (NULL: are errors). */
struct disk_spec {
	char path[4096];
	bool ro;
	char serial[21];
	unsigned queues;	/* mq=N, 1 */
};
struct error *disk_spec_parse(const char *text, struct disk_spec *ret);

/* A writable file is locked against every other writer. */
struct error *disk_open(struct disk *d, const struct disk_spec *spec);
void disk_close(struct disk *d);
/* "disk.img, 64 MiB, raw, read-only" */
void disk_describe(const struct disk *d, char *buf, size_t size);

/* False: the medium failed. @offset and @len lie within the disk. Any thread, may take long. */
bool disk_read(struct disk *d, void *buf, size_t len, uint64_t offset);
bool disk_write(struct disk *d, const void *buf, size_t len, uint64_t offset);
bool disk_flush(struct disk *d);
bool disk_discard(struct disk *d, uint64_t offset, uint64_t len);
bool disk_zero(struct disk *d, uint64_t offset, uint64_t len, bool unmap);

/* A worker's requests lie between the two. What was under way when the device was reset ends before
 * anything new begins: an old write never lands behind a new one. Returns what disk_end() wants. */
uint32_t disk_begin(struct disk *d);
void disk_end(struct disk *d, uint32_t epoch);
void disk_reset(struct disk *d); /* does not wait */
