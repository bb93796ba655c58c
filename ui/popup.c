/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Includes <panel.h> of curses, whose struct panel is not ours: never include ui/panel.h here. */
#include "ui/popup.h"

#include <stdlib.h>
#include <string.h>

#include <panel.h>

#include "core/base/vec.h"
#include "ui/draw.h"

struct popup {
	struct theme *theme;
	struct out *content;
	const char *title, *footer;
	enum popup_place place;
	WINDOW *win;
	PANEL *curses;
	size_t top;
	int shown;	/* rows of content */
};

struct popup *popup_create(struct theme *theme, struct out *content, const char *title,
			   const char *footer, enum popup_place place)
{
	struct popup *p = xcalloc(1, sizeof(*p));

	*p = (struct popup){
		.theme = theme, .content = content, .title = title, .footer = footer, .place = place,
	};
	return p;
}

static void remove_window(struct popup *p)
{
	if (p->curses)
		del_panel(p->curses);
	if (p->win)
		delwin(p->win);
	p->curses = NULL;
	p->win = NULL;
}

void popup_destroy(struct popup *popup)
{
	if (!popup)
		return;
	remove_window(popup);
	out_destroy(popup->content);
	free(popup);
}

static int content_width(const struct popup *p)
{
	int width = (int)strlen(p->title) + 6, footer = p->footer ? (int)strlen(p->footer) + 4 : 0;

	if (footer > width)
		width = footer;
	for (size_t i = 0; i < out_capture_lines(p->content); i++) {
		const struct out_line *line = out_capture_line(p->content, i);
		int cells = text_cells(line->text, line->len) + 4;

		if (cells > width)
			width = cells;
	}
	return width;
}

static void frame(const struct area *a, const struct popup *p)
{
	int right = a->w - 1, bottom = a->h - 1, x;

	area_hline(a, 0, 1, right - 1, UI_POPUP);
	area_hline(a, bottom, 1, right - 1, UI_POPUP);
	for (int y = 1; y < bottom; y++) {
		area_puts(a, y, 0, UI_POPUP, theme_glyph(a->theme, GLYPH_VLINE));
		area_fill(a, y, 1, right - 1, UI_POPUP);
		area_puts(a, y, right, UI_POPUP, theme_glyph(a->theme, GLYPH_VLINE));
	}
	area_puts(a, 0, 0, UI_POPUP, theme_glyph(a->theme, GLYPH_CORNER_TL));
	area_puts(a, 0, right, UI_POPUP, theme_glyph(a->theme, GLYPH_CORNER_TR));
	area_puts(a, bottom, 0, UI_POPUP, theme_glyph(a->theme, GLYPH_CORNER_BL));
	area_puts(a, bottom, right, UI_POPUP, theme_glyph(a->theme, GLYPH_CORNER_BR));
	area_printf(a, 0, 2, UI_POPUP_HEAD, " %s ", p->title);
	x = right - 2 - (p->footer ? (int)strlen(p->footer) + 2 : 0);
	if (p->footer && x > 0)
		area_printf(a, bottom, x, UI_POPUP, " %s ", p->footer);
}

void popup_draw(struct popup *p, int h, int w)
{
	int lines = (int)out_capture_lines(p->content), height = lines + 2, width = content_width(p);
	struct area a = { .theme = p->theme }, inside;

	height = height > h ? h : height;
	width = width > w ? w : width;
	remove_window(p);
	if (height < 3 || width < 5)
		return;
	p->win = newwin(height, width, p->place == POPUP_BOTTOM ? h - height : (h - height) / 2,
			p->place == POPUP_BOTTOM ? 0 : (w - width) / 2);
	if (!p->win)
		return;
	leaveok(p->win, TRUE); /* the cursor stays where typing goes */
	p->curses = new_panel(p->win);
	p->shown = height - 2;
	if (p->top + (size_t)p->shown > (size_t)lines)
		p->top = lines > p->shown ? (size_t)(lines - p->shown) : 0;
	a.win = p->win;
	a.h = height;
	a.w = width;
	frame(&a, p);
	inside = area_part(&a, 1, 2, height - 2, width - 4);
	for (int y = 0; y < inside.h; y++)
		area_line(&inside, y, out_capture_line(p->content, p->top + (size_t)y), 0, UI_POPUP, NULL, true);
	if (p->top + (size_t)p->shown < (size_t)lines)
		area_puts(&a, height - 1, 2, UI_POPUP_KEY, " more: PgDn ");
}

bool popup_scrolls(const struct popup *p)
{
	return out_capture_lines(p->content) > (size_t)p->shown;
}

void popup_move(struct popup *p, enum move move)
{
	size_t lines = out_capture_lines(p->content), last = lines > (size_t)p->shown ? lines - p->shown : 0;
	size_t page = p->shown > 1 ? p->shown - 1 : 1;

	switch (move) {
	case MOVE_UP:
		p->top -= p->top > 0;
		break;
	case MOVE_DOWN:
		p->top++;
		break;
	case MOVE_PAGE_UP:
		p->top = p->top > page ? p->top - page : 0;
		break;
	case MOVE_PAGE_DOWN:
		p->top += page;
		break;
	case MOVE_HOME:
		p->top = 0;
		break;
	case MOVE_END:
		p->top = last;
		break;
	case MOVE_LEFT:
	case MOVE_RIGHT:
		break;
	}
	if (p->top > last)
		p->top = last;
}

void popup_stack(int y, int x)
{
	update_panels();
	curs_set(y >= 0);
	/* Moving touches no line: it only says where the cursor rests. Before the first pop-up there is no
	 * stack of panels, and stdscr is not part of update_panels(). */
	if (y >= 0)
		wmove(stdscr, y, x);
	wnoutrefresh(stdscr);
}
