/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* What the probe `halt` measures, for its programs and for who shows it. */
#pragma once

enum halt_what {
	HALT_WON,	/* ns of halts that ended while KVM polled */
	HALT_SLEPT,	/* ns of halts for which the thread slept */
	HALT_POLL_WON,	/* ns polled in halts that polling won */
	HALT_POLL_LOST,	/* ns polled in halts that slept nevertheless */
	HALT_WAKE,	/* ns from the wake-up of a vCPU's thread to its running */
	HALT_INVALID,	/* wake-ups with nothing to do */
	HALT_GROW,	/* the polling window grew; a: to ns */
	HALT_SHRINK,
	HALT_WHATS
};

enum halt_part { HALT_PART_WAKEUP, HALT_PART_POLL, HALT_PART_RUN, HALT_PART_WINDOW };
