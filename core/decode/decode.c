/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/decode/decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"

void decode_finding(struct out *out, const char *view, const char *rule, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	out_begin(out, "finding");
	out_hidden_str(out, "view", view);
	out_text(out, ROLE_FINDING, "! ");
	out_str(out, ROLE_FINDING, "rule", 0, rule);
	out_text(out, ROLE_FINDING, ": ");
	out_str(out, ROLE_FINDING, "text", 0, text);
	out_end(out);
}

struct error *decode_state(const struct view_ctx *ctx, enum state_kind kind, unsigned index, void *buf,
			   size_t size)
{
	size_t len = 0;
	uint32_t version;
	struct error *err = target_state_get(ctx->target, kind, index, buf, size, &len);

	if (err)
		return err;
	if (len < size)
		return error_create(ERROR_FAILED, "state blob %d has %zu bytes, expected %zu", kind, len, size);
	version = le32_read(buf);
	if (version != STATE_VERSION)
		return error_create(ERROR_UNSUPPORTED, "state blob %d has version %u, this program knows %u",
				    kind, version, STATE_VERSION);
	return NULL;
}

void decode_symbol(const struct view_ctx *ctx, struct out *out, uint64_t addr)
{
	char name[128];

	if (!ctx->symbol || !ctx->symbol(ctx->symbol_ctx, addr, name, sizeof(name)))
		return;
	out_text(out, ROLE_SYMBOL, " <");
	out_str(out, ROLE_SYMBOL, "symbol", 0, name);
	out_text(out, ROLE_SYMBOL, ">");
}

static bool is_set(const uint32_t map[8], unsigned v)
{
	return v < 256 && (map[v / 32] >> (v % 32) & 1);
}

static void show_set(struct out *out, enum role role, const char *name, const uint32_t map[8],
		     const char *prefix, int digits, bool hex)
{
	const char *sep = "";

	if (out->is_json) {
		out_list(out, name);
		for (unsigned v = 0; v < 256; v++)
			if (is_set(map, v))
				out_dec(out, role, NULL, 0, v);
		out_list_end(out);
		return;
	}
	for (unsigned v = 0; v < 256; v++) {
		unsigned end = v;

		if (!is_set(map, v))
			continue;
		while (is_set(map, end + 1))
			end++;
		out_text(out, role, hex ? "%s%s%0*x" : "%s%s%0*u", sep, prefix, digits, v);
		if (end > v)
			out_text(out, role, hex ? "-%s%0*x" : "-%s%0*u", prefix, digits, end);
		v = end;
		sep = " ";
	}
	if (!*sep)
		out_text(out, ROLE_DIM, "-");
}

void decode_vectors(struct out *out, enum role role, const char *name, const uint32_t map[8])
{
	show_set(out, role, name, map, "0x", 2, true);
}

void decode_numbers(struct out *out, enum role role, const char *name, const uint32_t map[8])
{
	show_set(out, role, name, map, "", 0, false);
}

int decode_highest(const uint32_t map[8])
{
	for (int v = 255; v >= 0; v--)
		if (is_set(map, v))
			return v;
	return -1;
}
