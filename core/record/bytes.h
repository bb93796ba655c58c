/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes out and in. Reading is bounded and sticky: past the end everything reads as 0 and @bad is set, so a
 * parser checks once at the end of a loop's turn instead of at every byte.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/vec.h"

struct bytes {
	uint8_t *data;
	size_t len, cap;
};

void bytes_reserve(struct bytes *b, size_t more);
void bytes_deinit(struct bytes *b);

static inline void bytes_add(struct bytes *b, const void *data, size_t len)
{
	if (!len)
		return;
	bytes_reserve(b, len);
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static inline void bytes_u8(struct bytes *b, uint8_t v)
{
	bytes_reserve(b, 1);
	b->data[b->len++] = v;
}

static inline void bytes_u16(struct bytes *b, uint16_t v)
{
	bytes_reserve(b, 2);
	le16_write(b->data + b->len, v);
	b->len += 2;
}

static inline void bytes_u32(struct bytes *b, uint32_t v)
{
	bytes_reserve(b, 4);
	le32_write(b->data + b->len, v);
	b->len += 4;
}

static inline void bytes_u64(struct bytes *b, uint64_t v)
{
	bytes_reserve(b, 8);
	le64_write(b->data + b->len, v);
	b->len += 8;
}

#define VARINT_MAX 10

/* LEB128: seven bits a byte, low ones first, the top bit says that more follow. */
static inline uint8_t *varint_put(uint8_t *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (uint8_t)v | 0x80;
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	return p;
}

static inline unsigned varint_len(uint64_t v)
{
	return (unsigned)(70 - __builtin_clzll(v | 1)) / 7;
}

static inline void bytes_varint(struct bytes *b, uint64_t v)
{
	bytes_reserve(b, VARINT_MAX);
	b->len = (size_t)(varint_put(b->data + b->len, v) - b->data);
}

/* With its length before it. */
void bytes_string(struct bytes *b, const char *s);

/* Small distances in both directions become small numbers. */
static inline uint64_t zigzag(uint64_t delta)
{
	return delta << 1 ^ (uint64_t)((int64_t)delta >> 63);
}

static inline uint64_t unzigzag(uint64_t v)
{
	return v >> 1 ^ -(v & 1);
}

struct parse {
	const uint8_t *p, *end;
	bool bad;
};

static inline size_t parse_left(const struct parse *in)
{
	return (size_t)(in->end - in->p);
}

/* @len bytes, borrowed; NULL past the end. */
static inline const uint8_t *parse_bytes(struct parse *in, size_t len)
{
	const uint8_t *p = in->p;

	if (in->bad || len > parse_left(in)) {
		in->bad = true;
		return NULL;
	}
	in->p += len;
	return p;
}

static inline uint8_t parse_u8(struct parse *in)
{
	const uint8_t *p = parse_bytes(in, 1);

	return p ? *p : 0;
}

static inline uint16_t parse_u16(struct parse *in)
{
	const uint8_t *p = parse_bytes(in, 2);

	return p ? le16_read(p) : 0;
}

static inline uint32_t parse_u32(struct parse *in)
{
	const uint8_t *p = parse_bytes(in, 4);

	return p ? le32_read(p) : 0;
}

static inline uint64_t parse_num64(struct parse *in)
{
	const uint8_t *p = parse_bytes(in, 8);

	return p ? le64_read(p) : 0;
}

static inline uint64_t parse_varint(struct parse *in)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && in->p < in->end; shift += 7) {
		uint8_t byte = *in->p++;

		/* The tenth byte holds one bit. */
		if (shift == 63 && byte > 1)
			break;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return v;
	}
	in->bad = true;
	return 0;
}

/* A string with its length before it, at most @max bytes, as a C string (ends at a NUL inside); the caller
 * frees it. NULL when bad. */
char *parse_string(struct parse *in, size_t max);
