/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checksums, numbers, columns, classes and chunks: what goes in comes out. */
#include "tests/lib/test.h"

#include "core/record/chunk.h"
#include "core/record/crc32c.h"
#include "tests/lib/recording_builder.h"

static void test_crc32c(void **state)
{
	uint8_t data[64] = { 0 };
	uint32_t slow = ~0u;

	/* RFC 3720, B.4: 32 bytes of zeros, of ones; "123456789". */
	assert_int_equal(crc32c(0, data, 32), 0x8a9136aa);
	memset(data, 0xff, 32);
	assert_int_equal(crc32c(0, data, 32), 0x62a8ab43);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37 + 11);
	for (unsigned i = 0; i < sizeof(data); i++) {
		slow ^= data[i];
		for (int k = 0; k < 8; k++)
			slow = slow >> 1 ^ (slow & 1 ? 0x82f63b78 : 0);
	}
	assert_int_equal(crc32c(0, data, sizeof(data)), ~slow);
	assert_int_equal(crc32c(crc32c(0, data, 13), data + 13, sizeof(data) - 13), ~slow);
}

static void test_varint(void **state)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX, 1ULL << 63, UINT64_MAX };

	for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
		struct bytes b = { 0 };
		struct parse in;

		bytes_varint(&b, values[i]);
		assert_int_equal(b.len, varint_len(values[i]));
		in = (struct parse){ .p = b.data, .end = b.data + b.len };
		assert_true(parse_varint(&in) == values[i]);
		assert_false(in.bad);
		in = (struct parse){ .p = b.data, .end = b.data + b.len - 1 };
		parse_varint(&in);
		assert_true(in.bad);
		assert_true(unzigzag(zigzag(values[i])) == values[i]);
		bytes_deinit(&b);
	}
	/* Ten bytes that say more than 64 bits. */
	struct parse in = { .p = (const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02" };

	in.end = in.p + 10;
	parse_varint(&in);
	assert_true(in.bad);
}

static void check_column(const uint64_t *values, size_t n, unsigned width, enum column_mode mode)
{
	struct column_scratch *scratch = xcalloc(1, sizeof(*scratch));
	uint64_t *back = xcalloc(n, sizeof(*back));
	struct bytes b = { 0 };
	struct column c;
	struct parse in;

	column_encode(&b, values, n, width, scratch);
	in = (struct parse){ .p = b.data, .end = b.data + b.len };
	assert_true(column_open(&in, &c));
	assert_ptr_equal(in.p, in.end);
	assert_int_equal(c.mode, mode);
	assert_true(column_decode(&c, n, back));
	assert_memory_equal(back, values, n * sizeof(*values));
	/* Not one value more, nor less. */
	if (mode != COLUMN_CONST) {
		assert_false(column_decode(&c, n - 1, back));
		back = xrealloc(back, (n + 1) * sizeof(*back));
		assert_false(column_decode(&c, n + 1, back));
	}
	for (size_t cut = 0; cut < b.len && cut < 40; cut++) {
		in = (struct parse){ .p = b.data, .end = b.data + cut };
		assert_false(column_open(&in, &c));
	}
	bytes_deinit(&b);
	free(back);
	free(scratch);
}

static void test_columns(void **state)
{
	uint64_t v[1000];

	for (unsigned i = 0; i < 1000; i++)
		v[i] = 0xfeedfacecafebeefULL;
	check_column(v, 1000, 8, COLUMN_CONST);
	check_column(v, 1, 8, COLUMN_CONST);
	for (unsigned i = 0; i < 1000; i++)
		v[i] = 5000000000ULL + i * 3;
	check_column(v, 1000, 8, COLUMN_DELTA);
	for (unsigned i = 0; i < 1000; i++)
		v[i] = i % 7 * 0x123456789abcULL;
	check_column(v, 1000, 8, COLUMN_DICT);
	for (unsigned i = 0; i < 1000; i++)
		v[i] = i % 256 * 0x0101010101010101ULL;
	check_column(v, 1000, 8, COLUMN_FIXED);
	for (unsigned i = 0; i < 1000; i++)
		v[i] = i * 0x9e3779b97f4a7c15ULL;
	check_column(v, 1000, 8, COLUMN_FIXED);
	for (unsigned i = 0; i < 1000; i++)
		v[i] = (i * 40503u) & 0xffff;
	check_column(v, 1000, 2, COLUMN_FIXED);
	v[0] = UINT64_MAX;
	v[1] = 0;
	check_column(v, 2, 8, COLUMN_DELTA);
}

static void test_classes(void **state)
{
	for (unsigned i = 0; i < VMM_EVENT_COUNT; i++) {
		struct event_class *c = class_create(&vmm_schemas[i], i), *back;
		struct bytes b = { 0 };
		unsigned at = 0;
		struct parse in;

		for (unsigned p = 0; p < c->npieces; p++) {
			assert_int_equal(c->piece[p].offset, at);
			at += c->piece[p].size;
		}
		assert_int_equal(at, vmm_schemas[i].size);
		class_write(c, &b);
		in = (struct parse){ .p = b.data, .end = b.data + b.len };
		back = class_parse(&in);
		assert_non_null(back);
		assert_ptr_equal(in.p, in.end);
		assert_true(class_same(c, back));
		assert_string_equal(back->schema.help, vmm_schemas[i].help);
		class_destroy(back);
		for (size_t cut = 0; cut < b.len; cut++) {
			in = (struct parse){ .p = b.data, .end = b.data + cut };
			assert_null(class_parse(&in));
		}
		class_destroy(c);
		bytes_deinit(&b);
	}
}

struct chunk_fixture {
	struct event_class *classes[VMM_EVENT_COUNT];
	union built_event *built;
	const struct event **list;
	size_t n;
	struct chunk_encoder enc;
	struct chunk_events back;
	struct bytes raw;
	struct chunk_info info;
};

static void fixture_init(struct chunk_fixture *f, size_t n)
{
	*f = (struct chunk_fixture){ .n = n };
	for (unsigned i = 0; i < VMM_EVENT_COUNT; i++)
		f->classes[i] = class_create(&vmm_schemas[i], i);
	f->built = xcalloc(n, sizeof(*f->built));
	f->list = xcalloc(n, sizeof(*f->list));
	for (size_t i = 0; i < n; i++) {
		build_event(i, 3, &f->built[i]);
		f->list[i] = &f->built[i].event;
	}
}

static void fixture_deinit(struct chunk_fixture *f)
{
	for (unsigned i = 0; i < VMM_EVENT_COUNT; i++)
		class_destroy(f->classes[i]);
	chunk_encoder_deinit(&f->enc);
	chunk_events_deinit(&f->back);
	bytes_deinit(&f->raw);
	free(f->built);
	free(f->list);
}

static void round_trip(struct chunk_fixture *f)
{
	uint64_t last = 0;

	f->raw.len = 0;
	chunk_encode(&f->enc, f->list, f->n, f->classes, &f->raw, &f->info);
	assert_int_equal(f->info.count, f->n);
	assert_true(chunk_decode(f->raw.data, f->raw.len, f->n, f->info.first, f->classes, VMM_EVENT_COUNT,
				 &f->back));
	for (size_t i = 0; i < f->n; i++) {
		const struct event *e = chunk_event(&f->back, i);

		assert_true(e->time_ns >= last);
		last = e->time_ns;
	}
	assert_true(last == f->info.last);
}

static void test_chunk(void **state)
{
	struct chunk_fixture f;

	fixture_init(&f, 5000);
	round_trip(&f);
	for (size_t i = 0; i < f.n; i++)
		assert_memory_equal(chunk_event(&f.back, i), f.list[i], f.list[i]->size);
	/* Few events and single ones. */
	for (f.n = 1; f.n < 40; f.n++) {
		round_trip(&f);
		for (size_t i = 0; i < f.n; i++)
			assert_memory_equal(chunk_event(&f.back, i), f.list[i], f.list[i]->size);
	}
	fixture_deinit(&f);
}

/* Payloads that are shorter or longer than their class says, also in the middle of a number; order. */
static void test_odd_events(void **state)
{
	struct chunk_fixture f;
	unsigned seen = 0;

	fixture_init(&f, 400);
	for (size_t i = 0; i < f.n; i++) {
		union built_event *b = &f.built[i];
		uint32_t len = (uint32_t)(i % 90);

		b->event.payload_len = len;
		b->event.size = (uint16_t)align_up(sizeof(struct event) + len, 8);
		memset(b->event.payload, 0, sizeof(*b) - sizeof(struct event));
		for (uint32_t k = 0; k < len; k++)
			b->event.payload[k] = (uint8_t)(i + k * 3);
		b->event.time_ns = 1000 + (i * 7919) % 400 / 2; /* disordered, many equal */
		b->event.tid = (uint32_t)i;
	}
	round_trip(&f);
	for (size_t i = 0; i < f.n; i++) {
		const struct event *e = chunk_event(&f.back, i);

		assert_memory_equal(e, &f.built[e->tid], e->size);
		if (i && chunk_event(&f.back, i - 1)->time_ns == e->time_ns)
			assert_true(chunk_event(&f.back, i - 1)->tid < e->tid);
		seen++;
	}
	assert_int_equal(seen, 400);
	fixture_deinit(&f);
}

/* Without a checksum around it a chunk is any bytes: decoded or refused, never read outside. */
static void test_hostile_chunks(void **state)
{
	struct chunk_fixture f;

	fixture_init(&f, 120);
	round_trip(&f);
	for (size_t cut = 0; cut < f.raw.len; cut++) {
		uint8_t *copy = xcalloc(1, cut + 1);

		memcpy(copy, f.raw.data, cut);
		copy = xrealloc(copy, cut ? cut : 1);
		assert_false(chunk_decode(copy, cut, f.n, 0, f.classes, VMM_EVENT_COUNT, &f.back));
		free(copy);
	}
	for (size_t bit = 0; bit < f.raw.len * 8; bit++) {
		f.raw.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		chunk_decode(f.raw.data, f.raw.len, f.n, 0, f.classes, VMM_EVENT_COUNT, &f.back);
		chunk_decode(f.raw.data, f.raw.len, f.n, 0, f.classes, 3, &f.back);
		f.raw.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	fixture_deinit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc32c), cmocka_unit_test(test_varint), cmocka_unit_test(test_columns),
		cmocka_unit_test(test_classes), cmocka_unit_test(test_chunk), cmocka_unit_test(test_odd_events),
		cmocka_unit_test(test_hostile_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
