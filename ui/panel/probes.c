/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any probe's sums: a table that is sorted by a column of choice, the histogram of the selected row, and
 * all that is known of it.
 *
 *	list of probes --Enter (turns it on)--> its table --Enter--> with the row's detail
 *	       ^--------------- p ----------------'
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/session/tables.h"
#include "ui/capture_model.h"
#include "ui/panel/hist_graph.h"
#include "ui/panel/probe_table.h"
#include "ui/screen.h"

#define REFRESH_NS 500000000ULL
/* Reading the sums may take at most a twentieth of the time. */
#define REFRESH_COST 20
#define GRAPH_MIN_H 5
#define GRAPH_MAX_H 12
#define DETAIL_W 60

struct state {
	struct panel *panel;
	char *probe;		/* whose table is shown; NULL: the list */
	struct out *records;	/* snapshot the table borrows from */
	struct probe_table table;
	struct out *lines, *heading, *state_line, *detail;
	struct list list;
	bool open;		/* the detail of the selected row */
	uint64_t detail_row;
	bool frozen;
	bool is_on, shown;	/* the snapshot is of a probe that is on */
	struct loop_source *timer;
	uint64_t pause_ns;	/* between two snapshots */
};

static const struct session_tables *source(const struct panel *p)
{
	return p->session->tables;
}

/* Index of the chosen probe in the source; false: it is gone. */
static bool find(const struct panel *p, unsigned *ret)
{
	const struct session_tables *t = source(p);
	const struct state *st = p->state;
	const char *name;

	for (unsigned i = 0; t && st->probe && (name = t->name(t->ctx, i)); i++) {
		if (strcmp(name, st->probe))
			continue;
		*ret = i;
		return true;
	}
	return false;
}

/* ---- snapshots ----------------------------------------------------------------------------------- */

static void fill_list(struct panel *p)
{
	const struct session_tables *t = source(p);
	struct state *st = p->state;
	const char *name;

	for (unsigned i = 0; t && (name = t->name(t->ctx, i)); i++) {
		bool on = t->is_on(t->ctx, i);

		out_text(st->lines, on ? ROLE_GOOD : ROLE_DIM, "%-4s", on ? "on" : "off");
		out_text(st->lines, ROLE_MNEMONIC, "%-10s ", name);
		out_text(st->lines, ROLE_TEXT, "%s", t->summary(t->ctx, i));
		out_nl(st->lines);
	}
	if (!t)
		out_message(st->lines, ROLE_DIM, "this session has no probes");
}

/* "raw_tp  12.3 s  sorted by total". */
static void fill_state(struct state *st, const struct record *state)
{
	const struct record_list *parts = state ? record_children(state, "parts") : NULL;
	uint64_t elapsed = state ? record_number(state, "elapsed_ns", 0) : 0;
	char buf[32];

	if (!state)
		return;
	for (size_t i = 0; parts && i < parts->len; i++) {
		const char *rung = record_text(&parts->data[i], "rung");
		bool none = !strcmp(rung, "none");

		out_text(st->state_line, ROLE_LABEL, "%s%s ", i ? "  " : "", record_text(&parts->data[i], "part"));
		out_text(st->state_line, none ? ROLE_WARN : ROLE_GOOD, "%s", rung);
	}
	out_text(st->state_line, ROLE_DIM, "%s", parts && parts->len ? "  " : "");
	out_text(st->state_line, ROLE_DIM, "for %s", format_time_ns(buf, sizeof(buf), elapsed));
	if (!strcmp(record_text(state, "streams"), "yes")) {
		uint64_t lost = record_number(state, "lost", 0);

		out_text(st->state_line, ROLE_TEXT, "  events %s", record_text(state, "events"));
		out_text(st->state_line, lost ? ROLE_WARN : ROLE_DIM, "  lost %s", record_text(state, "lost"));
	}
	out_nl(st->state_line);
}

static const struct record *state_record(const struct state *st)
{
	const struct record_list *list = out_records(st->records);

	return list->len && !strcmp(list->data[0].type, "probe_state") ? &list->data[0] : NULL;
}

