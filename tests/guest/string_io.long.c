/* SPDX-License-Identifier: GPL-3.0-or-later */
/* String and wide port instructions: sizes, counts, direction, devices that take bytes only. */
#include "tests/guest/lib/guest.h"

static char text[] = "forwards\n";
static char drawkcab[] = "\nsdrawkcab";
static uint8_t in[8];
static uint16_t words[3];

static void outs(const void *at, uint64_t n)
{
	__asm__ volatile("rep outsb" : "+S"(at), "+c"(n) : "d"(COM1) : "memory");
}

int main(uint32_t start_info)
{
	const char *last = drawkcab + sizeof(drawkcab) - 2;
	uint64_t n = sizeof(text) - 1;
	void *to = in;
	void *words_to = words;

	outs(text, n);
	n = sizeof(drawkcab) - 1;
	__asm__ volatile("std; rep outsb; cld" : "+S"(last), "+c"(n) : "d"(COM1) : "memory");
	show("rcx after", n);

	outb(COM1 + 7, 0x5a);
	n = 4;
	__asm__ volatile("rep insb" : "+D"(to), "+c"(n) : "d"(COM1 + 7) : "memory");
	show("scratch, four times", in[0] | in[1] << 8 | in[2] << 16 | (uint32_t)in[3] << 24);
	n = 3;
	__asm__ volatile("rep insw" : "+D"(words_to), "+c"(n) : "d"(0x1234) : "memory");
	show("words from nobody", words[0] & words[1] & words[2]);

	outw(COM1 + 3, 0x0b03); /* LCR and MCR in one go */
	show("mcr", inb(COM1 + 4));
	show("lcr and mcr", inw(COM1 + 3));
	show("dword from nobody", inl(0x5678));
	show("debug port", inb(0xe9));
	n = 0;
	outs(text, n); /* count 0: nothing */
	return 0;
}
