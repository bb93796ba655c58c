/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recording over time: how much happened on each CPU, stops, bookmarks, and where this is. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/record/target_recording.h"
#include "core/record/timeline.h"
#include "core/session/notes.h"
#include "ui/screen.h"

#define LABEL 12	/* cells of a row's name */
#define SPAN_MIN 100	/* ns */

struct state {
	struct timeline *t;	/* NULL: nothing is played */
	uint64_t from, to;	/* the window; 0, 0: not chosen yet */
	uint64_t now, first, last;
	unsigned top;		/* first row shown */
	char marks[TIMELINE_COLUMNS];
};

static void deinit(struct panel *p)
{
	free(((struct state *)p->state)->t);
}

static struct recording *recording(const struct panel *p)
{
	return recording_target_recording(p->session->target);
}

static unsigned columns(const struct panel *p)
{
	int w = p->area.w - LABEL;

	return w > 1 ? (unsigned)w : 1;
}

static int column_of(const struct state *st, uint64_t time)
{
	if (time < st->from || time >= st->to)
		return -1;
	return (int)((double)(time - st->from) / (double)(st->to - st->from) * st->t->ncolumns);
}

/* Stops as '|', bookmarks and notes as '^'. */
static void fill_marks(struct panel *p)
{
	const struct machine *m = recording_target_machine(p->session->target);
	struct state *st = p->state;
	const struct session_note *note;
	int c;

	memset(st->marks, ' ', sizeof(st->marks));
	for (size_t i = 0; i < m->snapshots.len; i++)
		if ((c = column_of(st, m->snapshots.data[i].time_ns)) >= 0)
			st->marks[c] = '|';
	for (size_t i = 0; (note = session_note_at(p->session, i)); i++)
		if ((c = column_of(st, note->time_ns)) >= 0)
			st->marks[c] = '^';
}

static void update(struct panel *p)
{
	struct recording *rec = recording(p);
	struct recording_position at;
	struct state *st = p->state;

	if (!rec)
		return;
	if (!st->t)
		st->t = xcalloc(1, sizeof(*st->t));
	recording_target_position(p->session->target, &at);
	st->first = recording_first_time(rec);
	st->last = recording_last_time(rec) + 1;
	if (st->from >= st->to) {
		st->from = st->first;
		st->to = st->last;
	}
	st->now = at.time_ns;
	/* Where this is stays in the window. */
	if (st->now < st->from || st->now >= st->to) {
		uint64_t span = st->to - st->from, half = span / 2;

		st->from = st->now - st->first > half ? st->now - half : st->first;
		st->to = st->from + span;
	}
	timeline_fill(rec, st->from, st->to, columns(p), st->t);
	fill_marks(p);
}

static const char *level(const struct area *a, double part)
{
	static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const ascii[] = { " ", ".", ":", "-", "=", "+", "*", "#", "@" };
	unsigned i = part <= 0 ? 0 : part >= 1 ? 8 : 1 + (unsigned)(part * 7.99);

	return (a->theme->utf8 ? blocks : ascii)[i];
}

static void draw_row(const struct area *a, int y, const struct state *st, const struct timeline_row *row)
{
	int now = column_of(st, st->now);

	area_printf(a, y, 0, ROLE_LABEL, "%-*.*s", LABEL - 1, LABEL - 1, row->name);
	for (unsigned c = 0; c < st->t->ncolumns; c++) {
		const char *s = row->lost[c] ? "!" : level(a, row->most > 0 ? row->count[c] / row->most : 0);

		area_puts(a, y, LABEL + (int)c, row->lost[c] ? ROLE_WARN : (int)c == now ? ROLE_CURRENT : ROLE_NUMBER, s);
	}
}

static void draw(struct panel *p, const struct area *a, bool focused)
{
	struct state *st = p->state;
	char text[32];
	int y = 0, now;

	area_clear(a);
	if (!recording(p) || !st->t) {
		area_puts(a, 0, 0, ROLE_DIM, "a recording has a timeline: `record start FILE`, then `vmscope play FILE`");
		return;
	}
	area_printf(a, y, 0, ROLE_DIM, "%+.9f", ((double)st->from - (double)p->session->start_ns) / 1e9);
	area_printf(a, y++, a->w - 16, ROLE_DIM, "%16.9f", ((double)st->to - (double)p->session->start_ns) / 1e9);
	for (unsigned r = st->top; r < st->t->nrows && y < a->h - 2; r++, y++)
		draw_row(a, y, st, &st->t->row[r]);
	area_puts(a, y, 0, ROLE_LABEL, "stops, notes");
	for (unsigned c = 0; c < st->t->ncolumns; c++)
		area_text(a, y, LABEL + (int)c, ROLE_TEXT, -1, &st->marks[c], 1);
	now = column_of(st, st->now);
	if (++y < a->h && now >= 0) {
		area_puts(a, y, LABEL + now, ROLE_CURRENT, a->theme->utf8 ? "▲" : "^");
		area_printf(a, y, 0, ROLE_LABEL, "%.*s", LABEL - 1,
			    format_time_ns(text, sizeof(text), st->to - st->from));
	}
}

