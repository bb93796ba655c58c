/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes BTF, type by type, for tests of what reads it. */
#pragma once

#include <stdint.h>

#include "core/base/vec.h"
#include "core/symbols/btf.h"

struct btf_builder {
	VEC(uint8_t) types, strings;
	uint32_t next_id, first_string;
	size_t open;		/* the structure or enumeration that members go to */
};

/* @base: NULL, or what this one continues. */
void btf_builder_init(struct btf_builder *b, const struct btf_builder *base);
void btf_builder_deinit(struct btf_builder *b);
/* Each gives the id of the new type. */
uint32_t btf_build_int(struct btf_builder *b, const char *name, unsigned size, bool is_signed);
uint32_t btf_build_ref(struct btf_builder *b, enum btf_kind kind, const char *name, uint32_t to);
uint32_t btf_build_array(struct btf_builder *b, uint32_t element, uint32_t n);
uint32_t btf_build_fwd(struct btf_builder *b, const char *name);
/* STRUCT or UNION; @kflag: members may be bit fields. Members follow. */
uint32_t btf_build_struct(struct btf_builder *b, enum btf_kind kind, const char *name, uint32_t size, bool kflag);
void btf_build_member(struct btf_builder *b, const char *name, uint32_t type, unsigned byte);
void btf_build_bits(struct btf_builder *b, const char *name, uint32_t type, unsigned bit, unsigned bits);
uint32_t btf_build_enum(struct btf_builder *b, const char *name, unsigned size);
void btf_build_enumerator(struct btf_builder *b, const char *name, int32_t value);
/* The whole, to be freed. */
uint8_t *btf_builder_finish(const struct btf_builder *b, size_t *ret_len);
