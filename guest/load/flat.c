/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Raw code at an address the user names (--flat ADDR --mode real|prot32|long|ppc64le|ppc64be). */
#include <inttypes.h>
#include <string.h>

#include "guest/load/ppc64.h"

/* Real mode reaches 1 MiB; the IVT and the BIOS data area end at 0x500. */
#define REAL_LIMIT 0x100000ULL
#define REAL_STACK_MIN 0x600ULL
#define REAL_STACK_TOP 0xfff0ULL

static bool flat_match(const struct image *image, const struct guest_config *config)
{
	return config->flat;
}

/* A boot sector's stack grows down from its own start; code loaded too low or too high for that has its
 * stack at the end of the first 64 KiB. Data segments start at 0. */
static struct error *flat_real(const struct image *image, uint64_t addr, struct boot_state *boot)
{
	if (addr + image->len > REAL_LIMIT)
		return error_hint(error_create(ERROR_FAILED, "%s: 0x%zx bytes at 0x%" PRIx64 " end above"
					       " 1 MiB, which real mode can not reach", image->name,
					       image->len, addr),
				  "--mode prot32 or long runs code above 1 MiB");
	if (addr > 0xffff) {
		boot->cs = addr >> 4;
		boot->pc = addr & 0xf;
		boot->sp = REAL_STACK_TOP;
		return NULL;
	}
	boot->pc = addr;
	boot->sp = addr >= REAL_STACK_MIN ? (addr & ~0xfULL) : REAL_STACK_TOP;
	return NULL;
}

static struct error *flat_tables(struct place *p, struct boot_state *boot, enum flat_mode mode)
{
	struct error *e = place_gdt(p, boot);
	if (!e && mode == FLAT_LONG)
		e = place_page_tables(p, boot);
	if (e)
		return e;
	boot->mode = mode == FLAT_LONG ? BOOT_LONG64 : BOOT_PROT32;
	boot->cs = mode == FLAT_LONG ? BOOT_CS64 : BOOT_CS32;
	boot->ds = BOOT_DS;
	boot->pc = p->claims.data[0].start;
	boot->sp = BOOT_STACK;
	return NULL;
}

static struct error *flat_load(const struct image *image, const struct guest_config *config,
			       const struct load_ram *ram, struct boot_state *boot)
{
	static const char *const protocols[] = {
		[FLAT_REAL] = "flat real", [FLAT_PROT32] = "flat prot32", [FLAT_LONG] = "flat long",
		[FLAT_PPC64LE] = "flat ppc64le", [FLAT_PPC64BE] = "flat ppc64be",
	};
	uint64_t addr = config->flat_addr;
	if (image->len == 0)
		return error_create(ERROR_FAILED, "%s: the file is empty", image->name);

	struct place p;
	place_init(&p, image, ram);
	uint8_t *host;
	struct error *e = place_claim(&p, addr, image->len, false, "the image", &host);
	if (!e) {
		boot->protocol = protocols[config->flat_mode];
		boot->image_lo = addr;
		boot->image_hi = addr + image->len;
		memcpy(host, image->data, image->len);
		if (config->flat_mode == FLAT_REAL)
			e = flat_real(image, addr, boot);
		else if (config->flat_mode == FLAT_PPC64LE || config->flat_mode == FLAT_PPC64BE)
			e = ppc64_boot_place(&p, config, addr, config->flat_mode == FLAT_PPC64BE, boot);
		else
			e = flat_tables(&p, boot, config->flat_mode);
	}
	place_deinit(&p);
	return e;
}

const struct loader loader_flat = {
	.name = "flat",
	.match = flat_match,
	.load = flat_load,
};
