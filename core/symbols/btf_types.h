/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Types of BTF as the type handles of vars.h: what vars_format.c and types_index.c hand on. Private to
 * core/symbols. */
#pragma once

#include "core/base/text.h"
#include "core/symbols/btf.h"
#include "core/symbols/internal.h"
#include "core/symbols/vars.h"

/* Handles of BTF have the top bit; then the table's number, then the type's. */
#define TYPE_IS_BTF BIT(63)

static inline bool type_is_btf(type_handle type)
{
	return type >> 63;
}

bool btf_type_describe(const struct symbols *syms, type_handle type, struct variable_type *ret);
bool btf_type_is_number(const struct symbols *syms, type_handle type);
void btf_type_name(const struct symbols *syms, type_handle type, struct text *ret);
/* @tag as in "struct ", "union ", "enum ": the kind asked for; BTF_VOID: a typedef or base type. */
bool btf_type_by_name(const struct symbols *syms, const char *name, enum btf_kind kind,
		      struct variable_type *ret);
bool btf_type_member(const struct symbols *syms, type_handle type, const char *name,
		     struct type_member *ret);
void btf_type_layout(const struct symbols *syms, type_handle type, struct text *ret);
/* The value @v, or what lies at address @v. */
struct value_text;
void btf_type_format(const struct value_text *to, type_handle type, uint64_t v, bool is_address);

/* What btf_format.c needs of the handle: its table and itself. */
const struct btf *btf_of_handle(const struct symbols *syms, type_handle type, struct btf_type *ret);
void btf_type_name_of(const struct btf *btf, uint32_t id, struct text *ret);
/* A member's place in units of its type; false when a bit field can not be said so. */
bool btf_member_place(const struct btf *btf, const struct btf_member *m, unsigned word,
		      struct type_member *ret);
/* A structure that is only declared, by its definition. */
void btf_complete(const struct btf *btf, struct btf_type *type);
