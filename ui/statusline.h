/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The status line and the keys below the prompt. */
#pragma once

#include "ui/screen.h"

/* Paints it when its text changed or @force. */
void statusline_draw(struct screen *s, const struct area *row, bool force);
void footer_draw(struct screen *s, const struct area *row);
