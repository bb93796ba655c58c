/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/screen.h"

#include <curses.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "ui/statusline.h"

#define PANEL(name) extern const struct panel_ops panel_##name;
#include "ui/panels.def"
#undef PANEL

const struct panel_ops *const panel_list[PANEL_COUNT] = {
#define PANEL(name) &panel_##name,
#include "ui/panels.def"
#undef PANEL
};

/* ---- dirt ----------------------------------------------------------------------------------------- */

/* While a command runs the main loop's own frame is far away: a timer paints meanwhile. */
static void want_frame(struct screen *s)
{
	s->dirty = true;
	if (!s->busy || s->frame_armed || !s->frame_timer)
		return;
	s->frame_armed = true;
	error_destroy(loop_timer_set(s->frame_timer, FRAME_NS, 0));
}

void panel_touch(struct panel *p)
{
	p->dirty = true;
	if (p->visible)
		want_frame(p->screen);
}

void screen_touch(struct screen *s)
{
	s->dirty_prompt = true;
	want_frame(s);
}

void screen_touch_all(struct screen *s)
{
	s->dirty_all = true;
	want_frame(s);
}

void screen_session_changed(struct screen *s)
{
	for (unsigned i = 0; i < PANEL_COUNT; i++) {
		s->panel[i].stale = true;
		s->panel[i].dirty = true;
	}
	want_frame(s);
}

void screen_note(struct screen *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->note, sizeof(s->note), fmt, ap);
	va_end(ap);
	screen_touch(s);
}

/* ---- layout ---------------------------------------------------------------------------------------- */

struct panel *screen_panel(struct screen *s, const char *name)
{
	for (unsigned i = 0; i < PANEL_COUNT; i++)
		if (!strcmp(s->panel[i].ops->name, name))
			return &s->panel[i];
	return NULL;
}

static void show(struct screen *s, struct panel *p, int y, int x, int h, int w)
{
	p->visible = true;
	p->dirty = true;
	p->resized = p->resized || p->area.h != h - 1 || p->area.w != w;
	p->area = (struct area){
		.win = stdscr, .theme = &s->theme, .y = y + 1, .x = x, .h = h - 1, .w = w,
	};
}

static void arrange(struct screen *s)
{
	s->h = LINES;
	s->w = COLS;
	s->too_small = s->h < SCREEN_MIN_H || s->w < SCREEN_MIN_W;
	s->panes_h = s->h - (s->h >= 8 ? 3 : 2);
	for (unsigned i = 0; i < PANEL_COUNT; i++)
		s->panel[i].visible = false;
	s->placed = (struct layout_result){0};
	s->single = s->zoom || s->too_small || !layout_compute(s->layout, s->panes_h, s->w, &s->placed);
	if (!s->single)
		for (unsigned i = 0; i < s->placed.npanes; i++) {
			const struct layout_pane *pane = &s->placed.pane[i];
			struct panel *p = screen_panel(s, pane->name);

			if (p)
				show(s, p, pane->y, pane->x, pane->h, pane->w);
		}
	else if (!s->too_small)
		show(s, s->focus, 0, 0, s->panes_h, s->w);
	/* The focused panel may not be part of this variant. */
	for (unsigned i = 0; !s->focus->visible && i < PANEL_COUNT; i++)
		if (s->panel[i].visible)
			s->focus = &s->panel[i];
	screen_touch_all(s);
}

struct error *screen_set_layout(struct screen *s, const char *name)
{
	const struct layout *layout;
	struct error *error = layout_find(name, &layout);
	struct panel *own;

	if (error)
		return error;
	s->layout = layout;
	s->zoom = s->zoom_auto = false;
	/* A panel that no number focuses is focused by the layout made for it. */
	own = screen_panel(s, layout->name);
	if (own && own->number > 10)
		s->focus = own;
	arrange(s);
	return NULL;
}

void screen_set_zoom(struct screen *s, bool on)
{
	s->zoom = on;
	s->zoom_auto = false;
	arrange(s);
}

void screen_focus(struct screen *s, struct panel *p)
{
	s->focus = p;
	if (s->at_prompt)
		prompt_leave(s->prompt);
	s->at_prompt = false;
	/* A panel that the layout lacks has the screen as long as it has the keys. */
	if (s->zoom_auto) {
		s->zoom = s->zoom_auto = false;
		arrange(s);
	}
	s->focus = p;
	if (!s->single && !p->visible)
		s->zoom = s->zoom_auto = true;
	if (s->single || s->zoom)
		arrange(s);
	screen_touch_all(s);
}

