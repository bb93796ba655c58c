/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables as text, in the form bpftrace's users know, and as records. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/probe/table_rows.h"

#define BAR 52

/* Order of rows: by value, then by key, so that equal counts stand still. */
static int compare_keys(const struct table_row *a, const struct table_row *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct table_key *x = &a->keys[i], *y = &b->keys[i];
		int order;
		if (x->is_text || y->is_text)
			order = strcmp(x->text, y->text);
		else if (x->is_signed)
			order = ((int64_t)x->num > (int64_t)y->num) - ((int64_t)x->num < (int64_t)y->num);
		else
			order = (x->num > y->num) - (x->num < y->num);
		if (order)
			return order;
	}
	return 0;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct table_row *x = *(const struct table_row *const *)a;
	const struct table_row *y = *(const struct table_row *const *)b;
	const struct table *t = arg;
	int64_t v = table_row_value(t, x), w = table_row_value(t, y);

	if (table_buckets(&t->kind))
		return compare_keys(x, y, t->kind.nkeys);
	if (v != w)
		return v < w ? -1 : 1;
	return compare_keys(x, y, t->kind.nkeys);
}

/* 1024 is 1K; other numbers as they are. */
static const char *bound(char *buf, size_t size, int64_t v)
{
	static const char units[] = " KMGTPE";
	unsigned unit = 0;

	if (v < 0) {
		snprintf(buf, size, "%" PRId64, v);
		return buf;
	}
	while (v >= 1024 && v % 1024 == 0 && unit < 6) {
		v /= 1024;
		unit++;
	}
	snprintf(buf, size, unit ? "%" PRId64 "%c" : "%" PRId64, v, units[unit]);
	return buf;
}

/* The range of bucket @i as text; [lo, hi). */
static void bucket_name(const struct table_kind *kind, unsigned i, char *buf, size_t size)
{
	char lo[32], hi[32];

	if (kind->agg == AGG_HIST) {
		if (i == 0)
			snprintf(buf, size, "(..., 0)");
		else if (i == 1 || i == 2)
			snprintf(buf, size, "[%u]", i - 1);
		else if (i == TABLE_LOG2_BUCKETS - 1)
			snprintf(buf, size, "[%s, ...)", bound(lo, sizeof(lo), INT64_MAX));
		else
			snprintf(buf, size, "[%s, %s)", bound(lo, sizeof(lo), 1LL << (i - 2)),
				 i == TABLE_LOG2_BUCKETS - 2 ? "8E" : bound(hi, sizeof(hi), 1LL << (i - 1)));
		return;
	}
	if (i == 0) {
		snprintf(buf, size, "(..., %s)", bound(hi, sizeof(hi), kind->lo));
		return;
	}
	int64_t from = kind->lo + (int64_t)(i - 1) * kind->step;
	if (i == table_buckets(kind) - 1)
		snprintf(buf, size, "[%s, ...)", bound(lo, sizeof(lo), kind->hi));
	else
		snprintf(buf, size, "[%s, %s)", bound(lo, sizeof(lo), from),
			 bound(hi, sizeof(hi), from + kind->step));
}

static void show_histogram(const struct table *t, const struct table_cell *cell, struct out *out)
{
	unsigned n = table_buckets(&t->kind), first = n, last = 0;
	uint64_t most = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!cell->buckets[i])
			continue;
		first = first == n ? i : first;
		last = i;
		most = cell->buckets[i] > most ? cell->buckets[i] : most;
	}
	out_list(out, "buckets");
	for (unsigned i = first; i <= last && i < n; i++) {
		unsigned bar = (unsigned __int128)cell->buckets[i] * BAR / most;
		char name[80];
		bucket_name(&t->kind, i, name, sizeof(name));
		out_begin(out, "bucket");
		out_str(out, ROLE_LABEL, "range", 16, name);
		out_text(out, ROLE_TEXT, " ");
		out_dec(out, ROLE_NUMBER, "count", 8, cell->buckets[i]);
		out_text(out, ROLE_DIM, " |");
		out_text(out, ROLE_GOOD, "%.*s", bar, "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@");
		out_text(out, ROLE_DIM, "%*s|", BAR - bar, "");
		out_end(out);
	}
	out_list_end(out);
}

