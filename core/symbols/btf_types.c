/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Types of BTF as expressions know types. Kernels with BTF are 64-bit ones. */
#include "core/symbols/btf_types.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"

#define WORD 8u
#define LAYOUT_MAX (256 << 10)
#define LAYOUT_NESTING_MAX 4
#define NAME_NESTING_MAX 16

/* ---- tables and handles ---------------------------------------------------------------------- */

unsigned symbols_add_btf(struct symbols *syms, struct btf *btf)
{
	vec_push(&syms->btf, btf);
	return syms->btf.len - 1;
}

/* The place stays empty: handles of what is gone must not name something else. */
void symbols_remove_btf(struct symbols *syms, unsigned table)
{
	if (table >= syms->btf.len)
		return;
	btf_destroy(syms->btf.data[table]);
	syms->btf.data[table] = NULL;
}

const struct btf *symbols_btf(const struct symbols *syms)
{
	for (size_t i = 0; i < syms->btf.len; i++)
		if (syms->btf.data[i])
			return syms->btf.data[i];
	return NULL;
}

static type_handle handle_of(size_t table, uint32_t id)
{
	return id ? TYPE_IS_BTF | (uint64_t)table << 32 | id : 0;
}

static size_t table_of(type_handle type)
{
	return type >> 32 & MASK(30, 0);
}

const struct btf *btf_of_handle(const struct symbols *syms, type_handle type, struct btf_type *ret)
{
	size_t table = table_of(type);
	const struct btf *btf = table < syms->btf.len ? syms->btf.data[table] : NULL;

	return btf && btf_get(btf, (uint32_t)type, ret) ? btf : NULL;
}

/* ---- describing ------------------------------------------------------------------------------ */

void btf_complete(const struct btf *btf, struct btf_type *type)
{
	struct btf_type found;

	if (type->kind == BTF_FWD && btf_find(btf, type->name, type->kflag ? BTF_UNION : BTF_STRUCT, &found))
		*type = found;
}

static enum type_kind kind_of(const struct btf_type *t)
{
	switch (t->kind) {
	case BTF_INT:
	case BTF_ENUM:
	case BTF_ENUM64: return TYPE_INTEGER;
	case BTF_FLOAT: return TYPE_FLOAT;
	case BTF_PTR: return TYPE_POINTER;
	case BTF_ARRAY: return TYPE_ARRAY;
	case BTF_STRUCT:
	case BTF_UNION: return TYPE_STRUCT;
	default: return TYPE_UNKNOWN;
	}
}

static bool is_signed(const struct btf *btf, const struct btf_type *t)
{
	return t->kind == BTF_INT ? btf_int_signed(btf, t) : t->kflag;
}

/* What the pointers point at, or the element: a number of 1, 2, 4 or 8 bytes or a structure. */
static void describe_element(const struct btf *btf, size_t table, const struct btf_type *type,
			     struct variable_type *ret)
{
	struct btf_type t = *type;

	while (ret->depth < BTF_NESTING_MAX && btf_peel(btf, t.type, &t)) {
		/* Elements of more dimensions are arrays, which a depth of pointers can not say. */
		if (t.kind == BTF_ARRAY)
			return;
		if (t.kind == BTF_PTR) {
			ret->depth++;
			continue;
		}
		btf_complete(btf, &t);
		if (kind_of(&t) == TYPE_INTEGER && (t.size == 1 || t.size == 2 || t.size == 4 || t.size == 8)) {
			ret->element_size = t.size;
			ret->element_signed = is_signed(btf, &t);
		} else if (kind_of(&t) == TYPE_STRUCT) {
			ret->target = handle_of(table, t.id);
			ret->span = t.size;
		}
		return;
	}
}

static void describe(const struct btf *btf, size_t table, uint32_t id, struct variable_type *ret)
{
	struct btf_type t;

	*ret = (struct variable_type){ .kind = TYPE_UNKNOWN, .self = handle_of(table, id) };
	if (!btf_peel(btf, id, &t))
		return;
	btf_complete(btf, &t);
	ret->kind = kind_of(&t);
	ret->size = btf_size(btf, t.id, WORD);
	if (ret->kind == TYPE_INTEGER) {
		ret->is_signed = is_signed(btf, &t);
	} else if (ret->kind == TYPE_STRUCT) {
		ret->target = handle_of(table, t.id);
		ret->span = ret->size;
	} else if (ret->kind == TYPE_POINTER || ret->kind == TYPE_ARRAY) {
		ret->depth = 1;
		describe_element(btf, table, &t, ret);
	}
}

