/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/test.h"

#include "core/event/store.h"

union record {
	struct event event;
	uint8_t bytes[EVENT_SIZE_MAX];
};

static void fill(union record *r, uint32_t schema, const void *payload, uint32_t len)
{
	memset(r, 0, sizeof(*r));
	r->event = (struct event){
		.time_ns = 1001234567, .schema = schema, .size = (uint16_t)(32 + (len + 7) / 8 * 8),
		.cpu = 1, .tid = 42, .vm = 1, .vcpu = 0, .payload_len = len,
	};
	memcpy(r->event.payload, payload, len);
}

/* Every description lies inside its payload, overlaps no other, and has a name of its own. */
static void test_schemas(void **state)
{
	for (unsigned i = 0; i < VMM_EVENT_COUNT; i++) {
		const struct schema *s = &vmm_schemas[i];
		uint8_t used[EVENT_SIZE_MAX] = { 0 };

		assert_int_equal(s->id, i);
		assert_true(s->nfields > 0 && s->help[0]);
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(s->name, vmm_schemas[k].name);
		for (unsigned f = 0; f < s->nfields; f++) {
			const struct field *field = &s->fields[f];
			unsigned index;

			assert_true(field->offset + field->size <= s->size);
			for (unsigned b = 0; b < field->size; b++)
				assert_int_equal(used[field->offset + b]++, 0);
			assert_ptr_equal(schema_field(s, field->name, &index), field);
			assert_int_equal(index, f);
		}
	}
	assert_null(schema_field(&vmm_schemas[0], "nosuch", NULL));
}

