/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* Maps and records of the probe `locks`, as its programs fill and user space reads them. */
#pragma once

#include "probes/bpf/lock_object.h"
#include "probes/hist.h"

/* Flags of contention_begin. */
enum { WAIT_SPIN = 1, WAIT_READ = 2, WAIT_WRITE = 4, WAIT_RT = 8, WAIT_PERCPU = 0x10, WAIT_MUTEX = 0x20 };

struct lock_key {
	uint64_t lock;
	uint32_t tid, flags;	/* a mutex's without WAIT_SPIN */
};

#define LOCK_STACK 16

struct lock_sum {
	struct hist wait;
	uint64_t stack[LOCK_STACK];	/* kernel stack of the longest wait */
	uint32_t stack_len;		/* of it */
	uint32_t owner;			/* thread that held it when the longest wait began; 0: not known */
};

#define LOCK_ENTRIES 2048

enum lock_part { LOCK_PART_CONTENTION, LOCK_PART_NAMES, LOCK_PART_UNKEPT };
