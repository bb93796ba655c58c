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
