/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What libbpf says goes into a text instead of onto the terminal. */
#pragma once

#include "core/base/text.h"

/* From here to log_end(), in this thread. Never nested. */
void log_begin(struct text *to);
void log_end(void);
/* The line of @log that tells most: the verifier's last word, else libbpf's. "" when there is none. */
char *log_reason(const struct text *log);
