/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/text.h"
#include "core/command/command.h"

static void add_spec(struct text *t, const struct arg_spec *spec)
{
	if (spec->type == ARG_CHOICE && spec->choices) {
		for (unsigned i = 0; spec->choices[i]; i++)
			text_printf(t, "%s%s", i ? "|" : "", spec->choices[i]);
	} else {
		text_puts(t, spec->name);
	}
	if (spec->repeat)
		text_puts(t, "...");
}

char *command_usage(const struct command *cmd)
{
	struct text t = { 0 };

	text_puts(&t, cmd->name);
	if (cmd->takes_format)
		text_puts(&t, "[/FORMAT]");
	for (unsigned i = 0; i < COMMAND_ARGS_MAX && cmd->args[i].type != ARG_END; i++) {
		const struct arg_spec *spec = &cmd->args[i];

		text_puts(&t, spec->optional ? " [" : " ");
		add_spec(&t, spec);
		/* What follows a keyword belongs to it. */
		while (spec->type == ARG_KEYWORD && i + 1 < COMMAND_ARGS_MAX &&
		       cmd->args[i + 1].type != ARG_END && cmd->args[i + 1].type != ARG_KEYWORD) {
			text_puts(&t, " ");
			add_spec(&t, &cmd->args[++i]);
		}
		if (spec->optional)
			text_puts(&t, "]");
	}
	return text_take(&t);
}
