/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two virtio devices of the fake: blk0, a split ring with a read out and a write waiting; rng0, a packed
 * ring that has nothing to do. */
#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/decode/virtio/virtio.h"
#include "core/target/state.h"

#include "tests/lib/fake_machine.h"
#include "tests/lib/fake_target.h"

#define NOW 5000000000ull

static void desc(uint8_t *mem, uint64_t at, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	le64_write(mem + at, addr);
	le32_write(mem + at + 8, len);
	le16_write(mem + at + 12, flags);
	le16_write(mem + at + 14, next);
}

static void header(uint8_t *mem, uint64_t at, uint32_t type, uint64_t sector)
{
	le32_write(mem + at, type);
	le64_write(mem + at + 8, sector);
}

void fake_virtio_memory(uint8_t *mem)
{
	const uint64_t d = FAKE_VIRTQ, avail = FAKE_VIRTQ + 0x1000, used = FAKE_VIRTQ + 0x2000;
	const uint64_t data = FAKE_VIRTQ + 0x4000;

	header(mem, data, 0, 2048);
	desc(mem, d, data, 16, 1, 1);
	desc(mem, d + 16, data + 0x1000, 4096, 1 | 2, 2);
	desc(mem, d + 32, data + 0x100, 1, 2, 0);
	header(mem, data + 0x20, 1, 16);
	desc(mem, d + 48, data + 0x20, 16, 1, 4);
	desc(mem, d + 64, data + 0x2000, 1024, 1, 5);
	desc(mem, d + 80, data + 0x101, 1, 2, 0);
	/* 10 were made available, 8 given back, 9 taken. */
	for (unsigned i = 0; i < 8; i++)
		le16_write(mem + avail + 4 + 2 * i, i & 1 ? 3 : 0);
	le16_write(mem + avail + 2, 10);
	le16_write(mem + avail + 4 + 2 * 8, 8);
	for (unsigned i = 0; i < 8; i++) {
		le32_write(mem + used + 4 + 8 * i, i & 1 ? 3 : 0);
		le32_write(mem + used + 8 + 8 * i, i & 1 ? 1 : 4097);
	}
	le16_write(mem + used + 2, 8);
	le16_write(mem + used + 4 + 8 * 8, 9);
}

static void fill_device(unsigned index, struct state_virtio_device *d)
{
	bool blk = index == 0;

	*d = (struct state_virtio_device){
		.version = STATE_VERSION, .device = index, .virtio_id = blk ? VIRTIO_ID_BLK : VIRTIO_ID_RNG,
		.transport = blk ? STATE_VIRTIO_PCI : STATE_VIRTIO_MMIO, .status = 0xf, .isr = blk, .nqueues = 1,
		.config_len = blk ? 60 : 0, .gsi = blk ? ~0u : 5, .flags = blk ? STATE_VIRTIO_MSIX : 0, .pci_bdf = 0x20,
		.config_vector = STATE_VIRTIO_NO_VECTOR, .base = blk ? 0xfe000000 : 0xd0000000, .base_len = 0x1000,
		.resets = 1, .now_ns = NOW,
	};
	d->offered[0] = BIT(28) | BIT(29) | BIT(32) | (blk ? BIT(2) | BIT(6) | BIT(9) | BIT(13) : BIT(34));
	d->driver[0] = d->offered[0] & ~BIT(13);
	snprintf(d->name, sizeof(d->name), blk ? "blk0" : "rng0");
	snprintf(d->backend, sizeof(d->backend), blk ? "disk.img, 1 MiB, raw" : "the kernel");
	if (!blk)
		return;
	le64_write(d->config, 2048);
	le32_write(d->config + 12, 126);
	le32_write(d->config + 20, 512);
	le32_write(d->config + 36, 1024);
	le32_write(d->config + 40, 1);
}

static void fill_queue(unsigned device, struct state_virtio_queue *q)
{
	*q = (struct state_virtio_queue){
		.version = STATE_VERSION, .device = device, .role = "requests", .size = 8, .max = 256, .now_ns = NOW,
		.vector = device ? STATE_VIRTIO_NO_VECTOR : 1,
	};
	if (device) {
		q->flags = STATE_VIRTQ_READY | STATE_VIRTQ_PACKED | STATE_VIRTQ_AVAIL_WRAP | STATE_VIRTQ_USED_WRAP;
		q->desc = FAKE_VIRTQ + 0x8000;
		q->avail = FAKE_VIRTQ + 0x9000;
		q->used = FAKE_VIRTQ + 0xa000;
		return;
	}
	q->flags = STATE_VIRTQ_READY | STATE_VIRTQ_SIGNALLED;
	q->desc = FAKE_VIRTQ;
	q->avail = FAKE_VIRTQ + 0x1000;
	q->used = FAKE_VIRTQ + 0x2000;
	q->last_avail = 9;
	q->used_idx = q->signalled_used = 8;
	q->avail_event = 9;
	q->inflight = 1;
	q->kicks = 5;
	q->irqs = 4;
	q->irqs_suppressed = 4;
	q->requests = 9;
	q->completed = 8;
	q->bytes_read = 4 * 1024;
	q->bytes_written = 4 * 4096;
	q->looks = 14;
	q->oldest_ns = NOW - 2500000;
	q->last_kick_ns = q->last_look_ns = NOW - 2600000;
	q->last_used_ns = q->last_irq_ns = NOW - 40000000;
	q->doorbell = 0xfe003000;
}

static size_t fill_inflight(unsigned device, struct state_virtio_inflight *in)
{
	in->version = STATE_VERSION;
	in->count = in->total = !device;
	in->entry[0] = (struct state_virtio_inflight_entry){ .seq = 8, .picked_ns = NOW - 2500000, .ndesc = 3 };
	return sizeof(*in) + in->count * sizeof(in->entry[0]);
}

bool fake_virtio_state(enum state_kind kind, unsigned index, void *buf, size_t size, size_t *ret_len)
{
	unsigned device = kind == STATE_VIRTIO_DEVICE ? index : index >> 16;
	union {
		struct state_virtio_device device;
		struct state_virtio_queue queue;
		struct state_virtio_inflight inflight;
		uint8_t bytes[512];
	} u = { .bytes = { 0 } };
	size_t len;

	if (device > 1 || (kind != STATE_VIRTIO_DEVICE && (index & 0xffff)) || kind == STATE_VIRTIO_IOVA)
		return false;
	switch (kind) {
	case STATE_VIRTIO_DEVICE:
		fill_device(device, &u.device);
		len = sizeof(u.device);
		break;
	case STATE_VIRTIO_QUEUE:
		fill_queue(device, &u.queue);
		len = sizeof(u.queue);
		break;
	case STATE_VIRTIO_INFLIGHT:
		len = fill_inflight(device, &u.inflight);
		break;
	default:
		return false;
	}
	if (size < len)
		return false;
	memcpy(buf, u.bytes, len);
	*ret_len = len;
	return true;
}