void screen_focus_prompt(struct screen *s, bool on)
{
	if (!on)
		prompt_leave(s->prompt);
	s->at_prompt = on;
	screen_touch_all(s);
}

void screen_focus_next(struct screen *s, int step)
{
	unsigned i = (unsigned)(s->focus - s->panel);

	for (unsigned n = 0; n < PANEL_COUNT; n++) {
		i = (i + PANEL_COUNT + (unsigned)step) % PANEL_COUNT;
		if (s->panel[i].visible || s->single)
			break;
	}
	screen_focus(s, &s->panel[i]);
}

void screen_resized(struct screen *s)
{
	arrange(s);
}

/* ---- painting -------------------------------------------------------------------------------------- */

static void draw_title(struct screen *s, const struct panel *p)
{
	struct area row = p->area;
	bool focused = p == s->focus && !s->at_prompt;
	char sub[160] = "";
	int x, role = focused ? UI_TITLE_FOCUS : UI_TITLE;

	row.y -= 1;
	row.h = 1;
	area_hline(&row, 0, 0, row.w, UI_BORDER);
	x = area_printf(&row, 0, row.w > 14 ? 1 : 0, role, " %u %s ", p->number, p->ops->title);
	if (p->ops->subtitle)
		p->ops->subtitle((struct panel *)p, sub, sizeof(sub));
	if (sub[0] && x + 6 < row.w) {
		struct area part = area_part(&row, 0, x + 1, 1, row.w - x - 3);
		int end = area_printf(&part, 0, 0, ROLE_COMMENT, " %s", sub);

		area_puts(&part, 0, end, UI_BORDER, " ");
	}
	if (s->zoom && row.w > 40)
		area_puts(&row, 0, row.w - 9, ROLE_COMMENT, " zoomed ");
}

/* The sign where a rule at @y, @x meets the titles beside it. */
static enum glyph junction(const struct screen *s, int y, int x, bool top)
{
	bool left = false, right = false;

	for (unsigned i = 0; i < s->placed.npanes; i++) {
		const struct layout_pane *pane = &s->placed.pane[i];

		left = left || (pane->y == y && pane->x + pane->w == x);
		right = right || (pane->y == y && pane->x == x + 1);
	}
	if (left && right)
		return top && y == 0 ? GLYPH_TEE : GLYPH_CROSS;
	return left ? GLYPH_TEE_LEFT : right ? GLYPH_TEE_RIGHT : GLYPH_VLINE;
}

static void draw_chrome(struct screen *s)
{
	struct area all = { .win = stdscr, .theme = &s->theme, .h = s->h, .w = s->w };

	for (unsigned i = 0; i < s->placed.nrules && !s->single; i++)
		for (int y = 0; y < s->placed.rule[i].h; y++)
			area_puts(&all, s->placed.rule[i].y + y, s->placed.rule[i].x, UI_BORDER,
				  theme_glyph(&s->theme, junction(s, s->placed.rule[i].y + y,
								  s->placed.rule[i].x, !y)));
}

static void draw_panels(struct screen *s)
{
	bool running = s->session->running;

	for (unsigned i = 0; i < PANEL_COUNT; i++) {
		struct panel *p = &s->panel[i];

		if (!p->visible || !(p->dirty || s->dirty_all))
			continue;
		/* A running guest's registers and memory are left as they were, and shown as such. */
		if (p->ops->update && (p->resized || (p->stale && (!running || p->ops->live)))) {
			p->ops->update(p);
			p->stale = p->resized = false;
		}
		p->area.dim = running && !p->ops->live;
		p->ops->draw(p, &p->area, p == s->focus && !s->at_prompt);
		draw_title(s, p);
		p->dirty = false;
	}
}

static void draw_too_small(struct screen *s)
{
	struct area all = { .win = stdscr, .theme = &s->theme, .h = s->h, .w = s->w };

	area_clear(&all);
	area_printf(&all, 0, 0, ROLE_WARN, "terminal too small");
	area_printf(&all, 1, 0, ROLE_WARN, "have %dx%d", s->w, s->h);
	area_printf(&all, 2, 0, ROLE_WARN, "need %dx%d", SCREEN_MIN_W, SCREEN_MIN_H);
}

