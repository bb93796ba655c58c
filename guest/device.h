/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A device model. To add one: guest/hw/<name>.c whose only exported symbol is
 * `const struct device_model device_<name>`, one line DEVICE(<name>) in guest/devices.def, and a tiny
 * guest in tests/guest that drives it.
 *
 * create() claims its ports and addresses on the bus. Handlers run on the vCPU's thread that made the
 * access, under the device's own lock (taken by the bus when @locked), and must not block: no system
 * call other than irq and eventfd writes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/target/state.h"

struct vm;
struct device;
struct out;

struct device_model {
	const char *name;	/* "uart", "rtc" */
	const char *help;
	const char *arch;	/* name of the architecture whose machines have it; NULL: all */
	bool many;		/* several instances: their number is part of their names */
	/* Several instances (uart 0..3): create is called with @unit 0.. until it gives *ret = NULL. */
	struct error *(*create)(struct vm *vm, unsigned unit, struct device **ret);
	void (*reset)(struct device *dev);
	void (*destroy)(struct device *dev);
	void (*input)(struct device *dev, const void *data, size_t len); /* console bytes, or NULL */
	void (*describe)(struct device *dev, struct out *out); /* registers, for `info device`; no side effects */
	/* The machine stops or goes on: devices with threads of their own then leave guest memory alone. Any
	 * thread, without the device's lock; must not wait for anything slow. NULL: nothing to do. */
	void (*run)(struct device *dev, bool running);
	/* virtio devices: their blobs (core/target/state_virtio.h); main thread. NULL: is none. */
	struct error *(*state)(struct device *dev, enum state_kind kind, unsigned queue, void *buf, size_t size,
			       size_t *ret_len);
};

/* First member of every device's own struct. */
struct device {
	const struct device_model *model;
	struct vm *vm;
	unsigned unit;
	char name[24];		/* "uart0", "rtc": set by create through device_init */
};

void device_init(struct device *dev, const struct device_model *model, struct vm *vm, unsigned unit);

/* ---- what a device may ask of the machine (implemented in guest/machine.c, any thread) ---------- */

/* Level of a GSI (ISA IRQ numbers on x86): KVM_IRQ_LINE, or the user-space chips with --irqchip off. */
void device_irq_set(struct device *dev, unsigned gsi, bool level);
/* Output of a console device; @port numbers the console (0 = COM1, 1.. others, 0xe9 = debug port). */
void device_console_output(struct device *dev, unsigned port, const void *data, size_t len);
/* The guest asks to end with process exit status @code, to power off or to be reset: the vCPU that
 * runs the handler does not enter the guest again. */
enum guest_exit_kind { GUEST_EXIT_DEBUG_EXIT, GUEST_EXIT_POWEROFF, GUEST_EXIT_RESET };
void device_guest_exit(struct device *dev, enum guest_exit_kind kind, int code);
/* A vm.device event: something worth a line in the log. */
void device_event(struct device *dev, uint32_t what, uint64_t a, uint64_t b);
uint64_t device_clock_ns(struct device *dev); /* guest time base: monotonic, stops when the VM is stopped */
/* One-shot timer on the device thread: @fn is called (with the device's lock) at @deadline_ns of
 * device_clock_ns; 0 disarms. One per @slot (0..3). */
void device_timer_set(struct device *dev, unsigned slot, uint64_t deadline_ns,
		      void (*fn)(struct device *dev, unsigned slot));
uint64_t device_mem_size(struct device *dev); /* RAM of the machine, for CMOS and tables */
unsigned device_vcpus(struct device *dev); /* vCPUs of the machine; known once the guest runs */

/* ---- for devices that do more than registers (guest/virtio) --------------------------------------- */

struct guest_config;
struct load_ram;
const struct guest_config *device_config(struct vm *vm);
/* The machine's RAM; it stays where it is for the life of the machine. */
struct load_ram device_ram(struct vm *vm);
/* Copies from and to guest memory at @gpa, whose host address is @host, without showing or losing planted
 * break instructions. @buf NULL: zeroes. Any thread. */
void device_ram_read(struct device *dev, uint64_t gpa, const void *host, void *buf, size_t len);
void device_ram_write(struct device *dev, uint64_t gpa, void *host, const void *buf, size_t len);
/* Are there planted break instructions in [gpa, gpa+len)? */
bool device_ram_planted(struct device *dev, uint64_t gpa, size_t len);
/* Do devices have threads? (Not on the tests' board, which serves them by hand.) */
bool device_threads(struct vm *vm);
/* Like device_irq_set(), for lines that several devices share: high while any of them holds it. Each calls
 * it when its own level changes, and only then. */
void device_irq_share(struct device *dev, unsigned gsi, bool level);
/* Sends the message of an MSI; @slot tells the device's vectors apart. Any thread. */
void device_msi(struct device *dev, unsigned slot, uint64_t addr, uint32_t data);
/* Has the machine local APICs that take messages? */
bool device_has_msi(struct vm *vm);
/* An event of any schema. Any thread. True: a catchpoint is for it; the caller does nothing more for the
 * guest, leaves its locks and calls device_stop(), which ends the run. */
bool device_emit(struct device *dev, uint32_t schema, const void *payload, size_t len);
void device_stop(struct device *dev);
/* Writes of @size bytes (0: any) at guest-physical @gpa count up the eventfd @fd instead of being exits;
 * with @match only those of @value. False: this host can not. */
bool device_doorbell(struct device *dev, uint64_t gpa, unsigned size, bool match, uint64_t value, int fd,
		     bool on);
