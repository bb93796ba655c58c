/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Types of DWARF: what vars.c and vars_format.c ask. Private to core/symbols. */
#pragma once

#include <elfutils/libdw.h>

#include "core/base/text.h"
#include "core/symbols/vars.h"

/* How far types are followed; hostile files make them refer to themselves. */
#define TYPE_NESTING_MAX 16

/* Without typedefs and qualifiers; false when nothing is left. */
bool dwarf_type_peel(Dwarf_Die *type, Dwarf_Die *ret);
/* The type @die refers to by DW_AT_type. */
bool dwarf_type_of(Dwarf_Die *die, Dwarf_Die *ret);
void dwarf_type_describe(Dwarf_Die *type, struct variable_type *ret);
/* Elements of an array's first dimension; 0 when the file does not say. */
uint64_t dwarf_array_count(Dwarf_Die *array);
/* Appends the name as C writes it. @type NULL: void. */
void dwarf_type_name(Dwarf_Die *type, struct text *ret);
