/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virtio-blk (Virtio 1.2, 5.2) on a raw file. A worker per queue; data goes through the worker's own buffer,
 * so that guest memory is touched only for short moments: a disk that takes its time holds up nobody, a
 * reset in the middle of a request leaves no transfer into memory the guest uses otherwise, and what is
 * written is what was there at one moment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/vec.h"
#include "guest/hw/hw.h"
#include "guest/virtio/disk.h"
#include "guest/virtio/virtio.h"

#define BLK_ID 2
#define F_SEG_MAX 2
#define F_RO 5
#define F_BLK_SIZE 6
#define F_FLUSH 9
#define F_CONFIG_WCE 11
#define F_MQ 12
#define F_DISCARD 13
#define F_WRITE_ZEROES 14

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };

#define HEADER_LEN 16
#define ID_LEN 20
#define RANGE_LEN 16
#define RANGES_MAX 16
#define RANGE_SECTORS_MAX (1u << 21)	/* 1 GiB a range */
#define RANGE_UNMAP 1u

/* Configuration, 5.2.4. */
#define CFG_CAPACITY 0
#define CFG_SEG_MAX 12
#define CFG_BLK_SIZE 20
#define CFG_WCE 32
#define CFG_NUM_QUEUES 34
#define CFG_MAX_DISCARD_SECTORS 36
#define CFG_MAX_DISCARD_SEG 40
#define CFG_DISCARD_ALIGNMENT 44
#define CFG_MAX_ZEROES_SECTORS 48
#define CFG_MAX_ZEROES_SEG 52
#define CFG_ZEROES_MAY_UNMAP 56
#define CFG_LEN 60

#define BUFFER (256u << 10)

struct blk {
	struct virtio_dev v;
	struct disk disk;
	bool disk_open;
	_Atomic bool write_through;	/* every write reaches the medium before it is done */
	struct virtq_chain *chain[VIRTIO_WORKERS_MAX];
	uint8_t *buffer[VIRTIO_WORKERS_MAX];
};

struct request {
	struct blk *b;
	struct virtq *q;
	struct virtq_chain *c;
	uint8_t *buf;
	uint32_t type;
	uint64_t sector, written;
};

static struct blk *blk_of(struct virtio_dev *dev)
{
	return container_of(dev, struct blk, v);
}

/* Bytes [sector * 512, +len) when they are on the disk. */
static bool on_disk(const struct blk *b, uint64_t sector, uint64_t len, uint64_t *ret_offset)
{
	uint64_t sectors = b->disk.bytes / DISK_SECTOR;

	if (len % DISK_SECTOR || sector > sectors || len / DISK_SECTOR > sectors - sector)
		return false;
	*ret_offset = sector * DISK_SECTOR;
	return true;
}

/* The functions below begin and end in the section; false: the request is gone, and the section closed. */

static bool blk_read(struct request *r, uint8_t *status)
{
	uint64_t len = r->c->in_len - 1, offset;

	if (!on_disk(r->b, r->sector, len, &offset)) {
		*status = S_IOERR;
		return true;
	}
	for (uint64_t done = 0; done < len;) {
		size_t n = len - done < BUFFER ? len - done : BUFFER;
		bool ok;

		virtio_release(r->q);
		ok = disk_read(&r->b->disk, r->buf, n, offset + done);
		if (atomic_load(&r->b->v.quit) || !virtio_resume(r->q, r->c))
			return false;
		if (!ok) {
			*status = S_IOERR;
			return true;
		}
		queue_write(r->q, r->c, done, r->buf, n);
		r->written = done += n;
	}
	return true;
}

static bool blk_write(struct request *r, uint8_t *status)
{
	uint64_t len = r->c->out_len - HEADER_LEN, offset;
	bool ok = true;

	if (r->b->disk.ro || !on_disk(r->b, r->sector, len, &offset)) {
		*status = S_IOERR;
		return true;
	}
	for (uint64_t done = 0; done < len && ok;) {
		size_t n = len - done < BUFFER ? len - done : BUFFER;

		queue_read(r->q, r->c, HEADER_LEN + done, r->buf, n);
		done += n;
		virtio_release(r->q);
		ok = disk_write(&r->b->disk, r->buf, n, offset + done - n);
		if (ok && done == len && atomic_load(&r->b->write_through))
			ok = disk_flush(&r->b->disk);
		if (atomic_load(&r->b->v.quit) || !virtio_resume(r->q, r->c))
			return false;
	}
	*status = ok ? S_OK : S_IOERR;
	return true;
}

static bool blk_flush(struct request *r, uint8_t *status)
{
	bool ok;

	virtio_release(r->q);
	ok = disk_flush(&r->b->disk);
	*status = ok ? S_OK : S_IOERR;
	return virtio_resume(r->q, r->c);
}

