/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/record/bytes.h"

#include <stdlib.h>

void bytes_reserve(struct bytes *b, size_t more)
{
	if (more <= b->cap - b->len)
		return;
	size_t cap = b->cap ? b->cap * 2 : 256;

	while (cap - b->len < more)
		cap *= 2;
	b->data = xrealloc(b->data, cap);
	b->cap = cap;
}

void bytes_deinit(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ 0 };
}

void bytes_string(struct bytes *b, const char *s)
{
	size_t len = strlen(s);

	bytes_varint(b, len);
	bytes_add(b, s, len);
}

char *parse_string(struct parse *in, size_t max)
{
	uint64_t len = parse_varint(in);
	const uint8_t *p;

	if (len > max)
		in->bad = true;
	p = in->bad ? NULL : parse_bytes(in, len);
	return p ? xstrndup((const char *)p, len) : NULL;
}
