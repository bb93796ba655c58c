/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Multiboot 0.6.96 ("multiboot1"): entered in flat 32-bit protected mode, EAX = magic, EBX = info. */
#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/text.h"
#include "guest/load/acpi.h"
#include "guest/load/elf_image.h"
#include "guest/load/memmap.h"
#include "guest/load/modules.h"

#define SEARCH_LEN 8192
#define HEADER_MAGIC 0x1badb002U
#define BOOT_MAGIC 0x2badb002U
#define HEADER_LEN 12
#define HEADER_ADDR_LEN 32

/* Header flags: bits 0-15 a loader must know or refuse, 16-31 it may ignore. */
#define FLAG_ALIGN BIT(0)
#define FLAG_MEMINFO BIT(1)
#define FLAG_VIDEO BIT(2)
#define FLAG_ADDR BIT(16)
#define FLAGS_REQUIRED 0xffffU

#define INFO_MEM BIT(0)
#define INFO_CMDLINE BIT(2)
#define INFO_MODS BIT(3)
#define INFO_MMAP BIT(6)
#define INFO_LOADER_NAME BIT(9)
#define INFO_LEN 120
#define MOD_LEN 16
#define MMAP_LEN 24
#define LOADER_NAME "vmscope"

/* Offset of the header in the file, or -1. */
static int64_t multiboot_find(const struct image *image)
{
	size_t end = image->len < SEARCH_LEN ? image->len : SEARCH_LEN;
	for (size_t i = 0; i + HEADER_LEN <= end; i += 4) {
		const uint8_t *h = image->data + i;
		if (le32_read(h) == HEADER_MAGIC &&
		    (uint32_t)(le32_read(h) + le32_read(h + 4) + le32_read(h + 8)) == 0)
			return i;
	}
	return -1;
}

static bool multiboot_match(const struct image *image, const struct guest_config *config)
{
	return multiboot_find(image) >= 0;
}

static struct error *multiboot_bad(const struct image *image, const char *field, uint64_t value,
				   const char *why)
{
	return error_create(ERROR_FAILED, "%s: multiboot header: %s is 0x%" PRIx64 ": %s", image->name,
			    field, value, why);
}

/* The "a.out kludge": the header says itself where the file's bytes belong. */
static struct error *multiboot_place_raw(const struct image *image, size_t at, struct place *p,
					 struct boot_state *boot)
{
	const uint8_t *h = image->data + at;
	if (image->len - at < HEADER_ADDR_LEN)
		return multiboot_bad(image, "flags", le32_read(h + 4),
				     "it has address fields, but the file ends before them");
	uint64_t header_addr = le32_read(h + 12), load = le32_read(h + 16), load_end = le32_read(h + 20);
	uint64_t bss_end = le32_read(h + 24), entry = le32_read(h + 28);
	if (load > header_addr || header_addr - load > at)
		return multiboot_bad(image, "load_addr", load,
				     "it puts the start of the text outside the file");
	size_t offset = at - (header_addr - load);
	uint64_t len = load_end ? load_end - load : image->len - offset;
	if (load_end && load_end < load)
		return multiboot_bad(image, "load_end_addr", load_end, "it is below load_addr");
	if (len > image->len - offset)
		return multiboot_bad(image, "load_end_addr", load_end, "it reaches past the end of the file");
	uint64_t mem = len;
	if (bss_end) {
		if (bss_end < load + len)
			return multiboot_bad(image, "bss_end_addr", bss_end, "it is below the end of the data");
		mem = bss_end - load;
	}
	if (entry < load || entry - load >= mem)
		return multiboot_bad(image, "entry_addr", entry, "it is not in what is loaded");
	uint8_t *host;
	struct error *e = place_claim(p, load, mem, false, "the image", &host);
	if (e)
		return e;
	memcpy(host, image->data + offset, len);
	memset(host + len, 0, mem - len);
	boot->pc = entry;
	boot->image_lo = load;
	boot->image_hi = load + mem;
	return NULL;
}

static struct error *multiboot_place_elf(const struct image *image, struct place *p, struct boot_state *boot)
{
	if (!elf_image_is(image, 32, EM_386) && !elf_image_is(image, 64, EM_X86_64))
		return error_create(ERROR_FAILED, "%s: multiboot header without address fields (flags bit 16)"
				    " in a file that is no x86 ELF", image->name);
	struct elf_image elf;
	struct error *e = elf_image_read(image, &elf);
	if (!e)
		e = elf_image_entry(&elf, image, &boot->pc);
	if (!e && boot->pc > UINT32_MAX)
		e = multiboot_bad(image, "e_entry", boot->pc, "32-bit code can not start above 4 GiB");
	if (!e)
		e = elf_image_place(&elf, p, boot);
	return e;
}

static uint32_t kib(uint64_t bytes)
{
	return bytes / 1024;
}

