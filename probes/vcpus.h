/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who a thread is: the vCPU of the session's guest, or the thread's own name. */
#pragma once

#include <sys/types.h>

#include "core/base/out.h"
#include "probes/probe.h"

/* "0" for a vCPU of the guest, else the thread's name and id; with members vcpu or thread, and tid. */
void vcpus_out(const struct probe_run *run, struct out *out, pid_t tid);
