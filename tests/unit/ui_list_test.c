/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list widget's positions: follow, freeze, search, rows that disappear. No terminal. */
#include "tests/lib/test.h"

#include "ui/list.h"
#include "ui/scrollback.h"

#define HEIGHT 5

struct fixture {
	struct scrollback sb;
	struct list list;
};

static void add(struct fixture *f, unsigned from, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char text[32];

		snprintf(text, sizeof(text), "line %u", from + i);
		scrollback_puts(&f->sb, ROLE_TEXT, text);
	}
}

/* What list_draw() would settle on, with an area that has no rows to paint. */
static void settle(struct fixture *f)
{
	struct area none = { .h = 0, .w = 20 };

	list_draw(&f->list, &none, true);
	f->list.height = HEIGHT;
	list_move(&f->list, MOVE_LEFT);
}

static void setup(struct fixture *f, bool has_cursor, bool tail)
{
	scrollback_init(&f->sb, 20);
	list_init(&f->list, &scrollback_model, &f->sb, has_cursor, tail);
	f->list.height = HEIGHT;
	f->list.width = 20;
}

static void test_ring(void **state)
{
	struct fixture f;

	setup(&f, false, true);
	add(&f, 0, 50);
	assert_int_equal(f.sb.first, 30);
	assert_int_equal(f.sb.end, 50);
	assert_null(scrollback_model.line(&f.sb, 29));
	assert_string_equal(scrollback_model.line(&f.sb, 30)->text, "line 30");
	scrollback_clear(&f.sb);
	assert_int_equal(f.sb.first, 50);
	scrollback_deinit(&f.sb);
}

static void test_follow(void **state)
{
	struct fixture f;

	setup(&f, false, true);
	add(&f, 0, 10);
	list_move(&f.list, MOVE_DOWN);
	assert_true(f.list.follow);
	assert_int_equal(f.list.top, 5);
	list_move(&f.list, MOVE_UP);
	assert_false(f.list.follow);
	assert_int_equal(f.list.top, 4);
	/* Rows that arrive do not move it; they are counted. */
	f.list.bottom = 9;
	add(&f, 10, 3);
	assert_int_equal(list_new_rows(&f.list), 4);
	list_move(&f.list, MOVE_END);
	assert_true(f.list.follow);
	assert_int_equal(f.list.top, 8);
	scrollback_deinit(&f.sb);
}

/* What is looked at falls out of the ring: the view goes to the oldest that is left. */
static void test_gone(void **state)
{
	struct fixture f;

	setup(&f, true, true);
	add(&f, 0, 10);
	list_move(&f.list, MOVE_HOME);
	assert_int_equal(f.list.cursor, 0);
	add(&f, 10, 40);
	list_move(&f.list, MOVE_DOWN);
	assert_in_range(f.list.cursor, 30, 31);
	list_move(&f.list, MOVE_PAGE_UP);
	assert_int_equal(f.list.cursor, 30);
	scrollback_clear(&f.sb);
	list_move(&f.list, MOVE_DOWN);
	list_move(&f.list, MOVE_PAGE_UP);
	list_move(&f.list, MOVE_END);
	assert_int_equal(f.list.cursor, 50);
	scrollback_deinit(&f.sb);
}

static void test_freeze(void **state)
{
	struct fixture f;
	char buf[64];

	setup(&f, false, true);
	add(&f, 0, 10);
	list_freeze(&f.list, true);
	assert_string_equal(list_state(&f.list, buf, sizeof(buf)), "FROZEN");
	add(&f, 10, 3);
	assert_string_equal(list_state(&f.list, buf, sizeof(buf)), "FROZEN, 3 new");
	list_move(&f.list, MOVE_END);
	assert_int_equal(f.list.top, 5);
	list_freeze(&f.list, false);
	assert_true(f.list.follow);
	scrollback_deinit(&f.sb);
}

static void test_search(void **state)
{
	struct fixture f;

	setup(&f, true, false);
	add(&f, 0, 20);
	assert_true(list_search(&f.list, "LINE 1", false));
	assert_int_equal(f.list.cursor, 1);
	assert_true(list_search(&f.list, NULL, false));
	assert_int_equal(f.list.cursor, 10);
	assert_true(list_search(&f.list, NULL, true));
	assert_int_equal(f.list.cursor, 1);
	assert_true(list_search(&f.list, NULL, true)); /* around the start */
	assert_int_equal(f.list.cursor, 19);
	assert_false(list_search(&f.list, "nowhere", false));
	assert_true(list_search(&f.list, "", false));
	scrollback_deinit(&f.sb);
}

static void test_empty(void **state)
{
	struct fixture f;

	setup(&f, true, true);
	settle(&f);
	for (enum move move = MOVE_UP; move <= MOVE_RIGHT; move++)
		list_move(&f.list, move);
	assert_int_equal(f.list.cursor, 0);
	assert_false(list_search(&f.list, "x", false));
	list_freeze(&f.list, true);
	scrollback_deinit(&f.sb);
}

static void test_wrap(void **state)
{
	struct fixture f;

	setup(&f, false, true);
	f.list.wrap = true;
	f.list.width = 10;
	add(&f, 0, 3);
	scrollback_puts(&f.sb, ROLE_TEXT, "a line of thirty-one characters"); /* four rows of ten */
	list_move(&f.list, MOVE_DOWN);
	assert_int_equal(f.list.top, 2);
	scrollback_deinit(&f.sb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_freeze),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