/* mem_lower and mem_upper: contiguous RAM from 0 (at most 640 KiB) and from 1 MiB, in KiB. */
static void multiboot_mem(const struct memmap *m, uint32_t *ret_lower, uint32_t *ret_upper)
{
	*ret_lower = 0;
	*ret_upper = 0;
	for (unsigned i = 0; i < m->n; i++) {
		const struct memmap_entry *e = &m->entry[i];
		if (e->type == MEMMAP_RAM && e->start < 0xa0000)
			*ret_lower = kib(e->start + e->len);
		if (e->type == MEMMAP_RAM && e->start == 0x100000)
			*ret_upper = kib(e->len);
	}
}

static void multiboot_write_info(uint8_t *info, const struct modules *mods, uint64_t cmdline,
				 const struct memmap *m)
{
	uint32_t lower, upper, mods_at = BOOT_PARAMS + INFO_LEN;
	uint32_t name_at = mods_at + mods->n * MOD_LEN;
	multiboot_mem(m, &lower, &upper);
	memset(info, 0, INFO_LEN);
	le32_write(info, INFO_MEM | INFO_CMDLINE | INFO_MODS | INFO_MMAP | INFO_LOADER_NAME);
	le32_write(info + 4, lower);
	le32_write(info + 8, upper);
	le32_write(info + 16, cmdline);
	le32_write(info + 20, mods->n);
	le32_write(info + 24, mods->n ? mods_at : 0);
	le32_write(info + 44, m->n * MMAP_LEN);
	le32_write(info + 48, BOOT_MEMMAP);
	le32_write(info + 64, name_at);
	for (unsigned i = 0; i < mods->n; i++) {
		uint8_t *at = info + INFO_LEN + i * MOD_LEN;
		le32_write(at, mods->mod[i].gpa);
		le32_write(at + 4, mods->mod[i].gpa + mods->mod[i].len);
		le32_write(at + 8, mods->mod[i].args_gpa);
		le32_write(at + 12, 0);
	}
	memcpy(info + INFO_LEN + mods->n * MOD_LEN, LOADER_NAME, sizeof(LOADER_NAME));
}

static struct error *multiboot_info(struct place *p, const struct guest_config *config, uint64_t *ret_gpa)
{
	struct modules mods;
	struct text line = {0};
	uint64_t cmdline;
	uint8_t *info, *map;
	struct error *e = modules_place(p, config, &mods);
	if (e)
		return e;
	/* As boot loaders do: the image's name, then what the user gave. */
	text_printf(&line, "%s%s%s", p->image->name, config->append ? " " : "",
		    config->append ? config->append : "");
	e = place_cmdline(p, text_str(&line), SIZE_MAX, &cmdline);
	text_deinit(&line);
	size_t info_len = INFO_LEN + mods.n * MOD_LEN + sizeof(LOADER_NAME);
	if (!e)
		e = place_claim(p, BOOT_PARAMS, info_len, true, "the multiboot info", &info);
	if (!e)
		e = place_claim(p, BOOT_MEMMAP, MEMMAP_MAX * MMAP_LEN, true, "the memory map", &map);
	if (e)
		return e;
	struct memmap m;
	memmap_build(p, &m);
	multiboot_write_info(info, &mods, cmdline, &m);
	for (unsigned i = 0; i < m.n; i++) {
		uint8_t *at = map + i * MMAP_LEN;
		le32_write(at, MMAP_LEN - 4); /* size: of the rest of the entry */
		le64_write(at + 4, m.entry[i].start);
		le64_write(at + 12, m.entry[i].len);
		le32_write(at + 20, m.entry[i].type);
	}
	*ret_gpa = BOOT_PARAMS;
	return NULL;
}

static struct error *multiboot_load(const struct image *image, const struct guest_config *config,
				    const struct load_ram *ram, struct boot_state *boot)
{
	int64_t at = multiboot_find(image);
	uint32_t flags = le32_read(image->data + at + 4);
	if (flags & FLAG_VIDEO)
		return multiboot_bad(image, "flags", flags, "it asks for a video mode, and there is no display");
	if (flags & FLAGS_REQUIRED & ~(FLAG_ALIGN | FLAG_MEMINFO))
		return multiboot_bad(image, "flags", flags, "bits 3-15 are not defined and must be 0");

	struct place p;
	uint64_t rsdp; /* multiboot1 has no field for it: guests scan the BIOS area */
	place_init(&p, image, ram);
	struct error *e = flags & FLAG_ADDR ? multiboot_place_raw(image, at, &p, boot)
					    : multiboot_place_elf(image, &p, boot);
	if (!e)
		e = place_gdt(&p, boot);
	if (!e)
		e = acpi_place(&p, config, boot, &rsdp);
	if (!e)
		e = multiboot_info(&p, config, &boot->rbx);
	place_deinit(&p);
	boot->protocol = "multiboot";
	boot->mode = BOOT_PROT32;
	boot->rax = BOOT_MAGIC;
	boot->cs = BOOT_CS32;
	boot->ds = BOOT_DS;
	return e;
}

const struct loader loader_multiboot = {
	.name = "multiboot",
	.match = multiboot_match,
	.load = multiboot_load,
};
