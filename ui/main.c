/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The composition root: the program runs its guests by KVM. */
#include "guest/guest.h"
#include "ui/app.h"

static const struct ui_backend kvm_backend = {
	.create = guest_create,
	.demo_image = guest_demo_image,
	.register_commands = guest_register,
};

int main(int argc, char **argv)
{
	return app_main(&kvm_backend, argc, argv);
}
