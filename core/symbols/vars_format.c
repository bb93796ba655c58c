/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of variables as text, by their DWARF types. Everything a guest or a file says is bounded. */
#include "core/symbols/vars.h"

#include <dwarf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/text.h"
#include "core/symbols/btf_types.h"
#include "core/symbols/types.h"
#include "core/symbols/value_text.h"

/* Of a value in one line. */
#define FORMAT_MAX 1000
#define LAYOUT_MAX (256 << 10)

struct format {
	struct value_text to;
	struct symbol_object *object; /* whose types these are */
};

static void format_at(const struct format *f, Dwarf_Die *type, uint64_t addr, unsigned depth);

static void format_pointer(const struct format *f, Dwarf_Die *type, uint64_t v)
{
	Dwarf_Die target, plain;
	Dwarf_Word size;

	value_text_pointer(&f->to, v, dwarf_type_of(type, &target) && dwarf_type_peel(&target, &plain) &&
			   dwarf_tag(&plain) == DW_TAG_base_type &&
			   dwarf_aggregate_size(&plain, &size) == 0 && size == 1);
}

static bool format_enumerator(const struct format *f, Dwarf_Die *type, uint64_t v, unsigned bits)
{
	Dwarf_Die die;
	Dwarf_Attribute attr;
	Dwarf_Sword value;
	const char *name;
	unsigned n = 0;

	if (dwarf_child(type, &die))
		return false;
	do {
		if (dwarf_tag(&die) != DW_TAG_enumerator ||
		    dwarf_formsdata(dwarf_attr(&die, DW_AT_const_value, &attr), &value))
			continue;
		name = dwarf_diename(&die);
		if (name && ((uint64_t)value & MASK(bits - 1, 0)) == (v & MASK(bits - 1, 0))) {
			text_printf(f->to.text, "%s (%" PRIu64 ")", name, v);
			return true;
		}
	} while (++n < TYPE_CHILDREN_MAX && dwarf_siblingof(&die, &die) == 0);
	return false;
}

/* A number of at most 8 bytes whose bits are known. */
static void format_scalar(const struct format *f, Dwarf_Die *type, uint64_t v)
{
	struct variable_type t;
	Dwarf_Die plain;

	dwarf_type_describe(f->to.syms, f->object, type, &t);
	if (!dwarf_type_peel(type, &plain) || t.size == 0 || t.size > 8) {
		text_printf(f->to.text, "0x%" PRIx64, v);
		return;
	}
	v &= MASK(t.size * 8 - 1, 0);
	if (t.kind == TYPE_POINTER) {
		format_pointer(f, &plain, v);
	} else if (t.kind == TYPE_INTEGER && dwarf_tag(&plain) == DW_TAG_enumeration_type) {
		if (!format_enumerator(f, &plain, v, t.size * 8))
			text_printf(f->to.text, "%" PRIu64, v);
	} else if (t.kind == TYPE_INTEGER && t.is_signed) {
		text_printf(f->to.text, "%" PRId64, sign_extend(v, t.size * 8));
		if (t.size == 1)
			value_text_char(&f->to, v);
	} else if (t.kind == TYPE_INTEGER) {
		text_printf(f->to.text, "%" PRIu64, v);
		if (t.size == 1)
			value_text_char(&f->to, v);
	} else if (t.kind == TYPE_FLOAT && t.size == 8) {
		double d;

		memcpy(&d, &v, sizeof(d));
		text_printf(f->to.text, "%.17g", d);
	} else if (t.kind == TYPE_FLOAT && t.size == 4) {
		uint32_t bits = v;
		float d;

		memcpy(&d, &bits, sizeof(d));
		text_printf(f->to.text, "%.9g", d);
	} else {
		text_printf(f->to.text, "0x%" PRIx64, v);
	}
}

static void format_array(const struct format *f, Dwarf_Die *array, uint64_t addr, unsigned depth)
{
	uint64_t n, shown;
	struct variable_type t;
	Dwarf_Die element;

	if (dwarf_array_dimensions(array, &n) != 1 || !dwarf_type_of(array, &element)) {
		text_printf(f->to.text, "0x%" PRIx64 " {...}", addr);
		return;
	}
	shown = n < VALUE_ELEMENTS_MAX ? n : VALUE_ELEMENTS_MAX;
	dwarf_type_describe(f->to.syms, f->object, &element, &t);
	if (t.kind == TYPE_INTEGER && t.size == 1 && value_text_array(&f->to, addr, n))
		return;
	text_puts(f->to.text, "{");
	for (uint64_t i = 0; i < shown && !value_text_full(&f->to); i++) {
		if (i)
			text_puts(f->to.text, ", ");
		format_at(f, &element, addr + i * t.size, depth + 1);
	}
	text_puts(f->to.text, shown < n ? ", ...}" : "}");
}

