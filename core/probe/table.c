/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/probe/table.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/probe/table_rows.h"

struct table *table_create(const char *name, const struct table_kind *kind)
{
	struct table *t = xcalloc(1, sizeof(*t));

	t->name = xstrdup(name);
	t->kind = *kind;
	return t;
}

static void row_free(struct table_row *row)
{
	for (unsigned i = 0; i < PROGRAM_KEYS_MAX; i++)
		free(row->keys[i].text);
	free(row->cell.buckets);
	free(row);
}

void table_clear(struct table *t)
{
	for (size_t i = 0; i < t->rows.len; i++)
		row_free(t->rows.data[i]);
	t->rows.len = 0;
	if (t->nindex)
		memset(t->index, 0, t->nindex * sizeof(*t->index));
	t->lost = 0;
}

void table_destroy(struct table *t)
{
	if (!t)
		return;
	table_clear(t);
	vec_free(&t->rows);
	free(t->index);
	free(t->name);
	free(t);
}

const char *table_name(const struct table *t)
{
	return t->name;
}

const struct table_kind *table_kind(const struct table *t)
{
	return &t->kind;
}

size_t table_rows(const struct table *t)
{
	return t->rows.len;
}

void table_lost(struct table *t, uint64_t n)
{
	t->lost += n;
}

/* ---- buckets ----------------------------------------------------------------------------------- */

unsigned table_buckets(const struct table_kind *kind)
{
	switch (kind->agg) {
	case AGG_HIST:
		return TABLE_LOG2_BUCKETS;
	case AGG_LHIST:
		return ((uint64_t)kind->hi - (uint64_t)kind->lo + kind->step - 1) / kind->step + 2;
	case AGG_QUANTILES:
		return TABLE_QUANTILE_BUCKETS;
	default:
		return 0;
	}
}

static unsigned log2_of(uint64_t v)
{
	return 63 - __builtin_clzll(v);
}

unsigned table_bucket(const struct table_kind *kind, int64_t v)
{
	if (kind->agg == AGG_HIST)
		return v < 0 ? 0 : v == 0 ? 1 : 2 + log2_of(v);
	if (kind->agg == AGG_LHIST) {
		if (v < kind->lo)
			return 0;
		if (v >= kind->hi)
			return table_buckets(kind) - 1;
		return 1 + ((uint64_t)v - (uint64_t)kind->lo) / kind->step;
	}
	/* quantiles: values below 16 exactly, then 16 steps to each power of two. */
	if (v < 16)
		return v < 0 ? 0 : v;
	unsigned power = log2_of(v);
	return (power - 3) * 16 + ((uint64_t)v >> (power - 4) & 15);
}

/* ---- rows -------------------------------------------------------------------------------------- */

static uint64_t hash_bytes(uint64_t h, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return h;
}

static uint64_t hash_keys(const struct table *t, const struct probe_value *keys)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (unsigned i = 0; i < t->kind.nkeys; i++) {
		if (keys[i].is_text)
			h = hash_bytes(h, keys[i].text, strlen(keys[i].text) + 1);
		else
			h = hash_bytes(h, &keys[i].num, sizeof(keys[i].num));
	}
	return h ^ h >> 29;
}

static bool same_keys(const struct table *t, const struct table_row *row, const struct probe_value *keys)
{
	for (unsigned i = 0; i < t->kind.nkeys; i++) {
		const struct table_key *k = &row->keys[i];
		if (k->is_text != keys[i].is_text ||
		    (k->is_text ? strcmp(k->text, keys[i].text) != 0 : k->num != keys[i].num))
			return false;
	}
	return true;
}

/* Where @keys are in the index, or the free place where they would be; the index is never full. */
static size_t find_place(const struct table *t, const struct probe_value *keys, uint64_t hash)
{
	size_t mask = t->nindex - 1, i = hash & mask;

	while (t->index[i] && (t->rows.data[t->index[i] - 1]->hash != hash ||
			       !same_keys(t, t->rows.data[t->index[i] - 1], keys)))
		i = (i + 1) & mask;
	return i;
}

static void reindex(struct table *t, size_t n)
{
	free(t->index);
	t->nindex = n;
	t->index = xcalloc(n, sizeof(*t->index));
	for (size_t r = 0; r < t->rows.len; r++) {
		size_t i = t->rows.data[r]->hash & (n - 1);
		while (t->index[i])
			i = (i + 1) & (n - 1);
		t->index[i] = r + 1;
	}
}

