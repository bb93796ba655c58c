/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/lang/event.h"

#include <stdlib.h>
#include <string.h>

/* Room of the payload, less the pid and the name of the task behind it. */
#define PAYLOAD_MAX (GEN_RECORD_MAX - 24 - 24)

struct lang_event *lang_event_create(const struct lang_event_ops *ops, const char *name, const char *place)
{
	struct lang_event *ev = xcalloc(1, sizeof(*ev));

	ev->ops = ops;
	ev->name = xstrdup(name);
	ev->place = xstrdup(place);
	return ev;
}

static unsigned payload_end(const struct lang_event *ev)
{
	const struct field *last = ev->fields.len ? &ev->fields.data[ev->fields.len - 1] : NULL;

	return last ? last->offset + last->size : 0;
}

void lang_event_field(struct lang_event *ev, const char *name, enum field_type type, enum field_unit unit,
		      unsigned size, unsigned offset)
{
	unsigned align = type == FIELD_STRING || type == FIELD_BYTES ? 1 : size;
	unsigned at = (payload_end(ev) + align - 1) / align * align;

	if (at + size > PAYLOAD_MAX)
		return;
	vec_push(&ev->fields, (struct field){
		.name = xstrdup(name), .type = type, .unit = unit, .offset = at, .size = size,
	});
	vec_push(&ev->from, (struct gen_field){
		.place = GEN_FIELD_CTX, .offset = offset, .size = size,
		.is_signed = type >= FIELD_S8 && type <= FIELD_S64,
	});
}

void lang_event_destroy(struct lang_event *ev)
{
	if (!ev)
		return;
	if (ev->ops->destroy)
		ev->ops->destroy(ev);
	for (size_t i = 0; i < ev->fields.len; i++)
		free((char *)ev->fields.data[i].name);
	vec_free(&ev->fields);
	vec_free(&ev->from);
	free(ev->name);
	free(ev->place);
	free(ev);
}
