/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The messages of a Linux kernel in guest memory (kernel/printk/printk_ringbuffer.c, since 5.10). */
#pragma once

#include "core/base/out.h"
#include "core/symbols/linux_guest.h"

/* The last @max messages, oldest first; 0: all. A message that is being written is left out. */
struct error *linux_dmesg_show(const struct linux_guest *g, unsigned max, struct out *out);