static void paint(struct screen *s)
{
	struct area status = { .win = stdscr, .theme = &s->theme, .y = s->panes_h, .h = 1, .w = s->w };
	struct area prompt = status, footer = status;
	int y = -1, x = 0;

	if (s->too_small) {
		draw_too_small(s);
		popup_stack(-1, 0);
		doupdate();
		return;
	}
	draw_panels(s);
	if (s->dirty_all)
		draw_chrome(s);
	statusline_draw(s, &status, s->dirty_all);
	prompt.y = s->panes_h + 1;
	x = prompt_draw(s->prompt, &prompt, s->at_prompt || prompt_asking(s->prompt));
	footer.y = s->panes_h + 2;
	if (footer.y < s->h)
		footer_draw(s, &footer);
	if (s->popup)
		popup_draw(s->popup, s->panes_h, s->w);
	if (s->at_prompt || prompt_asking(s->prompt))
		y = prompt.y;
	else if (s->focus->ops->cursor && s->focus->ops->cursor(s->focus, &y, &x)) {
		y += s->focus->area.y;
		x += s->focus->area.x;
	}
	popup_stack(y, x < s->w ? x : s->w - 1);
	doupdate();
}

void screen_frame(struct screen *s)
{
	uint64_t now;

	if (!s->dirty)
		return;
	now = clock_now_ns();
	if (now - s->frame_ns < FRAME_NS) {
		if (!s->frame_armed)
			error_destroy(loop_timer_set(s->frame_timer, FRAME_NS - (now - s->frame_ns), 0));
		s->frame_armed = true;
		return;
	}
	s->frame_ns = now;
	s->frame_armed = false;
	paint(s);
	s->dirty = s->dirty_all = s->dirty_prompt = false;
}

/* ---- pop-ups --------------------------------------------------------------------------------------- */

void screen_show_popup(struct screen *s, struct popup *popup)
{
	if (!popup && !s->popup)
		return;
	popup_destroy(s->popup);
	s->popup = popup;
	s->popup_yes = NULL;
	screen_touch_all(s);
}

void screen_confirm(struct screen *s, const char *question, void (*yes)(struct screen *s))
{
	struct out *content = out_create_capture();

	out_text(content, ROLE_TEXT, "%s", question);
	out_nl(content);
	screen_show_popup(s, popup_create(&s->theme, content, "Sure?", "y yes  any other key no", POPUP_CENTRE));
	s->popup_yes = yes;
}

static void quit_now(struct screen *s)
{
	s->session->quit = true;
}

void screen_quit(struct screen *s)
{
	struct target *t = s->session->target;

	if (!t || target_state(t) == TARGET_ENDED || s->options->no_guest)
		quit_now(s);
	else
		screen_confirm(s, "The guest is still there. End it and leave vmscope?", quit_now);
}

void screen_bind(struct screen *s, uint32_t key, const char *command)
{
	for (size_t i = 0; i < s->bindings.len; i++) {
		if (s->bindings.data[i].key != key)
			continue;
		free(s->bindings.data[i].command);
		vec_remove(&s->bindings, i);
		break;
	}
	if (*command)
		vec_push(&s->bindings, (struct binding){ .key = key, .command = xstrdup(command) });
}

/* ---- life ------------------------------------------------------------------------------------------- */

static void on_frame_timer(void *ctx, uint32_t events)
{
	struct screen *s = ctx;

	s->frame_armed = false;
	screen_frame(s);
}

void screen_init(struct screen *s, struct session *session, const struct tui_options *options)
{
	memset(s, 0, sizeof(*s));
	s->session = session;
	s->options = options;
	theme_init(&s->theme, options->color, options->ascii);
	error_destroy(loop_add_timer(session->loop, 0, 0, on_frame_timer, s, &s->frame_timer));
	for (unsigned i = 0; i < PANEL_COUNT; i++) {
		struct panel *p = &s->panel[i];

		*p = (struct panel){
			.ops = panel_list[i], .screen = s, .session = session, .number = i + 1,
			.state = xcalloc(1, panel_list[i]->state_size + 1), .stale = true, .dirty = true,
		};
		if (p->ops->init)
			p->ops->init(p);
	}
	s->layout = layout_at(0);
	s->focus = &s->panel[0];
	s->at_prompt = true;
	arrange(s);
}

void screen_deinit(struct screen *s)
{
	screen_show_popup(s, NULL);
	for (unsigned i = 0; i < PANEL_COUNT; i++) {
		if (s->panel[i].ops->deinit)
			s->panel[i].ops->deinit(&s->panel[i]);
		free(s->panel[i].state);
	}
	loop_remove(s->frame_timer);
	while (s->bindings.len)
		free(s->bindings.data[--s->bindings.len].command);
	vec_free(&s->bindings);
}
