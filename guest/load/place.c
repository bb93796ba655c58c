/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/load/place.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"

#define LEGACY_START 0xa0000ULL
#define LEGACY_END 0x100000ULL
#define FOUR_GIB (1ULL << 32)

void place_init(struct place *p, const struct image *image, const struct load_ram *ram)
{
	*p = (struct place){ .image = image, .ram = ram };
}

void place_deinit(struct place *p)
{
	vec_free(&p->claims);
}

uint64_t load_ram_end(const struct load_ram *ram)
{
	if (ram->nranges == 0)
		return 0;
	return ram->range[ram->nranges - 1].start + ram->range[ram->nranges - 1].len;
}

uint64_t load_ram_low_end(const struct load_ram *ram)
{
	uint64_t end = 0;
	for (unsigned i = 0; i < ram->nranges; i++)
		if (ram->range[i].start < FOUR_GIB)
			end = ram->range[i].start + ram->range[i].len;
	return end < FOUR_GIB ? end : FOUR_GIB;
}

static const struct place_claim *place_overlap(const struct place *p, uint64_t gpa, uint64_t len)
{
	for (size_t i = 0; i < p->claims.len; i++) {
		const struct place_claim *c = &p->claims.data[i];
		if (gpa < c->start + c->len && c->start < gpa + len)
			return c;
	}
	return NULL;
}

static struct error *place_not_ram(const struct place *p, uint64_t gpa, uint64_t len, const char *what)
{
	char ram[160] = "";
	size_t at = 0;
	for (unsigned i = 0; i < p->ram->nranges && at < sizeof(ram); i++)
		at += snprintf(ram + at, sizeof(ram) - at, "%s0x%" PRIx64 "-0x%" PRIx64, i ? ", " : "",
			       p->ram->range[i].start,
			       p->ram->range[i].start + p->ram->range[i].len - 1);
	struct error *e = error_create(ERROR_FAILED,
				       "%s: %s at 0x%" PRIx64 ", 0x%" PRIx64 " bytes long, does not fit"
				       " the guest's memory (%s)", p->image->name, what, gpa, len, ram);
	return error_hint(e, "give the guest more memory (--mem) or an image linked to other addresses");
}

struct error *place_claim(struct place *p, uint64_t gpa, uint64_t len, bool boot, const char *what,
			  uint8_t **ret)
{
	if (len == 0) {
		*ret = NULL;
		return NULL;
	}
	uint8_t *host = load_ram_ptr(p->ram, gpa, len);
	if (!host)
		return place_not_ram(p, gpa, len, what);
	const struct place_claim *c = place_overlap(p, gpa, len);
	if (c)
		return error_create(ERROR_FAILED, "%s: %s at 0x%" PRIx64 "-0x%" PRIx64
				    " overlaps %s at 0x%" PRIx64 "-0x%" PRIx64, p->image->name, what,
				    gpa, gpa + len - 1, c->what, c->start, c->start + c->len - 1);
	struct place_claim claim = { .start = gpa, .len = len, .boot = boot };
	snprintf(claim.what, sizeof(claim.what), "%s", what);
	vec_push(&p->claims, claim);
	*ret = host;
	return NULL;
}

/* Is [at, at+len) free? If not, *ret_lo and *ret_hi say what is in the way. */
static bool place_free(const struct place *p, uint64_t at, uint64_t len, uint64_t *ret_lo, uint64_t *ret_hi)
{
	if (at < LEGACY_END && at + len > LEGACY_START) {
		*ret_lo = LEGACY_START;
		*ret_hi = LEGACY_END;
		return false;
	}
	const struct place_claim *c = place_overlap(p, at, len);
	if (!c)
		return true;
	*ret_lo = c->start;
	*ret_hi = c->start + c->len;
	return false;
}

static bool place_find_low(const struct place *p, uint64_t len, uint64_t align, uint64_t lo, uint64_t hi,
			   uint64_t *ret)
{
	uint64_t at = align_up(lo, align), clash_lo, clash_hi;
	while (at >= lo && at <= hi && hi - at >= len) {
		if (place_free(p, at, len, &clash_lo, &clash_hi)) {
			*ret = at;
			return true;
		}
		at = align_up(clash_hi, align);
	}
	return false;
}

