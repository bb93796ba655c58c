/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/elf_builder.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/vec.h"

void elf_builder_init(struct elf_builder *b, unsigned bits, uint16_t machine)
{
	*b = (struct elf_builder){ .is64 = bits == 64, .machine = machine };
}

void elf_builder_deinit(struct elf_builder *b)
{
	for (unsigned i = 0; i < b->nsegments; i++)
		free(b->segment[i].bytes);
	free(b->data);
}

void elf_builder_segment(struct elf_builder *b, uint32_t type, uint64_t vaddr, uint64_t paddr,
			 const void *bytes, size_t filesz, uint64_t memsz)
{
	unsigned i = b->nsegments++;
	b->segment[i].type = type;
	b->segment[i].vaddr = vaddr;
	b->segment[i].paddr = paddr;
	b->segment[i].memsz = memsz;
	b->segment[i].filesz = filesz;
	b->segment[i].bytes = xcalloc(1, filesz + 1);
	memcpy(b->segment[i].bytes, bytes, filesz);
}

void elf_builder_note(struct elf_builder *b, const char *name, uint32_t type, const void *desc,
		      uint32_t desc_len)
{
	uint8_t note[128] = { 0 };
	size_t name_len = strlen(name) + 1, at = 12 + align_up(name_len, 4);
	le32_write(note, name_len);
	le32_write(note + 4, desc_len);
	le32_write(note + 8, type);
	memcpy(note + 12, name, name_len);
	memcpy(note + at, desc, desc_len);
	at += align_up(desc_len, 4);
	elf_builder_segment(b, PT_NOTE, 0, 0, note, at, at);
}

static void finish64(struct elf_builder *b, uint64_t entry, size_t at)
{
	Elf64_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			 .e_type = ET_EXEC, .e_machine = b->machine, .e_version = 1, .e_entry = entry,
			 .e_phoff = sizeof(h), .e_ehsize = sizeof(h), .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = b->nsegments };
	memcpy(b->data, &h, sizeof(h));
	for (unsigned i = 0; i < b->nsegments; i++) {
		Elf64_Phdr p = { .p_type = b->segment[i].type, .p_flags = 7, .p_offset = at,
				 .p_vaddr = b->segment[i].vaddr, .p_paddr = b->segment[i].paddr,
				 .p_filesz = b->segment[i].filesz, .p_memsz = b->segment[i].memsz };
		memcpy(b->data + sizeof(h) + i * sizeof(p), &p, sizeof(p));
		at += b->segment[i].filesz;
	}
}

static void finish32(struct elf_builder *b, uint64_t entry, size_t at)
{
	Elf32_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
			 .e_type = ET_EXEC, .e_machine = b->machine, .e_version = 1, .e_entry = entry,
			 .e_phoff = sizeof(h), .e_ehsize = sizeof(h), .e_phentsize = sizeof(Elf32_Phdr),
			 .e_phnum = b->nsegments };
	memcpy(b->data, &h, sizeof(h));
	for (unsigned i = 0; i < b->nsegments; i++) {
		Elf32_Phdr p = { .p_type = b->segment[i].type, .p_flags = 7, .p_offset = at,
				 .p_vaddr = b->segment[i].vaddr, .p_paddr = b->segment[i].paddr,
				 .p_filesz = b->segment[i].filesz, .p_memsz = b->segment[i].memsz };
		memcpy(b->data + sizeof(h) + i * sizeof(p), &p, sizeof(p));
		at += b->segment[i].filesz;
	}
}

void elf_builder_finish(struct elf_builder *b, uint64_t entry)
{
	size_t start = b->is64 ? sizeof(Elf64_Ehdr) + b->nsegments * sizeof(Elf64_Phdr)
			       : sizeof(Elf32_Ehdr) + b->nsegments * sizeof(Elf32_Phdr);
	b->len = start;
	for (unsigned i = 0; i < b->nsegments; i++)
		b->len += b->segment[i].filesz;
	b->data = xcalloc(1, b->len);
	if (b->is64)
		finish64(b, entry, start);
	else
		finish32(b, entry, start);
	for (unsigned i = 0; i < b->nsegments; i++) {
		memcpy(b->data + start, b->segment[i].bytes, b->segment[i].filesz);
		start += b->segment[i].filesz;
	}
}

void *elf_builder_phdr(struct elf_builder *b, unsigned i)
{
	return b->is64 ? b->data + sizeof(Elf64_Ehdr) + i * sizeof(Elf64_Phdr)
		       : b->data + sizeof(Elf32_Ehdr) + i * sizeof(Elf32_Phdr);
}

size_t multiboot_header(uint8_t *to, uint32_t flags, const uint32_t *address)
{
	le32_write(to, 0x1badb002);
	le32_write(to + 4, flags);
	le32_write(to + 8, -(0x1badb002 + flags));
	for (unsigned i = 0; address && i < 5; i++)
		le32_write(to + 12 + i * 4, address[i]);
	return address ? 32 : 12;
}

uint8_t *bzimage_build(size_t *ret_len)
{
	size_t setup = 3 * 512, kernel = 0x1000;
	uint8_t *d = xcalloc(1, setup + kernel);
	d[0x1f1] = 2;				/* setup_sects, and the boot sector */
	le32_write(d + 0x1f4, kernel / 16);	/* syssize */
	le16_write(d + 0x1fe, 0xaa55);
	d[0x200] = 0xeb;
	d[0x201] = 0x66;			/* the header ends at 0x268 */
	memcpy(d + 0x202, "HdrS", 4);
	le16_write(d + 0x206, 0x20f);
	d[0x211] = 1;				/* LOADED_HIGH */
	le32_write(d + 0x22c, 0x7fffffff);	/* initrd_addr_max */
	le32_write(d + 0x230, 0x200000);	/* kernel_alignment */
	d[0x234] = 1;				/* relocatable */
	le16_write(d + 0x236, 1);		/* XLF_KERNEL_64 */
	le32_write(d + 0x238, 255);		/* cmdline_size */
	le64_write(d + 0x258, 0x1000000);	/* pref_address */
	le32_write(d + 0x260, 0x8000);		/* init_size */
	memset(d + setup, 0xcc, kernel);
	*ret_len = setup + kernel;
	return d;
}

void test_ram_init(struct test_ram *t, uint64_t low, uint64_t high)
{
	*t = (struct test_ram){ .bytes = xcalloc(1, low + high) };
	t->ram.range[0].len = low;
	t->ram.range[0].host = t->bytes;
	t->ram.nranges = 1;
	if (high) {
		t->ram.range[1].start = 1ULL << 32;
		t->ram.range[1].len = high;
		t->ram.range[1].host = t->bytes + low;
		t->ram.nranges = 2;
	}
}

void test_ram_deinit(struct test_ram *t)
{
	free(t->bytes);
}
