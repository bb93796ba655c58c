/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/record/class.h"

#include <stdlib.h>

#include "core/event/event.h"

#define TEXT_MAX 4096
#define PAYLOAD_MAX (EVENT_SIZE_MAX - sizeof(struct event))

/* ---- the plan ------------------------------------------------------------------------------------ */

static bool number_size(enum field_type type, unsigned *ret)
{
	static const uint8_t sizes[] = {
		[FIELD_U8] = 1, [FIELD_U16] = 2, [FIELD_U32] = 4, [FIELD_U64] = 8,
		[FIELD_S8] = 1, [FIELD_S16] = 2, [FIELD_S32] = 4, [FIELD_S64] = 8,
	};

	if ((unsigned)type >= ARRAY_SIZE(sizes))
		return false;
	*ret = sizes[type];
	return true;
}

static void add_piece(struct event_class *c, unsigned offset, unsigned size, bool is_number)
{
	c->piece[c->npieces++] = (struct class_piece){ (uint16_t)offset, (uint16_t)size, is_number };
}

/* What no field describes (padding) is raw. */
static void plan(struct event_class *c)
{
	const struct schema *s = &c->schema;
	unsigned at = 0;

	c->piece = xcalloc(2 * s->nfields + 1, sizeof(*c->piece));
	while (at < s->size) {
		const struct field *next = NULL;
		unsigned size;

		for (unsigned i = 0; i < s->nfields; i++)
			if (s->fields[i].offset >= at && s->fields[i].size &&
			    (!next || s->fields[i].offset < next->offset))
				next = &s->fields[i];
		if (!next || next->offset + next->size > s->size) {
			add_piece(c, at, s->size - at, false);
			return;
		}
		if (next->offset > at)
			add_piece(c, at, next->offset - at, false);
		add_piece(c, next->offset, next->size, number_size(next->type, &size) && size == next->size);
		at = next->offset + next->size;
	}
}

/* ---- life ---------------------------------------------------------------------------------------- */

static struct field_enum *copy_names(const struct field_enum *names)
{
	struct field_enum *copy;
	size_t n = 0;

	while (names && names[n].name)
		n++;
	if (!n)
		return NULL;
	copy = xcalloc(n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = (struct field_enum){ names[i].value, xstrdup(names[i].name) };
	return copy;
}

struct event_class *class_create(const struct schema *schema, uint32_t id)
{
	struct event_class *c = xcalloc(1, sizeof(*c));
	struct field *fields = xcalloc(schema->nfields + 1, sizeof(*fields));

	c->id = id;
	c->schema = *schema;
	c->schema.name = xstrdup(schema->name);
	c->schema.help = xstrdup(schema->help ? schema->help : "");
	c->schema.fields = fields;
	for (unsigned i = 0; i < schema->nfields; i++) {
		fields[i] = schema->fields[i];
		fields[i].name = xstrdup(schema->fields[i].name);
		fields[i].names = copy_names(schema->fields[i].names);
	}
	plan(c);
	return c;
}

void class_destroy(struct event_class *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->schema.nfields; i++) {
		for (const struct field_enum *e = c->schema.fields[i].names; e && e->name; e++)
			free((void *)e->name);
		free((void *)c->schema.fields[i].names);
		free((void *)c->schema.fields[i].name);
	}
	free((void *)c->schema.fields);
	free((void *)c->schema.name);
	free((void *)c->schema.help);
	free(c->piece);
	free(c);
}

/* ---- in the file --------------------------------------------------------------------------------- */

void class_write(const struct event_class *c, struct bytes *out)
{
	const struct schema *s = &c->schema;

	bytes_varint(out, c->id);
	bytes_string(out, s->name);
	bytes_string(out, s->help);
	bytes_varint(out, s->size);
	bytes_varint(out, s->nfields);
	for (unsigned i = 0; i < s->nfields; i++) {
		const struct field *f = &s->fields[i];
		size_t n = 0;

		bytes_string(out, f->name);
		bytes_u8(out, (uint8_t)f->type);
		bytes_u8(out, (uint8_t)f->unit);
		bytes_varint(out, f->offset);
		bytes_varint(out, f->size);
		while (f->names && f->names[n].name)
			n++;
		bytes_varint(out, n);
		for (size_t e = 0; e < n; e++) {
			bytes_varint(out, f->names[e].value);
			bytes_string(out, f->names[e].name);
		}
	}
}

static bool parse_names(struct parse *in, struct field *f)
{
	uint64_t n = parse_varint(in);
	struct field_enum *names;

	/* Each takes two bytes at least. */
	if (in->bad || n > CLASS_ENUMS_MAX || n > parse_left(in) / 2)
		return false;
	if (!n)
		return true;
	names = xcalloc(n + 1, sizeof(*names));
	f->names = names;
	for (uint64_t i = 0; i < n; i++) {
		names[i].value = parse_varint(in);
		names[i].name = parse_string(in, CLASS_NAME_MAX);
		if (!names[i].name)
			return false;
	}
	return true;
}

static bool parse_field(struct parse *in, uint16_t size, struct field *f)
{
	uint64_t offset, length;
	unsigned width;

	f->name = parse_string(in, CLASS_NAME_MAX);
	f->type = (enum field_type)parse_u8(in);
	f->unit = (enum field_unit)parse_u8(in);
	offset = parse_varint(in);
	length = parse_varint(in);
	if (in->bad || f->type > FIELD_STRING || !length || offset > size || length > size - offset)
		return false;
	/* A unit of a later version is shown as a plain number. */
	if (f->unit > UNIT_BOOL)
		f->unit = UNIT_NONE;
	if (number_size(f->type, &width) && width != length)
		return false;
	f->offset = (uint16_t)offset;
	f->size = (uint16_t)length;
	return parse_names(in, f);
}

struct event_class *class_parse(struct parse *in)
{
	struct event_class *c = xcalloc(1, sizeof(*c));
	uint64_t id = parse_varint(in), size, n;
	struct field *fields;
	bool ok;

	c->schema.name = parse_string(in, CLASS_NAME_MAX);
	c->schema.help = parse_string(in, TEXT_MAX);
	size = parse_varint(in);
	n = parse_varint(in);
	ok = !in->bad && id < CLASSES_MAX && size <= PAYLOAD_MAX && n <= CLASS_FIELDS_MAX &&
	     c->schema.name && *c->schema.name;
	fields = xcalloc(ok ? n + 1 : 1, sizeof(*fields));
	c->schema.fields = fields;
	c->schema.size = ok ? (uint16_t)size : 0;
	c->id = (uint32_t)id;
	for (uint64_t i = 0; ok && i < n; i++) {
		c->schema.nfields++;
		ok = parse_field(in, c->schema.size, &fields[i]);
	}
	if (!ok) {
		in->bad = true;
		class_destroy(c);
		return NULL;
	}
	plan(c);
	return c;
}

bool class_same(const struct event_class *a, const struct event_class *b)
{
	if (strcmp(a->schema.name, b->schema.name) || a->schema.size != b->schema.size ||
	    a->schema.nfields != b->schema.nfields)
		return false;
	for (unsigned i = 0; i < a->schema.nfields; i++) {
		const struct field *x = &a->schema.fields[i], *y = &b->schema.fields[i];

		if (strcmp(x->name, y->name) || x->type != y->type || x->offset != y->offset ||
		    x->size != y->size)
			return false;
	}
	return true;
}
