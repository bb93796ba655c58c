/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/conline.h"

#include <string.h>

#include "core/base/visible.h"
#include "ui/utf8.h"

#define REPLACEMENT 0xfffd

size_t conline_text(const struct conline *c, char *buf, size_t size)
{
	size_t n = 0;

	for (unsigned i = 0; i < c->len && n + 5 < size; i++)
		n += utf8_put(buf + n, c->cell[i]);
	buf[n] = 0;
	return n;
}

static void finish(struct conline *c, void (*line)(void *ctx, const char *text, size_t len), void *ctx)
{
	char buf[CONLINE_CELLS * 4 + 8];
	size_t n = conline_text(c, buf, sizeof(buf));

	c->len = c->column = 0;
	line(ctx, buf, n);
}

static void put(struct conline *c, uint32_t cp)
{
	while (c->len < c->column)
		c->cell[c->len++] = ' ';
	if (c->column == c->len)
		c->len++;
	c->cell[c->column++] = cp;
}

/* What is left of a UTF-8 sequence that did not end well. */
static void flush_utf8(struct conline *c)
{
	if (c->utf8_len)
		put(c, REPLACEMENT);
	c->utf8_len = 0;
}

static void text_byte(struct conline *c, unsigned char byte)
{
	uint32_t cp;

	if (c->utf8_len && (byte & 0xc0) != 0x80)
		flush_utf8(c);
	if (byte < 0x80) {
		put(c, byte);
		return;
	}
	if (!c->utf8_len) {
		c->utf8_need = byte >= 0xf0 && byte < 0xf5 ? 4 : byte >= 0xe0 && byte < 0xf0 ? 3 :
			       byte >= 0xc2 && byte < 0xe0 ? 2 : 0;
		if (!c->utf8_need) {
			put(c, REPLACEMENT);
			return;
		}
	}
	c->utf8[c->utf8_len++] = byte;
	if (c->utf8_len < c->utf8_need)
		return;
	c->utf8_len = 0;
	/* C1 controls are control characters in any encoding. */
	if (utf8_decode((const char *)c->utf8, c->utf8_need, &cp) && cp >= 0xa0)
		put(c, cp);
	else
		put(c, REPLACEMENT);
}

/* ECMA-48: what follows Escape. Returns the state after @byte. */
static int escape_byte(struct conline *c, unsigned char byte)
{
	switch (c->state) {
	case CONLINE_ESC:
		if (byte == '[')
			return CONLINE_CSI;
		if (byte == ']' || byte == 'P' || byte == '^' || byte == '_' || byte == 'X')
			return CONLINE_STRING; /* up to ST or BEL */
		return byte >= 0x20 && byte <= 0x2f ? CONLINE_SKIP1 : CONLINE_TEXT;
	case CONLINE_SKIP1: /* intermediates, then one final byte */
		return byte >= 0x20 && byte <= 0x2f ? CONLINE_SKIP1 : CONLINE_TEXT;
	case CONLINE_CSI:
		return byte >= 0x40 && byte <= 0x7e ? CONLINE_TEXT : CONLINE_CSI;
	case CONLINE_STRING:
		return byte == 0x07 ? CONLINE_TEXT : byte == 0x1b ? CONLINE_STRING_ESC : CONLINE_STRING;
	case CONLINE_STRING_ESC:
		return byte == '\\' ? CONLINE_TEXT : CONLINE_STRING;
	case CONLINE_TEXT:
		break;
	}
	return CONLINE_TEXT;
}

void conline_feed(struct conline *c, const void *data, size_t len,
		  void (*line)(void *ctx, const char *text, size_t len), void *ctx)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++) {
		unsigned char byte = p[i];

		/* A newline ends any sequence: a guest that never finishes one must not go silent. */
		if (c->state != CONLINE_TEXT && byte != '\n') {
			c->state = escape_byte(c, byte);
			continue;
		}
		c->state = CONLINE_TEXT;
		if (byte < 0x20 || byte == 0x7f)
			flush_utf8(c);
		if (byte == '\n')
			finish(c, line, ctx);
		else if (byte == '\r')
			c->column = 0;
		else if (byte == '\b' || byte == 0x7f)
			c->column -= c->column > 0;
		else if (byte == '\t')
			c->column = (c->column | 7) + 1;
		else if (byte == 0x1b)
			c->state = CONLINE_ESC;
		else if (byte >= 0x20)
			text_byte(c, byte);
		if (c->column >= CONLINE_CELLS - 8)
			finish(c, line, ctx);
	}
}
