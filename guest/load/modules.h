/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boot modules ("FILE[ ARGS]", multiboot and PVH): files and their strings in guest memory. */
#pragma once

#include "guest/load/place.h"

#define MODULES_MAX 32
/* Their strings lie here, one after the other. */
#define BOOT_MODULE_ARGS (BOOT_MEMMAP + 0x2000)
#define BOOT_MODULE_ARGS_LEN 0xe000

struct modules {
	struct {
		uint64_t gpa, len, args_gpa;
	} mod[MODULES_MAX];
	unsigned n;
};

/* The initrd, when there is one, then the modules: above 1 MiB and below 4 GiB, page aligned, after the
 * image. */
struct error *modules_place(struct place *p, const struct guest_config *config, struct modules *ret);
