/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/bus.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/vec.h"

#define PORT_SPACE 0x10000ULL
/* Addresses nobody claims that are told apart; later ones only count in the total. */
#define HOLES_MAX 64

/* One per device, shared by its ranges: serialises its handlers. */
struct bus_lock {
	struct device *dev;
	pthread_mutex_t mutex;
};

struct bus_range {
	uint64_t start, len;
	const struct bus_ops *ops;
	struct device *dev;
	struct bus_lock *lock;
	char name[32];
};

struct bus_table {
	VEC(struct bus_range) ranges; /* sorted by start, not overlapping */
};

struct bus {
	struct bus_table ports, mmio;
	VEC(struct bus_lock *) locks;
	struct device *pci;		/* the host bridge */
	uint64_t unclaimed;		/* accesses; atomic */
	pthread_mutex_t holes_mutex;	/* guards holes and nholes */
	struct bus_hole holes[HOLES_MAX];
	unsigned nholes;
};

struct error *bus_create(struct bus **ret)
{
	struct bus *bus = xcalloc(1, sizeof(*bus));
	pthread_mutex_init(&bus->holes_mutex, NULL);
	*ret = bus;
	return NULL;
}

void bus_destroy(struct bus *bus)
{
	if (!bus)
		return;
	for (size_t i = 0; i < bus->locks.len; i++) {
		pthread_mutex_destroy(&bus->locks.data[i]->mutex);
		free(bus->locks.data[i]);
	}
	vec_free(&bus->locks);
	vec_free(&bus->ports.ranges);
	vec_free(&bus->mmio.ranges);
	pthread_mutex_destroy(&bus->holes_mutex);
	free(bus);
}

static struct bus_table *bus_table(struct bus *bus, enum mem_kind space)
{
	return space == MEM_PORT ? &bus->ports : &bus->mmio;
}

static struct bus_lock *bus_find_lock(const struct bus *bus, const struct device *dev)
{
	for (size_t i = 0; i < bus->locks.len; i++)
		if (bus->locks.data[i]->dev == dev)
			return bus->locks.data[i];
	return NULL;
}

static struct bus_lock *bus_get_lock(struct bus *bus, struct device *dev)
{
	struct bus_lock *lock = bus_find_lock(bus, dev);
	if (lock)
		return lock;
	lock = xcalloc(1, sizeof(*lock));
	lock->dev = dev;
	pthread_mutex_init(&lock->mutex, NULL);
	vec_push(&bus->locks, lock);
	return lock;
}

void bus_add_device(struct bus *bus, struct device *dev)
{
	bus_get_lock(bus, dev);
}

void bus_set_pci(struct bus *bus, struct device *bridge)
{
	bus->pci = bridge;
}

struct device *bus_pci(const struct bus *bus)
{
	return bus->pci;
}

struct error *bus_claim(struct bus *bus, struct device *dev, enum mem_kind space, uint64_t start,
			uint64_t len, const char *name, const struct bus_ops *ops)
{
	const char *what = space == MEM_PORT ? "ports" : "addresses";
	if (len == 0 || start + len - 1 < start ||
	    (space == MEM_PORT && start + len > PORT_SPACE))
		return error_create(ERROR_FAILED, "device %s: %s 0x%" PRIx64 "+0x%" PRIx64
				    " are not a range of the bus", name, what, start, len);

	struct bus_table *table = bus_table(bus, space);
	size_t at = 0;
	while (at < table->ranges.len && table->ranges.data[at].start < start)
		at++;
	for (size_t i = at ? at - 1 : 0; i < table->ranges.len && i <= at; i++) {
		const struct bus_range *r = &table->ranges.data[i];
		if (r->start <= start + len - 1 && start <= r->start + r->len - 1)
			return error_create(ERROR_FAILED, "device %s: %s 0x%" PRIx64 "-0x%" PRIx64
					    " overlap 0x%" PRIx64 "-0x%" PRIx64 " of %s",
					    name, what, start, start + len - 1, r->start,
					    r->start + r->len - 1, r->name);
	}

	struct bus_range range = {
		.start = start, .len = len, .ops = ops, .dev = dev,
		.lock = bus_get_lock(bus, dev),
	};
	snprintf(range.name, sizeof(range.name), "%s", name);
	vec_push(&table->ranges, range);
	for (size_t i = table->ranges.len - 1; i > at; i--)
		table->ranges.data[i] = table->ranges.data[i - 1];
	table->ranges.data[at] = range;
	return NULL;
}

static const struct bus_range *bus_lookup(const struct bus_table *table, uint64_t addr)
{
	size_t lo = 0, hi = table->ranges.len;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct bus_range *r = &table->ranges.data[mid];
		if (addr < r->start)
			hi = mid;
		else if (addr - r->start >= r->len)
			lo = mid + 1;
		else
			return r;
	}
	return NULL;
}

