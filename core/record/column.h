/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A column: one number of each event of a chunk, side by side. The encoder looks at all of them and takes
 * the form that is smallest; zstd does the rest. FORMAT.md, "Columns".
 */
#pragma once

#include "core/record/bytes.h"

enum column_mode {
	COLUMN_CONST,	/* varint: all are this */
	COLUMN_DELTA,	/* zigzag varints of the distance to the one before (the first: to 0) */
	COLUMN_FIXED,	/* as they are, in 1, 2, 4 or 8 bytes */
	COLUMN_DICT,	/* u8 k - 1, k varints; then one byte a value: which */
};

/* Reusable memory of the encoder. */
struct column_scratch {
	uint16_t slot[512];
	uint64_t dict[256];
};

/* @n at least 1; @width: 1, 2, 4 or 8 bytes hold each value. */
void column_encode(struct bytes *out, const uint64_t *values, size_t n, unsigned width,
		   struct column_scratch *scratch);

/* A column's place in its chunk. */
struct column {
	uint8_t mode, width;
	const uint8_t *data;
	size_t len;
};

/* Takes the next column of @in. False: not one. */
bool column_open(struct parse *in, struct column *ret);
/* All @n values. False: the column holds more, less, or no such values. */
bool column_decode(const struct column *c, size_t n, uint64_t *ret);
/* Is it the same value @n times, and which. */
bool column_is_const(const struct column *c, uint64_t *ret);
