/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/symbols/types.h"

#include <dwarf.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/symbols/btf_types.h"

/* The top bit of a handle tells BTF. */
#define OBJECTS_MAX 0x7fff

bool dwarf_type_of(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute attr;

	return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attr), ret) != NULL;
}

bool dwarf_type_peel(Dwarf_Die *type, Dwarf_Die *ret)
{
	*ret = *type;
	for (unsigned i = 0; i < TYPE_NESTING_MAX; i++) {
		switch (dwarf_tag(ret)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
			if (!dwarf_type_of(ret, ret))
				return false;
			break;
		default:
			return true;
		}
	}
	return false;
}

static bool is_signed_base(Dwarf_Die *base)
{
	Dwarf_Attribute attr;
	Dwarf_Word encoding;

	if (dwarf_formudata(dwarf_attr(base, DW_AT_encoding, &attr), &encoding))
		return false;
	return encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
}

static enum type_kind kind_of(Dwarf_Die *type)
{
	Dwarf_Attribute attr;
	Dwarf_Word encoding;

	switch (dwarf_tag(type)) {
	case DW_TAG_base_type:
		if (dwarf_formudata(dwarf_attr(type, DW_AT_encoding, &attr), &encoding) == 0 &&
		    (encoding == DW_ATE_float || encoding == DW_ATE_complex_float ||
		     encoding == DW_ATE_decimal_float))
			return TYPE_FLOAT;
		return TYPE_INTEGER;
	case DW_TAG_enumeration_type: return TYPE_INTEGER;
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type: return TYPE_POINTER;
	case DW_TAG_array_type: return TYPE_ARRAY;
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type: return TYPE_STRUCT;
	default: return TYPE_UNKNOWN;
	}
}

type_handle dwarf_type_handle(const struct symbols *syms, const struct symbol_object *object, Dwarf_Die *die)
{
	uint8_t unit_type;
	Dwarf_Half version;

	/* Type units of DWARF 4 have offsets of their own, alternate files are not opened. */
	if (dwarf_cu_getdwarf(die->cu) != object->dwarf ||
	    dwarf_cu_info(die->cu, &version, &unit_type, NULL, NULL, NULL, NULL, NULL) ||
	    (unit_type == DW_UT_type && version < 5))
		return 0;
	for (size_t i = 0; i < syms->objects.len && i < OBJECTS_MAX; i++)
		if (syms->objects.data[i] == object)
			return (i + 1) << 48 | dwarf_dieoffset(die);
	return 0;
}

bool dwarf_type_die(const struct symbols *syms, type_handle type, Dwarf_Die *ret,
		    struct symbol_object **ret_object)
{
	size_t i = type >> 48;

	if (i == 0 || type_is_btf(type) || i > syms->objects.len || !syms->objects.data[i - 1]->dwarf)
		return false;
	*ret_object = syms->objects.data[i - 1];
	return dwarf_offdie((*ret_object)->dwarf, type & MASK(47, 0), ret) != NULL;
}

/* What the pointers point at, or the element: a number of 1, 2, 4 or 8 bytes or a structure. */
static void describe_element(const struct symbols *syms, const struct symbol_object *object,
			     Dwarf_Die *type, struct variable_type *ret)
{
	struct symbol_object *where = (struct symbol_object *)(uintptr_t)object;
	Dwarf_Die element = *type, next;
	Dwarf_Word size;
	enum type_kind kind;
	uint64_t count;

	/* Elements of more dimensions are arrays, which a depth of pointers can not say. */
	if (ret->kind == TYPE_ARRAY && dwarf_array_dimensions(type, &count) != 1)
		return;
	while (ret->depth < TYPE_NESTING_MAX && dwarf_type_of(&element, &next)) {
		if (!dwarf_type_peel(&next, &element))
			return;
		kind = kind_of(&element);
		if (kind == TYPE_POINTER) {
			ret->depth++;
			continue;
		}
		if (kind == TYPE_STRUCT)
			dwarf_type_complete(syms, &element, &where);
		if (dwarf_aggregate_size(&element, &size))
			return;
		if (kind == TYPE_INTEGER && (size == 1 || size == 2 || size == 4 || size == 8)) {
			ret->element_size = size;
			ret->element_signed = is_signed_base(&element);
		} else if (kind == TYPE_STRUCT) {
			ret->target = dwarf_type_handle(syms, where, &element);
			ret->span = size;
		}
		return;
	}
}

