/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/virtio/queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/loop.h"
#include "guest/virtio/ring.h"
#include "guest/virtio/virtio.h"

void queue_init(struct virtq *q, struct virtio_dev *dev, unsigned index, uint16_t size_max)
{
	memset(q, 0, sizeof(*q));
	q->dev = dev;
	q->index = index;
	q->size_max = q->size = size_max;
	q->vector = VIRTIO_NO_VECTOR;
	q->paused = true; /* machines start stopped */
	q->kick_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->resumed, NULL);
}

void queue_deinit(struct virtq *q)
{
	if (q->kick_fd >= 0)
		close(q->kick_fd);
	pthread_cond_destroy(&q->resumed);
	pthread_mutex_destroy(&q->lock);
}

bool ring_fault(struct virtq_fault *fault, unsigned rule, uint64_t a, uint64_t b, const char *text)
{
	*fault = (struct virtq_fault){ .rule = rule, .a = a, .b = b, .text = text, .entry = 0xffff,
				       .head = 0xffff };
	return false;
}

struct area {
	uint64_t gpa, len;
	unsigned align;
	uint8_t **host;
	const char *misplaced, *unaligned;
};

static bool map_area(struct virtq *q, const struct load_ram *ram, const struct area *a, struct virtq_fault *ret)
{
	uint64_t gpa = a->gpa;

	if (a->gpa & (a->align - 1))
		return ring_fault(ret, 12, a->gpa, a->align, a->unaligned);
	*a->host = virtio_translate(q->dev, &gpa, a->len) ? load_ram_ptr(ram, gpa, a->len) : NULL;
	return *a->host || ring_fault(ret, 8, a->gpa, a->len, a->misplaced);
}

bool queue_start(struct virtq *q, const struct load_ram *ram, struct virtq_fault *ret)
{
	uint64_t n = q->size;
	bool ok = true;

	queue_stop(q);
	pthread_mutex_lock(&q->lock);
	struct area split[] = {
		{ q->desc, n * 16, 16, &q->desc_host, "the descriptor table is not in RAM",
		  "the descriptor table is not 16-byte aligned" },
		{ q->driver, 6 + 2 * n, 2, &q->driver_host, "the available ring is not in RAM",
		  "the available ring is not 2-byte aligned" },
		{ q->device, 6 + 8 * n, 4, &q->device_host, "the used ring is not in RAM",
		  "the used ring is not 4-byte aligned" },
	};
	struct area packed[] = {
		{ q->desc, n * 16, 16, &q->desc_host, "the descriptor ring is not in RAM",
		  "the descriptor ring is not 16-byte aligned" },
		{ q->driver, 4, 4, &q->driver_host, "the driver's event structure is not in RAM",
		  "the driver's event structure is not 4-byte aligned" },
		{ q->device, 4, 4, &q->device_host, "the device's event structure is not in RAM",
		  "the device's event structure is not 4-byte aligned" },
	};
	q->packed = virtio_has(q->dev, VIRTIO_F_RING_PACKED);
	q->event_idx = virtio_has(q->dev, VIRTIO_F_EVENT_IDX);
	q->indirect = virtio_has(q->dev, VIRTIO_F_INDIRECT_DESC);
	if (n == 0 || n > q->size_max || (!q->packed && (n & (n - 1))))
		ok = ring_fault(ret, 12, n, q->size_max, "the queue's size is none this device allows");
	for (unsigned i = 0; i < 3 && ok; i++)
		ok = map_area(q, ram, q->packed ? &packed[i] : &split[i], ret);
	if (ok) {
		q->num = n;
		q->last_avail = q->used_idx = q->signalled = q->avail_event = 0;
		q->avail_wrap = q->used_wrap = q->kicks_wanted = true;
		q->known = 0;
		q->known_after_ns = q->known_by_ns = q->last_look_ns = 0;
		q->signalled_valid = q->broken = false;
		q->ready = true;
	}
	q->generation++;
	pthread_mutex_unlock(&q->lock);
	return ok;
}

void queue_stop(struct virtq *q)
{
	pthread_mutex_lock(&q->lock);
	q->ready = false;
	q->broken = false;
	q->generation++;
	q->desc_host = q->driver_host = q->device_host = NULL;
	q->ninflight = q->batch = 0;
	pthread_cond_broadcast(&q->resumed);
	pthread_mutex_unlock(&q->lock);
}

void queue_pause(struct virtq *q, bool paused)
{
	pthread_mutex_lock(&q->lock);
	q->paused = paused;
	if (!paused)
		pthread_cond_broadcast(&q->resumed);
	pthread_mutex_unlock(&q->lock);
}