static void test_field_read(void **state)
{
	static const uint8_t raw[8] = { 0xff, 0xff, 0xff, 0xff, 0x01, 0, 0, 0 };
	static const struct { enum field_type type; uint16_t offset, size; bool ok; uint64_t v; } rows[] = {
		{ FIELD_U8, 0, 1, true, 0xff }, { FIELD_S8, 0, 1, true, ~0ULL },
		{ FIELD_U16, 0, 2, true, 0xffff }, { FIELD_S16, 0, 2, true, ~0ULL },
		{ FIELD_U32, 0, 4, true, 0xffffffff }, { FIELD_S32, 0, 4, true, ~0ULL },
		{ FIELD_U64, 0, 8, true, 0x1ffffffff }, { FIELD_S64, 0, 8, true, 0x1ffffffff },
		{ FIELD_U16, 3, 2, true, 0x1ff }, { FIELD_U8, 8, 1, false, 0 },
		{ FIELD_U32, 5, 4, false, 0 }, { FIELD_U64, 65535, 8, false, 0 },
		{ FIELD_BYTES, 0, 8, false, 0 }, { FIELD_STRING, 0, 8, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct field field = { .type = rows[i].type, .offset = rows[i].offset, .size = rows[i].size };
		uint64_t v = 0;

		assert_int_equal(field_read(&field, raw, sizeof(raw), &v), rows[i].ok);
		assert_true(v == rows[i].v);
	}
}

static void test_add_schema(void **state)
{
	static const struct field fields[] = { { "delta", FIELD_S32, 0, 4, UNIT_NONE, NULL },
					       { "vcpu", FIELD_U32, 4, 4, UNIT_NONE, NULL } };
	struct schema mine = { .name = "host.mine", .fields = fields, .nfields = 2, .size = 8 };
	struct schema again = { .name = "vm.stop" };
	struct event_store *store;
	unsigned index;
	bool is_signed;

	assert_error(event_store_create(100, &store), ERROR_USAGE, "100 B is not possible");
	assert_error(event_store_create(1ULL << 62, &store), ERROR_USAGE, "4 EiB");
	assert_ok(event_store_create(1 << 20, &store));
	assert_ok(event_store_add_schema(store, &mine));
	assert_int_equal(mine.id, VMM_EVENT_COUNT);
	assert_error(event_store_add_schema(store, &mine), ERROR_FAILED, "known already");
	assert_error(event_store_add_schema(store, &again), ERROR_FAILED, "vm.stop");
	assert_ptr_equal(event_store_schema(store, mine.id), &mine);
	assert_ptr_equal(event_store_schema_at(store, VMM_STOP), &vmm_schemas[VMM_STOP]);
	assert_null(event_store_schema_at(store, mine.id + 1));
	assert_ptr_equal(event_store_schema_by_name(store, "vm.exit.io"), &vmm_schemas[VMM_EXIT_IO]);
	assert_null(event_store_schema_by_name(store, "vm.exit"));

	/* Fields by name, a schema's own before those of the header. */
	union record r;
	int32_t payload[2] = { -3, 9 };
	struct event_field_ctx ctx = { &mine, &r.event };
	uint64_t v;

	fill(&r, mine.id, payload, sizeof(payload));
	assert_true(event_scope_field(&mine, "delta", &index, &is_signed) && is_signed);
	assert_true(event_env_field(&ctx, index, &v) && v == (uint64_t)-3);
	assert_true(event_scope_field(&mine, "vcpu", &index, &is_signed) && !is_signed);
	assert_true(event_env_field(&ctx, index, &v) && v == 9);
	assert_true(event_scope_field(&mine, "tid", &index, &is_signed));
	assert_true(event_env_field(&ctx, index, &v) && v == 42);
	assert_true(event_scope_field(&vmm_schemas[VMM_STOP], "vcpu", &index, &is_signed));
	ctx.schema = &vmm_schemas[VMM_STOP];
	assert_true(event_env_field(&ctx, index, &v) && v == 0);
	r.event.vcpu = EVENT_NO_VCPU;
	assert_false(event_env_field(&ctx, index, &v));
	assert_false(event_env_field(&ctx, 77777777, &v));
	assert_false(event_scope_field(&vmm_schemas[VMM_CONSOLE], "data", &index, &is_signed));
	assert_false(event_scope_field(&mine, "nosuch", &index, &is_signed));
	event_store_destroy(store);
}

static uint64_t number_of(const struct event *event)
{
	uint64_t n;

	memcpy(&n, event->payload, sizeof(n));
	return n;
}

/* Far more than fits: the oldest go, what is held is whole, in order and numbered right. */
static void test_wraparound(void **state)
{
	static const uint64_t sizes[] = { 4096, 5000, 65536 };

	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		struct event_store *store;
		uint64_t held = 0;

		assert_ok(event_store_create(sizes[s], &store));
		for (uint64_t n = 0; n < 5000; n++) {
			union record r;
			uint8_t payload[248];

			memset(payload, (int)n, sizeof(payload));
			memcpy(payload, &n, sizeof(n));
			fill(&r, VMM_CONSOLE, payload, 8 + (uint32_t)(n * 13 % 240));
			event_store_put(store, &r.event);
			assert_int_equal(event_store_end(store), n + 1);

			const struct event *last = event_store_get(store, n);

			assert_memory_equal(last, &r, r.event.size);
		}
		for (uint64_t n = event_store_first(store); n < event_store_end(store); n++, held++) {
			const struct event *event = event_store_get(store, n);

			assert_int_equal(number_of(event), n);
			for (uint32_t i = 8; i < event->payload_len; i++)
				assert_int_equal(event->payload[i], (uint8_t)n);
		}
		assert_true(held > sizes[s] / 400 && held < 5000);
		assert_null(event_store_get(store, event_store_first(store) - 1));
		assert_null(event_store_get(store, event_store_end(store)));
		assert_int_equal(event_store_count(store, VMM_CONSOLE), 5000);
		assert_int_equal(event_store_drops(store), 0);
		event_store_destroy(store);
	}
	/* Smallest records: the index is what runs out. */
	struct event_store *store;

	assert_ok(event_store_create(4096, &store));
	for (uint64_t n = 0; n < 1000; n++) {
		union record r;

		fill(&r, VMM_CONSOLE, &n, 0);
		event_store_put(store, &r.event);
	}
	assert_int_equal(event_store_end(store) - event_store_first(store), 4096 / 56);
	event_store_destroy(store);
}

struct listener {
	struct event_store *store;
	struct event_sink self, other;
	unsigned calls;
};

static void listen_once(void *ctx, const struct event *event, const struct schema *schema)
{
	struct listener *l = ctx;

	assert_ptr_equal(schema, &vmm_schemas[event->schema]);
	l->calls++;
	event_store_remove_sink(l->store, &l->self);
	event_store_remove_sink(l->store, &l->other);
}

static void listen_always(void *ctx, const struct event *event, const struct schema *schema)
{
	((struct listener *)ctx)->calls++;
}

static void test_sinks(void **state)
{
	struct listener a = { 0 }, b = { 0 };
	union record r;

	assert_ok(event_store_create(4096, &a.store));
	a.self = (struct event_sink){ &a, listen_once };
	b.self = a.other = (struct event_sink){ &b, listen_always };
	fill(&r, VMM_STOP, &(struct vmm_stop){ .pc = 1 }, sizeof(struct vmm_stop));
	event_store_add_sink(a.store, &b.self);
	event_store_put(a.store, &r.event);
	assert_int_equal(b.calls, 1);
	event_store_remove_sink(a.store, &b.self);
	event_store_put(a.store, &r.event);
	assert_int_equal(b.calls, 1);
	/* Removed inside a handler: neither is called again, not even in this round. */
	event_store_add_sink(a.store, &a.self);
	event_store_add_sink(a.store, &b.self);
	event_store_put(a.store, &r.event);
	event_store_put(a.store, &r.event);
	assert_int_equal(a.calls, 1);
	assert_int_equal(b.calls, 1);
	event_store_destroy(a.store);
}

