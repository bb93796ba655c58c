/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Named arrangements of panels: text (layouts.def) to rectangles. Knows no curses. */
#pragma once

#include <stdbool.h>

#include "core/base/error.h"

#define LAYOUT_PANES_MAX 16
#define LAYOUT_RULES_MAX 16
#define PANE_MIN_H 2	/* a title and one line */
#define PANE_MIN_W 10

struct layout_pane {
	char name[16];
	int y, x, h, w;		/* title row included */
};

struct layout_result {
	struct layout_pane pane[LAYOUT_PANES_MAX];
	unsigned npanes;
	/* Vertical rules between panes. */
	struct { int y, x, h; } rule[LAYOUT_RULES_MAX];
	unsigned nrules;
};

#define LAYOUT_VARIANTS_MAX 5

struct layout {
	const char *name, *help;
	const char *variants[LAYOUT_VARIANTS_MAX];
};

const struct layout *layout_at(unsigned i); /* NULL past the end */
/* By name; unique prefixes count. */
struct error *layout_find(const char *name, const struct layout **ret);
/* The first variant that fits @h x @w; false when none does. */
bool layout_compute(const struct layout *layout, int h, int w, struct layout_result *ret);
/* One tree, for tests and for layouts of users: ERROR_SYNTAX says where. */
struct error *layout_compute_tree(const char *tree, int h, int w, struct layout_result *ret);