struct range {
	uint64_t offset, len;
	bool unmap;
};

/* 5.2.6.2: all of them are judged before any of them is carried out. */
static uint8_t read_ranges(struct request *r, struct range *ranges, unsigned *ret_n)
{
	uint64_t len = r->c->out_len - HEADER_LEN;
	uint8_t raw[RANGE_LEN];

	*ret_n = len / RANGE_LEN;
	if (r->b->disk.ro || len % RANGE_LEN || !*ret_n || *ret_n > RANGES_MAX)
		return S_IOERR;
	for (unsigned i = 0; i < *ret_n; i++) {
		uint32_t sectors, flags;

		queue_read(r->q, r->c, HEADER_LEN + i * RANGE_LEN, raw, sizeof(raw));
		sectors = le32_read(raw + 8);
		flags = le32_read(raw + 12);
		if (flags & ~RANGE_UNMAP || (r->type == T_DISCARD && flags))
			return S_UNSUPP;
		if (sectors > RANGE_SECTORS_MAX ||
		    !on_disk(r->b, le64_read(raw), (uint64_t)sectors * DISK_SECTOR, &ranges[i].offset))
			return S_IOERR;
		ranges[i].len = (uint64_t)sectors * DISK_SECTOR;
		ranges[i].unmap = flags & RANGE_UNMAP;
	}
	return S_OK;
}

static bool blk_ranges(struct request *r, uint8_t *status)
{
	struct range ranges[RANGES_MAX];
	unsigned n;
	bool ok = true;

	*status = read_ranges(r, ranges, &n);
	if (*status != S_OK)
		return true;
	virtio_release(r->q);
	for (unsigned i = 0; i < n && ok; i++)
		ok = r->type == T_DISCARD ? disk_discard(&r->b->disk, ranges[i].offset, ranges[i].len)
					  : disk_zero(&r->b->disk, ranges[i].offset, ranges[i].len,
						      ranges[i].unmap);
	if (ok && atomic_load(&r->b->write_through))
		ok = disk_flush(&r->b->disk);
	*status = ok ? S_OK : S_IOERR;
	return virtio_resume(r->q, r->c);
}

static void get_id(struct request *r)
{
	char id[ID_LEN] = { 0 };

	memcpy(id, r->b->disk.serial, strlen(r->b->disk.serial));
	r->written = queue_write(r->q, r->c, 0, id, r->c->in_len - 1 < ID_LEN ? r->c->in_len - 1 : ID_LEN);
}

static bool blk_execute(struct request *r, uint8_t *status)
{
	uint64_t accepted = atomic_load(&r->b->v.accepted);

	*status = S_OK;
	switch (r->type) {
	case T_IN:
		return blk_read(r, status);
	case T_OUT:
		return blk_write(r, status);
	case T_FLUSH:
		return blk_flush(r, status);
	case T_GET_ID:
		get_id(r);
		return true;
	case T_DISCARD:
	case T_WRITE_ZEROES:
		if (accepted & BIT(r->type == T_DISCARD ? F_DISCARD : F_WRITE_ZEROES))
			return blk_ranges(r, status);
		break;
	}
	*status = S_UNSUPP;
	return true;
}

static void blk_request(struct request *r)
{
	uint8_t header[HEADER_LEN], status = S_IOERR;

	/* Without room for the status there is nobody to tell. */
	if (r->c->in_len == 0) {
		virtio_done(&r->b->v, r->q, r->c, 0);
		return;
	}
	if (queue_read(r->q, r->c, 0, header, sizeof(header)) == sizeof(header)) {
		r->type = le32_read(header);
		r->sector = le64_read(header + 8);
		if (!blk_execute(r, &status))
			return;
	}
	queue_write(r->q, r->c, r->c->in_len - 1, &status, 1);
	r->c->status = status;
	/* The bytes up to the status are only all written when it is the next one behind the data. */
	virtio_done(&r->b->v, r->q, r->c, r->written == r->c->in_len - 1 ? r->written + 1 : r->written);
}

static void blk_serve(struct virtio_dev *dev, struct virtq *q)
{
	struct blk *b = blk_of(dev);
	struct request r = { .b = b, .q = q, .c = b->chain[q->worker], .buf = b->buffer[q->worker] };
	uint32_t epoch;
	bool got;

	do {
		epoch = disk_begin(&b->disk);
		got = virtio_take(dev, q, r.c);
		r.written = 0;
		if (got)
			blk_request(&r);
		disk_end(&b->disk, epoch);
	} while (got);
}

/* Who has no FLUSH, or turned the cache off, expects what is done to be on the medium (5.2.6.2). */
static void update_cache(struct blk *b)
{
	bool wce = true;

	pthread_mutex_lock(&b->v.config_lock);
	if (virtio_has(&b->v, F_CONFIG_WCE))
		wce = b->v.config[CFG_WCE] & 1;
	pthread_mutex_unlock(&b->v.config_lock);
	atomic_store(&b->write_through, !virtio_has(&b->v, F_FLUSH) || !wce);
}

