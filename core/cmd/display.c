/* SPDX-License-Identifier: GPL-3.0-or-later */
/* display, undisplay, info display. */
#include "core/session/display.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "core/session/examine.h"

static struct error *display_run(struct session *s, const struct args *args, struct out *out)
{
	struct session_display d = { .enabled = true };
	struct format format;
	struct error *error;

	if (!args->value[0].given) {
		session_print_displays(s, out);
		return NULL;
	}
	error = format_parse(args->format, &format);
	if (error)
		return error;
	d.id = ++s->next_display;
	d.format = *args->format ? xasprintf("/%s", args->format) : xstrdup("");
	d.text = xstrdup(args->value[0].text);
	/* As in gdb: with i, s or a unit or count, memory at the value is shown. */
	d.is_memory = format.letter == 'i' || format.letter == 's' || format.unit || format.has_count;
	vec_push(&s->displays, d);
	if (s->target && session_is_halted(s))
		session_print_display(s, out, &s->displays.data[s->displays.len - 1]);
	session_changed(s);
	return NULL;
}

const struct command cmd_display = {
	.name = "display",
	.group = "data",
	.summary = "show EXPR now and at every stop",
	.help = "FORMAT as for `print`; with i, s, a count or a unit memory at EXPR is shown as by `x`.\n"
		"Without EXPR: shows all of them now.",
	.examples = (const char *const[]){ "display/x $rax", "display/3i $pc", "display q[counter]; continue",
					   NULL },
	.args = { { .type = ARG_EXPR, .name = "EXPR", .optional = true } },
	.takes_format = true,
	.run = display_run,
};

static void drop(struct session *s, size_t i)
{
	free(s->displays.data[i].format);
	free(s->displays.data[i].text);
	vec_remove(&s->displays, i);
}

static struct error *undisplay_run(struct session *s, const struct args *args, struct out *out)
{
	for (unsigned w = 0; w < args->nrepeat; w++) {
		unsigned long id = strtoul(args->repeat[w], NULL, 10);
		size_t i;

		for (i = 0; i < s->displays.len && s->displays.data[i].id != id; i++)
			;
		if (i == s->displays.len)
			return error_hint(error_create(ERROR_NOT_FOUND, "there is no display %s",
						       args->repeat[w]), "`info display` lists them");
		drop(s, i);
	}
	while (!args->nrepeat && s->displays.len)
		drop(s, s->displays.len - 1);
	session_changed(s);
	return NULL;
}

const struct command cmd_undisplay = {
	.name = "undisplay",
	.aliases = (const char *const[]){ "delete display", NULL },
	.group = "data",
	.summary = "forget displays by number; all without one",
	.examples = (const char *const[]){ "display $rax; undisplay 1", NULL },
	.args = { { .type = ARG_WORD, .name = "N", .optional = true, .repeat = true } },
	.run = undisplay_run,
};

static struct error *info_display_run(struct session *s, const struct args *args, struct out *out)
{
	if (!s->displays.len)
		out_message(out, ROLE_TEXT, "no displays");
	for (size_t i = 0; i < s->displays.len; i++) {
		const struct session_display *d = &s->displays.data[i];

		out_begin(out, "display");
		out_dec(out, ROLE_NUMBER, "id", 0, d->id);
		out_text(out, ROLE_TEXT, ": ");
		out_str(out, ROLE_TEXT, "format", 0, d->format);
		out_text(out, ROLE_TEXT, *d->format ? " " : "");
		out_str(out, ROLE_TEXT, "expr", 0, d->text);
		out_end(out);
	}
	return NULL;
}

const struct command cmd_info_display = {
	.name = "info display",
	.group = "data",
	.summary = "list what `display` shows",
	.examples = (const char *const[]){ "display/x $rax; info display", NULL },
	.run = info_display_run,
};
