/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virtio-pci, modern only (Virtio 1.2, 4.1): one BAR with common, ISR, device and notification structures, one
 * with the MSI-X table. A driver without MSI-X, or a machine without local APICs, gets INTA.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/vec.h"
#include "guest/hw/hw.h"
#include "guest/hw/pci.h"
#include "guest/virtio/virtio.h"

#define VENDOR_ID 0x1af4
#define DEVICE_ID 0x1040	/* plus the device's type */
#define REVISION 1
#define BAR_REGS 0
#define BAR_MSIX 1

/* BAR 0. */
#define AT_COMMON 0x0000
#define AT_ISR 0x1000
#define AT_DEVICE 0x2000
#define AT_NOTIFY 0x3000
#define PART_LEN 0x1000
#define REGS_LEN 0x4000
#define NOTIFY_STRIDE 4

/* Capabilities, 4.1.4. */
#define CAP_VENDOR 9
#define CAP_MSIX_AT 0x40
#define CAP_COMMON_AT 0x50
#define CAP_NOTIFY_AT 0x60
#define CAP_ISR_AT 0x78
#define CAP_DEVICE_AT 0x88
#define CAP_PCI_AT 0x98
#define CAP_LEN 16
#define CAP_BAR 4
#define CAP_OFFSET 8
#define CAP_LENGTH 12
#define CAP_DATA 16	/* of CAP_PCI_AT: a window into the BARs */
enum { CFG_COMMON = 1, CFG_NOTIFY, CFG_ISR, CFG_DEVICE, CFG_PCI };

/* Common configuration, 4.1.4.3. */
enum {
	C_DEVICE_FEATURE_SELECT = 0, C_DEVICE_FEATURE = 4, C_DRIVER_FEATURE_SELECT = 8, C_DRIVER_FEATURE = 12,
	C_CONFIG_VECTOR = 16, C_NUM_QUEUES = 18, C_STATUS = 20, C_GENERATION = 21, C_QUEUE_SELECT = 22,
	C_QUEUE_SIZE = 24, C_QUEUE_VECTOR = 26, C_QUEUE_ENABLE = 28, C_QUEUE_NOTIFY_OFF = 30, C_QUEUE_DESC = 32,
	C_QUEUE_DRIVER = 40, C_QUEUE_DEVICE = 48, C_QUEUE_NOTIFY_DATA = 56, C_QUEUE_RESET = 58, C_LEN = 60,
};

#define ISR_QUEUE 1u
#define ISR_CONFIG 2u

struct vpci {
	struct pci_function f;
	struct msix msix;
	uint16_t queue_sel;		/* the vCPU's thread, device's lock */
	_Atomic uint16_t config_vector;
	pthread_mutex_t irq_lock;	/* guards what follows and the line */
	uint8_t isr;
	bool line, intx_off;
};

static struct vpci *vpci_of(const struct virtio_dev *dev)
{
	return dev->transport_data;
}

static struct virtio_dev *virtio_of(struct device *device)
{
	return container_of(device, struct virtio_dev, dev);
}

/* ---- interrupts --------------------------------------------------------------------------------------- */

/* irq_lock held. */
static void update_line(struct virtio_dev *dev)
{
	struct vpci *p = vpci_of(dev);
	bool line = p->isr && !p->intx_off && !msix_enabled(&p->msix);

	if (line == p->line)
		return;
	p->line = line;
	device_irq_share(&dev->dev, dev->place.gsi, line);
}

static void vpci_interrupt(struct virtio_dev *dev, struct virtq *q)
{
	struct vpci *p = vpci_of(dev);

	if (msix_enabled(&p->msix)) {
		msix_send(&p->msix, q ? atomic_load(&q->vector) : atomic_load(&p->config_vector));
		return;
	}
	pthread_mutex_lock(&p->irq_lock);
	p->isr |= q ? ISR_QUEUE : ISR_CONFIG;
	update_line(dev);
	pthread_mutex_unlock(&p->irq_lock);
}

static bool vpci_vector_used(const struct virtio_dev *dev, const struct virtq *q)
{
	return msix_enabled(&vpci_of(dev)->msix);
}