void queue_quit(struct virtq *q)
{
	pthread_mutex_lock(&q->lock);
	q->quit = true;
	pthread_cond_broadcast(&q->resumed);
	pthread_mutex_unlock(&q->lock);
}

bool queue_enter(struct virtq *q, const uint32_t *generation)
{
	pthread_mutex_lock(&q->lock);
	for (;;) {
		if (q->quit || !q->ready || q->broken || (generation && *generation != q->generation)) {
			pthread_mutex_unlock(&q->lock);
			return false;
		}
		if (!q->paused)
			return true;
		pthread_cond_wait(&q->resumed, &q->lock);
	}
}

void queue_leave(struct virtq *q)
{
	bool caught = q->caught;

	q->caught = false;
	pthread_mutex_unlock(&q->lock);
	if (caught)
		device_stop(&q->dev->dev);
}

/* ---- chains ------------------------------------------------------------------------------------- */

/* Names the descriptor in @fault; false. */
static bool at_desc(struct virtq_fault *fault, const struct ring_desc *d)
{
	fault->entry = d->entry;
	le64_write(fault->bytes, d->addr);
	le32_write(fault->bytes + 8, d->len);
	le16_write(fault->bytes + 12, d->a);
	le16_write(fault->bytes + 14, d->b);
	return false;
}

static bool add(struct virtq *q, struct virtq_chain *c, const struct ring_desc *d, uint16_t flags,
		struct virtq_fault *fault)
{
	struct virtq_seg *seg = &c->seg[c->nout + c->nin];
	uint64_t gpa = d->addr;

	if (c->nout + c->nin >= q->num)
		return ring_fault(fault, 5, c->id, q->num, "the chain is longer than the queue, or loops");
	if (!(flags & DESC_WRITE) && c->nin)
		return ring_fault(fault, 7, c->id, gpa, "a readable piece after a writable one");
	if (!virtio_translate(q->dev, &gpa, d->len))
		return ring_fault(fault, 8, gpa, d->len, "a piece of the buffer has no translation");
	*seg = (struct virtq_seg){ .gpa = gpa, .len = d->len, .host = load_ram_ptr(&q->dev->ram, gpa, d->len) };
	if (!seg->host && d->len)
		return ring_fault(fault, 8, gpa, d->len, "a piece of the buffer is not in RAM");
	if (flags & DESC_WRITE) {
		c->nin++;
		c->in_len += d->len;
	} else {
		c->nout++;
		c->out_len += d->len;
	}
	if (c->out_len + c->in_len > BIT(32))
		return ring_fault(fault, 8, c->id, c->out_len + c->in_len, "the buffer is longer than 4 GiB");
	return true;
}

bool ring_add(struct virtq *q, struct virtq_chain *c, const struct ring_desc *d, uint16_t flags,
	      struct virtq_fault *fault)
{
	return add(q, c, d, flags, fault) || at_desc(fault, d);
}

const uint8_t *ring_indirect(struct virtq *q, const struct ring_desc *d, uint16_t flags, unsigned *ret_n,
			     struct virtq_fault *fault)
{
	const uint8_t *host;
	uint64_t gpa = d->addr;

	*ret_n = d->len / VIRTQ_DESC_LEN;
	if (!q->indirect)
		ring_fault(fault, 6, gpa, flags, "an indirect table without VIRTIO_F_INDIRECT_DESC");
	else if (flags & DESC_NEXT)
		ring_fault(fault, 6, gpa, flags, "INDIRECT and NEXT are both set");
	else if (d->len == 0 || d->len % VIRTQ_DESC_LEN)
		ring_fault(fault, 6, gpa, d->len, "the indirect table's length is no multiple of 16");
	else if (*ret_n > q->num)
		ring_fault(fault, 6, gpa, *ret_n, "the indirect table is longer than the queue");
	else if (!virtio_translate(q->dev, &gpa, d->len) || !(host = load_ram_ptr(&q->dev->ram, gpa, d->len)))
		ring_fault(fault, 8, gpa, d->len, "the indirect table is not in RAM");
	else
		return host;
	at_desc(fault, d);
	return NULL;
}

enum virtq_pop queue_pop(struct virtq *q, struct virtq_chain *c, struct virtq_fault *fault)
{
	enum virtq_pop r;

