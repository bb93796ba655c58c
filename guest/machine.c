/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The devices of a machine, and what they may ask of it (device.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/base/bits.h"
#include "guest/vm.h"

#define DEVICE_UNITS_MAX 32	/* no less than VIRTIO_PLACES_MAX */

#define DEVICE(name) extern const struct device_model device_##name;
#include "guest/devices.def"
#undef DEVICE

static const struct device_model *const models[] = {
#define DEVICE(name) &device_##name,
#include "guest/devices.def"
#undef DEVICE
	NULL
};

struct bus *vm_bus(struct vm *vm)
{
	return vm->bus;
}

static bool fits(const struct device_model *model)
{
	return !model->arch || strcmp(model->arch, machine_host.arch->name) == 0;
}

struct error *vm_devices_create(struct vm *vm)
{
	for (unsigned i = 0; models[i]; i++)
		for (unsigned unit = 0; fits(models[i]) && unit < DEVICE_UNITS_MAX; unit++) {
			struct device *dev = NULL;
			struct error *err = models[i]->create(vm, unit, &dev);

			if (err)
				return error_prefix(err, "device %s", models[i]->name);
			if (!dev)
				break;
			vec_push(&vm->devices, dev);
		}
	return NULL;
}

void vm_devices_destroy(struct vm *vm)
{
	for (size_t i = vm->devices.len; i-- > 0;)
		if (vm->devices.data[i]->model->destroy)
			vm->devices.data[i]->model->destroy(vm->devices.data[i]);
	vec_free(&vm->devices);
}

void vm_devices_run(struct vm *vm, bool running)
{
	for (size_t i = 0; i < vm->devices.len; i++)
		if (vm->devices.data[i]->model->run)
			vm->devices.data[i]->model->run(vm->devices.data[i], running);
}

void vm_devices_reset(struct vm *vm)
{
	clock_clear(vm);
	for (size_t i = 0; i < vm->devices.len; i++) {
		struct device *dev = vm->devices.data[i];

		if (!dev->model->reset)
			continue;
		bus_device_lock(vm->bus, dev);
		dev->model->reset(dev);
		bus_device_unlock(vm->bus, dev);
	}
	pthread_mutex_lock(&vm->exit_lock);
	atomic_store(&vm->exit_asked, false);
	pthread_mutex_unlock(&vm->exit_lock);
}

struct error *vm_virtio_state(struct vm *vm, enum state_kind kind, unsigned index, void *buf, size_t size,
			      size_t *ret_len)
{
	bool whole = kind == STATE_VIRTIO_DEVICE || kind == STATE_VIRTIO_IOVA;
	unsigned number = whole ? index : index >> 16;

	for (size_t i = 0; i < vm->devices.len; i++) {
		struct device *dev = vm->devices.data[i];

		if (dev->model->state && number-- == 0)
			return dev->model->state(dev, kind, whole ? 0 : index & 0xffff, buf, size, ret_len);
	}
	return error_create(ERROR_NOT_FOUND, "there is no virtio device %u", whole ? index : index >> 16);
}

/* The console is the first device that takes input, or the first virtio one when that was asked for. */
struct error *vm_console_input(struct vm *vm, const void *data, size_t len)
{
	for (size_t i = 0; i < vm->devices.len; i++) {
		struct device *dev = vm->devices.data[i];

		if (!dev->model->input || (vm->config->console_virtio && !dev->model->state))
			continue;
		bus_device_lock(vm->bus, dev);
		dev->model->input(dev, data, len);
		bus_device_unlock(vm->bus, dev);
		return NULL;
	}
	return error_create(ERROR_UNSUPPORTED, "this machine has no console that takes input");
}

/* ---- what devices ask for ----------------------------------------------------------------------- */

void device_irq_set(struct device *dev, unsigned gsi, bool level)
{
	machine_host.irq_set(dev->vm, gsi, level);
}

void device_console_output(struct device *dev, unsigned port, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len) {
		struct vmm_console ev = { .port = port, .dir = 0 };

		ev.len = len < sizeof(ev.data) ? len : sizeof(ev.data);
		memcpy(ev.data, p, ev.len);
		vm_event(dev->vm, VMM_CONSOLE, EVENT_NO_VCPU, &ev, offsetof(struct vmm_console, data) + ev.len);
		p += ev.len;
		len -= ev.len;
	}
}

static bool exit_report(struct vm *vm, struct stop_report *report)
{
	static const enum stop_reason reasons[] = {
		[GUEST_EXIT_DEBUG_EXIT] = STOP_GUEST_EXIT, [GUEST_EXIT_POWEROFF] = STOP_GUEST_EXIT,
		[GUEST_EXIT_RESET] = STOP_RESET,
	};

	memset(report, 0, sizeof(*report));
	report->reason = reasons[vm->exit_kind];
	report->exit_code = vm->exit_code;
	switch (vm->exit_kind) {
	case GUEST_EXIT_DEBUG_EXIT:
		snprintf(report->text, sizeof(report->text), "the guest exited with status %d", vm->exit_code);
		break;
	case GUEST_EXIT_POWEROFF:
		snprintf(report->text, sizeof(report->text), "the guest powered off");
		break;
	case GUEST_EXIT_RESET:
		snprintf(report->text, sizeof(report->text), "the guest asked for a reset");
		break;
	}
	return true;
}