static bool place_find_top(const struct place *p, uint64_t len, uint64_t align, uint64_t lo, uint64_t hi,
			   uint64_t *ret)
{
	uint64_t end = hi, clash_lo, clash_hi;
	while (end >= lo && end - lo >= len) {
		uint64_t at = align_down(end - len, align);
		if (at < lo)
			return false;
		if (place_free(p, at, len, &clash_lo, &clash_hi)) {
			*ret = at;
			return true;
		}
		end = clash_lo;
	}
	return false;
}

bool place_find(const struct place *p, uint64_t len, uint64_t align, uint64_t lo, uint64_t hi, bool top,
		uint64_t *ret)
{
	if (len == 0 || len > hi || lo > hi)
		return false;
	for (unsigned i = 0; i < p->ram->nranges; i++) {
		unsigned r = top ? p->ram->nranges - 1 - i : i;
		uint64_t start = p->ram->range[r].start, end = start + p->ram->range[r].len;
		uint64_t from = lo > start ? lo : start, to = hi < end ? hi : end;
		if (from >= to)
			continue;
		if (top ? place_find_top(p, len, align, from, to, ret)
			: place_find_low(p, len, align, from, to, ret))
			return true;
	}
	return false;
}

struct error *place_page_tables(struct place *p, struct boot_state *boot)
{
	uint64_t bytes = load_ram_end(p->ram);
	struct error *e = boot_page_tables(p->ram, bytes, &boot->cr3);
	if (e)
		return error_prefix(e, "%s", p->image->name);
	uint8_t *host;
	return place_claim(p, boot->cr3, boot_page_tables_len(bytes), true, "the boot page tables", &host);
}

struct error *place_gdt(struct place *p, struct boot_state *boot)
{
	struct error *e = boot_gdt(p->ram, &boot->gdt);
	if (e)
		return error_prefix(e, "%s", p->image->name);
	uint8_t *host;
	return place_claim(p, boot->gdt, BOOT_GDT_LEN, true, "the boot GDT", &host);
}

struct error *place_cmdline(struct place *p, const char *text, size_t max, uint64_t *ret_gpa)
{
	*ret_gpa = 0;
	if (!text)
		return NULL;
	size_t len = strlen(text);
	size_t room = BOOT_MEMMAP - BOOT_CMDLINE - 1;
	if (max > room)
		max = room;
	if (len > max)
		return error_create(ERROR_FAILED, "%s: the command line has %zu bytes, at most %zu fit",
				    p->image->name, len, max);
	uint8_t *host;
	struct error *e = place_claim(p, BOOT_CMDLINE, len + 1, true, "the command line", &host);
	if (e)
		return e;
	memcpy(host, text, len + 1);
	*ret_gpa = BOOT_CMDLINE;
	return NULL;
}

struct error *place_file(struct place *p, const char *path, uint64_t lo, uint64_t hi, bool top,
			 const char *what, uint64_t *ret_gpa, uint64_t *ret_len)
{
	_free_ uint8_t *data = NULL;
	size_t len;
	/* What can not fit need not be read. */
	uint64_t end = load_ram_end(p->ram), max = hi < end ? hi : end;
	struct error *e = load_file(path, max > lo ? max - lo : 0, &data, &len);
	if (e)
		return e;
	if (len == 0)
		return error_create(ERROR_FAILED, "%s: the file is empty, %s needs contents", path, what);
	uint64_t gpa;
	if (!place_find(p, len, 4096, lo, hi, top, &gpa))
		return error_hint(error_create(ERROR_FAILED, "%s: no room for %s of %zu bytes in guest"
					       " memory 0x%" PRIx64 "-0x%" PRIx64, path, what, len, lo,
					       hi ? hi - 1 : 0),
				  "give the guest more memory (--mem)");
	uint8_t *host;
	e = place_claim(p, gpa, len, false, what, &host);
	if (e)
		return e;
	memcpy(host, data, len);
	*ret_gpa = gpa;
	*ret_len = len;
	return NULL;
}
