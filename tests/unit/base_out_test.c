/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/test.h"

#include <json-c/json.h>

#include "core/base/text.h"
#include "core/base/visible.h"

/* A record with every kind of value, a list, and text between. */
static void print_all(struct out *out)
{
	out_begin(out, "breakpoint");
	out_dec(out, ROLE_NUMBER, "id", 4, 12);
	out_text(out, ROLE_TEXT, " at ");
	out_hex(out, ROLE_ADDR, "addr", 16, 0xffffffff81000000);
	out_pad(out, 30);
	out_str(out, ROLE_SYMBOL, "symbol", 8, "main");
	out_str(out, ROLE_SYMBOL, "file", -8, "a.c");
	out_text(out, ROLE_TEXT, " ");
	out_bool(out, ROLE_GOOD, "enabled", "yes", "no", true);
	out_strf(out, ROLE_DIM, "note", " (%d hits)", 3);
	out_int(out, ROLE_NUMBER, "delta", 4, -5);
	out_hidden_dec(out, "big", 1ULL << 60);
	out_hidden_hex(out, "mask", 0xf0);
	out_hidden_str(out, "kind", "hw");
	out_nl(out);
	out_list(out, "vcpus");
	for (unsigned i = 0; i < 2; i++) {
		out_begin(out, "vcpu");
		out_text(out, ROLE_LABEL, "  vcpu");
		out_dec(out, ROLE_NUMBER, "index", 0, i);
		out_end(out);
	}
	out_list_end(out);
	out_end(out);
}

static void test_text(void **state)
{
	struct out *out = out_create_capture();

	print_all(out);
	assert_int_equal(out->column, 0);
	assert_captured(out, "  12 at 0xffffffff81000000    main         a.c yes (3 hits)  -5\n"
			"  vcpu0\n  vcpu1\n");
	out_text(out, ROLE_TEXT, "unfinished");
	assert_int_equal(out->column, 10);
	assert_int_equal(out_capture_lines(out), 1);
	out_message(out, ROLE_ERROR, "no %s", "way");
	assert_captured(out, "unfinished\nno way\n");
	out_nl(out);
	out_text(out, ROLE_TEXT, "x");
	assert_captured(out, "\nx");
	out_destroy(out);
	out_destroy(NULL);
}

static void test_spans(void **state)
{
	struct out *out = out_create_capture();

	out_text(out, ROLE_LABEL, "rax");
	out_text(out, ROLE_LABEL, " ");
	out_hex(out, ROLE_CHANGED, "rax", 4, 0x12);
	out_nl(out);

	const struct out_line *line = out_capture_line(out, 0);

	assert_string_equal(line->text, "rax 0x0012");
	assert_int_equal(line->nspans, 2);
	assert_int_equal(line->spans[0].role, ROLE_LABEL);
	assert_int_equal(line->spans[0].len, 4);
	assert_int_equal(line->spans[1].role, ROLE_CHANGED);
	assert_int_equal(line->spans[1].start, 4);
	assert_int_equal(line->spans[1].len, 6);
	assert_null(out_capture_line(out, 1));
	for (unsigned i = 0; i < 100; i++)
		out_text(out, i % 2 ? ROLE_TEXT : ROLE_DIM, "%u ", i);
	assert_int_equal(out_capture_line(out, 1)->nspans, 100);
	out_destroy(out);
}

static void test_hostile_text(void **state)
{
	struct out *out = out_create_capture();

	out_text(out, ROLE_TEXT, "%s", "a\033[2Jb\r\nc\x01\x7f");
	assert_captured(out, "a\\e[2Jb\\r\\nc\\x01\\x7f");
	out_str(out, ROLE_TEXT, "s", 0, "\xff\xc0\x80 \xed\xa0\x80 \xe2\x80\xae \xc2\x9b \xc3\xa9");
	assert_captured(out, "\\xff\\xc0\\x80 \\xed\\xa0\\x80 \\u202e \\u009b \xc3\xa9");
	out_text(out, ROLE_TEXT, "ab\tc\t");
	assert_int_equal(out->column, 16);
	assert_captured(out, "ab      c       ");
	/* Cells, not bytes: two wide characters and a combining mark. */
	out_str(out, ROLE_TEXT, "s", 8, "\xe4\xb8\xad\xe6\x96\x87" "e\xcc\x81");
	assert_int_equal(out->column, 8);
	out_text(out, ROLE_TEXT, "|");
	assert_captured(out, "\xe4\xb8\xad\xe6\x96\x87" "e\xcc\x81   |");
	out_str(out, ROLE_TEXT, "s", 3, NULL);
	assert_captured(out, "   ");
	out_destroy(out);
}

