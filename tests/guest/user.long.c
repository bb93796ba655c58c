/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ring 3, which some hosts run natively though they interpret ring 0: user code counts, then touches a
 * supervisor page, and the page fault brings the kernel back. Status 11. */
#include "tests/guest/lib/guest.h"

#define KERNEL_CODE 0x10
#define USER_DATA 0x2b
#define USER_CODE 0x33
#define TSS 0x38
#define PAGE_USER 4ULL
#define KERNEL_ONLY 0x300000ULL /* not in the first 2 MiB, where everything else is */

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t rest[11];
} __attribute__((packed));

NOINLINE uint64_t user_leaf(uint64_t v);
NOINLINE void user_main(void);
void user_fault(void);

static uint64_t gdt[9];
static struct tss tss;
static uint8_t kernel_stack[4096] __attribute__((aligned(16)));
static uint8_t user_stack[4096] __attribute__((aligned(16)));
volatile uint64_t user_count;

uint64_t user_leaf(uint64_t v)
{
	user_count = v;
	return v + 1;
}

void user_main(void)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < 1000; i++)
		v = user_leaf(v);
	*(volatile uint32_t *)KERNEL_ONLY = 0;
	for (;;)
		;
}

__asm__(".text\n"
	"fault_gate:\n"
	"	call user_fault\n");
extern const uint8_t fault_gate[];

void user_fault(void)
{
	uint64_t cr2;
	__asm__ volatile("movq %%cr2, %0" : "=r"(cr2));
	show("page fault at", cr2);
	print("user code counted to ");
	print_dec(user_count);
	print("\n");
	finish(cr2 == KERNEL_ONLY ? 5 : 6);
}

static void set_gate(uint64_t *idt, unsigned vector, const uint8_t *to)
{
	uint64_t at = (uint64_t)to;
	idt[vector * 2] = (at & 0xffff) | KERNEL_CODE << 16 | 0x8e00ULL << 32 | (at >> 16 & 0xffff) << 48;
	idt[vector * 2 + 1] = at >> 32;
}

/* At every level down to the 2 MiB page at @at. */
static void allow_user(uint64_t at)
{
	uint64_t cr3;
	__asm__ volatile("movq %%cr3, %0" : "=r"(cr3));
	uint64_t *table = (uint64_t *)cr3;
	for (unsigned shift = 39; shift > 21; shift -= 9) {
		uint64_t *entry = &table[at >> shift & 511];
		*entry |= PAGE_USER;
		table = (uint64_t *)(*entry & ~0xfffULL);
	}
	table[at >> 21 & 511] |= PAGE_USER;
	__asm__ volatile("movq %0, %%cr3" : : "r"(cr3) : "memory");
}

int main(uint32_t start_info)
{
	struct { uint16_t limit; uint64_t base; } __attribute__((packed)) ptr;

	irq_init();
	__asm__ volatile("sidt %0" : "=m"(ptr));
	set_gate((uint64_t *)ptr.base, 14, fault_gate);

	uint64_t base = (uint64_t)&tss;
	tss.rsp[0] = (uint64_t)kernel_stack + sizeof(kernel_stack);
	gdt[2] = 0x00af9b000000ffffULL;
	gdt[3] = 0x00cf93000000ffffULL;
	gdt[5] = 0x00cff3000000ffffULL;
	gdt[6] = 0x00affb000000ffffULL;
	gdt[7] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ULL << 40 | (base >> 24 & 0xff) << 56;
	gdt[8] = base >> 32;
	ptr.limit = sizeof(gdt) - 1;
	ptr.base = (uint64_t)gdt;
	__asm__ volatile("lgdt %0\n\tltr %w1" : : "m"(ptr), "r"(TSS));
	allow_user(0x100000);
	print("going to ring 3\n");
	__asm__ volatile("pushq %0\n\tpushq %1\n\tpushq $2\n\tpushq %2\n\tpushq %3\n\tiretq"
			 : : "i"(USER_DATA), "r"((uint64_t)user_stack + sizeof(user_stack) - 8),
			   "i"(USER_CODE), "r"((uint64_t)user_main) : "memory");
	return 9;
}
