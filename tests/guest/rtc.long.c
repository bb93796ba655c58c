/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CMOS memory sizes, a sane time, and the periodic interrupt (IRQ 8, through the second PIC). */
#include "tests/guest/lib/guest.h"

static unsigned bcd(uint8_t v)
{
	return (v >> 4) * 10 + (v & 15);
}

void irq_handler(unsigned irq)
{
	if (irq == 8)
		cmos(0x0c);
}

int main(uint32_t start_info)
{
	show("base memory in KiB", cmos(0x15) | cmos(0x16) << 8);
	show("above 16 MiB in 64 KiB", cmos(0x34) | cmos(0x35) << 8);
	show("valid", cmos(0x0d));
	print(bcd(cmos(0x32)) >= 20 && bcd(cmos(8)) >= 1 && bcd(cmos(8)) <= 12 && bcd(cmos(7)) >= 1 &&
	      bcd(cmos(7)) <= 31 && bcd(cmos(4)) < 24 && bcd(cmos(2)) < 60 ? "a sane time\n" : "nonsense\n");
	irq_init();
	cmos(0x0c);
	outb(0x70, 0x0b);
	outb(0x71, 0x42);
	irq_unmask(8);
	while (irq_count[8] < 5)
		wait_irq();
	print("five periodic interrupts\n");
	return 0;
}
