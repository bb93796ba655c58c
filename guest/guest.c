/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The public face of the VMM. */
#include "guest/guest.h"

#include <stdlib.h>
#include <string.h>

#include "core/command/command.h"
#include "guest/doctor.h"
#include "guest/vm.h"

#define COMMAND(name) extern const struct command cmd_##name;
#include "guest/commands.def"
#undef COMMAND

void guest_config_init(struct guest_config *config)
{
	memset(config, 0, sizeof(*config));
	config->flat_mode = machine_host.flat_mode;
}

void guest_config_deinit(struct guest_config *config)
{
	vec_free(&config->modules);
	vec_free(&config->cpuid);
	vec_free(&config->virtio);
	vec_free(&config->virtio_opts);
}

struct error *guest_create(const struct guest_config *config, struct target **ret)
{
	struct vm *vm;
	struct error *err = vm_create(config, &vm);

	if (!err)
		*ret = &vm->target;
	return err;
}

void guest_register(struct session *session)
{
#define COMMAND(name) session_add_command(session, &cmd_##name);
#include "guest/commands.def"
#undef COMMAND
	doctor_register(session);
}
