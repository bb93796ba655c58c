/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/symbols/btf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/vec.h"

#define MAGIC 0xeb9f
#define HEADER_LEN 24
#define TYPES_MAX (1u << 21)
#define TYPE_HEADER 12
/* Members looked at in one search: unnamed structures of a made-up table may hold themselves. */
#define MEMBER_STEPS_MAX 100000
#define MEMBER_NESTING_MAX 16
#define ARRAYS_MAX 16

struct btf {
	uint8_t *data;
	const uint8_t *types;
	const char *strings;
	uint32_t types_len, strings_len;
	bool big_endian;
	const struct btf *base;
	uint32_t first, first_string;	/* where @base ends */
	VEC(uint32_t) at;		/* of type first + i, in @types */
	uint32_t *by_name;		/* ids of what is found by name, by name then id */
	size_t nnames;
};

static uint32_t u32_at(const struct btf *btf, const uint8_t *at)
{
	return btf->big_endian ? be32_read(at) : le32_read(at);
}

static uint16_t u16_at(const struct btf *btf, const uint8_t *at)
{
	return btf->big_endian ? be16_read(at) : le16_read(at);
}

/* ---- checking -------------------------------------------------------------------------------- */

static struct error *bad(const char *what, uint64_t where)
{
	return error_create(ERROR_FAILED, "the type information (BTF) makes no sense: %s at 0x%" PRIx64,
			    what, where);
}

static bool is_string(const struct btf *btf, uint32_t offset)
{
	if (offset < btf->first_string)
		return true; /* of @base, where strings begin and end as they do here */
	return offset - btf->first_string < btf->strings_len;
}

static const char *string_at(const struct btf *btf, uint32_t offset)
{
	while (btf->base && offset < btf->first_string)
		btf = btf->base;
	return btf->strings + (offset - btf->first_string);
}

/* Bytes behind a type's header; false: there is no such kind. */
static bool tail_len(unsigned kind, unsigned vlen, uint64_t *ret)
{
	static const struct {
		uint8_t fixed, each;
	} tails[BTF_KINDS] = {
		[BTF_INT] = { 4, 0 },	     [BTF_ARRAY] = { 12, 0 },	   [BTF_STRUCT] = { 0, 12 },
		[BTF_UNION] = { 0, 12 },     [BTF_ENUM] = { 0, 8 },	   [BTF_FUNC_PROTO] = { 0, 8 },
		[BTF_VAR] = { 4, 0 },	     [BTF_DATASEC] = { 0, 12 },	   [BTF_DECL_TAG] = { 4, 0 },
		[BTF_ENUM64] = { 0, 12 },
	};

	if (kind == BTF_VOID || kind >= BTF_KINDS)
		return false;
	*ret = tails[kind].fixed + (uint64_t)tails[kind].each * vlen;
	return true;
}

static bool refers(unsigned kind)
{
	return kind == BTF_PTR || kind == BTF_TYPEDEF || kind == BTF_VOLATILE || kind == BTF_CONST ||
	       kind == BTF_RESTRICT || kind == BTF_FUNC || kind == BTF_FUNC_PROTO || kind == BTF_VAR ||
	       kind == BTF_DECL_TAG || kind == BTF_TYPE_TAG;
}

/* Finds where each type begins. */
static struct error *scan_types(struct btf *btf)
{
	uint32_t at = 0;

	while (at < btf->types_len) {
		uint64_t len;

		if (btf->types_len - at < TYPE_HEADER)
			return bad("half a type", at);
		uint32_t info = u32_at(btf, btf->types + at + 4);
		if (!tail_len(FIELD(info, 28, 24), info & 0xffff, &len))
			return bad("an unknown kind of type", at);
		if (len > btf->types_len - at - TYPE_HEADER)
			return bad("a type longer than the table", at);
		if (btf->at.len == TYPES_MAX - btf->first)
			return bad("more types than anybody has", at);
		vec_push(&btf->at, at);
		at += TYPE_HEADER + len;
	}
	return NULL;
}

