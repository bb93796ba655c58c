/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A panel: one view of the session in a rectangle of the screen.
 *
 * To add one: ui/panel/<name>.c whose only exported symbol is `const struct panel_ops panel_<name>`,
 * one line PANEL(<name>) in ui/panels.def, its place in a layout of layouts.def, and a golden screen in
 * tests/screen/<name>/. Help, footer and focus by number derive from the descriptor.
 *
 * A panel keeps a snapshot: update() rebuilds it from the session when something changed and the panel
 * is shown, draw() paints the snapshot. Neither ever waits, and draw() never reads the guest.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/out.h"
#include "core/session/session.h"
#include "ui/draw.h"
#include "ui/keys.h"
#include "ui/move.h"

struct panel;
struct screen;

/*
 * What a key does. Actions that every panel has are in actions.def; a panel's own are a table in its
 * descriptor. Help overlay and footer are made from these.
 */
struct action {
	const char *name;	/* NULL ends a table */
	const char *keys;	/* names separated by spaces: "z", "F5 c", "C-l" */
	const char *footer;	/* one word for the footer, or NULL */
	const char *help;	/* one line */
	void (*run)(struct screen *screen, struct panel *panel);
};

struct panel_ops {
	const char *name, *title;
	const char *help;	/* what it shows, for the help overlay */
	size_t state_size;	/* bytes of panel->state, zeroed */
	const struct action *actions; /* own ones; NULL: none */

	void (*init)(struct panel *p);
	void (*deinit)(struct panel *p);
	void (*stopped)(struct panel *p, const struct stop_report *report);
	void (*console)(struct panel *p, unsigned port, const void *data, size_t len);
	bool live;	/* also refreshed while the guest runs (events, vCPUs) */
	void (*update)(struct panel *p);
	void (*draw)(struct panel *p, const struct area *a, bool focused);
	/* Text after the title: what is shown ("main.c"), a count. */
	void (*subtitle)(struct panel *p, char *buf, size_t size);
	void (*move)(struct panel *p, enum move move);
	/* Finds @text (NULL: the last one again) from the cursor on; false when it is nowhere. */
	bool (*search)(struct panel *p, const char *text, bool backwards);
	/* Takes a key before any action does (typing at the guest's console); false: not mine. */
	bool (*input)(struct panel *p, const struct key *key);
	/* Instead of the footer's keys while the panel takes input; NULL: the usual. */
	const char *(*hint)(struct panel *p);
	/* Where the terminal's cursor belongs while the panel takes input; false: nowhere. */
	bool (*cursor)(struct panel *p, int *ret_y, int *ret_x);
};

struct panel {
	const struct panel_ops *ops;
	struct screen *screen;
	struct session *session;
	void *state;
	unsigned number;	/* 1..9: the key that focuses it; 10: key 0; beyond: none */
	struct area area;	/* content, without the title row */
	bool visible;
	bool resized;		/* update() must fill another size */
	bool stale;		/* the session changed since update() */
	bool dirty;		/* must be painted */
};

enum panel_id {
#define PANEL(name) PANEL_##name,
#include "ui/panels.def"
#undef PANEL
	PANEL_COUNT
};
extern const struct panel_ops *const panel_list[PANEL_COUNT];

void panel_touch(struct panel *p); /* paint it in the next frame */
