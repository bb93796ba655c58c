/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IOAPIC: edge interrupts of the PIT (pin 2) and the serial port (pin 4) to the local APIC; a masked pin is
 * silent. Works where the kernel has all chips and where the IOAPIC is vmscope's (split). Status 1. */
#include "tests/guest/lib/guest.h"

#define IOAPIC 0xfec00000ULL
#define SVR 0xf0
#define LVT_LINT0 0x350
#define VECTOR 0x40
#define MASKED 0x10000u

static uint32_t io_read(unsigned reg)
{
	*(volatile uint32_t *)IOAPIC = reg;
	return *(volatile uint32_t *)(IOAPIC + 0x10);
}

static void io_write(unsigned reg, uint32_t v)
{
	*(volatile uint32_t *)IOAPIC = reg;
	*(volatile uint32_t *)(IOAPIC + 0x10) = v;
}

int main(uint32_t start_info)
{
	irq_init();
	lapic_write(LVT_LINT0, MASKED);
	lapic_write(SVR, 0x1ff);
	show("pins less one", io_read(1) >> 16 & 0xff);
	io_write(0x10 + 2 * 2 + 1, 0);
	io_write(0x10 + 2 * 2, VECTOR);
	outb(0x43, 0x34);
	outb(0x40, 1193 & 255);
	outb(0x40, 1193 >> 8);
	while (timer_count < 10)
		wait_irq();
	io_write(0x10 + 2 * 2, VECTOR | MASKED);
	print("ten timer interrupts\n");
	show("redirection", io_read(0x10 + 2 * 2));

	/* The serial port: the transmitter is empty, so enabling its interrupt gives one. */
	unsigned before = timer_count;
	io_write(0x10 + 2 * 4 + 1, 0);
	io_write(0x10 + 2 * 4, VECTOR);
	outb(COM1 + 4, 0x08);
	outb(COM1 + 1, 0x02);
	while (timer_count == before)
		wait_irq();
	print("a serial interrupt\n");
	show("iir", inb(COM1 + 2));
	return 0;
}
