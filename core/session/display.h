/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Expressions shown at every stop. */
#pragma once

#include "core/session/session.h"

/* All enabled ones. */
void session_print_displays(struct session *s, struct out *out);
void session_print_display(struct session *s, struct out *out, const struct session_display *display);
