/* SPDX-License-Identifier: GPL-3.0-or-later */
/* find and findp: search memory. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cmd/split.h"
#include "core/command/command.h"
#include "core/session/examine.h"
#include "core/session/search.h"

#define NEEDLE_MAX 4096

/* What is looked for, built from the values on the line. */
struct needle {
	uint8_t bytes[NEEDLE_MAX];
	size_t len;
};

static struct error *add_bytes(struct needle *n, const void *data, size_t len)
{
	if (len > NEEDLE_MAX - n->len)
		return error_create(ERROR_USAGE, "a search is for at most %u bytes", NEEDLE_MAX);
	memcpy(n->bytes + n->len, data, len);
	n->len += len;
	return NULL;
}

/* "text" with \n, \t, \0, \xNN, \\ and \". */
static struct error *add_string(struct needle *n, const char *s)
{
	size_t len = strlen(s);
	struct error *error = NULL;

	if (len < 2 || s[len - 1] != '"')
		return error_create(ERROR_SYNTAX, "a string ends with a quote: %s", s);
	for (size_t i = 1; i + 1 < len && !error; i++) {
		char c = s[i];

		if (c == '\\' && i + 2 < len) {
			c = s[++i];
			if (c == 'n')
				c = '\n';
			else if (c == 't')
				c = '\t';
			else if (c == '0')
				c = 0;
			else if (c == 'x') {
				char hex[3] = { s[i + 1], i + 3 < len ? s[i + 2] : 0, 0 };
				char *end;

				c = (char)strtoul(hex, &end, 16);
				i += end - hex;
			}
		}
		error = add_bytes(n, &c, 1);
	}
	return error;
}

static struct error *add_value(struct session *s, struct needle *n, const char *text, unsigned unit)
{
	struct expr_value value;
	struct error *error;
	uint8_t data[8];
	unsigned size;

	if (*text == '"')
		return add_string(n, text);
	error = session_eval(s, text, &value);
	if (error)
		return error;
	/* Without a unit, a value takes the bytes its type says; a plain number is 4 bytes if it fits. */
	size = unit ? unit : value.size == 8 && value.bits <= UINT32_MAX && !value.is_address ? 4 : value.size;
	bytes_write(data, size, s->target->arch->big_endian, value.bits);
	return add_bytes(n, data, size);
}

struct find_request {
	uint64_t start, len;
	struct needle needle;
};

/* START, END | +LENGTH, VALUE... */
static struct error *parse(struct session *s, const struct args *args, struct find_request *ret)
{
	const char *p = args->value[0].text;
	_free_ char *start = split_comma(&p);
	_free_ char *end = split_comma(&p);
	struct error *error;
	struct format format;
	struct expr_value value;
	char *piece;

	ret->needle.len = 0;
	error = format_parse(args->format, &format);
	if (error)
		return error;
	if (!start || !end || !p[strspn(p, " \t")])
		return error_hint(error_create(ERROR_USAGE, "%s needs START, END (or +LENGTH) and a value",
					       args->command->name),
				  "%s 0x100000, +0x1000, \"text\", 0x90", args->command->name);
	error = session_eval(s, start, &value);
	if (error)
		return error;
	ret->start = value.bits;
	error = session_eval(s, *end == '+' ? end + 1 : end, &value);
	if (error)
		return error;
	/* END is the last address searched, as in gdb. */
	if (*end != '+' && value.bits < ret->start)
		return error_create(ERROR_USAGE, "the search ends (0x%" PRIx64 ") before it starts (0x%" PRIx64 ")",
				    value.bits, ret->start);
	ret->len = *end == '+' ? value.bits : value.bits - ret->start + 1;
	if (*end != '+' && ret->len == 0)
		ret->len = UINT64_MAX; /* everything: one byte short of 2^64 */
	while (!error && (piece = split_comma(&p))) {
		error = add_value(s, &ret->needle, piece, format_unit_size(format.unit));
		free(piece);
	}
	return error;
}

static struct error *find(struct session *s, const struct args *args, struct out *out, bool physical)
{
	_free_ struct find_request *req = xcalloc(1, sizeof(*req));
	size_t max = s->options.find_limit, count = 0;
	_free_ uint64_t *places = NULL;
	struct error *error;

	error = parse(s, args, req);
	if (error)
		return error;
	/* One more than is shown tells whether there are more. */
	places = xcalloc(max + 1, sizeof(*places));
	error = physical ? search_phys_all(s->target, req->start, req->len, req->needle.bytes,
					   req->needle.len, places, max + 1, &count) :
			   search_virt_all(s, req->start, req->len, req->needle.bytes, req->needle.len,
					   places, max + 1, &count);
	if (error)
		return error;
	for (size_t i = 0; i < count && i < max; i++) {
		out_begin(out, "match");
		out_hex(out, ROLE_ADDR, "addr", 0, places[i]);
		if (!physical)
			session_out_symbol(s, out, ROLE_SYMBOL, places[i]);
		out_end(out);
	}
	*session_var(s, "numfound", true) =
		(struct expr_value){ .bits = count > max ? max : count, .size = 8 };
	if (count)
		*session_var(s, "_", true) = (struct expr_value){
			.bits = places[(count > max ? max : count) - 1], .size = 8, .is_address = true,
		};
	if (count > max)
		out_message(out, ROLE_WARN, "more matches than %zu: `set find-limit N` shows them", max);
	else
		out_message(out, ROLE_TEXT, "%zu match%s", count, count == 1 ? "" : "es");
	return NULL;
}

static struct error *find_run(struct session *s, const struct args *args, struct out *out)
{
	return find(s, args, out, false);
}

static struct error *findp_run(struct session *s, const struct args *args, struct out *out)
{
	return find(s, args, out, true);
}

const struct command cmd_find = {
	.name = "find",
	.group = "data",
	.summary = "search guest-virtual memory for values or text",
	.help = "find[/UNIT] START, END|+LENGTH, VALUE...   UNIT b h w g: size of each number (without: 4\n"
		"bytes, 8 when it needs them). Values may be \"text\". What is not mapped is passed over.\n"
		"$_ is the last match, $numfound their number.",
	.examples = (const char *const[]){ "find 0x200000, +0x1000, \"fake\"", "find/w table, +16, 2, 3", NULL },
	.args = { { .type = ARG_REST, .name = "START, END|+LENGTH, VALUE..." } },
	.needs = NEED_TARGET,
	.takes_format = true,
	.run = find_run,
};

const struct command cmd_findp = {
	.name = "findp",
	.group = "data",
	.summary = "search guest-physical memory for values or text",
	.help = "As `find`.",
	.examples = (const char *const[]){ "findp 0, 0x3fffff, \"hello, fake\"", NULL },
	.args = { { .type = ARG_REST, .name = "START, END|+LENGTH, VALUE..." } },
	.needs = NEED_TARGET,
	.takes_format = true,
	.run = findp_run,
};
