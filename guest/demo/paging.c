/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The real page tables. Every page has only the rights it needs:
 *
 *	0x1000          data         4 KiB   low memory, the start info among it; page 0 is not mapped
 *	0x8000          code         4 KiB   the trampoline of the other vCPUs
 *	0x200000        by section   4 KiB   this program; stacks have a guard page between them
 *	0xfec00000      data, uncached 4 KiB IOAPIC and LAPIC
 *	0xffff800000000000 data      2 MiB   the first 64 MiB once more ("direct map")
 */
#include "guest/demo/demo.h"

#define PAGE 4096ULL
#define LARGE (2ULL << 20)
#define PRESENT 0x1ULL
#define WRITE 0x2ULL
#define UNCACHED 0x18ULL
#define LARGE_PAGE 0x80ULL
#define GLOBAL 0x100ULL
#define NO_EXEC (1ULL << 63)

#define LOW_END 0xa0000ULL
#define TRAMPOLINE 0x8000ULL
#define IMAGE 0x200000ULL
#define IOAPIC 0xfec00000ULL
#define LAPIC 0xfee00000ULL
#define DIRECT_LARGE_PAGES 32

typedef uint64_t table[512] __attribute__((aligned(4096)));

extern const uint8_t text_end[], rodata_end[], image_end[];

table final_pml4;
static table low_pdpt, low_pd, low_pt, image_pt, device_pd, ioapic_pt, lapic_pt, direct_pdpt, direct_pd;

static uint64_t table_entry(table t)
{
	return (uint64_t)t | PRESENT | WRITE;
}

static void map_low(void)
{
	for (uint64_t at = PAGE; at < LOW_END; at += PAGE)
		low_pt[at / PAGE] = at | PRESENT | WRITE | NO_EXEC;
	low_pt[TRAMPOLINE / PAGE] = TRAMPOLINE | PRESENT | WRITE;
}

/* Is @at the guard page below one of the stacks? */
static bool is_guard(uint64_t at)
{
	uint64_t first = (uint64_t)stacks, stride = STACK_SIZE + PAGE;
	return at >= first && at < first + CPUS_MAX * stride && (at - first) % stride < PAGE;
}

static void map_image(void)
{
	for (uint64_t at = IMAGE; at < (uint64_t)image_end; at += PAGE) {
		uint64_t rights = PRESENT | WRITE | NO_EXEC;
		if (at < (uint64_t)text_end)
			rights = PRESENT;
		else if (at < (uint64_t)rodata_end)
			rights = PRESENT | NO_EXEC;
		image_pt[(at - IMAGE) / PAGE] = is_guard(at) ? 0 : at | rights | GLOBAL;
	}
}

static void map_devices(void)
{
	device_pd[(IOAPIC / LARGE) % 512] = table_entry(ioapic_pt);
	device_pd[(LAPIC / LARGE) % 512] = table_entry(lapic_pt);
	ioapic_pt[(IOAPIC / PAGE) % 512] = IOAPIC | PRESENT | WRITE | UNCACHED | NO_EXEC;
	lapic_pt[(LAPIC / PAGE) % 512] = LAPIC | PRESENT | WRITE | UNCACHED | NO_EXEC;
}

static void map_direct(void)
{
	for (uint64_t i = 0; i < DIRECT_LARGE_PAGES; i++)
		direct_pd[i] = i * LARGE | PRESENT | WRITE | LARGE_PAGE | GLOBAL | NO_EXEC;
}

void paging_load(void)
{
	__asm__ volatile("movq %0, %%cr3" : : "r"(final_pml4) : "memory");
}

void paging_init(void)
{
	final_pml4[0] = table_entry(low_pdpt);
	final_pml4[256] = table_entry(direct_pdpt);
	low_pdpt[0] = table_entry(low_pd);
	low_pdpt[3] = table_entry(device_pd);
	low_pd[0] = table_entry(low_pt);
	low_pd[1] = table_entry(image_pt);
	direct_pdpt[0] = table_entry(direct_pd);
	map_low();
	map_image();
	map_devices();
	map_direct();
	paging_load();
}
