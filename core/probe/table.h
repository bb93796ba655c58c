/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A map of a probe file: aggregates by key. Bounded in rows; updates that found no room are counted and
 * shown. Histograms: hist() has a bucket for each power of two, lhist() equal steps with one bucket below
 * and one above, quantiles() 16 to each power of two (error of a quantile at most 1/16).
 */
#pragma once

#include <stdint.h>

#include "core/base/out.h"
#include "core/probe/bind.h"
#include "core/probe/program.h"

#define TABLE_ROWS_MAX 10000
#define TABLE_LOG2_BUCKETS 66	/* negative, 0, [1, 2), [2, 4) ... */
#define TABLE_QUANTILE_BUCKETS (64 * 16)

struct table;

/* What all uses of one map have in common. */
struct table_kind {
	enum program_agg agg;
	unsigned nkeys;
	int64_t lo, hi, step;	/* lhist */
	unsigned top;		/* rows shown, the greatest; 0: all */
};

struct table_cell {
	uint64_t count;
	int64_t sum, min, max, last;
	uint64_t *buckets;	/* NULL unless the kind has some */
};

struct table *table_create(const char *name, const struct table_kind *kind);
void table_destroy(struct table *t); /* NULL is fine */
const char *table_name(const struct table *t);
const struct table_kind *table_kind(const struct table *t);
unsigned table_buckets(const struct table_kind *kind);
/* The bucket of @v; always below table_buckets(). */
unsigned table_bucket(const struct table_kind *kind, int64_t v);

/* One value more at the row of @keys (kind's nkeys). False when it found no room (counted). */
bool table_add(struct table *t, const struct probe_value *keys, int64_t value);
/* Sums of a cell from elsewhere (a map in the kernel) onto a row: counts, sums and buckets add up, @last is
 * taken. @cell's buckets are as many as table_buckets(). */
bool table_merge(struct table *t, const struct probe_value *keys, const struct table_cell *cell);
void table_lost(struct table *t, uint64_t n); /* updates that found no room elsewhere */
void table_clear(struct table *t);	/* no rows */
void table_zero(struct table *t);	/* rows stay, values are 0 */
void table_delete(struct table *t, const struct probe_value *keys);

size_t table_rows(const struct table *t);
/* The value the row of @keys has as a number: count, sum, average ... ; false: no such row. */
bool table_get(const struct table *t, const struct probe_value *keys, int64_t *ret);
/* All rows: by value, the greatest last (top: first, and only so many). */
void table_show(const struct table *t, struct out *out);
