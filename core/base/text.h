/* SPDX-License-Identifier: GPL-3.0-or-later */
/* String builder, and numbers as people write and read them. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct text {
	char *data; /* always terminated once something was added; NULL when empty */
	size_t len, cap;
};

void text_add(struct text *t, const char *s, size_t len);
void text_puts(struct text *t, const char *s);
void text_printf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *t, const char *fmt, va_list ap);
void text_clear(struct text *t);	/* keeps the allocation */
void text_deinit(struct text *t);
char *text_take(struct text *t);	/* the string (never NULL), owned by the caller */
static inline const char *text_str(const struct text *t) { return t->data ? t->data : ""; }

/* "512M", "0x1000", "4096", "1.5G" is refused: sizes in bytes with K/M/G/T (powers of 1024). */
struct error *parse_size(const char *s, uint64_t *ret);
/* "10ms", "3us", "2s", "250" (ns): a time in nanoseconds. */
struct error *parse_time_ns(const char *s, uint64_t *ret);
/* A C number: decimal, 0x hex, 0b binary, 0 octal, optional '-'; the whole string must be used. */
struct error *parse_u64(const char *s, uint64_t *ret);

/* "1.2 us", "34 ns", "5.00 s" and "512 MiB", "4 KiB" into @buf, which it returns. */
const char *format_time_ns(char *buf, size_t size, uint64_t ns);
const char *format_size(char *buf, size_t size, uint64_t bytes);

/* Shell-style match with * and ?. */
bool glob_match(const char *pattern, const char *s);

/* Copies bytes from hostile sources with everything unprintable as '.'; always terminates. */
void text_sanitize(char *dst, size_t size, const void *src, size_t len);
