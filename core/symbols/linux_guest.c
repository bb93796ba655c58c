/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/symbols/linux_guest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arch/arch.h"
#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/vec.h"

#define PAGE 4096u
#define CHUNK (256u << 10)
#define NOTE_START "OSRELEASE="
/* What tells the live note from a copy of a part of it. */
#define NOTE_HAS "\nSYMBOL(swapper_pg_dir)="

/* x86-64: the kernel image is mapped here (Documentation/arch/x86/x86_64/mm.rst). */
#define X86_KERNEL_MAP 0xffffffff80000000ull
#define X86_CR0_PAGING 0x80010001ull	/* PG, WP, PE */
#define X86_CR4_PAE 0x20ull
#define X86_CR4_LA57 0x1000ull
#define X86_EFER_LONG 0x0d00ull		/* LME, LMA, NXE */

/* ---- the note's lines ------------------------------------------------------------------------ */

/* The value behind "@kind(@name)=" or, without @name, "@kind=". */
static const char *note_value(const struct linux_guest *g, const char *kind, const char *name)
{
	char key[128];
	int len = name ? snprintf(key, sizeof(key), "\n%s(%s)=", kind, name)
		       : snprintf(key, sizeof(key), "\n%s=", kind);

	if (len < 0 || (size_t)len >= sizeof(key))
		return NULL;
	const char *at = strstr(g->note, key);
	return at ? at + len : NULL;
}

static bool note_number(const struct linux_guest *g, const char *kind, const char *name, int base,
			uint64_t *ret)
{
	const char *value = note_value(g, kind, name);
	char *end;

	if (!value)
		return false;
	uint64_t v = strtoull(value, &end, base);
	if (end == value || (*end != '\n' && *end != '\0'))
		return false;
	*ret = v;
	return true;
}

bool linux_guest_symbol(const struct linux_guest *g, const char *name, uint64_t *ret)
{
	return note_number(g, "SYMBOL", name, 16, ret);
}

bool linux_guest_offset(const struct linux_guest *g, const char *name, uint64_t *ret)
{
	return note_number(g, "OFFSET", name, 10, ret) && *ret < (1u << 20);
}

bool linux_guest_size(const struct linux_guest *g, const char *name, uint64_t *ret)
{
	return note_number(g, "SIZE", name, 10, ret) && *ret < (1u << 20);
}

bool linux_guest_number(const struct linux_guest *g, const char *name, int64_t *ret)
{
	const char *value = note_value(g, "NUMBER", name);

	if (!value)
		return false;
	*ret = strtoll(value, NULL, 10);
	return true;
}

/* ---- finding it ------------------------------------------------------------------------------ */

static bool is_note(const uint8_t *page)
{
	return memcmp(page, NOTE_START, sizeof(NOTE_START) - 1) == 0 &&
	       memmem(page, PAGE, NOTE_HAS, sizeof(NOTE_HAS) - 1);
}

/* The kernel allocates whole pages for it. */
static bool find_in(struct target *t, const struct mem_region *region, uint8_t *buf, uint64_t *ret_gpa)
{
	uint64_t end = region->start + region->len;

	for (uint64_t at = align_up(region->start, PAGE); at < end && end - at >= PAGE;) {
		size_t len = end - at < CHUNK ? align_down(end - at, PAGE) : CHUNK;
		struct error *err = target_phys_read(t, at, buf, len);

		if (err) {
			error_destroy(err);
			return false;
		}
		for (size_t i = 0; i < len; i += PAGE)
			if (is_note(buf + i)) {
				*ret_gpa = at + i;
				return true;
			}
		at += len;
	}
	return false;
}

static struct error *find_note(struct target *t, uint64_t *ret_gpa)
{
	_free_ uint8_t *buf = xcalloc(1, CHUNK);
	struct mem_region region;