static void test_drops_and_malformed(void **state)
{
	struct event_store *store;
	union record r;

	assert_ok(event_store_create(4096, &store));
	fill(&r, VMM_DROP, &(struct vmm_drop){ .count = 7 }, sizeof(struct vmm_drop));
	event_store_put(store, &r.event);
	assert_int_equal(event_store_drops(store), 7);
	for (unsigned i = 0; i < 5; i++) {
		fill(&r, VMM_STOP, &(struct vmm_stop){ 0 }, sizeof(struct vmm_stop));
		switch (i) {
		case 0:
			r.event.size = 8;
			break;
		case 1:
			r.event.size += 4;
			break;
		case 2:
			r.event.payload_len = r.event.size;
			break;
		case 3:
			r.event.schema = 9999;
			break;
		case 4:
			r.event.size = 65528;
			break;
		}
		event_store_put(store, &r.event);
		assert_int_equal(event_store_drops(store), 8 + i);
		assert_int_equal(event_store_get(store, 1 + i)->schema, VMM_DROP);
	}
	event_store_destroy(store);
}

static void test_print(void **state)
{
	struct out *out = out_create_capture();
	union record r;

	fill(&r, VMM_EXIT_IO, &(struct vmm_exit_io){ .port = 0x3f8, .size = 1, .write = 1, .count = 1,
						     .value = 0x41, .pc = 0x1000, .handle_ns = 250 },
	     sizeof(struct vmm_exit_io));
	event_print(out, &r.event, &vmm_schemas[VMM_EXIT_IO], 1000000000);
	assert_captured(out, "+0.001234567 vcpu0 vm.exit.io port=0x3f8 size=1 write=yes count=1 value=0x41 "
			"pc=0x1000 handle_ns=250\n");
	event_print(out, &r.event, NULL, 3000000000);
	assert_captured(out, "-1.998765433 vcpu0 schema-0\n");

	r.event.payload_len = 20;
	event_print(out, &r.event, &vmm_schemas[VMM_EXIT_IO], 1001234567);
	assert_captured(out, "+0.000000000 vcpu0 vm.exit.io port=0x3f8 size=1 write=yes (short)\n");

	struct vmm_console console = { .len = 6, .data = "a\033 \0\xff\n" };

	fill(&r, VMM_CONSOLE, &console, offsetof(struct vmm_console, data) + 6);
	r.event.vcpu = EVENT_NO_VCPU;
	event_print(out, &r.event, &vmm_schemas[VMM_CONSOLE], 1001234567);
	assert_captured(out, "+0.000000000 -     vm.console port=0 dir=out len=6 data=\"a\\e \\0\\xff\\n\"\n");

	struct vmm_exit_internal internal = { .suberror = 1, .ndata = 2, .data = { 0x10, 0xff }, .pc = 5 };

	fill(&r, VMM_EXIT_INTERNAL, &internal, offsetof(struct vmm_exit_internal, data) + 16);
	event_print(out, &r.event, &vmm_schemas[VMM_EXIT_INTERNAL], 1001234567);
	assert_captured(out, "+0.000000000 vcpu0 vm.exit.internal suberror=emulation ndata=2 data=0x10,0xff "
			"pc=0x5 handle_ns=0\n");
	r.event.payload_len -= 16;
	internal.suberror = 99;
	memcpy(r.event.payload, &internal, r.event.payload_len);
	event_print(out, &r.event, &vmm_schemas[VMM_EXIT_INTERNAL], 1001234567);
	assert_captured(out, "+0.000000000 vcpu0 vm.exit.internal suberror=99 ndata=2 pc=0x5 handle_ns=0\n");
	out_destroy(out);

	char *json = NULL;
	size_t len;
	FILE *stream = open_memstream(&json, &len);

	out = out_create_json(stream);
	fill(&r, VMM_EXIT_SYSTEM, &(struct vmm_exit_system){ .type = 3 }, sizeof(struct vmm_exit_system));
	event_print(out, &r.event, &vmm_schemas[VMM_EXIT_SYSTEM], 0);
	out_destroy(out);
	fclose(stream);
	assert_non_null(strstr(json, "{\"type\":\"event\",\"time_ns\":1001234567,\"vcpu\":0,"
			       "\"event\":\"vm.exit.system\",\"cpu\":1,\"tid\":42,\"vm\":1,\"type_\":\"crash\""));
	free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schemas),
		cmocka_unit_test(test_field_read),
		cmocka_unit_test(test_add_schema),
		cmocka_unit_test(test_wraparound),
		cmocka_unit_test(test_sinks),
		cmocka_unit_test(test_drops_and_malformed),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