/* The upper end of the bucket in which the @share-th part of all values is reached, at most the maximum. */
static int64_t quantile(const struct table *t, const struct table_cell *cell, double share)
{
	uint64_t want = cell->count * share, seen = 0;

	for (unsigned i = 0; i < TABLE_QUANTILE_BUCKETS; i++) {
		seen += cell->buckets[i];
		if (seen <= want && i + 1 < TABLE_QUANTILE_BUCKETS)
			continue;
		if (i < 16)
			return i;
		uint64_t power = i / 16 + 3;
		uint64_t upper = (1ULL << power) + ((uint64_t)(i % 16 + 1) << (power - 4)) - 1;
		return upper < (uint64_t)cell->max ? (int64_t)upper : cell->max;
	}
	return cell->max;
}

static void show_quantiles(const struct table *t, const struct table_cell *cell, struct out *out)
{
	static const struct { const char *name; double share; } points[] = {
		{ "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "p99.9", 0.999 },
	};

	out_text(out, ROLE_TEXT, " count ");
	out_dec(out, ROLE_NUMBER, "count", 0, cell->count);
	for (unsigned i = 0; i < ARRAY_SIZE(points); i++) {
		out_text(out, ROLE_LABEL, "  %s ", points[i].name);
		out_int(out, ROLE_NUMBER, points[i].name, 0, quantile(t, cell, points[i].share));
	}
	out_text(out, ROLE_LABEL, "  max ");
	out_int(out, ROLE_NUMBER, "max", 0, cell->max);
}

static void show_row(const struct table *t, const struct table_row *row, struct out *out)
{
	out_begin(out, "map_row");
	out_hidden_str(out, "map", t->name);
	out_text(out, ROLE_LABEL, "@%s", t->name);
	if (t->kind.nkeys) {
		out_text(out, ROLE_TEXT, "[");
		out_list(out, "keys");
		for (unsigned i = 0; i < t->kind.nkeys; i++) {
			if (out->is_json) {
				out_begin(out, "key");
				out_str(out, ROLE_TEXT, "value", 0, row->keys[i].text);
				out_end(out);
			} else {
				out_text(out, ROLE_TEXT, "%s%s", i ? ", " : "", row->keys[i].text);
			}
		}
		out_list_end(out);
		out_text(out, ROLE_TEXT, "]");
	}
	out_text(out, ROLE_TEXT, ":");
	if (t->kind.agg == AGG_QUANTILES) {
		show_quantiles(t, &row->cell, out);
	} else if (table_buckets(&t->kind)) {
		if (!out->is_json)
			out_nl(out);
		out_hidden_dec(out, "count", row->cell.count);
		show_histogram(t, &row->cell, out);
		if (!out->is_json)
			out_nl(out);
	} else {
		out_text(out, ROLE_TEXT, " ");
		out_int(out, ROLE_NUMBER, "value", 0, table_row_value(t, row));
	}
	out_end(out);
}

void table_show(const struct table *t, struct out *out)
{
	size_t n = t->rows.len, shown = t->kind.top && t->kind.top < n ? t->kind.top : n;
	struct table_row **rows = xcalloc(n + 1, sizeof(struct table_row *));

	for (size_t i = 0; i < n; i++)
		rows[i] = t->rows.data[i];
	qsort_r(rows, n, sizeof(rows[0]), compare_rows, (void *)t);
	for (size_t i = 0; i < shown; i++)
		show_row(t, t->kind.top ? rows[n - 1 - i] : rows[i], out);
	if (shown < n)
		out_message(out, ROLE_DIM, "@%s: %zu more rows", t->name, n - shown);
	if (t->lost)
		out_message(out, ROLE_WARN, "@%s: %" PRIu64 " updates lost: a map has at most %d rows", t->name,
			    t->lost, TABLE_ROWS_MAX);
	free(rows);
}
