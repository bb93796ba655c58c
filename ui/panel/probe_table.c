/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/panel/probe_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ui/draw.h"

#define TEXT_WIDTH_MAX 44
#define COLUMNS_MAX 24

/* Values that are shown with the row that is opened, not as columns. */
static const char *const detail_only[] = {
	"tid", "pid", "addr", "elapsed_ns", "min_ns", "min", "longest_tid", "owner_tid", "stack", "note",
};

static bool is_detail(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(detail_only); i++)
		if (!strcmp(name, detail_only[i]))
			return true;
	return false;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n > k && !strcmp(s + n - k, end);
}

static bool is_remark(const struct record *r)
{
	return !strcmp(r->type, "message") || !strcmp(r->type, "probe_state");
}

/* ---- columns ------------------------------------------------------------------------------------- */

static void columns_free(struct probe_table *t)
{
	for (size_t i = 0; i < t->columns.len; i++) {
		free(t->columns.data[i].name);
		free(t->columns.data[i].title);
	}
	t->columns.len = 0;
}

static const struct table_column *column_of(const struct probe_table *t, const char *name)
{
	for (size_t i = 0; name && i < t->columns.len; i++)
		if (!strcmp(t->columns.data[i].name, name))
			return &t->columns.data[i];
	return NULL;
}

static void column_add(struct probe_table *t, const char *name, const char *title, enum column_kind kind)
{
	struct table_column c = { .name = xstrdup(name), .kind = kind };

	c.title = title ? xstrdup(title) : xstrdup(name);
	if (!title && kind == COLUMN_TIME)
		c.title[strlen(name) - 3] = 0; /* "_ns" */
	for (char *p = c.title; *p; p++)
		if (*p == '_')
			*p = ' ';
	c.width = kind == COLUMN_TIME ? 9 : kind == COLUMN_RATE ? 7 : 0;
	vec_push(&t->columns, c);
}

static void columns_find(struct probe_table *t, const struct record *r)
{
	for (size_t i = 0; i < r->values.len && t->columns.len < COLUMNS_MAX; i++) {
		const struct record_value *v = &r->values.data[i];
		const struct table_column *known = column_of(t, v->name);

		if (known && known->kind == COLUMN_NUMBER && !v->is_number)
			((struct table_column *)known)->kind = COLUMN_TEXT;
		if (known || is_detail(v->name))
			continue;
		column_add(t, v->name, NULL, ends_with(v->name, "_ns") ? COLUMN_TIME :
			   v->is_number ? COLUMN_NUMBER : COLUMN_TEXT);
		if (!strcmp(v->name, "count"))
			column_add(t, "/rate", "/s", COLUMN_RATE);
	}
}

static void columns_measure(struct probe_table *t)
{
	char buf[64];

	for (size_t i = 0; i < t->columns.len; i++) {
		struct table_column *c = &t->columns.data[i];
		int n = text_cells(c->title, strlen(c->title));

		if (c->width < n)
			c->width = n;
		for (size_t k = 0; k < t->rows.len && c->kind != COLUMN_RATE; k++) {
			const struct record_value *v = record_value(t->rows.data[k].record, c->name);
			const char *s = v ? probe_table_value(v, buf, sizeof(buf)) : "";

			n = text_cells(s, strlen(s));
			if (c->width < n)
				c->width = n < TEXT_WIDTH_MAX ? n : TEXT_WIDTH_MAX;
		}
	}
}

/* ---- rows ---------------------------------------------------------------------------------------- */

static void rows_free(struct probe_table *t)
{
	for (size_t i = 0; i < t->rows.len; i++)
		free(t->rows.data[i].key);
	t->rows.len = 0;
}

static void before_free(struct probe_table *t)
{
	for (size_t i = 0; i < t->before.len; i++)
		free(t->before.data[i].key);
	t->before.len = 0;
}

/* What tells rows apart: what is no sum. */
static char *key_of(const struct record *r)
{
	struct text t = { 0 };

	for (size_t i = 0; i < r->values.len; i++) {
		const struct record_value *v = &r->values.data[i];

		if (!v->is_number || !strcmp(v->name, "tid") || !strcmp(v->name, "vcpu") || !strcmp(v->name, "cpu"))
			text_printf(&t, "%s\x1f", v->text);
	}
	return text_take(&t);
}

static int seen_order(const void *a, const void *b)
{
	return strcmp(((const struct table_seen *)a)->key, ((const struct table_seen *)b)->key);
}

static void rate_of(const struct probe_table *t, struct table_row *row, uint64_t elapsed_ns)
{
	uint64_t count = record_number(row->record, "count", 0), from = 0, ns = elapsed_ns;
	const struct table_seen *seen = NULL;

	if (t->before.len)
		seen = bsearch(&(struct table_seen){ .key = row->key }, t->before.data, t->before.len,
			       sizeof(*t->before.data), seen_order);
	/* A row that is new began after the last look. */
	if (t->before_ns && t->before_ns < elapsed_ns && (!seen || seen->count <= count)) {
		from = seen ? seen->count : 0;
		ns = elapsed_ns - t->before_ns;
	}
	row->rate = ns ? (double)(count - from) * 1e9 / (double)ns : 0;
}

