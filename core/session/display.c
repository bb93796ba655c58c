/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/session/display.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "core/session/examine.h"

static struct error *print_one(struct session *s, struct out *out, const struct session_display *d)
{
	const char *fmt = d->format[0] == '/' ? d->format + 1 : d->format;
	struct format format;
	struct expr_value value;
	struct error *error;
	char typed[1024], buf[80], sym[256];
	uint64_t next;

	error = format_parse(fmt, &format);
	if (!error)
		error = session_eval(s, d->text, &value);
	if (error)
		return error;
	if (d->is_memory) {
		out_nl(out);
		return session_examine(s, out, &format, value.bits, false, &next);
	}
	out_text(out, ROLE_TEXT, " = ");
	if (!format.letter && session_typed_text(s, value, typed, sizeof(typed))) {
		out_str(out, ROLE_NUMBER, "value", 0, typed);
		return NULL;
	}
	out_str(out, ROLE_NUMBER, "value", 0, format_value(format.letter, value, buf, sizeof(buf)));
	if ((value.is_address || format.letter == 'a') &&
	    *session_symbolize(s, value.bits, sym, sizeof(sym)))
		out_text(out, ROLE_SYMBOL, " %s", sym);
	return NULL;
}

void session_print_display(struct session *s, struct out *out, const struct session_display *d)
{
	_error_ struct error *error = NULL;

	out_begin(out, "display");
	out_dec(out, ROLE_NUMBER, "id", 0, d->id);
	out_text(out, ROLE_TEXT, ": ");
	if (*d->format)
		out_text(out, ROLE_TEXT, "%s ", d->format);
	out_str(out, ROLE_LABEL, "expr", 0, d->text);
	out_hidden_str(out, "format", d->format);
	if (d->is_memory)
		out_list(out, "memory");
	error = print_one(s, out, d);
	if (d->is_memory)
		out_list_end(out);
	if (error) {
		const char *message = error_message(error);

		/* The first line says it; what follows points at the column with a caret. */
		out_text(out, ROLE_WARN, " = <");
		out_strf(out, ROLE_WARN, "error", "%.*s", (int)strcspn(message, "\n"), message);
		out_text(out, ROLE_WARN, ">");
	}
	out_end(out);
}

void session_print_displays(struct session *s, struct out *out)
{
	for (size_t i = 0; i < s->displays.len; i++)
		if (s->displays.data[i].enabled)
			session_print_display(s, out, &s->displays.data[i]);
}
