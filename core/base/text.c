/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/vec.h"

static void reserve(struct text *t, size_t extra)
{
	size_t need = t->len + extra + 1;

	if (need <= t->cap)
		return;
	size_t cap = t->cap < 32 ? 64 : t->cap * 2;

	if (cap < need)
		cap = need;
	t->data = xrealloc(t->data, cap);
	t->cap = cap;
}

void text_add(struct text *t, const char *s, size_t len)
{
	reserve(t, len);
	if (len)
		memcpy(t->data + t->len, s, len);
	t->len += len;
	t->data[t->len] = '\0';
}

void text_puts(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void text_vprintf(struct text *t, const char *fmt, va_list ap)
{
	va_list again;

	reserve(t, 0);
	va_copy(again, ap);
	int n = vsnprintf(t->data + t->len, t->cap - t->len, fmt, ap);

	if (n >= 0 && (size_t)n >= t->cap - t->len) {
		reserve(t, (size_t)n);
		vsnprintf(t->data + t->len, t->cap - t->len, fmt, again);
	}
	va_end(again);
	if (n > 0)
		t->len += (size_t)n;
	t->data[t->len] = '\0';
}

void text_printf(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vprintf(t, fmt, ap);
	va_end(ap);
}

void text_clear(struct text *t)
{
	t->len = 0;
	if (t->data)
		t->data[0] = '\0';
}

void text_deinit(struct text *t)
{
	free(t->data);
	*t = (struct text){ 0 };
}

char *text_take(struct text *t)
{
	char *s;

	reserve(t, 0);
	t->data[t->len] = '\0';
	s = t->data;
	*t = (struct text){ 0 };
	return s;
}

/* Value of a digit in any base up to 16, 16 for anything else. */
static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

enum number { NUMBER_OK, NUMBER_NONE, NUMBER_BIG };

/* An unsigned C number at *@s, which moves to what follows. */
static enum number scan_u64(const char **s, uint64_t *ret)
{
	const char *p = *s;
	unsigned base = 10;
	uint64_t v = 0;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	} else if (p[0] == '0' && (p[1] == 'b' || p[1] == 'B')) {
		base = 2;
		p += 2;
	} else if (p[0] == '0') {
		base = 8;
	}
	if (digit_value(*p) >= base)
		return NUMBER_NONE;
	for (; digit_value(*p) < base; p++)
		if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit_value(*p), &v))
			return NUMBER_BIG;
	*s = p;
	*ret = v;
	return NUMBER_OK;
}

struct error *parse_u64(const char *s, uint64_t *ret)
{
	bool negative = *s == '-';
	const char *p = s + negative;
	uint64_t v;
	enum number kind = scan_u64(&p, &v);

	if (kind == NUMBER_BIG || (kind == NUMBER_OK && negative && v > 1ULL << 63))
		return error_create(ERROR_SYNTAX, "number '%s' does not fit in 64 bits", s);
	if (kind == NUMBER_NONE || *p)
		return error_create(ERROR_SYNTAX, "'%s' is not a number (use 42, 0x2a, 0b101010 or 052)", s);
	*ret = negative ? -v : v;
	return NULL;
}

struct error *parse_size(const char *s, uint64_t *ret)
{
	static const char units[] = "KMGT";
	const char *p = s;
	uint64_t v;
	enum number kind = scan_u64(&p, &v);

	if (kind == NUMBER_OK && *p) {
		char upper = *p & ~0x20;
		const char *unit = upper ? strchr(units, upper) : NULL;

		if (!unit || (p[1] && strcmp(p + 1, "iB") != 0))
			kind = NUMBER_NONE;
		else if (__builtin_mul_overflow(v, 1ULL << (10 * (unit - units + 1)), &v))
			kind = NUMBER_BIG;
	}
	if (kind == NUMBER_BIG)
		return error_create(ERROR_SYNTAX, "size '%s' does not fit in 64 bits", s);
	if (kind == NUMBER_NONE)
		return error_create(ERROR_SYNTAX,
				    "'%s' is not a size (use 4096, 0x1000, 64K, 512M, 2G or 1T)", s);
	*ret = v;
	return NULL;
}

struct error *parse_time_ns(const char *s, uint64_t *ret)
{
	static const struct { const char *name; uint64_t ns; } units[] = {
		{ "", 1 }, { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
	};
	const char *p = s;
	uint64_t v;
	enum number kind = scan_u64(&p, &v);
	unsigned i = 0;

	if (kind == NUMBER_OK) {
		while (i < ARRAY_SIZE(units) && strcmp(units[i].name, p) != 0)
			i++;
		if (i == ARRAY_SIZE(units))
			kind = NUMBER_NONE;
		else if (__builtin_mul_overflow(v, units[i].ns, &v))
			kind = NUMBER_BIG;
	}
	if (kind == NUMBER_BIG)
		return error_create(ERROR_SYNTAX, "time '%s' does not fit in 64 bits of nanoseconds", s);
	if (kind == NUMBER_NONE)
		return error_create(ERROR_SYNTAX, "'%s' is not a time (use 250ns, 3us, 10ms or 2s)", s);
	*ret = v;
	return NULL;
}

const char *format_time_ns(char *buf, size_t size, uint64_t ns)
{
	/* A unit ends where rounding to its last shown digit would print 1000 of it. */
	if (ns < 1000)
		snprintf(buf, size, "%u ns", (unsigned)ns);
	else if (ns < 999950)
		snprintf(buf, size, "%.1f us", (double)ns / 1e3);
	else if (ns < 999950000)
		snprintf(buf, size, "%.1f ms", (double)ns / 1e6);
	else
		snprintf(buf, size, "%.2f s", (double)ns / 1e9);
	return buf;
}

const char *format_size(char *buf, size_t size, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned u = 0;

	while (u + 1 < ARRAY_SIZE(units) && bytes >> (10 * (u + 1)))
		u++;
	uint64_t unit = 1ULL << (10 * u);

	if (bytes % unit == 0)
		snprintf(buf, size, "%llu %s", (unsigned long long)(bytes / unit), units[u]);
	else
		snprintf(buf, size, "%.1f %s", (double)bytes / (double)unit, units[u]);
	return buf;
}

bool glob_match(const char *pattern, const char *s)
{
	const char *star = NULL, *resume = NULL;

	/* Only the last star needs to be tried again: linear memory, no recursion, pattern * s at worst. */
	while (*s) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = s;
		} else if (*pattern == '?' || *pattern == *s) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star;
			s = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

void text_sanitize(char *dst, size_t size, const void *src, size_t len)
{
	const uint8_t *p = src;

	if (!size)
		return;
	if (len > size - 1)
		len = size - 1;
	for (size_t i = 0; i < len; i++)
		dst[i] = p[i] >= 0x20 && p[i] < 0x7f ? (char)p[i] : '.';
	dst[len] = '\0';
}
