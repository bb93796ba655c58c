/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The Linux kernel in the guest, when there is one: found when somebody asks for it or when a breakpoint
 * waits for its symbols; its modules looked at again at each stop; forgotten when the guest starts anew.
 *
 * A breakpoint on a kernel function that is set before the kernel has put itself anywhere (KASLR) resolves
 * in time: a debug register watches where the kernel first reads what it was booted with through its own
 * mapping, and another one do_init_module(), for functions of modules that are loaded later.
 */
#pragma once

#include "core/session/session.h"
#include "core/symbols/linux_kernel.h"

/* Loads it when it is not yet. ERROR_NOT_FOUND: there is none (yet). *ret is borrowed until the next call. */
struct error *session_linux(struct session *s, struct linux_kernel **ret);
/* As far as known: NULL when nobody has asked yet. */
struct linux_kernel *session_linux_known(const struct session *s);
void session_linux_forget(struct session *s);
void session_linux_destroy(struct session *s);
/* Whether a Linux image was loaded or is known: names may come later. */
bool session_linux_expected(struct session *s);

/* Hooks of run.c. Before a run; at a stop: true when it was one of ours alone and the guest runs again. */
void session_linux_resuming(struct session *s, const struct run_request *req);
bool session_linux_stopped(struct session *s, const struct stop_report *report);

/* `$current` as an expression reads it: at once, or (@now false) wherever a condition is evaluated. */
bool session_linux_current(struct session *s, bool now, struct expr_local *ret, struct variable_type *ret_type);
