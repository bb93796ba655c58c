/* SPDX-License-Identifier: GPL-3.0-or-later */
/* isa-debug-exit as in QEMU: a write of V to port 0xf4 ends the guest with status (V << 1) | 1. */
#include "guest/hw/hw.h"

#define DEBUG_EXIT_PORT 0xf4
#define DEBUG_EXIT_LEN 4

struct debug_exit {
	struct device dev;
	uint64_t last;
	bool written;
};

static void debug_exit_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	*value = 0;
}

static void debug_exit_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct debug_exit *d = container_of(dev, struct debug_exit, dev);
	d->last = value;
	d->written = true;
	/* A process status has 8 bits. */
	device_guest_exit(dev, GUEST_EXIT_DEBUG_EXIT, ((value << 1) | 1) & 0xff);
}

static void debug_exit_reset(struct device *dev)
{
	struct debug_exit *d = container_of(dev, struct debug_exit, dev);
	d->last = 0;
	d->written = false;
}

static void debug_exit_describe(struct device *dev, struct out *out)
{
	const struct debug_exit *d = container_of(dev, struct debug_exit, dev);
	hw_show_reg(out, "value", 8, d->last, d->written ? "last value written" : "never written");
}

static struct error *debug_exit_create(struct vm *vm, unsigned unit, struct device **ret)
{
	static const struct bus_ops ops = { .read = debug_exit_read, .write = debug_exit_write };
	static const struct hw_claim claim = { MEM_PORT, DEBUG_EXIT_PORT, DEBUG_EXIT_LEN, &ops };
	*ret = NULL;
	return unit ? NULL : hw_create(vm, unit, &device_debug_exit, sizeof(struct debug_exit), &claim, 1, ret);
}

const struct device_model device_debug_exit = {
	.arch = "x86_64",
	.name = "debug-exit",
	.help = "isa-debug-exit at port 0xf4: ends the guest with a status",
	.create = debug_exit_create,
	.reset = debug_exit_reset,
	.destroy = hw_destroy,
	.describe = debug_exit_describe,
};