	c->nout = c->nin = c->slots = c->ring_desc = 0;
	c->out_len = c->in_len = 0;
	c->is_indirect = false;
	c->status = c->head = 0xffff;
	c->index = q->packed ? q->last_avail | q->avail_wrap << 15 : q->last_avail;
	r = q->packed ? packed_pop(q, c, fault) : split_pop(q, c, fault);
	if (r == VIRTQ_BROKEN) {
		fault->head = c->head;
		fault->index = c->index;
	}
	if (r != VIRTQ_GOT)
		return r;
	c->generation = q->generation;
	c->taken_ns = clock_now_ns();
	c->seq = q->requests++;
	c->avail_after_ns = q->known_after_ns;
	c->avail_by_ns = q->known_by_ns;
	q->bytes_out += c->out_len;
	if (q->ninflight < VIRTQ_INFLIGHT_SHOWN)
		q->inflight[q->ninflight] = (struct virtq_inflight){
			.seq = c->seq, .taken_ns = c->taken_ns, .head = c->head, .id = c->id,
			.ndesc = c->ring_desc };
	q->ninflight++;
	return r;
}

static void forget_inflight(struct virtq *q, uint64_t seq)
{
	unsigned n = q->ninflight < VIRTQ_INFLIGHT_SHOWN ? q->ninflight : VIRTQ_INFLIGHT_SHOWN;

	for (unsigned i = 0; i < n; i++)
		if (q->inflight[i].seq == seq) {
			memmove(&q->inflight[i], &q->inflight[i + 1], (n - i - 1) * sizeof(q->inflight[0]));
			break;
		}
	if (q->ninflight)
		q->ninflight--;
}

void ring_looked(struct virtq *q, bool found)
{
	uint64_t now = clock_now_ns();

	if (found) {
		q->known_after_ns = q->last_look_ns;
		q->known_by_ns = now;
	}
	q->last_look_ns = now;
	q->looks++;
}

void queue_push(struct virtq *q, const struct virtq_chain *c, uint32_t written)
{
	if (q->packed)
		packed_push(q, c, written);
	else
		split_push(q, c, written);
	q->bytes_in += written;
	q->completed++;
	q->batch++;
	q->last_used_ns = clock_now_ns();
	forget_inflight(q, c->seq);
}

bool queue_wants_interrupt(struct virtq *q)
{
	/* What was pushed must be visible before we look whether the driver sleeps: it does the opposite. */
	atomic_thread_fence(memory_order_seq_cst);
	q->irq_old = q->signalled;
	q->signalled_valid = true;
	return q->packed ? packed_wants_interrupt(q) : split_wants_interrupt(q);
}

void queue_want_kicks(struct virtq *q, bool wanted)
{
	if (q->packed)
		packed_want_kicks(q, wanted);
	else
		split_want_kicks(q, wanted);
	q->kicks_wanted = wanted;
	if (wanted)
		atomic_thread_fence(memory_order_seq_cst);
}

bool queue_pending(struct virtq *q)
{
	return q->packed ? packed_pending(q) : split_pending(q);
}

/* ---- bytes of a buffer ---------------------------------------------------------------------------- */

enum copy_way { COPY_FROM, COPY_TO, COPY_ZERO };

static size_t copy(struct virtq *q, const struct virtq_seg *seg, unsigned n, uint64_t offset, uint8_t *buf,
		   size_t len, enum copy_way way)
{
	size_t done = 0;

	for (unsigned i = 0; i < n && done < len; i++, seg++) {
		size_t part;

		if (offset >= seg->len) {
			offset -= seg->len;
			continue;
		}
		part = seg->len - offset < len - done ? seg->len - offset : len - done;
		if (way == COPY_FROM)
			device_ram_read(&q->dev->dev, seg->gpa + offset, seg->host + offset, buf + done, part);
		else if (way == COPY_TO)
			device_ram_write(&q->dev->dev, seg->gpa + offset, seg->host + offset, buf + done, part);
		else
			device_ram_write(&q->dev->dev, seg->gpa + offset, seg->host + offset, NULL, part);
		done += part;
		offset = 0;
	}
	return done;
}

size_t queue_read(struct virtq *q, const struct virtq_chain *c, uint64_t offset, void *buf, size_t len)
{
	return copy(q, c->seg, c->nout, offset, buf, len, COPY_FROM);
}

size_t queue_write(struct virtq *q, const struct virtq_chain *c, uint64_t offset, const void *buf, size_t len)
{
	return copy(q, c->seg + c->nout, c->nin, offset, (uint8_t *)buf, len, COPY_TO);
}

size_t queue_zero(struct virtq *q, const struct virtq_chain *c, uint64_t offset, size_t len)
{
	return copy(q, c->seg + c->nout, c->nin, offset, NULL, len, COPY_ZERO);
}
