/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A radix tree of two levels that maps 1 GiB of memory and XIVE's pages one to one (ISA 3.0B III 5.7.10):
 * 13 and 9 bits of the address choose the entries, 30 are the page. All of it is big-endian.
 */
#include "guest/demo/ppc64/demo.h"

#define LEAF 0x8000000000000000ull
#define VALID 0x8000000000000000ull
#define IS_LEAF 0x4000000000000000ull
#define REFERENCED_CHANGED 0x180ull
#define IO 0x20ull			/* not cached, every access counts */
#define PRIVILEGED 0x8ull
#define READ_WRITE 0x6ull
#define EXECUTE 0x1ull
#define ROOT_BITS 13
#define TABLE_BITS 9
#define PAGE_BITS 30
#define RTS_52 (5ull << 5 | 2ull << 61)	/* 52 bits of address: 21 above 31, split over two fields */
#define PROC_TABLE_NEW_RADIX_GTSE 0x1d
#define MSR_SF (1ull << 63)
#define MSR_ME 0x1000ull
#define MSR_RI 0x2ull
#define MSR_IR_DR 0x30ull

static uint64_t root[1 << ROOT_BITS] __attribute__((aligned(65536)));
static uint64_t table[3][1 << TABLE_BITS] __attribute__((aligned(4096)));
static uint64_t process_table[512] __attribute__((aligned(4096)));

void set_msr(uint64_t msr);

/* Maps the 1 GiB around @at. */
static void map(unsigned i, uint64_t at, uint64_t bits)
{
	uint64_t page = at >> PAGE_BITS << PAGE_BITS;

	root[at >> (PAGE_BITS + TABLE_BITS)] = be64(VALID | (uint64_t)table[i] | TABLE_BITS);
	table[i][at >> PAGE_BITS & ((1 << TABLE_BITS) - 1)] =
		be64(VALID | IS_LEAF | page | REFERENCED_CHANGED | PRIVILEGED | bits);
}

void mmu_init(void)
{
	map(0, 0, READ_WRITE | EXECUTE);
	map(1, 0x0006010000000000ull, READ_WRITE | IO);
	map(2, 0x0006030203180000ull, READ_WRITE | IO);
	process_table[0] = be64(RTS_52 | (uint64_t)root | ROOT_BITS);
	hcall(H_REGISTER_PROC_TBL, PROC_TABLE_NEW_RADIX_GTSE, (uint64_t)process_table, 0, 0, 0, NULL);
}

void mmu_on(void)
{
	uint64_t msr;

	__asm__ volatile("mtspr 48, %0; ptesync; isync" : : "r"(0ull) : "memory"); /* PID */
	__asm__ volatile("mfmsr %0" : "=r"(msr));
	set_msr(msr | MSR_IR_DR | MSR_RI);
}
