/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/vec.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small bookkeeping only reaches this when the machine itself is out of memory: no way to go on. */
static _Noreturn void die_nomem(size_t size)
{
	fprintf(stderr, "vmscope: out of memory (%zu bytes of bookkeeping)\n", size);
	abort();
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		die_nomem(n * size);
	return p;
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		die_nomem(size);
	return p;
}

char *xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = xcalloc(len + 1, 1);

	memcpy(p, s, len);
	return p;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, SIZE_MAX);
}

char *xasprintf(const char *fmt, ...)
{
	char *s;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		die_nomem(0);
	va_end(ap);
	return s;
}

void vec_grow(void **data, size_t *cap, size_t len, size_t item_size)
{
	size_t want = len < 8 ? 8 : len + len / 2;
	size_t bytes;

	if (__builtin_mul_overflow(want, item_size, &bytes))
		die_nomem(SIZE_MAX);
	*data = xrealloc(*data, bytes);
	*cap = want;
}
