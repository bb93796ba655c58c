/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "/8xg", and one value in each of gdb's formats. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/session/examine.h"

struct error *format_parse(const char *text, struct format *ret)
{
	struct format f = { .count = 1 };
	const char *p = text;

	if (*p == '-')
		return error_create(ERROR_USAGE, "a count can not be negative: /%s", text);
	if (isdigit((unsigned char)*p)) {
		uint64_t n = 0;

		for (; isdigit((unsigned char)*p); p++) {
			n = n * 10 + (*p - '0');
			if (n > EXAMINE_COUNT_MAX)
				return error_create(ERROR_USAGE, "a count is at most %u: /%s",
						    EXAMINE_COUNT_MAX, text);
		}
		f.count = n;
		f.has_count = true;
	}
	for (; *p; p++) {
		if (strchr("xduotzcasfi", *p))
			f.letter = *p;
		else if (strchr("bhwg", *p))
			f.unit = *p;
		else
			return error_hint(error_create(ERROR_USAGE, "unknown format letter '%c' in /%s",
						       isprint((unsigned char)*p) ? *p : '?', text),
					  "formats are x d u o t z c a s f i, units b h w g; see `help formats`");
	}
	*ret = f;
	return NULL;
}

unsigned format_unit_size(char unit)
{
	switch (unit) {
	case 'b': return 1;
	case 'h': return 2;
	case 'w': return 4;
	case 'g': return 8;
	default: return 0;
	}
}

static uint64_t value_mask(unsigned size)
{
	return size >= 8 ? ~0ULL : (1ULL << size * 8) - 1;
}

static const char *format_binary(uint64_t bits, char *buf, size_t size)
{
	unsigned top = 63;
	size_t n = 0;

	while (top && !(bits >> top & 1))
		top--;
	for (int i = top; i >= 0 && n + 1 < size; i--)
		buf[n++] = bits >> i & 1 ? '1' : '0';
	buf[n] = 0;
	return buf;
}

static const char *format_char(int64_t v, char *buf, size_t size)
{
	unsigned char c = v;

	if (c == '\'' || c == '\\')
		snprintf(buf, size, "%" PRId64 " '\\%c'", v, c);
	else if (c >= 0x20 && c < 0x7f)
		snprintf(buf, size, "%" PRId64 " '%c'", v, c);
	else if (c == '\n' || c == '\t' || c == '\r')
		snprintf(buf, size, "%" PRId64 " '\\%c'", v, c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
	else
		snprintf(buf, size, "%" PRId64 " '\\%03o'", v, c);
	return buf;
}

static const char *format_float(uint64_t bits, unsigned value_size, char *buf, size_t size)
{
	if (value_size == 4) {
		uint32_t raw = bits;
		float f;

		memcpy(&f, &raw, sizeof(f));
		snprintf(buf, size, "%.9g", f);
	} else {
		double d;

		memcpy(&d, &bits, sizeof(d));
		snprintf(buf, size, "%.17g", d);
	}
	return buf;
}

const char *format_value(char letter, struct expr_value value, char *buf, size_t size)
{
	unsigned width = value.size ? value.size : 8;
	uint64_t bits = value.bits & value_mask(width);
	int64_t number = sign_extend(bits, width * 8);

	switch (letter) {
	case 'x':
	case 'a':
		snprintf(buf, size, "0x%" PRIx64, bits);
		break;
	case 'z':
		snprintf(buf, size, "0x%0*" PRIx64, (int)width * 2, bits);
		break;
	case 'o':
		snprintf(buf, size, bits ? "0%" PRIo64 : "%" PRIo64, bits);
		break;
	case 't':
		return format_binary(bits, buf, size);
	case 'c':
		return format_char(value.is_signed ? (int8_t)bits : (int64_t)(bits & 0xff), buf, size);
	case 'f':
		if (width == 4 || width == 8)
			return format_float(bits, width, buf, size);
		snprintf(buf, size, "%" PRId64, number);
		break;
	case 'd':
		snprintf(buf, size, "%" PRId64, number);
		break;
	case 'u':
		snprintf(buf, size, "%" PRIu64, bits);
		break;
	default:
		if (value.is_signed)
			snprintf(buf, size, "%" PRId64, number);
		else
			snprintf(buf, size, "%" PRIu64, bits);
		break;
	}
	return buf;
}
