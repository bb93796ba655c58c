/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stop conditions: breakpoints, watchpoints, catchpoints. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/vec.h"
#include "ui/capture_model.h"
#include "ui/panel/code.h"
#include "ui/screen.h"

struct state {
	struct out *rows;
	struct list list;
	VEC(unsigned) ids;	/* of each row */
};

static const char *kind_name(const struct stop_spec *spec)
{
	switch (spec->kind) {
	case STOP_KIND_BREAK:
		return spec->temporary ? "tbreak" : "break";
	case STOP_KIND_WATCH:
		return spec->access == STOP_READ ? "rwatch" : spec->access == STOP_RW ? "awatch" : "watch";
	case STOP_KIND_CATCH:
		return "catch";
	}
	return "";
}

static void print_stop(struct session *s, struct out *out, const struct stop *stop)
{
	struct stop_status status = {0};
	bool known = s->target && s->target->ops->stop_status &&
		     s->target->ops->stop_status(s->target, stop->id, &status);

	out_text(out, ROLE_NUMBER, "%3u ", stop->id);
	/* y armed, n disabled, ? pending: the same letters as `info breakpoints` of gdb. */
	if (!stop->enabled)
		out_text(out, ROLE_DIM, "n ");
	else
		out_text(out, stop->life == STOP_PENDING ? ROLE_WARN : ROLE_GOOD,
			 stop->life == STOP_PENDING ? "? " : "y ");
	out_text(out, ROLE_TEXT, "%-6s ", kind_name(&stop->spec));
	if (stop->spec.kind != STOP_KIND_CATCH && stop->life != STOP_PENDING)
		out_text(out, ROLE_ADDR, "%08llx ", (unsigned long long)stop->spec.addr);
	out_text(out, ROLE_SYMBOL, "%s", stop->location ? stop->location : "");
	if (stop->cond_text)
		out_text(out, ROLE_TEXT, " if %s", stop->cond_text);
	if (known && status.hits)
		out_text(out, ROLE_COMMENT, "  %llu hit%s", (unsigned long long)status.hits,
			 status.hits == 1 ? "" : "s");
	if (known && status.mech != STOP_MECH_NONE)
		out_text(out, ROLE_COMMENT, "  by %s", stop_mech_name(status.mech));
	if (stop->life == STOP_PENDING && stop->why)
		out_text(out, ROLE_WARN, "  %s", stop->why);
	out_nl(out);
}

static void update(struct panel *p)
{
	struct session *s = p->session;
	struct state *st = p->state;

	out_capture_clear(st->rows);
	st->ids.len = 0;
	for (size_t i = 0; i < s->stops.stops.len; i++) {
		vec_push(&st->ids, s->stops.stops.data[i]->id);
		print_stop(s, st->rows, s->stops.stops.data[i]);
	}
	if (!st->ids.len)
		out_message(st->rows, ROLE_DIM, "none: `break LOCATION`, or b in the code panel");
}

static void init(struct panel *p)
{
	struct state *st = p->state;

	st->rows = out_create_capture();
	list_init(&st->list, &capture_model, st->rows, true, false);
}

static void deinit(struct panel *p)
{
	struct state *st = p->state;

	out_destroy(st->rows);
	vec_free(&st->ids);
}

static void draw(struct panel *p, const struct area *a, bool focused)
{
	list_draw(&((struct state *)p->state)->list, a, focused);
}

static void subtitle(struct panel *p, char *buf, size_t size)
{
	struct state *st = p->state;

	if (st->ids.len)
		snprintf(buf, size, "%zu", st->ids.len);
}

static void move(struct panel *p, enum move how)
{
	list_move(&((struct state *)p->state)->list, how);
}

static bool search(struct panel *p, const char *text, bool backwards)
{
	return list_search(&((struct state *)p->state)->list, text, backwards);
}

static unsigned selected(struct panel *p)
{
	struct state *st = p->state;

	return st->list.cursor < st->ids.len ? st->ids.data[st->list.cursor] : 0;
}

static void action_delete(struct screen *s, struct panel *p)
{
	if (selected(p))
		screen_commandf(s, "delete %u", selected(p));
}

static void action_show(struct screen *s, struct panel *p)
{
	const struct stop *stop = stop_find(&s->session->stops, selected(p));

	if (!stop || stop->spec.kind != STOP_KIND_BREAK || stop->life == STOP_PENDING)
		return;
	code_show(&s->panel[PANEL_code], stop->spec.addr);
	screen_focus(s, &s->panel[PANEL_code]);
}

static void action_enable(struct screen *s, struct panel *p)
{
	struct stop *stop = stop_find(&s->session->stops, selected(p));

	if (stop)
		screen_commandf(s, "%s %u", stop->enabled ? "disable" : "enable", stop->id);
}

static const struct action actions[] = {
	{ "show", "Enter", "code", "look at the code there", action_show },
	{ "enable", "e", "on/off", "enable or disable it", action_enable },
	{ "delete", "d Del", "delete", "delete it", action_delete },
	{ NULL },
};

const struct panel_ops panel_breakpoints = {
	.name = "breakpoints",
	.title = "breakpoints",
	.help = "Number, y armed, n disabled or ? pending, kind, where, condition, how often\n"
		"it was hit, and by which mechanism the guest is watched.\n",
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
