/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is printed when the guest stops. */
#pragma once

#include "core/session/session.h"

/* Record "stop", the source line and the instruction. */
void session_print_stop(struct session *s, struct out *out, const struct stop_report *report);
/* The source line (when known) and the instruction where the selected frame executes. */
void session_print_where(struct session *s, struct out *out);
/* "error: sentence" and its hint; record "error" in JSON. */
void session_print_error(struct out *out, const struct error *error);
