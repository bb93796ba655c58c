/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names by address from a list in kallsyms' format, whatever it holds. */
#include "tests/lib/test.h"

#include "probes/ksyms.h"

static struct ksyms *from(const char *text)
{
	char path[] = "/tmp/vmscope-ksyms-XXXXXX";
	int fd = mkstemp(path);
	struct ksyms *k;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	k = ksyms_create(path);
	unlink(path);
	return k;
}

static void assert_name(const struct ksyms *k, uint64_t addr, const char *expected)
{
	char buf[64];

	assert_string_equal(ksyms_format(k, addr, buf, sizeof(buf)), expected);
}

static void test_find(void **state)
{
	struct ksyms *k = from("ffffffff81000200 T second\n"
			       "ffffffff81000100 t first\n"
			       "ffffffff81000100 t alias_of_first\n"
			       "ffffffff81000180 d data_is_no_function\n"
			       "ffffffffc0000000 t in_module\t[kvm]\n");

	assert_name(k, 0xffffffff81000100, "first");
	assert_name(k, 0xffffffff810001ff, "first+0xff");
	assert_name(k, 0xffffffff81000200, "second");
	assert_name(k, 0xffffffffc0000010, "in_module+0x10");
	assert_name(k, 0xffffffff810000ff, "0xffffffff810000ff");
	assert_name(k, 0xffffffff91000000, "0xffffffff91000000");
	ksyms_destroy(k);
}

static void test_hidden_and_broken(void **state)
{
	struct ksyms *k = from("0000000000000000 T hidden\n\n\nzzz\nffffffff81000100\nffffffff81000100 T\n"
			       "ffffffff81000100 T \n");

	assert_name(k, 0xffffffff81000100, "0xffffffff81000100");
	assert_name(k, 0, "0x0");
	ksyms_destroy(k);
	k = ksyms_create("/nonexistent");
	assert_name(k, 1, "0x1");
	ksyms_destroy(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_hidden_and_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