/* Reading takes the interrupt back (4.1.4.5). */
static uint8_t take_isr(struct virtio_dev *dev)
{
	struct vpci *p = vpci_of(dev);
	uint8_t isr;

	pthread_mutex_lock(&p->irq_lock);
	isr = p->isr;
	p->isr = 0;
	update_line(dev);
	pthread_mutex_unlock(&p->irq_lock);
	return isr;
}

/* ---- doorbells ---------------------------------------------------------------------------------------- */

static void vpci_doorbell(struct virtio_dev *dev, struct virtq *q, bool on)
{
	uint32_t bar = atomic_load(&vpci_of(dev)->f.bar[BAR_REGS].gpa);
	uint64_t gpa = bar ? bar + AT_NOTIFY + q->index * NOTIFY_STRIDE : 0;

	if (q->doorbell && (!on || gpa != q->doorbell_gpa)) {
		device_doorbell(&dev->dev, q->doorbell_gpa, 2, false, 0, q->kick_fd, false);
		q->doorbell = false;
	}
	q->doorbell_gpa = gpa;
	if (on && !q->doorbell && gpa && dev->opts.ioeventfd)
		q->doorbell = device_doorbell(&dev->dev, gpa, 2, false, 0, q->kick_fd, true);
}

/* ---- common configuration ------------------------------------------------------------------------------ */

static struct virtq *selected(struct virtio_dev *dev)
{
	uint16_t sel = vpci_of(dev)->queue_sel;

	return sel < dev->nqueues ? &dev->q[sel] : NULL;
}

static void common_image(struct virtio_dev *dev, uint8_t c[C_LEN + 8])
{
	struct vpci *p = vpci_of(dev);
	const struct virtq *q = selected(dev);

	memset(c, 0, C_LEN + 8);
	le32_write(c + C_DEVICE_FEATURE_SELECT, dev->offered_sel);
	le32_write(c + C_DEVICE_FEATURE, virtio_features_read(dev));
	le32_write(c + C_DRIVER_FEATURE_SELECT, dev->accepted_sel);
	if (dev->accepted_sel < 2)
		le32_write(c + C_DRIVER_FEATURE, atomic_load(&dev->accepted) >> (32 * dev->accepted_sel));
	le16_write(c + C_CONFIG_VECTOR, atomic_load(&p->config_vector));
	le16_write(c + C_NUM_QUEUES, dev->nqueues);
	c[C_STATUS] = virtio_status(dev);
	c[C_GENERATION] = virtio_generation(dev);
	le16_write(c + C_QUEUE_SELECT, p->queue_sel);
	if (!q)
		return;
	le16_write(c + C_QUEUE_SIZE, q->size);
	le16_write(c + C_QUEUE_VECTOR, atomic_load(&q->vector));
	le16_write(c + C_QUEUE_ENABLE, q->ready);
	le16_write(c + C_QUEUE_NOTIFY_OFF, q->index);
	le64_write(c + C_QUEUE_DESC, q->desc);
	le64_write(c + C_QUEUE_DRIVER, q->driver);
	le64_write(c + C_QUEUE_DEVICE, q->device);
}

static uint64_t common_read(struct virtio_dev *dev, uint64_t offset, unsigned size)
{
	uint8_t c[C_LEN + 8];

	if (offset >= C_LEN)
		return 0;
	common_image(dev, c);
	return bytes_read(c + offset, size, false);
}

/* 64-bit fields are also written in halves. */
static void write_address(uint64_t *field, unsigned offset, unsigned size, uint64_t value)
{
	if (size == 8 && offset == 0)
		*field = value;
	else if (size == 4 && offset == 0)
		*field = (*field & ~MASK(31, 0)) | value;
	else if (size == 4 && offset == 4)
		*field = (*field & MASK(31, 0)) | value << 32;
}

static uint16_t check_vector(struct virtio_dev *dev, uint64_t value)
{
	return value < vpci_of(dev)->msix.n ? value : VIRTIO_NO_VECTOR; /* read back as refused */
}

