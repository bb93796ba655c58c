/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virtio-mmio (Virtio 1.2, 4.2): version 2, and the legacy version 1 with its page-frame numbers. The
 * interrupt line is level: high while InterruptStatus is not 0, so it also serves who took it for edges.
 */
#include <stdlib.h>

#include "core/base/vec.h"
#include "guest/hw/hw.h"
#include "guest/virtio/virtio.h"

enum {
	REG_MAGIC = 0x000, REG_VERSION = 0x004, REG_DEVICE_ID = 0x008, REG_VENDOR = 0x00c,
	REG_DEVICE_FEATURES = 0x010, REG_DEVICE_FEATURES_SEL = 0x014, REG_DRIVER_FEATURES = 0x020,
	REG_DRIVER_FEATURES_SEL = 0x024, REG_GUEST_PAGE_SIZE = 0x028 /* legacy */, REG_QUEUE_SEL = 0x030,
	REG_QUEUE_NUM_MAX = 0x034, REG_QUEUE_NUM = 0x038, REG_QUEUE_ALIGN = 0x03c /* legacy */,
	REG_QUEUE_PFN = 0x040 /* legacy */, REG_QUEUE_READY = 0x044, REG_QUEUE_NOTIFY = 0x050,
	REG_INTERRUPT_STATUS = 0x060, REG_INTERRUPT_ACK = 0x064, REG_STATUS = 0x070,
	REG_QUEUE_DESC_LOW = 0x080, REG_QUEUE_DESC_HIGH = 0x084, REG_QUEUE_DRIVER_LOW = 0x090,
	REG_QUEUE_DRIVER_HIGH = 0x094, REG_QUEUE_DEVICE_LOW = 0x0a0, REG_QUEUE_DEVICE_HIGH = 0x0a4,
	REG_SHM_LEN_LOW = 0x0b0, REG_SHM_LEN_HIGH = 0x0b4, REG_SHM_BASE_LOW = 0x0b8, REG_SHM_BASE_HIGH = 0x0bc,
	REG_QUEUE_RESET = 0x0c0, REG_CONFIG_GENERATION = 0x0fc, REG_CONFIG = 0x100,
};

#define MAGIC 0x74726976u	/* "virt" */
#define VENDOR 0x4d534356u	/* "VCSM" */
#define ISR_QUEUE 1u
#define ISR_CONFIG 2u
#define PAGE_SIZE_DEFAULT 4096u

struct mmio {
	uint32_t queue_sel;		/* the vCPU's thread, device's lock */
	uint32_t page_size, align;	/* legacy */
	pthread_mutex_t irq_lock;	/* guards isr and the line that follows it */
	uint32_t isr;
};

static struct mmio *mmio_of(const struct virtio_dev *dev)
{
	return dev->transport_data;
}

static bool legacy(const struct virtio_dev *dev)
{
	return dev->opts.way == VIRTIO_WAY_MMIO_LEGACY;
}

static void isr_change(struct virtio_dev *dev, uint32_t set, uint32_t clear)
{
	struct mmio *m = mmio_of(dev);
	uint32_t before;

	pthread_mutex_lock(&m->irq_lock);
	before = m->isr;
	m->isr = (m->isr | set) & ~clear;
	if (!before != !m->isr)
		device_irq_share(&dev->dev, dev->place.gsi, m->isr != 0);
	pthread_mutex_unlock(&m->irq_lock);
}

static uint32_t isr_read(struct virtio_dev *dev)
{
	struct mmio *m = mmio_of(dev);
	uint32_t isr;

	pthread_mutex_lock(&m->irq_lock);
	isr = m->isr;
	pthread_mutex_unlock(&m->irq_lock);
	return isr;
}

static void mmio_interrupt(struct virtio_dev *dev, struct virtq *q)
{
	isr_change(dev, q ? ISR_QUEUE : ISR_CONFIG, 0);
}

static struct virtq *selected(struct virtio_dev *dev)
{
	uint32_t sel = mmio_of(dev)->queue_sel;

	return sel < dev->nqueues ? &dev->q[sel] : NULL;
}

static void mmio_doorbell(struct virtio_dev *dev, struct virtq *q, bool on)
{
	q->doorbell_gpa = dev->place.gpa + REG_QUEUE_NOTIFY;
	if (on == q->doorbell || (on && !dev->opts.ioeventfd))
		return;
	if (device_doorbell(&dev->dev, q->doorbell_gpa, 4, true, q->index, q->kick_fd, on))
		q->doorbell = on;
}

