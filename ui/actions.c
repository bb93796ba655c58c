/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/actions.h"

#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "ui/panel/code.h"
#include "ui/run_control.h"
#include "ui/term.h"

#define ACTION(id, ...) static void action_##id(struct screen *s, struct panel *p);
#include "ui/actions.def"
#undef ACTION

enum group { GROUP_RUN, GROUP_SCREEN, GROUP_FIND, GROUP_MOVE, GROUP_COUNT };

static const char *const group_title[GROUP_COUNT] = {
	[GROUP_RUN] = "Running", [GROUP_SCREEN] = "Screen", [GROUP_FIND] = "Searching", [GROUP_MOVE] = "Moving",
};

static const struct {
	enum group group;
	struct action action;
} common[] = {
#define ACTION(id, group, name, keys, footer, help) { GROUP_##group, { name, keys, footer, help, action_##id } },
#include "ui/actions.def"
#undef ACTION
};

/* ---- running ---------------------------------------------------------------------------------------- */

/* What is seen is what is stepped: lines of source, or instructions. */
static void action_stepi(struct screen *s, struct panel *p)
{
	screen_command(s, code_shows_source(&s->panel[PANEL_code]) ? "step" : "stepi", false);
}

static void action_nexti(struct screen *s, struct panel *p)
{
	screen_command(s, code_shows_source(&s->panel[PANEL_code]) ? "next" : "nexti", false);
}

static void action_continue(struct screen *s, struct panel *p) { screen_command(s, "continue", false); }
static void action_finish(struct screen *s, struct panel *p) { screen_command(s, "finish", false); }
static void action_interrupt(struct screen *s, struct panel *p) { run_control_interrupt(s); }

/* ---- the screen -------------------------------------------------------------------------------------- */

static void action_prompt(struct screen *s, struct panel *p) { screen_focus_prompt(s, true); }
static void action_next(struct screen *s, struct panel *p) { screen_focus_next(s, 1); }
static void action_previous(struct screen *s, struct panel *p) { screen_focus_next(s, -1); }
static void action_zoom(struct screen *s, struct panel *p) { screen_set_zoom(s, !s->zoom); }
static void action_suspend(struct screen *s, struct panel *p) { s->suspend = true; }

static void action_help(struct screen *s, struct panel *p)
{
	screen_show_popup(s, popup_create(&s->theme, actions_help(p), p->ops->title, "any key closes",
					  POPUP_CENTRE));
}

static void action_focus(struct screen *s, struct panel *p)
{
	unsigned i = s->last_key == '0' ? 9 : s->last_key - '1';

	if (i < PANEL_COUNT)
		screen_focus(s, &s->panel[i]);
}

static void action_layout(struct screen *s, struct panel *p)
{
	unsigned i = 0;

	while (layout_at(i) && layout_at(i) != s->layout)
		i++;
	if (!layout_at(i + 1))
		i = 0;
	else
		i++;
	if (!screen_set_layout(s, layout_at(i)->name))
		screen_note(s, "layout %s: %s", layout_at(i)->name, layout_at(i)->help);
}

static void action_redraw(struct screen *s, struct panel *p)
{
	term_redraw();
	screen_touch_all(s);
}

static void action_quit(struct screen *s, struct panel *p) { screen_quit(s); }

/* ---- searching ---------------------------------------------------------------------------------------- */

static void search(struct screen *s, struct panel *p, const char *text, bool backwards)
{
	if (!p->ops->search)
		screen_note(s, "nothing to search in %s", p->ops->title);
	else if (!p->ops->search(p, text, backwards))
		screen_note(s, "not found");
	panel_touch(p);
}

static void search_answer(void *ctx, const char *text)
{
	struct screen *s = ctx;

	if (!text || !*text) {
		s->finding = false;
		search(s, s->focus, "", false);
		return;
	}
	s->finding = true;
	screen_touch_all(s);
}

static void search_change(void *ctx, const char *text)
{
	struct screen *s = ctx;

	search(s, s->focus, text, false);
}

static void action_search(struct screen *s, struct panel *p)
{
	if (p->ops->search)
		prompt_ask(s->prompt, "search: ", search_answer, search_change, s);
	else
		screen_note(s, "nothing to search in %s", p->ops->title);
	screen_touch(s);
}

static void action_search_next(struct screen *s, struct panel *p) { search(s, p, NULL, false); }
static void action_search_previous(struct screen *s, struct panel *p) { search(s, p, NULL, true); }

