/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/target/image.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "core/arch/x86_64.h"
#include "core/base/vec.h"

#define SEGMENTS_MAX 64

struct segment {
	uint64_t start, len;	/* addresses as linked: what symbols and code use */
	const uint8_t *data;	/* @file_len bytes of it; the rest is zero */
	uint64_t file_len;
	bool write;
};

struct image {
	struct target target;
	uint8_t *file;
	struct segment segment[SEGMENTS_MAX];
	unsigned nsegments;
	struct regs regs;
};

static struct image *image_of(struct target *t)
{
	return container_of(t, struct image, target);
}

static void image_destroy(struct target *t)
{
	struct image *im = image_of(t);

	free(im->file);
	free(t->title);
	free(im);
}

static unsigned image_vcpu_count(struct target *t)
{
	return 1;
}

static struct error *image_vcpu_info(struct target *t, unsigned vcpu, struct vcpu_info *ret)
{
	*ret = (struct vcpu_info){
		.state = VCPU_STOPPED, .pc = regs_u64(&image_of(t)->regs, t->arch->reg_pc),
	};
	return NULL;
}

static struct error *image_regs_read(struct target *t, unsigned vcpu, unsigned groups, struct regs *ret,
				     bool *ret_stale)
{
	*ret = image_of(t)->regs;
	*ret_stale = false;
	return NULL;
}

/* The segment that has @addr, and how much of it follows. */
static const struct segment *find(const struct image *im, uint64_t addr, uint64_t *ret_left)
{
	for (unsigned i = 0; i < im->nsegments; i++) {
		uint64_t off = addr - im->segment[i].start;

		if (addr >= im->segment[i].start && off < im->segment[i].len) {
			*ret_left = im->segment[i].len - off;
			return &im->segment[i];
		}
	}
	return NULL;
}

static struct error *image_read(struct target *t, uint64_t addr, void *buf, size_t len)
{
	uint8_t *to = buf;

	while (len) {
		uint64_t left, off, n, copy;
		const struct segment *seg = find(image_of(t), addr, &left);

		if (!seg)
			return error_create(ERROR_FAULT, "the image has nothing at 0x%llx",
					    (unsigned long long)addr);
		n = left < len ? left : len;
		off = addr - seg->start;
		copy = off >= seg->file_len ? 0 : seg->file_len - off < n ? seg->file_len - off : n;
		memcpy(to, seg->data + off, copy);
		memset(to + copy, 0, n - copy);
		to += n;
		addr += n;
		len -= n;
	}
	return NULL;
}

static bool image_region(struct target *t, unsigned i, struct mem_region *ret)
{
	const struct image *im = image_of(t);

	if (i >= im->nsegments)
		return false;
	*ret = (struct mem_region){
		.start = im->segment[i].start, .len = im->segment[i].len,
		.kind = im->segment[i].write ? MEM_RAM : MEM_ROM, .name = "image", .slot = -1,
	};
	return true;
}

static enum target_state image_state(struct target *t)
{
	return TARGET_ENDED;
}

static const struct target_ops image_ops = {
	.name = "image",
	.destroy = image_destroy,
	.vcpu_count = image_vcpu_count,
	.vcpu_info = image_vcpu_info,
	.regs_read = image_regs_read,
	.phys_read = image_read,
	.region = image_region,
	.state = image_state,
};

static int by_start(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static struct error *load_segments(struct image *im, Elf *elf, size_t len, const char *name)
{
	size_t n = 0;

	if (elf_getphdrnum(elf, &n))
		return error_create(ERROR_FAILED, "%s: its program headers can not be read: %s", name, elf_errmsg(-1));
	for (size_t i = 0; i < n && im->nsegments < SEGMENTS_MAX; i++) {
		struct segment *seg = &im->segment[im->nsegments];
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD || !ph.p_memsz)
			continue;
		/* The file may lie: only what it has, and no range around the end of the address space. */
		if (ph.p_offset > len || ph.p_filesz > len - ph.p_offset || ph.p_filesz > ph.p_memsz ||
		    ph.p_vaddr + ph.p_memsz < ph.p_vaddr)
			return error_create(ERROR_FAILED, "%s: segment %zu lies outside the file", name, i);
		*seg = (struct segment){
			.start = ph.p_vaddr, .len = ph.p_memsz, .data = im->file + ph.p_offset,
			.file_len = ph.p_filesz, .write = ph.p_flags & PF_W,
		};
		im->nsegments++;
	}
	if (!im->nsegments)
		return error_create(ERROR_FAILED, "%s has no segments to load", name);
	qsort(im->segment, im->nsegments, sizeof(im->segment[0]), by_start);
	return NULL;
}

/* Registers that make addresses what they are in the file: no paging, 64-bit or flat 32-bit code. */
static void start_regs(struct image *im, uint64_t entry, bool is_64)
{
	const struct arch *arch = im->target.arch;
	struct regs *regs = &im->regs;

	regs_init(regs, arch);
	regs_set(regs, arch->reg_pc, entry);
	regs_set(regs, arch->reg_sp, 0);
	if (arch->elf_machine != EM_X86_64)
		return;
	regs_set(regs, X86_CR0, X86_CR0_PE);
	regs_set(regs, X86_EFER, is_64 ? 0x500 : 0); /* LME, LMA */
	regs_set(regs, X86_CS_BASE, 0);
	regs_set(regs, X86_CS_ATTR, X86_ATTR(0xb, 1, 0, 1, 0, is_64, !is_64, 1, 0));
	regs_set(regs, X86_SS_BASE, 0);
	regs_set(regs, X86_SS_ATTR, X86_ATTR(3, 1, 0, 1, 0, 0, 1, 1, 0));
}

struct error *image_target_create(const char *name, const void *data, size_t len, struct target **ret)
{
	struct image *im = xcalloc(1, sizeof(*im));
	struct error *error = NULL;
	GElf_Ehdr eh;
	Elf *elf;

	im->target.ops = &image_ops;
	im->target.title = xstrdup(name);
	im->file = malloc(len ? len : 1);
	if (!im->file) {
		image_destroy(&im->target);
		return error_create(ERROR_NOMEM, "no memory for the %zu bytes of %s", len, name);
	}
	memcpy(im->file, data, len);
	elf_version(EV_CURRENT);
	elf = elf_memory((char *)im->file, len);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &eh))
		error = error_create(ERROR_FAILED, "%s is not an ELF file", name);
	if (!error) {
		im->target.arch = arch_by_elf_machine(eh.e_machine);
		if (!im->target.arch)
			error = error_create(ERROR_FAILED, "%s is for machine %u, which vmscope does not know",
					     name, eh.e_machine);
	}
	if (!error)
		error = load_segments(im, elf, len, name);
	if (!error)
		start_regs(im, eh.e_entry, eh.e_ident[EI_CLASS] == ELFCLASS64);
	elf_end(elf);
	if (error) {
		image_destroy(&im->target);
		return error;
	}
	*ret = &im->target;
	return NULL;
}
