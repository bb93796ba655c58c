/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The PVH start info (Xen's public/arch-x86/hvm/start_info.h): memory map, command line, modules. */
#pragma once

#include "guest/load/place.h"

/* Places modules (or the initrd), command line, ACPI tables, memory map and start info; called after
 * every other claim, because the memory map reserves what was claimed before. */
struct error *start_info_place(struct place *p, const struct guest_config *config,
			       const struct boot_state *boot, uint64_t *ret_gpa);
