/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/ksyms.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"

#define NEAR (1u << 20)	/* further from a symbol than this is not in it */
#define TEXT_MAX (64u << 20)

struct sym {
	uint64_t addr;
	uint32_t name;	/* offset in the text */
};

struct ksyms {
	VEC(struct sym) syms;
	struct text names;
};

static int by_addr(const void *a, const void *b)
{
	const struct sym *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr ? 1 : x->name < y->name ? -1 : x->name > y->name;
}

/* "ffffffff81000000 T _text\t[module]" */
static void add(struct ksyms *k, char *line)
{
	char *end, *name;
	uint64_t addr = strtoull(line, &end, 16);

	if (!addr || *end != ' ' || !strchr("tTwW", end[1]) || end[2] != ' ')
		return;
	name = end + 3;
	name[strcspn(name, "\t\n ")] = 0;
	if (!*name || k->names.len > TEXT_MAX)
		return;
	vec_push(&k->syms, (struct sym){ addr, (uint32_t)k->names.len });
	text_add(&k->names, name, strlen(name) + 1);
}

struct ksyms *ksyms_create(const char *path)
{
	_fclose_ FILE *f = fopen(path ? path : "/proc/kallsyms", "re");
	struct ksyms *k = xcalloc(1, sizeof(*k));
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		add(k, line);
	if (k->syms.len)
		qsort(k->syms.data, k->syms.len, sizeof(*k->syms.data), by_addr);
	return k;
}

void ksyms_destroy(struct ksyms *k)
{
	if (!k)
		return;
	vec_free(&k->syms);
	text_deinit(&k->names);
	free(k);
}

const char *ksyms_find(const struct ksyms *k, uint64_t addr, uint64_t *ret_offset)
{
	size_t lo = 0, hi = k->syms.len;

	/* The first symbol above; of several at one address the first one listed. */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (k->syms.data[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || addr - k->syms.data[lo - 1].addr > NEAR)
		return NULL;
	lo--;
	while (lo && k->syms.data[lo - 1].addr == k->syms.data[lo].addr)
		lo--;
	*ret_offset = addr - k->syms.data[lo].addr;
	return k->names.data + k->syms.data[lo].name;
}

const char *ksyms_format(const struct ksyms *k, uint64_t addr, char *buf, size_t size)
{
	uint64_t offset;
	const char *name = ksyms_find(k, addr, &offset);

	if (name && !offset)
		snprintf(buf, size, "%s", name);
	else if (name)
		snprintf(buf, size, "%s+0x%" PRIx64, name, offset);
	else
		snprintf(buf, size, "0x%" PRIx64, addr);
	return buf;
}
