/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/visible.h"

#include <stdbool.h>

#include "core/base/vec.h"

struct range {
	uint32_t first, last;
};

/* Combining marks and joiners that take no cell. */
static const struct range zero_width[] = {
	{ 0x300, 0x36f }, { 0x483, 0x489 }, { 0x591, 0x5bd }, { 0x610, 0x61a }, { 0x64b, 0x65f },
	{ 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200d }, { 0x20d0, 0x20ff },
	{ 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xe0100, 0xe01ef },
};

/* East Asian wide and fullwidth, and emoji. */
static const struct range wide[] = {
	{ 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0x33ff }, { 0x3400, 0x4dbf },
	{ 0x4e00, 0x9fff }, { 0xa000, 0xa4cf }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
	{ 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f },
	{ 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

/* Printable by Unicode, yet a terminal or a reader is misled by them: C1 controls, directions, line
 * separators, the byte order mark, private tags. */
static const struct range hidden[] = {
	{ 0x7f, 0x9f }, { 0xad, 0xad }, { 0x61c, 0x61c }, { 0x200e, 0x200f }, { 0x2028, 0x202e },
	{ 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
};

static bool in_ranges(const struct range *ranges, size_t n, uint32_t cp)
{
	for (size_t i = 0; i < n && cp >= ranges[i].first; i++)
		if (cp <= ranges[i].last)
			return true;
	return false;
}

unsigned utf8_decode(const char *s, size_t len, uint32_t *ret_cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *p = (const uint8_t *)s;
	unsigned n;

	if (!len)
		return 0;
	if (p[0] < 0x80) {
		*ret_cp = p[0];
		return 1;
	}
	if ((p[0] & 0xe0) == 0xc0)
		n = 2;
	else if ((p[0] & 0xf0) == 0xe0)
		n = 3;
	else if ((p[0] & 0xf8) == 0xf0)
		n = 4;
	else
		return 0;
	if (len < n)
		return 0;
	uint32_t cp = p[0] & (0x7f >> n);

	for (unsigned i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	/* Overlong forms, surrogates and numbers past Unicode are not UTF-8. */
	if (cp < least[n] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	*ret_cp = cp;
	return n;
}

unsigned utf8_cells(uint32_t cp)
{
	if (cp < 0x300)
		return 1;
	if (in_ranges(zero_width, ARRAY_SIZE(zero_width), cp))
		return 0;
	return in_ranges(wide, ARRAY_SIZE(wide), cp) ? 2 : 1;
}

unsigned visible_cells(const char *s, size_t len)
{
	unsigned cells = 0;

	while (len) {
		uint32_t cp;
		unsigned n = utf8_decode(s, len, &cp);

		cells += n ? utf8_cells(cp) : 1;
		n = n ? n : 1;
		s += n;
		len -= n;
	}
	return cells;
}

/* A control character below 0x20; returns the cells written. */
static unsigned add_control(struct text *t, uint8_t c)
{
	size_t before = t->len;

	switch (c) {
	case '\n':
		text_puts(t, "\\n");
		break;
	case '\r':
		text_puts(t, "\\r");
		break;
	case '\033':
		text_puts(t, "\\e");
		break;
	default:
		text_printf(t, "\\x%02x", c);
	}
	return (unsigned)(t->len - before);
}

unsigned visible_add(struct text *t, const char *s, size_t len, unsigned column)
{
	while (len) {
		uint32_t cp = 0;
		unsigned n = utf8_decode(s, len, &cp);
		size_t before = t->len;

		if (!n) {
			text_printf(t, "\\x%02x", (uint8_t)*s);
			column += 4;
			n = 1;
		} else if (cp == '\t') {
			do
				text_add(t, " ", 1);
			while (++column % 8);
		} else if (cp < 0x20) {
			column += add_control(t, (uint8_t)cp);
		} else if (in_ranges(hidden, ARRAY_SIZE(hidden), cp)) {
			text_printf(t, cp < 0x80 ? "\\x%02x" : "\\u%04x", cp);
			column += (unsigned)(t->len - before);
		} else {
			text_add(t, s, n);
			column += utf8_cells(cp);
		}
		s += n;
		len -= n;
	}
	return column;
}

static void json_add_codepoint(struct text *t, const char *s, unsigned n, uint32_t cp)
{
	if (cp == '"' || cp == '\\')
		text_printf(t, "\\%c", (char)cp);
	else if (cp == '\n')
		text_puts(t, "\\n");
	else if (cp == '\r')
		text_puts(t, "\\r");
	else if (cp == '\t')
		text_puts(t, "\\t");
	else if (cp < 0x20 || (cp < 0x10000 && in_ranges(hidden, ARRAY_SIZE(hidden), cp)))
		text_printf(t, "\\u%04x", cp);
	else
		text_add(t, s, n);
}

void json_add_string(struct text *t, const char *s, size_t len)
{
	text_add(t, "\"", 1);
	while (len) {
		uint32_t cp = 0;
		unsigned n = utf8_decode(s, len, &cp);

		if (n) {
			json_add_codepoint(t, s, n, cp);
		} else {
			/* No byte outside UTF-8 has a JSON form: shown as text does, \xNN. */
			text_printf(t, "\\\\x%02x", (uint8_t)*s);
			n = 1;
		}
		s += n;
		len -= n;
	}
	text_add(t, "\"", 1);
}
