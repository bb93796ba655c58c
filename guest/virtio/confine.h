/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the threads of devices may ask the host's kernel for. */
#pragma once

#include <stdbool.h>

/* Confines the calling thread for good to what device threads need; false: this host has no seccomp, the
 * thread goes on as it is. */
bool confine_thread(void);
