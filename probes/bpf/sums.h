/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* The table of sums that most probes keep: histograms by thread, by what was measured, and two details. */
#pragma once

#include "probes/hist.h"

#define SUM_ENTRIES 4096	/* of the map; what finds no place is counted */
#define SUM_NO_CPU 0xffffffff	/* measured in the thread itself, so it is the one writer */
#define SUM_HIT_UNKEPT 15	/* index of their counter in `hits` */

struct sum_key {
	uint32_t tid;		/* 0: of no thread */
	uint32_t cpu;		/* that wrote, when it was not the thread itself: one writer for each key */
	uint32_t what, pad;	/* an enum of the probe */
	uint64_t a, b;		/* details of @what */
};

struct sum_thread {
	uint32_t tgid, vcpu;	/* vcpu ~0: not told yet */
};
