/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text into a rectangle of a curses window: clipped by cells, by role. Panels draw through this only;
 * nothing here writes to the terminal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/out.h"
#include "ui/theme.h"

struct area {
	struct _win_st *win;	/* curses' WINDOW */
	struct theme *theme;
	int y, x, h, w;
	bool dim;	/* last-known values: everything is drawn in the dim role's colour */
};

void area_clear(const struct area *a);
/* A rectangle inside @a, clipped to it. */
struct area area_part(const struct area *a, int y, int x, int h, int w);

/* Draws @len bytes of UTF-8 at row @y and cell @x (which may be negative: what is left of the area is
 * cut off). Control characters and what the terminal can not show become '?'. Returns the cell after
 * the text, also when it lies outside. @under: a background role, or -1. */
int area_text(const struct area *a, int y, int x, int role, int under, const char *s, size_t len);
int area_puts(const struct area *a, int y, int x, int role, const char *s);
int area_printf(const struct area *a, int y, int x, int role, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void area_fill(const struct area *a, int y, int x, int n, int role);
void area_hline(const struct area *a, int y, int x, int n, int role);

/* A line of spans, from its cell @left on; the rest of the row is blank in @under's look. Parts that
 * match @find (case ignored; NULL: nothing) are marked. @more: a sign at the edge tells of a longer line. */
void area_line(const struct area *a, int y, const struct out_line *line, int left, int under,
	       const char *find, bool more);
/* Cells @len bytes of text take. */
int text_cells(const char *s, size_t len);
/* The first match of @find in @s, without regard to case; NULL: none. */
const char *text_find(const char *s, const char *find);
