/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors on standard error, in one wording: "PREFIX: sentence", and the hint on a line of its own. */
#pragma once

#include "core/base/error.h"

void report_error(const char *prefix, const struct error *error);