static void bus_count_hole(struct bus *bus, enum mem_kind space, uint64_t addr, bool write)
{
	__atomic_fetch_add(&bus->unclaimed, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&bus->holes_mutex);
	struct bus_hole *hole = NULL;
	for (unsigned i = 0; i < bus->nholes && !hole; i++)
		if (bus->holes[i].addr == addr && bus->holes[i].space == space)
			hole = &bus->holes[i];
	if (!hole && bus->nholes < HOLES_MAX) {
		hole = &bus->holes[bus->nholes++];
		*hole = (struct bus_hole){ .space = space, .addr = addr };
	}
	if (hole) {
		hole->reads += !write;
		hole->writes += write;
	}
	pthread_mutex_unlock(&bus->holes_mutex);
}

/* The range that takes the access in one piece; NULL when it has to be looked at byte by byte. */
static const struct bus_range *bus_whole(const struct bus_table *table, uint64_t addr, unsigned size)
{
	const struct bus_range *r = bus_lookup(table, addr);
	if (!r || r->len - (addr - r->start) < size)
		return NULL;
	if (size == 1)
		return r;
	return r->ops->split_bytes || (size & (size - 1)) ? NULL : r;
}

static uint64_t size_mask(unsigned size)
{
	return size >= 8 ? ~0ULL : (1ULL << (size * 8)) - 1;
}

static uint64_t range_read(const struct bus_range *r, uint64_t addr, unsigned size)
{
	uint64_t v = size_mask(size);
	if (!r->ops->unlocked)
		pthread_mutex_lock(&r->lock->mutex);
	if (r->ops->read)
		r->ops->read(r->dev, addr - r->start, size, &v);
	if (!r->ops->unlocked)
		pthread_mutex_unlock(&r->lock->mutex);
	return v & size_mask(size);
}

static void range_write(const struct bus_range *r, uint64_t addr, unsigned size, uint64_t value)
{
	if (!r->ops->unlocked)
		pthread_mutex_lock(&r->lock->mutex);
	if (r->ops->write)
		r->ops->write(r->dev, addr - r->start, size, value & size_mask(size));
	if (!r->ops->unlocked)
		pthread_mutex_unlock(&r->lock->mutex);
}

bool bus_read(struct bus *bus, enum mem_kind space, uint64_t addr, unsigned size, uint64_t *value)
{
	const struct bus_table *table = bus_table(bus, space);
	const struct bus_range *r = bus_whole(table, addr, size);
	if (r) {
		*value = range_read(r, addr, size);
		return true;
	}
	bool any = false;
	uint64_t v = 0;
	for (unsigned i = 0; i < size && i < 8; i++) {
		r = bus_lookup(table, addr + i);
		v |= (r ? range_read(r, addr + i, 1) : 0xffULL) << (i * 8);
		any |= r != NULL;
	}
	if (!any)
		bus_count_hole(bus, space, addr, false);
	*value = v;
	return any;
}

bool bus_write(struct bus *bus, enum mem_kind space, uint64_t addr, unsigned size, uint64_t value)
{
	const struct bus_table *table = bus_table(bus, space);
	const struct bus_range *r = bus_whole(table, addr, size);
	if (r) {
		range_write(r, addr, size, value);
		return true;
	}
	bool any = false;
	for (unsigned i = 0; i < size && i < 8; i++) {
		r = bus_lookup(table, addr + i);
		if (r)
			range_write(r, addr + i, 1, value >> (i * 8));
		any |= r != NULL;
	}
	if (!any)
		bus_count_hole(bus, space, addr, true);
	return any;
}

bool bus_region(const struct bus *bus, unsigned i, struct mem_region *ret)
{
	const struct bus_range *r;
	bool port = i >= bus->mmio.ranges.len;
	if (!port)
		r = &bus->mmio.ranges.data[i];
	else if (i - bus->mmio.ranges.len < bus->ports.ranges.len)
		r = &bus->ports.ranges.data[i - bus->mmio.ranges.len];
	else
		return false;
	*ret = (struct mem_region){
		.start = r->start, .len = r->len, .kind = port ? MEM_PORT : MEM_MMIO, .slot = -1,
	};
	memcpy(ret->name, r->name, sizeof(ret->name));
	return true;
}

uint64_t bus_unclaimed(const struct bus *bus)
{
	return __atomic_load_n(&bus->unclaimed, __ATOMIC_RELAXED);
}

bool bus_unclaimed_at(struct bus *bus, unsigned i, struct bus_hole *ret)
{
	pthread_mutex_lock(&bus->holes_mutex);
	bool found = i < bus->nholes;
	if (found)
		*ret = bus->holes[i];
	pthread_mutex_unlock(&bus->holes_mutex);
	return found;
}

void bus_device_lock(struct bus *bus, struct device *dev)
{
	struct bus_lock *lock = bus_find_lock(bus, dev);
	if (lock)
		pthread_mutex_lock(&lock->mutex);
}

void bus_device_unlock(struct bus *bus, struct device *dev)
{
	struct bus_lock *lock = bus_find_lock(bus, dev);
	if (lock)
		pthread_mutex_unlock(&lock->mutex);
}

void device_init(struct device *dev, const struct device_model *model, struct vm *vm, unsigned unit)
{
	dev->model = model;
	dev->vm = vm;
	dev->unit = unit;
	if (model->many)
		snprintf(dev->name, sizeof(dev->name), "%s%u", model->name, unit);
	else
		snprintf(dev->name, sizeof(dev->name), "%s", model->name);
}
