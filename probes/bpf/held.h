/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* What a thread holds, as the programs of probes/bpf/lock_held.bpf.h keep it in the map `helds`, by thread. */
#pragma once

#include <stdint.h>

#define HELD_MAX 12	/* locks a thread may hold and still be followed */

struct held_lock {
	uint64_t lock, since_ns;
	uint64_t site[4];	/* frames of where it was taken */
	uint32_t mode, try;
};

struct held {
	uint32_t depth, pad;
	uint64_t pending;	/* the lock that a call which may fail is about; kprobes see it at entry only */
	struct held_lock locks[HELD_MAX]; /* oldest first */
};