static bool names_ok(const struct btf *btf, const uint8_t *tail, unsigned n, unsigned stride, int type_at)
{
	for (unsigned i = 0; i < n; i++, tail += stride)
		if (!is_string(btf, u32_at(btf, tail)) ||
		    (type_at >= 0 && u32_at(btf, tail + type_at) >= btf_count(btf)))
			return false;
	return true;
}

static bool tail_ok(const struct btf *btf, const struct btf_type *t)
{
	switch (t->kind) {
	case BTF_STRUCT:
	case BTF_UNION: return names_ok(btf, t->tail, t->vlen, 12, 4);
	case BTF_ENUM: return names_ok(btf, t->tail, t->vlen, 8, -1);
	case BTF_ENUM64: return names_ok(btf, t->tail, t->vlen, 12, -1);
	case BTF_FUNC_PROTO: return names_ok(btf, t->tail, t->vlen, 8, 4);
	case BTF_ARRAY: return u32_at(btf, t->tail) < btf_count(btf);
	case BTF_DATASEC:
		for (unsigned i = 0; i < t->vlen; i++)
			if (u32_at(btf, t->tail + 12 * i) >= btf_count(btf))
				return false;
		return true;
	default: return true;
	}
}

static struct error *check_types(const struct btf *btf)
{
	for (size_t i = 0; i < btf->at.len; i++) {
		const uint8_t *raw = btf->types + btf->at.data[i];
		uint32_t info = u32_at(btf, raw + 4);
		struct btf_type t;

		if (!is_string(btf, u32_at(btf, raw)))
			return bad("a name outside of the table", btf->at.data[i]);
		if (refers(FIELD(info, 28, 24)) && u32_at(btf, raw + 8) >= btf_count(btf))
			return bad("a reference to no type", btf->at.data[i]);
		if (!btf_get(btf, btf->first + i, &t) || !tail_ok(btf, &t))
			return bad("a member of no type or name", btf->at.data[i]);
	}
	return NULL;
}

static struct error *open_sections(struct btf *btf, size_t len)
{
	uint32_t header, type_off, str_off;

	if (len < HEADER_LEN || u16_at(btf, btf->data) != MAGIC || btf->data[2] != 1)
		return bad("no header of version 1", 0);
	header = u32_at(btf, btf->data + 4);
	type_off = u32_at(btf, btf->data + 8);
	btf->types_len = u32_at(btf, btf->data + 12);
	str_off = u32_at(btf, btf->data + 16);
	btf->strings_len = u32_at(btf, btf->data + 20);
	if (header < HEADER_LEN || header > len || type_off > len - header ||
	    btf->types_len > len - header - type_off || str_off > len - header ||
	    btf->strings_len > len - header - str_off)
		return bad("a section outside of it", 0);
	btf->types = btf->data + header + type_off;
	btf->strings = (const char *)btf->data + header + str_off;
	/* A module's table may have no strings of its own. */
	if (btf->strings_len ? btf->strings[btf->strings_len - 1] != '\0' : !btf->base)
		return bad("names without end", str_off);
	return NULL;
}

/* ---- by name --------------------------------------------------------------------------------- */

static bool is_named(const struct btf_type *t)
{
	switch (t->kind) {
	case BTF_INT:
	case BTF_STRUCT:
	case BTF_UNION:
	case BTF_ENUM:
	case BTF_ENUM64:
	case BTF_FLOAT:
	case BTF_DATASEC:
	case BTF_VAR:
	case BTF_TYPEDEF: return *t->name;
	default: return false;
	}
}

static int compare_names(const void *pa, const void *pb, void *ctx)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	struct btf_type ta, tb;

	btf_get(ctx, a, &ta);
	btf_get(ctx, b, &tb);
	int diff = strcmp(ta.name, tb.name);
	return diff ? diff : (a > b) - (a < b);
}

static void sort_names(struct btf *btf)
{
	struct btf_type t;

	btf->by_name = xcalloc(btf->at.len + 1, sizeof(*btf->by_name));
	for (size_t i = 0; i < btf->at.len; i++)
		if (btf_get(btf, btf->first + i, &t) && is_named(&t))
			btf->by_name[btf->nnames++] = t.id;
	if (btf->nnames)
		qsort_r(btf->by_name, btf->nnames, sizeof(*btf->by_name), compare_names, btf);
}

