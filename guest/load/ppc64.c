/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/load/ppc64.h"

#include <string.h>

#define TABLES_ALIGN (64u << 10)

static struct error *place_tables(struct place *p, struct boot_state *boot)
{
	uint64_t end = load_ram_low_end(p->ram);
	uint8_t *host;

	if (end > PPC64_LOW_END)
		end = PPC64_LOW_END;
	if (!place_find(p, PPC64_TABLES_LEN, TABLES_ALIGN, 0, end, true, &boot->tables))
		return error_hint(error_create(ERROR_FAILED, "%s: no room for the device tree and RTAS (%u KiB)"
					       " below 768 MiB", p->image->name, PPC64_TABLES_LEN >> 10),
				  "give the guest more memory (--mem)");
	boot->tables_len = PPC64_TABLES_LEN;
	return place_claim(p, boot->tables, boot->tables_len, true, "the device tree and RTAS", &host);
}

struct error *ppc64_boot_place(struct place *p, const struct guest_config *config, uint64_t pc,
			       bool big_endian, struct boot_state *boot)
{
	struct error *e = place_tables(p, boot);

	/* Linux keeps decompressing and allocating above its image: the disk goes to the top. */
	if (!e && config->initrd)
		e = place_file(p, config->initrd, boot->image_hi, load_ram_end(p->ram), true,
			       "the initial RAM disk", &boot->initrd, &boot->initrd_len);
	boot->mode = BOOT_PPC64;
	boot->pc = pc;
	boot->big_endian = big_endian;
	return e;
}
