/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Eight bytes at a time by tables ("slicing by 8"): about 2 GB/s without instructions of one CPU. */
#include "core/record/crc32c.h"

#include "core/base/bits.h"

static const uint32_t table[8][256] = {
#include "core/record/crc32c_table.def"
};

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;

	crc = ~crc;
	for (; len >= 8; len -= 8, p += 8) {
		uint32_t lo = le32_read(p) ^ crc, hi = le32_read(p + 4);

		crc = table[7][lo & 0xff] ^ table[6][lo >> 8 & 0xff] ^ table[5][lo >> 16 & 0xff] ^
		      table[4][lo >> 24] ^ table[3][hi & 0xff] ^ table[2][hi >> 8 & 0xff] ^
		      table[1][hi >> 16 & 0xff] ^ table[0][hi >> 24];
	}
	while (len--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 0xff];
	return ~crc;
}
