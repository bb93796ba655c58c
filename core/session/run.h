/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of the session that its own files share. */
#pragma once

#include "core/session/session.h"

/* Ends the plan under way, if any. */
void session_plan_end(struct session *s);
void session_queue_clear(struct session *s);
/* Turns the timer that drains a running guest's events on or off. */
void session_poll_interval(struct session *s, bool on);
/* Looks up again what breakpoints wait for (PENDING with an unknown location). */
void session_resolve_stops(struct session *s);
/* The other way round: names may have gone or moved; what is not found waits again. Nothing is armed. */
void session_unresolve_stops(struct session *s);
