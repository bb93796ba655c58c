/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/load/aml.h"

#include <string.h>

#include "core/base/bits.h"

#define PKG_LEN 3	/* always in its three-byte form, filled in at the end */

void aml_bytes(struct aml *a, const void *bytes, size_t len)
{
	if (a->len + len <= a->cap)
		memcpy(a->data + a->len, bytes, len);
	a->len += len;
}

static void byte(struct aml *a, uint8_t v)
{
	aml_bytes(a, &v, 1);
}

static void word(struct aml *a, uint16_t v)
{
	uint8_t b[2];

	le16_write(b, v);
	aml_bytes(a, b, sizeof(b));
}

static void dword(struct aml *a, uint32_t v)
{
	uint8_t b[4];

	le32_write(b, v);
	aml_bytes(a, b, sizeof(b));
}

static size_t begin(struct aml *a)
{
	size_t at = a->len;

	a->len += PKG_LEN;
	return at;
}

/* PkgLength counts itself: 4 bits in the first byte, 8 in each of two more (20.2.4). */
void aml_end(struct aml *a, size_t begun)
{
	size_t len = a->len - begun;
	uint8_t b[PKG_LEN] = { 0x80 | (len & 0xf), len >> 4, len >> 12 };

	if (a->len <= a->cap)
		memcpy(a->data + begun, b, sizeof(b));
}

size_t aml_scope_sb(struct aml *a)
{
	size_t at;

	byte(a, 0x10);
	at = begin(a);
	aml_bytes(a, "\\_SB_", 5);
	return at;
}

size_t aml_device(struct aml *a, const char *name)
{
	size_t at;

	aml_bytes(a, "\x5b\x82", 2);
	at = begin(a);
	aml_bytes(a, name, 4);
	return at;
}

size_t aml_package(struct aml *a, uint8_t elements)
{
	size_t at;

	byte(a, 0x12);
	at = begin(a);
	byte(a, elements);
	return at;
}

/* A buffer whose size is a word, filled in at the end. */
size_t aml_resources(struct aml *a)
{
	size_t at;

	byte(a, 0x11);
	at = begin(a);
	byte(a, 0x0b);
	word(a, 0);
	return at;
}

void aml_resources_end(struct aml *a, size_t begun)
{
	aml_bytes(a, "\x79\x00", 2); /* end tag, no checksum */
	if (a->len <= a->cap)
		le16_write(a->data + begun + PKG_LEN + 1, a->len - begun - PKG_LEN - 3);
	aml_end(a, begun);
}

void aml_name(struct aml *a, const char *name)
{
	byte(a, 0x08);
	aml_bytes(a, name, 4);
}

void aml_int(struct aml *a, uint32_t value)
{
	if (value <= 1) {
		byte(a, value);
	} else if (value <= 0xff) {
		byte(a, 0x0a);
		byte(a, value);
	} else {
		byte(a, 0x0c);
		dword(a, value);
	}
}

void aml_string(struct aml *a, const char *s)
{
	byte(a, 0x0d);
	aml_bytes(a, s, strlen(s) + 1);
}

void aml_io(struct aml *a, uint16_t port, uint8_t len)
{
	aml_bytes(a, "\x47\x01", 2); /* decodes 16 bits */
	word(a, port);
	word(a, port);
	byte(a, 1);
	byte(a, len);
}

/* Produced by the bridge, both ends fixed. */
#define PRODUCED_FIXED 0x0c

void aml_word_range(struct aml *a, uint8_t type, uint8_t flags, uint16_t lo, uint16_t hi)
{
	byte(a, 0x88);
	word(a, 13);
	byte(a, type);
	byte(a, PRODUCED_FIXED);
	byte(a, flags);
	word(a, 0);
	word(a, lo);
	word(a, hi);
	word(a, 0);
	word(a, hi - lo + 1);
}

void aml_memory_window(struct aml *a, uint32_t lo, uint32_t len)
{
	byte(a, 0x87);
	word(a, 23);
	byte(a, 0);
	byte(a, PRODUCED_FIXED);
	byte(a, 1); /* writable, not cacheable */
	dword(a, 0);
	dword(a, lo);
	dword(a, lo + len - 1);
	dword(a, 0);
	dword(a, len);
}

void aml_memory_fixed(struct aml *a, uint32_t gpa, uint32_t len)
{
	byte(a, 0x86);
	word(a, 9);
	byte(a, 1);
	dword(a, gpa);
	dword(a, len);
}

void aml_interrupt(struct aml *a, uint32_t gsi)
{
	byte(a, 0x89);
	word(a, 6);
	byte(a, 0x09); /* consumed, level, high, shared */
	byte(a, 1);
	dword(a, gsi);
}
