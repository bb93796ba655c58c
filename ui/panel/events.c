/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happened: exits, device activity, stops, as the session's event filter lets through. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/vec.h"
#include "core/session/filter.h"
#include "ui/panel/code.h"
#include "ui/screen.h"
#include "ui/list.h"

#define SCAN_MAX 200000	/* events looked at in one frame when a filter is on */

struct state {
	struct list list;
	struct out *row;
	char *filter;		/* text the matches below belong to */
	VEC(uint64_t) match;	/* numbers of events that match */
	size_t gone;		/* matches dropped at the front of the list's numbering */
	uint64_t scanned;	/* events before this one were looked at */
	struct panel *panel;
};

static struct event_store *store_of(const struct state *st)
{
	return st->panel->session->events;
}

static uint64_t first_shown(const struct state *st)
{
	uint64_t first = event_store_first(store_of(st)), from = st->panel->session->events_from;

	return first > from ? first : from;
}

static uint64_t model_first(void *ctx)
{
	const struct state *st = ctx;

	return st->filter ? st->gone : first_shown(st);
}

static uint64_t model_end(void *ctx)
{
	const struct state *st = ctx;
	uint64_t end = event_store_end(store_of(st));

	if (st->filter)
		return st->gone + st->match.len;
	return end > first_shown(st) ? end : first_shown(st);
}

/* The event in row @n; NULL: gone. */
static const struct event *event_at(const struct state *st, uint64_t n)
{
	if (st->filter) {
		if (n < st->gone || n - st->gone >= st->match.len)
			return NULL;
		n = st->match.data[n - st->gone];
	}
	return event_store_get(store_of(st), n);
}

static const struct out_line *model_line(void *ctx, uint64_t n)
{
	struct state *st = ctx;
	const struct event *event = event_at(st, n);

	out_capture_clear(st->row);
	if (!event)
		return NULL;
	event_print(st->row, event, event_store_schema(store_of(st), event->schema),
		    st->panel->session->start_ns);
	return out_capture_line(st->row, 0);
}

static const struct list_model model = { .first = model_first, .end = model_end, .line = model_line };

static void init(struct panel *p)
{
	struct state *st = p->state;

	st->panel = p;
	st->row = out_create_capture();
	list_init(&st->list, &model, st, true, true);
}

static void deinit(struct panel *p)
{
	struct state *st = p->state;

	out_destroy(st->row);
	vec_free(&st->match);
	free(st->filter);
}

static void start_filter(struct state *st, const char *text)
{
	free(st->filter);
	st->filter = text ? xstrdup(text) : NULL;
	st->match.len = 0;
	st->gone = 0;
	st->scanned = 0;
	st->list.follow = true;
	st->list.frozen = false;
}

static void update(struct panel *p)
{
	struct state *st = p->state;
	struct session_filter *filter = p->session->filter;
	const char *text = filter ? session_filter_text(filter) : NULL;
	uint64_t end = event_store_end(store_of(st)), first = first_shown(st);
	size_t old = 0;

	if (!text != !st->filter || (text && strcmp(text, st->filter)))
		start_filter(st, text);
	if (!filter)
		return;
	while (old < st->match.len && st->match.data[old] < first)
		old++;
	if (old && (old > st->match.len / 2 || old == st->match.len)) { /* rarely: moving all of them costs */
		memmove(st->match.data, st->match.data + old, (st->match.len - old) * sizeof(uint64_t));
		st->match.len -= old;
		st->gone += old;
	}
	if (st->scanned < first)
		st->scanned = first;
	for (unsigned i = 0; i < SCAN_MAX && st->scanned < end; i++, st->scanned++) {
		const struct event *event = event_store_get(store_of(st), st->scanned);

		if (event && session_filter_match(filter, event, event_store_schema(store_of(st), event->schema)))
			vec_push(&st->match, st->scanned);
	}
	if (st->scanned < end) { /* the rest in the next frames */
		p->stale = true;
		panel_touch(p);
	}
}

static void draw(struct panel *p, const struct area *a, bool focused)
{
	struct state *st = p->state;

	list_draw(&st->list, a, focused);
	if (a->h && model_end(st) == model_first(st))
		area_puts(a, 0, 0, ROLE_DIM, st->filter ? "nothing matches the filter" : "nothing happened yet");
}

static void subtitle(struct panel *p, char *buf, size_t size)
{
	struct state *st = p->state;
	char state[64];

	list_state(&st->list, state, sizeof(state));
	if (st->filter)
		snprintf(buf, size, "filter: %s%s%s", st->filter, *state ? "  " : "", state);
	else
		snprintf(buf, size, "%s", state);
}

static void move(struct panel *p, enum move how)
{
	list_move(&((struct state *)p->state)->list, how);
}

static bool search(struct panel *p, const char *text, bool backwards)
{
	return list_search(&((struct state *)p->state)->list, text, backwards);
}

static void filter_answer(void *ctx, const char *text)
{
	struct screen *s = ctx;

	if (text && *text)
		screen_commandf(s, "events filter %s", text);
	else if (text)
		screen_command(s, "events filter", false);
	s->panel[PANEL_events].stale = true;
	panel_touch(&s->panel[PANEL_events]);
}

static void action_filter(struct screen *s, struct panel *p)
{
	prompt_ask(s->prompt, "show only (e.g. io mmio if port == 0x3f8): ", filter_answer, NULL, s);
	screen_touch(s);
}

/* From an event to the code that made it. */
static void action_code(struct screen *s, struct panel *p)
{
	struct state *st = p->state;
	const struct event *event = event_at(st, st->list.cursor);
	const struct field *field;
	uint64_t pc;

	field = event ? schema_field(event_store_schema(store_of(st), event->schema), "pc", NULL) : NULL;
	if (!field || !field_read(field, event->payload, event->payload_len, &pc) || !pc) {
		screen_note(s, "this event does not know where the guest was");
		return;
	}
	code_show(&s->panel[PANEL_code], pc);
	screen_focus(s, &s->panel[PANEL_code]);
}

static void action_freeze(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	list_freeze(&st->list, !st->list.frozen);
	panel_touch(p);
}

static void action_clear(struct screen *s, struct panel *p)
{
	screen_command(s, "events clear", false);
	p->stale = true;
	panel_touch(p);
}

static const struct action actions[] = {
	{ "code", "Enter", "code", "look at the code that made the event", action_code },
	{ "filter", "\\ F", "filter", "show only some: names and a condition; empty shows all", action_filter },
	{ "freeze", "Space", "freeze", "show nothing newer, and back", action_freeze },
	{ "clear", "C", NULL, "show only what happens from now on", action_clear },
	{ NULL },
};

const struct panel_ops panel_events = {
	.name = "events",
	.title = "events",
	.help = "Every exit of the guest to vmscope with all its fields, devices, stops,\n"
		"and lost events if there are any. Times count from the start.\n",
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