/* ---- reads ------------------------------------------------------------------------------------------ */

static uint32_t read_queue(struct virtio_dev *dev, uint64_t offset)
{
	const struct virtq *q = selected(dev);

	if (!q)
		return 0;
	switch (offset) {
	case REG_QUEUE_NUM_MAX:
		return q->size_max;
	case REG_QUEUE_READY:
		return !legacy(dev) && q->ready;
	case REG_QUEUE_PFN:
		return legacy(dev) && mmio_of(dev)->page_size ? q->desc / mmio_of(dev)->page_size : 0;
	default:
		return 0;
	}
}

static uint32_t read_register(struct virtio_dev *dev, uint64_t offset)
{
	switch (offset) {
	case REG_MAGIC:
		return MAGIC;
	case REG_VERSION:
		return legacy(dev) ? 1 : 2;
	case REG_DEVICE_ID:
		return dev->model->id;
	case REG_VENDOR:
		return VENDOR;
	case REG_DEVICE_FEATURES:
		return virtio_features_read(dev);
	case REG_QUEUE_NUM_MAX:
	case REG_QUEUE_READY:
	case REG_QUEUE_PFN:
		return read_queue(dev, offset);
	case REG_INTERRUPT_STATUS:
		return isr_read(dev);
	case REG_STATUS:
		return virtio_status(dev);
	case REG_SHM_LEN_LOW ... REG_SHM_BASE_HIGH:
		return ~0u; /* no shared memory: a length of all ones (4.2.2) */
	case REG_CONFIG_GENERATION:
		return legacy(dev) ? 0 : virtio_generation(dev);
	default:
		return 0;
	}
}

static void mmio_read(struct device *device, uint64_t offset, unsigned size, uint64_t *value)
{
	struct virtio_dev *dev = container_of(device, struct virtio_dev, dev);

	if (offset >= REG_CONFIG)
		*value = virtio_config_read(dev, offset - REG_CONFIG, size);
	else if (size == 4 && !(offset & 3))
		*value = read_register(dev, offset);
	else
		*value = 0; /* the registers are 32 bits wide and nothing else (4.2.2.2) */
}

/* ---- writes ----------------------------------------------------------------------------------------- */

static void low(uint64_t *field, uint32_t value)
{
	*field = (*field & ~MASK(31, 0)) | value;
}

static void high(uint64_t *field, uint32_t value)
{
	*field = (*field & MASK(31, 0)) | (uint64_t)value << 32;
}

/* One contiguous area (2.7.2): the table, the available ring, and the used ring at the next multiple of
 * the alignment. */
static void write_pfn(struct virtio_dev *dev, struct virtq *q, uint32_t pfn)
{
	struct mmio *m = mmio_of(dev);
	uint16_t size = q->size;

	virtio_queue_disable(dev, q);
	q->size = size; /* the driver wrote it before */
	if (!pfn)
		return;
	q->desc = (uint64_t)pfn * m->page_size;
	q->driver = q->desc + 16ull * q->size;
	q->device = align_up(q->driver + 6 + 2ull * q->size, m->align);
	virtio_queue_enable(dev, q);
}

/* Addresses and size are fixed while the queue is live; a driver that changes them then changes nothing. */
static void write_queue(struct virtio_dev *dev, struct virtq *q, uint64_t offset, uint32_t value)
{
	if (offset == REG_QUEUE_READY) {
		if (legacy(dev))
			return;
		if (value & 1)
			virtio_queue_enable(dev, q);
		else
			virtio_queue_disable(dev, q);
		return;
	}
	if (offset == REG_QUEUE_RESET) {
		if (!legacy(dev) && (value & 1) && virtio_has(dev, VIRTIO_F_RING_RESET))
			virtio_queue_disable(dev, q);
		return;
	}
	if (offset == REG_QUEUE_PFN) {
		if (legacy(dev))
			write_pfn(dev, q, value);
		return;
	}
	if (q->ready)
		return;
	switch (offset) {
	case REG_QUEUE_NUM:
		q->size = value <= q->size_max ? value : 0; /* 0: refused when the queue is started */
		break;
	case REG_QUEUE_DESC_LOW:
		low(&q->desc, value);
		break;
	case REG_QUEUE_DESC_HIGH:
		high(&q->desc, value);
		break;
	case REG_QUEUE_DRIVER_LOW:
		low(&q->driver, value);
		break;
	case REG_QUEUE_DRIVER_HIGH:
		high(&q->driver, value);
		break;
	case REG_QUEUE_DEVICE_LOW:
		low(&q->device, value);
		break;
	case REG_QUEUE_DEVICE_HIGH:
		high(&q->device, value);
		break;
	}
}