static void subtitle(struct panel *p, char *buf, size_t size)
{
	struct recording_position at;

	*buf = 0;
	if (recording_target_position(p->session->target, &at))
		snprintf(buf, size, "event %" PRIu64 " of %" PRIu64, at.n, recording_count(recording(p)));
}

/* ---- keys ---------------------------------------------------------------------------------------- */

static void again(struct panel *p)
{
	p->stale = true;
	panel_touch(p);
}

static void go_time(struct panel *p, uint64_t time)
{
	uint64_t ns = time > p->session->start_ns ? time - p->session->start_ns : 0;

	screen_commandf(p->screen, "goto %" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
}

static void scrub(struct panel *p, int by)
{
	struct state *st = p->state;
	uint64_t step;

	if (!st->t)
		return;
	step = (st->to - st->from) / st->t->ncolumns;
	step = (step ? step : 1) * (uint64_t)abs(by);
	if (by < 0)
		go_time(p, st->now - st->first > step ? st->now - step : st->first);
	else
		go_time(p, st->now + step);
}

static void move(struct panel *p, enum move how)
{
	struct state *st = p->state;

	switch (how) {
	case MOVE_LEFT: scrub(p, -1); break;
	case MOVE_RIGHT: scrub(p, 1); break;
	case MOVE_PAGE_UP: scrub(p, -(int)columns(p) / 2); break;
	case MOVE_PAGE_DOWN: scrub(p, (int)columns(p) / 2); break;
	case MOVE_HOME: screen_command(p->screen, "goto start", false); break;
	case MOVE_END: screen_command(p->screen, "goto end", false); break;
	case MOVE_UP: st->top -= st->top > 0; break;
	case MOVE_DOWN: st->top += st->t && st->top + 1 < st->t->nrows; break;
	}
	again(p);
}

static void zoom(struct panel *p, bool in)
{
	struct state *st = p->state;
	uint64_t span = st->to - st->from, all = st->last - st->first;

	if (!st->t)
		return;
	span = in ? span / 2 : span > all / 2 ? all : span * 2;
	if (span < SPAN_MIN)
		span = SPAN_MIN;
	st->from = st->now - st->first > span / 2 ? st->now - span / 2 : st->first;
	if (st->from + span > st->last && st->last - st->first >= span)
		st->from = st->last - span;
	st->to = st->from + span;
	again(p);
}

static void action_in(struct screen *s, struct panel *p) { zoom(p, true); }
static void action_out(struct screen *s, struct panel *p) { zoom(p, false); }
static void action_next(struct screen *s, struct panel *p) { screen_command(s, "goto event +1", false); }
static void action_previous(struct screen *s, struct panel *p) { screen_command(s, "goto event -1", false); }
static void action_back(struct screen *s, struct panel *p) { screen_command(s, "reverse-continue", false); }

static const struct action actions[] = {
	{ "zoom-in", "+ =", "zoom", "half as much time, around where this is", action_in },
	{ "zoom-out", "-", NULL, "twice as much", action_out },
	{ "next-event", ".", "next", "one event on", action_next },
	{ "previous-event", ",", "back", "one event back", action_previous },
	{ "back", "C", "last stop", "to the last recorded stop or condition; `c` to the next", action_back },
	{ NULL },
};

const struct panel_ops panel_timeline = {
	.name = "timeline",
	.title = "timeline",
	.help = "A recording over time: for each CPU and source how much happened (each\n"
		"row by its own most), where events are missing (!), stops (|), bookmarks\n"
		"and notes (^). Left and Right go through time, PgUp and PgDn by half.\n",
	.state_size = sizeof(struct state),
	.actions = actions,
	.deinit = deinit,
	.update = update,
	.draw = draw,
	.subtitle = subtitle,
	.move = move,
};
