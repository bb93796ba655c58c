/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A script without a screen: --batch files and -x commands in order; the first error ends it. */
#pragma once

#include "ui/line_mode.h"
#include "ui/run_options.h"

struct error *batch_run(struct line_mode *lm, const struct run_options *options);
