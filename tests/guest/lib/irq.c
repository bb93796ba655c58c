/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/guest/lib/guest.h"

#define PIC1 0x20
#define PIC2 0xa0
#define PIC_EOI 0x20
#define PIC_VECTOR 0x20
#define TIMER_VECTOR 0x40
#define STUB_LEN 16
#define STUBS 80
#define LAPIC 0xfee00000ULL
#define LAPIC_EOI 0xb0
#define CODE64 0x10 /* the boot GDT's */

extern uint8_t trap_stubs[];

volatile unsigned irq_count[16];
volatile unsigned timer_count;
static struct { uint64_t lo, hi; } idt[STUBS];

__attribute__((weak)) void irq_handler(unsigned irq)
{
}

uint32_t lapic_read(unsigned reg)
{
	return *(volatile uint32_t *)(LAPIC + reg);
}

void lapic_write(unsigned reg, uint32_t v)
{
	*(volatile uint32_t *)(LAPIC + reg) = v;
}

void irq_trap(uint64_t vector, uint64_t error, uint64_t rip)
{
	if (vector == TIMER_VECTOR) {
		timer_count++;
		lapic_write(LAPIC_EOI, 0);
		return;
	}
	if (vector >= PIC_VECTOR && vector < PIC_VECTOR + 16) {
		unsigned irq = vector - PIC_VECTOR;
		irq_count[irq]++;
		irq_handler(irq);
		if (irq >= 8)
			outb(PIC2, PIC_EOI);
		outb(PIC1, PIC_EOI);
		return;
	}
	print("unexpected trap ");
	print_dec(vector);
	show(", error", error);
	show("at", rip);
	finish(0x7f);
}

void irq_unmask(unsigned irq)
{
	uint16_t port = irq < 8 ? PIC1 + 1 : PIC2 + 1;
	outb(port, inb(port) & ~(1 << (irq & 7)));
	if (irq >= 8)
		outb(PIC1 + 1, inb(PIC1 + 1) & ~(1 << 2));
}

void irq_init(void)
{
	for (unsigned i = 0; i < STUBS; i++) {
		uint64_t at = (uint64_t)trap_stubs + i * STUB_LEN;
		idt[i].lo = (at & 0xffff) | CODE64 << 16 | 0x8e00ULL << 32 | (at >> 16 & 0xffff) << 48;
		idt[i].hi = at >> 32;
	}
	struct { uint16_t limit; uint64_t base; } __attribute__((packed)) ptr = { sizeof(idt) - 1,
										  (uint64_t)idt };
	__asm__ volatile("lidt %0" : : "m"(ptr));
	/* ICW1-4: edge, cascade on 2, 8086 mode. */
	outb(PIC1, 0x11);
	outb(PIC2, 0x11);
	outb(PIC1 + 1, PIC_VECTOR);
	outb(PIC2 + 1, PIC_VECTOR + 8);
	outb(PIC1 + 1, 4);
	outb(PIC2 + 1, 2);
	outb(PIC1 + 1, 1);
	outb(PIC2 + 1, 1);
	outb(PIC1 + 1, 0xff);
	outb(PIC2 + 1, 0xff);
}

void wait_irq(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}
