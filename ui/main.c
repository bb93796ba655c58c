/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The composition root: the program runs its guests by KVM and watches them by BPF. */
#include "guest/guest.h"
#include "probes/probes.h"
#include "ui/app.h"

static void register_commands(struct session *session)
{
	guest_register(session);
	probes_register(session);
}

static const struct ui_backend kvm_backend = {
	.create = guest_create,
	.demo_image = guest_demo_image,
	.register_commands = register_commands,
};

int main(int argc, char **argv)
{
	return app_main(&kvm_backend, argc, argv);
}
