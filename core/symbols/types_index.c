/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Types by name and variables by address, over all units of all objects. Built by the first question:
 * the debug info of a kernel has some million entries to look at.
 */
#include "core/symbols/btf_types.h"
#include "core/symbols/types.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX (4 << 20)

struct named_type {
	const char *name;
	int tag;
	type_handle type;
};

struct typed_object {
	uint64_t addr;
	type_handle type;
};

struct type_index {
	VEC(struct named_type) types;	  /* by name, then tag */
	VEC(struct typed_object) objects; /* by address */
};

void type_index_destroy(struct type_index *index)
{
	if (!index)
		return;
	vec_free(&index->types);
	vec_free(&index->objects);
	free(index);
}

static int compare_types(const void *pa, const void *pb)
{
	const struct named_type *a = pa, *b = pb;
	int diff = strcmp(a->name, b->name);

	if (diff)
		return diff;
	if (a->tag != b->tag)
		return a->tag < b->tag ? -1 : 1;
	return (a->type > b->type) - (a->type < b->type);
}

static int compare_objects(const void *pa, const void *pb)
{
	const struct typed_object *a = pa, *b = pb;

	return (a->addr > b->addr) - (a->addr < b->addr);
}

static void add_object(struct type_index *index, const struct symbols *syms,
		       const struct symbol_object *object, Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Die type;
	Dwarf_Op *ops;
	type_handle handle;
	size_t n;

	if (!dwarf_attr(die, DW_AT_location, &attr) || dwarf_getlocation(&attr, &ops, &n) || n != 1 ||
	    ops->atom != DW_OP_addr || !dwarf_type_of(die, &type))
		return;
	handle = dwarf_type_handle(syms, object, &type);
	if (handle && index->objects.len < ENTRIES_MAX)
		vec_push(&index->objects,
			 (struct typed_object){ .addr = ops->number + object->offset, .type = handle });
}

static void add_type(struct type_index *index, const struct symbols *syms,
		     const struct symbol_object *object, Dwarf_Die *die, int tag)
{
	const char *name = dwarf_diename(die);
	type_handle handle;

	if (!name || !name[0] || dwarf_hasattr(die, DW_AT_declaration))
		return;
	handle = dwarf_type_handle(syms, object, die);
	if (handle && index->types.len < ENTRIES_MAX)
		vec_push(&index->types,
			 (struct named_type){ .name = name, .tag = tag, .type = handle });
}

static void add_unit(struct type_index *index, const struct symbols *syms,
		     const struct symbol_object *object, Dwarf_Die *unit)
{
	unsigned n = 0;
	Dwarf_Die die;

	if (dwarf_child(unit, &die))
		return;
	do {
		int tag = dwarf_tag(&die);

		switch (tag) {
		case DW_TAG_variable: add_object(index, syms, object, &die); break;
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
		case DW_TAG_enumeration_type:
		case DW_TAG_typedef:
		case DW_TAG_base_type: add_type(index, syms, object, &die, tag); break;
		}
	} while (++n < ENTRIES_MAX && dwarf_siblingof(&die, &die) == 0);
}

static const struct type_index *index_get(const struct symbols *syms)
{
	struct type_index *index = *syms->types;

	if (index)
		return index;
	*syms->types = index = xcalloc(1, sizeof(*index));
	for (size_t i = 0; i < syms->objects.len; i++) {
		struct symbol_object *object = syms->objects.data[i];
		struct line_table *lines = symbol_object_lines(object);

		for (size_t u = 0; u < lines->units.len; u++)
			add_unit(index, syms, object, &lines->units.data[u].die);
	}
	if (index->types.len)
		qsort(index->types.data, index->types.len, sizeof(*index->types.data), compare_types);
	if (index->objects.len)
		qsort(index->objects.data, index->objects.len, sizeof(*index->objects.data),
		      compare_objects);
	return index;
}

/* @tag 0: any. */
static const struct named_type *find_type(const struct symbols *syms, const char *name, int tag)
{
	const struct type_index *index = index_get(syms);
	size_t lo = 0, hi = index->types.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(index->types.data[mid].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < index->types.len && !strcmp(index->types.data[lo].name, name); lo++)
		if (!tag || index->types.data[lo].tag == tag)
			return &index->types.data[lo];
	return NULL;
}

