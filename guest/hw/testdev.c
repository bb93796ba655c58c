/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The test ports of QEMU's pc-testdev (hw/misc/pc-testdev.c), which guests made to test a hypervisor
 * drive: a latch behind port 0xe0, interrupt lines at 0x2000 + n, and 64 KiB of plain MMIO at 0xff000000.
 * Left out are its port 0xe4, which unmaps a page of the host's (vmscope's own readers of guest memory
 * would fault on it), and the second window on the latch at 0xe8 (0xe9 is the debug console's).
 */
#include <string.h>

#include "guest/hw/hw.h"

#define LATCH_PORT 0xe0
#define LATCH_LEN 4
#define LINES_PORT 0x2000
#define LINES 24		/* GSIs: as many as an IOAPIC has pins */
#define MMIO_START 0xff000000ULL
#define MMIO_LEN 0x10000

struct testdev {
	struct device dev;
	uint8_t latch[LATCH_LEN];
	uint32_t lines;		/* a bit a line that is high */
	uint8_t mmio[MMIO_LEN];
};

static struct testdev *of(struct device *dev)
{
	return container_of(dev, struct testdev, dev);
}

/* Little-endian, clipped at the end of the area: an access over its edge is the bus's to split. */
static void area_read(const uint8_t *area, uint64_t len, uint64_t offset, unsigned size, uint64_t *value)
{
	uint8_t bytes[8] = { 0 };
	for (unsigned i = 0; i < size && i < sizeof(bytes) && offset + i < len; i++)
		bytes[i] = area[offset + i];
	*value = le64_read(bytes);
}

static void area_write(uint8_t *area, uint64_t len, uint64_t offset, unsigned size, uint64_t value)
{
	uint8_t bytes[8];
	le64_write(bytes, value);
	for (unsigned i = 0; i < size && i < sizeof(bytes) && offset + i < len; i++)
		area[offset + i] = bytes[i];
}

static void latch_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	area_read(of(dev)->latch, LATCH_LEN, offset, size, value);
}

static void latch_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	area_write(of(dev)->latch, LATCH_LEN, offset, size, value);
}

static void mmio_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	area_read(of(dev)->mmio, MMIO_LEN, offset, size, value);
}

static void mmio_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	area_write(of(dev)->mmio, MMIO_LEN, offset, size, value);
}

static void lines_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	*value = of(dev)->lines >> offset & 1;
}

static void lines_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct testdev *t = of(dev);
	uint32_t bit = 1u << offset; /* the claim bounds it */
	t->lines = value ? t->lines | bit : t->lines & ~bit;
	device_irq_set(dev, offset, value != 0);
}

static void testdev_reset(struct device *dev)
{
	struct testdev *t = of(dev);
	for (unsigned i = 0; i < LINES; i++)
		if (t->lines & 1u << i)
			device_irq_set(dev, i, false);
	t->lines = 0;
	memset(t->latch, 0, sizeof(t->latch));
	memset(t->mmio, 0, sizeof(t->mmio));
}

static void testdev_describe(struct device *dev, struct out *out)
{
	const struct testdev *t = of(dev);
	hw_show_reg(out, "latch", 8, le32_read(t->latch), NULL);
	hw_show_reg(out, "lines", 6, t->lines, t->lines ? "a bit for each GSI that is high" : "all low");
}

static struct error *testdev_create(struct vm *vm, unsigned unit, struct device **ret)
{
	static const struct bus_ops latch = { .read = latch_read, .write = latch_write };
	static const struct bus_ops lines = { .read = lines_read, .write = lines_write };
	static const struct bus_ops mmio = { .read = mmio_read, .write = mmio_write };
	static const struct hw_claim claims[] = {
		{ MEM_PORT, LATCH_PORT, LATCH_LEN, &latch },
		{ MEM_PORT, LINES_PORT, LINES, &lines },
		{ MEM_MMIO, MMIO_START, MMIO_LEN, &mmio },
	};
	*ret = NULL;
	return unit ? NULL : hw_create(vm, unit, &device_testdev, sizeof(struct testdev), claims, 3, ret);
}

const struct device_model device_testdev = {
	.arch = "x86_64",
	.name = "testdev",
	.help = "pc-testdev's ports: a latch at 0xe0, interrupt lines at 0x2000, plain MMIO",
	.create = testdev_create,
	.reset = testdev_reset,
	.destroy = hw_destroy,
	.describe = testdev_describe,
};