static struct table_row *find_row(const struct table *t, const struct probe_value *keys, uint64_t hash)
{
	if (!t->nindex)
		return NULL;
	uint32_t at = t->index[find_place(t, keys, hash)];
	return at ? t->rows.data[at - 1] : NULL;
}

static void set_keys(struct table *t, struct table_row *row, const struct probe_value *keys)
{
	char buf[64];

	for (unsigned i = 0; i < t->kind.nkeys; i++) {
		row->keys[i].is_text = keys[i].is_text;
		row->keys[i].is_signed = keys[i].is_signed;
		row->keys[i].num = keys[i].num;
		row->keys[i].text = xstrdup(probe_value_text(&keys[i], buf, sizeof(buf)));
	}
}

/* The row of @keys, made when it is new; NULL when there is no room. */
static struct table_row *get_row(struct table *t, const struct probe_value *keys)
{
	uint64_t hash = hash_keys(t, keys);
	struct table_row *row = find_row(t, keys, hash);

	if (row)
		return row;
	if (t->rows.len >= TABLE_ROWS_MAX)
		return NULL;
	row = xcalloc(1, sizeof(*row));
	row->hash = hash;
	set_keys(t, row, keys);
	if (table_buckets(&t->kind))
		row->cell.buckets = xcalloc(table_buckets(&t->kind), sizeof(*row->cell.buckets));
	vec_push(&t->rows, row);
	if (t->rows.len * 2 > t->nindex)
		reindex(t, t->nindex ? t->nindex * 2 : 64);
	else
		t->index[find_place(t, keys, hash)] = t->rows.len;
	return row;
}

bool table_merge(struct table *t, const struct probe_value *keys, const struct table_cell *cell)
{
	struct table_row *row = get_row(t, keys);

	if (!row) {
		t->lost += cell->count ? cell->count : 1;
		return false;
	}
	struct table_cell *c = &row->cell;
	if (!c->count || cell->min < c->min)
		c->min = cell->min;
	if (!c->count || cell->max > c->max)
		c->max = cell->max;
	c->count += cell->count;
	c->sum = (int64_t)((uint64_t)c->sum + (uint64_t)cell->sum);
	c->last = cell->last;
	for (unsigned i = 0; cell->buckets && i < table_buckets(&t->kind); i++)
		c->buckets[i] += cell->buckets[i];
	return true;
}

bool table_add(struct table *t, const struct probe_value *keys, int64_t value)
{
	struct table_row *row = get_row(t, keys);

	if (!row) {
		t->lost++;
		return false;
	}
	struct table_cell *c = &row->cell;
	if (!c->count || value < c->min)
		c->min = value;
	if (!c->count || value > c->max)
		c->max = value;
	c->count++;
	c->sum = (int64_t)((uint64_t)c->sum + (uint64_t)value);
	c->last = value;
	if (c->buckets)
		c->buckets[table_bucket(&t->kind, value)]++;
	return true;
}

void table_zero(struct table *t)
{
	unsigned n = table_buckets(&t->kind);

	for (size_t i = 0; i < t->rows.len; i++) {
		uint64_t *buckets = t->rows.data[i]->cell.buckets;
		if (n)
			memset(buckets, 0, n * sizeof(*buckets));
		t->rows.data[i]->cell = (struct table_cell){ .buckets = buckets };
	}
}

void table_delete(struct table *t, const struct probe_value *keys)
{
	struct table_row *row = find_row(t, keys, hash_keys(t, keys));

	for (size_t i = 0; row && i < t->rows.len; i++) {
		if (t->rows.data[i] != row)
			continue;
		row_free(row);
		t->rows.data[i] = t->rows.data[t->rows.len - 1];
		t->rows.len--;
		reindex(t, t->nindex);
		return;
	}
}

int64_t table_row_value(const struct table *t, const struct table_row *row)
{
	const struct table_cell *c = &row->cell;

	switch (t->kind.agg) {
	case AGG_SET:
		return c->last;
	case AGG_SUM:
		return c->sum;
	case AGG_MIN:
		return c->min;
	case AGG_MAX:
		return c->max;
	case AGG_AVG:
		return c->count ? c->sum / (int64_t)c->count : 0;
	default:
		return c->count;
	}
}

bool table_get(const struct table *t, const struct probe_value *keys, int64_t *ret)
{
	const struct table_row *row = find_row(t, keys, hash_keys(t, keys));

	if (row)
		*ret = table_row_value(t, row);
	return row != NULL;
}
