/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ELF files with Xen's PVH note: entered in flat 32-bit protected mode, paging off, EBX = start info. */
#include <elf.h>
#include <inttypes.h>

#include "core/base/bits.h"
#include "guest/load/elf_image.h"
#include "guest/load/start_info.h"

#define XEN_ELFNOTE_PHYS32_ENTRY 18

static bool pvh_match(const struct image *image, const struct guest_config *config)
{
	if (!elf_image_is(image, 64, EM_X86_64) && !elf_image_is(image, 32, EM_386))
		return false;
	struct elf_image elf;
	const uint8_t *desc;
	uint32_t len;
	struct error *e = elf_image_read(image, &elf);
	if (e) {
		error_destroy(e); /* elf64 or multiboot says it */
		return false;
	}
	return elf_image_note(&elf, image, "Xen", XEN_ELFNOTE_PHYS32_ENTRY, &desc, &len);
}

/* The entry is a 32-bit physical address, but linkers write the field with the class's own width. */
static struct error *pvh_entry(const struct elf_image *elf, const struct image *image, uint64_t *ret)
{
	const uint8_t *desc;
	uint32_t len;
	if (!elf_image_note(elf, image, "Xen", XEN_ELFNOTE_PHYS32_ENTRY, &desc, &len))
		return error_create(ERROR_FAILED, "%s: its PVH note is gone", image->name);
	if (len != 4 && len != 8)
		return error_create(ERROR_FAILED, "%s: PVH note: descsz is %u: an entry address has 4 or 8"
				    " bytes", image->name, len);
	uint64_t entry = len == 4 ? le32_read(desc) : le64_read(desc);
	for (unsigned i = 0; i < elf->nsegments; i++) {
		const struct elf_segment *s = &elf->segment[i];
		if (s->type == PT_LOAD && entry >= s->paddr && entry - s->paddr < s->memsz &&
		    entry <= UINT32_MAX) {
			*ret = entry;
			return NULL;
		}
	}
	return error_create(ERROR_FAILED, "%s: PVH note: the entry 0x%" PRIx64 " is not in a loaded segment"
			    " below 4 GiB", image->name, entry);
}

static struct error *pvh_load(const struct image *image, const struct guest_config *config,
			      const struct load_ram *ram, struct boot_state *boot)
{
	struct elf_image elf;
	struct place p;
	place_init(&p, image, ram);
	struct error *e = elf_image_read(image, &elf);
	if (!e)
		e = pvh_entry(&elf, image, &boot->pc);
	if (!e)
		e = elf_image_place(&elf, &p, boot);
	if (!e)
		e = place_gdt(&p, boot);
	if (!e)
		e = start_info_place(&p, config, boot, &boot->rbx);
	place_deinit(&p);
	boot->protocol = "pvh";
	boot->mode = BOOT_PROT32;
	boot->cs = BOOT_CS32;
	boot->ds = BOOT_DS;
	return e;
}

const struct loader loader_pvh = {
	.name = "pvh",
	.match = pvh_match,
	.load = pvh_load,
};
