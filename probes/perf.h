/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events of perf by name: counters for programs to read, and sampling. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"

struct perf_name {
	const char *name;	/* NULL ends the list */
	uint32_t type;		/* PERF_TYPE_... */
	uint64_t config;
	const char *unit;	/* of its counts: "ns", "cycles" */
};

/* "cycles", "instructions", "cpu-clock", ...; NULL: there is no such name. */
const struct perf_name *perf_name_find(const char *name);
const struct perf_name *perf_name_at(unsigned i); /* NULL past the end */
/* On @cpu, all threads. @period: samples, one each so many counts (or a second, with @is_freq); 0: it only
 * counts. ERROR_UNSUPPORTED: this machine can not. */
struct error *perf_event_create(const struct perf_name *name, int cpu, uint64_t period, bool is_freq, int *ret_fd);
/* Is there a PMU that counts @name? Tried. */
bool perf_has(const struct perf_name *name);