static void fill_lines(struct state *st)
{
	const struct record_list *list = out_records(st->records);

	probe_table_heading(&st->table, st->heading);
	for (size_t i = 0; i < st->table.rows.len; i++)
		probe_table_line(&st->table, i, st->lines);
	for (size_t i = 0; i < list->len; i++)
		if (!strcmp(list->data[i].type, "message"))
			out_message(st->lines, ROLE_DIM, "%s", record_text(&list->data[i], "text"));
	if (list->dropped)
		out_message(st->lines, ROLE_WARN, "%zu more rows are not shown", list->dropped);
	if (!st->shown)
		out_message(st->lines, ROLE_DIM, "%s is off: o turns it on", st->probe);
}

static void clear_lines(struct state *st)
{
	out_capture_clear(st->lines);
	out_capture_clear(st->heading);
	out_capture_clear(st->state_line);
}

static void take_snapshot(struct panel *p)
{
	const struct session_tables *t = source(p);
	struct state *st = p->state;
	uint64_t start = clock_now_ns();
	const struct record *state;
	struct error *error;
	unsigned i;

	st->is_on = find(p, &i) && t->is_on(t->ctx, i);
	if (st->frozen || (!st->is_on && st->shown))
		return;	/* the last sums stay */
	out_records_clear(st->records);
	error = st->is_on ? t->show(t->ctx, i, st->records) : NULL;
	st->shown = st->is_on;
	state = state_record(st);
	probe_table_fill(&st->table, out_records(st->records), state ? record_number(state, "elapsed_ns", 0) : 0);
	clear_lines(st);
	fill_state(st, state);
	fill_lines(st);
	if (error)
		out_message(st->lines, ROLE_ERROR, "%s", error_message(error));
	error_destroy(error);
	st->pause_ns = (clock_now_ns() - start) * REFRESH_COST;
}

static void update(struct panel *p)
{
	struct state *st = p->state;

	if (!st->probe) {
		clear_lines(st);
		fill_list(p);
	} else {
		take_snapshot(p);
	}
	st->detail_row = UINT64_MAX;
	if (st->is_on && st->timer)
		error_destroy(loop_timer_set(st->timer, st->pause_ns > REFRESH_NS ? st->pause_ns : REFRESH_NS, 0));
}

/* Sums grow without any event of the session. */
static void on_timer(void *ctx, uint32_t events)
{
	struct panel *p = ctx;

	if (!p->visible)
		return;
	p->stale = true;
	panel_touch(p);
	screen_frame(p->screen);
}

/* ---- drawing ------------------------------------------------------------------------------------- */

static const struct record *selected(const struct state *st)
{
	return st->probe && st->list.cursor < st->table.rows.len ? st->table.rows.data[st->list.cursor].record : NULL;
}

static void draw_detail(struct state *st, const struct area *a, const struct record *row)
{
	if (st->detail_row != st->list.cursor) {
		out_capture_clear(st->detail);
		probe_table_detail(row, st->detail);
		st->detail_row = st->list.cursor;
	}
	for (int y = 0; y < a->h; y++)
		area_line(a, y, out_capture_line(st->detail, (size_t)y), 0, -1, NULL, true);
}

/* The lower part: the histogram, and beside or above it the detail. */
static void draw_row(struct state *st, const struct area *a, const struct record *row)
{
	const struct record_list *hist = record_children(row, "histogram");
	const struct record *state = state_record(st);
	const struct record_list *marks = state ? record_children(state, "marks") : NULL;
	struct area graph = *a, detail;

	area_hline(a, 0, 0, a->w, UI_BORDER);
	graph = area_part(a, 1, 0, a->h - 1, a->w);
	if (st->open && (a->w >= 2 * DETAIL_W || !hist)) {
		int w = hist ? DETAIL_W : a->w;

		detail = area_part(a, 1, 0, a->h - 1, w);
		draw_detail(st, &detail, row);
		graph = area_part(a, 1, w, a->h - 1, a->w - w);
	} else if (st->open) {
		int h = (a->h - 1) / 2;

		detail = area_part(a, 1, 0, h, a->w);
		draw_detail(st, &detail, row);
		graph = area_part(a, 1 + h, 0, a->h - 1 - h, a->w);
	}
	if (graph.h > GRAPH_MAX_H) {
		struct area below = area_part(&graph, GRAPH_MAX_H, 0, graph.h - GRAPH_MAX_H, graph.w);

		area_clear(&below);
		graph.h = GRAPH_MAX_H;
	}
	if (hist)
		hist_graph_draw(&graph, hist, marks);
}

