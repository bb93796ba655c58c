/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Long mode by the plain ELF64 entry: a call chain, the start info's command line, status 7. */
#include "tests/guest/lib/guest.h"

NOINLINE int leaf(int a);
NOINLINE int middle(int a);
volatile int counter;
uint32_t pattern[4] = { 0x11111111, 0x22222222, 0x33333333, 0x44444444 };

int leaf(int a)
{
	counter++;
	return a + 1;
}

int middle(int a)
{
	int sum = 0;
	for (int i = 0; i < 3; i++)
		sum += leaf(a + i);
	return sum;
}

int main(uint32_t start_info)
{
	const uint32_t *info = (const uint32_t *)(uint64_t)start_info;

	print("hello from long mode\n");
	if (info[0] == 0x336ec578 && info[6]) {
		print("command line: ");
		print((const char *)(uint64_t)info[6]);
		print("\n");
	}
	print("middle(1) is ");
	print_dec(middle(1));
	print("\n");
	return 3;
}
