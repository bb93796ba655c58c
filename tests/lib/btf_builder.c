/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/btf_builder.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"

#define MAGIC 0xeb9f
#define HEADER 24

void btf_builder_init(struct btf_builder *b, const struct btf_builder *base)
{
	*b = (struct btf_builder){ .next_id = base ? base->next_id : 1,
				   .first_string = base ? base->first_string + base->strings.len : 0 };
	if (!base)
		vec_push(&b->strings, 0);
}

void btf_builder_deinit(struct btf_builder *b)
{
	vec_free(&b->types);
	vec_free(&b->strings);
}

static void put32(struct btf_builder *b, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		vec_push(&b->types, v >> 8 * i & 0xff);
}

static uint32_t put_name(struct btf_builder *b, const char *name)
{
	uint32_t at = b->first_string + b->strings.len;

	if (!name || !*name)
		return 0;
	for (const char *c = name; ; c++) {
		vec_push(&b->strings, *c);
		if (!*c)
			return at;
	}
}

static uint32_t put_type(struct btf_builder *b, const char *name, enum btf_kind kind, bool kflag, uint32_t word)
{
	uint32_t at = put_name(b, name);

	b->open = b->types.len;
	put32(b, at);
	put32(b, (uint32_t)kind << 24 | (uint32_t)kflag << 31);
	put32(b, word);
	return b->next_id++;
}

static void count_member(struct btf_builder *b)
{
	uint8_t *info = b->types.data + b->open + 4;

	le32_write(info, le32_read(info) + 1);
}

uint32_t btf_build_int(struct btf_builder *b, const char *name, unsigned size, bool is_signed)
{
	uint32_t id = put_type(b, name, BTF_INT, false, size);

	put32(b, (uint32_t)is_signed << 24 | size * 8);
	return id;
}

uint32_t btf_build_ref(struct btf_builder *b, enum btf_kind kind, const char *name, uint32_t to)
{
	return put_type(b, name, kind, false, to);
}

uint32_t btf_build_array(struct btf_builder *b, uint32_t element, uint32_t n)
{
	uint32_t id = put_type(b, NULL, BTF_ARRAY, false, 0);

	put32(b, element);
	put32(b, 1);
	put32(b, n);
	return id;
}

uint32_t btf_build_fwd(struct btf_builder *b, const char *name)
{
	return put_type(b, name, BTF_FWD, false, 0);
}

uint32_t btf_build_struct(struct btf_builder *b, enum btf_kind kind, const char *name, uint32_t size, bool kflag)
{
	return put_type(b, name, kind, kflag, size);
}

void btf_build_member(struct btf_builder *b, const char *name, uint32_t type, unsigned byte)
{
	btf_build_bits(b, name, type, byte * 8, 0);
}

void btf_build_bits(struct btf_builder *b, const char *name, uint32_t type, unsigned bit, unsigned bits)
{
	count_member(b);
	put32(b, put_name(b, name));
	put32(b, type);
	put32(b, bits << 24 | bit);
}

uint32_t btf_build_enum(struct btf_builder *b, const char *name, unsigned size)
{
	return put_type(b, name, BTF_ENUM, true, size);
}

void btf_build_enumerator(struct btf_builder *b, const char *name, int32_t value)
{
	count_member(b);
	put32(b, put_name(b, name));
	put32(b, value);
}

uint8_t *btf_builder_finish(const struct btf_builder *b, size_t *ret_len)
{
	uint8_t *data = xcalloc(1, HEADER + b->types.len + b->strings.len);

	le16_write(data, MAGIC);
	data[2] = 1;
	le32_write(data + 4, HEADER);
	le32_write(data + 8, 0);
	le32_write(data + 12, b->types.len);
	le32_write(data + 16, b->types.len);
	le32_write(data + 20, b->strings.len);
	if (b->types.len)
		memcpy(data + HEADER, b->types.data, b->types.len);
	if (b->strings.len)
		memcpy(data + HEADER + b->types.len, b->strings.data, b->strings.len);
	*ret_len = HEADER + b->types.len + b->strings.len;
	return data;
}
