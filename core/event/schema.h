/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an event looks like: name, fields, print format. The same structure is filled from the VMM's own
 * table (events.def), an object's BTF or a tracefs format. Ids are local to a registry (a store, a file).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

enum field_type {
	FIELD_U8, FIELD_U16, FIELD_U32, FIELD_U64,
	FIELD_S8, FIELD_S16, FIELD_S32, FIELD_S64,
	FIELD_BYTES,	/* up to @size raw bytes (a shorter payload ends them), shown as text; with UNIT_HEX:
			 * host-endian 64-bit words, shown as numbers */
	FIELD_STRING,	/* NUL-terminated within @size */
};

enum field_unit { UNIT_NONE, UNIT_HEX, UNIT_NS, UNIT_BYTES, UNIT_GPA, UNIT_GVA, UNIT_BOOL };

struct field_enum {
	uint64_t value;
	const char *name;	/* NULL ends the list */
};

struct field {
	const char *name;
	enum field_type type;
	uint16_t offset, size;	/* in the payload */
	enum field_unit unit;
	const struct field_enum *names; /* NULL: none */
};

struct schema {
	const char *name;	/* "vm.exit.io": dotted, unique in a registry */
	const char *help;
	const struct field *fields;
	unsigned nfields;
	uint16_t size;		/* of the payload */
	uint32_t id;		/* given by the registry */
};

const struct field *schema_field(const struct schema *schema, const char *name, unsigned *ret_index);
/* The value of a number field in @payload of @len bytes; false when out of range or not a number. */
bool field_read(const struct field *field, const void *payload, size_t len, uint64_t *ret);
