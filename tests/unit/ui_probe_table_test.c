/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records to a table: columns, order, rates between two looks. */
#include "tests/lib/test.h"

#include "ui/panel/probe_table.h"

static void row(struct out *out, const char *type, const char *name, uint64_t count, uint64_t ns)
{
	out_begin(out, type);
	out_str(out, ROLE_TEXT, "name", 0, name);
	out_dec(out, ROLE_NUMBER, "count", 0, count);
	out_hidden_dec(out, "total_ns", ns);
	out_hidden_dec(out, "tid", 99);
	out_end(out);
}

static void fill(struct probe_table *t, struct out *out, uint64_t a, uint64_t b, uint64_t elapsed_ns)
{
	out_records_clear(out);
	row(out, "row", "a", a, 5000);
	row(out, "row", "b", b, 7000);
	row(out, "other", "c", 1, 1);
	out_message(out, ROLE_DIM, "a remark");
	probe_table_fill(t, out_records(out), elapsed_ns);
}

static const char *name_at(const struct probe_table *t, size_t i)
{
	return record_text(t->rows.data[i].record, "name");
}

static void test_columns(void **state)
{
	struct out *out = out_create_records(), *lines = out_create_capture();
	struct probe_table t = { 0 };

	fill(&t, out, 10, 20, 1000000000);
	assert_int_equal(t.rows.len, 2);
	assert_int_equal(t.types.len, 2);
	probe_table_heading(&t, lines);
	probe_table_line(&t, 0, lines);
	assert_captured(lines, "name  count       /s      total  \n"
			       "b        20       20     7.0 us  \n");
	out_destroy(lines);
	probe_table_deinit(&t);
	out_destroy(out);
}

static void test_sort(void **state)
{
	struct out *out = out_create_records();
	struct probe_table t = { 0 };

	fill(&t, out, 30, 20, 1000000000);
	assert_string_equal(t.sort, "total_ns");
	assert_string_equal(name_at(&t, 0), "b");
	probe_table_reverse(&t);
	assert_string_equal(name_at(&t, 0), "a");
	probe_table_sort_by(&t, 1); /* round to the first: text ascends */
	assert_string_equal(t.sort, "name");
	assert_string_equal(name_at(&t, 0), "a");
	probe_table_sort_by(&t, 1);
	assert_string_equal(t.sort, "count");
	assert_string_equal(name_at(&t, 0), "a");
	/* The choice outlives the snapshot. */
	fill(&t, out, 3, 20, 2000000000);
	assert_string_equal(name_at(&t, 0), "b");
	probe_table_deinit(&t);
	out_destroy(out);
}

static void test_rates(void **state)
{
	struct out *out = out_create_records();
	struct probe_table t = { 0 };

	fill(&t, out, 10, 20, 1000000000);
	fill(&t, out, 10, 30, 1500000000);
	assert_string_equal(name_at(&t, 0), "b");
	assert_int_equal(t.rows.data[0].rate, 20);
	assert_int_equal(t.rows.data[1].rate, 0);
	/* The probe began anew: its counts are smaller. */
	fill(&t, out, 5, 5, 500000000);
	assert_int_equal(t.rows.data[0].rate, 10);
	probe_table_deinit(&t);
	out_destroy(out);
}

static void test_types(void **state)
{
	struct out *out = out_create_records();
	struct probe_table t = { 0 };

	fill(&t, out, 10, 20, 1000000000);
	assert_true(probe_table_next_type(&t));
	fill(&t, out, 10, 20, 1000000000);
	assert_string_equal(t.type, "other");
	assert_int_equal(t.rows.len, 1);
	/* Its type is gone: the first one again. */
	out_records_clear(out);
	row(out, "row", "a", 1, 1);
	probe_table_fill(&t, out_records(out), 2000000000);
	assert_string_equal(t.type, "row");
	assert_false(probe_table_next_type(&t));
	out_records_clear(out);
	probe_table_fill(&t, out_records(out), 3000000000);
	assert_int_equal(t.rows.len, 0);
	probe_table_sort_by(&t, 1);
	probe_table_deinit(&t);
	out_destroy(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
