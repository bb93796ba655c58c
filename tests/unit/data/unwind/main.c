/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fixture of unwind_test, built with -O2 and no frame pointers: calls of many shapes. The test also
 * runs it, single-stepped, on hosts where that is possible; it ends by an invalid instruction.
 */
#define NOINLINE __attribute__((noinline, noclone))

volatile int sink;
void entry(void);
void finished(void);

static NOINLINE int leaf(int a, int b)
{
	sink = a;
	return a * 3 + b;
}

static NOINLINE int big_frame(int n)
{
	volatile char room[300];

	for (int i = 0; i < 3; i++)
		room[i * 90] = n + i;
	return leaf(room[0], room[180]);
}

static NOINLINE int many_saved(int a, int b, int c, int d, int e, int f)
{
	int x = leaf(a, b), y = leaf(c, d), z = leaf(e, f);
	int v = leaf(x, y), w = leaf(y, z);

	return leaf(a + b + c, d + e + f) + x * y + z * v + w;
}

static NOINLINE int recursive(int n)
{
	return n ? recursive(n - 1) * 2 + leaf(n, n) : 1;
}

static NOINLINE int many_arguments(int a, int b, int c, int d, int e, int f, int g, int h, int i)
{
	return leaf(a + c + e, b + d + f) + leaf(g, h) + i;
}

static NOINLINE int run_time_room(int n)
{
	volatile char *room = __builtin_alloca(n * 16);

	room[n] = n;
	return leaf(room[n], n);
}

static NOINLINE int through_pointer(int (*fn)(int), int n)
{
	return fn(n) + 1;
}

__attribute__((noinline, noreturn)) void finished(void)
{
	__builtin_trap();
}

/* What _start calls; without a caller's frame it never returns. */
void entry(void)
{
	int n = big_frame(4);

	n += many_saved(1, 2, 3, 4, 5, 6);
	n += recursive(4);
	n += many_arguments(1, 2, 3, 4, 5, 6, 7, 8, 9);
	n += run_time_room(3);
	n += through_pointer(sink ? big_frame : recursive, 2);
	sink = n;
	finished();
}
