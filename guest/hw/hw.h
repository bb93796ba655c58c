/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the device models share: creation from a table of claims, registers shown by describe(). */
#pragma once

#include <stdlib.h>

#include "core/base/vec.h"
#include "core/base/bits.h"
#include "core/base/out.h"
#include "guest/bus.h"
#include "guest/device.h"

#define DEVICE(name) extern const struct device_model device_##name;
#include "guest/devices.def"
#undef DEVICE

struct hw_claim {
	enum mem_kind space;
	uint64_t start, len;
	const struct bus_ops *ops;
};

static inline void hw_destroy(struct device *dev)
{
	free(dev);
}

/* A zeroed device of @size bytes (struct device is its first member) with @n ranges, reset. */
static inline struct error *hw_create(struct vm *vm, unsigned unit, const struct device_model *model,
				      size_t size, const struct hw_claim *claims, unsigned n,
				      struct device **ret)
{
	struct device *dev = xcalloc(1, size);
	device_init(dev, model, vm, unit);
	for (unsigned i = 0; i < n; i++) {
		struct error *e = bus_claim(vm_bus(vm), dev, claims[i].space, claims[i].start,
					    claims[i].len, dev->name, claims[i].ops);
		if (e) {
			free(dev);
			return e;
		}
	}
	model->reset(dev);
	*ret = dev;
	return NULL;
}

/* One line "  name  0xvalue  meaning"; @digits of hex, @meaning NULL for none. */
static inline void hw_show_reg(struct out *out, const char *name, int digits, uint64_t value,
			       const char *meaning)
{
	out_begin(out, "register");
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_LABEL, "name", 10, name);
	out_text(out, ROLE_TEXT, " ");
	out_hex(out, ROLE_NUMBER, "value", digits, value);
	if (meaning) {
		out_text(out, ROLE_TEXT, "  ");
		out_str(out, ROLE_COMMENT, "meaning", 0, meaning);
	}
	out_end(out);
}

/* One line "  name  number unit" for what is counted and has no bits. */
static inline void hw_show_count(struct out *out, const char *name, uint64_t value, const char *unit)
{
	out_begin(out, "counter");
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_LABEL, "name", 10, name);
	out_text(out, ROLE_TEXT, " ");
	out_dec(out, ROLE_NUMBER, "value", 0, value);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_COMMENT, "unit", 0, unit);
	out_end(out);
}

/* vm.device events: device_event(dev, WHAT, a, b). */
enum {
	HW_EVENT_INPUT_DROPPED = 1,	/* a: bytes typed faster than the guest reads them */
	HW_EVENT_BAD_VALUE,		/* a: offset, b: value the hardware does not define */
	HW_EVENT_POST_CODE,		/* a: code written to the diagnostic port */
	HW_EVENT_SLEEP,			/* a: SLP_TYP the guest asked for */
};
