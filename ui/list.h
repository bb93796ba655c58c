/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The list every text panel is made of: scroll, a cursor row, sideways scroll, search, follow and
 * freeze. Rows have numbers that never change (old ones may disappear at the front), so a view stays
 * where it is while rows arrive and leave.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/out.h"
#include "ui/draw.h"
#include "ui/move.h"

struct list_model {
	uint64_t (*first)(void *ctx);
	uint64_t (*end)(void *ctx);
	/* Borrowed until the next call; NULL: gone. */
	const struct out_line *(*line)(void *ctx, uint64_t n);
};

struct list {
	const struct list_model *model;
	void *ctx;
	bool has_cursor;	/* rows are things one acts on */
	bool wrap;		/* long lines take several rows */
	bool tail;		/* new rows arrive at the end: follow them */
	bool follow;		/* is at the end and stays there */
	bool frozen;		/* shows nothing newer than @frozen_end */
	uint64_t frozen_end;
	uint64_t top, cursor;
	uint64_t bottom;	/* first line below the ones shown */
	int left;		/* cells scrolled sideways */
	int height, width;	/* of the last drawing */
	char find[64];		/* what is searched and marked */
	bool has_match;		/* @match is the row found last */
	uint64_t match;
};

void list_init(struct list *l, const struct list_model *model, void *ctx, bool has_cursor, bool tail);
void list_draw(struct list *l, const struct area *a, bool focused);
void list_move(struct list *l, enum move move);
void list_freeze(struct list *l, bool on);
/* Searches from the cursor (or the first row shown); false when @text is nowhere. */
bool list_search(struct list *l, const char *text, bool backwards);
/* Rows that arrived below what is shown: "(1,204 new)"; 0 when following. */
uint64_t list_new_rows(const struct list *l);
/* "frozen, 12 new", "12 new" or "" into @buf. */
const char *list_state(const struct list *l, char *buf, size_t size);