bool symbols_type_by_name(const struct symbols *syms, const char *name, struct variable_type *ret)
{
	static const struct {
		const char *word;
		int tag;
		enum btf_kind kind;
	} words[] = { { "struct ", DW_TAG_structure_type, BTF_STRUCT },
		      { "union ", DW_TAG_union_type, BTF_UNION },
		      { "enum ", DW_TAG_enumeration_type, BTF_ENUM } };
	const struct named_type *found;
	struct symbol_object *object;
	enum btf_kind kind = BTF_VOID;
	Dwarf_Die die;
	int tag = 0;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strncmp(name, words[i].word, strlen(words[i].word))) {
			tag = words[i].tag;
			kind = words[i].kind;
			name += strlen(words[i].word);
			break;
		}
	if (tag)
		found = find_type(syms, name, tag);
	else if (!(found = find_type(syms, name, DW_TAG_typedef)))
		found = find_type(syms, name, DW_TAG_base_type);
	if (!found || !dwarf_type_die(syms, found->type, &die, &object))
		return btf_type_by_name(syms, name, kind, ret);
	dwarf_type_describe(syms, object, &die, ret);
	return true;
}

bool symbols_type_of_object(const struct symbols *syms, uint64_t addr, struct variable_type *ret)
{
	const struct type_index *index = index_get(syms);
	const struct typed_object key = { .addr = addr }, *found = NULL;
	struct symbol_object *object;
	Dwarf_Die die;

	if (index->objects.len)
		found = bsearch(&key, index->objects.data, index->objects.len,
				sizeof(*index->objects.data), compare_objects);
	if (!found || !dwarf_type_die(syms, found->type, &die, &object))
		return false;
	dwarf_type_describe(syms, object, &die, ret);
	return true;
}

void dwarf_type_complete(const struct symbols *syms, Dwarf_Die *type, struct symbol_object **object)
{
	const struct named_type *found;
	const char *name;
	Dwarf_Die die;

	if (!dwarf_hasattr(type, DW_AT_declaration))
		return;
	name = dwarf_diename(type);
	found = name ? find_type(syms, name, dwarf_tag(type)) : NULL;
	if (found && dwarf_type_die(syms, found->type, &die, object))
		*type = die;
}

/* ---- members --------------------------------------------------------------------------------- */

/* Members looked at in one search: unnamed structures of a made-up file may hold themselves. */
#define MEMBER_STEPS_MAX 100000

static bool find_member(const struct symbols *syms, struct symbol_object *object, Dwarf_Die *structure,
			const char *name, unsigned nesting, unsigned *steps, struct type_member *ret)
{
	bool big_endian = elf_getident(object->elf, NULL)[EI_DATA] == ELFDATA2MSB;
	Dwarf_Die member, type, plain;

	if (nesting > TYPE_NESTING_MAX || dwarf_child(structure, &member))
		return false;
	do {
		const char *member_name = dwarf_diename(&member);
		struct type_member inner;

		if (dwarf_tag(&member) != DW_TAG_member || !dwarf_type_of(&member, &type) ||
		    !dwarf_member_place(&member, &type, big_endian, ret))
			continue;
		if (member_name && !strcmp(member_name, name)) {
			dwarf_type_describe(syms, object, &type, &ret->type);
			return true;
		}
		/* Members of an unnamed structure count as the outer one's. */
		if (!member_name && dwarf_type_peel(&type, &plain) &&
		    find_member(syms, object, &plain, name, nesting + 1, steps, &inner)) {
			inner.offset += ret->offset;
			*ret = inner;
			return true;
		}
	} while (++*steps < MEMBER_STEPS_MAX && dwarf_siblingof(&member, &member) == 0);
	return false;
}

bool symbols_type_member(const struct symbols *syms, type_handle type, const char *name,
			 struct type_member *ret)
{
	struct symbol_object *object;
	struct type_member member;
	unsigned steps = 0;
	Dwarf_Die die, plain;

	if (type_is_btf(type))
		return btf_type_member(syms, type, name, ret);
	if (!dwarf_type_die(syms, type, &die, &object) || !dwarf_type_peel(&die, &plain))
		return false;
	dwarf_type_complete(syms, &plain, &object);
	if (!find_member(syms, object, &plain, name, 0, &steps, &member))
		return false;
	*ret = member;
	return true;
}