static void write_queue(struct virtio_dev *dev, struct virtq *q, uint64_t offset, unsigned size, uint64_t value)
{
	if (offset == C_QUEUE_VECTOR && size == 2) {
		atomic_store(&q->vector, check_vector(dev, value));
		return;
	}
	if (offset == C_QUEUE_RESET && size == 2) {
		if ((value & 1) && virtio_has(dev, VIRTIO_F_RING_RESET))
			virtio_queue_disable(dev, q);
		return;
	}
	/* The rest stays as it is while the queue is live (4.1.4.3.2). */
	if (q->ready)
		return;
	if (offset == C_QUEUE_SIZE && size == 2)
		q->size = value <= q->size_max ? value : 0;
	else if (offset == C_QUEUE_ENABLE && size == 2 && (value & 1))
		virtio_queue_enable(dev, q);
	else if (offset >= C_QUEUE_DESC && offset < C_QUEUE_DRIVER)
		write_address(&q->desc, offset - C_QUEUE_DESC, size, value);
	else if (offset >= C_QUEUE_DRIVER && offset < C_QUEUE_DEVICE)
		write_address(&q->driver, offset - C_QUEUE_DRIVER, size, value);
	else if (offset >= C_QUEUE_DEVICE && offset < C_QUEUE_NOTIFY_DATA)
		write_address(&q->device, offset - C_QUEUE_DEVICE, size, value);
}

static void common_write(struct virtio_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct vpci *p = vpci_of(dev);

	if (offset == C_STATUS && size == 1)
		virtio_status_write(dev, value);
	else if (offset == C_DEVICE_FEATURE_SELECT && size == 4)
		dev->offered_sel = value;
	else if (offset == C_DRIVER_FEATURE_SELECT && size == 4)
		dev->accepted_sel = value;
	else if (offset == C_DRIVER_FEATURE && size == 4)
		virtio_features_write(dev, value);
	else if (offset == C_CONFIG_VECTOR && size == 2)
		atomic_store(&p->config_vector, check_vector(dev, value));
	else if (offset == C_QUEUE_SELECT && size == 2)
		p->queue_sel = value;
	else if (selected(dev))
		write_queue(dev, selected(dev), offset, size, value);
}

/* ---- BARs ---------------------------------------------------------------------------------------------- */

static void regs_read(struct device *device, uint64_t offset, unsigned size, uint64_t *value)
{
	struct virtio_dev *dev = virtio_of(device);
	uint64_t at = offset % PART_LEN;

	switch (offset - at) {
	case AT_COMMON:
		*value = common_read(dev, at, size);
		break;
	case AT_ISR:
		*value = at == 0 ? take_isr(dev) : 0;
		break;
	case AT_DEVICE:
		*value = virtio_config_read(dev, at, size);
		break;
	default:
		*value = 0;
	}
}

static void regs_write(struct device *device, uint64_t offset, unsigned size, uint64_t value)
{
	struct virtio_dev *dev = virtio_of(device);
	uint64_t at = offset % PART_LEN;

	switch (offset - at) {
	case AT_COMMON:
		common_write(dev, at, size, value);
		break;
	case AT_DEVICE:
		virtio_config_write(dev, at, size, value);
		break;
	case AT_NOTIFY:
		virtio_kick(dev, at / NOTIFY_STRIDE);
		break;
	}
}

static void table_read(struct device *device, uint64_t offset, unsigned size, uint64_t *value)
{
	msix_read(&vpci_of(virtio_of(device))->msix, offset, size, value);
}

static void table_write(struct device *device, uint64_t offset, unsigned size, uint64_t value)
{
	msix_write(&vpci_of(virtio_of(device))->msix, offset, size, value);
}

/* ---- configuration space -------------------------------------------------------------------------------- */

/* The access that capability CAP_PCI_AT describes; false: it describes none. */
static bool window(const struct vpci *p, uint32_t *ret_offset, uint32_t *ret_len)
{
	const uint8_t *cap = p->f.config + CAP_PCI_AT;

	*ret_offset = le32_read(cap + CAP_OFFSET);
	*ret_len = le32_read(cap + CAP_LENGTH);
	return cap[CAP_BAR] == BAR_REGS && (*ret_len == 1 || *ret_len == 2 || *ret_len == 4) &&
	       *ret_offset < REGS_LEN && *ret_len <= REGS_LEN - *ret_offset && !(*ret_offset % *ret_len);
}