void dwarf_type_describe(const struct symbols *syms, const struct symbol_object *object, Dwarf_Die *type,
			 struct variable_type *ret)
{
	struct symbol_object *where = (struct symbol_object *)(uintptr_t)object;
	Dwarf_Die plain;
	Dwarf_Word size;

	*ret = (struct variable_type){ .kind = TYPE_UNKNOWN,
				       .self = dwarf_type_handle(syms, object, type) };
	if (!dwarf_type_peel(type, &plain))
		return;
	ret->kind = kind_of(&plain);
	if (ret->kind == TYPE_STRUCT)
		dwarf_type_complete(syms, &plain, &where);
	if (dwarf_aggregate_size(&plain, &size) == 0)
		ret->size = size;
	if (ret->kind == TYPE_INTEGER) {
		ret->is_signed = is_signed_base(&plain);
	} else if (ret->kind == TYPE_STRUCT) {
		ret->target = dwarf_type_handle(syms, where, &plain);
		ret->span = ret->size;
	} else if (ret->kind == TYPE_POINTER || ret->kind == TYPE_ARRAY) {
		ret->depth = 1;
		describe_element(syms, object, &plain, ret);
	}
}

bool symbols_type_describe(const struct symbols *syms, type_handle type, struct variable_type *ret)
{
	struct symbol_object *object;
	Dwarf_Die die;

	if (type_is_btf(type))
		return btf_type_describe(syms, type, ret);
	if (!dwarf_type_die(syms, type, &die, &object))
		return false;
	dwarf_type_describe(syms, object, &die, ret);
	return true;
}

bool symbols_type_is_number(const struct symbols *syms, type_handle type)
{
	struct symbol_object *object;
	Dwarf_Die die, plain;
	Dwarf_Word size;

	if (type_is_btf(type))
		return btf_type_is_number(syms, type);
	return dwarf_type_die(syms, type, &die, &object) && dwarf_type_peel(&die, &plain) &&
	       dwarf_tag(&plain) == DW_TAG_base_type && kind_of(&plain) == TYPE_INTEGER &&
	       dwarf_aggregate_size(&plain, &size) == 0 && size > 1;
}

static uint64_t range_count(Dwarf_Die *range)
{
	Dwarf_Attribute attr;
	Dwarf_Word n;

	if (dwarf_formudata(dwarf_attr(range, DW_AT_count, &attr), &n) == 0)
		return n;
	if (dwarf_formudata(dwarf_attr(range, DW_AT_upper_bound, &attr), &n) == 0)
		return n + 1;
	return 0;
}

unsigned dwarf_array_dimensions(Dwarf_Die *array, uint64_t *ret_count)
{
	unsigned n = 0;
	Dwarf_Die range;

	*ret_count = 0;
	if (dwarf_child(array, &range))
		return 0;
	do {
		if (dwarf_tag(&range) != DW_TAG_subrange_type)
			continue;
		if (n++ == 0)
			*ret_count = range_count(&range);
	} while (n < TYPE_NESTING_MAX && dwarf_siblingof(&range, &range) == 0);
	return n;
}

