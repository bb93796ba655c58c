/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looks things up in the flattened device tree (devicetree specification 5). */
#include "guest/demo/ppc64/demo.h"

#define MAGIC 0xd00dfeed
enum { BEGIN_NODE = 1, END_NODE, PROP, NOP };

struct header {
	uint32_t magic, size, structs, strings;
};

static unsigned length(const char *s)
{
	unsigned n = 0;

	while (s[n])
		n++;
	return n;
}

static bool starts(const char *s, const char *with)
{
	while (*with && *s == *with) {
		s++;
		with++;
	}
	return !*with;
}

static bool equal(const char *a, const char *b)
{
	return starts(a, b) && starts(b, a);
}

const void *fdt_find(const void *fdt, const char *node, const char *property, unsigned *ret_len)
{
	const struct header *h = fdt;
	const uint32_t *p;
	const char *strings;
	bool here = false;

	if (!fdt || be32(h->magic) != MAGIC)
		return NULL;
	p = (const uint32_t *)((const char *)fdt + be32(h->structs));
	strings = (const char *)fdt + be32(h->strings);
	for (;;) {
		unsigned len;

		switch (be32(*p++)) {
		case BEGIN_NODE:
			here = starts((const char *)p, node);
			p += length((const char *)p) / 4 + 1;
			break;
		case PROP:
			len = be32(p[0]);
			if (here && equal(strings + be32(p[1]), property)) {
				if (ret_len)
					*ret_len = len;
				return p + 2;
			}
			p += 2 + (len + 3) / 4;
			break;
		case END_NODE:
			here = false;
			break;
		case NOP:
			break;
		default:
			return NULL;
		}
	}
}
