/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/session/examine.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/session/insn.h"

struct examine {
	struct session *session;
	struct out *out;
	bool physical;
	char letter;
	unsigned unit;
};

/* Reads as far as it can; *ret_done says how far when an error comes back. */
static struct error *read_some(struct examine *x, uint64_t addr, void *buf, size_t len, size_t *ret_done)
{
	struct target *t = x->session->target;
	struct error *error;

	if (!x->physical)
		return session_mem_read(x->session, addr, buf, len, ret_done);
	*ret_done = 0;
	if (!t)
		return error_create(ERROR_STATE, "there is no guest");
	error = target_phys_read(t, addr, buf, len);
	if (!error) {
		*ret_done = len;
		return NULL;
	}
	/* The region may end inside: give what stands before its end. */
	while (*ret_done < len) {
		struct error *more = target_phys_read(t, addr + *ret_done, (char *)buf + *ret_done, 1);

		if (more) {
			error_destroy(error);
			return more;
		}
		++*ret_done;
	}
	error_destroy(error);
	return NULL;
}

static void print_addr(struct examine *x, uint64_t addr)
{
	out_hex(x->out, ROLE_ADDR, "addr", 0, addr);
	if (!x->physical)
		session_out_symbol(x->session, x->out, ROLE_SYMBOL, addr);
	out_text(x->out, ROLE_TEXT, ":");
}

/* ---- numbers ------------------------------------------------------------------------------------- */

static void element_text(struct examine *x, const uint8_t *p, struct text *t)
{
	bool is_signed = x->letter == 'd' || x->letter == 'c';
	struct expr_value value = {
		.bits = bytes_read(p, x->unit, x->session->target->arch->big_endian),
		.size = x->unit, .is_signed = is_signed,
	};
	char buf[80], sym[256];

	if (x->letter == 't') {
		/* In columns, every bit counts. */
		for (int i = x->unit * 8 - 1; i >= 0; i--)
			text_puts(t, value.bits >> i & 1 ? "1" : "0");
		return;
	}
	text_puts(t, format_value(x->letter == 'x' ? 'z' : x->letter, value, buf, sizeof(buf)));
	if (x->letter == 'a' && !x->physical && *session_symbolize(x->session, value.bits, sym, sizeof(sym)))
		text_printf(t, " %s", sym);
}

/* Widest text of an element, so that columns stand under each other. */
static int element_width(const struct examine *x)
{
	switch (x->letter) {
	case 'x': case 'z': return 2 + 2 * x->unit;
	case 't': return 8 * x->unit;
	case 'o': return 2 + (8 * x->unit) / 3;
	case 'd': case 'u': return x->unit == 1 ? 4 : x->unit == 2 ? 6 : x->unit == 4 ? 11 : 20;
	case 'c': return 10;
	default: return 0;
	}
}

