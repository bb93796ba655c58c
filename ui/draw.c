/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/draw.h"

#include <curses.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "core/base/visible.h"

#define RUN_MAX 256 /* characters handed to curses at once */

static bool row_visible(const struct area *a, int y)
{
	return y >= 0 && y < a->h && a->w > 0;
}

static void set_look(const struct area *a, int role, int under)
{
	unsigned attrs;
	short pair;

	theme_look(a->theme, role, under, a->dim && (role < (int)ROLE_COUNT || role == UI_MARK), &attrs, &pair);
	wattr_set(a->win, attrs, pair, NULL);
}

void area_fill(const struct area *a, int y, int x, int n, int role)
{
	if (x < 0) {
		n += x;
		x = 0;
	}
	if (x + n > a->w)
		n = a->w - x;
	if (!row_visible(a, y) || n <= 0)
		return;
	set_look(a, role, -1);
	for (int i = 0; i < n; i++)
		mvwaddch(a->win, a->y + y, a->x + x + i, ' ');
}

void area_clear(const struct area *a)
{
	for (int y = 0; y < a->h; y++)
		area_fill(a, y, 0, a->w, ROLE_TEXT);
}

struct area area_part(const struct area *a, int y, int x, int h, int w)
{
	struct area part = *a;

	if (x + w > a->w)
		w = a->w - x;
	if (y + h > a->h)
		h = a->h - y;
	part.y += y;
	part.x += x;
	part.h = h < 0 ? 0 : h;
	part.w = w < 0 ? 0 : w;
	return part;
}

/* One code point of @s, made showable. Returns the bytes it took. */
static size_t next_char(const struct theme *theme, const char *s, size_t len, uint32_t *ret, int *ret_cells)
{
	unsigned n = utf8_decode(s, len, ret);

	if (!n || *ret < 0x20 || (*ret >= 0x7f && *ret < 0xa0) || (*ret >= 0x80 && theme && !theme->utf8))
		*ret = '?';
	*ret_cells = (int)utf8_cells(*ret);
	return n ? n : 1;
}

int text_cells(const char *s, size_t len)
{
	int cells = 0;

	for (size_t i = 0; i < len;) {
		uint32_t cp;
		int width;

		i += next_char(NULL, s + i, len - i, &cp, &width);
		cells += width;
	}
	return cells;
}

int area_text(const struct area *a, int y, int x, int role, int under, const char *s, size_t len)
{
	wchar_t run[RUN_MAX + 1];
	int n = 0, start = x;

	if (!row_visible(a, y))
		return x + text_cells(s, len);
	set_look(a, role, under);
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		int cells;

		i += next_char(a->theme, s + i, len - i, &cp, &cells);
		if (x + cells > a->w || n == RUN_MAX) {
			if (n)
				mvwaddnwstr(a->win, a->y + y, a->x + start, run, n);
			n = 0;
			if (x + cells > a->w)
				return x + cells + text_cells(s + i, len - i);
		}
		/* Left of the area, and a combining mark without a base, are not drawn. */
		if (x >= 0 && (cells || n)) {
			if (!n)
				start = x;
			run[n++] = (wchar_t)cp;
		}
		x += cells;
	}
	if (n)
		mvwaddnwstr(a->win, a->y + y, a->x + start, run, n);
	return x;
}

int area_puts(const struct area *a, int y, int x, int role, const char *s)
{
	return area_text(a, y, x, role, -1, s, strlen(s));
}

int area_printf(const struct area *a, int y, int x, int role, const char *fmt, ...)
{
	char buf[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	return area_puts(a, y, x, role, buf);
}

void area_hline(const struct area *a, int y, int x, int n, int role)
{
	const char *glyph = theme_glyph(a->theme, GLYPH_HLINE);

	for (int i = 0; i < n && x + i < a->w; i++)
		area_puts(a, y, x + i, role, glyph);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

const char *text_find(const char *s, const char *find)
{
	size_t n = strlen(find);

	for (; n && *s; s++) {
		size_t i = 0;

		while (i < n && lower(s[i]) == lower(find[i]))
			i++;
		if (i == n)
			return s;
	}
	return NULL;
}

static void mark_matches(const struct area *a, int y, const struct out_line *line, int left, const char *find)
{
	size_t n = strlen(find);

	for (const char *p = line->text; (p = text_find(p, find)); p += n)
		area_text(a, y, text_cells(line->text, p - line->text) - left, UI_MATCH, -1, p, n);
}

void area_line(const struct area *a, int y, const struct out_line *line, int left, int under,
	       const char *find, bool more)
{
	int x = -left;

	for (size_t i = 0; line && i < line->nspans; i++) {
		int role = line->spans[i].role;

		if (role == ROLE_CURRENT && under != ROLE_CURRENT)
			role = UI_MARK; /* one bright row on the screen is enough */
		x = area_text(a, y, x, role, under, line->text + line->spans[i].start, line->spans[i].len);
	}
	if (x < 0)
		x = 0;
	area_fill(a, y, x, a->w - x, under >= 0 ? under : ROLE_TEXT);
	if (line && find && *find)
		mark_matches(a, y, line, left, find);
	if (more && x > a->w && a->w > 1)
		area_puts(a, y, a->w - 1, ROLE_COMMENT, theme_glyph(a->theme, GLYPH_MORE));
}
