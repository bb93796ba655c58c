/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/theme.h"

#include <curses.h>
#include <langinfo.h>
#include <string.h>

#include "core/base/vec.h"

_Static_assert(sizeof(attr_t) == sizeof(unsigned), "theme.h hides attr_t");

struct look {
	short fg256, bg256, fg8, bg8;
	attr_t attrs, mono;
};

static const struct look looks[UI_ROLE_COUNT] = {
#define LOOK(role, fg256, bg256, fg8, bg8, attrs, mono) [role] = { fg256, bg256, fg8, bg8, attrs, mono },
#include "ui/theme.def"
#undef LOOK
};

static const char *const glyphs[GLYPH_COUNT][2] = {
	[GLYPH_HLINE] = { "-", "\u2500" },
	[GLYPH_VLINE] = { "|", "\u2502" },
	[GLYPH_TEE] = { "+", "\u252c" },
	[GLYPH_TEE_LEFT] = { "+", "\u2524" },
	[GLYPH_TEE_RIGHT] = { "+", "\u251c" },
	[GLYPH_CROSS] = { "+", "\u253c" },
	[GLYPH_CORNER_TL] = { "+", "\u250c" },
	[GLYPH_CORNER_TR] = { "+", "\u2510" },
	[GLYPH_CORNER_BL] = { "+", "\u2514" },
	[GLYPH_CORNER_BR] = { "+", "\u2518" },
	[GLYPH_MORE] = { ">", "\u2026" },
};

void theme_init(struct theme *theme, bool color, bool ascii)
{
	memset(theme, 0, sizeof(*theme));
	theme->utf8 = !ascii && !strcmp(nl_langinfo(CODESET), "UTF-8");
	if (!color || !has_colors() || start_color() == ERR)
		return;
	use_default_colors();
	theme->colors = COLORS >= 256 ? 256 : COLORS >= 8 ? 8 : 0;
}

/* The pair of these colours, allocated when new; 0 when the terminal has no more. */
static short pair_of(struct theme *theme, short fg, short bg)
{
	if (fg < 0 && bg < 0)
		return 0;
	for (int i = 0; i < theme->npairs; i++)
		if (theme->pair[i].fg == fg && theme->pair[i].bg == bg)
			return i + 1;
	if (theme->npairs == ARRAY_SIZE(theme->pair) || theme->npairs + 1 >= COLOR_PAIRS ||
	    init_pair(theme->npairs + 1, fg, bg) == ERR)
		return 0;
	theme->pair[theme->npairs++] = (struct theme_pair){ fg, bg };
	return theme->npairs;
}

void theme_look(struct theme *theme, int role, int under, bool dim, unsigned *ret_attrs, short *ret_pair)
{
	const struct look *look = &looks[role], *back = under >= 0 ? &looks[under] : NULL;
	const struct look *faint = &looks[ROLE_DIM];
	short fg, bg;

	*ret_pair = 0;
	if (!theme->colors) {
		*ret_attrs = (dim ? faint->mono : look->mono) | (back ? back->mono : 0);
		return;
	}
	/* Grey text on an 8-colour background would be unreadable: dimness is for the default one. */
	*ret_attrs = (dim ? faint->attrs : look->attrs) | (back ? back->attrs : 0);
	if (dim && theme->colors == 8)
		*ret_attrs = A_DIM;
	if (theme->colors == 256) {
		fg = dim ? faint->fg256 : look->fg256;
		bg = back && back->bg256 >= 0 ? back->bg256 : look->bg256;
		if (back && fg < 0)
			fg = back->fg256;
	} else {
		fg = back && back->bg8 >= 0 ? back->fg8 : dim ? faint->fg8 : look->fg8;
		bg = back && back->bg8 >= 0 ? back->bg8 : look->bg8;
	}
	*ret_pair = pair_of(theme, fg, bg);
}

const char *theme_glyph(const struct theme *theme, enum glyph glyph)
{
	return glyphs[glyph][theme->utf8];
}
