/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/scrollback.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/vec.h"

#define LINE_MAX_BYTES 8192 /* longer lines are cut: nobody reads them on a screen */

void scrollback_init(struct scrollback *sb, size_t cap)
{
	*sb = (struct scrollback){ .cap = cap, .line = xcalloc(cap, sizeof(*sb->line)) };
}

static void free_line(struct out_line *line)
{
	free(line->text);
	free(line->spans);
	*line = (struct out_line){0};
}

void scrollback_deinit(struct scrollback *sb)
{
	scrollback_clear(sb);
	free(sb->line);
	sb->line = NULL;
}

void scrollback_clear(struct scrollback *sb)
{
	for (; sb->first < sb->end; sb->first++)
		free_line(&sb->line[sb->first % sb->cap]);
}

void scrollback_push(struct scrollback *sb, const struct out_line *line)
{
	struct out_line *slot = &sb->line[sb->end % sb->cap];
	size_t len = line->len < LINE_MAX_BYTES ? line->len : LINE_MAX_BYTES;

	if (sb->end - sb->first == sb->cap) {
		free_line(slot);
		sb->first++;
	}
	slot->text = xstrndup(line->text ? line->text : "", len);
	slot->len = len;
	slot->nspans = 0;
	slot->spans = xcalloc(line->nspans ? line->nspans : 1, sizeof(*slot->spans));
	for (size_t i = 0; i < line->nspans && line->spans[i].start < len; i++) {
		slot->spans[i] = line->spans[i];
		if (slot->spans[i].start + slot->spans[i].len > len)
			slot->spans[i].len = len - slot->spans[i].start;
		slot->nspans++;
	}
	sb->end++;
}

void scrollback_puts(struct scrollback *sb, enum role role, const char *text)
{
	struct out *capture = out_create_capture();

	out_text(capture, role, "%s", text);
	out_nl(capture);
	scrollback_take(sb, capture);
	out_destroy(capture);
}

void scrollback_take(struct scrollback *sb, struct out *capture)
{
	size_t n = out_capture_lines(capture);

	for (size_t i = 0; i < n; i++)
		scrollback_push(sb, out_capture_line(capture, i));
	if (n)
		out_capture_clear(capture);
}

static uint64_t model_first(void *ctx)
{
	return ((struct scrollback *)ctx)->first;
}

static uint64_t model_end(void *ctx)
{
	return ((struct scrollback *)ctx)->end;
}

static const struct out_line *model_line(void *ctx, uint64_t n)
{
	struct scrollback *sb = ctx;

	return n >= sb->first && n < sb->end ? &sb->line[n % sb->cap] : NULL;
}

const struct list_model scrollback_model = {
	.first = model_first,
	.end = model_end,
	.line = model_line,
};
