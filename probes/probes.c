/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The public face of the probes. */
#include "probes/probes.h"

#include "core/command/command.h"
#include "probes/doctor.h"
#include "probes/lang/lang.h"
#include "probes/set.h"

#define COMMAND(name) extern const struct command cmd_##name;
#include "probes/commands.def"
#undef COMMAND

static const struct command *const commands[] = {
#define COMMAND(name) &cmd_##name,
#include "probes/commands.def"
#undef COMMAND
};

void probes_register(struct session *session)
{
	probe_set_attach(session);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		session_add_command(session, commands[i]);
	probes_doctor_register(session);
	lang_register(session);
}
