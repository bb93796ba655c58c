/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes HLT over everything from the end of RAM down to 0, itself among it; then it runs what it wrote. */
#include "tests/guest/lib/guest.h"

#define HLT 0xf4f4f4f4u

int main(uint32_t magic, uint32_t at)
{
	const uint32_t *info = (const uint32_t *)at;
	uint32_t bytes = 0x100000 + info[2] * 1024;
	void *to = (void *)(bytes - 4);

	bytes /= 4;
	__asm__ volatile("cli; std; rep stosl" : "+D"(to), "+c"(bytes) : "a"(HLT) : "memory");
	print("my code is still there\n");
	return 1;
}
