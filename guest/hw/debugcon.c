/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Bochs/QEMU debug port: bytes written to 0xe9 are console output, reads give 0xe9 to probes. */
#include "guest/hw/hw.h"

#define DEBUGCON_PORT 0xe9

struct debugcon {
	struct device dev;
	uint64_t bytes;
};

static void debugcon_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	*value = DEBUGCON_PORT;
}

static void debugcon_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct debugcon *d = container_of(dev, struct debugcon, dev);
	uint8_t byte = value;
	d->bytes++;
	device_console_output(dev, DEBUGCON_PORT, &byte, 1);
}

static void debugcon_reset(struct device *dev)
{
	container_of(dev, struct debugcon, dev)->bytes = 0;
}

static void debugcon_describe(struct device *dev, struct out *out)
{
	hw_show_count(out, "sent", container_of(dev, struct debugcon, dev)->bytes, "bytes");
}

static struct error *debugcon_create(struct vm *vm, unsigned unit, struct device **ret)
{
	static const struct bus_ops ops = { .read = debugcon_read, .write = debugcon_write };
	static const struct hw_claim claim = { MEM_PORT, DEBUGCON_PORT, 1, &ops };
	*ret = NULL;
	return unit ? NULL : hw_create(vm, unit, &device_debugcon, sizeof(struct debugcon), &claim, 1, ret);
}

const struct device_model device_debugcon = {
	.arch = "x86_64",
	.name = "debugcon",
	.help = "debug console at port 0xe9",
	.create = debugcon_create,
	.reset = debugcon_reset,
	.destroy = hw_destroy,
	.describe = debugcon_describe,
};
