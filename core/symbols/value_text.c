/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/symbols/value_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define STRING_MAX 64

bool value_text_full(const struct value_text *to)
{
	return to->text->len > to->limit;
}

bool value_text_next(const struct value_text *to, unsigned i, unsigned nesting)
{
	bool line = to->lines && nesting == 0;

	if (line)
		text_puts(to->text, i ? ",\n  " : "\n  ");
	else if (i)
		text_puts(to->text, ", ");
	if (i < (line ? VALUE_LINES_MAX : VALUE_ELEMENTS_MAX) && !value_text_full(to))
		return true;
	text_puts(to->text, "...");
	return false;
}

void value_text_char(const struct value_text *to, uint64_t v)
{
	if (v < 0x80 && isprint((int)v))
		text_printf(to->text, " '%c'", (int)v);
}

void value_text_unreadable(const struct value_text *to, uint64_t addr)
{
	text_printf(to->text, "<cannot read memory at 0x%" PRIx64 ">", addr);
}

static void put_string(const struct value_text *to, const unsigned char *s, unsigned n)
{
	text_puts(to->text, "\"");
	for (unsigned i = 0; i < n; i++) {
		if (isprint(s[i]) && s[i] != '"' && s[i] != '\\')
			text_printf(to->text, "%c", s[i]);
		else
			text_printf(to->text, "\\x%02x", s[i]);
	}
	text_puts(to->text, "\"");
}

static void put_string_at(const struct value_text *to, uint64_t addr)
{
	unsigned char buf[STRING_MAX];
	unsigned n;

	for (n = 0; n < sizeof(buf); n++)
		if (!to->mem->virt(to->mem->ctx, addr + n, &buf[n], 1) || buf[n] == 0)
			break;
	if (n == 0 && !to->mem->virt(to->mem->ctx, addr, buf, 1))
		return;
	text_puts(to->text, " ");
	put_string(to, buf, n);
	if (n == sizeof(buf))
		text_puts(to->text, "...");
}

bool value_text_array(const struct value_text *to, uint64_t addr, uint64_t n)
{
	unsigned char buf[STRING_MAX];
	unsigned len = n < sizeof(buf) ? n : sizeof(buf), text = 0;

	if (len == 0 || !to->mem->virt(to->mem->ctx, addr, buf, len))
		return false;
	while (text < len && (isprint(buf[text]) || (buf[text] && strchr("\n\t\r", buf[text]))))
		text++;
	for (unsigned i = text; i < len; i++)
		if (buf[i])
			return false;
	put_string(to, buf, text);
	if (n > len && text == len)
		text_puts(to->text, "...");
	return true;
}

void value_text_pointer(const struct value_text *to, uint64_t v, bool to_char)
{
	char name[128];

	text_printf(to->text, "0x%" PRIx64, v);
	if (symbols_format(to->syms, v, name, sizeof(name)))
		text_printf(to->text, " <%s>", name);
	if (v && to_char)
		put_string_at(to, v);
}
