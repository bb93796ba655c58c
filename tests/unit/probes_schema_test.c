/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Event schemas from BTF: types, units, enums, help; and what events can not have. */
#include "tests/lib/test.h"

#include <bpf/btf.h>

#include "probes/probe.h"
#include "probes/schema.h"

struct types {
	struct btf *btf;
	int u8, u32, s32, u64, ch, ns, gva, color;
};

static void begin(struct types *t)
{
	t->btf = btf__new_empty();
	assert_non_null(t->btf);
	t->u8 = btf__add_int(t->btf, "unsigned char", 1, 0);
	t->u32 = btf__add_int(t->btf, "unsigned int", 4, 0);
	t->s32 = btf__add_int(t->btf, "int", 4, BTF_INT_SIGNED);
	t->u64 = btf__add_int(t->btf, "unsigned long", 8, 0);
	t->ch = btf__add_int(t->btf, "char", 1, BTF_INT_SIGNED);
	t->ns = btf__add_typedef(t->btf, "ns_t", t->u64);
	t->gva = btf__add_typedef(t->btf, "gva_t", t->u64);
	t->color = btf__add_enum(t->btf, "ev_color", 4);
	btf__add_enum_value(t->btf, "RED", 1);
	btf__add_enum_value(t->btf, "BLUE", 5);
}

static void test_fields(void **state)
{
	struct probe_schemas s;
	const struct schema *sc;
	struct types t;
	int array, id;

	begin(&t);
	array = btf__add_array(t.btf, t.u32, t.ch, 16);
	id = btf__add_struct(t.btf, "ev_hit", 48);
	btf__add_field(t.btf, "when", t.ns, 0, 0);
	btf__add_field(t.btf, "at", t.gva, 64, 0);
	btf__add_field(t.btf, "color", t.color, 128, 0);
	btf__add_field(t.btf, "delta", t.s32, 160, 0);
	btf__add_field(t.btf, "comm", array, 192, 0);
	btf__add_field(t.btf, "kind", t.u8, 320, 0);
	btf__add_field(t.btf, "pad", t.u8, 328, 0);
	btf__add_decl_tag(t.btf, "help:something was hit", id, -1);
	btf__add_struct(t.btf, "other", 0);
	btf__add_struct(t.btf, "ev_hit_record", 80);
	assert_ok(probe_schemas_init(&s, "test", t.btf));
	assert_int_equal(s.list.len, 1);
	assert_ptr_equal(probe_schemas_find(&s, (uint32_t)id), s.list.data[0]);
	assert_null(probe_schemas_find(&s, (uint32_t)id + 1));
	sc = &s.list.data[0]->schema;
	assert_string_equal(sc->name, "test.hit");
	assert_string_equal(sc->help, "something was hit");
	assert_int_equal(sc->nfields, 6);
	assert_int_equal(sc->size, 48);
	assert_int_equal(sc->fields[0].type, FIELD_U64);
	assert_int_equal(sc->fields[0].unit, UNIT_NS);
	assert_int_equal(sc->fields[1].unit, UNIT_GVA);
	assert_int_equal(sc->fields[1].offset, 8);
	assert_string_equal(sc->fields[2].names[1].name, "BLUE");
	assert_int_equal(sc->fields[2].names[1].value, 5);
	assert_null(sc->fields[2].names[2].name);
	assert_int_equal(sc->fields[3].type, FIELD_S32);
	assert_int_equal(sc->fields[4].type, FIELD_STRING);
	assert_int_equal(sc->fields[4].size, 16);
	assert_int_equal(sc->fields[5].type, FIELD_U8);
	probe_schemas_deinit(&s);
	btf__free(t.btf);
}

static void test_refused(void **state)
{
	struct probe_schemas s;
	struct types t;
	int ptr;

	begin(&t);
	ptr = btf__add_ptr(t.btf, t.u64);
	btf__add_struct(t.btf, "ev_bad", 8);
	btf__add_field(t.btf, "where", ptr, 0, 0);
	assert_error(probe_schemas_init(&s, "test", t.btf), ERROR_FAILED, "member where of struct ev_bad");
	btf__free(t.btf);
	begin(&t);
	btf__add_struct(t.btf, "ev_bits", 8);
	btf__add_field(t.btf, "flag", t.u32, 3, 1);
	assert_error(probe_schemas_init(&s, "test", t.btf), ERROR_FAILED, "member flag");
	btf__free(t.btf);
	begin(&t);
	btf__add_struct(t.btf, "ev_huge", 4096);
	assert_error(probe_schemas_init(&s, "test", t.btf), ERROR_FAILED, "4096 bytes");
	btf__free(t.btf);
}

/* Every built-in object opens, describes its events, and has a program for each part's rungs or none. */
static void test_built_in(void **state)
{
	const struct probe *probe;

	for (unsigned i = 0; (probe = probe_at(i)); i++) {
		struct probe_schemas s;

		assert_ptr_equal(probe_find(probe->name), probe);
		assert_ok(probe_schemas_load(&s, probe->name));
		/* Where a guest's accesses to its PMU do not trap (POWER) there is nothing to stream of them. */
		assert_true(s.list.len > 0 || !probe_fits(probe) || !strcmp(probe->name, "pmu"));
		for (size_t k = 0; k < s.list.len; k++) {
			assert_true(strlen(s.list.data[k]->schema.help) > 0);
			assert_true(s.list.data[k]->schema.nfields > 0);
		}
		probe_schemas_deinit(&s);
	}
	assert_non_null(probe_at(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_built_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
