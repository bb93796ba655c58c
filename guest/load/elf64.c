/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plain ELF64: entered in long mode with all RAM mapped one to one, RSP at BOOT_STACK and RDI = a PVH
 * start info, so that memory map, command line and modules reach the guest too. */
#include <elf.h>

#include "guest/load/elf_image.h"
#include "guest/load/start_info.h"

static bool elf64_match(const struct image *image, const struct guest_config *config)
{
	return elf_image_is(image, 64, EM_X86_64);
}

static struct error *elf64_load(const struct image *image, const struct guest_config *config,
				const struct load_ram *ram, struct boot_state *boot)
{
	struct elf_image elf;
	struct place p;
	place_init(&p, image, ram);
	struct error *e = elf_image_read(image, &elf);
	if (!e)
		e = elf_image_entry(&elf, image, &boot->pc);
	if (!e)
		e = elf_image_place(&elf, &p, boot);
	if (!e)
		e = place_gdt(&p, boot);
	if (!e)
		e = place_page_tables(&p, boot);
	uint8_t *stack;
	if (!e)
		e = place_claim(&p, BOOT_STACK - 4096, 4096, true, "the boot stack", &stack);
	if (!e)
		e = start_info_place(&p, config, boot, &boot->rdi);
	place_deinit(&p);
	boot->protocol = "elf64";
	boot->mode = BOOT_LONG64;
	boot->cs = BOOT_CS64;
	boot->ds = BOOT_DS;
	boot->sp = BOOT_STACK;
	return e;
}

const struct loader loader_elf64 = {
	.name = "elf64",
	.match = elf64_match,
	.load = elf64_load,
};
