/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What source stepping has to get right: calls, recursion, a loop, a repeated instruction. */
#include "tests/guest/lib/guest.h"

NOINLINE unsigned fact(unsigned n);
NOINLINE unsigned sum_to(unsigned n);
NOINLINE void fill(volatile uint8_t *p, unsigned n);

static uint8_t buffer[64];
volatile unsigned result;

unsigned fact(unsigned n)
{
	unsigned below;

	if (n < 2)
		return 1;
	below = fact(n - 1);
	result += below;
	return n * below;
}

unsigned sum_to(unsigned n)
{
	volatile unsigned sum = 0;

	for (volatile unsigned i = 1; i <= n; i++)
		sum += i;
	return sum;
}

void fill(volatile uint8_t *p, unsigned n)
{
	__asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(0xa5) : "memory");
}

int main(uint32_t start_info)
{
	result = fact(5);
	result = sum_to(10);
	fill(buffer, sizeof(buffer));
	result = buffer[63];
	return 1;
}
