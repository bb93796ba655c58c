/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes to keys and back to names. */
#include "tests/lib/test.h"

#include "ui/keys.h"

/* Decodes @bytes, flushing at the end, into "Up a C-c ". */
static char *decode(const char *bytes, size_t len, size_t piece)
{
	char *text = xstrdup("");
	struct key_decoder dec;
	struct key key;

	keys_init(&dec, NULL);
	while (len) {
		const unsigned char *p = (const unsigned char *)bytes;
		size_t n = piece < len ? piece : len;

		bytes += n;
		len -= n;
		while (keys_decode(&dec, &p, &n, false, &key)) {
			char name[32], *more = xasprintf("%s%s ", text, key.code == K_OTHER ? "?" :
							 keys_name(key.code, name, sizeof(name)));

			free(text);
			text = more;
		}
	}
	while (keys_pending(&dec)) {
		const unsigned char *p = NULL;
		size_t n = 0;
		char name[32], *more;

		assert_true(keys_decode(&dec, &p, &n, true, &key));
		more = xasprintf("%s%s ", text, key.code == K_OTHER ? "?" : keys_name(key.code, name, sizeof(name)));
		free(text);
		text = more;
	}
	keys_deinit(&dec);
	return text;
}

/* However the bytes arrive, the keys are the same. */
static void check(const char *bytes, const char *expected)
{
	for (size_t piece = 1; piece <= strlen(bytes); piece++) {
		char *text = decode(bytes, strlen(bytes), piece);

		assert_string_equal(text, expected);
		free(text);
	}
}

static void test_plain(void **state)
{
	check("aZ 1", "a Z Space 1 ");
	check("\r\t\177\001\003", "Enter Tab Backspace C-a C-c ");
	check("\xc3\xa9\xe6\xbc\xa2", "\xc3\xa9 \xe6\xbc\xa2 ");
}

static void test_sequences(void **state)
{
	check("\033[A\033OA\033[H\033[5~\033[15~\033OP\033[Z", "Up Up Home PgUp F5 F1 S-Tab ");
	check("\033[23~x", "F11 x ");
	/* What nobody knows is one key, so that its tail is not typed. */
	check("\033[1;5Cx", "? x ");
	check("\033[200~x", "? x ");
}

static void test_escape(void **state)
{
	check("\033", "Esc ");
	check("\033\033", "Esc Esc ");
	check("\033f", "M-f ");
	check("\033\033[A", "Esc Up ");
	check("\033\xc3\xa9", "M-\xc3\xa9 ");
}

static void test_hostile(void **state)
{
	char bytes[200];
	unsigned seed = 7;
	char *text;

	/* Bytes that are no text, and a sequence without an end, end somewhere. */
	text = decode("\xff\xfe" "a", 3, 3);
	assert_string_equal(text, "? ? a ");
	free(text);
	memset(bytes, ';', sizeof(bytes));
	memcpy(bytes, "\033[", 2);
	free(decode(bytes, sizeof(bytes), 7));
	for (int round = 0; round < 500; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 1103515245u + 12345u;
			bytes[i] = seed >> 20 & 1 ? (char)(seed >> 16) : "\033[O;~A1"[seed >> 17 & 7];
		}
		free(decode(bytes, sizeof(bytes), 1 + round % 40));
	}
}

static void test_names(void **state)
{
	static const char *const names[] = { "F12", "PgDn", "C-l", "M-x", "Space", "Enter", "Esc", "S-Tab", "/", "?",
					     "\\", "Del" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char buf[32];
		uint32_t code = keys_from_name(names[i], strlen(names[i]));

		assert_int_not_equal(code, K_NONE);
		assert_string_equal(keys_name(code, buf, sizeof(buf)), names[i]);
	}
	assert_int_equal(keys_from_name("nonsense", 8), K_NONE);
	assert_true(keys_in_list(K_F5, "c F5"));
	assert_true(keys_in_list('c', "c F5"));
	assert_false(keys_in_list('F', "c F5"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
