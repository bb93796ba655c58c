/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/guest/lib/guest.h"

void print(const char *s)
{
	for (; *s; s++)
		outb(COM1, *s);
}

void print_hex(uint64_t v)
{
	char buf[19], *p = buf + sizeof(buf) - 1;
	*p = 0;
	do {
		*--p = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v);
	*--p = 'x';
	*--p = '0';
	print(p);
}

void print_dec(uint64_t v)
{
	char buf[11], *p = buf + sizeof(buf) - 1;
	uint32_t rest = v; /* 32-bit guests have no 64-bit division */
	*p = 0;
	do {
		*--p = '0' + rest % 10;
		rest /= 10;
	} while (rest);
	print(p);
}

void show(const char *name, uint64_t v)
{
	print(name);
	print(": ");
	print_hex(v);
	print("\n");
}

void finish(uint8_t code)
{
	for (;;) {
		outb(DEBUG_EXIT, code);
		__asm__ volatile("cli; hlt");
	}
}
