/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records (core/session/tables.h) as a table: columns found from the values, rows sorted by one of them,
 * rates between two snapshots. Knows no screen: lines of spans come out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/out.h"
#include "core/base/records.h"
#include "core/base/vec.h"

enum column_kind { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_TIME, COLUMN_RATE };

struct table_column {
	char *name;		/* of the value: "p99_ns" */
	char *title;		/* "p99" */
	enum column_kind kind;
	int width;
};

struct table_row {
	const struct record *record;	/* of the current snapshot */
	char *key;		/* its texts joined: the same row in the next snapshot */
	double rate;		/* of `count`, per second */
};

struct table_seen {
	char *key;
	uint64_t count;
};

struct probe_table {
	VEC(struct table_column) columns;
	VEC(struct table_row) rows;	/* sorted */
	VEC(struct table_seen) before;	/* counts of the last snapshot, sorted by key */
	uint64_t before_ns;		/* its elapsed_ns */
	char *type;		/* of the records that are rows */
	VEC(char *) types;	/* all types that could be */
	char *sort;		/* name of the column; NULL: not chosen yet */
	bool ascending;
	bool chosen;		/* the type was asked for; otherwise the best one is found at each fill */
};

void probe_table_deinit(struct probe_table *t);
/* Takes the rows of one type from @list, which is borrowed until the next fill: of the one that was asked
 * for, else the one called like the table itself (probe_state), else of the one with most rows.
 * @elapsed_ns of the snapshot. */
void probe_table_fill(struct probe_table *t, const struct record_list *list, uint64_t elapsed_ns);
/* Sorts by the column @step to the right of (or left of) the present one. */
void probe_table_sort_by(struct probe_table *t, int step);
void probe_table_reverse(struct probe_table *t);
/* The next type of rows; false when there is only one. Needs a fill afterwards. */
bool probe_table_next_type(struct probe_table *t);
/* Cells of the line before the sort column, and up to its end. */
void probe_table_sort_span(const struct probe_table *t, int *ret_start, int *ret_end);
void probe_table_heading(const struct probe_table *t, struct out *out);
void probe_table_line(const struct probe_table *t, size_t row, struct out *out);
/* All values of @record that are not histograms, with its lists. */
void probe_table_detail(const struct record *record, struct out *out);
/* "1.2 us" for a value in ns, else its text. */
const char *probe_table_value(const struct record_value *v, char *buf, size_t size);
