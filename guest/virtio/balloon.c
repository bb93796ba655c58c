/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virtio-balloon (Virtio 1.2, 5.5): takes memory from the guest and gives it back, reads the guest's
 * statistics, and discards pages the guest says are free. Pages are 4 KiB whatever the guest's are; the
 * whole device is little-endian. A page is only given up (MADV_DONTNEED) when it is RAM and holds no planted
 * break instruction: the guest can do no more with it than with a page it writes zeroes to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/loop.h"
#include "core/base/vec.h"
#include "guest/hw/hw.h"
#include "guest/virtio/balloon.h"
#include "guest/virtio/virtio.h"

#define BALLOON_ID 5
#define F_MUST_TELL_HOST 0
#define F_STATS_VQ 1
#define F_DEFLATE_ON_OOM 2
#define F_FREE_PAGE_HINT 3
#define F_PAGE_POISON 4
#define F_REPORTING 5

#define PAGE 4096u
#define PFNS_MAX (1u << 16)	/* looked at of one buffer */
#define STATS_MAX 32
#define STAT_LEN 10
#define STATS_SECONDS 1

/* Configuration, 5.5.4. */
#define CFG_NUM_PAGES 0
#define CFG_ACTUAL 4
#define CFG_HINT_CMD 8
#define CFG_POISON 12
#define CFG_LEN 16
#define HINT_STOP 0u
#define HINT_DONE 1u

enum queue_role { R_INFLATE, R_DEFLATE, R_STATS, R_HINT, R_REPORTING, R_COUNT };

struct balloon {
	struct virtio_dev v;
	struct virtq_chain chain, stats_chain;
	bool has_stats_chain;
	size_t page;		/* of the host */
	_Atomic uint32_t hint_cmd;	/* the command under way */
	uint32_t hint_seen;		/* the one the driver answers to */
	_Atomic uint64_t inflated, deflated, reported, hinted, refused; /* bytes; pages that were no RAM */
	pthread_mutex_t lock;	/* guards what follows */
	uint64_t stat[STATS_MAX];
	uint32_t stat_known;	/* bits */
};

static struct balloon *balloon_of(struct virtio_dev *dev)
{
	return container_of(dev, struct balloon, v);
}

/* Queues of features that were not accepted are not there: the later ones move up (5.5.2). */
static enum queue_role role_of(const struct virtio_dev *dev, unsigned queue)
{
	static const struct { enum queue_role role; int feature; } order[] = {
		{ R_INFLATE, -1 }, { R_DEFLATE, -1 }, { R_STATS, F_STATS_VQ }, { R_HINT, F_FREE_PAGE_HINT },
		{ R_REPORTING, F_REPORTING },
	};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if ((order[i].feature < 0 || virtio_has(dev, order[i].feature)) && !queue--)
			return order[i].role;
	return R_COUNT;
}

/* Gives [gpa, gpa+len) back to the host, whole host pages of it. */
static uint64_t discard(struct balloon *b, uint64_t gpa, uint64_t len)
{
	uint8_t *host = load_ram_ptr(&b->v.ram, gpa, len);
	uintptr_t lo, hi;

	if (!host) {
		atomic_fetch_add(&b->refused, 1);
		return 0;
	}
	lo = align_up((uintptr_t)host, b->page);
	hi = align_down((uintptr_t)host + len, b->page);
	if (lo >= hi || device_ram_planted(&b->v.dev, gpa, len) || madvise((void *)lo, hi - lo, MADV_DONTNEED))
		return 0;
	return hi - lo;
}

static void page_frames(struct balloon *b, struct virtq *q, bool inflate)
{
	while (virtio_take(&b->v, q, &b->chain)) {
		uint64_t n = b->chain.out_len / 4, bytes = 0;
		uint8_t raw[4];

		for (uint64_t i = 0; i < n && i < PFNS_MAX; i++) {
			queue_read(q, &b->chain, i * 4, raw, sizeof(raw));
			if (inflate)
				discard(b, (uint64_t)le32_read(raw) * PAGE, PAGE);
			bytes += PAGE;
		}
		atomic_fetch_add(inflate ? &b->inflated : &b->deflated, bytes);
		virtio_done(&b->v, q, &b->chain, 0);
	}
}

/* Free pages as the writable pieces of a buffer: they may hold anything afterwards, unless a poison value was
 * agreed upon that is not 0, which DONTNEED would not leave there (5.5.6.6). */
