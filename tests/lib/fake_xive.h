/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fake target's XIVE: a POWER guest's interrupt controller beside x86 vCPUs, as a recording opened
 * elsewhere would show it. PQ bits and queues are those of the software model; queues lie in guest memory.
 *
 *	0x0, 0x1	IPIs of both servers; 0x1 was sent and is not EOIed
 *	0x1200		"virtio0", idle		0x1201	"virtio1": pending without an entry: stuck
 *	0x1210		"uart", level, asserted	0x1220-0x122f	unused
 *	and an SLB with one segment, a hashed page table with the entry of 0xc000000000010000
 *	server 0 priority 6: four entries, one of no source, one not taken; server 1: one entry; CPPR 0 there
 */
#pragma once

#include "core/target/target.h"

#define FAKE_EQ0 0x3c0000	/* gpa of the queues, 64 KiB each */
#define FAKE_EQ1 0x3d0000
#define FAKE_XIVE_SOURCES 21

struct fake;

struct fake_xive {
	struct state_xive_source source[FAKE_XIVE_SOURCES];
	bool saved_p[FAKE_XIVE_SOURCES];
	uint32_t index[2], taken[2];
	uint8_t toggle[2];
};

void fake_xive_power_on(struct fake_xive *x, uint8_t *mem);
bool fake_xive_state(const struct fake_xive *x, enum state_kind kind, unsigned index, void *buf, size_t size,
		     size_t *ret_len);
struct error *fake_xive_act(struct target *t, enum xive_act act, uint32_t lisn, uint8_t *ret_old);
