/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A window over the panes: help, completions, questions. Lines of spans in a box, scrollable. */
#pragma once

#include <stdbool.h>

#include "core/base/out.h"
#include "ui/move.h"
#include "ui/theme.h"

struct popup;

enum popup_place { POPUP_CENTRE, POPUP_BOTTOM };

/* Takes @content (a capture). @title and @footer are borrowed. */
struct popup *popup_create(struct theme *theme, struct out *content, const char *title,
			   const char *footer, enum popup_place place);
void popup_destroy(struct popup *popup); /* NULL is fine */
/* Fits it into @h x @w cells (again after a resize) and paints it. */
void popup_draw(struct popup *popup, int h, int w);
void popup_move(struct popup *popup, enum move move);
bool popup_scrolls(const struct popup *popup); /* there is more than is shown */

/* Puts pop-ups over what was painted and places the cursor (@y < 0: hides it). Nothing is written to
 * the terminal until doupdate(). */
void popup_stack(int y, int x);
