/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/fake_board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/out.h"
#include "core/event/event.h"

struct bus *vm_bus(struct vm *vm)
{
	return vm->bus;
}

void device_irq_set(struct device *dev, unsigned gsi, bool level)
{
	struct vm *vm = dev->vm;
	if (gsi >= FAKE_IRQS)
		abort();
	vm->edges[gsi] += level && !vm->irq[gsi];
	vm->irq[gsi] = level;
}

void device_console_output(struct device *dev, unsigned port, const void *data, size_t len)
{
	text_add(&dev->vm->console, data, len);
	dev->vm->console_port = port;
}

void device_guest_exit(struct device *dev, enum guest_exit_kind kind, int code)
{
	dev->vm->exits++;
	dev->vm->exit_kind = kind;
	dev->vm->exit_code = code;
}

void device_event(struct device *dev, uint32_t what, uint64_t a, uint64_t b)
{
	dev->vm->events++;
	dev->vm->event_what = what;
	dev->vm->event_a = a;
}

uint64_t device_clock_ns(struct device *dev)
{
	return dev->vm->now_ns;
}

void device_timer_set(struct device *dev, unsigned slot, uint64_t deadline_ns,
		      void (*fn)(struct device *dev, unsigned slot))
{
	struct vm *vm = dev->vm;
	for (unsigned i = 0; i < FAKE_TIMERS; i++) {
		if (vm->timer[i].dev && (vm->timer[i].dev != dev || vm->timer[i].slot != slot))
			continue;
		vm->timer[i].dev = dev;
		vm->timer[i].slot = slot;
		vm->timer[i].deadline_ns = deadline_ns;
		vm->timer[i].fn = fn;
		return;
	}
	abort();
}

uint64_t device_mem_size(struct device *dev)
{
	return dev->vm->mem_size;
}

unsigned device_vcpus(struct device *dev)
{
	return dev->vm->vcpus;
}

const struct guest_config *device_config(struct vm *vm)
{
	return vm->config;
}

struct load_ram device_ram(struct vm *vm)
{
	return vm->ram;
}

void device_ram_read(struct device *dev, uint64_t gpa, const void *host, void *buf, size_t len)
{
	memcpy(buf, host, len);
}

void device_ram_write(struct device *dev, uint64_t gpa, void *host, const void *buf, size_t len)
{
	if (buf)
		memcpy(host, buf, len);
	else
		memset(host, 0, len);
}

void device_irq_share(struct device *dev, unsigned gsi, bool level)
{
	device_irq_set(dev, gsi, level);
}

bool device_ram_planted(struct device *dev, uint64_t gpa, size_t len)
{
	return false;
}

bool device_has_msi(struct vm *vm)
{
	return true;
}

void device_msi(struct device *dev, unsigned slot, uint64_t addr, uint32_t data)
{
	dev->vm->msis++;
	dev->vm->msi_addr = addr;
	dev->vm->msi_data = data;
}

bool device_threads(struct vm *vm)
{
	return false;
}

bool device_emit(struct device *dev, uint32_t schema, const void *payload, size_t len)
{
	dev->vm->emitted++;
	if (schema == VMM_VIRTIO_FINDING)
		memcpy(&dev->vm->finding, payload, sizeof(dev->vm->finding));
	return false;
}

void device_stop(struct device *dev)
{
}

bool device_doorbell(struct device *dev, uint64_t gpa, unsigned size, bool match, uint64_t value, int fd,
		     bool on)
{
	return false;
}

struct vm *fake_board_create(void)
{
	struct vm *vm = xcalloc(1, sizeof(*vm));
	if (bus_create(&vm->bus))
		abort();
	vm->now_ns = 1000000000;
	vm->mem_size = 128ULL << 20;
	vm->vcpus = 1;
	return vm;
}

void fake_board_destroy(struct vm *vm)
{
	for (size_t i = 0; i < vm->devices.len; i++)
		vm->devices.data[i]->model->destroy(vm->devices.data[i]);
	vec_free(&vm->devices);
	text_deinit(&vm->console);
	bus_destroy(vm->bus);
	free(vm);
}

void fake_board_add(struct vm *vm, const struct device_model *model)
{
	for (unsigned unit = 0;; unit++) {
		struct device *dev = NULL;
		struct error *e = model->create(vm, unit, &dev);
		if (e) {
			fprintf(stderr, "%s\n", error_message(e));
			abort();
		}
		if (!dev)
			return;
		vec_push(&vm->devices, dev);
	}
}

void fake_board_advance(struct vm *vm, uint64_t ns)
{
	uint64_t end = vm->now_ns + ns;
	for (;;) {
		int next = -1;
		for (unsigned i = 0; i < FAKE_TIMERS; i++) {
			uint64_t at = vm->timer[i].deadline_ns;
			if (at && at <= end && (next < 0 || at < vm->timer[next].deadline_ns))
				next = i;
		}
		if (next < 0)
			break;
		struct device *dev = vm->timer[next].dev;
		if (vm->timer[next].deadline_ns > vm->now_ns)
			vm->now_ns = vm->timer[next].deadline_ns;
		vm->timer[next].deadline_ns = 0;
		bus_device_lock(vm->bus, dev);
		vm->timer[next].fn(dev, vm->timer[next].slot);
		bus_device_unlock(vm->bus, dev);
	}
	vm->now_ns = end;
}

void fake_board_type(struct vm *vm, unsigned unit, const char *s)
{
	struct device *dev = vm->devices.data[unit];
	bus_device_lock(vm->bus, dev);
	dev->model->input(dev, s, strlen(s));
	bus_device_unlock(vm->bus, dev);
}

char *fake_board_describe(struct vm *vm, unsigned i)
{
	struct out *out = out_create_capture();
	vm->devices.data[i]->model->describe(vm->devices.data[i], out);
	char *s = out_capture_string(out);
	out_destroy(out);
	return s;
}

void fake_out(struct vm *vm, uint16_t port, unsigned size, uint32_t value)
{
	bus_write(vm->bus, MEM_PORT, port, size, value);
}

uint32_t fake_in(struct vm *vm, uint16_t port, unsigned size)
{
	uint64_t v;
	bus_read(vm->bus, MEM_PORT, port, size, &v);
	return v;
}
