/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The guest's serial console and debug port; keys go to the guest in input mode. */
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "ui/conline.h"
#include "ui/screen.h"
#include "ui/scrollback.h"

#define LINES_KEPT 10000
#define DEBUG_PORT 0xe9
#define DEBUG_PREFIX "[debug port] "

struct state {
	struct scrollback lines;
	struct conline port[2];		/* serial, debug port */
	struct out *partial;		/* a line under way, as a row */
	struct list list;
	bool typing;			/* keys go to the guest */
	bool escape;			/* Escape is held back: a second one leaves */
};

/* Lines, then what has no end yet: of the debug port, and of the serial port where one types. */
static bool debug_partial(const struct state *st)
{
	return st->port[1].len > 0;
}

static uint64_t model_first(void *ctx)
{
	return ((struct state *)ctx)->lines.first;
}

static uint64_t model_end(void *ctx)
{
	struct state *st = ctx;

	return st->lines.end + debug_partial(st) + (st->port[0].len || st->typing);
}

static const struct out_line *model_line(void *ctx, uint64_t n)
{
	struct state *st = ctx;
	char buf[CONLINE_CELLS * 4 + 8];
	bool debug = n == st->lines.end && debug_partial(st);

	if (n < st->lines.end)
		return scrollback_model.line(&st->lines, n);
	out_capture_clear(st->partial);
	conline_text(&st->port[debug], buf, sizeof(buf));
	if (debug)
		out_text(st->partial, ROLE_DIM, DEBUG_PREFIX);
	out_text(st->partial, ROLE_TEXT, "%s", buf);
	return out_capture_line(st->partial, 0);
}

static const struct list_model model = { .first = model_first, .end = model_end, .line = model_line };

static void init(struct panel *p)
{
	struct state *st = p->state;

	scrollback_init(&st->lines, LINES_KEPT);
	st->partial = out_create_capture();
	list_init(&st->list, &model, st, false, true);
	st->list.wrap = true;
}

static void deinit(struct panel *p)
{
	struct state *st = p->state;

	scrollback_deinit(&st->lines);
	out_destroy(st->partial);
}

static void push_line(struct state *st, const char *prefix, const char *text, size_t len)
{
	struct out *capture = out_create_capture();

	out_text(capture, ROLE_DIM, "%s", prefix);
	out_text(capture, ROLE_TEXT, "%.*s", (int)len, text);
	out_nl(capture);
	scrollback_take(&st->lines, capture);
	out_destroy(capture);
}

static void serial_line(void *ctx, const char *text, size_t len)
{
	push_line(ctx, "", text, len);
}

static void debug_line(void *ctx, const char *text, size_t len)
{
	push_line(ctx, DEBUG_PREFIX, text, len);
}

static void console(struct panel *p, unsigned port, const void *data, size_t len)
{
	struct state *st = p->state;
	bool debug = port == DEBUG_PORT;

	if (!p->screen->options->console)
		return;
	conline_feed(&st->port[debug], data, len, debug ? debug_line : serial_line, st);
	panel_touch(p);
}

static void draw(struct panel *p, const struct area *a, bool focused)
{
	struct state *st = p->state;

	list_draw(&st->list, a, focused);
	if (!a->h || model_end(st) > st->lines.first)
		return;
	area_puts(a, 0, 0, ROLE_DIM, p->screen->options->console ? "nothing printed yet"
							     : "no console (--console none)");
}

static void subtitle(struct panel *p, char *buf, size_t size)
{
	struct state *st = p->state;

	if (st->typing && p == p->screen->focus && !p->screen->at_prompt)
		snprintf(buf, size, "TYPING TO THE GUEST");
	else
		list_state(&st->list, buf, size);
}

static void move(struct panel *p, enum move how)
{
	list_move(&((struct state *)p->state)->list, how);
}

static bool search(struct panel *p, const char *text, bool backwards)
{
	return list_search(&((struct state *)p->state)->list, text, backwards);
}

static void set_typing(struct panel *p, bool on)
{
	struct state *st = p->state;

	st->typing = on;
	st->escape = false;
	if (on)
		st->list.follow = true;
	screen_touch_all(p->screen);
}

static void send(struct panel *p, const void *data, size_t len)
{
	struct session *s = p->session;
	_error_ struct error *error = NULL;

	if (!s->target)
		return;
	error = target_console_input(s->target, data, len);
	if (!error)
		return;
	screen_note(p->screen, "%s", error_message(error));
	set_typing(p, false);
}

static bool input(struct panel *p, const struct key *key)
{
	struct state *st = p->state;
	bool held = st->escape;

	if (!st->typing)
		return false;
	/* Run control keys stay ours; everything else is the guest's. */
	if (key->code >= K_F1 && key->code <= K_F12)
		return false;
	st->escape = false;
	if (key->code == K_CTRL(']') || (held && key->code == K_ESC)) {
		set_typing(p, false);
		return true;
	}
	if (held)
		send(p, "\033", 1);
	if (key->code == K_ESC)
		st->escape = true;
	else
		send(p, key->bytes, key->len);
	return true;
}

static bool cursor(struct panel *p, int *ret_y, int *ret_x)
{
	struct state *st = p->state;
	uint64_t row = st->lines.end + debug_partial(st) - st->list.top;

	if (!st->typing || !p->visible || row >= (uint64_t)p->area.h)
		return false;
	*ret_y = (int)row;
	*ret_x = (int)st->port[0].column < p->area.w ? (int)st->port[0].column : p->area.w - 1;
	return true;
}

static const char *hint(struct panel *p)
{
	return ((struct state *)p->state)->typing ?
		       "keys go to the guest; Ctrl-] or Esc Esc leaves; Ctrl-C and F keys stay ours" : NULL;
}

static void action_type(struct screen *s, struct panel *p)
{
	if (s->session->target && s->options->console)
		set_typing(p, true);
	else
		screen_note(s, "there is no console to type at");
}

static void action_freeze(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	list_freeze(&st->list, !st->list.frozen);
	panel_touch(p);
}

static const struct action actions[] = {
	{ "type", "Enter i", "type", "type at the guest's console; Ctrl-] or Esc Esc leaves", action_type },
	{ "freeze", "Space", "freeze", "show nothing newer, and back", action_freeze },
	{ NULL },
};

const struct panel_ops panel_console = {
	.name = "console",
	.title = "console",
	.help = "The guest's serial port, and what it writes to the debug port 0xe9.\n"
		"Control sequences of the guest are dropped. While typing, all keys but\n"
		"Ctrl-C, Ctrl-] and the function keys go to the guest.\n",
	.state_size = sizeof(struct state),
	.actions = actions,
	.live = true,
	.init = init,
	.deinit = deinit,
	.console = console,
	.draw = draw,
	.subtitle = subtitle,
	.move = move,
	.search = search,
	.input = input,
	.hint = hint,
	.cursor = cursor,
};
