/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Orders of calls: good ones are silent, each broken rule is told at the step that broke it. */
#include "tests/lib/test.h"

#include "probes/lifecycle_check.h"

#define CALL(k, o, t) { .time_ns = 1, .kind = k, .object = o, .token = { t }, .tid = 7 }
#define RET(k, o, t, r) { .time_ns = 1, .kind = k, .object = o, .token = { t }, .tid = 7, .is_exit = 1, .result = r }

#define assert_rule(steps, expected, where) do { \
	struct life_findings f; \
	life_check(steps, ARRAY_SIZE(steps), &f); \
	assert_int_equal(f.len, 1); \
	assert_string_equal(f.data[0].rule, expected); \
	assert_int_equal(f.data[0].step, where); \
	assert_true(strlen(f.data[0].text) > 10); \
	life_findings_deinit(&f); \
} while (0)

#define assert_silent(steps) do { \
	struct life_findings f; \
	life_check(steps, ARRAY_SIZE(steps), &f); \
	assert_int_equal(f.len, 0); \
	life_findings_deinit(&f); \
} while (0)

static void test_mdev(void **state)
{
	const struct life_step good[] = {
		CALL(LIFE_MDEV_CREATE, 1, 9), CALL(LIFE_DEVICE_ADD, 2, 0), RET(LIFE_DEVICE_ADD, 2, 0, 0),
		RET(LIFE_MDEV_CREATE, 1, 9, 0), CALL(LIFE_MDEV_CREATE, 1, 9), RET(LIFE_MDEV_CREATE, 1, 9, -17),
		CALL(LIFE_MDEV_REMOVE, 2, 9), CALL(LIFE_DEVICE_DEL, 2, 0), RET(LIFE_DEVICE_DEL, 2, 0, 0),
		RET(LIFE_MDEV_REMOVE, 2, 9, 0),
	};
	const struct life_step twice[] = {
		CALL(LIFE_MDEV_CREATE, 1, 9), CALL(LIFE_DEVICE_ADD, 2, 0), RET(LIFE_MDEV_CREATE, 1, 9, 0),
		CALL(LIFE_MDEV_CREATE, 1, 9), RET(LIFE_MDEV_CREATE, 1, 9, 0),
	};
	const struct life_step no_undo[] = {
		CALL(LIFE_MDEV_CREATE, 1, 9), CALL(LIFE_DEVICE_ADD, 2, 0), RET(LIFE_MDEV_CREATE, 1, 9, -12),
	};
	const struct life_step on_the_bus[] = { CALL(LIFE_MDEV_REMOVE, 2, 9), RET(LIFE_MDEV_REMOVE, 2, 9, 0) };
	const struct life_step readded[] = {
		CALL(LIFE_MDEV_REMOVE, 2, 9), CALL(LIFE_DEVICE_DEL, 2, 0), CALL(LIFE_DEVICE_ADD, 2, 0),
		RET(LIFE_MDEV_REMOVE, 2, 9, 0),
	};
	const struct life_step removed_twice[] = {
		CALL(LIFE_MDEV_REMOVE, 2, 9), CALL(LIFE_DEVICE_DEL, 2, 0), RET(LIFE_MDEV_REMOVE, 2, 9, 0),
		CALL(LIFE_MDEV_REMOVE, 2, 9), CALL(LIFE_DEVICE_DEL, 2, 0), RET(LIFE_MDEV_REMOVE, 2, 9, 0),
	};

	assert_silent(good);
	assert_rule(twice, "M05", 4);
	assert_rule(no_undo, "M03", 2);
	assert_rule(on_the_bus, "M02", 1);
	assert_rule(readded, "M07", 2);
	assert_rule(removed_twice, "M03", 3);
}

static void test_vfio(void **state)
{
	const struct life_step good[] = {
		CALL(LIFE_VFIO_REGISTER, 1, 0), RET(LIFE_VFIO_REGISTER, 1, 0, 0), RET(LIFE_VFIO_OPEN, 1, 0, 0),
		CALL(LIFE_VFIO_UNREGISTER, 1, 0), RET(LIFE_VFIO_CLOSE, 1, 0, 0), RET(LIFE_VFIO_UNREGISTER, 1, 0, 0),
	};
	const struct life_step freed_early[] = {
		RET(LIFE_VFIO_OPEN, 1, 0, 0), CALL(LIFE_VFIO_UNREGISTER, 1, 0), RET(LIFE_VFIO_UNREGISTER, 1, 0, 0),
	};
	const struct life_step gone[] = {
		CALL(LIFE_VFIO_UNREGISTER, 1, 0), RET(LIFE_VFIO_UNREGISTER, 1, 0, 0), CALL(LIFE_VFIO_OPEN, 1, 0),
	};

	assert_silent(good);
	assert_rule(freed_early, "M06", 2);
	assert_rule(gone, "M01", 2);
}

static void test_bypass(void **state)
{
	const struct life_step good[] = {
		CALL(LIFE_CONSUMER_REGISTER, 1, 5), RET(LIFE_CONSUMER_REGISTER, 1, 5, 0),
		CALL(LIFE_PRODUCER_REGISTER, 2, 5), CALL(LIFE_BYPASS_STOP, 1, 0), RET(LIFE_BYPASS_STOP, 1, 0, 0),
		CALL(LIFE_BYPASS_ADD, 1, 2), RET(LIFE_BYPASS_ADD, 1, 2, 0), CALL(LIFE_BYPASS_START, 1, 0),
		RET(LIFE_PRODUCER_REGISTER, 2, 5, 0), CALL(LIFE_BYPASS_DEL, 1, 2), RET(LIFE_BYPASS_DEL, 1, 2, 0),
		RET(LIFE_CONSUMER_UNREGISTER, 1, 5, 0), RET(LIFE_PRODUCER_UNREGISTER, 2, 5, 0),
		RET(LIFE_CONSUMER_REGISTER, 3, 5, 0),
	};
	const struct life_step two[] = { RET(LIFE_CONSUMER_REGISTER, 1, 5, 0), RET(LIFE_CONSUMER_REGISTER, 3, 5, 0) };
	const struct life_step busy[] = { RET(LIFE_CONSUMER_REGISTER, 1, 5, 0), RET(LIFE_CONSUMER_REGISTER, 3, 5, -16) };
	const struct life_step no_token[] = { RET(LIFE_PRODUCER_REGISTER, 1, 0, 0) };
	const struct life_step kept[] = {
		RET(LIFE_CONSUMER_REGISTER, 1, 5, 0), RET(LIFE_BYPASS_ADD, 1, 2, 0), RET(LIFE_CONSUMER_UNREGISTER, 1, 5, 0),
	};
	const struct life_step stopped[] = {
		RET(LIFE_CONSUMER_REGISTER, 1, 5, 0), CALL(LIFE_BYPASS_STOP, 1, 0), RET(LIFE_CONSUMER_UNREGISTER, 1, 5, 0),
	};

	assert_silent(good);
	assert_silent(busy);
	assert_rule(two, "I03", 1);
	assert_rule(no_token, "I03", 0);
	assert_rule(kept, "I04", 2);
	assert_rule(stopped, "I01", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mdev),
		cmocka_unit_test(test_vfio),
		cmocka_unit_test(test_bypass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
