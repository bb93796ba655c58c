/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fixture of symbols_test: tests name functions and lines of this file, so lines stay where they are. */
#include "twice.h"

int counter = 7;
static int table[16];
static int hidden(int a);

int leaf(int a, int b)
{
	int sum = a + b;

	return sum * counter;
}

static int hidden(int a)
{
	int i, total = 0;

	for (i = 0; i < a; i++)
		total += leaf(i, twice(i));
	table[a & 15] = total;
	return total;
}

int gap;

void entry(void);
void entry(void)
{
	int n = hidden(5);

	n += leaf(n, 1);
	gap = n;
	for (;;)
		;
}
