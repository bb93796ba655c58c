/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The screen: panels in a layout, one of them or the prompt with the keys, a status line. Everything
 * marks what it changed; one frame paints what is marked, at most 30 times a second, and writes nothing
 * when nothing is.
 *
 *	row 0 ..	panes, each a title row and its content
 *	h - 3		status line
 *	h - 2		prompt
 *	h - 1		keys of the focused panel (not on low screens)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/vec.h"
#include "core/session/session.h"
#include "ui/keys.h"
#include "ui/layout.h"
#include "ui/panel.h"
#include "ui/popup.h"
#include "ui/prompt.h"
#include "ui/theme.h"
#include "ui/tui.h"

#define SCREEN_MIN_W 20
#define SCREEN_MIN_H 5
#define GRACE_NS 100000000ULL	/* a step takes less, and is followed by the next key */
#define FRAME_NS (1000000000ULL / 30)

/* `bind KEY COMMAND`. */
struct binding {
	uint32_t key;
	char *command;
};

struct screen {
	struct session *session;
	const struct tui_options *options;
	struct theme theme;
	struct prompt *prompt;
	struct panel panel[PANEL_COUNT];
	struct panel *focus;		/* has the keys unless @at_prompt; shown alone when zoomed */
	bool at_prompt;
	const struct layout *layout;
	struct layout_result placed;
	bool zoom;			/* small screens are zoomed anyway */
	bool zoom_auto;			/* only because the layout does not show the focused panel */
	bool single;			/* the focused panel has the screen for itself */
	int h, w, panes_h;
	bool too_small;

	struct popup *popup;		/* NULL: none */
	void (*popup_yes)(struct screen *s); /* the pop-up is a question: what `y` does */
	char note[160];			/* one line over the prompt's footer until the next key */

	bool dirty;			/* something is to be painted */
	bool dirty_all, dirty_chrome, dirty_prompt;
	char status[512];		/* as painted, to notice that nothing changed */
	uint64_t frame_ns;		/* time of the last frame */
	struct loop_source *frame_timer;
	bool frame_armed;

	uint64_t rate_ns, rate_events, rate; /* events per second, measured once a second */
	uint64_t interrupt_ns;		/* of the last Ctrl-C */
	uint32_t last_key;		/* the key whose action runs */
	VEC(struct binding) bindings;
	bool finding;			/* matches of a search are marked */
	bool busy;			/* a command is on the stack */
	uint64_t grace_ns;		/* a run began: until then keys wait for its end */
	bool suspend;			/* Ctrl-Z: when the handlers are done */
};

void screen_init(struct screen *s, struct session *session, const struct tui_options *options);
void screen_deinit(struct screen *s);

/* ---- what changed -------------------------------------------------------------------------------- */

void screen_touch(struct screen *s);		/* the prompt, the status */
void screen_touch_all(struct screen *s);
void screen_session_changed(struct screen *s);	/* every snapshot is stale */
/* Paints what is marked, now or when the last frame is old enough. */
void screen_frame(struct screen *s);
void screen_resized(struct screen *s);

/* ---- what is where -------------------------------------------------------------------------------- */

struct error *screen_set_layout(struct screen *s, const char *name);
void screen_focus(struct screen *s, struct panel *p);	/* zooms when the layout does not show it */
void screen_focus_prompt(struct screen *s, bool on);
void screen_focus_next(struct screen *s, int step);
void screen_set_zoom(struct screen *s, bool on);
struct panel *screen_panel(struct screen *s, const char *name); /* NULL: none */

/* ---- words ---------------------------------------------------------------------------------------- */

void screen_note(struct screen *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void screen_show_popup(struct screen *s, struct popup *popup); /* takes; NULL closes */
/* Leaves vmscope; asks while a guest lives. */
void screen_quit(struct screen *s);
/* A question that `y` answers with @yes and any other key drops. */
void screen_confirm(struct screen *s, const char *question, void (*yes)(struct screen *s));

/* ---- commands ------------------------------------------------------------------------------------- */

/* Runs a command line; its output goes to the output panel. @typed: it is echoed and its output shown. */
/* A run that has just begun may be over in a moment: keys typed meanwhile belong after it. */
bool screen_in_grace(const struct screen *s);
void screen_command(struct screen *s, const char *line, bool typed);
void screen_commandf(struct screen *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A key that runs a command; an empty one takes it away. */
void screen_bind(struct screen *s, uint32_t key, const char *command);

/* Keys and actions (actions.c). */
void screen_key(struct screen *s, const struct key *key);
