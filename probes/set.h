/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probes of a session: which are on, and their events on the way to the store. */
#pragma once

#include "core/session/session.h"
#include "probes/probe.h"

struct probe_set;

struct probe_set *probe_set_of(struct session *s);
void probe_set_attach(struct session *s); /* makes the session's set */

/* Schemas of @probe's events, registered with the store; parsed once. */
struct error *probe_set_schemas(struct probe_set *set, const struct probe *probe,
				const struct probe_schemas **ret);
/* @arg: what follows its name and a colon; NULL: nothing. */
struct error *probe_set_on(struct probe_set *set, const struct probe *probe, const char *arg, bool events);
/* The same with only the events for which @cond holds, as the kernel decides it (probes/checks.h). */
struct error *probe_set_on_if(struct probe_set *set, const struct probe *probe, const char *arg, const char *cond);
struct error *probe_set_off(struct probe_set *set, const struct probe *probe);
/* NULL: off. */
struct probe_run *probe_set_run(const struct probe_set *set, const struct probe *probe);

/* Whose kernel activity is seen by probes turned on from now: our own process's (the guest) at first. */
void probe_set_scope(struct probe_set *set, pid_t tgid);
pid_t probe_set_get_scope(const struct probe_set *set);
struct probe_host *probe_set_host(const struct probe_set *set);