	for (unsigned i = 0; t->ops->region && t->ops->region(t, i, &region); i++)
		if (region.kind == MEM_RAM && find_in(t, &region, buf, ret_gpa))
			return NULL;
	return error_hint(error_create(ERROR_NOT_FOUND, "no Linux kernel was found in the guest's memory"),
			  "the kernel writes its VMCOREINFO note while it starts: let it run a little");
}

static void set_reg(struct regs *regs, const char *name, uint64_t value)
{
	struct reg_ref ref;

	if (reg_lookup(regs->arch, name, &ref))
		regs_set(regs, ref.reg, value);
}

/* Registers with which a page walk sees what the kernel maps, also while user code runs or a vCPU has
 * not started yet. */
static struct error *kernel_regs(struct linux_guest *g)
{
	uint64_t tables;
	int64_t phys_base, la57 = 0;

	if (strcmp(g->target->arch->name, "x86_64") != 0)
		return error_create(ERROR_UNSUPPORTED, "Linux guests on %s are not known yet",
				    g->target->arch->name);
	if (!linux_guest_symbol(g, "swapper_pg_dir", &tables) ||
	    !linux_guest_number(g, "phys_base", &phys_base))
		return error_create(ERROR_FAILED, "the VMCOREINFO note at 0x%" PRIx64
				    " does not say where the page tables are", g->note_gpa);
	linux_guest_number(g, "pgtable_l5_enabled", &la57);
	regs_init(&g->regs, g->target->arch);
	set_reg(&g->regs, "cr0", X86_CR0_PAGING);
	set_reg(&g->regs, "cr3", tables - X86_KERNEL_MAP + (uint64_t)phys_base);
	set_reg(&g->regs, "cr4", X86_CR4_PAE | (la57 ? X86_CR4_LA57 : 0));
	set_reg(&g->regs, "efer", X86_EFER_LONG);
	return NULL;
}

struct error *linux_guest_at(struct target *t, uint64_t gpa, struct linux_guest *ret)
{
	struct error *err;
	size_t len;

	memset(ret, 0, sizeof(*ret));
	ret->target = t;
	ret->note_gpa = gpa;
	err = target_phys_read(t, gpa, ret->note, VMCOREINFO_LEN);
	if (!err && !is_note((const uint8_t *)ret->note)) {
		ret->note[0] = '\0';
		err = error_create(ERROR_NOT_FOUND, "there is no VMCOREINFO note at 0x%" PRIx64, gpa);
	}
	if (err)
		return err;
	len = strcspn(ret->note + sizeof(NOTE_START) - 1, "\n");
	if (len >= sizeof(ret->release))
		len = sizeof(ret->release) - 1;
	memcpy(ret->release, ret->note + sizeof(NOTE_START) - 1, len);
	note_number(ret, "KERNELOFFSET", NULL, 16, &ret->kaslr_offset);
	return kernel_regs(ret);
}

struct error *linux_guest_find(struct target *t, struct linux_guest *ret)
{
	uint64_t gpa = 0;
	struct error *err = find_note(t, &gpa);

	return err ? err : linux_guest_at(t, gpa, ret);
}

/* ---- its memory ------------------------------------------------------------------------------ */

struct error *linux_guest_read(const struct linux_guest *g, uint64_t addr, void *buf, size_t len)
{
	size_t done;

	return target_virt_read(g->target, &g->regs, addr, buf, len, &done);
}

struct error *linux_guest_read_u64(const struct linux_guest *g, uint64_t addr, uint64_t *ret)
{
	uint8_t raw[8];
	struct error *err = linux_guest_read(g, addr, raw, sizeof(raw));

	if (!err)
		*ret = le64_read(raw);
	return err;
}

struct error *linux_guest_read_u32(const struct linux_guest *g, uint64_t addr, uint32_t *ret)
{
	uint8_t raw[4];
	struct error *err = linux_guest_read(g, addr, raw, sizeof(raw));

	if (!err)
		*ret = le32_read(raw);
	return err;
}
