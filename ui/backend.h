/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the user interface asks of whatever runs guests. main.c fills it with the KVM VMM; the screen
 * tests fill it with the fake target, so that the whole program runs where there is no /dev/kvm.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

struct guest_config;
struct session;
struct target;

struct ui_backend {
	struct error *(*create)(const struct guest_config *config, struct target **ret);
	bool (*demo_image)(const void **ret_data, size_t *ret_len, unsigned *ret_vcpus);
	void (*register_commands)(struct session *session);
};
