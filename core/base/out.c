/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The face of the output sink: formats values once, makes hostile text visible once, keeps the column,
 * and hands backends clean text (no control characters, valid UTF-8) and ready JSON source.
 */
#include "core/base/out.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/visible.h"

/* JSON readers keep numbers as doubles: above this they would lose digits. */
#define JSON_NUMBER_MAX (1ULL << 53)

void out_begin(struct out *out, const char *type)
{
	out->ops->begin(out, type);
	out->depth++;
}

void out_end(struct out *out)
{
	if (!out->depth)
		return;
	out->depth--;
	out->ops->end(out);
	if (out->column)
		out_nl(out);
}

void out_list(struct out *out, const char *name)
{
	out->ops->list(out, name);
}

void out_list_end(struct out *out)
{
	out->ops->list_end(out);
}

/* @text is raw; @json is source or NULL for "as a string". */
static void value(struct out *out, enum role role, const char *name, int width, const char *text,
		  const char *json)
{
	struct text shown = { 0 }, source = { 0 };

	if (out->is_raw) {
		out->ops->value(out, role, name, text, NULL);
		return;
	}
	if (out->is_json) {
		if (!json) {
			json_add_string(&source, text, strlen(text));
			json = text_str(&source);
		}
	} else {
		size_t len = strlen(text);
		unsigned least = (unsigned)(width < 0 ? -width : width);
		unsigned cells = visible_add(&shown, text, len, out->column) - out->column;
		unsigned pad = cells < least ? least - cells : 0;

		if (pad && width < 0) {
			text_clear(&shown);
			text_printf(&shown, "%*s", (int)pad, "");
			visible_add(&shown, text, len, out->column + pad);
		} else if (pad) {
			text_printf(&shown, "%*s", (int)pad, "");
		}
		out->column += visible_cells(text_str(&shown), shown.len);
		json = "null";
	}
	out->ops->value(out, role, name, text_str(&shown), json);
	text_deinit(&shown);
	text_deinit(&source);
}

void out_dec(struct out *out, enum role role, const char *name, int width, uint64_t v)
{
	char text[24], json[32];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	snprintf(json, sizeof(json), v > JSON_NUMBER_MAX ? "\"%s\"" : "%s", text);
	value(out, role, name, -width, text, json);
}

void out_int(struct out *out, enum role role, const char *name, int width, int64_t v)
{
	uint64_t magnitude = v < 0 ? -(uint64_t)v : (uint64_t)v;
	char text[24], json[32];

	snprintf(text, sizeof(text), "%" PRId64, v);
	snprintf(json, sizeof(json), magnitude > JSON_NUMBER_MAX ? "\"%s\"" : "%s", text);
	value(out, role, name, -width, text, json);
}

void out_hex(struct out *out, enum role role, const char *name, int width, uint64_t v)
{
	char text[32], json[32];
	int digits = width < 0 ? 0 : width > 16 ? 16 : width;

	snprintf(text, sizeof(text), "0x%0*" PRIx64, digits, v);
	snprintf(json, sizeof(json), "\"0x%" PRIx64 "\"", v);
	value(out, role, name, 0, text, json);
}

void out_str(struct out *out, enum role role, const char *name, int width, const char *s)
{
	value(out, role, name, width, s ? s : "", s ? NULL : "null");
}

void out_strf(struct out *out, enum role role, const char *name, const char *fmt, ...)
{
	struct text t = { 0 };
	va_list ap;

	va_start(ap, fmt);
	text_vprintf(&t, fmt, ap);
	va_end(ap);
	value(out, role, name, 0, text_str(&t), NULL);
	text_deinit(&t);
}

void out_bool(struct out *out, enum role role, const char *name, const char *yes, const char *no, bool v)
{
	const char *word = v ? yes : no;

	value(out, role, name, 0, word ? word : "", v ? "true" : "false");
}

void out_hidden_dec(struct out *out, const char *name, uint64_t v)
{
	if (out->is_json)
		out_dec(out, ROLE_TEXT, name, 0, v);
}

void out_hidden_hex(struct out *out, const char *name, uint64_t v)
{
	if (out->is_json)
		out_hex(out, ROLE_TEXT, name, 0, v);
}

void out_hidden_str(struct out *out, const char *name, const char *s)
{
	if (out->is_json)
		out_str(out, ROLE_TEXT, name, 0, s);
}

void out_text(struct out *out, enum role role, const char *fmt, ...)
{
	struct text raw = { 0 }, shown = { 0 };
	va_list ap;

	if (out->is_json)
		return;
	va_start(ap, fmt);
	text_vprintf(&raw, fmt, ap);
	va_end(ap);
	out->column = visible_add(&shown, text_str(&raw), raw.len, out->column);
	if (shown.len)
		out->ops->text(out, role, shown.data, shown.len);
	text_deinit(&raw);
	text_deinit(&shown);
}

void out_pad(struct out *out, unsigned column)
{
	unsigned n = column > out->column ? column - out->column : 1;

	/* At the very start of a line nothing separates from nothing. */
	if (out->column || column)
		out_text(out, ROLE_TEXT, "%*s", (int)n, "");
}

void out_nl(struct out *out)
{
	if (out->is_json)
		return;
	out->ops->nl(out);
	out->column = 0;
}

/* Level of a message for JSON. */
static const char *level_of(enum role role)
{
	switch (role) {
	case ROLE_ERROR:
		return "error";
	case ROLE_WARN:
		return "warning";
	case ROLE_FINDING:
		return "finding";
	default:
		return "info";
	}
}

void out_vmessage(struct out *out, enum role role, const char *fmt, va_list ap)
{
	struct text t = { 0 };

	text_vprintf(&t, fmt, ap);
	if (out->column)
		out_nl(out);
	out_begin(out, "message");
	out_hidden_str(out, "level", level_of(role));
	out_str(out, role, "text", 0, text_str(&t));
	out_end(out);
	text_deinit(&t);
}

void out_message(struct out *out, enum role role, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	out_vmessage(out, role, fmt, ap);
	va_end(ap);
}

void out_flush(struct out *out)
{
	if (out->ops->flush)
		out->ops->flush(out);
}

void out_destroy(struct out *out)
{
	if (!out)
		return;
	if (out->ops->destroy)
		out->ops->destroy(out);
	free(out);
}