static int lower_height(const struct state *st, const struct area *a, const struct record *row)
{
	int h = a->h - 2, want;

	if (!row || (!st->open && !record_children(row, "histogram")))
		return 0;
	want = st->open ? h * 2 / 3 : h / 2;
	if (!st->open && want > GRAPH_MAX_H)
		want = GRAPH_MAX_H;
	return want >= GRAPH_MIN_H ? want : 0;
}

static void draw(struct panel *p, const struct area *a, bool focused)
{
	struct state *st = p->state;
	struct area rows = *a, lower;
	int top = st->probe ? 2 : 0, low;

	if (top && a->h > 3) {
		area_line(a, 0, out_capture_line(st->state_line, 0), 0, -1, NULL, true);
		area_line(a, 1, out_capture_line(st->heading, 0), st->list.left, -1, NULL, true);
	} else {
		top = 0;
	}
	low = top ? lower_height(st, a, selected(st)) : 0;
	rows = area_part(a, top, 0, a->h - top - low, a->w);
	list_draw(&st->list, &rows, focused);
	if (!low)
		return;
	lower = area_part(a, a->h - low, 0, low, a->w);
	if (selected(st))
		draw_row(st, &lower, selected(st));
	else
		area_clear(&lower);
}

static void subtitle(struct panel *p, char *buf, size_t size)
{
	const struct state *st = p->state;
	const char *sort = NULL;

	if (!st->probe) {
		snprintf(buf, size, "Enter opens one");
		return;
	}
	for (size_t i = 0; st->table.sort && i < st->table.columns.len; i++)
		if (!strcmp(st->table.columns.data[i].name, st->table.sort))
			sort = st->table.columns.data[i].title;
	snprintf(buf, size, "%s%s%s%s%s%s%s%s", st->probe,
		 st->table.types.len > 1 ? ": " : "", st->table.types.len > 1 ? st->table.type : "",
		 sort ? "  by " : "", sort ? sort : "", sort && st->table.ascending ? " (up)" : "",
		 st->frozen ? "  FROZEN" : "", st->shown && !st->is_on ? "  OFF" : "");
}

/* ---- keys ---------------------------------------------------------------------------------------- */

static void again(struct panel *p)
{
	p->stale = true;
	panel_touch(p);
}

static void choose(struct panel *p, const char *name)
{
	struct state *st = p->state;

	free(st->probe);
	st->probe = name ? xstrdup(name) : NULL;
	st->frozen = st->shown = st->open = st->is_on = false;
	probe_table_deinit(&st->table);
	out_records_clear(st->records);
	list_init(&st->list, &capture_model, st->lines, true, false);
	again(p);
}

static void action_open(struct screen *s, struct panel *p)
{
	const struct session_tables *t = source(p);
	struct state *st = p->state;
	const char *name = t && !st->probe ? t->name(t->ctx, (unsigned)st->list.cursor) : NULL;

	if (st->probe) {
		st->open = !st->open;
		st->detail_row = UINT64_MAX;
		panel_touch(p);
	} else if (name) {
		if (!t->is_on(t->ctx, (unsigned)st->list.cursor))
			screen_commandf(s, "probe on %s", name);
		choose(p, name);
	}
}

static void action_list(struct screen *s, struct panel *p) { choose(p, NULL); }

