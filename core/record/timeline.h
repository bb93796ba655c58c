/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recording seen from afar: how much happened when, by stream. */
#pragma once

#include "core/record/recording.h"

#define TIMELINE_ROWS 64
#define TIMELINE_COLUMNS 512

struct timeline_row {
	uint32_t stream;
	char name[32];		/* "vm cpu1" */
	double count[TIMELINE_COLUMNS];
	double most;
	bool lost[TIMELINE_COLUMNS];
};

struct timeline {
	uint64_t from, to;
	unsigned ncolumns, nrows;
	struct timeline_row row[TIMELINE_ROWS];
};

/*
 * Fills @t for @columns equal parts of [@from, @to). From chunk headers alone: the events of a chunk count as
 * evenly spread over its time, which is exact enough for a picture and never reads the file; a window of
 * few events is counted exactly.
 */
void timeline_fill(struct recording *rec, uint64_t from, uint64_t to, unsigned columns, struct timeline *t);
