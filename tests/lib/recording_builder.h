/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recordings made by code: event streams whose every byte is known. */
#pragma once

#include "core/record/recorder.h"
#include "core/record/recording.h"

/* The i-th event of a mixed stream on @cpus CPUs: exits of several kinds, console bytes, devices, with
 * noise from a fixed generator; times rise by about a microsecond. */
union built_event {
	struct event event;
	uint8_t bytes[EVENT_SIZE_MAX];
};
void build_event(uint64_t i, unsigned cpus, union built_event *ret);
/* An exit every microsecond, all alike: what a tight loop makes. */
void build_regular_event(uint64_t i, union built_event *ret);

/* A small closed recording of @n mixed events, with records, a snapshot and pages, at @path. */
void build_recording(const char *path, unsigned n);
