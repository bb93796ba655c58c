/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/test.h"

#include <errno.h>

static void test_sentence(void **state)
{
	struct error *error = error_create(ERROR_NOT_FOUND, "no symbol '%s'", "mian");

	assert_string_equal(error_message(error), "no symbol 'mian'");
	assert_int_equal(error_code(error), ERROR_NOT_FOUND);
	assert_null(error_hint_text(error));
	assert_int_equal(error_errno_value(error), 0);
	error = error_hint(error, "did you mean '%s'?", "min");
	error = error_hint(error, "did you mean '%s'?", "main");
	assert_string_equal(error_hint_text(error), "did you mean 'main'?");
	error = error_prefix(error, "breakpoint %d", 3);
	error = error_prefix(error, "script.cmd:%d", 7);
	assert_string_equal(error_message(error), "script.cmd:7: breakpoint 3: no symbol 'mian'");
	assert_int_equal(error_code(error), ERROR_NOT_FOUND);
	error_destroy(error);
}

static void test_errno(void **state)
{
	struct error *error = error_errno(ENOENT, "can not open '%s'", "x.elf");

	assert_string_equal(error_message(error), "can not open 'x.elf': No such file or directory");
	assert_int_equal(error_code(error), ERROR_FAILED);
	assert_int_equal(error_errno_value(error), ENOENT);
	error_destroy(error);

	error = error_errno(ENOMEM, "can not map");
	assert_int_equal(error_code(error), ERROR_NOMEM);
	error_destroy(error);
}

static void test_exit_status(void **state)
{
	static const struct { enum error_code code; int status; } rows[] = {
		{ ERROR_FAILED, 1 }, { ERROR_USAGE, 2 }, { ERROR_UNSUPPORTED, 3 }, { ERROR_NOMEM, 1 },
		{ ERROR_FAULT, 1 }, { ERROR_SYNTAX, 1 }, { ERROR_NOT_FOUND, 1 }, { ERROR_STATE, 1 },
		{ ERROR_CANCELLED, 1 },
	};

	assert_int_equal(error_exit_status(NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error *error = error_create(rows[i].code, "x");

		assert_int_equal(error_exit_status(error), rows[i].status);
		error_destroy(error);
	}
}

static void test_catch(void **state)
{
	struct error *error = error_create(ERROR_FAULT, "x");

	assert_false(error_catch(&error, ERROR_STATE));
	assert_non_null(error);
	assert_true(error_catch(&error, ERROR_FAULT));
	assert_null(error);
	assert_false(error_catch(&error, ERROR_FAULT));
	error_destroy(NULL);
	assert_null(error_prefix(NULL, "x"));
	assert_null(error_hint(NULL, "x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentence),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_exit_status),
		cmocka_unit_test(test_catch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
