/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/test.h"

#include "core/base/bits.h"
#include "core/base/text.h"

static void test_builder(void **state)
{
	struct text t = { 0 };

	assert_string_equal(text_str(&t), "");
	text_add(&t, "", 0);
	assert_string_equal(t.data, "");
	for (unsigned i = 0; i < 1000; i++)
		text_printf(&t, "%u,", i);
	assert_int_equal(t.len, 10 * 2 + 90 * 3 + 900 * 4);
	assert_int_equal(strlen(t.data), t.len);
	assert_memory_equal(t.data + t.len - 8, "998,999,", 8);
	text_clear(&t);
	assert_string_equal(text_str(&t), "");
	text_printf(&t, "%0500d", 7);
	assert_int_equal(t.len, 500);
	_free_ char *s = text_take(&t);

	assert_int_equal(strlen(s), 500);
	assert_null(t.data);
	_free_ char *empty = text_take(&t);

	assert_string_equal(empty, "");
	text_deinit(&t);
}

static void test_numbers(void **state)
{
	static const struct { const char *s; uint64_t v; } good[] = {
		{ "0", 0 }, { "42", 42 }, { "0x2A", 42 }, { "0b101010", 42 }, { "052", 42 },
		{ "-1", ~0ULL }, { "18446744073709551615", ~0ULL }, { "0xffffffffffffffff", ~0ULL },
		{ "-9223372036854775808", 1ULL << 63 }, { "-0x10", -16ULL },
	};
	static const char *const bad[] = {
		"", "-", "x", "0x", "0b", "0b2", "08", "1 ", " 1", "1K", "--1", "+1", "0x-1", "1.5",
	};
	uint64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_ok(parse_u64(good[i].s, &v));
		assert_true(v == good[i].v);
	}
	v = 77;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_error(parse_u64(bad[i], &v), ERROR_SYNTAX, "is not a number");
	assert_error(parse_u64("18446744073709551616", &v), ERROR_SYNTAX, "does not fit");
	assert_error(parse_u64("0x10000000000000000", &v), ERROR_SYNTAX, "does not fit");
	assert_error(parse_u64("-9223372036854775809", &v), ERROR_SYNTAX, "does not fit");
	assert_true(v == 77);
}

static void test_sizes(void **state)
{
	static const struct { const char *s; uint64_t v; } good[] = {
		{ "0", 0 }, { "4096", 4096 }, { "0x1000", 4096 }, { "4K", 4096 }, { "4k", 4096 },
		{ "512M", 512ULL << 20 }, { "512MiB", 512ULL << 20 }, { "3G", 3ULL << 30 },
		{ "1T", 1ULL << 40 }, { "0x10K", 16384 }, { "16777215T", 16777215ULL << 40 },
	};
	static const char *const bad[] = { "", "K", "1.5G", "1X", "1KB", "1Ki", "1K ", "-1", "1KK", "1\x0b" };
	uint64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_ok(parse_size(good[i].s, &v));
		assert_true(v == good[i].v);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_error(parse_size(bad[i], &v), ERROR_SYNTAX, "is not a size");
	assert_error(parse_size("16777216T", &v), ERROR_SYNTAX, "does not fit");
}

static void test_times(void **state)
{
	static const struct { const char *s; uint64_t v; } good[] = {
		{ "250", 250 }, { "250ns", 250 }, { "3us", 3000 }, { "10ms", 10000000 },
		{ "2s", 2000000000 },
	};
	static const char *const bad[] = { "", "s", "1m", "1.5s", "10 ms", "-1s", "1sec" };
	uint64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_ok(parse_time_ns(good[i].s, &v));
		assert_true(v == good[i].v);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_error(parse_time_ns(bad[i], &v), ERROR_SYNTAX, "is not a time");
	assert_error(parse_time_ns("18446744074s", &v), ERROR_SYNTAX, "does not fit");
}