static void blk_config_write(struct virtio_dev *dev, unsigned offset, unsigned len)
{
	update_cache(blk_of(dev));
}

static void blk_driver_ok(struct virtio_dev *dev)
{
	update_cache(blk_of(dev));
}

static void blk_reset(struct virtio_dev *dev)
{
	struct blk *b = blk_of(dev);
	uint8_t wce = 1;

	disk_reset(&b->disk);
	virtio_config_set(dev, CFG_WCE, &wce, 1, false);
}

static void blk_destroy(struct virtio_dev *dev)
{
	struct blk *b = blk_of(dev);

	for (unsigned i = 0; i < VIRTIO_WORKERS_MAX; i++) {
		free(b->chain[i]);
		free(b->buffer[i]);
	}
	if (b->disk_open)
		disk_close(&b->disk);
}

static void blk_role(const struct virtio_dev *dev, unsigned queue, char *buf, size_t size)
{
	snprintf(buf, size, "requests%u", queue);
}

static const struct virtio_model model = {
	.kind = "blk",
	.id = BLK_ID,
	.pci_class = 0x018000,	/* mass storage, other */
	.serve = blk_serve,
	.config_write = blk_config_write,
	.driver_ok = blk_driver_ok,
	.reset = blk_reset,
	.role = blk_role,
	.destroy = blk_destroy,
};

static void fill_config(struct blk *b, unsigned queues)
{
	uint8_t *cfg = b->v.config;

	b->v.config_len = CFG_LEN;
	le64_write(cfg + CFG_CAPACITY, b->disk.bytes / DISK_SECTOR);
	/* A chain is at most as long as the queue: header and status take two. */
	le32_write(cfg + CFG_SEG_MAX, b->v.opts.queue_size > 2 ? b->v.opts.queue_size - 2 : 1);
	le32_write(cfg + CFG_BLK_SIZE, DISK_SECTOR);
	cfg[CFG_WCE] = 1;
	le16_write(cfg + CFG_NUM_QUEUES, queues);
	le32_write(cfg + CFG_MAX_DISCARD_SECTORS, RANGE_SECTORS_MAX);
	le32_write(cfg + CFG_MAX_DISCARD_SEG, RANGES_MAX);
	le32_write(cfg + CFG_DISCARD_ALIGNMENT, 8);
	le32_write(cfg + CFG_MAX_ZEROES_SECTORS, RANGE_SECTORS_MAX);
	le32_write(cfg + CFG_MAX_ZEROES_SEG, RANGES_MAX);
	cfg[CFG_ZEROES_MAY_UNMAP] = 1;
	virtio_config_allow(&b->v, CFG_WCE, 1);
}

static struct error *blk_create(struct vm *vm, unsigned unit, struct device **ret)
{
	struct disk_spec spec;
	struct virtio_dev *dev;
	struct error *err = virtio_create(vm, unit, &device_virtio_blk, &model, sizeof(struct blk), &dev);
	uint64_t features;
	struct blk *b;

	*ret = NULL;
	if (err || !dev)
		return err;
	b = blk_of(dev);
	err = disk_spec_parse(dev->place.spec->text, &spec);
	if (!err) {
		b->disk_open = true;
		err = disk_open(&b->disk, &spec);
	}
	if (err) {
		virtio_abandon(dev);
		return err;
	}
	if (!b->disk.serial[0])
		snprintf(b->disk.serial, sizeof(b->disk.serial), "vmscope-blk%u", unit);
	disk_describe(&b->disk, dev->backend, sizeof(dev->backend));
	for (unsigned i = 0; i < spec.queues; i++) {
		b->chain[i] = xcalloc(1, sizeof(*b->chain[i]));
		b->buffer[i] = xcalloc(1, BUFFER);
	}
	fill_config(b, spec.queues);
	features = BIT(F_SEG_MAX) | BIT(F_BLK_SIZE) | BIT(F_FLUSH) | BIT(F_CONFIG_WCE) |
		   (spec.queues > 1 ? BIT(F_MQ) : 0) |
		   (b->disk.ro ? BIT(F_RO) : BIT(F_DISCARD) | BIT(F_WRITE_ZEROES));
	return virtio_finish(dev, features, spec.queues, spec.queues, ret);
}

const struct device_model device_virtio_blk = {
	.name = "blk",
	.help = "virtio-blk: a disk of a raw file",
	.many = true,
	.create = blk_create,
	.reset = virtio_device_reset,
	.destroy = virtio_device_destroy,
	.describe = virtio_device_describe,
	.run = virtio_device_run,
	.state = virtio_device_state,
};
