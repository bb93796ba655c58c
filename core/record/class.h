/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An event class: a schema as it stands in a file, and the plan by which payloads of it are taken apart
 * into columns. A file has its own class ids, given in the order of their first use.
 */
#pragma once

#include "core/event/schema.h"
#include "core/record/bytes.h"

#define CLASS_FIELDS_MAX 256
#define CLASS_NAME_MAX 128
#define CLASS_ENUMS_MAX 4096
#define CLASSES_MAX 4096

/* A piece of the payload: a number of 1, 2, 4 or 8 bytes, or raw bytes. Pieces cover the whole payload in
 * order of their offsets, so that nothing is lost, fields or not. */
struct class_piece {
	uint16_t offset, size;
	bool is_number;
};

struct event_class {
	struct schema schema;	/* .id: of the registry it was put in (a store); names and fields owned */
	uint32_t id;		/* in the file */
	struct class_piece *piece;
	unsigned npieces;
};

/* A deep copy of @schema with its plan. */
struct event_class *class_create(const struct schema *schema, uint32_t id);
void class_destroy(struct event_class *c);

/* As in a CLASSES block. class_parse() gives NULL when the bytes are no valid class. */
void class_write(const struct event_class *c, struct bytes *out);
struct event_class *class_parse(struct parse *in);
/* Do both describe the same events: name, size, fields. */
bool class_same(const struct event_class *a, const struct event_class *b);