static void write_legacy(struct virtio_dev *dev, uint64_t offset, uint32_t value)
{
	struct mmio *m = mmio_of(dev);

	if (!legacy(dev) || !value || (value & (value - 1)))
		return;
	if (offset == REG_GUEST_PAGE_SIZE)
		m->page_size = value;
	else
		m->align = value;
}

static void write_register(struct virtio_dev *dev, uint64_t offset, uint32_t value)
{
	struct mmio *m = mmio_of(dev);

	switch (offset) {
	case REG_DEVICE_FEATURES_SEL:
		dev->offered_sel = value;
		break;
	case REG_DRIVER_FEATURES:
		virtio_features_write(dev, value);
		break;
	case REG_DRIVER_FEATURES_SEL:
		dev->accepted_sel = value;
		break;
	case REG_GUEST_PAGE_SIZE:
	case REG_QUEUE_ALIGN:
		write_legacy(dev, offset, value);
		break;
	case REG_QUEUE_SEL:
		m->queue_sel = value;
		break;
	case REG_QUEUE_NOTIFY:
		virtio_kick(dev, value & 0xffff);
		break;
	case REG_INTERRUPT_ACK:
		isr_change(dev, 0, value);
		break;
	case REG_STATUS:
		virtio_status_write(dev, value);
		break;
	default:
		if (selected(dev))
			write_queue(dev, selected(dev), offset, value);
	}
}

static void mmio_write(struct device *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct virtio_dev *dev = container_of(device, struct virtio_dev, dev);

	if (offset >= REG_CONFIG)
		virtio_config_write(dev, offset - REG_CONFIG, size, value);
	else if (size == 4 && !(offset & 3))
		write_register(dev, offset, value);
}

/* ---- life ------------------------------------------------------------------------------------------- */

static void mmio_reset(struct virtio_dev *dev)
{
	struct mmio *m = mmio_of(dev);

	m->queue_sel = 0;
	m->page_size = m->align = PAGE_SIZE_DEFAULT;
	isr_change(dev, 0, ~0u);
}

static struct error *mmio_create(struct virtio_dev *dev)
{
	static const struct bus_ops ops = { .read = mmio_read, .write = mmio_write };
	struct mmio *m = xcalloc(1, sizeof(*m));

	pthread_mutex_init(&m->irq_lock, NULL);
	m->page_size = m->align = PAGE_SIZE_DEFAULT;
	dev->transport_data = m;
	for (unsigned i = 0; i < dev->nqueues; i++)
		dev->q[i].doorbell_gpa = dev->place.gpa + REG_QUEUE_NOTIFY;
	return bus_claim(vm_bus(dev->dev.vm), &dev->dev, MEM_MMIO, dev->place.gpa, VIRTIO_MMIO_LEN, dev->dev.name,
			 &ops);
}

static void mmio_destroy(struct virtio_dev *dev)
{
	struct mmio *m = mmio_of(dev);

	pthread_mutex_destroy(&m->irq_lock);
	free(m);
}

static void mmio_state(struct virtio_dev *dev, struct state_virtio_device *ret)
{
	ret->transport = legacy(dev) ? STATE_VIRTIO_MMIO_LEGACY : STATE_VIRTIO_MMIO;
	ret->isr = isr_read(dev);
	ret->gsi = dev->place.gsi;
	ret->base = dev->place.gpa;
	ret->base_len = VIRTIO_MMIO_LEN;
}

static void mmio_describe(struct virtio_dev *dev, struct out *out)
{
	hw_show_count(out, "transport", legacy(dev) ? 1 : 2, "version of virtio-mmio");
	hw_show_reg(out, "isr", 2, isr_read(dev), NULL);
	hw_show_count(out, "gsi", dev->place.gsi, "interrupt line");
}

const struct virtio_transport virtio_mmio = {
	.name = "virtio-mmio",
	.create = mmio_create,
	.interrupt = mmio_interrupt,
	.doorbell = mmio_doorbell,
	.reset = mmio_reset,
	.state = mmio_state,
	.destroy = mmio_destroy,
	.describe = mmio_describe,
};
