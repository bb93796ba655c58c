/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Line mode: a readline prompt on a terminal, or commands from a pipe. */
#pragma once

#include "ui/line_mode.h"

/* Reads commands until `quit` or the end of input. Errors are printed and do not end it. */
struct error *plain_run(struct line_mode *lm);
