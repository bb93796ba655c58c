/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Types of DWARF: what vars.c, vars_format.c and types_index.c ask. Private to core/symbols. */
#pragma once

#include <elfutils/libdw.h>

#include "core/base/text.h"
#include "core/symbols/internal.h"
#include "core/symbols/vars.h"

/* How far types are followed; hostile files make them refer to themselves. */
#define TYPE_NESTING_MAX 16
/* Siblings looked through in one list. */
#define TYPE_CHILDREN_MAX (1 << 16)

/* Handles: the object's number from 1, and the DIE's offset. */
type_handle dwarf_type_handle(const struct symbols *syms, const struct symbol_object *object, Dwarf_Die *die);
bool dwarf_type_die(const struct symbols *syms, type_handle type, Dwarf_Die *ret,
		    struct symbol_object **ret_object);

/* Without typedefs and qualifiers; false when nothing is left. */
bool dwarf_type_peel(Dwarf_Die *type, Dwarf_Die *ret);
/* The type @die refers to by DW_AT_type. */
bool dwarf_type_of(Dwarf_Die *die, Dwarf_Die *ret);
void dwarf_type_describe(const struct symbols *syms, const struct symbol_object *object, Dwarf_Die *type,
			 struct variable_type *ret);
/* Dimensions of an array, and elements of the first; 0 when the file does not say. */
unsigned dwarf_array_dimensions(Dwarf_Die *array, uint64_t *ret_count);
/* Appends the name as C writes it. @type NULL: void. */
void dwarf_type_name(Dwarf_Die *type, struct text *ret);
/* Where a member lies; false when it is no data member. @big_endian files have no bit fields here. */
bool dwarf_member_place(Dwarf_Die *member, Dwarf_Die *type, bool big_endian, struct type_member *ret);
/* A structure that is only declared here, by its definition elsewhere in the file, when there is one. */
void dwarf_type_complete(const struct symbols *syms, Dwarf_Die *type, struct symbol_object **object);

void type_index_destroy(struct type_index *index);
