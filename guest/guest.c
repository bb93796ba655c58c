/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The public face of the VMM. */
#include "guest/guest.h"

#include <stdlib.h>
#include <string.h>

#include "guest/doctor.h"
#include "guest/vm.h"

void guest_config_init(struct guest_config *config)
{
	memset(config, 0, sizeof(*config));
}

void guest_config_deinit(struct guest_config *config)
{
	vec_free(&config->modules);
	vec_free(&config->cpuid);
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
	doctor_register(session);
}