static bool is_data(unsigned reg, unsigned len)
{
	return reg < CAP_PCI_AT + CAP_DATA + 4 && reg + len > CAP_PCI_AT + CAP_DATA;
}

static void config_reading(struct device *device, unsigned reg, unsigned len)
{
	struct virtio_dev *dev = virtio_of(device);
	struct vpci *p = vpci_of(dev);
	uint32_t offset, size;
	uint64_t value = 0;

	if (reg <= PCI_STATUS && reg + len > PCI_STATUS) {
		pthread_mutex_lock(&p->irq_lock);
		p->f.config[PCI_STATUS] = PCI_STATUS_CAPS | (p->isr ? PCI_STATUS_INTX : 0);
		pthread_mutex_unlock(&p->irq_lock);
	}
	if (!is_data(reg, len) || !window(p, &offset, &size))
		return;
	regs_read(device, offset, size, &value);
	le32_write(p->f.config + CAP_PCI_AT + CAP_DATA, value);
}

static void config_written(struct device *device, unsigned reg, unsigned len)
{
	struct virtio_dev *dev = virtio_of(device);
	struct vpci *p = vpci_of(dev);
	uint32_t offset, size;

	if (is_data(reg, len) && window(p, &offset, &size))
		regs_write(device, offset, size, bytes_read(p->f.config + CAP_PCI_AT + CAP_DATA, size, false));
	if (p->msix.n)
		msix_control(&p->msix, &p->f, CAP_MSIX_AT);
	pthread_mutex_lock(&p->irq_lock);
	p->intx_off = le16_read(p->f.config + PCI_COMMAND) & PCI_COMMAND_INTX_OFF;
	update_line(dev);
	pthread_mutex_unlock(&p->irq_lock);
	/* The BAR may have moved. */
	for (unsigned i = 0; i < dev->nqueues; i++)
		vpci_doorbell(dev, &dev->q[i], dev->q[i].doorbell || (dev->q[i].ready && atomic_load(&dev->live)));
}

static void add_cap(struct vpci *p, unsigned at, unsigned next, unsigned len, unsigned type, uint32_t offset,
		    uint32_t length)
{
	uint8_t *cap = p->f.config + at;

	cap[0] = CAP_VENDOR;
	cap[1] = next;
	cap[2] = len;
	cap[3] = type;
	cap[CAP_BAR] = BAR_REGS;
	le32_write(cap + CAP_OFFSET, offset);
	le32_write(cap + CAP_LENGTH, length);
}

static void fill_config(struct virtio_dev *dev, struct vpci *p, bool msix)
{
	uint8_t *c = p->f.config, *w = p->f.writable + CAP_PCI_AT;

	le16_write(c + PCI_VENDOR, VENDOR_ID);
	le16_write(c + PCI_DEVICE, DEVICE_ID + dev->model->id);
	le16_write(c + PCI_STATUS, PCI_STATUS_CAPS);
	le32_write(c + PCI_REVISION, dev->model->pci_class << 8 | REVISION);
	le16_write(c + PCI_SUBSYSTEM_VENDOR, VENDOR_ID);
	le16_write(c + PCI_SUBSYSTEM, 0x40);
	c[PCI_CAPS] = msix ? CAP_MSIX_AT : CAP_COMMON_AT;
	if (msix)
		msix_capability(&p->f, CAP_MSIX_AT, CAP_COMMON_AT, p->msix.n, BAR_MSIX);
	add_cap(p, CAP_COMMON_AT, CAP_NOTIFY_AT, CAP_LEN, CFG_COMMON, AT_COMMON, PART_LEN);
	add_cap(p, CAP_NOTIFY_AT, CAP_ISR_AT, CAP_LEN + 4, CFG_NOTIFY, AT_NOTIFY, PART_LEN);
	le32_write(c + CAP_NOTIFY_AT + CAP_LEN, NOTIFY_STRIDE);
	add_cap(p, CAP_ISR_AT, CAP_DEVICE_AT, CAP_LEN, CFG_ISR, AT_ISR, PART_LEN);
	add_cap(p, CAP_DEVICE_AT, CAP_PCI_AT, CAP_LEN, CFG_DEVICE, AT_DEVICE, PART_LEN);
	add_cap(p, CAP_PCI_AT, 0, CAP_LEN + 4, CFG_PCI, 0, 0);
	w[CAP_BAR] = 0xff;
	memset(w + CAP_OFFSET, 0xff, 12); /* offset, length, data */
}

