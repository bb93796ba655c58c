/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fake target's machine at power-on: memory image, registers, state blobs. */
#pragma once

#include "core/symbols/symbols.h"
#include "core/target/target.h"

/* Page tables, descriptor tables and the program into @mem (FAKE_MEM zeroed bytes). */
void fake_machine_memory(uint8_t *mem);
void fake_machine_regs(unsigned vcpu, struct regs *ret);
/* Contents are fixed; only VCPU_EVENTS and LAPIC differ by vCPU. False: no such index. */
bool fake_machine_state(enum state_kind kind, unsigned index, void *buf, size_t size, size_t *ret_len);
/* Virtio devices: their rings in memory, their blobs. */
void fake_virtio_memory(uint8_t *mem);
bool fake_virtio_state(enum state_kind kind, unsigned index, void *buf, size_t size, size_t *ret_len);
/* The @i-th symbol of the program. */
bool fake_machine_symbol(unsigned i, const char **ret_name, uint64_t *ret_addr, uint64_t *ret_size,
			 enum symbol_type *ret_type);
