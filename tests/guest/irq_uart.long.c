/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Serial input by interrupt: echoes a line in upper case, ends at its end with its length. */
#include "tests/guest/lib/guest.h"

#define IRQ_COM1 4

static char line[64];
static volatile unsigned len;
static volatile bool done;

void irq_handler(unsigned irq)
{
	while (irq == IRQ_COM1 && (inb(COM1 + 5) & 1)) {
		char c = inb(COM1);
		if (c == '\r' || c == '\n')
			done = true;
		else if (len < sizeof(line) - 1)
			line[len++] = c >= 'a' && c <= 'z' ? c - 32 : c;
	}
}

int main(uint32_t start_info)
{
	irq_init();
	outb(COM1 + 2, 0x07);
	outb(COM1 + 4, 0x0b);
	outb(COM1 + 1, 0x01);
	irq_unmask(IRQ_COM1);
	print("type a line\n");
	while (!done)
		wait_irq();
	print(line);
	print("\n");
	return len;
}
