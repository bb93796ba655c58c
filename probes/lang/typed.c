/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/lang/typed.h"

#include <bpf/btf.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/vec.h"

#define NESTING_MAX 32

static const struct btf_type *peel(const struct btf *btf, uint32_t *id)
{
	const struct btf_type *t = btf__type_by_id(btf, *id);

	for (unsigned i = 0; t && i < NESTING_MAX && (btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t)); i++) {
		*id = t->type;
		t = btf__type_by_id(btf, *id);
	}
	return t;
}

static void shape_number(const struct btf_type *t, struct expr_shape *ret)
{
	ret->size = t->size <= 8 ? t->size : 8;
	ret->is_signed = btf_is_int(t) ? btf_int_encoding(t) & BTF_INT_SIGNED : btf_kflag(t);
}

static bool shape_of(const struct btf *btf, uint32_t id, struct expr_shape *ret)
{
	const struct btf_type *t = peel(btf, &id);

	*ret = (struct expr_shape){ 0 };
	if (t && btf_is_array(t)) {
		uint32_t n = btf_array(t)->nelems;
		if (!shape_of(btf, btf_array(t)->type, ret) || ret->is_aggregate)
			return false;
		ret->is_aggregate = true;
		ret->depth++;
		ret->bytes = (uint64_t)n * (ret->depth > 1 ? 8 : ret->size);
		return true;
	}
	while (t && btf_is_ptr(t) && ret->depth < 4) {
		id = t->type;
		t = peel(btf, &id);
		ret->depth++;
	}
	if (t && (btf_is_struct(t) || btf_is_union(t))) {
		ret->target = id;
		ret->span = t->size;
		ret->is_aggregate = !ret->depth;
		ret->bytes = t->size;
	} else if (t && (btf_is_int(t) || btf_is_any_enum(t))) {
		shape_number(t, ret);
	}
	return ret->depth || ret->target || ret->size;
}

/* Also in unnamed structures inside. */
static bool find_member(const struct btf *btf, uint32_t id, const char *name, uint64_t bits, unsigned depth,
			struct expr_member *ret)
{
	const struct btf_type *t = peel(btf, &id);

	if (!t || depth > NESTING_MAX || (!btf_is_struct(t) && !btf_is_union(t)))
		return false;
	for (unsigned i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = &btf_members(t)[i];
		const char *its = btf__name_by_offset(btf, m->name_off);
		uint64_t at = bits + btf_member_bit_offset(t, i);
		unsigned size = btf_member_bitfield_size(t, i);

		if (its && !*its && find_member(btf, m->type, name, at, depth + 1, ret))
			return true;
		if (!its || strcmp(its, name) != 0 || !shape_of(btf, m->type, &ret->shape))
			continue;
		unsigned unit = size && ret->shape.size ? ret->shape.size : 1;
		ret->offset = at / 8 / unit * unit;
		ret->bit_size = size;
		ret->bit_shift = size ? at - ret->offset * 8 : 0;
		return true;
	}
	return false;
}

static const struct btf_param *params(const struct typed_args *t)
{
	return btf_params(btf__type_by_id(t->btf, t->proto)) + t->skip;
}

unsigned typed_args_count(const struct typed_args *t)
{
	unsigned n = btf_vlen(btf__type_by_id(t->btf, t->proto));

	return n > t->skip ? n - t->skip : 0;
}

const char *typed_args_at(const struct typed_args *t, unsigned i, unsigned *ret_size, bool *ret_signed,
			  bool *ret_pointer)
{
	struct expr_shape shape;
	static const char *const numbered[] = {
		"arg0", "arg1", "arg2", "arg3", "arg4", "arg5", "arg6", "arg7", "arg8", "arg9", "arg10", "arg11",
	};
	const char *name = btf__name_by_offset(t->btf, params(t)[i].name_off);

	if (!shape_of(t->btf, params(t)[i].type, &shape))
		shape = (struct expr_shape){ .size = 8 };
	*ret_pointer = shape.depth > 0;
	*ret_size = shape.depth || !shape.size ? 8 : shape.size;
	*ret_signed = !shape.depth && shape.is_signed;
	if (name && *name)
		return name;
	return i < ARRAY_SIZE(numbered) ? numbered[i] : "";
}

static bool scope_local(void *ctx, const char *name, struct expr_local *ret)
{
	const struct typed_args *t = ctx;

	if (!strncmp(name, "args.", 5))
		name += 5;
	for (unsigned i = 0; i < typed_args_count(t); i++) {
		bool is_signed, pointer;
		unsigned size;
		if (strcmp(typed_args_at(t, i, &size, &is_signed, &pointer), name) != 0)
			continue;
		*ret = (struct expr_local){ .place = EXPR_LOCAL_REG, .reg = i };
		return shape_of(t->btf, params(t)[i].type, &ret->shape) && !ret->shape.is_aggregate;
	}
	return false;
}

static bool scope_member(void *ctx, uint64_t target, const char *name, struct expr_member *ret)
{
	const struct typed_args *t = ctx;

	*ret = (struct expr_member){ 0 };
	return find_member(t->btf, target, name, 0, 0, ret);
}

static bool scope_type(void *ctx, const char *name, struct expr_shape *ret)
{
	const struct typed_args *t = ctx;
	bool is_struct = !strncmp(name, "struct ", 7);
	int id = is_struct ? btf__find_by_name_kind(t->btf, name + 7, BTF_KIND_STRUCT) :
			     btf__find_by_name_kind(t->btf, name, BTF_KIND_TYPEDEF);

	return id > 0 && shape_of(t->btf, id, ret);
}

void typed_args_init(struct typed_args *t, const struct btf *btf, uint32_t proto, unsigned skip)
{
	*t = (struct typed_args){ .btf = btf, .proto = proto, .skip = skip };
	t->scope = (struct expr_scope){ .ctx = t, .local = scope_local, .member = scope_member, .type = scope_type };
}
