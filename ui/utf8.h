/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Code points to UTF-8; core/base/visible.h has the way back. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bytes written to @buf, at most 4. */
static inline size_t utf8_put(char *buf, uint32_t cp)
{
	if (cp < 0x80) {
		buf[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		buf[0] = (char)(0xc0 | cp >> 6);
		buf[1] = (char)(0x80 | (cp & 63));
		return 2;
	}
	if (cp < 0x10000) {
		buf[0] = (char)(0xe0 | cp >> 12);
		buf[1] = (char)(0x80 | (cp >> 6 & 63));
		buf[2] = (char)(0x80 | (cp & 63));
		return 3;
	}
	buf[0] = (char)(0xf0 | cp >> 18);
	buf[1] = (char)(0x80 | (cp >> 12 & 63));
	buf[2] = (char)(0x80 | (cp >> 6 & 63));
	buf[3] = (char)(0x80 | (cp & 63));
	return 4;
}
