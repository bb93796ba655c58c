/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* Samples of the probe `profile`, as its programs keep and user space reads them. */
#pragma once

#include <stdint.h>

enum profile_side { SIDE_GUEST, SIDE_KERNEL, SIDE_USER, SIDES };

struct sample_key {
	uint32_t tid, side;
	uint64_t pc;
};

#define SAMPLE_ENTRIES 16384

enum profile_part { PROFILE_PART_SAMPLES, PROFILE_PART_GUEST, PROFILE_PART_UNKEPT = 15 };