bool btf_type_describe(const struct symbols *syms, type_handle type, struct variable_type *ret)
{
	struct btf_type t;
	const struct btf *btf = btf_of_handle(syms, type, &t);

	if (btf)
		describe(btf, table_of(type), t.id, ret);
	return btf;
}

bool btf_type_is_number(const struct symbols *syms, type_handle type)
{
	struct btf_type t;
	const struct btf *btf = btf_of_handle(syms, type, &t);

	return btf && btf_peel(btf, t.id, &t) && t.kind == BTF_INT && t.size > 1;
}

bool btf_type_by_name(const struct symbols *syms, const char *name, enum btf_kind kind,
		      struct variable_type *ret)
{
	static const enum btf_kind plain[] = { BTF_TYPEDEF, BTF_INT, BTF_FLOAT };
	struct btf_type t;

	for (size_t i = 0; i < syms->btf.len; i++) {
		const struct btf *btf = syms->btf.data[i];
		bool found = btf && kind && btf_find(btf, name, kind, &t);

		if (btf && kind == BTF_ENUM && !found)
			found = btf_find(btf, name, BTF_ENUM64, &t);
		for (size_t k = 0; btf && !kind && !found && k < ARRAY_SIZE(plain); k++)
			found = btf_find(btf, name, plain[k], &t);
		if (found) {
			describe(btf, i, t.id, ret);
			return true;
		}
	}
	return false;
}

/* ---- members --------------------------------------------------------------------------------- */

bool btf_member_place(const struct btf *btf, const struct btf_member *m, unsigned word,
		      struct type_member *ret)
{
	uint64_t unit = btf_size(btf, m->type, word), bit = m->bit_offset;

	*ret = (struct type_member){ .offset = bit / 8 };
	if (!m->bits)
		return true;
	if (unit == 0 || unit > 8)
		return false;
	/* The unit of its type that holds it, as compilers access it. */
	ret->offset = bit / 8 / unit * unit;
	bit -= ret->offset * 8;
	if (bit + m->bits > unit * 8)
		return false;
	ret->bit_shift = bit;
	ret->bit_size = m->bits;
	return true;
}

bool btf_type_member(const struct symbols *syms, type_handle type, const char *name,
		     struct type_member *ret)
{
	struct btf_type t;
	const struct btf *btf = btf_of_handle(syms, type, &t);
	struct btf_member m;

	/* Dots are the expression's own. */
	if (!btf || strchr(name, '.') || !btf_peel(btf, t.id, &t))
		return false;
	btf_complete(btf, &t);
	if (!btf_find_member(btf, t.id, name, &m) || !btf_member_place(btf, &m, WORD, ret))
		return false;
	describe(btf, table_of(type), m.type, &ret->type);
	return true;
}

/* ---- names ----------------------------------------------------------------------------------- */

static void tagged_name(const char *word, const struct btf_type *t, struct text *ret)
{
	text_printf(ret, "%s %s", word, *t->name ? t->name : "{...}");
}

static void type_name(const struct btf *btf, uint32_t id, unsigned nesting, struct text *ret);

static void pointer_name(const struct btf *btf, const struct btf_type *t, unsigned nesting, struct text *ret)
{
	struct btf_type to;

	type_name(btf, t->type, nesting + 1, ret);
	if (btf_get(btf, t->type, &to) && to.kind == BTF_FUNC_PROTO)
		return; /* says so itself */
	text_puts(ret, ret->len && ret->data[ret->len - 1] != '*' ? " *" : "*");
}

static void array_name(const struct btf *btf, const struct btf_type *array, unsigned nesting,
		       struct text *ret)
{
	struct text sizes = { 0 };
	struct btf_type t = *array;

	do
		text_printf(&sizes, "[%" PRIu32 "]", btf_array_len(btf, &t));
	while (++nesting < NAME_NESTING_MAX && btf_get(btf, t.type, &t) && t.kind == BTF_ARRAY);
	type_name(btf, t.kind == BTF_ARRAY ? 0 : t.id, nesting, ret);
	text_printf(ret, " %s", text_str(&sizes));
	text_deinit(&sizes);
}

static void qualified_name(const struct btf *btf, const struct btf_type *t, unsigned nesting,
			   struct text *ret)
{
	const char *word = t->kind == BTF_CONST ? "const" : "volatile";
	struct btf_type of;

