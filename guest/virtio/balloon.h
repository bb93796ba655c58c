/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the host asks of the balloon; main thread. */
#pragma once

#include "guest/device.h"

/* How many bytes to take from the guest; it does so when it can. */
void balloon_target(struct device *device, uint64_t bytes);
/* Starts a round of free page hinting; false when the driver has no such thing. */
bool balloon_hint(struct device *device);