static void action_escape(struct screen *s, struct panel *p)
{
	if (s->finding) {
		s->finding = false;
		search(s, p, "", false);
		s->note[0] = 0;
	} else if (s->zoom) {
		screen_set_zoom(s, false);
	}
}

/* ---- moving ------------------------------------------------------------------------------------------- */

static void move(struct panel *p, enum move how)
{
	if (p->ops->move)
		p->ops->move(p, how);
	panel_touch(p);
}

static void action_up(struct screen *s, struct panel *p) { move(p, MOVE_UP); }
static void action_down(struct screen *s, struct panel *p) { move(p, MOVE_DOWN); }
static void action_page_up(struct screen *s, struct panel *p) { move(p, MOVE_PAGE_UP); }
static void action_page_down(struct screen *s, struct panel *p) { move(p, MOVE_PAGE_DOWN); }
static void action_home(struct screen *s, struct panel *p) { move(p, MOVE_HOME); }
static void action_end(struct screen *s, struct panel *p) { move(p, MOVE_END); }
static void action_left(struct screen *s, struct panel *p) { move(p, MOVE_LEFT); }
static void action_right(struct screen *s, struct panel *p) { move(p, MOVE_RIGHT); }

/* ---- keys --------------------------------------------------------------------------------------------- */

/* Keys that mean the same at the prompt as in a panel: no text, and not readline's. */
static bool works_at_prompt(uint32_t code)
{
	return (code >= K_F1 && code <= K_F12) || code == K_PGUP || code == K_PGDN || code == K_CTRL('c') ||
	       code == K_CTRL('z') || code == K_CTRL('l');
}

const char *actions_prompt_key(const struct action *action, size_t *ret_len)
{
	const char *key = action->keys;

	while (*key) {
		size_t len = strcspn(key, " ");

		if (works_at_prompt(keys_from_name(key, len))) {
			*ret_len = len;
			return key;
		}
		key += len + (key[len] == ' ');
	}
	*ret_len = 0;
	return "";
}

static const struct action *find_action(struct screen *s, uint32_t code)
{
	const struct action *own = s->focus->ops->actions;

	/* n and N belong to a search as long as its matches are marked. */
	if (s->finding && code == 'n')
		code = K_NONE;
	for (; own && own->name && !s->at_prompt; own++)
		if (keys_in_list(code, own->keys))
			return own;
	for (size_t i = 0; i < ARRAY_SIZE(common); i++) {
		bool next = common[i].action.run == action_search_next;

		if (next ? s->finding && s->last_key == 'n' : keys_in_list(code, common[i].action.keys))
			return &common[i].action;
	}
	return NULL;
}

/* A key while a pop-up is open; false: the pop-up is gone and the key goes on. */
static bool popup_key(struct screen *s, const struct key *key)
{
	static const struct { uint32_t code; enum move move; } moves[] = {
		{ K_UP, MOVE_UP }, { K_DOWN, MOVE_DOWN }, { K_PGUP, MOVE_PAGE_UP }, { K_PGDN, MOVE_PAGE_DOWN },
		{ K_HOME, MOVE_HOME }, { K_END, MOVE_END }, { 'k', MOVE_UP }, { 'j', MOVE_DOWN },
		{ ' ', MOVE_PAGE_DOWN },
	};
	void (*yes)(struct screen *s) = s->popup_yes;
	bool help = !s->at_prompt && !yes;

	for (size_t i = 0; help && i < ARRAY_SIZE(moves); i++) {
		if (key->code == moves[i].code && popup_scrolls(s->popup)) {
			popup_move(s->popup, moves[i].move);
			screen_touch_all(s);
			return true;
		}
	}
	screen_show_popup(s, NULL);
	if (yes) {
		if (key->code == 'y' || key->code == 'Y')
			yes(s);
		return true;
	}
	/* A key closes help; over the prompt (completions) typing goes on. */
	return help || key->code == K_ESC;
}

/* What the user bound comes before what is built in. */
static bool run_binding(struct screen *s, uint32_t code)
{
	if ((s->at_prompt && !works_at_prompt(code)) || prompt_asking(s->prompt))
		return false;
	for (size_t i = 0; i < s->bindings.len; i++) {
		if (s->bindings.data[i].key != code)
			continue;
		_free_ char *command = xstrdup(s->bindings.data[i].command); /* it may bind the key anew */

		screen_command(s, command, false);
		return true;
	}
	return false;
}

