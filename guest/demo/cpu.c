/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Descriptor tables of each vCPU, and what happens at traps. */
#include "guest/demo/demo.h"

#define MSR_GS_BASE 0xc0000101
#define CODE64 0x08
#define DATA 0x18
#define TSS 0x20
#define GATE_INTERRUPT 0x8e00ULL
#define DEBUG_EXIT 0xf4
#define PANIC_STATUS 0x55	/* the guest ends with status 0xab */
#define IST_STACK 2048

struct gdt {
	uint64_t entry[6]; /* null, code64, code32, data, tss (two slots) */
};

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, iomap;
} __attribute__((packed));

struct table_ptr {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static struct gdt gdts[CPUS_MAX];
static struct tss tsss[CPUS_MAX];
static struct { uint64_t lo, hi; } idt[256];
static uint8_t fault_stacks[CPUS_MAX][IST_STACK] __attribute__((aligned(16)));
/* While the demonstration of a page fault runs: where to go on. */
static volatile uint64_t expected_fault;

static void set_gate(unsigned vector, uint64_t handler, unsigned ist)
{
	idt[vector].lo = (handler & 0xffff) | CODE64 << 16 | (uint64_t)ist << 32 | GATE_INTERRUPT << 32 |
			 (handler >> 16 & 0xffff) << 48;
	idt[vector].hi = handler >> 32;
}

static void idt_build(void)
{
	for (unsigned i = 0; i < 32; i++)
		set_gate(i, trap_stubs[i], i == 8); /* a double fault needs a stack that works */
	set_gate(VECTOR_UART, trap_stubs[32], 0);
	set_gate(VECTOR_TIMER, trap_stubs[33], 0);
	set_gate(VECTOR_SPURIOUS, trap_stubs[34], 0);
}

static void gdt_load(struct cpu *cpu)
{
	struct gdt *gdt = &gdts[cpu->id];
	struct tss *tss = &tsss[cpu->id];
	uint64_t base = (uint64_t)tss;

	tss->ist[0] = (uint64_t)&fault_stacks[cpu->id][IST_STACK];
	tss->iomap = sizeof(*tss);
	gdt->entry[1] = 0x00af9b000000ffffULL;
	gdt->entry[2] = 0x00cf9b000000ffffULL;
	gdt->entry[3] = 0x00cf93000000ffffULL;
	gdt->entry[4] = (sizeof(*tss) - 1) | (base & 0xffffff) << 16 | 0x89ULL << 40 | (base >> 24 & 0xff) << 56;
	gdt->entry[5] = base >> 32;
	struct table_ptr ptr = { sizeof(*gdt) - 1, (uint64_t)gdt };
	__asm__ volatile("lgdt %0\n\tltr %w1" : : "m"(ptr), "r"(TSS));
}

void cpu_init(struct cpu *cpu)
{
	cpu->self = cpu;
	if (cpu->id == 0)
		idt_build();
	gdt_load(cpu);
	struct table_ptr ptr = { sizeof(idt) - 1, (uint64_t)idt };
	__asm__ volatile("lidt %0" : : "m"(ptr));
	wrmsr(MSR_GS_BASE, (uint64_t)cpu);
}

void cpu_panic(const char *why, const struct trap_frame *frame)
{
	print("vmscope demo guest: ");
	print(why);
	print(", vector ");
	print_dec(frame->vector);
	print(", error ");
	print_hex(frame->error);
	print(", rip ");
	print_hex(frame->rip);
	print("\n");
	for (;;) {
		outb(DEBUG_EXIT, PANIC_STATUS);
		__asm__ volatile("cli; hlt");
	}
}

/* Writes to read-only memory, to be stopped by the page tables. True when the fault came. */
bool cpu_try_write(volatile uint64_t *at)
{
	uint64_t faulted = 0;
	__asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
			 "movq %%rax, %1\n\t"
			 "movq $1, %0\n\t"
			 "movq $0x1234, (%2)\n\t"
			 "movq $0, %0\n"
			 "1:\n\t"
			 "movq $0, %1"
			 : "=&r"(faulted), "+m"(expected_fault) : "r"(at) : "rax", "memory");
	return faulted;
}

void trap(struct trap_frame *frame)
{
	switch (frame->vector) {
	case VECTOR_TIMER:
		this_cpu()->ticks++;
		apic_eoi();
		break;
	case VECTOR_UART:
		serial_interrupt();
		apic_eoi();
		break;
	case VECTOR_SPURIOUS:
		break;
	case VECTOR_PAGE_FAULT:
		if (expected_fault) {
			frame->rip = expected_fault;
			break;
		}
		cpu_panic("page fault", frame);
	default:
		cpu_panic("unexpected exception", frame);
	}
}