bool btf_find(const struct btf *btf, const char *name, enum btf_kind kind, struct btf_type *ret)
{
	size_t lo = 0, hi = btf->nnames;
	struct btf_type t;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		btf_get(btf, btf->by_name[mid], &t);
		if (strcmp(t.name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < btf->nnames && btf_get(btf, btf->by_name[lo], &t) && !strcmp(t.name, name); lo++)
		if (!kind || t.kind == kind) {
			*ret = t;
			return true;
		}
	return btf->base && btf_find(btf->base, name, kind, ret);
}

/* ---- life ------------------------------------------------------------------------------------ */

struct error *btf_create(const void *data, size_t len, bool big_endian, const struct btf *base,
			 struct btf **ret)
{
	struct btf *btf = xcalloc(1, sizeof(*btf));
	struct error *err;

	btf->data = malloc(len ? len : 1);
	btf->big_endian = big_endian;
	btf->base = base;
	btf->first = base ? btf_count(base) : 1; /* 0 is void */
	btf->first_string = base ? base->first_string + base->strings_len : 0;
	if (!btf->data) {
		free(btf);
		return error_create(ERROR_FAILED, "no memory for %zu bytes of type information", len);
	}
	memcpy(btf->data, data, len);
	err = open_sections(btf, len);
	if (!err)
		err = scan_types(btf);
	if (!err)
		err = check_types(btf);
	if (err) {
		btf_destroy(btf);
		return err;
	}
	sort_names(btf);
	*ret = btf;
	return NULL;
}

void btf_destroy(struct btf *btf)
{
	if (!btf)
		return;
	vec_free(&btf->at);
	free(btf->by_name);
	free(btf->data);
	free(btf);
}

/* ---- types ----------------------------------------------------------------------------------- */

uint32_t btf_count(const struct btf *btf)
{
	return btf->first + btf->at.len;
}

bool btf_get(const struct btf *btf, uint32_t id, struct btf_type *ret)
{
	if (id == 0) {
		*ret = (struct btf_type){ .name = "void" };
		return true;
	}
	while (btf->base && id < btf->first)
		btf = btf->base;
	if (id - btf->first >= btf->at.len)
		return false;
	const uint8_t *raw = btf->types + btf->at.data[id - btf->first];
	uint32_t info = u32_at(btf, raw + 4), word = u32_at(btf, raw + 8);
	*ret = (struct btf_type){ .id = id, .kind = FIELD(info, 28, 24), .vlen = info & 0xffff,
				  .kflag = info >> 31, .tail = raw + TYPE_HEADER,
				  .name = string_at(btf, u32_at(btf, raw)) };
	if (refers(ret->kind))
		ret->type = word;
	else if (ret->kind == BTF_ARRAY)
		ret->type = u32_at(btf, ret->tail);
	else
		ret->size = word;
	return true;
}

bool btf_peel(const struct btf *btf, uint32_t id, struct btf_type *ret)
{
	for (unsigned i = 0; i < BTF_NESTING_MAX; i++) {
		if (!btf_get(btf, id, ret))
			return false;
		switch (ret->kind) {
		case BTF_TYPEDEF:
		case BTF_VOLATILE:
		case BTF_CONST:
		case BTF_RESTRICT:
		case BTF_TYPE_TAG: id = ret->type; break;
		default: return true;
		}
	}
	return false;
}

void btf_member(const struct btf *btf, const struct btf_type *type, unsigned i, struct btf_member *ret)
{
	const uint8_t *raw = type->tail + 12ul * i;
	uint32_t offset = u32_at(btf, raw + 8);

	*ret = (struct btf_member){
		.name = string_at(btf, u32_at(btf, raw)), .type = u32_at(btf, raw + 4),
		.bit_offset = type->kflag ? offset & 0xffffff : offset,
		.bits = type->kflag ? offset >> 24 : 0,
	};
}

/* Encoding in bits 27..24: 1 signed, 2 char, 4 bool. */
bool btf_int_signed(const struct btf *btf, const struct btf_type *type)
{
	return u32_at(btf, type->tail) >> 24 & 1;
}

uint32_t btf_array_len(const struct btf *btf, const struct btf_type *type)
{
	return u32_at(btf, type->tail + 8);
}

const char *btf_enumerator(const struct btf *btf, const struct btf_type *type, unsigned i,
			   uint64_t *ret_value)
{
	const uint8_t *raw = type->tail + (type->kind == BTF_ENUM64 ? 12ul : 8ul) * i;

	*ret_value = type->kind == BTF_ENUM64 ?
		     u32_at(btf, raw + 4) | (uint64_t)u32_at(btf, raw + 8) << 32 :
		     type->kflag ? (uint64_t)(int32_t)u32_at(btf, raw + 4) : u32_at(btf, raw + 4);
	return string_at(btf, u32_at(btf, raw));
}

void btf_secinfo(const struct btf *btf, const struct btf_type *type, unsigned i, uint32_t *ret_var,
		 uint32_t *ret_offset)
{
	*ret_var = u32_at(btf, type->tail + 12ul * i);
	*ret_offset = u32_at(btf, type->tail + 12ul * i + 4);
}

uint64_t btf_size(const struct btf *btf, uint32_t id, unsigned pointer_size)
{
	uint64_t count = 1, size;
	struct btf_type t;

	for (unsigned i = 0; i < ARRAYS_MAX && btf_peel(btf, id, &t); i++) {
		switch (t.kind) {
		case BTF_ARRAY:
			if (__builtin_mul_overflow(count, btf_array_len(btf, &t), &count))
				return 0;
			id = t.type;
			continue;
		case BTF_PTR: size = pointer_size; break;
		case BTF_INT:
		case BTF_STRUCT:
		case BTF_UNION:
		case BTF_ENUM:
		case BTF_ENUM64:
		case BTF_FLOAT: size = t.size; break;
		default: return 0;
		}
		return __builtin_mul_overflow(count, size, &size) ? 0 : size;
	}
	return 0;
}

/* ---- members --------------------------------------------------------------------------------- */

static bool find_member(const struct btf *btf, const struct btf_type *type, const char *name, size_t len,
			unsigned nesting, unsigned *steps, struct btf_member *ret)
{
	if ((type->kind != BTF_STRUCT && type->kind != BTF_UNION) || nesting > MEMBER_NESTING_MAX || len == 0)
		return false;
	for (unsigned i = 0; i < type->vlen && ++*steps < MEMBER_STEPS_MAX; i++) {
		struct btf_type inner;
		struct btf_member m;

		btf_member(btf, type, i, &m);
		if (!strncmp(m.name, name, len) && !m.name[len]) {
			*ret = m;
			return true;
		}
		/* Members of an unnamed structure count as the outer one's. */
		if (*m.name || !btf_peel(btf, m.type, &inner) ||
		    !find_member(btf, &inner, name, len, nesting + 1, steps, ret))
			continue;
		ret->bit_offset += m.bit_offset;
		return true;
	}
	return false;
}

bool btf_find_member(const struct btf *btf, uint32_t structure, const char *path, struct btf_member *ret)
{
	uint32_t base = 0;
	unsigned steps = 0;

	for (;;) {
		size_t len = strcspn(path, ".");
		struct btf_type t;

		if (!btf_peel(btf, structure, &t) || !find_member(btf, &t, path, len, 0, &steps, ret))
			return false;
		ret->bit_offset += base;
		if (!path[len])
			return true;
		base = ret->bit_offset;
		structure = ret->type;
		path += len + 1;
	}
}

bool btf_offset(const struct btf *btf, const char *structure, const char *path, uint64_t *ret)
{
	struct btf_member m;
	struct btf_type t;

	if ((!btf_find(btf, structure, BTF_STRUCT, &t) && !btf_find(btf, structure, BTF_UNION, &t)) ||
	    !btf_find_member(btf, t.id, path, &m) || m.bits)
		return false;
	*ret = m.bit_offset / 8;
	return true;
}
