/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON, one object a line. Records open objects, lists open arrays; whatever order callers use, what is
 * written is valid: ends close what is open inside them, a record directly inside a record becomes a
 * member named by its type, a value directly inside a list is an element, and values outside records are text, which JSON does not show.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/out.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/base/visible.h"

enum level { LEVEL_RECORD, LEVEL_LIST };

struct out_json {
	struct out out;		/* first: out_destroy() frees it */
	FILE *stream;
	struct text line;	/* the top-level object being built */
	VEC(enum level) open;
	bool comma;		/* something stands before the next member or element */
};

static struct out_json *json_of(struct out *out)
{
	return container_of(out, struct out_json, out);
}

static bool inside(const struct out_json *json, enum level level)
{
	return json->open.len && json->open.data[json->open.len - 1] == level;
}

static void separate(struct out_json *json)
{
	if (json->comma)
		text_add(&json->line, ",", 1);
	json->comma = true;
}

static void member(struct out_json *json, const char *name)
{
	separate(json);
	json_add_string(&json->line, name, strlen(name));
	text_add(&json->line, ":", 1);
}

static void open_level(struct out_json *json, enum level level, const char *bracket)
{
	text_add(&json->line, bracket, 1);
	vec_push(&json->open, level);
	json->comma = false;
}

static void close_level(struct out_json *json)
{
	enum level level = json->open.data[--json->open.len];

	text_add(&json->line, level == LEVEL_LIST ? "]" : "}", 1);
	json->comma = true;
}

static void json_begin(struct out *out, const char *type)
{
	struct out_json *json = json_of(out);

	if (inside(json, LEVEL_RECORD))
		member(json, type);
	else
		separate(json);
	open_level(json, LEVEL_RECORD, "{");
	member(json, "type");
	json_add_string(&json->line, type, strlen(type));
}

static void json_end(struct out *out)
{
	struct out_json *json = json_of(out);

	while (inside(json, LEVEL_LIST))
		close_level(json);
	if (json->open.len)
		close_level(json);
	if (json->open.len || !json->line.len)
		return;
	text_add(&json->line, "\n", 1);
	fwrite(json->line.data, 1, json->line.len, json->stream);
	text_clear(&json->line);
	json->comma = false;
}

/* At top level, and directly inside another list, there is no member to hang an array on: the records
 * simply follow one another. */
static void json_list(struct out *out, const char *name)
{
	struct out_json *json = json_of(out);

	if (!inside(json, LEVEL_RECORD))
		return;
	member(json, name);
	open_level(json, LEVEL_LIST, "[");
}

static void json_list_end(struct out *out)
{
	struct out_json *json = json_of(out);

	if (inside(json, LEVEL_LIST))
		close_level(json);
}

static void json_value(struct out *out, enum role role, const char *name, const char *text,
		       const char *source)
{
	struct out_json *json = json_of(out);

	if (inside(json, LEVEL_RECORD) && name)
		/* "type" is taken by the record itself. */
		member(json, strcmp(name, "type") == 0 ? "type_" : name);
	else if (inside(json, LEVEL_LIST))
		separate(json);
	else
		return;
	text_puts(&json->line, source);
}

static void json_text(struct out *out, enum role role, const char *s, size_t len) {}
static void json_nl(struct out *out) {}

static void json_flush(struct out *out)
{
	fflush(json_of(out)->stream);
}

static void json_destroy(struct out *out)
{
	struct out_json *json = json_of(out);

	/* An abandoned record (a command that failed half way) is completed, not cut. */
	while (json->open.len)
		json_end(out);
	fflush(json->stream);
	text_deinit(&json->line);
	vec_free(&json->open);
}

static const struct out_ops json_ops = {
	.begin = json_begin,
	.end = json_end,
	.list = json_list,
	.list_end = json_list_end,
	.value = json_value,
	.text = json_text,
	.nl = json_nl,
	.flush = json_flush,
	.destroy = json_destroy,
};

struct out *out_create_json(FILE *stream)
{
	struct out_json *json = xcalloc(1, sizeof(*json));

	*json = (struct out_json){ .out = { .ops = &json_ops, .is_json = true }, .stream = stream };
	return &json->out;
}
