/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log-linear histogram: buckets without gaps, every value in its own, quantiles within a bucket. */
#include "tests/lib/test.h"

#include "probes/hist_read.h"

static void put(struct hist *h, uint64_t v)
{
	if (!h->count || v < h->min)
		h->min = v;
	if (v > h->max)
		h->max = v;
	h->count++;
	h->total += v;
	h->bucket[hist_index(v)]++;
}

static void test_buckets_are_dense(void **state)
{
	assert_int_equal(hist_low(0), 0);
	for (uint32_t i = 0; i + 1 < HIST_BUCKETS; i++) {
		assert_int_equal(hist_high(i) + 1, hist_low(i + 1));
		assert_int_equal(hist_index(hist_low(i)), i);
		assert_int_equal(hist_index(hist_high(i)), i);
	}
	assert_true(hist_high(HIST_BUCKETS - 1) == UINT64_MAX);
	assert_int_equal(hist_index(UINT64_MAX), HIST_BUCKETS - 1);
	assert_int_equal(hist_index(1ull << HIST_EXP_MAX), HIST_BUCKETS - 1);
}

static void test_error_is_bounded(void **state)
{
	for (uint64_t v = HIST_SUB; v < 1u << 20; v = v * 5 / 4 + 1) {
		uint32_t i = hist_index(v);

		assert_true(hist_low(i) <= v && v <= hist_high(i));
		assert_true((hist_high(i) - hist_low(i)) * HIST_SUB <= v);
	}
}

static void test_log2(void **state)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		assert_int_equal(hist_log2(1ull << bit), bit);
		assert_int_equal(hist_log2((1ull << bit) | ((1ull << bit) - 1)), bit);
	}
}

static void test_quantiles(void **state)
{
	struct hist h = { 0 }, sum = { 0 };

	assert_int_equal(hist_quantile(&h, 500), 0);
	put(&h, 777);
	/* One value is every quantile of itself. */
	assert_int_equal(hist_quantile(&h, 1), 777);
	assert_int_equal(hist_quantile(&h, 990), 777);
	h = (struct hist){ 0 };
	for (unsigned i = 1; i <= 1000; i++)
		put(&h, i * 100);
	assert_in_range(hist_quantile(&h, 500), 37500, 62500);
	assert_in_range(hist_quantile(&h, 990), 74250, 100000);
	assert_int_equal(hist_quantile(&h, 1000) <= h.max, 1);
	hist_add(&sum, &h);
	h = (struct hist){ 0 };
	put(&h, 7);
	hist_add(&sum, &h);
	assert_int_equal(sum.count, 1001);
	assert_int_equal(sum.min, 7);
	assert_int_equal(sum.max, 100000);
	hist_add(&sum, &(struct hist){ 0 });
	assert_int_equal(sum.min, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets_are_dense),
		cmocka_unit_test(test_error_is_bounded),
		cmocka_unit_test(test_log2),
		cmocka_unit_test(test_quantiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
