/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of styled spans in memory, for panels and tests. */
#include <stdlib.h>
#include <string.h>

#include "core/base/out.h"
#include "core/base/text.h"
#include "core/base/vec.h"

struct out_capture {
	struct out out; /* first: out_destroy() frees it */
	VEC(struct out_line) lines;
	/* The line being written: the last of lines when @open. */
	bool open;
	size_t text_cap, spans_cap;
};

static struct out_capture *capture_of(const struct out *out)
{
	return container_of(out, struct out_capture, out);
}

static struct out_line *current(struct out_capture *capture)
{
	if (!capture->open) {
		vec_push(&capture->lines, (struct out_line){ .text = xcalloc(1, 1) });
		capture->open = true;
		capture->text_cap = 1;
		capture->spans_cap = 0;
	}
	return &capture->lines.data[capture->lines.len - 1];
}

static void capture_text(struct out *out, enum role role, const char *s, size_t len)
{
	struct out_capture *capture = capture_of(out);

	if (!len)
		return;
	struct out_line *line = current(capture);

	if (line->len + len + 1 > capture->text_cap) {
		capture->text_cap = (line->len + len + 1) * 2;
		line->text = xrealloc(line->text, capture->text_cap);
	}
	memcpy(line->text + line->len, s, len);
	line->text[line->len + len] = '\0';

	struct out_span *last = line->nspans ? &line->spans[line->nspans - 1] : NULL;

	if (last && last->role == role) {
		last->len += (uint32_t)len;
	} else {
		if (line->nspans == capture->spans_cap) {
			void *data = line->spans;

			vec_grow(&data, &capture->spans_cap, line->nspans, sizeof(*line->spans));
			line->spans = data;
		}
		line->spans[line->nspans++] = (struct out_span){
			.role = role, .start = (uint32_t)line->len, .len = (uint32_t)len,
		};
	}
	line->len += len;
}

static void capture_value(struct out *out, enum role role, const char *name, const char *text,
			  const char *json)
{
	capture_text(out, role, text, strlen(text));
}

static void capture_nl(struct out *out)
{
	struct out_capture *capture = capture_of(out);

	current(capture);
	capture->open = false;
}

static void nothing(struct out *out) {}
static void nothing_named(struct out *out, const char *name) {}

static void capture_destroy(struct out *out)
{
	struct out_capture *capture = capture_of(out);

	out_capture_clear(out);
	vec_free(&capture->lines);
}

static const struct out_ops capture_ops = {
	.begin = nothing_named,
	.end = nothing,
	.list = nothing_named,
	.list_end = nothing,
	.value = capture_value,
	.text = capture_text,
	.nl = capture_nl,
	.destroy = capture_destroy,
};

struct out *out_create_capture(void)
{
	struct out_capture *capture = xcalloc(1, sizeof(*capture));

	capture->out.ops = &capture_ops;
	return &capture->out;
}

size_t out_capture_lines(const struct out *out)
{
	return capture_of(out)->lines.len;
}

const struct out_line *out_capture_line(const struct out *out, size_t i)
{
	const struct out_capture *capture = capture_of(out);

	return i < capture->lines.len ? &capture->lines.data[i] : NULL;
}

void out_capture_clear(struct out *out)
{
	struct out_capture *capture = capture_of(out);

	for (size_t i = 0; i < capture->lines.len; i++) {
		free(capture->lines.data[i].text);
		free(capture->lines.data[i].spans);
	}
	capture->lines.len = 0;
	capture->open = false;
	out->column = 0;
}

char *out_capture_string(const struct out *out)
{
	const struct out_capture *capture = capture_of(out);
	struct text t = { 0 };

	for (size_t i = 0; i < capture->lines.len; i++) {
		text_add(&t, capture->lines.data[i].text, capture->lines.data[i].len);
		if (i + 1 < capture->lines.len || !capture->open)
			text_add(&t, "\n", 1);
	}
	return text_take(&t);
}
