/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/list.h"

#include <stdio.h>
#include <string.h>

#define SIDE_STEP 8
#define LEFT_MAX 4096
#define SEARCH_MAX 1000000 /* rows looked at for one key */

void list_init(struct list *l, const struct list_model *model, void *ctx, bool has_cursor, bool tail)
{
	*l = (struct list){
		.model = model, .ctx = ctx, .has_cursor = has_cursor, .tail = tail, .follow = tail, .height = 1,
	};
}

static uint64_t end_of(const struct list *l)
{
	uint64_t end = l->model->end(l->ctx);

	return l->frozen && l->frozen_end < end ? l->frozen_end : end;
}

/* Rows of the screen that line @n takes. */
static int rows_of(const struct list *l, uint64_t n)
{
	const struct out_line *line = l->wrap && l->width > 0 ? l->model->line(l->ctx, n) : NULL;
	int cells = line ? text_cells(line->text, line->len) : 0;

	return cells > l->width ? (cells + l->width - 1) / l->width : 1;
}

/* The first line from which all up to the end fit. */
static uint64_t top_for_end(const struct list *l, uint64_t first, uint64_t end)
{
	int left = l->height > 0 ? l->height : 1;

	while (end > first && (left -= rows_of(l, end - 1)) >= 0)
		end--;
	return end;
}

/* Brings top and cursor back into what is there, and the cursor into view. */
static void settle(struct list *l)
{
	uint64_t first = l->model->first(l->ctx), end = end_of(l), h = l->height > 0 ? l->height : 1;
	uint64_t last_top = top_for_end(l, first, end);

	if (l->follow) {
		l->top = last_top;
		l->cursor = end > first ? end - 1 : first;
		return;
	}
	if (l->cursor >= end)
		l->cursor = end > first ? end - 1 : first;
	if (l->cursor < first)
		l->cursor = first;
	if (l->has_cursor) {
		if (l->cursor < l->top)
			l->top = l->cursor;
		else if (l->cursor >= l->top + h)
			l->top = l->cursor - h + 1;
	}
	if (l->top > last_top)
		l->top = last_top;
	if (l->top < first)
		l->top = first;
}

void list_draw(struct list *l, const struct area *a, bool focused)
{
	uint64_t end, n;
	int y = 0;

	l->height = a->h;
	l->width = a->w;
	settle(l);
	end = end_of(l);
	for (n = l->top; y < a->h; n++) {
		const struct out_line *line = n < end ? l->model->line(l->ctx, n) : NULL;
		bool selected = n < end && ((l->has_cursor && focused && n == l->cursor) ||
					   (l->has_match && n == l->match));
		int rows = n < end ? rows_of(l, n) : 1;

		for (int i = 0; i < rows && y < a->h; i++, y++)
			area_line(a, y, line, l->wrap ? i * l->width : l->left, selected ? UI_SELECTED : -1,
				  l->find, !l->wrap);
	}
	l->bottom = n < end ? n : end;
}

static void move_by(struct list *l, bool up, uint64_t rows)
{
	uint64_t first = l->model->first(l->ctx), end = end_of(l), room;
	uint64_t *pos = l->has_cursor ? &l->cursor : &l->top;

	settle(l);
	room = up ? *pos - first : end > *pos ? end - 1 - *pos : 0;
	if (rows > room)
		rows = room;
	*pos = up ? *pos - rows : *pos + rows;
	l->follow = false;
	settle(l);
	/* At the end of a list that grows there: follow again. */
	if (l->tail && !up)
		l->follow = l->has_cursor ? l->cursor + 1 == end : l->top >= top_for_end(l, first, end);
}

void list_move(struct list *l, enum move move)
{
	uint64_t page = l->height > 2 ? l->height - 1 : 1;

	switch (move) {
	case MOVE_UP:
	case MOVE_DOWN:
		move_by(l, move == MOVE_UP, 1);
		break;
	case MOVE_PAGE_UP:
	case MOVE_PAGE_DOWN:
		move_by(l, move == MOVE_PAGE_UP, page);
		break;
	case MOVE_HOME:
	case MOVE_END:
		move_by(l, move == MOVE_HOME, ~0ULL);
		break;
	case MOVE_LEFT:
		l->left = l->left > SIDE_STEP ? l->left - SIDE_STEP : 0;
		break;
	case MOVE_RIGHT:
		if (l->left < LEFT_MAX)
			l->left += SIDE_STEP;
		break;
	}
}

void list_freeze(struct list *l, bool on)
{
	l->frozen = on;
	l->frozen_end = l->model->end(l->ctx);
	if (!on)
		l->follow = l->tail;
}

/* Shows row @n, a third from the top when it is not in view. */
static void go_to(struct list *l, uint64_t n)
{
	uint64_t third = (uint64_t)(l->height > 0 ? l->height : 1) / 3;

	l->follow = false;
	l->has_match = true;
	l->match = l->cursor = n;
	if (n < l->top || n >= l->bottom)
		l->top = n > third ? n - third : 0;
	settle(l);
}

bool list_search(struct list *l, const char *text, bool backwards)
{
	uint64_t first = l->model->first(l->ctx), end = end_of(l);
	uint64_t from = l->has_match ? l->match : l->has_cursor ? l->cursor : l->top;
	uint64_t count = end - first;

	if (text) {
		snprintf(l->find, sizeof(l->find), "%s", text);
		l->has_match = false;
	}
	if (!l->find[0] || !count)
		return !l->find[0];
	if (from < first || from >= end)
		from = first;
	/* Once around; a new search may stay on the row it is on. */
	for (uint64_t i = text ? 0 : 1; i <= count && i < SEARCH_MAX; i++) {
		uint64_t n = first + (from - first + (backwards ? count - i % count : i)) % count;
		const struct out_line *line = l->model->line(l->ctx, n);

		if (line && text_find(line->text, l->find)) {
			go_to(l, n);
			return true;
		}
	}
	return false;
}

uint64_t list_new_rows(const struct list *l)
{
	uint64_t end = l->model->end(l->ctx), shown = l->bottom;

	if (!l->tail || l->follow || end <= shown)
		return l->frozen && end > l->frozen_end ? end - l->frozen_end : 0;
	return end - (l->frozen ? l->frozen_end : shown);
}

/* 1204 as "1,204". */
static void grouped(char *buf, size_t size, uint64_t v)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)v), out = 0;

	for (int i = 0; i < n && out + 2 < (int)size; i++) {
		if (i && (n - i) % 3 == 0)
			buf[out++] = ',';
		buf[out++] = digits[i];
	}
	buf[out] = 0;
}

const char *list_state(const struct list *l, char *buf, size_t size)
{
	uint64_t rows = list_new_rows(l);
	char number[32];

	buf[0] = 0;
	grouped(number, sizeof(number), rows);
	if (l->frozen)
		snprintf(buf, size, rows ? "FROZEN, %s new" : "FROZEN", number);
	else if (rows)
		snprintf(buf, size, "PAUSED, %s new", number);
	return buf;
}
