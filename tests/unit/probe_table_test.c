/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Maps of probe files: buckets, bounds, merging, order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/probe/table.h"

static struct probe_value number(uint64_t v)
{
	return (struct probe_value){ .num = v };
}

static char *shown(const struct table *t)
{
	struct out *out = out_create_capture();
	table_show(t, out);
	char *text = out_capture_string(out);
	out_destroy(out);
	return text;
}

/* Every value falls into the bucket whose range has it: ranges are checked from both sides. */
static void test_buckets(void **state)
{
	struct table_kind hist = { .agg = AGG_HIST }, q = { .agg = AGG_QUANTILES };
	struct table_kind l = { .agg = AGG_LHIST, .lo = -10, .hi = 11, .step = 4 };

	assert_int_equal(table_bucket(&hist, -1), 0);
	assert_int_equal(table_bucket(&hist, INT64_MIN), 0);
	assert_int_equal(table_bucket(&hist, 0), 1);
	for (unsigned i = 0; i < 63; i++) {
		assert_int_equal(table_bucket(&hist, 1LL << i), 2 + i);
		if (i > 1)
			assert_int_equal(table_bucket(&hist, (1LL << i) - 1), 1 + i);
	}
	assert_true(table_bucket(&hist, INT64_MAX) < table_buckets(&hist));
	assert_int_equal(table_buckets(&l), 6 + 2);
	assert_int_equal(table_bucket(&l, -11), 0);
	assert_int_equal(table_bucket(&l, -10), 1);
	assert_int_equal(table_bucket(&l, -7), 1);
	assert_int_equal(table_bucket(&l, -6), 2);
	assert_int_equal(table_bucket(&l, 10), 6);
	assert_int_equal(table_bucket(&l, 11), 7);
	unsigned before = 0;
	for (int64_t v = 0; v < 100000; v++) {
		unsigned b = table_bucket(&q, v);
		assert_true(b == before || b == before + 1);
		before = b;
	}
	assert_true(table_bucket(&q, INT64_MAX) < table_buckets(&q));
	assert_int_equal(table_bucket(&q, -5), 0);
}

static void test_aggregates(void **state)
{
	static const struct { enum program_agg agg; int64_t want; } cases[] = {
		{ AGG_COUNT, 3 }, { AGG_SUM, 9 }, { AGG_MIN, -2 }, { AGG_MAX, 7 }, { AGG_AVG, 3 }, { AGG_SET, 4 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct table_kind kind = { .agg = cases[i].agg, .nkeys = 1 };
		struct table *t = table_create("m", &kind);
		struct probe_value key = number(1);
		int64_t got;
		assert_false(table_get(t, &key, &got));
		assert_true(table_add(t, &key, -2));
		assert_true(table_add(t, &key, 7));
		assert_true(table_add(t, &key, 4));
		assert_true(table_get(t, &key, &got));
		assert_int_equal(got, cases[i].want);
		table_destroy(t);
	}
}

/* Bounded; what finds no room is counted and told; deleting makes room again. */
static void test_bounds(void **state)
{
	struct table_kind kind = { .agg = AGG_COUNT, .nkeys = 1, .top = 1 };
	struct table *t = table_create("m", &kind);
	int64_t got;

	for (unsigned i = 0; i < TABLE_ROWS_MAX; i++) {
		struct probe_value key = number(i * 0x10001ULL);
		assert_true(table_add(t, &key, 1));
	}
	struct probe_value more = number(1);
	assert_false(table_add(t, &more, 1));
	assert_false(table_add(t, &more, 1));
	struct probe_value there = number(77 * 0x10001ULL);
	assert_true(table_add(t, &there, 1));
	char *text = shown(t);
	assert_non_null(strstr(text, "@m: 2 updates lost: a map has at most 10000 rows"));
	assert_non_null(strstr(text, "@m[5046349]: 2"));
	assert_non_null(strstr(text, "@m: 9999 more rows"));
	free(text);
	for (unsigned i = 0; i < TABLE_ROWS_MAX; i += 2) {
		struct probe_value key = number(i * 0x10001ULL);
		table_delete(t, &key);
	}
	assert_int_equal(table_rows(t), TABLE_ROWS_MAX / 2);
	for (unsigned i = 0; i < TABLE_ROWS_MAX; i++) {
		struct probe_value key = number(i * 0x10001ULL);
		assert_int_equal(table_get(t, &key, &got), i & 1);
	}
	assert_true(table_add(t, &more, 1));
	table_clear(t);
	assert_int_equal(table_rows(t), 0);
	assert_false(table_get(t, &more, &got));
	table_destroy(t);
}

/* Two tables filled apart and merged are as one that saw all. */
static void test_merge(void **state)
{
	struct table_kind kind = { .agg = AGG_HIST, .nkeys = 1 };
	struct table *all = table_create("m", &kind), *part = table_create("m", &kind);
	uint64_t buckets[TABLE_LOG2_BUCKETS] = { 0 };
	struct table_cell cell = { .buckets = buckets };
	struct probe_value key = number(3);

	for (int64_t v = -3; v < 500; v += 7) {
		table_add(all, &key, v);
		if (v & 1) {
			table_add(part, &key, v);
			continue;
		}
		buckets[table_bucket(&kind, v)]++;
		cell.min = cell.count && cell.min < v ? cell.min : v;
		cell.max = cell.count && cell.max > v ? cell.max : v;
		cell.count++;
		cell.sum += v;
	}
	assert_true(table_merge(part, &key, &cell));
	char *a = shown(all), *b = shown(part);
	assert_string_equal(a, b);
	free(a);
	free(b);
	table_destroy(all);
	table_destroy(part);
}

/* A quantile is at most a sixteenth above what sorting gives. */
static void test_quantiles(void **state)
{
	struct table_kind kind = { .agg = AGG_QUANTILES };
	struct table *t = table_create("q", &kind);
	char want[64];

	for (int64_t v = 1; v <= 100000; v++)
		table_add(t, NULL, v);
	char *text = shown(t);
	char *p50 = strstr(text, "p50 "), *p99 = strstr(text, "p99 "), *max = strstr(text, "max ");
	assert_true(p50 && p99 && max);
	assert_in_range(atoi(p50 + 4), 50000, 50000 + 50000 / 16);
	assert_in_range(atoi(p99 + 4), 99000, 100000);
	snprintf(want, sizeof(want), "max %d", 100000);
	assert_memory_equal(max, want, strlen(want));
	free(text);
	table_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets), cmocka_unit_test(test_aggregates), cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_merge), cmocka_unit_test(test_quantiles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