/* ---- life ------------------------------------------------------------------------------------------------ */

static void vpci_reset(struct virtio_dev *dev)
{
	struct vpci *p = vpci_of(dev);

	p->queue_sel = 0;
	atomic_store(&p->config_vector, VIRTIO_NO_VECTOR);
	take_isr(dev);
}

static void vpci_power_on(struct virtio_dev *dev)
{
	struct vpci *p = vpci_of(dev);

	msix_reset(&p->msix);
	pci_function_reset(&p->f);
	config_written(&dev->dev, 0, PCI_CONFIG_LEN / 16);
}

static struct error *vpci_create(struct virtio_dev *dev)
{
	static const struct bus_ops regs = { .read = regs_read, .write = regs_write };
	static const struct bus_ops table = { .read = table_read, .write = table_write };
	bool msix = dev->opts.msix && device_has_msi(dev->dev.vm);
	struct vpci *p = xcalloc(1, sizeof(*p));

	dev->transport_data = p;
	pthread_mutex_init(&p->irq_lock, NULL);
	msix_init(&p->msix, &dev->dev, msix ? dev->nqueues + 1 : 0);
	atomic_store(&p->config_vector, VIRTIO_NO_VECTOR);
	p->f.dev = &dev->dev;
	p->f.slot = dev->place.slot;
	p->f.bar[BAR_REGS].len = REGS_LEN;
	p->f.bar[BAR_REGS].ops = &regs;
	if (msix) {
		p->f.bar[BAR_MSIX].len = MSIX_BAR_LEN;
		p->f.bar[BAR_MSIX].ops = &table;
	}
	p->f.reading = config_reading;
	p->f.written = config_written;
	fill_config(dev, p, msix);
	return pci_attach(dev->dev.vm, &p->f);
}

static void vpci_destroy(struct virtio_dev *dev)
{
	struct vpci *p = vpci_of(dev);

	msix_deinit(&p->msix);
	pthread_mutex_destroy(&p->irq_lock);
	free(p);
}

static void vpci_state(struct virtio_dev *dev, struct state_virtio_device *ret)
{
	struct vpci *p = vpci_of(dev);

	ret->transport = STATE_VIRTIO_PCI;
	ret->pci_bdf = dev->place.slot << 3;
	ret->gsi = dev->place.gsi;
	ret->base = atomic_load(&p->f.bar[BAR_REGS].gpa);
	ret->base_len = REGS_LEN;
	ret->config_vector = atomic_load(&p->config_vector);
	pthread_mutex_lock(&p->irq_lock);
	ret->isr = p->isr;
	pthread_mutex_unlock(&p->irq_lock);
	if (msix_enabled(&p->msix))
		ret->flags |= STATE_VIRTIO_MSIX;
}

static void vpci_describe(struct virtio_dev *dev, struct out *out)
{
	struct vpci *p = vpci_of(dev);

	out_begin(out, "pci");
	out_text(out, ROLE_TEXT, "  00:%02x.0, registers at ", dev->place.slot);
	out_hex(out, ROLE_ADDR, "bar", 8, atomic_load(&p->f.bar[BAR_REGS].gpa));
	out_text(out, ROLE_TEXT, ", ");
	out_str(out, ROLE_TEXT, "interrupts", 0, msix_enabled(&p->msix) ? "MSI-X" : "INTA");
	out_hidden_dec(out, "slot", dev->place.slot);
	out_hidden_dec(out, "gsi", dev->place.gsi);
	out_end(out);
}

const struct virtio_transport virtio_pci = {
	.name = "virtio-pci",
	.create = vpci_create,
	.interrupt = vpci_interrupt,
	.doorbell = vpci_doorbell,
	.reset = vpci_reset,
	.power_on = vpci_power_on,
	.state = vpci_state,
	.vector_used = vpci_vector_used,
	.destroy = vpci_destroy,
	.describe = vpci_describe,
};
