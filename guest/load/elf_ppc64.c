/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ELF64 for POWER of either byte order: Linux's vmlinux, and our own guests. Loaded to its physical
 * addresses and entered in real mode, as kexec enters Linux (Linux: powerpc/booting.rst). */
#include <elf.h>

#include "guest/load/elf_image.h"
#include "guest/load/ppc64.h"

static bool elf_ppc64_match(const struct image *image, const struct guest_config *config)
{
	return elf_image_is(image, 64, EM_PPC64) || elf_image_is_big(image, 64, EM_PPC64);
}

static struct error *elf_ppc64_load(const struct image *image, const struct guest_config *config,
				    const struct load_ram *ram, struct boot_state *boot)
{
	bool big = elf_image_is_big(image, 64, EM_PPC64);
	struct elf_image elf;
	struct place p;
	uint64_t pc = 0;
	struct error *e;

	place_init(&p, image, ram);
	e = elf_image_read(image, &elf);
	if (!e)
		e = elf_image_entry(&elf, image, &pc);
	if (!e)
		e = elf_image_place(&elf, &p, boot);
	if (!e)
		e = ppc64_boot_place(&p, config, pc, big, boot);
	place_deinit(&p);
	boot->protocol = big ? "elf64 ppc64be" : "elf64 ppc64le";
	return e;
}

const struct loader loader_elf_ppc64 = {
	.name = "elf_ppc64",
	.match = elf_ppc64_match,
	.load = elf_ppc64_load,
};