static void free_pages(struct balloon *b, struct virtq *q, _Atomic uint64_t *counter)
{
	bool poisoned;

	pthread_mutex_lock(&b->v.config_lock);
	poisoned = virtio_has(&b->v, F_PAGE_POISON) && le32_read(b->v.config + CFG_POISON);
	pthread_mutex_unlock(&b->v.config_lock);
	for (unsigned i = 0; i < b->chain.nin && !poisoned; i++) {
		const struct virtq_seg *seg = &b->chain.seg[b->chain.nout + i];

		atomic_fetch_add(counter, discard(b, seg->gpa, seg->len));
	}
}

static void reporting(struct balloon *b, struct virtq *q)
{
	while (virtio_take(&b->v, q, &b->chain)) {
		free_pages(b, q, &b->reported);
		virtio_done(&b->v, q, &b->chain, 0);
	}
}

/* The driver sends the command's id, then free pages, then STOP; pages of another command are stale. */
static void hinting(struct balloon *b, struct virtq *q)
{
	while (virtio_take(&b->v, q, &b->chain)) {
		uint8_t raw[4];
		uint32_t done = HINT_DONE;

		if (b->chain.out_len >= 4) {
			queue_read(q, &b->chain, 0, raw, sizeof(raw));
			b->hint_seen = le32_read(raw);
		} else if (b->hint_seen == b->hint_cmd && b->hint_cmd > HINT_DONE) {
			free_pages(b, q, &b->hinted);
		}
		virtio_done(&b->v, q, &b->chain, 0);
		if (b->hint_seen == HINT_STOP && b->hint_cmd > HINT_DONE) {
			b->hint_cmd = HINT_DONE;
			le32_write(raw, done);
			virtio_config_set(&b->v, CFG_HINT_CMD, raw, 4, true);
		}
	}
}

static void read_stats(struct balloon *b, struct virtq *q, const struct virtq_chain *c)
{
	uint8_t raw[STAT_LEN];

	pthread_mutex_lock(&b->lock);
	for (uint64_t at = 0; at + STAT_LEN <= c->out_len && at < STATS_MAX * STAT_LEN; at += STAT_LEN) {
		uint16_t tag;

		queue_read(q, c, at, raw, sizeof(raw));
		tag = le16_read(raw);
		if (tag >= STATS_MAX)
			continue;
		b->stat[tag] = le64_read(raw + 2);
		b->stat_known |= BIT(tag);
	}
	pthread_mutex_unlock(&b->lock);
}

/* One buffer goes back and forth: giving it back asks for new figures (5.5.6.3). */
static void stats(struct balloon *b, struct virtq *q)
{
	if (!virtio_take(&b->v, q, &b->chain))
		return;
	read_stats(b, q, &b->chain);
	b->stats_chain = b->chain;
	b->has_stats_chain = true;
	virtio_release(q);
}

static struct virtq *stats_queue(struct balloon *b)
{
	for (unsigned i = 0; i < b->v.nqueues; i++)
		if (role_of(&b->v, i) == R_STATS)
			return &b->v.q[i];
	return NULL;
}

static void balloon_serve(struct virtio_dev *dev, struct virtq *q)
{
	struct balloon *b = balloon_of(dev);

	switch (role_of(dev, q->index)) {
	case R_INFLATE:
		page_frames(b, q, true);
		break;
	case R_DEFLATE:
		page_frames(b, q, false);
		break;
	case R_STATS:
		stats(b, q);
		break;
	case R_HINT:
		hinting(b, q);
		break;
	case R_REPORTING:
		reporting(b, q);
		break;
	case R_COUNT:
		break;
	}
}

static int balloon_poll_add(struct virtio_dev *dev, unsigned worker, struct pollfd *fds, unsigned *n)
{
	return balloon_of(dev)->has_stats_chain ? STATS_SECONDS * 1000 : -1;
}

static void balloon_poll_done(struct virtio_dev *dev, unsigned worker, const struct pollfd *fds, unsigned n)
{
	struct balloon *b = balloon_of(dev);
	struct virtq *q = stats_queue(b);

	if (!b->has_stats_chain || clock_now_ns() - b->stats_chain.taken_ns < STATS_SECONDS * 1000000000ull)
		return;
	b->has_stats_chain = false;
	if (q && virtio_resume(q, &b->stats_chain))
		virtio_done(dev, q, &b->stats_chain, 0);
}

/* ---- the host's side ------------------------------------------------------------------------------------ */

void balloon_target(struct device *device, uint64_t bytes)
{
	struct virtio_dev *dev = container_of(device, struct virtio_dev, dev);
	uint8_t raw[4];

	le32_write(raw, bytes / PAGE);
	virtio_config_set(dev, CFG_NUM_PAGES, raw, sizeof(raw), true);
}