static void remember(struct probe_table *t, uint64_t elapsed_ns)
{
	/* Two looks at the same moment give no rate. */
	if (t->before_ns == elapsed_ns)
		return;
	before_free(t);
	for (size_t i = 0; i < t->rows.len; i++)
		vec_push(&t->before, (struct table_seen){ xstrdup(t->rows.data[i].key),
							  record_number(t->rows.data[i].record, "count", 0) });
	if (t->before.len)
		qsort(t->before.data, t->before.len, sizeof(*t->before.data), seen_order);
	t->before_ns = elapsed_ns;
}

static int compare(const void *a, const void *b, void *ctx)
{
	const struct table_row *x = a, *y = b;
	const struct probe_table *t = ctx;
	const struct table_column *c = column_of(t, t->sort);
	const struct record_value *v = c ? record_value(x->record, c->name) : NULL;
	const struct record_value *w = c ? record_value(y->record, c->name) : NULL;
	int d = 0;

	if (c && c->kind == COLUMN_RATE)
		d = x->rate < y->rate ? -1 : x->rate > y->rate;
	else if (!v || !w)
		d = !!v - !!w;
	else if (v->is_number && w->is_number)
		d = v->number < w->number ? -1 : v->number > w->number;
	else
		d = strcmp(v->text, w->text);
	if (!t->ascending)
		d = -d;
	return d ? d : strcmp(x->key, y->key);
}

static void sort(struct probe_table *t)
{
	if (t->rows.len)
		qsort_r(t->rows.data, t->rows.len, sizeof(*t->rows.data), compare, t);
}

/* ---- fill ---------------------------------------------------------------------------------------- */

static void types_find(struct probe_table *t, const struct record_list *list)
{
	for (size_t i = 0; i < t->types.len; i++)
		free(t->types.data[i]);
	t->types.len = 0;
	for (size_t i = 0; i < list->len; i++) {
		bool known = is_remark(&list->data[i]);

		for (size_t k = 0; k < t->types.len && !known; k++)
			known = !strcmp(t->types.data[k], list->data[i].type);
		if (!known)
			vec_push(&t->types, xstrdup(list->data[i].type));
	}
}

static void type_set(struct probe_table *t, const char *type)
{
	char *fresh = type ? xstrdup(type) : NULL;

	if (t->type && fresh && !strcmp(t->type, fresh)) {
		free(fresh);
		return;
	}
	free(t->type);
	t->type = fresh;
	before_free(t);
	t->before_ns = 0;
}

static void sort_default(struct probe_table *t)
{
	const struct table_column *c = column_of(t, "total_ns");

	if (t->sort && column_of(t, t->sort))
		return;
	c = c ? c : column_of(t, "total");
	c = c ? c : column_of(t, "count");
	free(t->sort);
	t->sort = c ? xstrdup(c->name) : NULL;
	t->ascending = false;
}

static bool has_type(const struct probe_table *t, const char *type)
{
	for (size_t i = 0; type && i < t->types.len; i++)
		if (!strcmp(t->types.data[i], type))
			return true;
	return false;
}

static void type_find(struct probe_table *t, const struct record_list *list)
{
	const char *name = list->len ? record_text(&list->data[0], "name") : "", *best = NULL;
	size_t most = 0;

	t->chosen = t->chosen && has_type(t, t->type);
	if (t->chosen)
		return;
	for (size_t i = 0; i < t->types.len; i++) {
		size_t n = 0;

		for (size_t k = 0; k < list->len; k++)
			n += !strcmp(list->data[k].type, t->types.data[i]);
		if (n > most)
			best = t->types.data[i];
		most = n > most ? n : most;
	}
	type_set(t, is_remark(&list->data[0]) && has_type(t, name) ? name : best);
}

void probe_table_fill(struct probe_table *t, const struct record_list *list, uint64_t elapsed_ns)
{
	types_find(t, list);
	if (list->len)
		type_find(t, list);
	columns_free(t);
	rows_free(t);
	for (size_t i = 0; i < list->len && t->type; i++) {
		struct table_row row = { .record = &list->data[i] };

		if (strcmp(list->data[i].type, t->type))
			continue;
		columns_find(t, row.record);
		row.key = key_of(row.record);
		rate_of(t, &row, elapsed_ns);
		vec_push(&t->rows, row);
	}
	remember(t, elapsed_ns);
	columns_measure(t);
	sort_default(t);
	sort(t);
}

