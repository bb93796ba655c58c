/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/schema.h"

#include <bpf/btf.h>
#include <stdlib.h>
#include <string.h>

#include "core/event/event.h"

#define PREFIX "ev_"
#define HELP "help:"
#define PAYLOAD_MAX (EVENT_SIZE_MAX - sizeof(struct event))

static const struct {
	const char *name;
	enum field_unit unit;
} units[] = {
	{ "ns_t", UNIT_NS }, { "hex_t", UNIT_HEX }, { "hex32_t", UNIT_HEX }, { "gpa_t", UNIT_GPA },
	{ "gva_t", UNIT_GVA }, { "bool8_t", UNIT_BOOL },
};

/* Follows typedefs and qualifiers to what has a size; the first typedef we know is the unit. */
static const struct btf_type *resolve(const struct btf *btf, uint32_t id, enum field_unit *ret_unit)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	*ret_unit = UNIT_NONE;
	while (t && (btf_is_typedef(t) || btf_is_mod(t))) {
		for (unsigned i = 0; btf_is_typedef(t) && i < ARRAY_SIZE(units); i++)
			if (*ret_unit == UNIT_NONE && !strcmp(btf__name_by_offset(btf, t->name_off), units[i].name))
				*ret_unit = units[i].unit;
		t = btf__type_by_id(btf, t->type);
	}
	return t;
}

static bool number_type(uint32_t size, bool is_signed, enum field_type *ret)
{
	switch (size) {
	case 1: *ret = is_signed ? FIELD_S8 : FIELD_U8; return true;
	case 2: *ret = is_signed ? FIELD_S16 : FIELD_U16; return true;
	case 4: *ret = is_signed ? FIELD_S32 : FIELD_U32; return true;
	case 8: *ret = is_signed ? FIELD_S64 : FIELD_U64; return true;
	default: return false;
	}
}

static struct field_enum *enum_names(const struct btf *btf, const struct btf_type *t)
{
	const struct btf_enum *e = btf_enum(t);
	unsigned n = btf_vlen(t);
	struct field_enum *names = xcalloc(n + 1, sizeof(*names));

	for (unsigned i = 0; i < n; i++) {
		names[i].value = (uint32_t)e[i].val;
		names[i].name = xstrdup(btf__name_by_offset(btf, e[i].name_off));
	}
	return names;
}

static bool array_field(const struct btf *btf, const struct btf_type *t, struct field *f)
{
	const struct btf_array *a = btf_array(t);
	enum field_unit unit;
	const struct btf_type *elem = resolve(btf, a->type, &unit);
	uint64_t bytes;

	if (!elem || !btf_is_int(elem))
		return false;
	bytes = (uint64_t)a->nelems * elem->size;
	if (!bytes || bytes > PAYLOAD_MAX)
		return false;
	f->size = (uint16_t)bytes;
	if (elem->size == 8) {
		f->type = FIELD_BYTES;
		f->unit = UNIT_HEX;
		return true;
	}
	f->type = btf_int_encoding(elem) & BTF_INT_CHAR || !strcmp(btf__name_by_offset(btf, elem->name_off),
								   "char") ? FIELD_STRING : FIELD_BYTES;
	return elem->size == 1;
}

static bool fill_field(const struct btf *btf, const struct btf_member *m, const char *name, uint32_t bit,
		       struct field *f)
{
	const struct btf_type *t = resolve(btf, m->type, &f->unit);

	if (!t || bit % 8 || bit / 8 >= PAYLOAD_MAX)
		return false;
	f->name = xstrdup(name);
	f->offset = (uint16_t)(bit / 8);
	if (btf_is_array(t))
		return array_field(btf, t, f);
	if (!btf_is_int(t) && !btf_is_enum(t))
		return false;
	f->size = (uint16_t)t->size;
	if (btf_is_enum(t))
		f->names = enum_names(btf, t);
	else if (btf_int_encoding(t) & BTF_INT_BOOL)
		f->unit = UNIT_BOOL;
	return number_type(t->size, btf_is_int(t) && btf_int_encoding(t) & BTF_INT_SIGNED, &f->type);
}

static char *help_of(const struct btf *btf, uint32_t id)
{
	for (uint32_t i = 1; i < btf__type_cnt(btf); i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);
		const char *text = btf__name_by_offset(btf, t->name_off);

		if (btf_is_decl_tag(t) && t->type == id && btf_decl_tag(t)->component_idx == -1 &&
		    !strncmp(text, HELP, strlen(HELP)))
			return xstrdup(text + strlen(HELP));
	}
	return xstrdup("");
}

static struct error *add(struct probe_schemas *s, const char *probe, const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const char *name = btf__name_by_offset(btf, t->name_off);
	struct probe_schema *p = xcalloc(1, sizeof(*p));
	struct field *fields = xcalloc(btf_vlen(t) + 1, sizeof(*fields));

	vec_push(&s->list, p);
	p->type = id;
	p->schema.name = xasprintf("%s.%s", probe, name + strlen(PREFIX));
	p->schema.help = help_of(btf, id);
	p->schema.fields = fields;
	p->schema.size = (uint16_t)t->size;
	if (t->size > PAYLOAD_MAX)
		return error_create(ERROR_FAILED, "struct %s of probe %s has %u bytes; an event has at most %zu",
				    name, probe, t->size, PAYLOAD_MAX);
	for (unsigned i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = &btf_members(t)[i];
		const char *member = btf__name_by_offset(btf, m->name_off);

		if (!strncmp(member, "pad", 3))
			continue;
		if (btf_member_bitfield_size(t, i) ||
		    !fill_field(btf, m, member, btf_member_bit_offset(t, i), &fields[p->schema.nfields++]))
			return error_create(ERROR_FAILED, "member %s of struct %s of probe %s is of no type that "
					    "events can have", member, name, probe);
	}
	return NULL;
}

struct error *probe_schemas_init(struct probe_schemas *s, const char *probe, const struct btf *btf)
{
	struct error *error = NULL;

	*s = (struct probe_schemas){ 0 };
	for (uint32_t i = 1; i < btf__type_cnt(btf) && !error; i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);
		const char *name = btf__name_by_offset(btf, t->name_off);
		size_t len = strlen(name);

		if (btf_is_struct(t) && !strncmp(name, PREFIX, strlen(PREFIX)) &&
		    (len < 7 || strcmp(name + len - 7, "_record")))
			error = add(s, probe, btf, i);
	}
	if (error)
		probe_schemas_deinit(s);
	return error;
}

void probe_schemas_deinit(struct probe_schemas *s)
{
	for (size_t i = 0; i < s->list.len; i++) {
		struct probe_schema *p = s->list.data[i];

		for (unsigned f = 0; p->schema.fields[f].name; f++) {
			for (const struct field_enum *e = p->schema.fields[f].names; e && e->name; e++)
				free((void *)e->name);
			free((void *)p->schema.fields[f].names);
			free((void *)p->schema.fields[f].name);
		}
		free((void *)p->schema.fields);
		free((void *)p->schema.name);
		free((void *)p->schema.help);
		free(p);
	}
	vec_free(&s->list);
}

const struct probe_schema *probe_schemas_find(const struct probe_schemas *s, uint32_t type)
{
	for (size_t i = 0; i < s->list.len; i++)
		if (s->list.data[i]->type == type)
			return s->list.data[i];
	return NULL;
}