static void action_toggle(struct screen *s, struct panel *p)
{
	const struct session_tables *t = source(p);
	struct state *st = p->state;
	const char *name = st->probe ? st->probe : t ? t->name(t->ctx, (unsigned)st->list.cursor) : NULL;
	unsigned i = (unsigned)st->list.cursor;

	if (!name || (st->probe && !find(p, &i)))
		return;
	screen_commandf(s, "probe %s %s", t->is_on(t->ctx, i) ? "off" : "on", name);
	again(p);
}

static void resort(struct panel *p)
{
	struct state *st = p->state;
	int start, end;

	out_capture_clear(st->lines);
	out_capture_clear(st->heading);
	fill_lines(st);
	st->detail_row = UINT64_MAX;
	/* What is sorted by is seen. */
	probe_table_sort_span(&st->table, &start, &end);
	if (end - st->list.left > p->area.w || start < st->list.left)
		st->list.left = end > p->area.w ? end - p->area.w : 0;
	panel_touch(p);
}

static void action_left(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	if (st->probe) {
		probe_table_sort_by(&st->table, -1);
		resort(p);
	}
}

static void action_right(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	if (st->probe) {
		probe_table_sort_by(&st->table, 1);
		resort(p);
	}
}

static void action_reverse(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	if (st->probe) {
		probe_table_reverse(&st->table);
		resort(p);
	}
}

static void action_table(struct screen *s, struct panel *p)
{
	struct state *st = p->state;
	const struct record *state = state_record(st);

	if (!st->probe || !probe_table_next_type(&st->table)) {
		screen_note(s, "there is one table");
		return;
	}
	probe_table_fill(&st->table, out_records(st->records), state ? record_number(state, "elapsed_ns", 0) : 0);
	resort(p);
}

static void action_freeze(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	st->frozen = st->probe && !st->frozen;
	again(p);
}

static const struct action actions[] = {
	{ "open", "Enter", "open", "open a probe (on); in its table: all of a row, and back", action_open },
	{ "sort-right", ">", "sort", "sort by the column to the right", action_right },
	{ "sort-left", "<", NULL, "sort by the column to the left", action_left },
	{ "reverse", "r", NULL, "the other way round", action_reverse },
	{ "table", "t", NULL, "the next table of a probe that has several", action_table },
	{ "list", "p", "probes", "back to the list of probes", action_list },
	{ "toggle", "o", "on/off", "turn the probe on or off", action_toggle },
	{ "freeze", "Space", "freeze", "keep the numbers as they are, and back", action_freeze },
	{ NULL },
};

/* ---- life ---------------------------------------------------------------------------------------- */

static void init(struct panel *p)
{
	struct state *st = p->state;

	st->panel = p;
	st->records = out_create_records();
	st->lines = out_create_capture();
	st->heading = out_create_capture();
	st->state_line = out_create_capture();
	st->detail = out_create_capture();
	list_init(&st->list, &capture_model, st->lines, true, false);
	error_destroy(loop_add_timer(p->session->loop, 0, 0, on_timer, p, &st->timer));
}

static void deinit(struct panel *p)
{
	struct state *st = p->state;

	loop_remove(st->timer);
	probe_table_deinit(&st->table);
	out_destroy(st->records);
	out_destroy(st->lines);
	out_destroy(st->heading);
	out_destroy(st->state_line);
	out_destroy(st->detail);
	free(st->probe);
}

static void move(struct panel *p, enum move how)
{
	list_move(&((struct state *)p->state)->list, how);
}

static bool search(struct panel *p, const char *text, bool backwards)
{
	return list_search(&((struct state *)p->state)->list, text, backwards);
}

const struct panel_ops panel_probes = {
	.name = "probes",
	.title = "probes",
	.help = "What the probes of the host's kernel have summed. The first line says by\n"
		"what each part is served. /s is the rate since the last look. Below is the\n"
		"histogram of the selected row: counts upwards, values to the right.\n",
	.state_size = sizeof(struct state),
	.actions = actions,
	.live = true,
	.init = init,
	.deinit = deinit,
	.update = update,
	.draw = draw,
	.subtitle = subtitle,
	.move = move,
	.search = search,
};