void probe_table_sort_by(struct probe_table *t, int step)
{
	size_t n = t->columns.len, at = 0;

	if (!n)
		return;
	for (size_t i = 0; t->sort && i < n; i++)
		if (!strcmp(t->columns.data[i].name, t->sort))
			at = i;
	at = (at + n + (size_t)step) % n;
	free(t->sort);
	t->sort = xstrdup(t->columns.data[at].name);
	t->ascending = t->columns.data[at].kind == COLUMN_TEXT;
	sort(t);
}

void probe_table_reverse(struct probe_table *t)
{
	t->ascending = !t->ascending;
	sort(t);
}

bool probe_table_next_type(struct probe_table *t)
{
	for (size_t i = 0; t->type && i < t->types.len && t->types.len > 1; i++) {
		if (strcmp(t->types.data[i], t->type))
			continue;
		type_set(t, t->types.data[(i + 1) % t->types.len]);
		t->chosen = true;
		return true;
	}
	return false;
}

void probe_table_deinit(struct probe_table *t)
{
	columns_free(t);
	rows_free(t);
	before_free(t);
	for (size_t i = 0; i < t->types.len; i++)
		free(t->types.data[i]);
	vec_free(&t->columns);
	vec_free(&t->rows);
	vec_free(&t->before);
	vec_free(&t->types);
	free(t->type);
	free(t->sort);
	*t = (struct probe_table){ 0 };
}

/* ---- lines --------------------------------------------------------------------------------------- */

const char *probe_table_value(const struct record_value *v, char *buf, size_t size)
{
	return v->is_number && ends_with(v->name, "_ns") ? format_time_ns(buf, size, v->number) : v->text;
}

static void cell(struct out *out, enum role role, const struct table_column *c, const char *text, bool last)
{
	int width = c->width, cells = text_cells(text, strlen(text));

	if (c->kind == COLUMN_TEXT && last)
		width = 0;
	if (c->kind != COLUMN_TEXT && cells < width)
		out_text(out, ROLE_TEXT, "%*s", width - cells, "");
	out_text(out, role, "%s", text);
	if (c->kind == COLUMN_TEXT && cells < width)
		out_text(out, ROLE_TEXT, "%*s", width - cells, "");
	out_text(out, ROLE_TEXT, "  ");
}

void probe_table_sort_span(const struct probe_table *t, int *ret_start, int *ret_end)
{
	int x = 0;

	*ret_start = *ret_end = 0;
	for (size_t i = 0; t->sort && i < t->columns.len; i++) {
		if (!strcmp(t->columns.data[i].name, t->sort)) {
			*ret_start = x;
			*ret_end = x + t->columns.data[i].width;
		}
		x += t->columns.data[i].width + 2;
	}
}

void probe_table_heading(const struct probe_table *t, struct out *out)
{
	for (size_t i = 0; i < t->columns.len; i++) {
		const struct table_column *c = &t->columns.data[i];

		cell(out, t->sort && !strcmp(t->sort, c->name) ? ROLE_CURRENT : ROLE_HEADING, c, c->title,
		     i + 1 == t->columns.len);
	}
	out_nl(out);
}

void probe_table_line(const struct probe_table *t, size_t row, struct out *out)
{
	const struct table_row *r = &t->rows.data[row];
	char buf[64];

	for (size_t i = 0; i < t->columns.len; i++) {
		const struct table_column *c = &t->columns.data[i];
		const struct record_value *v = record_value(r->record, c->name);
		bool last = i + 1 == t->columns.len;

		if (c->kind == COLUMN_RATE) {
			snprintf(buf, sizeof(buf), "%.0f", r->rate);
			cell(out, ROLE_NUMBER, c, buf, last);
		} else {
			cell(out, v ? v->role == ROLE_TEXT && c->kind != COLUMN_TEXT ? ROLE_NUMBER : v->role : ROLE_DIM,
			     c, v ? probe_table_value(v, buf, sizeof(buf)) : "-", last);
		}
	}
	out_nl(out);
}

static void detail_list(const struct record_child *child, struct out *out)
{
	char buf[64];

	for (size_t i = 0; i < child->list.len; i++) {
		const struct record *r = &child->list.data[i];

		out_text(out, ROLE_LABEL, "%-12s ", i ? "" : child->name);
		for (size_t k = 0; k < r->values.len; k++)
			out_text(out, r->values.data[k].role, "%s%s", k ? "  " : "",
				 probe_table_value(&r->values.data[k], buf, sizeof(buf)));
		out_nl(out);
	}
}

void probe_table_detail(const struct record *record, struct out *out)
{
	char buf[64];

	for (size_t i = 0; i < record->values.len; i++) {
		const struct record_value *v = &record->values.data[i];

		out_text(out, ROLE_LABEL, "%-12s ", v->name);
		out_text(out, v->role, "%s", probe_table_value(v, buf, sizeof(buf)));
		out_nl(out);
	}
	for (size_t i = 0; i < record->children.len; i++)
		if (strcmp(record->children.data[i].name, "histogram"))
			detail_list(&record->children.data[i], out);
}
