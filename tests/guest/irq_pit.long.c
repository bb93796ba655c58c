/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PIT channel 0 through the PIC: ten interrupts at 1 kHz, then masked: no more. Status 1. */
#include "tests/guest/lib/guest.h"

int main(uint32_t start_info)
{
	irq_init();
	outb(0x43, 0x34);
	outb(0x40, 1193 & 255);
	outb(0x40, 1193 >> 8);
	irq_unmask(0);
	while (irq_count[0] < 10)
		wait_irq();
	outb(0x21, 0xff);
	print("ten timer interrupts\n");
	/* Nothing pending after the mask but what the other lines bring: none. */
	unsigned others = 0;
	for (unsigned i = 1; i < 16; i++)
		others += irq_count[i];
	show("other interrupts", others);
	return 0;
}
