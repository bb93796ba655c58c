/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/kallsyms.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"

/* Further from a symbol than this is not in it. */
#define NEAR (1u << 20)

static int by_addr(const void *a, const void *b)
{
	const struct kernel_name *x = *(struct kernel_name *const *)a, *y = *(struct kernel_name *const *)b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* All of @sorted at or above @addr for which this symbol is nearer than what they have. */
static void offer(struct kernel_name *const *sorted, size_t n, uint64_t addr, const char *name)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (sorted[mid]->addr < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < n && sorted[lo]->addr - addr < NEAR; lo++) {
		struct kernel_name *k = sorted[lo];

		if (k->name[0] && k->offset <= k->addr - addr)
			continue;
		k->offset = k->addr - addr;
		snprintf(k->name, sizeof(k->name), "%.63s", name);
	}
}

static uint64_t parse_hex(const char *p)
{
	uint64_t v = 0;

	for (;; p++) {
		unsigned c = (unsigned char)*p, d = c - '0' < 10 ? c - '0' : c - 'a' < 6 ? c - 'a' + 10 : 16;

		if (d == 16)
			return v;
		v = v << 4 | d;
	}
}

void kallsyms_resolve(const char *path, struct kernel_name *names, size_t n)
{
	_fclose_ FILE *f = fopen(path ? path : "/proc/kallsyms", "re");
	struct kernel_name **sorted = xcalloc(n + 1, sizeof(*sorted));
	char line[512];

	for (size_t i = 0; i < n; i++) {
		sorted[i] = &names[i];
		names[i].name[0] = 0;
		names[i].offset = 0;
	}
	qsort(sorted, n, sizeof(*sorted), by_addr);
	/* Addresses are 0 to who may not see them. The list is long: no scanf. */
	while (n && f && fgets(line, sizeof(line), f)) {
		uint64_t addr = parse_hex(line);
		char *name = strchr(line, ' ');

		if (!addr || !name || !name[1] || !name[2])
			continue;
		name += 3;
		name[strcspn(name, "\t\n")] = 0;
		offer(sorted, n, addr, name);
	}
	free(sorted);
}

void kallsyms_find(const char *path, const char *const *names, size_t n, uint64_t *ret_addrs)
{
	_fclose_ FILE *f = fopen(path ? path : "/proc/kallsyms", "re");
	char line[512];

	memset(ret_addrs, 0, n * sizeof(*ret_addrs));
	while (f && fgets(line, sizeof(line), f)) {
		const char *type = strchr(line, ' ');
		size_t len;

		if (!type || !type[1] || !strchr("bBdDrR", type[1]) || type[2] != ' ')
			continue;
		len = strcspn(type + 3, "\t\n");
		for (size_t i = 0; i < n; i++)
			if (!strncmp(names[i], type + 3, len) && !names[i][len] && !ret_addrs[i])
				ret_addrs[i] = strtoull(line, NULL, 16);
	}
}

/* ---- which functions there are ------------------------------------------------------------------- */

/* Hashes of names: what is asked for is tried in earnest afterwards, so a stray match does no harm. */
struct function_set {
	uint64_t *slots;	/* 0: free */
	size_t len, size;	/* a power of two */
};

static uint64_t hash_name(const char *name, size_t len)
{
	uint64_t h = 14695981039346656037ull;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)name[i]) * 1099511628211ull;
	return h ? h : 1;
}

static void insert(struct function_set *set, uint64_t h)
{
	size_t at = h & (set->size - 1);

	while (set->slots[at] && set->slots[at] != h)
		at = (at + 1) & (set->size - 1);
	set->len += !set->slots[at];
	set->slots[at] = h;
}

static void grow(struct function_set *set)
{
	struct function_set bigger = { .size = set->size ? set->size * 2 : 1 << 16 };

	bigger.slots = xcalloc(bigger.size, sizeof(*bigger.slots));
	for (size_t i = 0; i < set->size; i++)
		if (set->slots[i])
			insert(&bigger, set->slots[i]);
	free(set->slots);
	*set = bigger;
}

struct function_set *function_set_create(const char *path)
{
	_fclose_ FILE *f = fopen(path ? path : "/proc/kallsyms", "re");
	struct function_set *set = xcalloc(1, sizeof(*set));
	char line[512];

	/* "ffffffff81000000 T _text" and, of a module, "\t[kvm]" behind it. */
	while (f && fgets(line, sizeof(line), f)) {
		const char *type = strchr(line, ' ');

		if (!type || (type[1] != 't' && type[1] != 'T') || type[2] != ' ')
			continue;
		if ((set->len + 1) * 2 > set->size)
			grow(set);
		insert(set, hash_name(type + 3, strcspn(type + 3, "\t\n")));
	}
	return set;
}

void function_set_destroy(struct function_set *set)
{
	if (!set)
		return;
	free(set->slots);
	free(set);
}

bool function_set_has(const struct function_set *set, const char *name)
{
	uint64_t h = hash_name(name, strlen(name));

	if (!set->size)
		return false;
	for (size_t at = h & (set->size - 1); set->slots[at]; at = (at + 1) & (set->size - 1))
		if (set->slots[at] == h)
			return true;
	return false;
}
