/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/load/start_info.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "guest/load/acpi.h"
#include "guest/load/memmap.h"
#include "guest/load/modules.h"

#define HVM_START_MAGIC 0x336ec578U
#define INFO_LEN 56
#define MODULE_LEN 32
#define ENTRY_LEN 24

struct error *start_info_place(struct place *p, const struct guest_config *config,
			       const struct boot_state *boot, uint64_t *ret_gpa)
{
	struct modules mods;
	uint64_t cmdline, rsdp;
	uint8_t *info, *map;
	struct error *e = modules_place(p, config, &mods);
	if (!e)
		e = place_cmdline(p, config->append, SIZE_MAX, &cmdline);
	if (!e)
		e = acpi_place(p, config, boot, &rsdp);
	if (!e)
		e = place_claim(p, BOOT_PARAMS, INFO_LEN + mods.n * MODULE_LEN, true, "the PVH start info",
				&info);
	if (!e)
		e = place_claim(p, BOOT_MEMMAP, MEMMAP_MAX * ENTRY_LEN, true, "the memory map", &map);
	if (e)
		return e;

	struct memmap m;
	memmap_build(p, &m);
	memset(info, 0, INFO_LEN + mods.n * MODULE_LEN);
	le32_write(info, HVM_START_MAGIC);
	le32_write(info + 4, 1); /* version: has the memory map */
	le32_write(info + 12, mods.n);
	le64_write(info + 16, mods.n ? BOOT_PARAMS + INFO_LEN : 0);
	le64_write(info + 24, cmdline);
	le64_write(info + 32, rsdp);
	le64_write(info + 40, BOOT_MEMMAP);
	le32_write(info + 48, m.n);
	for (unsigned i = 0; i < mods.n; i++) {
		uint8_t *at = info + INFO_LEN + i * MODULE_LEN;
		le64_write(at, mods.mod[i].gpa);
		le64_write(at + 8, mods.mod[i].len);
		le64_write(at + 16, mods.mod[i].args_gpa);
	}
	for (unsigned i = 0; i < m.n; i++) {
		uint8_t *at = map + i * ENTRY_LEN;
		le64_write(at, m.entry[i].start);
		le64_write(at + 8, m.entry[i].len);
		le32_write(at + 16, m.entry[i].type);
		le32_write(at + 20, 0);
	}
	*ret_gpa = BOOT_PARAMS;
	return NULL;
}
