/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page tables and the GDT that the boot vCPU starts with. */
#include <inttypes.h>
#include <string.h>

#include "core/base/bits.h"
#include "guest/load/place.h"

#define GIB (1ULL << 30)
#define TABLE 4096ULL
/* Tables for more RAM than this do not fit below BOOT_CMDLINE and go to the top of low RAM. */
#define LOW_TABLES_LEN (BOOT_CMDLINE - BOOT_PAGE_TABLES)
#define PTE_PRESENT_WRITE 0x3ULL
#define PDE_LARGE 0x80ULL

static uint64_t map_gib(uint64_t bytes)
{
	uint64_t gib = bytes / GIB + (bytes % GIB != 0);
	return gib < 4 ? 4 : gib;
}

/* One PML4, a PDPT for each 512 GiB, a page directory for each GiB. */
uint64_t boot_page_tables_len(uint64_t bytes)
{
	uint64_t gib = map_gib(bytes);
	return (1 + (gib + 511) / 512 + gib) * TABLE;
}

struct error *boot_page_tables(const struct load_ram *ram, uint64_t bytes, uint64_t *ret_cr3)
{
	uint64_t gib = map_gib(bytes), npdpt = (gib + 511) / 512;
	if (gib > 128 * 1024)
		return error_create(ERROR_FAILED, "can not map 0x%" PRIx64 " bytes: 128 TiB is the most that"
				    " four levels of page tables reach", bytes);
	uint64_t len = boot_page_tables_len(bytes), at = BOOT_PAGE_TABLES;
	if (len > LOW_TABLES_LEN) {
		uint64_t end = align_down(load_ram_low_end(ram), TABLE);
		at = end > len ? end - len : 0;
	}
	uint8_t *host = at ? load_ram_ptr(ram, at, len) : NULL;
	if (!host)
		return error_hint(error_create(ERROR_FAILED, "no memory at 0x%" PRIx64 " for 0x%" PRIx64
					       " bytes of boot page tables", at, len),
				  "give the guest more memory (--mem)");

	memset(host, 0, len);
	uint8_t *pdpt = host + TABLE, *pd = pdpt + npdpt * TABLE;
	for (uint64_t i = 0; i < npdpt; i++)
		le64_write(host + i * 8, (at + (1 + i) * TABLE) | PTE_PRESENT_WRITE);
	for (uint64_t i = 0; i < gib; i++)
		le64_write(pdpt + i * 8, (at + (1 + npdpt + i) * TABLE) | PTE_PRESENT_WRITE);
	for (uint64_t i = 0; i < gib * 512; i++)
		le64_write(pd + i * 8, (i << 21) | PTE_PRESENT_WRITE | PDE_LARGE);
	*ret_cr3 = at;
	return NULL;
}

/* Descriptors by SDM 3A, 3.4.5: accessed bits set, so that the CPU need not write to the table. */
struct error *boot_gdt(const struct load_ram *ram, uint64_t *ret_gdt)
{
	static const uint64_t gdt[] = {
		0,
		0x00cf9b000000ffffULL,	/* BOOT_CS32: base 0, limit 4 GiB, 32-bit code */
		0x00af9b000000ffffULL,	/* BOOT_CS64: base 0, long mode code; Linux wants it at 0x10 */
		0x00cf93000000ffffULL,	/* BOOT_DS: base 0, limit 4 GiB, data */
		0x00008b0000000067ULL,	/* busy 32-bit TSS of 104 bytes at 0: TR must hold something */
	};
	_Static_assert(sizeof(gdt) == BOOT_GDT_LEN, "BOOT_GDT_LEN");
	uint8_t *host = load_ram_ptr(ram, BOOT_GDT, sizeof(gdt));
	if (!host)
		return error_create(ERROR_FAILED, "no memory at 0x%x for the boot GDT", BOOT_GDT);
	for (size_t i = 0; i < sizeof(gdt) / sizeof(gdt[0]); i++)
		le64_write(host + i * 8, gdt[i]);
	*ret_gdt = BOOT_GDT;
	return NULL;
}
