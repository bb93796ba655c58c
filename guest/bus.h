/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Port and MMIO address ranges to devices. Built at creation, read-only while vCPUs run: lookups take
 * no lock. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/target/target.h"
#include "guest/device.h"

struct bus;

/* @offset is relative to the range's start; @size 1, 2, 4 or 8 (ports: 1, 2, 4). Reads fill *value. */
struct bus_ops {
	void (*read)(struct device *dev, uint64_t offset, unsigned size, uint64_t *value);
	void (*write)(struct device *dev, uint64_t offset, unsigned size, uint64_t value);
	bool split_bytes;	/* a wider access becomes byte accesses at ascending offsets */
	bool unlocked;		/* the handlers see to it themselves: accesses come at the same time */
};

struct error *bus_create(struct bus **ret);
void bus_destroy(struct bus *bus);
/* Claims [start, start+len) for @dev; @space MEM_PORT or MEM_MMIO. Overlaps are an error. Accesses are
 * serialised by one lock per device. */
struct error *bus_claim(struct bus *bus, struct device *dev, enum mem_kind space, uint64_t start,
			uint64_t len, const char *name, const struct bus_ops *ops);
/* False when nobody is there: reads give all ones, the access is counted per address (info mtree). */
bool bus_read(struct bus *bus, enum mem_kind space, uint64_t addr, unsigned size, uint64_t *value);
bool bus_write(struct bus *bus, enum mem_kind space, uint64_t addr, unsigned size, uint64_t value);
bool bus_region(const struct bus *bus, unsigned i, struct mem_region *ret);
uint64_t bus_unclaimed(const struct bus *bus);
/* The @i-th address that was accessed though nobody claims it (the first 64 distinct ones). */
struct bus_hole {
	enum mem_kind space;
	uint64_t addr, reads, writes;
};
bool bus_unclaimed_at(struct bus *bus, unsigned i, struct bus_hole *ret);
/* The lock that serialises @dev's handlers (for timers and input from other threads). */
void bus_device_lock(struct bus *bus, struct device *dev);
void bus_device_unlock(struct bus *bus, struct device *dev);
/* A device without a range of its own (behind a bridge) gets its lock. */
void bus_add_device(struct bus *bus, struct device *dev);
/* The PCI host bridge, NULL when there is none. */
void bus_set_pci(struct bus *bus, struct device *bridge);
struct device *bus_pci(const struct bus *bus);
struct bus *vm_bus(struct vm *vm);
