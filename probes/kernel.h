/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What this kernel and our privileges allow, found by asking and trying, never by version. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"

/* A descriptor of a file below tracefs, mounted or not (then by a detached mount that ends with it). */
struct error *tracefs_open(const char *path, int flags, int *ret_fd);
/* Number of tracepoint @system:@event for perf_event_open. */
struct error *tracefs_event_id(const char *system, const char *event, uint64_t *ret);
/* A perf event of that tracepoint to attach a program to. */
struct error *perf_tracepoint_open(const char *system, const char *event, int *ret_fd);

/* The capabilities among CAP_BPF, CAP_PERFMON (or CAP_SYS_ADMIN) that are missing: "CAP_BPF and
 * CAP_PERFMON", or NULL. */
const char *caps_missing(void);
/* Adds what to do when @err says that privileges are missing. */
struct error *caps_hint(struct error *error, int err);

/* As strerror(), with the words for what the C library does not know (ENOTSUPP of the kernel, 524). */
const char *kernel_strerror(int err);
