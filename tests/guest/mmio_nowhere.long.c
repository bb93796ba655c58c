/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads and writes where neither memory nor a device is: all ones, and life goes on. */
#include "tests/guest/lib/guest.h"

#define NOWHERE 0xd0000000ULL

int main(uint32_t start_info)
{
	show("byte", *(volatile uint8_t *)NOWHERE);
	show("word", *(volatile uint16_t *)(NOWHERE + 2));
	show("dword", *(volatile uint32_t *)(NOWHERE + 4));
	show("qword", *(volatile uint64_t *)(NOWHERE + 8));
	*(volatile uint32_t *)(NOWHERE + 0x10) = 0x12345678;
	*(volatile uint64_t *)(NOWHERE + 0x18) = 0x123456789abcdef0;
	/* Across the edge of two pages. */
	*(volatile uint64_t *)(NOWHERE + 0xffc) = 1;
	show("unaligned", *(volatile uint32_t *)(NOWHERE + 0x1001));
	return 0;
}
