/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of an event's fields in filter and catch expressions, and their values when it happens. */
#include <string.h>

#include "core/base/vec.h"
#include "core/event/store.h"

/* Fields every event has, from its header; a schema's own field of that name goes before. */
enum header_field { HEADER_TIME, HEADER_VCPU, HEADER_CPU, HEADER_TID, HEADER_VM };

static const char *const header_names[] = {
	[HEADER_TIME] = "time_ns", [HEADER_VCPU] = "vcpu", [HEADER_CPU] = "cpu", [HEADER_TID] = "tid",
	[HEADER_VM] = "vm",
};

/* Their indexes start where no schema reaches. */
#define HEADER_BASE 0x10000u

static bool is_number(const struct field *field)
{
	return field->type != FIELD_BYTES && field->type != FIELD_STRING;
}

static bool is_signed(const struct field *field)
{
	return field->type == FIELD_S8 || field->type == FIELD_S16 || field->type == FIELD_S32 ||
	       field->type == FIELD_S64;
}

bool event_scope_field(const struct schema *schema, const char *name, unsigned *ret_index,
		       bool *ret_signed)
{
	unsigned index;
	const struct field *field = schema_field(schema, name, &index);

	if (field) {
		if (!is_number(field))
			return false;
		*ret_index = index;
		*ret_signed = is_signed(field);
		return true;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(header_names); i++) {
		if (strcmp(header_names[i], name) != 0)
			continue;
		*ret_index = HEADER_BASE + i;
		*ret_signed = false;
		return true;
	}
	return false;
}

const char *event_scope_header(unsigned index)
{
	return index >= HEADER_BASE && index - HEADER_BASE < ARRAY_SIZE(header_names) ?
	       header_names[index - HEADER_BASE] : NULL;
}

bool event_env_field(const struct event_field_ctx *ctx, unsigned index, uint64_t *ret)
{
	const struct event *event = ctx->event;

	if (index < ctx->schema->nfields)
		return field_read(&ctx->schema->fields[index], event->payload, event->payload_len, ret);
	switch (index - HEADER_BASE) {
	case HEADER_TIME:
		*ret = event->time_ns;
		return true;
	case HEADER_VCPU:
		*ret = event->vcpu;
		return event->vcpu != EVENT_NO_VCPU;
	case HEADER_CPU:
		*ret = event->cpu;
		return event->cpu != UINT32_MAX;
	case HEADER_TID:
		*ret = event->tid;
		return true;
	case HEADER_VM:
		*ret = event->vm;
		return true;
	}
	return false;
}
