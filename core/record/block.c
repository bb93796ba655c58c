/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/record/block.h"

#include <stdlib.h>
#include <zstd.h>

#include "core/record/crc32c.h"

struct block_codec {
	ZSTD_CCtx *compress;
	ZSTD_DCtx *decompress;
	int level;
};

void block_header_put(uint8_t out[VMS_BLOCK_HEADER_SIZE], const struct vms_block *b)
{
	memset(out, 0, VMS_BLOCK_HEADER_SIZE);
	le32_write(out, VMS_BLOCK_MAGIC);
	out[4] = b->type;
	out[5] = b->codec;
	le16_write(out + 6, b->flags);
	le32_write(out + 8, b->stored);
	le32_write(out + 12, b->raw);
	le64_write(out + 16, b->first);
	le64_write(out + 24, b->last);
	le32_write(out + 32, b->count);
	le32_write(out + 36, b->stream);
	le32_write(out + 40, b->lost);
	le16_write(out + 44, b->lost_reason);
	le64_write(out + 48, b->seq);
	le32_write(out + 56, b->crc);
	le32_write(out + 60, crc32c(0, out, 60));
}

bool block_header_get(const uint8_t in[VMS_BLOCK_HEADER_SIZE], struct vms_block *ret)
{
	if (le32_read(in) != VMS_BLOCK_MAGIC || le32_read(in + 60) != crc32c(0, in, 60))
		return false;
	*ret = (struct vms_block){
		.type = in[4], .codec = in[5], .flags = le16_read(in + 6), .stored = le32_read(in + 8),
		.raw = le32_read(in + 12), .first = le64_read(in + 16), .last = le64_read(in + 24),
		.count = le32_read(in + 32), .stream = le32_read(in + 36), .lost = le32_read(in + 40),
		.lost_reason = le16_read(in + 44), .seq = le64_read(in + 48), .crc = le32_read(in + 56),
	};
	return true;
}

struct block_codec *block_codec_create(int level)
{
	struct block_codec *codec = xcalloc(1, sizeof(*codec));

	codec->level = level;
	return codec;
}

void block_codec_destroy(struct block_codec *codec)
{
	if (!codec)
		return;
	ZSTD_freeCCtx(codec->compress);
	ZSTD_freeDCtx(codec->decompress);
	free(codec);
}

void block_pack(struct block_codec *codec, const void *raw, size_t len, struct vms_block *b, struct bytes *out)
{
	size_t size = 0;

	out->len = 0;
	if (!codec->compress)
		codec->compress = ZSTD_createCCtx();
	if (codec->compress && len > 64) {
		bytes_reserve(out, ZSTD_compressBound(len));
		size = ZSTD_compressCCtx(codec->compress, out->data, out->cap, raw, len, codec->level);
		if (ZSTD_isError(size) || size >= len)
			size = 0;
	}
	b->codec = size ? VMS_CODEC_ZSTD : VMS_CODEC_NONE;
	out->len = size;
	if (!size)
		bytes_add(out, raw, len);
	b->stored = (uint32_t)out->len;
	b->raw = (uint32_t)len;
	b->crc = crc32c(0, out->data, out->len);
}

bool block_unpack(struct block_codec *codec, const struct vms_block *b, const void *stored, size_t max,
		  struct bytes *out)
{
	size_t size;

	out->len = 0;
	if (b->raw > max || crc32c(0, stored, b->stored) != b->crc)
		return false;
	switch (b->codec) {
	case VMS_CODEC_NONE:
		if (b->raw != b->stored)
			return false;
		bytes_add(out, stored, b->stored);
		return true;
	case VMS_CODEC_ZSTD:
		if (!codec->decompress)
			codec->decompress = ZSTD_createDCtx();
		if (!codec->decompress)
			return false;
		bytes_reserve(out, b->raw + 1u);
		size = ZSTD_decompressDCtx(codec->decompress, out->data, b->raw, stored, b->stored);
		if (ZSTD_isError(size) || size != b->raw)
			return false;
		out->len = size;
		return true;
	}
	return false;
}
