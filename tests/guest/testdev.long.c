/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What guests written to test a hypervisor look for: pc-testdev's latch at every width, its interrupt
 * lines and MMIO; PCI configuration space by ports; no HPET. Status 1. */
#include "tests/guest/lib/guest.h"

#define LINE 5
#define LINES_PORT 0x2000

static unsigned seen;

void irq_handler(unsigned irq)
{
	seen = irq;
	outb(LINES_PORT + irq, 0);
}

static uint32_t pci(unsigned slot, unsigned reg)
{
	outl(0xcf8, 0x80000000u | slot << 11 | reg);
	return inl(0xcfc);
}

int main(uint32_t start_info)
{
	volatile uint32_t *mmio = (volatile uint32_t *)0xff000000UL;
	volatile uint16_t *odd = (volatile uint16_t *)0xff00fffeUL;

	outl(0xe0, 0x12345678);
	show("latch", inl(0xe0));
	show("upper word", inw(0xe2));
	outb(0xe1, 0xaa);
	show("a byte changed", inl(0xe0));

	mmio[0] = 0xdeadbeef;
	*odd = 0x55aa;
	show("mmio", mmio[0]);
	show("its end", *odd);

	irq_init();
	irq_unmask(LINE);
	outb(LINES_PORT + LINE, 1);
	while (!irq_count[LINE])
		wait_irq();
	show("interrupt line", seen);
	show("low again", inb(LINES_PORT + LINE));

	show("host bridge", pci(0, 0));
	show("nobody", pci(1, 0));
	show("no hpet", *(volatile uint32_t *)0xfed00000UL);
	return 0;
}
