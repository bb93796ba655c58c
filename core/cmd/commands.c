/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of commands.def as descriptors. */
#include "core/cmd/views.h"
#include "core/command/command.h"
#include "core/script/script.h"

#define COMMAND(name) extern const struct command cmd_##name;
#include "core/cmd/commands.def"
#undef COMMAND

static const struct command *const core_commands[] = {
#define COMMAND(name) &cmd_##name,
#include "core/cmd/commands.def"
#undef COMMAND
	NULL,
};

void commands_register_core(struct session *s)
{
	for (unsigned i = 0; core_commands[i]; i++)
		session_add_command(s, core_commands[i]);
	views_register(s);
	script_set_attach(s);
	s->after_stop = command_after_stop;
	s->run_hook = command_run_hook;
}
