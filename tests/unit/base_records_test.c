/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records kept as values: what JSON would show, and no more than fits. */
#include "tests/lib/test.h"

#include "core/base/records.h"

static void test_values(void **state)
{
	struct out *out = out_create_records();
	const struct record_list *list;
	const struct record *r;

	out_text(out, ROLE_HEADING, "a heading");
	out_nl(out);
	out_begin(out, "row");
	out_dec(out, ROLE_NUMBER, "count", 12, 42);
	out_text(out, ROLE_TEXT, " times ");
	out_hidden_dec(out, "total_ns", UINT64_MAX);
	out_str(out, ROLE_SYMBOL, "name", 20, "a\x1b[31m");
	out_int(out, ROLE_NUMBER, "delta", 0, -3);
	out_end(out);
	list = out_records(out);
	assert_int_equal(list->len, 1);
	r = &list->data[0];
	assert_string_equal(r->type, "row");
	assert_int_equal(record_number(r, "count", 0), 42);
	assert_true(record_number(r, "total_ns", 0) == UINT64_MAX);
	assert_string_equal(record_text(r, "name"), "a\\e[31m");
	assert_false(record_value(r, "delta")->is_number);
	assert_int_equal(record_number(r, "delta", 7), 7);
	assert_null(record_value(r, "nothing"));
	assert_string_equal(record_text(r, "nothing"), "");
	out_records_clear(out);
	assert_int_equal(out_records(out)->len, 0);
	out_destroy(out);
}

static void test_lists(void **state)
{
	struct out *out = out_create_records();
	const struct record_list *list;

	out_begin(out, "row");
	out_list(out, "histogram");
	for (unsigned i = 0; i < 3; i++) {
		out_begin(out, "bucket");
		out_hidden_dec(out, "from", i);
		out_list(out, "inner");
		out_begin(out, "x");
		out_end(out);
		out_list_end(out);
		out_end(out);
	}
	out_list_end(out);
	out_dec(out, ROLE_NUMBER, "after", 0, 1);
	out_begin(out, "direct");	/* a record in a record */
	out_dec(out, ROLE_NUMBER, "v", 0, 9);
	out_end(out);
	out_end(out);
	out_message(out, ROLE_WARN, "a remark");
	list = out_records(out);
	assert_int_equal(list->len, 2);
	assert_string_equal(list->data[1].type, "message");
	assert_int_equal(record_number(&list->data[0], "after", 0), 1);
	assert_int_equal(record_children(&list->data[0], "histogram")->len, 3);
	assert_int_equal(record_children(&record_children(&list->data[0], "histogram")->data[2], "inner")->len, 1);
	assert_int_equal(record_number(&record_children(&list->data[0], "direct")->data[0], "v", 0), 9);
	assert_null(record_children(&list->data[0], "nothing"));
	out_destroy(out);
}

/* What goes beyond the bound is counted, and the rest stays well formed. */
static void test_bound(void **state)
{
	struct out *out = out_create_records();

	for (unsigned i = 0; i < RECORDS_MAX + 10; i++) {
		out_begin(out, "row");
		out_dec(out, ROLE_NUMBER, "n", 0, i);
		out_begin(out, "sub");
		out_end(out);
		out_end(out);
	}
	assert_int_equal(out_records(out)->len, RECORDS_MAX / 2);
	assert_int_equal(out_records(out)->dropped, RECORDS_MAX / 2 + 10);
	assert_int_equal(record_number(&out_records(out)->data[RECORDS_MAX / 2 - 1], "n", 0), RECORDS_MAX / 2 - 1);
	out_destroy(out);
}

/* A command that fails half way leaves a record open. */
static void test_unfinished(void **state)
{
	struct out *out = out_create_records();

	out_begin(out, "row");
	out_list(out, "list");
	out_begin(out, "x");
	out_destroy(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_unfinished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
