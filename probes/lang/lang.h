/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the host's kernel offers to probe files: the built-in probes' events (kvm:exit, locks:wait), and
 * programs made here for any tracepoint (tracepoint:SYSTEM:NAME, tp_btf:NAME), function (kprobe:F, kretprobe:F)
 * and clock (profile:HZ).
 */
#pragma once

#include "core/probe/provider.h"

struct session;
struct probe_set;

/* Registers all providers with @s. What they make lives as long as the session's store. */
void lang_register(struct session *s);

struct error *lang_builtin_open(void *ctx, struct session *s, const struct probe_request *req,
				struct probe_source **ret);
struct error *lang_tracepoint_open(void *ctx, struct session *s, const struct probe_request *req,
				   struct probe_source **ret);
void lang_tracepoint_list(void *ctx, struct session *s, const char *glob, bool verbose, struct out *out);
struct error *lang_function_open(void *ctx, struct session *s, const struct probe_request *req,
				 struct probe_source **ret);
struct error *lang_clock_open(void *ctx, struct session *s, const struct probe_request *req,
			      struct probe_source **ret);
