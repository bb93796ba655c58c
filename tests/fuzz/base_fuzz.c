/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hostile strings through the output sink: text never holds what a terminal acts on, JSON always parses.
 * The numbers and globs that users type come along.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "core/base/cleanup.h"
#include "core/base/out.h"
#include "core/base/text.h"
#include "core/base/visible.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Calls the sink in an order the input chooses, balanced or not. */
static void print(struct out *out, const uint8_t *data, size_t size, const char *s)
{
	for (size_t i = 0; i < size && i < 64; i++) {
		switch (data[i] % 10) {
		case 0:
			out_begin(out, s);
			break;
		case 1:
			out_end(out);
			break;
		case 2:
			out_list(out, s);
			break;
		case 3:
			out_list_end(out);
			break;
		case 4:
			out_str(out, ROLE_TEXT, s, (int8_t)data[i], s);
			break;
		case 5:
			out_text(out, ROLE_DIM, "%s", s);
			break;
		case 6:
			out_hex(out, ROLE_ADDR, s, (int8_t)data[i], data[i] * 0x123456789abcdefULL);
			break;
		case 7:
			out_message(out, ROLE_ERROR, "%s", s);
			break;
		case 8:
			out_pad(out, data[i]);
			break;
		default:
			out_int(out, ROLE_NUMBER, s, (int8_t)data[i], (int8_t)data[i]);
		}
	}
}

static void must_be_clean(const char *s, size_t len)
{
	while (len) {
		uint32_t cp;
		unsigned n = utf8_decode(s, len, &cp);

		if (!n || cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (cp >= 0x202a && cp <= 0x202e))
			abort();
		s += n;
		len -= n;
	}
}

static void check_capture(const uint8_t *data, size_t size, const char *s)
{
	struct out *out = out_create_capture();

	print(out, data, size, s);
	for (size_t i = 0; i < out_capture_lines(out); i++) {
		const struct out_line *line = out_capture_line(out, i);
		size_t covered = 0;

		must_be_clean(line->text, line->len);
		for (size_t k = 0; k < line->nspans; k++) {
			if (line->spans[k].start != covered)
				abort();
			covered += line->spans[k].len;
		}
		if (covered != line->len)
			abort();
	}
	out_destroy(out);
}

static void check_json(const uint8_t *data, size_t size, const char *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	struct out *out = out_create_json(stream);

	print(out, data, size, s);
	out_destroy(out);
	fclose(stream);
	for (char *line = text, *end; line < text + len; line = end + 1) {
		enum json_tokener_error error;
		struct json_object *object;

		end = strchr(line, '\n');
		if (!end)
			abort();
		*end = '\0';
		must_be_clean(line, (size_t)(end - line));
		object = json_tokener_parse_verbose(line, &error);
		/* Deeper than json-c reads is still JSON. */
		if (error != json_tokener_success && error != json_tokener_error_depth)
			abort();
		json_object_put(object);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 4096)
		return 0;
	size_t nops = data[0] < size ? data[0] : size;
	_free_ char *s = calloc(1, size + 1);
	char small[16];
	uint64_t v;

	memcpy(s, data + nops, size - nops);
	check_capture(data, nops, s);
	check_json(data, nops, s);
	text_sanitize(small, sizeof(small), data, size);
	must_be_clean(small, strlen(small));
	error_destroy(parse_u64(s, &v));
	error_destroy(parse_size(s, &v));
	error_destroy(parse_time_ns(s, &v));
	if (strlen(s) < 256)
		glob_match(s, s);
	return 0;
}
