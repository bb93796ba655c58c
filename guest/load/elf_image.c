/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/load/elf_image.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"

static bool in_file(const struct image *image, uint64_t offset, uint64_t len)
{
	return offset <= image->len && len <= image->len - offset;
}

static bool is_elf(const struct image *image, unsigned bits, unsigned data, uint16_t machine)
{
	const uint8_t *d = image->data;
	return image->len >= 20 && memcmp(d, ELFMAG, SELFMAG) == 0 &&
	       d[EI_CLASS] == (bits == 64 ? ELFCLASS64 : ELFCLASS32) && d[EI_DATA] == data &&
	       (data == ELFDATA2MSB ? be16_read(d + 18) : le16_read(d + 18)) == machine;
}

bool elf_image_is(const struct image *image, unsigned bits, uint16_t machine)
{
	return is_elf(image, bits, ELFDATA2LSB, machine);
}

bool elf_image_is_big(const struct image *image, unsigned bits, uint16_t machine)
{
	return is_elf(image, bits, ELFDATA2MSB, machine);
}

static uint16_t h16(const struct elf_image *elf, uint16_t v)
{
	return elf->big ? be16toh(v) : le16toh(v);
}

static uint32_t h32(const struct elf_image *elf, uint32_t v)
{
	return elf->big ? be32toh(v) : le32toh(v);
}

static uint64_t h64(const struct elf_image *elf, uint64_t v)
{
	return elf->big ? be64toh(v) : le64toh(v);
}

static struct error *elf_bad(const struct image *image, const char *field, uint64_t value, const char *why)
{
	return error_create(ERROR_FAILED, "%s: ELF header: %s is 0x%" PRIx64 ": %s", image->name, field,
			    value, why);
}

struct elf_table {
	uint64_t phoff;
	uint16_t phentsize, phnum;
};

static struct error *elf_read_header(const struct image *image, struct elf_image *elf, struct elf_table *t)
{
	size_t need = elf->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	if (image->len < need)
		return error_create(ERROR_FAILED, "%s: truncated: %zu bytes, an ELF header has %zu",
				    image->name, image->len, need);
	uint16_t type;
	if (elf->is64) {
		Elf64_Ehdr h;
		memcpy(&h, image->data, sizeof(h));
		type = h16(elf, h.e_type);
		elf->machine = h16(elf, h.e_machine);
		elf->entry = h64(elf, h.e_entry);
		*t = (struct elf_table){ h64(elf, h.e_phoff), h16(elf, h.e_phentsize), h16(elf, h.e_phnum) };
	} else {
		Elf32_Ehdr h;
		memcpy(&h, image->data, sizeof(h));
		type = h16(elf, h.e_type);
		elf->machine = h16(elf, h.e_machine);
		elf->entry = h32(elf, h.e_entry);
		*t = (struct elf_table){ h32(elf, h.e_phoff), h16(elf, h.e_phentsize), h16(elf, h.e_phnum) };
	}
	if (type != ET_EXEC && type != ET_DYN)
		return elf_bad(image, "e_type", type, "only executables (2) and shared ones (3) can be started");
	return NULL;
}

static struct error *elf_check_table(const struct image *image, const struct elf_image *elf,
				     const struct elf_table *t)
{
	unsigned want = elf->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	if (t->phnum == 0)
		return elf_bad(image, "e_phnum", t->phnum, "without program headers nothing can be loaded");
	if (t->phnum > ELF_SEGMENTS_MAX)
		return elf_bad(image, "e_phnum", t->phnum, "at most 128 program headers are accepted");
	if (t->phentsize != want)
		return elf_bad(image, "e_phentsize", t->phentsize, elf->is64 ? "it has to be 56"
									     : "it has to be 32");
	if (!in_file(image, t->phoff, (uint64_t)t->phnum * want))
		return elf_bad(image, "e_phoff", t->phoff, "the program headers lie outside the file");
	return NULL;
}

static void elf_read_phdr(const struct elf_image *elf, const uint8_t *at, struct elf_segment *s)
{
	if (elf->is64) {
		Elf64_Phdr h;
		memcpy(&h, at, sizeof(h));
		*s = (struct elf_segment){ .type = h32(elf, h.p_type), .offset = h64(elf, h.p_offset),
			.vaddr = h64(elf, h.p_vaddr), .paddr = h64(elf, h.p_paddr),
			.filesz = h64(elf, h.p_filesz), .memsz = h64(elf, h.p_memsz) };
	} else {
		Elf32_Phdr h;
		memcpy(&h, at, sizeof(h));
		*s = (struct elf_segment){ .type = h32(elf, h.p_type), .offset = h32(elf, h.p_offset),
			.vaddr = h32(elf, h.p_vaddr), .paddr = h32(elf, h.p_paddr),
			.filesz = h32(elf, h.p_filesz), .memsz = h32(elf, h.p_memsz) };
	}
}

