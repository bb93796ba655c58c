/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* What the probe `hdec` measures, for its programs and for who shows it. All amounts are timebase ticks. */
#pragma once

#include <stdint.h>

enum hdec_what {
	HDEC_MARGIN,	/* from the entry to the CPU's next timer, which HDEC is programmed for */
	HDEC_PAST,	/* entries with the timer's time already over: by this much */
	HDEC_LATE,	/* exits by trap 980: this much after the timer's time */
	HDEC_EARLY,	/* exits by trap 980 before it: another timer was meant */
	HDEC_OVERDUE,	/* exits by another trap more than HDEC_SLACK_TICKS after it: an edge that was lost? */
	HDEC_REFUSED,	/* exits by trap 980 of entries whose time was over: the guest did not run */
	HDEC_UNKNOWN,	/* exits by trap 980 whose limit could not be read */
	HDEC_WHATS
};

enum hdec_part { HDEC_PART_MARGIN, HDEC_PART_ACTUAL, HDEC_PART_TIMES };

#define HDEC_TRAP 0x980
#define HDEC_SLACK_TICKS (512 * 2000)	/* 2 ms at 512 MHz */

/* Where the timebase was at a time of CLOCK_MONOTONIC, for kernels whose own clock can not be read. */
struct hdec_clock {
	uint64_t ns, ticks;
	uint64_t ticks_per_s;	/* 0: not set */
};
