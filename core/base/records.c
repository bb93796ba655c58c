/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/records.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/visible.h"

/* What is open: a record, or a list of one. Indexes, because the arrays move when they grow. */
struct level {
	bool is_list;
	size_t index;	/* of the record in its list, or of the list in its record */
};

struct out_records {
	struct out out;	/* first: out_destroy() frees it */
	struct record_list top;
	VEC(struct level) open;
	size_t total;
	unsigned skipped;	/* depth inside a record that found no room */
};

static struct out_records *records_of(const struct out *out)
{
	return container_of(out, struct out_records, out);
}

static void list_free(struct record_list *list)
{
	for (size_t i = 0; i < list->len; i++) {
		struct record *r = &list->data[i];

		for (size_t k = 0; k < r->values.len; k++) {
			free(r->values.data[k].name);
			free(r->values.data[k].text);
		}
		for (size_t k = 0; k < r->children.len; k++) {
			free(r->children.data[k].name);
			list_free(&r->children.data[k].list);
		}
		vec_free(&r->values);
		vec_free(&r->children);
		free(r->type);
	}
	vec_free(list);
	list->dropped = 0;
}

/* The innermost open record, and the list that new records go to; either may be NULL. */
static void inner(struct out_records *rs, struct record **ret_record, struct record_list **ret_list)
{
	struct record_list *list = &rs->top;
	struct record *record = NULL;

	for (size_t i = 0; i < rs->open.len; i++) {
		const struct level *level = &rs->open.data[i];

		if (level->is_list) {
			list = &record->children.data[level->index].list;
		} else {
			record = &list->data[level->index];
			list = NULL;
		}
	}
	*ret_record = record;
	*ret_list = list;
}

static size_t child_of(struct record *record, const char *name)
{
	for (size_t i = 0; i < record->children.len; i++)
		if (!strcmp(record->children.data[i].name, name))
			return i;
	vec_push(&record->children, (struct record_child){ .name = xstrdup(name) });
	return record->children.len - 1;
}

static void records_begin(struct out *out, const char *type)
{
	struct out_records *rs = records_of(out);
	struct record_list *list;
	struct record *record;

	if (rs->skipped) {
		rs->skipped++;
		return;
	}
	inner(rs, &record, &list);
	if (!list) { /* directly inside a record: a list of one */
		vec_push(&rs->open, (struct level){ true, child_of(record, type) });
		inner(rs, &record, &list);
	}
	if (rs->total >= RECORDS_MAX) {
		list->dropped++;
		rs->skipped = 1;
		return;
	}
	rs->total++;
	vec_push(list, (struct record){ .type = xstrdup(type) });
	vec_push(&rs->open, (struct level){ false, list->len - 1 });
}

static void records_end(struct out *out)
{
	struct out_records *rs = records_of(out);

	if (rs->skipped) {
		rs->skipped--;
		return;
	}
	while (rs->open.len && rs->open.data[rs->open.len - 1].is_list)
		rs->open.len--;
	if (rs->open.len)
		rs->open.len--;
}

static void records_list(struct out *out, const char *name)
{
	struct out_records *rs = records_of(out);
	struct record_list *list;
	struct record *record;

	if (rs->skipped)
		return;
	inner(rs, &record, &list);
	if (!list) /* elsewhere there is no record to hang it on */
		vec_push(&rs->open, (struct level){ true, child_of(record, name) });
}

static void records_list_end(struct out *out)
{
	struct out_records *rs = records_of(out);

	if (!rs->skipped && rs->open.len && rs->open.data[rs->open.len - 1].is_list)
		rs->open.len--;
}

static bool number_of(const char *text, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*text)
		return false;
	for (; *text; text++)
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
			return false;
	*ret = v;
	return true;
}

static void records_value(struct out *out, enum role role, const char *name, const char *text, const char *json)
{
	struct out_records *rs = records_of(out);
	struct record_value value = { .role = role };
	struct text shown = { 0 };
	struct record_list *list;
	struct record *record;

	if (rs->skipped || !name)
		return;
	inner(rs, &record, &list);
	if (list || !record)
		return;
	visible_add(&shown, text, strlen(text), 0);
	value.name = xstrdup(name);
	value.text = text_take(&shown);
	value.is_number = number_of(value.text, &value.number);
	vec_push(&record->values, value);
}

static void nothing_text(struct out *out, enum role role, const char *s, size_t len) {}
static void nothing(struct out *out) {}

static void records_destroy(struct out *out)
{
	out_records_clear(out);
	vec_free(&records_of(out)->open);
}

static const struct out_ops records_ops = {
	.begin = records_begin,
	.end = records_end,
	.list = records_list,
	.list_end = records_list_end,
	.value = records_value,
	.text = nothing_text,
	.nl = nothing,
	.destroy = records_destroy,
};

struct out *out_create_records(void)
{
	struct out_records *rs = xcalloc(1, sizeof(*rs));

	rs->out.ops = &records_ops;
	rs->out.is_json = rs->out.is_raw = true;
	return &rs->out;
}

const struct record_list *out_records(const struct out *out)
{
	return &records_of(out)->top;
}

void out_records_clear(struct out *out)
{
	struct out_records *rs = records_of(out);

	list_free(&rs->top);
	rs->open.len = 0;
	rs->total = rs->skipped = 0;
	out->depth = out->column = 0;
}

const struct record_value *record_value(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->values.len; i++)
		if (!strcmp(r->values.data[i].name, name))
			return &r->values.data[i];
	return NULL;
}

uint64_t record_number(const struct record *r, const char *name, uint64_t otherwise)
{
	const struct record_value *v = record_value(r, name);

	return v && v->is_number ? v->number : otherwise;
}

const char *record_text(const struct record *r, const char *name)
{
	const struct record_value *v = record_value(r, name);

	return v ? v->text : "";
}

const struct record_list *record_children(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->children.len; i++)
		if (!strcmp(r->children.data[i].name, name))
			return &r->children.data[i].list;
	return NULL;
}