static void format_bits(const struct format *f, Dwarf_Die *type, uint64_t addr,
			const struct type_member *place)
{
	struct variable_type t;
	uint8_t buf[8];
	uint64_t v;

	dwarf_type_describe(f->to.syms, f->object, type, &t);
	if (t.size == 0 || t.size > 8 || !f->to.mem->virt(f->to.mem->ctx, addr, buf, t.size)) {
		value_text_unreadable(&f->to, addr);
		return;
	}
	v = bytes_read(buf, t.size, f->to.big_endian) >> place->bit_shift & MASK(place->bit_size - 1, 0);
	if (t.is_signed)
		v = sign_extend(v, place->bit_size);
	format_scalar(f, type, v);
}

static void format_struct(const struct format *f, Dwarf_Die *type, uint64_t addr, unsigned depth)
{
	Dwarf_Die member, member_type;
	unsigned n = 0, seen = 0;

	text_puts(f->to.text, "{");
	if (dwarf_child(type, &member) == 0) {
		do {
			const char *name = dwarf_diename(&member);
			struct type_member place;

			if (dwarf_tag(&member) != DW_TAG_member || !dwarf_type_of(&member, &member_type))
				continue;
			if (!value_text_next(&f->to, n++, depth))
				break;
			if (name)
				text_printf(f->to.text, "%s = ", name);
			if (!dwarf_member_place(&member, &member_type, f->to.big_endian, &place))
				text_puts(f->to.text, "?");
			else if (place.bit_size)
				format_bits(f, &member_type, addr + place.offset, &place);
			else
				format_at(f, &member_type, addr + place.offset, depth + 1);
		} while (++seen < TYPE_CHILDREN_MAX && dwarf_siblingof(&member, &member) == 0);
	}
	text_puts(f->to.text, f->to.lines && depth == 0 && n ? "\n}" : "}");
}

static void format_at(const struct format *f, Dwarf_Die *type, uint64_t addr, unsigned depth)
{
	struct variable_type t;
	Dwarf_Die plain;
	uint8_t buf[8];

	dwarf_type_describe(f->to.syms, f->object, type, &t);
	if (depth > VALUE_NESTING_MAX || !dwarf_type_peel(type, &plain)) {
		text_puts(f->to.text, "...");
	} else if (t.kind == TYPE_STRUCT && dwarf_hasattr(&plain, DW_AT_declaration)) {
		struct format inner = *f;

		dwarf_type_complete(f->to.syms, &plain, &inner.object);
		format_struct(&inner, &plain, addr, depth);
	} else if (t.kind == TYPE_ARRAY) {
		format_array(f, &plain, addr, depth);
	} else if (t.kind == TYPE_STRUCT) {
		format_struct(f, &plain, addr, depth);
	} else if (t.size == 0 || t.size > 8) {
		text_printf(f->to.text, "<%" PRIu64 " bytes at 0x%" PRIx64 ">", t.size, addr);
	} else if (!f->to.mem->virt(f->to.mem->ctx, addr, buf, t.size)) {
		value_text_unreadable(&f->to, addr);
	} else {
		format_scalar(f, type, bytes_read(buf, t.size, f->to.big_endian));
	}
}

static const char *give(struct text *t, char *buf, size_t size)
{
	/* Names come from the file: nothing in them may reach the terminal. */
	text_sanitize(buf, size, text_str(t), t->len);
	text_deinit(t);
	return buf;
}

const char *symbols_type_name(const struct symbols *syms, type_handle type, char *buf, size_t size)
{
	struct symbol_object *object;
	struct text t = { 0 };
	Dwarf_Die die;

	if (type_is_btf(type))
		btf_type_name(syms, type, &t);
	else if (type && dwarf_type_die(syms, type, &die, &object))
		dwarf_type_name(&die, &t);
	else
		text_puts(&t, type ? "?" : "void");
	return give(&t, buf, size);
}