/* What a backend writes to a stream. */
static char *written(struct out *(*create)(FILE *), void (*print)(struct out *))
{
	char *s = NULL;
	size_t len;
	FILE *stream = open_memstream(&s, &len);
	struct out *out = create(stream);

	print(out);
	out_destroy(out);
	fclose(stream);
	return s;
}

static struct out *create_colour(FILE *stream)
{
	return out_create_plain(stream, true);
}

static struct out *create_mono(FILE *stream)
{
	return out_create_plain(stream, false);
}

static void print_error_role(struct out *out)
{
	out_text(out, ROLE_TEXT, "plain ");
	out_text(out, ROLE_ERROR, "bad\033[0m");
	out_nl(out);
}

static void test_plain(void **state)
{
	_free_ char *colour = written(create_colour, print_error_role);
	_free_ char *mono = written(create_mono, print_error_role);
	_free_ char *all = written(create_mono, print_all);

	assert_string_equal(colour, "plain \033[1;31mbad\\e[0m\033[0m\n");
	assert_string_equal(mono, "plain bad\\e[0m\n");
	assert_null(strchr(all, '\033'));
}

static void test_json(void **state)
{
	_free_ char *s = written(out_create_json, print_all);

	assert_string_equal(s, "{\"type\":\"breakpoint\",\"id\":12,\"addr\":\"0xffffffff81000000\","
			    "\"symbol\":\"main\",\"file\":\"a.c\",\"enabled\":true,\"note\":\" (3 hits)\","
			    "\"delta\":-5,\"big\":\"1152921504606846976\",\"mask\":\"0xf0\",\"kind\":\"hw\","
			    "\"vcpus\":[{\"type\":\"vcpu\",\"index\":0},{\"type\":\"vcpu\",\"index\":1}]}\n");
}

static void print_unbalanced(struct out *out)
{
	out_end(out);
	out_list(out, "nowhere");
	out_dec(out, ROLE_NUMBER, "lost", 0, 1);
	out_list_end(out);
	out_list_end(out);
	out_begin(out, "a\"\n");
	out_str(out, ROLE_TEXT, "type", 0, NULL);
	out_begin(out, "inner");
	out_list(out, "l");
	out_dec(out, ROLE_NUMBER, "element", 0, 1);
	out_list(out, "m");
	out_dec(out, ROLE_NUMBER, "element", 0, 2);
	out_end(out);
	out_message(out, ROLE_WARN, "in a record");
	out_begin(out, "left open");
	out_list(out, "l");
	out_str(out, ROLE_TEXT, "s", 0, "\xff\"\\\t\x01\xe2\x80\xa8");
}

static void test_json_always_valid(void **state)
{
	_free_ char *s = written(out_create_json, print_unbalanced);
	enum json_tokener_error err;
	struct json_object *object = json_tokener_parse_verbose(s, &err);

	assert_int_equal(err, json_tokener_success);
	assert_string_equal(s, "{\"type\":\"a\\\"\\n\",\"type_\":null,\"inner\":{\"type\":\"inner\","
			    "\"l\":[1,2]},\"message\":{\"type\":\"message\",\"level\":\"warning\","
			    "\"text\":\"in a record\"},\"left open\":{\"type\":\"left open\","
			    "\"l\":[\"\\\\xff\\\"\\\\\\t\\u0001\\u2028\"]}}\n");
	json_object_put(object);
}

/* Every byte string becomes a JSON string that reads back as what text shows. */
static void test_json_bytes(void **state)
{
	uint32_t seed = 1;

	for (unsigned round = 0; round < 2000; round++) {
		char raw[16];
		struct text t = { 0 };
		enum json_tokener_error err;

		for (size_t i = 0; i < sizeof(raw); i++) {
			seed = seed * 1664525 + 1013904223;
			raw[i] = (char)(seed >> 24);
		}
		json_add_string(&t, raw, sizeof(raw));
		struct json_object *object = json_tokener_parse_verbose(t.data, &err);

		assert_int_equal(err, json_tokener_success);
		for (size_t i = 0; i < t.len;) {
			uint32_t cp;
			unsigned n = utf8_decode(t.data + i, t.len - i, &cp);

			assert_true(n && cp >= 0x20);
			i += n;
		}
		json_object_put(object);
		text_deinit(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_always_valid),
		cmocka_unit_test(test_json_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