static void test_format(void **state)
{
	static const struct { uint64_t ns; const char *s; } times[] = {
		{ 0, "0 ns" }, { 34, "34 ns" }, { 999, "999 ns" }, { 1000, "1.0 us" },
		{ 1234, "1.2 us" }, { 999949, "999.9 us" }, { 999950, "1.0 ms" },
		{ 999949999, "999.9 ms" }, { 999950000, "1.00 s" }, { 5000000000, "5.00 s" },
	};
	static const struct { uint64_t v; const char *s; } sizes[] = {
		{ 0, "0 B" }, { 1023, "1023 B" }, { 4096, "4 KiB" }, { 1536, "1.5 KiB" },
		{ 512ULL << 20, "512 MiB" }, { 3ULL << 29, "1.5 GiB" }, { 1ULL << 63, "8 EiB" },
	};
	char buf[32];

	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		assert_string_equal(format_time_ns(buf, sizeof(buf), times[i].ns), times[i].s);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		assert_string_equal(format_size(buf, sizeof(buf), sizes[i].v), sizes[i].s);
	assert_string_equal(format_size(buf, 4, 512ULL << 20), "512");
}

static void test_glob(void **state)
{
	static const struct { const char *pattern, *s; bool match; } rows[] = {
		{ "", "", true }, { "", "a", false }, { "*", "", true }, { "**", "abc", true },
		{ "a*c", "abbc", true }, { "a*c", "abbd", false }, { "?", "", false }, { "?b", "ab", true },
		{ "kvm_*_exit*", "kvm_vcpu_exit_x", true }, { "*ab", "aaab", true }, { "a", "ab", false },
		{ "*a*b*c", "xaxbxbxc", true }, { "abc", "abc", true }, { "abcd", "abc", false },
	};
	char many[4001];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(glob_match(rows[i].pattern, rows[i].s), rows[i].match);
	/* Exponential matchers never come back from this one. */
	memset(many, 'a', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	assert_false(glob_match("a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", many));
}

static void test_sanitize(void **state)
{
	char buf[8];

	text_sanitize(buf, sizeof(buf), "a\033\0\x7f\xff~", 6);
	assert_string_equal(buf, "a....~");
	text_sanitize(buf, sizeof(buf), "0123456789", 10);
	assert_string_equal(buf, "0123456");
	text_sanitize(buf, 1, "x", 1);
	assert_string_equal(buf, "");
	buf[0] = 'k';
	text_sanitize(buf, 0, "x", 1);
	assert_int_equal(buf[0], 'k');
}

static void test_bits(void **state)
{
	uint8_t b[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	assert_true(MASK(63, 0) == ~0ULL);
	assert_true(MASK(12, 12) == 0x1000);
	assert_true(FIELD(0xabcdef, 15, 8) == 0xcd);
	assert_true(align_up(4097, 4096) == 8192 && align_down(4097, 4096) == 4096);
	assert_true(sign_extend(0x80, 8) == -128 && sign_extend(0x7f, 8) == 127);
	assert_true(sign_extend(~0ULL, 64) == -1);
	assert_true(bytes_read(b, 1, false) == 1);
	assert_true(bytes_read(b, 2, false) == 0x0201 && bytes_read(b, 2, true) == 0x0102);
	assert_true(bytes_read(b, 8, false) == 0x0807060504030201 && be64_read(b) == 0x0102030405060708);
	assert_true(bytes_read(b + 1, 3, true) == 0x020304);
	assert_true(bytes_read(b, 0, false) == 0);
	bytes_write(b, 4, true, 0xaabbccdd);
	assert_true(be32_read(b) == 0xaabbccdd && b[4] == 5);
	bytes_write(b + 3, 2, false, 0x1122);
	assert_true(le16_read(b + 3) == 0x1122 && b[5] == 6);

	uint8_t wide[10];

	bytes_write(wide, 10, false, 0x1234);
	assert_true(bytes_read(wide, 10, false) == 0x1234 && wide[9] == 0);
	bytes_write(wide, 10, true, 0x1234);
	assert_true(bytes_read(wide, 10, true) == 0x1234 && wide[0] == 0 && wide[9] == 0x34);
}

static void test_vec(void **state)
{
	VEC(int) v = { 0 };

	for (int i = 0; i < 100; i++)
		vec_push(&v, i);
	vec_remove(&v, 0);
	vec_remove(&v, 98);
	assert_int_equal(v.len, 98);
	assert_int_equal(v.data[0], 1);
	assert_int_equal(v.data[97], 98);
	vec_free(&v);
	assert_null(v.data);
	_free_ char *s = xasprintf("%d-%s", 5, "x");
	_free_ char *n = xstrndup("abcdef", 3);
	_free_ char *all = xstrndup("ab", 30);

	assert_string_equal(s, "5-x");
	assert_string_equal(n, "abc");
	assert_string_equal(all, "ab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builder),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_glob),
		cmocka_unit_test(test_sanitize),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_vec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
