/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the memory panel offers to commands. */
#pragma once

#include "ui/panel.h"

void memory_show(struct panel *memory, const char *expr);
