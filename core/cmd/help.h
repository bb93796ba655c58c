/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/out.h"

/* One line of a list of commands or topics: record @type with its name and summary, within 80 columns. */
void help_print_row(struct out *out, const char *type, const char *name, const char *summary);
