/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signals as events of the loop. signals_block() comes before any thread is started, so that every
 * thread inherits the mask and only the main thread's signalfd sees them.
 */
#pragma once

#include <stdint.h>

#include "core/base/error.h"
#include "core/base/loop.h"

#define SIGNALS_MAX 8

struct signals {
	struct loop_source *source[SIGNALS_MAX];
	unsigned n;
};

void signals_block(void);
/* Default actions and an empty mask again, for the moment before the process stops or ends itself. */
void signals_unblock(void);
/* Calls @fn with each of signals_block()'s signals as the event. */
struct error *signals_attach(struct signals *signals, struct loop *loop, loop_fn fn, void *ctx);
void signals_detach(struct signals *signals);