static struct error *elf_check_segment(const struct image *image, const struct elf_segment *s)
{
	if (!in_file(image, s->offset, s->filesz))
		return error_create(ERROR_FAILED, "%s: program header %u: p_offset 0x%" PRIx64 " and p_filesz"
				    " 0x%" PRIx64 " reach past the end of the file (0x%zx bytes)",
				    image->name, s->index, s->offset, s->filesz, image->len);
	if (s->type != PT_LOAD)
		return NULL;
	if (s->filesz > s->memsz)
		return error_create(ERROR_FAILED, "%s: program header %u: p_filesz 0x%" PRIx64 " is larger than"
				    " p_memsz 0x%" PRIx64, image->name, s->index, s->filesz, s->memsz);
	if (s->paddr + s->memsz < s->paddr || s->vaddr + s->memsz < s->vaddr)
		return error_create(ERROR_FAILED, "%s: program header %u: p_paddr 0x%" PRIx64 " (p_vaddr 0x%"
				    PRIx64 ") plus p_memsz 0x%" PRIx64 " wraps around", image->name,
				    s->index, s->paddr, s->vaddr, s->memsz);
	return NULL;
}

struct error *elf_image_read(const struct image *image, struct elf_image *ret)
{
	struct elf_table table;
	ret->is64 = image->data[EI_CLASS] == ELFCLASS64;
	ret->big = image->data[EI_DATA] == ELFDATA2MSB;
	ret->nsegments = 0;
	struct error *e = elf_read_header(image, ret, &table);
	if (!e)
		e = elf_check_table(image, ret, &table);
	bool any = false;
	for (unsigned i = 0; !e && i < table.phnum; i++) {
		struct elf_segment s;
		elf_read_phdr(ret, image->data + table.phoff + (uint64_t)i * table.phentsize, &s);
		s.index = i;
		if ((s.type != PT_LOAD || s.memsz == 0) && s.type != PT_NOTE)
			continue;
		any |= s.type == PT_LOAD;
		e = elf_check_segment(image, &s);
		ret->segment[ret->nsegments++] = s;
	}
	if (!e && !any)
		e = error_create(ERROR_FAILED, "%s: none of its %u program headers is a PT_LOAD with memory",
				 image->name, table.phnum);
	return e;
}

struct error *elf_image_place(const struct elf_image *elf, struct place *p, struct boot_state *boot)
{
	boot->image_lo = UINT64_MAX;
	boot->image_hi = 0;
	for (unsigned i = 0; i < elf->nsegments; i++) {
		const struct elf_segment *s = &elf->segment[i];
		if (s->type != PT_LOAD)
			continue;
		char what[40];
		snprintf(what, sizeof(what), "the segment of program header %u", s->index);
		uint8_t *host;
		struct error *e = place_claim(p, s->paddr, s->memsz, false, what, &host);
		if (e)
			return e;
		memcpy(host, p->image->data + s->offset, s->filesz);
		memset(host + s->filesz, 0, s->memsz - s->filesz);
		if (s->paddr < boot->image_lo)
			boot->image_lo = s->paddr;
		if (s->paddr + s->memsz > boot->image_hi)
			boot->image_hi = s->paddr + s->memsz;
	}
	return NULL;
}

struct error *elf_image_entry(const struct elf_image *elf, const struct image *image, uint64_t *ret)
{
	uint64_t entry = elf->entry;
	for (unsigned i = 0; i < elf->nsegments; i++) {
		const struct elf_segment *s = &elf->segment[i];
		if (s->type == PT_LOAD && entry >= s->paddr && entry - s->paddr < s->memsz) {
			*ret = entry;
			return NULL;
		}
	}
	for (unsigned i = 0; i < elf->nsegments; i++) {
		const struct elf_segment *s = &elf->segment[i];
		if (s->type == PT_LOAD && entry >= s->vaddr && entry - s->vaddr < s->memsz) {
			*ret = entry - s->vaddr + s->paddr;
			return NULL;
		}
	}
	return elf_bad(image, "e_entry", entry, "no loaded segment has that address");
}

/* Notes: namesz, descsz, type, then name and description, each padded to 4 bytes (gABI; what compilers
 * write for PVH). A note that lies about its sizes ends its segment. */
static bool note_find(const uint8_t *at, uint64_t len, const char *name, uint32_t type, const uint8_t **ret,
		      uint32_t *ret_len)
{
	size_t name_len = strlen(name) + 1;
	while (len >= 12) {
		uint32_t namesz = le32_read(at), descsz = le32_read(at + 4), t = le32_read(at + 8);
		uint64_t desc = 12 + align_up(namesz, 4), next = desc + align_up(descsz, 4);
		if (desc + descsz > len)
			return false;
		if (t == type && namesz == name_len && memcmp(at + 12, name, name_len) == 0) {
			*ret = at + desc;
			*ret_len = descsz;
			return true;
		}
		if (next > len)
			return false;
		at += next;
		len -= next;
	}
	return false;
}

bool elf_image_note(const struct elf_image *elf, const struct image *image, const char *name, uint32_t type,
		    const uint8_t **ret, uint32_t *ret_len)
{
	for (unsigned i = 0; i < elf->nsegments; i++) {
		const struct elf_segment *s = &elf->segment[i];
		if (s->type == PT_NOTE &&
		    note_find(image->data + s->offset, s->filesz, name, type, ret, ret_len))
			return true;
	}
	return false;
}