static void print_row(struct examine *x, uint64_t addr, const uint8_t *bytes, unsigned n)
{
	struct text values = { 0 };
	int width = element_width(x);
	char hex[2 * 64 + 1];

	for (unsigned i = 0; i < n * x->unit; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
	out_begin(x->out, "memory");
	print_addr(x, addr);
	for (unsigned i = 0; i < n; i++) {
		struct text t = { 0 };

		element_text(x, bytes + i * x->unit, &t);
		/* Numbers stand right-aligned, characters left. */
		if (x->letter == 'c')
			out_text(x->out, ROLE_NUMBER, "  %-*s", i + 1 < n ? width : 0, text_str(&t));
		else
			out_text(x->out, ROLE_NUMBER, "  %*s", width, text_str(&t));
		text_printf(&values, "%s%s", i ? " " : "", text_str(&t));
		text_deinit(&t);
	}
	out_hidden_dec(x->out, "unit", x->unit);
	out_hidden_str(x->out, "bytes", hex);
	out_hidden_str(x->out, "values", text_str(&values));
	out_end(x->out);
	text_deinit(&values);
}

static unsigned row_elements(const struct examine *x)
{
	if (x->letter == 't')
		return x->unit == 1 ? 4 : x->unit == 2 ? 2 : 1;
	if (x->letter == 'c')
		return 4;
	switch (x->unit) {
	case 1: return 8;
	case 2: return x->letter == 'd' || x->letter == 'u' ? 6 : 8;
	case 4: return 4;
	default: return 2;
	}
}

static struct error *examine_numbers(struct examine *x, unsigned count, uint64_t *addr)
{
	unsigned per_row = row_elements(x);
	uint8_t bytes[64];

	while (count) {
		unsigned n = count < per_row ? count : per_row;
		struct error *error;
		size_t done;

		error = read_some(x, *addr, bytes, n * x->unit, &done);
		if (done >= x->unit)
			print_row(x, *addr, bytes, done / x->unit);
		*addr += done / x->unit * x->unit;
		if (error)
			return error;
		count -= n;
	}
	return NULL;
}

/* ---- strings and instructions -------------------------------------------------------------------- */

static void escape_byte(struct text *t, uint8_t c)
{
	if (c == '"' || c == '\\')
		text_printf(t, "\\%c", c);
	else if (c >= 0x20 && c < 0x7f)
		text_printf(t, "%c", c);
	else if (c == '\n')
		text_puts(t, "\\n");
	else if (c == '\t')
		text_puts(t, "\\t");
	else if (c == '\r')
		text_puts(t, "\\r");
	else
		text_printf(t, "\\%03o", c);
}

static struct error *examine_string(struct examine *x, uint64_t *addr)
{
	uint64_t limit = x->session->options.elements;
	struct text t = { 0 };
	struct error *error = NULL;
	bool end = false;
	uint64_t n = 0;

	while (n < limit && !end && !error) {
		uint8_t bytes[64];
		size_t want = limit - n < sizeof(bytes) ? limit - n : sizeof(bytes);
		size_t done;

		error = read_some(x, *addr + n, bytes, want, &done);
		for (size_t i = 0; i < done && !end; i++) {
			end = bytes[i] == 0;
			n++;
			if (!end)
				escape_byte(&t, bytes[i]);
		}
	}
	if (end || n) {
		error_destroy(end ? take_ptr(error) : NULL);
		out_begin(x->out, "string");
		print_addr(x, *addr);
		out_text(x->out, ROLE_TEXT, "  \"");
		out_str(x->out, ROLE_NUMBER, "string", 0, text_str(&t));
		out_text(x->out, ROLE_TEXT, end ? "\"" : "\"...");
		out_hidden_dec(x->out, "length", end ? n - 1 : n);
		out_end(x->out);
		*addr += n;
	}
	text_deinit(&t);
	return error;
}

static struct error *examine_insn(struct examine *x, uint64_t *addr)
{
	struct error *error;
	struct insn insn;

	error = x->physical ? session_insn_phys(x->session, *addr, &insn) :
			      session_insn(x->session, *addr, &insn);
	if (error)
		return error;
	session_print_insn(x->session, x->out, &insn, x->physical ? 0 : INSN_SHOW_ARROW);
	*addr += insn.len;
	return NULL;
}

struct error *session_examine(struct session *s, struct out *out, const struct format *format,
			      uint64_t addr, bool physical, uint64_t *ret_next)
{
	struct examine x = {
		.session = s, .out = out, .physical = physical,
		.letter = format->letter ? format->letter : 'x',
		.unit = format_unit_size(format->unit ? format->unit : 'w'),
	};
	struct error *error = NULL;

	if (!s->target)
		return error_create(ERROR_STATE, "there is no guest");
	if (x.letter == 'c' && !format->unit)
		x.unit = 1;
	if ((x.letter == 'a' || x.letter == 'f') && !format->unit)
		x.unit = 8;
	if (x.letter == 'f' && x.unit < 4)
		return error_create(ERROR_USAGE, "floating point has unit w or g");
	if (x.letter == 's' || x.letter == 'i') {
		for (unsigned i = 0; i < format->count && !error && !s->interrupted; i++)
			error = x.letter == 's' ? examine_string(&x, &addr) : examine_insn(&x, &addr);
	} else {
		error = examine_numbers(&x, format->count, &addr);
	}
	*ret_next = addr;
	return error;
}
