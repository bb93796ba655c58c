/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `vmscope help [TOPIC]`: a subcommand's usage, or the help of a command of the prompt. */
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "ui/app.h"

static void overview(void)
{
	const struct subcommand *sub;

	printf("vmscope: debug and trace KVM virtual machines in the terminal\n\n"
	       "Usage: vmscope SUBCOMMAND [OPTION...]\n\n");
	for (unsigned i = 0; (sub = subcommand_at(i)); i++) {
		int width = printf("  %s%s%s", sub->name, *sub->args ? " " : "", sub->args);

		printf("%*s%s\n", width < 28 ? 28 - width : 2, "", sub->summary);
	}
	printf("\nStart here: vmscope run demo\n"
	       "More: `vmscope help run`; `vmscope help commands` lists the commands of its\n"
	       "prompt, `vmscope help TOPIC` explains one.\n");
}

/* Topics that are not subcommands are those of the prompt's own `help`. */
static struct error *prompt_help(struct app *app, int argc, char **argv)
{
	_cleanup_(text_deinit) struct text line = {0};
	struct session *session;
	struct error *error = session_create(&session);
	struct out *out;

	if (error)
		return error;
	commands_register_core(session);
	app->backend->register_commands(session);
	text_puts(&line, "help");
	for (int i = 1; i < argc; i++)
		if (argc != 2 || strcmp(argv[i], "commands"))
			text_printf(&line, " %s", argv[i]);
	out = out_create_plain(stdout, false);
	error = command_run(session, text_str(&line), out);
	out_destroy(out);
	session_destroy(session);
	return error;
}

static struct error *run(struct app *app, int argc, char **argv)
{
	const struct subcommand *sub;

	if (argc < 2) {
		overview();
		return NULL;
	}
	sub = subcommand_find(argv[1]);
	if (argc == 2 && sub) {
		subcommand_usage(sub, stdout);
		return NULL;
	}
	return prompt_help(app, argc, argv);
}

const struct subcommand subcommand_help = {
	.name = "help",
	.args = "[TOPIC]",
	.summary = "explain a subcommand or a command of the prompt",
	.run = run,
};
