/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes to the console for ever, control characters among it. */
#include "tests/guest/lib/guest.h"

int main(uint32_t start_info)
{
	for (unsigned i = 0;; i++) {
		outb(COM1, i);
		outb(0xe9, i);
	}
}
