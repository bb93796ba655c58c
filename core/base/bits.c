/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/bits.h"

uint64_t bytes_read(const void *p, unsigned size, bool big_endian)
{
	const uint8_t *b = p;
	uint64_t v = 0;

	/* Of more than 8 bytes only the low ones fit: the first in little endian, the last in big. */
	if (size > 8) {
		b += big_endian ? size - 8 : 0;
		size = 8;
	}
	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)b[big_endian ? size - 1 - i : i] << (8 * i);
	return v;
}

void bytes_write(void *p, unsigned size, bool big_endian, uint64_t v)
{
	uint8_t *b = p;

	for (unsigned i = 0; i < size; i++)
		b[big_endian ? size - 1 - i : i] = i < 8 ? (uint8_t)(v >> (8 * i)) : 0;
}
