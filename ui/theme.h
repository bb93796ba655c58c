/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Roles to attributes and colours of this terminal. Colour pairs are few on some terminals, so they are
 * allocated when first used. The one place that knows colours. No curses here: its macros (refresh, move)
 * would take the words panels are made of.
 */
#pragma once

#include <stdbool.h>

#include "core/base/out.h"

/* Roles of the screen itself, after those of output. */
enum ui_role {
	UI_TITLE = ROLE_COUNT,
	UI_TITLE_FOCUS,
	UI_BORDER,
	UI_STATUS,
	UI_STATUS_STATE,
	UI_STATUS_RUN,
	UI_STATUS_WARN,
	UI_SELECTED,
	UI_MATCH,
	UI_PROMPT,
	UI_KEY,
	UI_KEY_TEXT,
	UI_POPUP,
	UI_POPUP_KEY,
	UI_POPUP_HEAD,
	UI_MARK,	/* "=>" where the row is not marked as a whole */
	UI_ROLE_COUNT
};

enum glyph { GLYPH_HLINE, GLYPH_VLINE, GLYPH_TEE, GLYPH_TEE_LEFT, GLYPH_TEE_RIGHT, GLYPH_CROSS, GLYPH_CORNER_TL, GLYPH_CORNER_TR, GLYPH_CORNER_BL,
	     GLYPH_CORNER_BR, GLYPH_MORE, GLYPH_COUNT };

struct theme {
	int colors;		/* 256, 8 or 0 */
	bool utf8;		/* the terminal shows more than ASCII */
	struct theme_pair { short fg, bg; } pair[64]; /* allocated pairs from 1 on */
	int npairs;
};

/* After initscr(). @color false: attributes only. */
void theme_init(struct theme *theme, bool color, bool ascii);
/* Attributes and pair of @role, and of @role as shown over the background of @under (a selected or the
 * current row); @under < 0: none. @dim: a last-known value. */
void theme_look(struct theme *theme, int role, int under, bool dim, unsigned *ret_attrs, short *ret_pair);
const char *theme_glyph(const struct theme *theme, enum glyph glyph);
