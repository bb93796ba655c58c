/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Growable array of any type: `struct { T *data; size_t len, cap; } v = {0};` or VEC(T) v = {0};
 * Small bookkeeping only: growth aborts on out of memory. Sizes that come from a guest, a file or the
 * user are bounded by the caller first.
 */
#pragma once

#include <stddef.h>

#define VEC(T) struct { T *data; size_t len, cap; }

/* Room for one more; the implementation of vec_push. */
void vec_grow(void **data, size_t *cap, size_t len, size_t item_size);

#define vec_push(v, ...) do { \
	if ((v)->len == (v)->cap) { \
		void *_d = (v)->data; \
		vec_grow(&_d, &(v)->cap, (v)->len, sizeof(*(v)->data)); \
		(v)->data = _d; \
	} \
	(v)->data[(v)->len++] = (__VA_ARGS__); \
} while (0)

#define vec_remove(v, i) do { \
	size_t _i = (i); \
	__builtin_memmove(&(v)->data[_i], &(v)->data[_i + 1], ((v)->len - _i - 1) * sizeof(*(v)->data)); \
	(v)->len--; \
} while (0)

#define vec_free(v) do { free((v)->data); (v)->data = NULL; (v)->len = (v)->cap = 0; } while (0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, T, m) ((T *)((char *)(p) - offsetof(T, m)))

/* Allocation of small bookkeeping: aborts with a sentence on stderr when memory is out. */
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1, 2)));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull, alloc_size(2)));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));
