/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Format files of tracepoints. */
#pragma once

#include "probes/lang/event.h"

/* Adds the fields that @text describes to @ev; the common ones and those of variable length are left out. */
void format_fields(const char *text, struct lang_event *ev);
