/* SPDX-License-Identifier: GPL-3.0-or-later */
/* type: bytes for the guest's console. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"

/* \n \r \t \e \\ \xNN and ^C (control characters) as one writes them. */
static void expand(struct text *t, const char *s)
{
	for (; *s; s++) {
		char c = *s;

		if (c == '\\' && s[1]) {
			char hex[3] = { 0 };

			c = *++s;
			switch (c) {
			case 'n': c = '\n'; break;
			case 'r': c = '\r'; break;
			case 't': c = '\t'; break;
			case 'e': c = 27; break;
			case 'x':
				hex[0] = s[1];
				hex[1] = s[1] ? s[2] : 0;
				c = (char)strtoul(hex, NULL, 16);
				s += strspn(hex, "0123456789abcdefABCDEF");
				break;
			}
		} else if (c == '^' && s[1] >= '@' && s[1] <= '_') {
			c = *++s & 0x1f;
		}
		text_add(t, &c, 1);
	}
}

static struct error *type_run(struct session *s, const struct args *args, struct out *out)
{
	const char *text = args->value[0].text;
	_free_ char *inner = NULL;
	_cleanup_(text_deinit) struct text t = { 0 };
	size_t len = strlen(text);
	bool quoted = len >= 2 && text[0] == '"' && text[len - 1] == '"';

	inner = quoted ? xstrndup(text + 1, len - 2) : xstrdup(text);
	expand(&t, inner);
	/* Quotes say exactly what is meant; without them a line is. */
	if (!quoted)
		text_add(&t, "\r", 1);
	return target_console_input(s->target, text_str(&t), t.len);
}

const struct command cmd_type = {
	.name = "type",
	.aliases = (const char *const[]){ "sendkeys", NULL },
	.group = "machine",
	.summary = "type TEXT at the guest's console, then Enter",
	.help = "\"TEXT\" in quotes is sent without Enter. \\n \\r \\t \\e \\xNN and ^C mean what they usually\n"
		"mean.",
	.examples = (const char *const[]){ "type reboot", "type \"^C\"", NULL },
	.args = { { .type = ARG_REST, .name = "TEXT" } },
	.needs = NEED_TARGET | NEED_ALIVE,
	.run = type_run,
};
