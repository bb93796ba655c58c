/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all images for 64-bit POWER share: where the initial RAM disk and the machine's tables lie. */
#pragma once

#include "guest/load/place.h"

/* RTAS is called in 32-bit mode, so what firmware hands over stays low: below this. */
#define PPC64_LOW_END 0x30000000ULL
#define PPC64_TABLES_LEN (512u << 10)	/* device tree and RTAS */

/* Places the RAM disk of @config and room for the tables, and fills what all entries have in common. The
 * image is claimed already; @pc: guest-physical entry. */
struct error *ppc64_boot_place(struct place *p, const struct guest_config *config, uint64_t pc,
			       bool big_endian, struct boot_state *boot);
