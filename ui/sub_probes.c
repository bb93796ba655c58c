/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `vmscope probes [--json]`: the prompt's `probe list`, without a guest. */
#include <string.h>

#include "core/command/command.h"
#include "ui/app.h"

static struct error *run(struct app *app, int argc, char **argv)
{
	struct session *session;
	struct error *error;
	struct out *out;
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return subcommand_usage(subcommand_find("probes"), stdout), NULL;
		else
			return error_create(ERROR_USAGE, "probes does not know '%s'", argv[i]);
	}
	error = session_create(&session);
	if (error)
		return error;
	commands_register_core(session);
	app->backend->register_commands(session);
	out = json ? out_create_json(stdout) : out_create_plain(stdout, false);
	error = command_run(session, "probe list", out);
	app->exit_status = session->exit_status;
	out_destroy(out);
	session_destroy(session);
	return error;
}

const struct subcommand subcommand_probes = {
	.name = "probes",
	.args = "[--json]",
	.summary = "list the kernel probes, and what serves each here",
	.run = run,
	.help =
"Each part of a probe is tried by loading and attaching it, best way first; what\n"
"the kernel refuses is told. Exit status 3: a probe cannot run here at all.\n",
};