bool dwarf_member_place(Dwarf_Die *member, Dwarf_Die *type, bool big_endian, struct type_member *ret)
{
	Dwarf_Word offset = 0, bit_offset, bits, unit;
	Dwarf_Attribute attr;

	if (dwarf_tag(member) != DW_TAG_member)
		return false;
	/* Members of unions have no offset; locations that need computing are C++'s. */
	if (dwarf_attr(member, DW_AT_data_member_location, &attr) && dwarf_formudata(&attr, &offset))
		return false;
	*ret = (struct type_member){ .offset = offset };
	if (dwarf_formudata(dwarf_attr(member, DW_AT_bit_size, &attr), &bits))
		return true;
	if (dwarf_formudata(dwarf_attr(member, DW_AT_data_bit_offset, &attr), &bit_offset) ||
	    big_endian || bits == 0 || bits > 64 || dwarf_aggregate_size(type, &unit) || unit == 0 ||
	    unit > 8 || bit_offset >> 32)
		return false;
	/* The unit of its type that holds it, as compilers access it. */
	ret->offset = bit_offset / 8 / unit * unit;
	bit_offset -= ret->offset * 8;
	if (bit_offset + bits > unit * 8)
		return false;
	ret->bit_shift = bit_offset;
	ret->bit_size = bits;
	return true;
}

static void tagged_name(const char *word, Dwarf_Die *type, struct text *ret)
{
	const char *name = dwarf_diename(type);

	text_printf(ret, "%s %s", word, name ? name : "{...}");
}

static void array_name(Dwarf_Die *array, struct text *ret)
{
	Dwarf_Die range;
	unsigned n = 0;

	text_puts(ret, " ");
	if (dwarf_child(array, &range))
		return;
	do {
		if (dwarf_tag(&range) == DW_TAG_subrange_type)
			text_printf(ret, "[%" PRIu64 "]", range_count(&range));
	} while (n++ < TYPE_NESTING_MAX && dwarf_siblingof(&range, &range) == 0);
}

static void type_name(Dwarf_Die *type, unsigned nesting, struct text *ret)
{
	Dwarf_Die target, *inner = NULL;
	const char *name;
	int tag;

	if (!type || nesting == TYPE_NESTING_MAX) {
		text_puts(ret, type ? "..." : "void");
		return;
	}
	tag = dwarf_tag(type);
	name = dwarf_diename(type);
	if (tag != DW_TAG_base_type && tag != DW_TAG_typedef && dwarf_type_of(type, &target))
		inner = &target;
	switch (tag) {
	case DW_TAG_structure_type:
	case DW_TAG_class_type: tagged_name("struct", type, ret); break;
	case DW_TAG_union_type: tagged_name("union", type, ret); break;
	case DW_TAG_enumeration_type: tagged_name("enum", type, ret); break;
	case DW_TAG_const_type:
	case DW_TAG_volatile_type:
		/* Of a pointer the qualifier stands behind: char *const. */
		if (inner && dwarf_tag(inner) == DW_TAG_pointer_type) {
			type_name(inner, nesting + 1, ret);
			text_puts(ret, tag == DW_TAG_const_type ? "const" : "volatile");
			break;
		}
		text_puts(ret, tag == DW_TAG_const_type ? "const " : "volatile ");
		type_name(inner, nesting + 1, ret);
		break;
	case DW_TAG_restrict_type:
	case DW_TAG_atomic_type: type_name(inner, nesting + 1, ret); break;
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		if (inner && dwarf_tag(inner) == DW_TAG_subroutine_type) {
			type_name(inner, nesting + 1, ret);
			break;
		}
		type_name(inner, nesting + 1, ret);
		if (ret->len && ret->data[ret->len - 1] != '*')
			text_puts(ret, " ");
		text_puts(ret, tag == DW_TAG_pointer_type ? "*" : "&");
		break;
	case DW_TAG_array_type:
		type_name(inner, nesting + 1, ret);
		array_name(type, ret);
		break;
	case DW_TAG_subroutine_type:
		type_name(inner, nesting + 1, ret);
		text_puts(ret, " (*)()");
		break;
	default: text_puts(ret, name ? name : "?"); break;
	}
}

void dwarf_type_name(Dwarf_Die *type, struct text *ret)
{
	type_name(type, 0, ret);
}