static void format_type(const struct value_text *to, type_handle type, uint64_t v, bool is_address)
{
	struct format f = { .to = *to };
	Dwarf_Die die;

	if (type_is_btf(type))
		btf_type_format(to, type, v, is_address);
	else if (!dwarf_type_die(to->syms, type, &die, &f.object))
		text_puts(to->text, "<no type>");
	else if (is_address)
		format_at(&f, &die, v, 0);
	else
		format_scalar(&f, &die, v);
}

const char *symbols_type_format(const struct symbols *syms, type_handle type, uint64_t v, bool is_address,
				bool big_endian, const struct mem_reader *mem, char *buf, size_t size)
{
	struct text t = { 0 };
	struct value_text to = { .syms = syms, .mem = mem, .big_endian = big_endian, .text = &t,
				 .limit = FORMAT_MAX };

	format_type(&to, type, v, is_address);
	return give(&t, buf, size);
}

char *symbols_type_format_lines(const struct symbols *syms, type_handle type, uint64_t v, bool is_address,
				bool big_endian, const struct mem_reader *mem)
{
	struct text t = { 0 };
	struct value_text to = { .syms = syms, .mem = mem, .big_endian = big_endian, .text = &t,
				 .lines = true, .limit = LAYOUT_MAX };

	format_type(&to, type, v, is_address);
	return text_take(&t);
}

const char *variable_format(const struct variable *var_in, const struct symbols *syms,
			    const struct regs *regs, const struct mem_reader *mem, char *buf, size_t size)
{
	struct variable var = *var_in;
	struct text t = { 0 };
	uint64_t v = 0;

	variable_resolve(&var, regs, mem);
	if (var.place == VARIABLE_GONE)
		text_puts(&t, "<optimized out>");
	else if (var.place == VARIABLE_COMPLEX)
		text_puts(&t, "<in pieces>");
	else if (var.reg >= 0 && !regs_get(regs, var.reg, &v))
		text_printf(&t, "<%s is not known in this frame>", regs->arch->regs[var.reg].name);
	else
		return symbols_type_format(syms, var.type.self, v + var.offset,
					   var.place == VARIABLE_MEMORY, regs->arch->big_endian, mem, buf,
					   size);
	return give(&t, buf, size);
}

/* ---- layouts --------------------------------------------------------------------------------- */

static void layout_members(const struct symbols *syms, struct symbol_object *object, Dwarf_Die *type,
			   uint64_t base, unsigned nesting, struct text *ret)
{
	bool big_endian = elf_getident(object->elf, NULL)[EI_DATA] == ELFDATA2MSB;
	Dwarf_Die member, member_type, plain;
	unsigned n = 0;

	if (nesting > 4 || dwarf_child(type, &member))
		return;
	do {
		const char *name = dwarf_diename(&member);
		struct type_member place = { 0 };

		if (ret->len > LAYOUT_MAX || dwarf_tag(&member) != DW_TAG_member ||
		    !dwarf_type_of(&member, &member_type))
			continue;
		if (!dwarf_member_place(&member, &member_type, big_endian, &place)) {
			text_printf(ret, "  %8s  %*s", "?", nesting * 2, "");
		} else {
			text_printf(ret, "  +0x%-5" PRIx64 " %*s", base + place.offset, nesting * 2, "");
			if (!name && dwarf_type_peel(&member_type, &plain) &&
			    dwarf_tag(&plain) != DW_TAG_base_type) {
				text_printf(ret, "%s:\n",
					    dwarf_tag(&plain) == DW_TAG_union_type ? "union" : "struct");
				layout_members(syms, object, &plain, base + place.offset, nesting + 1, ret);
				continue;
			}
		}
		dwarf_type_name(&member_type, ret);
		text_printf(ret, " %s", name ? name : "");
		if (place.bit_size)
			text_printf(ret, " : %u (bits %u to %u)", place.bit_size, place.bit_shift,
				    place.bit_shift + place.bit_size - 1);
		text_puts(ret, "\n");
	} while (++n < TYPE_CHILDREN_MAX && dwarf_siblingof(&member, &member) == 0);
}

char *symbols_type_layout(const struct symbols *syms, type_handle type)
{
	struct symbol_object *object;
	struct text t = { 0 };
	Dwarf_Die die, plain;

	if (type_is_btf(type)) {
		btf_type_layout(syms, type, &t);
	} else if (dwarf_type_die(syms, type, &die, &object) && dwarf_type_peel(&die, &plain)) {
		dwarf_type_complete(syms, &plain, &object);
		layout_members(syms, object, &plain, 0, 0, &t);
	}
	return text_take(&t);
}
