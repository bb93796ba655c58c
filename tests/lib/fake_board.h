/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine for device models without KVM: it implements what guest/device.h lets a device ask, keeps what
 * they did, and its clock goes on only when a test says so. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/text.h"
#include "core/base/vec.h"
#include "guest/bus.h"
#include "core/event/event.h"
#include "guest/device.h"
#include "guest/load/load.h"

#define FAKE_IRQS 24
#define FAKE_TIMERS 16

struct vm {
	struct bus *bus;
	uint64_t now_ns, mem_size;
	unsigned vcpus;
	bool irq[FAKE_IRQS];
	unsigned edges[FAKE_IRQS];	/* rising */
	struct text console;
	unsigned console_port;		/* of the last output */
	unsigned exits;
	enum guest_exit_kind exit_kind;
	int exit_code;
	unsigned events;
	uint32_t event_what;
	uint64_t event_a;
	struct {
		struct device *dev;
		unsigned slot;
		uint64_t deadline_ns;	/* 0: not armed */
		void (*fn)(struct device *dev, unsigned slot);
	} timer[FAKE_TIMERS];
	VEC(struct device *) devices;
	/* For virtio: what was asked for (NULL: nothing), RAM, and what the devices said. */
	const struct guest_config *config;
	struct load_ram ram;
	unsigned emitted, msis;
	uint64_t msi_addr;
	uint32_t msi_data;
	struct vmm_virtio_finding finding; /* the last one */
};

struct vm *fake_board_create(void);
void fake_board_destroy(struct vm *vm);
/* All units of @model. */
void fake_board_add(struct vm *vm, const struct device_model *model);
/* Lets the clock go on by @ns; timers that come due on the way are called in order. */
void fake_board_advance(struct vm *vm, uint64_t ns);
/* Bytes typed at unit @unit of the devices added. */
void fake_board_type(struct vm *vm, unsigned unit, const char *s);
/* describe() of device @i as text; caller frees. */
char *fake_board_describe(struct vm *vm, unsigned i);

void fake_out(struct vm *vm, uint16_t port, unsigned size, uint32_t value);
uint32_t fake_in(struct vm *vm, uint16_t port, unsigned size);
#define OUTB(vm, port, v) fake_out(vm, port, 1, v)
#define INB(vm, port) fake_in(vm, port, 1)
