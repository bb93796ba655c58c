/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/symbols/types.h"

#include <dwarf.h>
#include <inttypes.h>
#include <string.h>

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

/* Numbers of 1, 2, 4 or 8 bytes are what expressions can use. */
static void describe_element(Dwarf_Die *type, struct variable_type *ret)
{
	Dwarf_Die element = *type, next;
	Dwarf_Word size;
	enum type_kind kind;

	while (ret->depth < TYPE_NESTING_MAX && dwarf_type_of(&element, &next)) {
		if (!dwarf_type_peel(&next, &element))
			return;
		kind = kind_of(&element);
		if (kind == TYPE_POINTER) {
			ret->depth++;
			continue;
		}
		if (kind == TYPE_INTEGER && dwarf_aggregate_size(&element, &size) == 0 &&
		    (size == 1 || size == 2 || size == 4 || size == 8)) {
			ret->element_size = size;
			ret->element_signed = is_signed_base(&element);
		}
		return;
	}
}

void dwarf_type_describe(Dwarf_Die *type, struct variable_type *ret)
{
	Dwarf_Die plain;
	Dwarf_Word size;

	*ret = (struct variable_type){ .kind = TYPE_UNKNOWN };
	if (!dwarf_type_peel(type, &plain))
		return;
	ret->kind = kind_of(&plain);
	if (dwarf_aggregate_size(&plain, &size) == 0)
		ret->size = size;
	if (ret->kind == TYPE_INTEGER) {
		ret->is_signed = is_signed_base(&plain);
	} else if (ret->kind == TYPE_POINTER || ret->kind == TYPE_ARRAY) {
		ret->depth = 1;
		describe_element(&plain, ret);
	}
}

uint64_t dwarf_array_count(Dwarf_Die *array)
{
	Dwarf_Attribute attr;
	Dwarf_Word n;
	Dwarf_Die range;

	if (dwarf_child(array, &range))
		return 0;
	do {
		if (dwarf_tag(&range) != DW_TAG_subrange_type)
			continue;
		if (dwarf_formudata(dwarf_attr(&range, DW_AT_count, &attr), &n) == 0)
			return n;
		if (dwarf_formudata(dwarf_attr(&range, DW_AT_upper_bound, &attr), &n) == 0)
			return n + 1;
		return 0;
	} while (dwarf_siblingof(&range, &range) == 0);
	return 0;
}

static void tagged_name(const char *word, Dwarf_Die *type, struct text *ret)
{
	const char *name = dwarf_diename(type);

	text_printf(ret, "%s %s", word, name ? name : "{...}");
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
		text_printf(ret, " [%" PRIu64 "]", dwarf_array_count(type));
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
