/* SPDX-License-Identifier: GPL-3.0-or-later */
/* S13: what a guest left in the CPU's number is told from what the kernel put there. */
#include "tests/lib/test.h"

#include <sched.h>

#include "probes/percpu_check.h"

static void test_good(void **state)
{
	struct percpu_look look = { .cpu = 12, .raw = 12, .vdso_cpu = 12, .real_cpu = 12 };
	char why[64];

	assert_true(percpu_is_good(&look, why, sizeof(why)));
	assert_string_equal(why, "good");
}

static void test_bad(void **state)
{
	struct percpu_look look = { .cpu = 12, .raw = 0xdead, .vdso_cpu = 0xdead, .real_cpu = 12 };
	char why[64];

	assert_false(percpu_is_good(&look, why, sizeof(why)));
	assert_string_equal(why, "its CPU field says 57005");
	look = (struct percpu_look){ .cpu = 1, .vdso_cpu = 1, .vdso_node = 7, .real_cpu = 1 };
	assert_false(percpu_is_good(&look, why, sizeof(why)));
	assert_string_equal(why, "its node field says 7");
}

/* This machine's are good, on every CPU that we may use, and the caller stays where it was. */
static void test_here(void **state)
{
	struct percpu_look looks[CPU_SETSIZE];
	int cpus[CPU_SETSIZE];
	cpu_set_t before, after;
	unsigned n = 0, done;

	if (!percpu_register())
		skip();
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET((unsigned)cpu, &before))
			cpus[n++] = cpu;
	assert_ok(percpu_check(cpus, n, looks, &done));
	assert_int_equal(done, n);
	for (unsigned i = 0; i < done; i++)
		assert_true(percpu_is_good(&looks[i], NULL, 0));
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
	/* One that does not exist is left out. */
	cpus[0] = CPU_SETSIZE - 1;
	assert_ok(percpu_check(cpus, 1, looks, &done));
	assert_int_equal(done, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