void device_guest_exit(struct device *dev, enum guest_exit_kind kind, int code)
{
	struct vm *vm = dev->vm;
	struct vmm_guest_exit ev = { .code = code, .kind = kind };
	struct stop_report report;
	bool first;

	pthread_mutex_lock(&vm->exit_lock);
	first = !vm->exit_asked;
	if (first) {
		vm->exit_kind = kind;
		vm->exit_code = code;
		/* A vCPU finds it when it leaves the handler and stops with the access completed. */
		if (vcpu_self(vm))
			atomic_store(&vm->exit_asked, true);
		else
			exit_report(vm, &report);
	}
	pthread_mutex_unlock(&vm->exit_lock);
	if (!first)
		return;
	vm_event(vm, VMM_GUEST_EXIT, EVENT_NO_VCPU, &ev, sizeof(ev));
	if (!vcpu_self(vm))
		run_request_stop(vm, &report);
}

bool vm_exit_taken(struct vm *vm, struct stop_report *report)
{
	struct vcpu *self = vcpu_self(vm);
	bool taken = false;

	pthread_mutex_lock(&vm->exit_lock);
	if (vm->exit_asked) {
		taken = exit_report(vm, report);
		report->vcpu = self ? self->index : 0;
		atomic_store(&vm->exit_asked, false);
	}
	pthread_mutex_unlock(&vm->exit_lock);
	return taken;
}

void device_event(struct device *dev, uint32_t what, uint64_t a, uint64_t b)
{
	struct vmm_device ev = { .what = what, .a = a, .b = b };

	/* Some devices do this for every access: no formatting here. The name stays terminated. */
	_Static_assert(sizeof(dev->name) >= sizeof(ev.device), "a device's name fills its field");
	memcpy(ev.device, dev->name, sizeof(ev.device) - 1);
	vm_event(dev->vm, VMM_DEVICE, EVENT_NO_VCPU, &ev, sizeof(ev));
}

uint64_t device_clock_ns(struct device *dev)
{
	return run_clock_ns(dev->vm);
}

void device_timer_set(struct device *dev, unsigned slot, uint64_t deadline_ns,
		      void (*fn)(struct device *dev, unsigned slot))
{
	clock_set(dev->vm, dev, slot, deadline_ns, fn);
}

uint64_t device_mem_size(struct device *dev)
{
	return dev->vm->mem.bytes;
}

unsigned device_vcpus(struct device *dev)
{
	return dev->vm->target_vcpus;
}

const struct guest_config *device_config(struct vm *vm)
{
	return vm->config;
}

struct load_ram device_ram(struct vm *vm)
{
	return memory_load_ram(&vm->mem);
}

void device_ram_read(struct device *dev, uint64_t gpa, const void *host, void *buf, size_t len)
{
	uint64_t bad;

	if (!memory_any_plant(&dev->vm->mem))
		memcpy(buf, host, len);
	else
		memory_read(&dev->vm->mem, gpa, buf, len, &bad);
}

void device_ram_write(struct device *dev, uint64_t gpa, void *host, const void *buf, size_t len)
{
	static const uint8_t zeroes[4096];
	uint64_t bad;

	if (!memory_any_plant(&dev->vm->mem)) {
		if (buf)
			memcpy(host, buf, len);
		else
			memset(host, 0, len);
		return;
	}
	for (size_t done = 0, n; done < len; done += n) {
		n = buf || len - done < sizeof(zeroes) ? len - done : sizeof(zeroes);
		memory_write(&dev->vm->mem, gpa + done, buf ? (const uint8_t *)buf + done : zeroes, n, &bad);
	}
}

bool device_ram_planted(struct device *dev, uint64_t gpa, size_t len)
{
	return memory_any_plant(&dev->vm->mem) && memory_plants_in(&dev->vm->mem, gpa, len);
}

void device_irq_share(struct device *dev, unsigned gsi, bool level)
{
	struct vm *vm = dev->vm;

	if (gsi >= ARRAY_SIZE(vm->irq_holders))
		return;
	pthread_mutex_lock(&vm->irq_lock);
	vm->irq_holders[gsi] += level ? 1 : -1;
	if (vm->irq_holders[gsi] == level) /* the first one to raise it, or the last one to lower it */
		machine_host.irq_set(vm, gsi, level);
	pthread_mutex_unlock(&vm->irq_lock);
}

bool device_has_msi(struct vm *vm)
{
	return machine_host.msi && vm->config->irqchip != IRQCHIP_OFF;
}

void device_msi(struct device *dev, unsigned slot, uint64_t addr, uint32_t data)
{
	machine_host.msi(dev->vm, addr, data);
}

bool device_threads(struct vm *vm)
{
	return true;
}

bool device_emit(struct device *dev, uint32_t schema, const void *payload, size_t len)
{
	union {
		struct event event;
		uint8_t bytes[EVENT_SIZE_MAX];
	} copy = { .event = { .schema = schema } };

	vm_event(dev->vm, schema, EVENT_NO_VCPU, payload, len);
	if (!(atomic_load_explicit(&dev->vm->stops.device_events, memory_order_relaxed) & BIT(schema)))
		return false;
	copy.event.time_ns = clock_now_ns();
	copy.event.size = align_up(sizeof(copy.event) + len, 8);
	copy.event.cpu = ~0u;
	copy.event.vm = 1;
	copy.event.vcpu = EVENT_NO_VCPU;
	copy.event.payload_len = len;
	memcpy(copy.event.payload, payload, len);
	return stops_hit_device(dev->vm, &copy.event);
}

void device_stop(struct device *dev)
{
	struct stop_report report;

	if (stops_take_device(dev->vm, &report))
		run_request_stop(dev->vm, &report);
}

bool device_doorbell(struct device *dev, uint64_t gpa, unsigned size, bool match, uint64_t value, int fd,
		     bool on)
{
	struct kvm_ioeventfd bell = {
		.addr = gpa, .len = size, .fd = fd, .datamatch = value,
		.flags = (match ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0) | (on ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN),
	};

	return vm_ioctl(dev->vm, KVM_IOEVENTFD, (unsigned long)&bell) == 0;
}
