/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* What the programs of `lockorder` and user space share. */
#pragma once

#include "probes/bpf/held.h"
#include "probes/bpf/lock_object.h"

#define ORDER_HELD HELD_MAX
#define ORDER_STACK 16
#define ORDER_SITE 4	/* frames kept of where a held lock was taken */
#define ORDER_WATCHED 64	/* KVM's mutexes whose owners are looked at where functions can not be watched */

enum order_part { ORDER_PART_SLEEPING, ORDER_PART_SRCU, ORDER_PART_NAMES, ORDER_PART_DEEP, ORDER_PART_UNKEPT,
		  ORDER_PART_TAKEN };

/* Payload of an edge: @taken was taken with @held held. Modes are enum lockdep_mode. */
struct order_edge {
	uint64_t held, taken;
	uint64_t held_ns;
	uint32_t held_mode, taken_mode;
	uint32_t nstack, pad;
	uint64_t held_stack[ORDER_SITE];
	uint64_t stack[ORDER_STACK];
};