/* At the prompt pages are those of the output, where the answers are. */
static struct panel *target_of(struct screen *s, uint32_t code)
{
	struct panel *output = &s->panel[PANEL_output];

	return s->at_prompt && (code == K_PGUP || code == K_PGDN) && output->visible ? output : s->focus;
}

void screen_key(struct screen *s, const struct key *key)
{
	const struct action *action;
	bool asking = prompt_asking(s->prompt);

	s->last_key = key->code;
	if (s->note[0]) {
		s->note[0] = 0;
		screen_touch(s);
	}
	if (key->code == K_CTRL('c')) { /* always, before anything else has a say */
		screen_show_popup(s, NULL);
		action_interrupt(s, s->focus);
		return;
	}
	if (s->popup && popup_key(s, key))
		return;
	if (!s->at_prompt && !asking && s->focus->ops->input && s->focus->ops->input(s->focus, key))
		return;
	if (run_binding(s, key->code))
		return;
	if (s->at_prompt || asking) {
		if (key->code == K_ESC && !prompt_wants_escape(s->prompt)) {
			if (asking)
				prompt_cancel(s->prompt);
			else
				screen_focus_prompt(s, false);
			return;
		}
		action = works_at_prompt(key->code) && !asking ? find_action(s, key->code) : NULL;
		if (!action) {
			prompt_key(s->prompt, key);
			screen_touch(s);
			return;
		}
	} else {
		action = find_action(s, key->code);
	}
	if (action)
		action->run(s, target_of(s, key->code));
	else
		screen_note(s, "no action on that key: ? shows all");
}

/* ---- texts -------------------------------------------------------------------------------------------- */

unsigned actions_footer(struct screen *s, const struct action **ret, unsigned max)
{
	const struct action *own = s->at_prompt ? NULL : s->focus->ops->actions;
	unsigned n = 0;
	size_t len;

	for (; own && own->name && n < max; own++)
		if (own->footer)
			ret[n++] = own;
	for (size_t i = 0; i < ARRAY_SIZE(common) && n < max; i++) {
		const struct action *a = &common[i].action;

		if (!a->footer || (s->at_prompt && !*actions_prompt_key(a, &len)))
			continue;
		/* Stopping matters while it runs, stepping while it does not. */
		if (common[i].group == GROUP_RUN && (a->run == action_interrupt) != s->session->running)
			continue;
		ret[n++] = a;
	}
	return n;
}

static void help_line(struct out *out, const struct action *a)
{
	char keys[32];

	if (a->run == action_focus) /* nine keys that say one thing */
		snprintf(keys, sizeof(keys), "1-9");
	else
		snprintf(keys, sizeof(keys), "%s", a->keys);
	out_text(out, ROLE_WARN, "  %-12s", keys);
	out_text(out, ROLE_TEXT, " %s", a->help);
	out_nl(out);
}

static void help_bindings(struct out *out, const struct screen *s)
{
	char name[32];

	if (!s->bindings.len)
		return;
	out_text(out, ROLE_HEADING, "Bound by you");
	out_nl(out);
	for (size_t i = 0; i < s->bindings.len; i++) {
		out_text(out, ROLE_WARN, "  %-12s", keys_name(s->bindings.data[i].key, name, sizeof(name)));
		out_text(out, ROLE_TEXT, " %s", s->bindings.data[i].command);
		out_nl(out);
	}
}

struct out *actions_help(const struct panel *panel)
{
	struct out *out = out_create_capture();
	const struct action *own = panel->ops->actions;

	if (panel->ops->help) {
		const char *p = panel->ops->help;

		while (*p) {
			size_t len = strcspn(p, "\n");

			out_text(out, ROLE_TEXT, "%.*s", (int)len, p);
			out_nl(out);
			p += len + (p[len] == '\n');
		}
	}
	if (own && own->name) {
		out_text(out, ROLE_HEADING, "This panel");
		out_nl(out);
		for (; own->name; own++)
			help_line(out, own);
	}
	help_bindings(out, panel->screen);
	for (int g = 0; g < GROUP_COUNT; g++) {
		out_text(out, ROLE_HEADING, "%s", group_title[g]);
		out_nl(out);
		for (size_t i = 0; i < ARRAY_SIZE(common); i++)
			if ((int)common[i].group == g)
				help_line(out, &common[i].action);
	}
	return out;
}
