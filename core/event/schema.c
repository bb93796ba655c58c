/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/event/schema.h"

#include <string.h>

const struct field *schema_field(const struct schema *schema, const char *name, unsigned *ret_index)
{
	for (unsigned i = 0; i < schema->nfields; i++) {
		if (strcmp(schema->fields[i].name, name) != 0)
			continue;
		if (ret_index)
			*ret_index = i;
		return &schema->fields[i];
	}
	return NULL;
}

/* One number of type @t at @p, widened with its sign. */
#define READ_AS(t) do { t v; memcpy(&v, p, sizeof(v)); *ret = (uint64_t)v; } while (0)

bool field_read(const struct field *field, const void *payload, size_t len, uint64_t *ret)
{
	const uint8_t *p = (const uint8_t *)payload + field->offset;

	if (field->offset > len || field->size > len - field->offset)
		return false;
	switch (field->type) {
	case FIELD_U8:
		READ_AS(uint8_t);
		return true;
	case FIELD_U16:
		READ_AS(uint16_t);
		return true;
	case FIELD_U32:
		READ_AS(uint32_t);
		return true;
	case FIELD_U64:
		READ_AS(uint64_t);
		return true;
	case FIELD_S8:
		READ_AS(int8_t);
		return true;
	case FIELD_S16:
		READ_AS(int16_t);
		return true;
	case FIELD_S32:
		READ_AS(int32_t);
		return true;
	case FIELD_S64:
		READ_AS(int64_t);
		return true;
	case FIELD_BYTES:
	case FIELD_STRING:
		return false;
	}
	return false;
}
