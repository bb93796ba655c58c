/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest's console bytes to lines: only text comes out. */
#include "tests/lib/test.h"

#include "core/base/text.h"
#include "core/base/visible.h"
#include "ui/conline.h"

static void add_line(void *ctx, const char *text, size_t len)
{
	text_add(ctx, text, len);
	text_puts(ctx, "|");
}

/* Lines end in '|', what is left behind the last one. */
static char *feed(const char *bytes, size_t len, size_t piece)
{
	struct conline c = {0};
	struct text t = {0};
	char rest[CONLINE_CELLS * 4 + 8];

	while (len) {
		size_t n = piece < len ? piece : len;

		conline_feed(&c, bytes, n, add_line, &t);
		bytes += n;
		len -= n;
	}
	conline_text(&c, rest, sizeof(rest));
	text_puts(&t, rest);
	return text_take(&t);
}

static void check(const char *bytes, const char *expected)
{
	for (size_t piece = 1; piece <= strlen(bytes); piece++) {
		char *text = feed(bytes, strlen(bytes), piece);

		assert_string_equal(text, expected);
		free(text);
	}
}

static void test_lines(void **state)
{
	check("one\r\ntwo\n", "one|two|");
	check("loading 1%\rloading 2%\r\n", "loading 2%|");
	check("abc\b\bX", "aXc");
	check("a\tb", "a       b");
	check("caf\xc3\xa9 \xe6\xbc\xa2", "caf\xc3\xa9 \xe6\xbc\xa2");
}

static void test_sequences(void **state)
{
	check("\033[31mred\033[0m\n", "red|");
	check("\033]0;title\007text", "text");
	check("\033]0;title\033\\text", "text");
	check("\033Pdata\033\\x", "x");
	check("\033(Bx\033=y\033[?1049hz", "xyz");
	/* One that never ends does not swallow what comes later. */
	check("\033]0;never\nnext\n", "|next|");
}

static void test_hostile(void **state)
{
	char bytes[4096];
	unsigned seed = 3;

	check("\xff\xc3(\xe6\xbc", "\xef\xbf\xbd\xef\xbf\xbd(");
	check("\xc2\x9b" "31m", "\xef\xbf\xbd" "31m"); /* C1 CSI in UTF-8 */
	for (int round = 0; round < 200; round++) {
		char *text;

		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 1103515245u + 12345u;
			bytes[i] = (char)(seed >> 16);
		}
		text = feed(bytes, sizeof(bytes), 1 + (size_t)round);
		for (size_t i = 0; text[i];) {
			uint32_t cp;
			unsigned n = utf8_decode(text + i, strlen(text + i), &cp);

			assert_int_not_equal(n, 0);
			assert_true(cp >= 0x20 && cp != 0x7f && !(cp >= 0x80 && cp < 0xa0));
			i += n;
		}
		free(text);
	}
	/* A line without an end is broken, not grown. */
	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < 3; i++) {
		char *text = feed(bytes, sizeof(bytes), 1000);

		assert_true(strcspn(text, "|") < CONLINE_CELLS);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