	/* Of a pointer the qualifier stands behind: char *const. */
	if (btf_get(btf, t->type, &of) && of.kind == BTF_PTR) {
		type_name(btf, t->type, nesting + 1, ret);
		text_puts(ret, word);
		return;
	}
	text_printf(ret, "%s ", word);
	type_name(btf, t->type, nesting + 1, ret);
}

static void type_name(const struct btf *btf, uint32_t id, unsigned nesting, struct text *ret)
{
	struct btf_type t;

	if (nesting >= NAME_NESTING_MAX || !btf_get(btf, id, &t)) {
		text_puts(ret, "...");
		return;
	}
	switch (t.kind) {
	case BTF_STRUCT: tagged_name("struct", &t, ret); break;
	case BTF_UNION: tagged_name("union", &t, ret); break;
	case BTF_ENUM:
	case BTF_ENUM64: tagged_name("enum", &t, ret); break;
	case BTF_FWD: tagged_name(t.kflag ? "union" : "struct", &t, ret); break;
	case BTF_CONST:
	case BTF_VOLATILE: qualified_name(btf, &t, nesting, ret); break;
	case BTF_RESTRICT:
	case BTF_TYPE_TAG: type_name(btf, t.type, nesting + 1, ret); break;
	case BTF_PTR: pointer_name(btf, &t, nesting, ret); break;
	case BTF_ARRAY: array_name(btf, &t, nesting, ret); break;
	case BTF_FUNC_PROTO:
		type_name(btf, t.type, nesting + 1, ret);
		text_puts(ret, " (*)()");
		break;
	default: text_puts(ret, *t.name ? t.name : "?"); break;
	}
}

void btf_type_name_of(const struct btf *btf, uint32_t id, struct text *ret)
{
	type_name(btf, id, 0, ret);
}

void btf_type_name(const struct symbols *syms, type_handle type, struct text *ret)
{
	struct btf_type t;
	const struct btf *btf = btf_of_handle(syms, type, &t);

	if (btf)
		type_name(btf, t.id, 0, ret);
	else
		text_puts(ret, "?");
}

/* ---- layouts --------------------------------------------------------------------------------- */

static void layout_members(const struct btf *btf, const struct btf_type *type, uint64_t base,
			   unsigned nesting, struct text *ret)
{
	if (nesting > LAYOUT_NESTING_MAX || (type->kind != BTF_STRUCT && type->kind != BTF_UNION))
		return;
	for (unsigned i = 0; i < type->vlen && ret->len < LAYOUT_MAX; i++) {
		struct type_member place;
		struct btf_member m;
		struct btf_type t;
		bool known;

		btf_member(btf, type, i, &m);
		known = btf_member_place(btf, &m, WORD, &place);
		if (known)
			text_printf(ret, "  +0x%-5" PRIx64 " %*s", base + place.offset, nesting * 2, "");
		else
			text_printf(ret, "  %8s  %*s", "?", nesting * 2, "");
		if (!*m.name && btf_peel(btf, m.type, &t) && (t.kind == BTF_STRUCT || t.kind == BTF_UNION)) {
			text_printf(ret, "%s:\n", t.kind == BTF_UNION ? "union" : "struct");
			layout_members(btf, &t, base + place.offset, nesting + 1, ret);
			continue;
		}
		btf_type_name_of(btf, m.type, ret);
		text_printf(ret, " %s", m.name);
		if (known && place.bit_size)
			text_printf(ret, " : %u (bits %u to %u)", place.bit_size, place.bit_shift,
				    place.bit_shift + place.bit_size - 1);
		text_puts(ret, "\n");
	}
}

void btf_type_layout(const struct symbols *syms, type_handle type, struct text *ret)
{
	struct btf_type t;
	const struct btf *btf = btf_of_handle(syms, type, &t);

	if (!btf || !btf_peel(btf, t.id, &t))
		return;
	btf_complete(btf, &t);
	layout_members(btf, &t, 0, 0, ret);
}

/* ---- pointers -------------------------------------------------------------------------------- */

type_handle symbols_pointer_to(const struct symbols *syms, type_handle type)
{
	struct btf_type t, p;
	const struct btf *btf = type_is_btf(type) ? btf_of_handle(syms, type, &t) : NULL;

	for (uint32_t id = 1; btf && id < btf_count(btf); id++)
		if (btf_get(btf, id, &p) && p.kind == BTF_PTR && p.type == t.id)
			return handle_of(table_of(type), id);
	return 0;
}
