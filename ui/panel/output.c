/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results of commands and what the session tells: stops, errors. */
#include "ui/panel/output.h"

#include "ui/list.h"
#include "ui/screen.h"
#include "ui/scrollback.h"

#define LINES_KEPT 10000

struct state {
	struct scrollback lines;
	struct list list;
};

static void init(struct panel *p)
{
	struct state *st = p->state;

	scrollback_init(&st->lines, LINES_KEPT);
	list_init(&st->list, &scrollback_model, &st->lines, false, true);
	st->list.wrap = true;
}

static void deinit(struct panel *p)
{
	scrollback_deinit(&((struct state *)p->state)->lines);
}

void output_take(struct panel *output, struct out *capture)
{
	struct state *st = output->state;

	scrollback_take(&st->lines, capture);
	panel_touch(output);
}

void output_echo(struct panel *output, const char *prompt, const char *line)
{
	struct state *st = output->state;
	struct out *capture = out_create_capture();

	out_text(capture, ROLE_DIM, "%s", prompt);
	out_text(capture, ROLE_LABEL, "%s", line);
	out_nl(capture);
	scrollback_take(&st->lines, capture);
	out_destroy(capture);
	if (!st->list.frozen) /* who types a command wants to see what it says */
		st->list.follow = true;
	panel_touch(output);
}

uint64_t output_end(struct panel *output)
{
	return ((struct state *)output->state)->lines.end;
}

static void draw(struct panel *p, const struct area *a, bool focused)
{
	list_draw(&((struct state *)p->state)->list, a, focused);
}

static void subtitle(struct panel *p, char *buf, size_t size)
{
	list_state(&((struct state *)p->state)->list, buf, size);
}

static void move(struct panel *p, enum move how)
{
	list_move(&((struct state *)p->state)->list, how);
}

static bool search(struct panel *p, const char *text, bool backwards)
{
	return list_search(&((struct state *)p->state)->list, text, backwards);
}

static void action_freeze(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	list_freeze(&st->list, !st->list.frozen);
	panel_touch(p);
}

static void action_clear(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	scrollback_clear(&st->lines);
	panel_touch(p);
}

static const struct action actions[] = {
	{ "freeze", "Space", "freeze", "show nothing newer, and back", action_freeze },
	{ "clear", "C", NULL, "forget all lines", action_clear },
	{ NULL },
};

const struct panel_ops panel_output = {
	.name = "output",
	.title = "output",
	.help = "What commands print, and every stop. 10,000 lines are kept.\n",
	.state_size = sizeof(struct state),
	.actions = actions,
	.live = true,
	.init = init,
	.deinit = deinit,
	.draw = draw,
	.subtitle = subtitle,
	.move = move,
	.search = search,
};
