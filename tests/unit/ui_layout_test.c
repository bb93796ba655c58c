/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layout texts to rectangles, and what the tables of the screen promise each other. */
#include "tests/lib/test.h"

#include <stdbool.h>

#include "ui/actions.h"
#include "ui/layout.h"
#include "ui/panel.h"

/* Panes and rules cover every cell once, and nothing outside. */
static void check_cover(const struct layout_result *r, int h, int w)
{
	char *cells = xcalloc((size_t)h * (size_t)w, 1);

	for (unsigned i = 0; i < r->npanes; i++)
		for (int y = 0; y < r->pane[i].h; y++)
			for (int x = 0; x < r->pane[i].w; x++) {
				assert_in_range(r->pane[i].y + y, 0, h - 1);
				assert_in_range(r->pane[i].x + x, 0, w - 1);
				cells[(r->pane[i].y + y) * w + r->pane[i].x + x]++;
			}
	for (unsigned i = 0; i < r->nrules; i++)
		for (int y = 0; y < r->rule[i].h; y++)
			cells[(r->rule[i].y + y) * w + r->rule[i].x]++;
	for (int i = 0; i < h * w; i++)
		assert_int_equal(cells[i], 1);
	free(cells);
}

static bool is_panel(const char *name)
{
	for (unsigned i = 0; i < PANEL_COUNT; i++)
		if (!strcmp(panel_list[i]->name, name))
			return true;
	return false;
}

static void test_tree(void **state)
{
	struct layout_result r;

	assert_ok(layout_compute_tree("((code:2/output)|regs=24)", 21, 80, &r));
	assert_int_equal(r.npanes, 3);
	assert_int_equal(r.nrules, 1);
	assert_string_equal(r.pane[0].name, "code");
	assert_int_equal(r.pane[0].h, 14);
	assert_int_equal(r.pane[0].w, 55);
	assert_int_equal(r.pane[2].x, 56);
	assert_int_equal(r.pane[2].w, 24);
	assert_int_equal(r.pane[2].h, 21);
	check_cover(&r, 21, 80);
}

static void test_errors(void **state)
{
	struct layout_result r;
	char deep[200];

	assert_error(layout_compute_tree("", 20, 80, &r), ERROR_SYNTAX, "a panel's name");
	assert_error(layout_compute_tree("(a/b|c)", 20, 80, &r), ERROR_SYNTAX, "one kind of split");
	assert_error(layout_compute_tree("(a/b", 20, 80, &r), ERROR_SYNTAX, "')'");
	assert_error(layout_compute_tree("a:0", 20, 80, &r), ERROR_SYNTAX, "1 to 1000");
	assert_error(layout_compute_tree("a b", 20, 80, &r), ERROR_SYNTAX, "the end");
	assert_error(layout_compute_tree("(a|b)", 20, 15, &r), ERROR_FAILED, "does not fit");
	memset(deep, '(', sizeof(deep));
	deep[sizeof(deep) - 1] = 0;
	assert_error(layout_compute_tree(deep, 20, 80, &r), ERROR_SYNTAX, "too many");
}

/* Every variant is right at its smallest size and at larger ones, and names panels only. */
static void test_variants(void **state)
{
	for (unsigned i = 0; layout_at(i); i++) {
		for (unsigned v = 0; v < LAYOUT_VARIANTS_MAX && layout_at(i)->variants[v]; v++) {
			const char *variant = layout_at(i)->variants[v];
			int w, h, used;

			assert_int_equal(sscanf(variant, "%dx%d %n", &w, &h, &used), 2);
			for (int grow = 0; grow < 30; grow += 7) {
				struct layout_result r;

				assert_ok(layout_compute_tree(variant + used, h + grow, w + 2 * grow, &r));
				check_cover(&r, h + grow, w + 2 * grow);
				for (unsigned p = 0; p < r.npanes; p++)
					assert_true(is_panel(r.pane[p].name));
			}
		}
	}
}

static void test_find(void **state)
{
	const struct layout *layout;

	assert_ok(layout_find("mem", &layout));
	assert_string_equal(layout->name, "memory");
	assert_error(layout_find("nonsense", &layout), ERROR_NOT_FOUND, "step, memory");
}

/* Keys of every table are keys, and none means two things in one panel. */
static void test_actions(void **state)
{
	for (unsigned i = 0; i < PANEL_COUNT; i++) {
		const struct panel_ops *ops = panel_list[i];
		VEC(uint32_t) codes = {0};

		assert_non_null(ops->help);
		for (const char *p = ops->help; *p; p += strcspn(p, "\n") + 1) /* fits 80 columns in its frame */
			assert_in_range(strcspn(p, "\n"), 1, 76);
		for (const struct action *a = ops->actions; a && a->name; a++) {
			for (const char *p = a->keys; *p;) {
				size_t len = strcspn(p, " ");
				uint32_t code = keys_from_name(p, len);

				assert_int_not_equal(code, K_NONE);
				for (size_t j = 0; j < codes.len; j++)
					assert_int_not_equal(codes.data[j], code);
				vec_push(&codes, code);
				p += len + (p[len] == ' ');
			}
			assert_non_null(a->help);
		}
		vec_free(&codes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_variants),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_actions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
