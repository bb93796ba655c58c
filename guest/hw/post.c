/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Diagnostic port 0x80: keeps the last codes. Linux writes here for delays, so it must be silent. */
#include "guest/hw/hw.h"

#define POST_PORT 0x80
#define POST_KEEP 8

struct post {
	struct device dev;
	uint8_t code[POST_KEEP]; /* ring */
	uint64_t writes;
};

static void post_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	const struct post *p = container_of(dev, struct post, dev);
	*value = p->writes ? p->code[(p->writes - 1) % POST_KEEP] : 0;
}

static void post_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct post *p = container_of(dev, struct post, dev);
	/* An event for news only: delays repeat one value thousands of times. */
	if (!p->writes || p->code[(p->writes - 1) % POST_KEEP] != (uint8_t)value)
		device_event(dev, HW_EVENT_POST_CODE, value, p->writes);
	p->code[p->writes++ % POST_KEEP] = value;
}

static void post_reset(struct device *dev)
{
	container_of(dev, struct post, dev)->writes = 0;
}

static void post_describe(struct device *dev, struct out *out)
{
	const struct post *p = container_of(dev, struct post, dev);
	hw_show_count(out, "writes", p->writes, "codes");
	for (unsigned i = 0; i < POST_KEEP && i < p->writes; i++)
		hw_show_reg(out, i ? "before" : "code", 2, p->code[(p->writes - 1 - i) % POST_KEEP], NULL);
}

static struct error *post_create(struct vm *vm, unsigned unit, struct device **ret)
{
	static const struct bus_ops ops = { .read = post_read, .write = post_write };
	static const struct hw_claim claim = { MEM_PORT, POST_PORT, 1, &ops };
	*ret = NULL;
	return unit ? NULL : hw_create(vm, unit, &device_post, sizeof(struct post), &claim, 1, ret);
}

const struct device_model device_post = {
	.arch = "x86_64",
	.name = "post",
	.help = "diagnostic port 0x80",
	.create = post_create,
	.reset = post_reset,
	.destroy = hw_destroy,
	.describe = post_describe,
};