bool balloon_hint(struct device *device)
{
	struct balloon *b = container_of(device, struct balloon, v.dev);
	uint8_t raw[4];

	if (!virtio_has(&b->v, F_FREE_PAGE_HINT))
		return false;
	pthread_mutex_lock(&b->v.config_lock);
	b->hint_cmd = b->hint_cmd < 2 || b->hint_cmd == ~0u ? 2 : b->hint_cmd + 1;
	le32_write(raw, b->hint_cmd);
	pthread_mutex_unlock(&b->v.config_lock);
	virtio_config_set(&b->v, CFG_HINT_CMD, raw, sizeof(raw), true);
	return true;
}

static void balloon_config_write(struct virtio_dev *dev, unsigned offset, unsigned len)
{
	/* `actual` and the poison value are only read. */
}

static void balloon_reset(struct virtio_dev *dev)
{
	struct balloon *b = balloon_of(dev);

	pthread_mutex_lock(&b->lock);
	b->stat_known = 0;
	pthread_mutex_unlock(&b->lock);
	pthread_mutex_lock(&dev->config_lock);
	le32_write(dev->config + CFG_ACTUAL, 0);
	le32_write(dev->config + CFG_POISON, 0);
	pthread_mutex_unlock(&dev->config_lock);
}

static void balloon_role(const struct virtio_dev *dev, unsigned queue, char *buf, size_t size)
{
	static const char *const names[] = { "inflate", "deflate", "stats", "free_page_hint", "reporting", "-" };

	snprintf(buf, size, "%s", names[role_of(dev, queue)]);
}

static void balloon_describe(struct virtio_dev *dev, struct out *out)
{
	static const char *const names[] = { "swapped in", "swapped out", "majflt", "minflt", "free", "total",
					     "available", "caches" };
	struct balloon *b = balloon_of(dev);

	pthread_mutex_lock(&dev->config_lock);
	hw_show_count(out, "target", le32_read(dev->config + CFG_NUM_PAGES) * (uint64_t)PAGE, "bytes to take away");
	hw_show_count(out, "actual", le32_read(dev->config + CFG_ACTUAL) * (uint64_t)PAGE, "bytes taken");
	pthread_mutex_unlock(&dev->config_lock);
	hw_show_count(out, "reported", atomic_load(&b->reported), "bytes the guest said are free, given to the host");
	hw_show_count(out, "hinted", atomic_load(&b->hinted), "bytes of free page hints, given to the host");
	if (atomic_load(&b->refused))
		hw_show_count(out, "refused", atomic_load(&b->refused), "pages that are not RAM");
	pthread_mutex_lock(&b->lock);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (b->stat_known & BIT(i))
			hw_show_count(out, names[i], b->stat[i], i == 2 || i == 3 ? "faults" : "bytes, says the guest");
	pthread_mutex_unlock(&b->lock);
}

static void balloon_destroy(struct virtio_dev *dev)
{
	pthread_mutex_destroy(&balloon_of(dev)->lock);
}

static const struct virtio_model model = {
	.kind = "balloon",
	.id = BALLOON_ID,
	.pci_class = 0x00ff00,
	.serve = balloon_serve,
	.config_write = balloon_config_write,
	.reset = balloon_reset,
	.poll_add = balloon_poll_add,
	.poll_done = balloon_poll_done,
	.role = balloon_role,
	.destroy = balloon_destroy,
	.describe = balloon_describe,
};

static struct error *balloon_create(struct vm *vm, unsigned unit, struct device **ret)
{
	struct virtio_dev *dev;
	struct error *err = virtio_create(vm, unit, &device_virtio_balloon, &model, sizeof(struct balloon), &dev);
	struct balloon *b;

	*ret = NULL;
	if (err || !dev)
		return err;
	b = balloon_of(dev);
	b->page = sysconf(_SC_PAGESIZE);
	pthread_mutex_init(&b->lock, NULL);
	dev->config_len = CFG_LEN;
	virtio_config_allow(dev, CFG_ACTUAL, 4);
	virtio_config_allow(dev, CFG_POISON, 4);
	snprintf(dev->backend, sizeof(dev->backend), "memory of the machine");
	return virtio_finish(dev, BIT(F_MUST_TELL_HOST) | BIT(F_STATS_VQ) | BIT(F_DEFLATE_ON_OOM) |
				  BIT(F_FREE_PAGE_HINT) | BIT(F_PAGE_POISON) | BIT(F_REPORTING), 5, 1, ret);
}

const struct device_model device_virtio_balloon = {
	.name = "balloon",
	.help = "virtio-balloon: memory taken from the guest, free pages, statistics",
	.many = true,
	.create = balloon_create,
	.reset = virtio_device_reset,
	.destroy = virtio_device_destroy,
	.describe = virtio_device_describe,
	.run = virtio_device_run,
	.state = virtio_device_state,
};
