/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ends in the way its command line says: acpi, bochs, 8042, cf9, exit1, exit2, exit4, triple. */
#include "tests/guest/lib/guest.h"

static bool is(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

int main(uint32_t start_info)
{
	const char *way = (const char *)(uint64_t)((const uint32_t *)(uint64_t)start_info)[6];
	static const uint64_t no_idt[2];

	print("ends by ");
	print(way);
	print("\n");
	if (is(way, "acpi"))
		outw(0x604, 0x2000);
	else if (is(way, "bochs"))
		for (const char *s = "Shutdown"; *s; s++)
			outb(0x8900, *s);
	else if (is(way, "8042"))
		outb(0x64, 0xfe);
	else if (is(way, "cf9"))
		outb(0xcf9, 0x06);
	else if (is(way, "exit1"))
		outb(DEBUG_EXIT, 0x20);
	else if (is(way, "exit2"))
		outw(DEBUG_EXIT, 0x21);
	else if (is(way, "exit4"))
		outl(DEBUG_EXIT, 0x22);
	else if (is(way, "triple"))
		__asm__ volatile("lidt %0; movq $0, %%rax; divq %%rax" : : "m"(no_idt) : "rax", "rdx");
	print("still here\n"); /* after a reset register the CPU may not go on */
	return 9;
}
