/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recording as the session's target. */
#pragma once

#include "core/session/session.h"

/* Opens @path; its events, symbols and notes become the session's. Damage is told through s->talk. */
struct error *session_play(struct session *s, const char *path);
/* The recorded symbols: all names with their addresses, no lines and no types. To be used when the image's
 * own are not at hand, or are of another build: session_play_fits() says whether s->symbols agree. */
void session_play_symbols(struct session *s);
bool session_play_fits(struct session *s);
