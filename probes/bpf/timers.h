/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* What the probe `timers` measures, for its programs and for who shows it. */
#pragma once

enum timer_what {
	TIMER_LAPIC,		/* ns: the hrtimer of a vCPU's LAPIC expired this much after its time */
	TIMER_HOST,		/* ns: the same of another hrtimer, while a vCPU's thread had the CPU; a: its function */
	TIMER_EARLY,		/* TSC cycles before the guest's deadline that KVM was ready to enter: it waits them */
	TIMER_LATE,		/* TSC cycles after it */
	TIMER_HV_ON,		/* the hardware's preemption timer took over from the hrtimer */
	TIMER_HV_OFF,
	TIMER_WHATS
};

enum timer_part { TIMER_PART_HRTIMER, TIMER_PART_DEADLINE, TIMER_PART_HV };
