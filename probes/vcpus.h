/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who a thread is: the vCPU of the session's guest, or the thread's own name. */
#pragma once

#include <sys/types.h>

#include "core/base/out.h"
#include "probes/probe.h"

/* What is known of a thread that the kernel told of. */
struct vcpu_thread {
	pid_t tid, tgid;	/* tgid 0: not known */
	int vcpu;		/* its number; -1: not known */
};

/* The session's vCPU that thread @tid runs; false: none. */
bool vcpus_find(const struct session *s, pid_t tid, unsigned *ret);

/* "0" for a vCPU of the session's guest, "PID/0" for one of another process, else the thread's name; with
 * members vcpu or thread, tid and pid. */
void vcpus_out(const struct probe_run *run, struct out *out, const struct vcpu_thread *thread);
