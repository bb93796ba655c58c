/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks: a checked header of 64 bytes, then a payload that may be compressed, then zeros up to a multiple
 * of 8. */
#pragma once

#include "core/base/error.h"
#include "core/record/bytes.h"
#include "core/record/format.h"

void block_header_put(uint8_t out[VMS_BLOCK_HEADER_SIZE], const struct vms_block *b);
/* False: not a header, or a damaged one. */
bool block_header_get(const uint8_t in[VMS_BLOCK_HEADER_SIZE], struct vms_block *ret);
static inline uint64_t block_padded(const struct vms_block *b) { return align_up(b->stored, 8); }

struct block_codec;
struct block_codec *block_codec_create(int level);
void block_codec_destroy(struct block_codec *codec);
/* Appends what is stored of @raw to @out (cleared first), compressed when that is smaller; sets codec,
 * stored, raw and crc of @b. */
void block_pack(struct block_codec *codec, const void *raw, size_t len, struct vms_block *b, struct bytes *out);
/* The payload of @b from its @stored bytes, into @out (cleared first). False: damaged. @max bounds it. */
bool block_unpack(struct block_codec *codec, const struct vms_block *b, const void *stored, size_t max,
		  struct bytes *out);
