/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values as text, by their BTF types. Everything a guest says is bounded. */
#include <inttypes.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/symbols/btf_types.h"
#include "core/symbols/value_text.h"

#define WORD 8u

struct format {
	const struct value_text *to;
	const struct btf *btf;
};

static void format_at(const struct format *f, uint32_t type, uint64_t addr, unsigned depth);

static bool points_at_char(const struct btf *btf, const struct btf_type *pointer)
{
	struct btf_type t;

	return btf_peel(btf, pointer->type, &t) && t.kind == BTF_INT && t.size == 1;
}

static void format_enum(const struct format *f, const struct btf_type *t, uint64_t v)
{
	uint64_t mask = MASK(t->size * 8 - 1, 0), value;

	for (unsigned i = 0; i < t->vlen; i++) {
		const char *name = btf_enumerator(f->btf, t, i, &value);

		if ((value & mask) == (v & mask)) {
			text_printf(f->to->text, "%s (%" PRIu64 ")", name, v & mask);
			return;
		}
	}
	text_printf(f->to->text, "%" PRIu64, v & mask);
}

static void format_float(const struct format *f, unsigned size, uint64_t v)
{
	uint32_t bits = v;
	double d;
	float single;

	memcpy(&d, &v, sizeof(d));
	memcpy(&single, &bits, sizeof(single));
	if (size == 8)
		text_printf(f->to->text, "%.17g", d);
	else if (size == 4)
		text_printf(f->to->text, "%.9g", (double)single);
	else
		text_printf(f->to->text, "0x%" PRIx64, v);
}

static void format_int(const struct format *f, const struct btf_type *t, uint64_t v)
{
	if (btf_int_signed(f->btf, t))
		text_printf(f->to->text, "%" PRId64, sign_extend(v, t->size * 8));
	else
		text_printf(f->to->text, "%" PRIu64, v);
	if (t->size == 1 && strcmp(t->name, "_Bool"))
		value_text_char(f->to, v);
}

/* A number of at most 8 bytes whose bits are known. */
static void format_scalar(const struct format *f, uint32_t type, uint64_t v)
{
	uint64_t size = btf_size(f->btf, type, WORD);
	struct btf_type t;

	if (!btf_peel(f->btf, type, &t) || size == 0 || size > 8) {
		text_printf(f->to->text, "0x%" PRIx64, v);
		return;
	}
	v &= MASK(size * 8 - 1, 0);
	switch (t.kind) {
	case BTF_PTR: value_text_pointer(f->to, v, points_at_char(f->btf, &t)); break;
	case BTF_ENUM:
	case BTF_ENUM64: format_enum(f, &t, v); break;
	case BTF_INT: format_int(f, &t, v); break;
	case BTF_FLOAT: format_float(f, size, v); break;
	default: text_printf(f->to->text, "0x%" PRIx64, v); break;
	}
}

static void format_array(const struct format *f, const struct btf_type *array, uint64_t addr, unsigned depth)
{
	uint64_t n = btf_array_len(f->btf, array), size = btf_size(f->btf, array->type, WORD);
	uint64_t shown = n < VALUE_ELEMENTS_MAX ? n : VALUE_ELEMENTS_MAX;
	struct btf_type t;

	if (!btf_peel(f->btf, array->type, &t) || t.kind == BTF_ARRAY || size == 0) {
		text_printf(f->to->text, "0x%" PRIx64 " {...}", addr);
		return;
	}
	if (t.kind == BTF_INT && t.size == 1 && value_text_array(f->to, addr, n))
		return;
	text_puts(f->to->text, "{");
	for (uint64_t i = 0; i < shown && !value_text_full(f->to); i++) {
		if (i)
			text_puts(f->to->text, ", ");
		format_at(f, array->type, addr + i * size, depth + 1);
	}
	text_puts(f->to->text, shown < n ? ", ...}" : "}");
}

static void format_bits(const struct format *f, uint32_t type, uint64_t addr, const struct type_member *place)
{
	uint64_t size = btf_size(f->btf, type, WORD), v;
	struct btf_type t;
	uint8_t buf[8];

	if (!f->to->mem->virt(f->to->mem->ctx, addr, buf, size)) {
		value_text_unreadable(f->to, addr);
		return;
	}
	v = bytes_read(buf, size, f->to->big_endian) >> place->bit_shift & MASK(place->bit_size - 1, 0);
	if (btf_peel(f->btf, type, &t) && t.kind == BTF_INT && btf_int_signed(f->btf, &t))
		v = sign_extend(v, place->bit_size);
	format_scalar(f, type, v);
}

static void format_struct(const struct format *f, const struct btf_type *type, uint64_t addr, unsigned depth)
{
	text_puts(f->to->text, "{");
	for (unsigned i = 0; i < type->vlen; i++) {
		struct type_member place;
		struct btf_member m;

		if (!value_text_next(f->to, i, depth))
			break;
		btf_member(f->btf, type, i, &m);
		if (*m.name)
			text_printf(f->to->text, "%s = ", m.name);
		if (!btf_member_place(f->btf, &m, WORD, &place))
			text_puts(f->to->text, "?");
		else if (place.bit_size)
			format_bits(f, m.type, addr + place.offset, &place);
		else
			format_at(f, m.type, addr + place.offset, depth + 1);
	}
	text_puts(f->to->text, f->to->lines && depth == 0 && type->vlen ? "\n}" : "}");
}

static void format_at(const struct format *f, uint32_t type, uint64_t addr, unsigned depth)
{
	uint64_t size = btf_size(f->btf, type, WORD);
	struct btf_type t;
	uint8_t buf[8];

	if (depth > VALUE_NESTING_MAX || !btf_peel(f->btf, type, &t)) {
		text_puts(f->to->text, "...");
		return;
	}
	btf_complete(f->btf, &t);
	if (t.kind == BTF_ARRAY)
		format_array(f, &t, addr, depth);
	else if (t.kind == BTF_STRUCT || t.kind == BTF_UNION)
		format_struct(f, &t, addr, depth);
	else if (size == 0 || size > 8)
		text_printf(f->to->text, "<%" PRIu64 " bytes at 0x%" PRIx64 ">", size, addr);
	else if (!f->to->mem->virt(f->to->mem->ctx, addr, buf, size))
		value_text_unreadable(f->to, addr);
	else
		format_scalar(f, type, bytes_read(buf, size, f->to->big_endian));
}

void btf_type_format(const struct value_text *to, type_handle type, uint64_t v, bool is_address)
{
	struct btf_type t;
	struct format f = { .to = to, .btf = btf_of_handle(to->syms, type, &t) };

	if (!f.btf)
		text_puts(to->text, "<no type>");
	else if (is_address)
		format_at(&f, t.id, v, 0);
	else
		format_scalar(&f, t.id, v);
}
