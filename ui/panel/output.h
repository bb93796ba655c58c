/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the output panel offers to the rest of the screen. */
#pragma once

#include "ui/panel.h"

void output_take(struct panel *output, struct out *capture); /* moves its lines over */
void output_echo(struct panel *output, const char *prompt, const char *line);
uint64_t output_end(struct panel *output); /* number of the next line */
