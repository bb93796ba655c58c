/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The device thread: timers of devices in guest time, and the watchdog that looks for vCPUs that can
 * not get on by themselves. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/vec.h"

struct vm;
struct device;

struct clock_timer {
	struct device *dev;
	unsigned slot;
	uint64_t deadline_ns;	/* guest time */
	void (*fn)(struct device *dev, unsigned slot);
};

struct clock {
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;	/* guards everything here */
	pthread_cond_t changed;
	VEC(struct clock_timer) timers;
	bool running, quit;
	uint64_t look_ns;	/* host time of the watchdog's next look */
};

struct error *clock_start(struct vm *vm);
void clock_stop(struct vm *vm);
/* The guest runs, or was stopped; any thread. */
void clock_run(struct vm *vm, bool running);
void clock_set(struct vm *vm, struct device *dev, unsigned slot, uint64_t deadline_ns,
	       void (*fn)(struct device *dev, unsigned slot));
void clock_clear(struct vm *vm);
