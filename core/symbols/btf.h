/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The type information that a kernel and each of its modules carry in their own memory (BTF:
 * Documentation/bpf/btf.rst). What is read is hostile: it is copied and checked as a whole once; after
 * that every type that is asked for lies inside, every name ends, and every id that a type refers to
 * exists. Types may still refer to themselves: whoever follows them counts steps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct btf;

/* Numbers of the format. */
enum btf_kind {
	BTF_VOID, BTF_INT, BTF_PTR, BTF_ARRAY, BTF_STRUCT, BTF_UNION, BTF_ENUM, BTF_FWD, BTF_TYPEDEF,
	BTF_VOLATILE, BTF_CONST, BTF_RESTRICT, BTF_FUNC, BTF_FUNC_PROTO, BTF_VAR, BTF_DATASEC, BTF_FLOAT,
	BTF_DECL_TAG, BTF_TYPE_TAG, BTF_ENUM64, BTF_KINDS,
};

/* Typedefs and qualifiers followed in a row. */
#define BTF_NESTING_MAX 32

struct btf_type {
	uint32_t id;		/* 0: void */
	enum btf_kind kind;
	const char *name;	/* "" without one; borrowed */
	unsigned vlen;		/* members, enumerators, parameters, variables */
	bool kflag;		/* STRUCT, UNION: bit fields in members; ENUM: signed; FWD: a union */
	uint32_t size;		/* INT, STRUCT, UNION, ENUM, ENUM64, FLOAT, DATASEC: bytes */
	uint32_t type;		/* PTR, TYPEDEF, qualifiers, FUNC, VAR, ARRAY (element): what it refers to */
	const uint8_t *tail;	/* what follows the header, as long as the kind and @vlen say */
};

struct btf_member {
	const char *name;
	uint32_t type;
	uint32_t bit_offset;	/* in the structure */
	uint32_t bits;		/* of a bit field, 0: none */
};

/* Copies @data. @base: the kernel's own types, which a module's continue; borrowed until destroy; NULL
 * without. */
struct error *btf_create(const void *data, size_t len, bool big_endian, const struct btf *base,
			 struct btf **ret);
void btf_destroy(struct btf *btf);
/* Ids are below this; those of @base count. */
uint32_t btf_count(const struct btf *btf);
bool btf_get(const struct btf *btf, uint32_t id, struct btf_type *ret);
/* The first type of that name, of @kind unless that is 0 (functions only by kind). */
bool btf_find(const struct btf *btf, const char *name, enum btf_kind kind, struct btf_type *ret);
/* Without typedefs, qualifiers and tags. False: a chain without end. */
bool btf_peel(const struct btf *btf, uint32_t id, struct btf_type *ret);

/* The @i-th of STRUCT or UNION (@i below vlen). */
void btf_member(const struct btf *btf, const struct btf_type *type, unsigned i, struct btf_member *ret);
/* INT: whether it is signed; BTF's "char" is not. */
bool btf_int_signed(const struct btf *btf, const struct btf_type *type);
/* Elements of an ARRAY. */
uint32_t btf_array_len(const struct btf *btf, const struct btf_type *type);
/* The @i-th of ENUM or ENUM64. */
const char *btf_enumerator(const struct btf *btf, const struct btf_type *type, unsigned i,
			   uint64_t *ret_value);
/* The @i-th variable of a DATASEC: the id of its VAR, and where it lies in the section. */
void btf_secinfo(const struct btf *btf, const struct btf_type *type, unsigned i, uint32_t *ret_var,
		 uint32_t *ret_offset);
/* Bytes of a type, typedefs followed; 0 when it has none. */
uint64_t btf_size(const struct btf *btf, uint32_t id, unsigned pointer_size);

/* A member by name, also of unnamed structures inside; "a.b.c" goes into structures. @ret->bit_offset is
 * from the outermost. */
bool btf_find_member(const struct btf *btf, uint32_t structure, const char *path, struct btf_member *ret);
/* Bytes from the start of "struct NAME" or "union NAME" to member @path; false: there is none. */
bool btf_offset(const struct btf *btf, const char *structure, const char *path, uint64_t *ret);
