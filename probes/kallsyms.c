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

void kallsyms_resolve(const char *path, struct kernel_name *names, size_t n)
{
	_fclose_ FILE *f = fopen(path ? path : "/proc/kallsyms", "re");
	struct kernel_name **sorted = xcalloc(n + 1, sizeof(*sorted));
	char line[512], name[256], type;
	uint64_t addr;

	for (size_t i = 0; i < n; i++) {
		sorted[i] = &names[i];
		names[i].name[0] = 0;
		names[i].offset = 0;
	}
	qsort(sorted, n, sizeof(*sorted), by_addr);
	/* Addresses are 0 to who may not see them. */
	while (n && f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%" SCNx64 " %c %255s", &addr, &type, name) == 3 && addr)
			offer(sorted, n, addr, name);
	free(sorted);
}
