/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The set of symbols: two sorted views of one array, searched by bisection. */
#include "core/symbols/symbols.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/symbols/btf.h"
#include "core/symbols/internal.h"
#include "core/symbols/types.h"

/* A symbol without a size is taken to reach up to the next one, but not farther than this. */
#define UNSIZED_REACH (64 << 10)
/* How many overlapping symbols a search by address looks through; only made-up files have more. */
#define OVERLAP_MAX 1024

struct symbols *symbols_create(void)
{
	struct symbols *syms = xcalloc(1, sizeof(*syms));

	syms->index = xcalloc(1, sizeof(*syms->index));
	syms->types = xcalloc(1, sizeof(*syms->types));
	return syms;
}

static void index_clear(struct symbol_index *index)
{
	free(index->by_name);
	free(index->by_addr);
	free(index->max_end);
	*index = (struct symbol_index){ 0 };
}

static void set_free(struct symbol_set *set)
{
	for (size_t i = 0; i < set->names.len; i++)
		free(set->names.data[i]);
	vec_free(&set->names);
	free(set->object);
	set->object = NULL;
}

void symbols_destroy(struct symbols *syms)
{
	if (!syms)
		return;
	source_cache_deinit(syms);
	/* Later ones refer to the first. */
	while (syms->btf.len)
		btf_destroy(syms->btf.data[--syms->btf.len]);
	vec_free(&syms->btf);
	type_index_destroy(*syms->types);
	free(syms->types);
	for (size_t i = 0; i < syms->objects.len; i++)
		symbol_object_destroy(syms->objects.data[i]);
	for (size_t i = 0; i < syms->names.len; i++)
		free(syms->names.data[i]);
	for (size_t i = 0; i < syms->sets.len; i++)
		set_free(&syms->sets.data[i]);
	vec_free(&syms->sets);
	vec_free(&syms->objects);
	vec_free(&syms->names);
	vec_free(&syms->entries);
	index_clear(syms->index);
	free(syms->index);
	free(syms);
}

/* Functions before data before labels, sized ones and global ones first among equals. */
uint8_t symbol_rank(enum symbol_type type, bool has_size, bool is_global)
{
	return (type == SYMBOL_FUNC ? 16 : type == SYMBOL_OBJECT ? 8 : 0) + (has_size ? 2 : 0) +
	       (is_global ? 1 : 0);
}

static void add_entry(struct symbols *syms, const char *name, const char *object, bool is_module, uint64_t addr,
		      uint64_t size, enum symbol_type type, bool is_alias)
{
	uint64_t end;

	if (__builtin_add_overflow(addr, size ? size : UNSIZED_REACH, &end))
		end = UINT64_MAX;
	vec_push(&syms->entries, (struct symbol_entry){ .name = name, .object = object, .addr = addr,
							 .size = size, .end = end, .type = type,
							 .is_module = is_module,
							 .rank = symbol_rank(type, size > 0, !is_alias) });
	syms->index->valid = false;
}

void symbols_add(struct symbols *syms, const char *name, uint64_t addr, uint64_t size, enum symbol_type type)
{
	char *copy = xstrdup(name);

	vec_push(&syms->names, copy);
	add_entry(syms, copy, "", false, addr, size, type, false);
}

/* ---- sets ------------------------------------------------------------------------------------ */

unsigned symbols_set_create(struct symbols *syms, const char *object)
{
	struct symbol_set set = { .object = xstrdup(object) };
	size_t i = 0;

	while (i < syms->sets.len && syms->sets.data[i].object)
		i++;
	if (i == syms->sets.len)
		vec_push(&syms->sets, set);
	else
		syms->sets.data[i] = set;
	return i;
}

void symbols_set_add(struct symbols *syms, unsigned set, const char *name, uint64_t addr, uint64_t size,
		     enum symbol_type type, bool is_alias)
{
	struct symbol_set *s = &syms->sets.data[set];
	char *copy = xstrdup(name);

	vec_push(&s->names, copy);
	add_entry(syms, copy, s->object, *s->object, addr, size, type, is_alias);
}

void symbols_set_remove(struct symbols *syms, unsigned set)
{
	struct symbol_set *s = &syms->sets.data[set];
	size_t kept = 0;

	for (size_t i = 0; i < syms->entries.len; i++)
		if (syms->entries.data[i].object != s->object)
			syms->entries.data[kept++] = syms->entries.data[i];
	syms->entries.len = kept;
	syms->index->valid = false;
	set_free(s);
}

/* ---- sorted views ---------------------------------------------------------------------------- */

static int compare_names(const void *pa, const void *pb, void *ctx)
{
	const struct symbol_entry *entries = ctx;
	const struct symbol_entry *a = &entries[*(const uint32_t *)pa];
	const struct symbol_entry *b = &entries[*(const uint32_t *)pb];
	int diff = strcmp(a->name, b->name);

	if (diff)
		return diff;
	if (a->rank != b->rank)
		return a->rank > b->rank ? -1 : 1; /* the best one first */
	return (a->addr > b->addr) - (a->addr < b->addr);
}

static int compare_addrs(const void *pa, const void *pb, void *ctx)
{
	const struct symbol_entry *entries = ctx;
	const struct symbol_entry *a = &entries[*(const uint32_t *)pa];
	const struct symbol_entry *b = &entries[*(const uint32_t *)pb];

	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1; /* the best one last: searches go backwards */
	return -strcmp(a->name, b->name);
}

static const struct symbol_index *index_get(const struct symbols *syms)
{
	struct symbol_index *index = syms->index;
	size_t n = syms->entries.len;
	uint64_t max = 0;

	if (index->valid)
		return index;
	index_clear(index);
	index->by_name = xcalloc(n + 1, sizeof(*index->by_name));
	index->by_addr = xcalloc(n + 1, sizeof(*index->by_addr));
	for (size_t i = 0; i < n; i++) {
		index->by_name[i] = i;
		if (!syms->entries.data[i].is_constant)
			index->by_addr[index->naddrs++] = i;
	}
	if (n) {
		qsort_r(index->by_name, n, sizeof(*index->by_name), compare_names, syms->entries.data);
		qsort_r(index->by_addr, index->naddrs, sizeof(*index->by_addr), compare_addrs,
			syms->entries.data);
	}
	index->max_end = xcalloc(n + 1, sizeof(*index->max_end));
	for (size_t i = 0; i < index->naddrs; i++) {
		uint64_t end = syms->entries.data[index->by_addr[i]].end;

		max = end > max ? end : max;
		index->max_end[i] = max;
	}
	index->valid = true;
	return index;
}

static void fill(const struct symbol_entry *entry, struct symbol *ret)
{
	*ret = (struct symbol){ .name = entry->name, .addr = entry->addr, .size = entry->size,
				.type = entry->type, .object = entry->object, .local_entry = entry->local_entry,
				.is_module = entry->is_module };
}

/* First position in name order that is not below @name (its first @len bytes). */
static size_t name_lower_bound(const struct symbols *syms, const struct symbol_index *index,
			       const char *name, size_t len)
{
	size_t lo = 0, hi = syms->entries.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strncmp(syms->entries.data[index->by_name[mid]].name, name, len) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool symbols_by_name(const struct symbols *syms, const char *name, struct symbol *ret)
{
	const struct symbol_index *index = index_get(syms);
	size_t i = name_lower_bound(syms, index, name, strlen(name) + 1);

	if (i == syms->entries.len || strcmp(syms->entries.data[index->by_name[i]].name, name))
		return false;
	fill(&syms->entries.data[index->by_name[i]], ret);
	return true;
}

bool symbols_by_name_in(const struct symbols *syms, const char *name, const char *object, struct symbol *ret)
{
	const struct symbol_index *index = index_get(syms);

	for (size_t i = name_lower_bound(syms, index, name, strlen(name) + 1); i < syms->entries.len; i++) {
		const struct symbol_entry *entry = &syms->entries.data[index->by_name[i]];

		if (strcmp(entry->name, name))
			break;
		if (!strcmp(entry->object, object)) {
			fill(entry, ret);
			return true;
		}
	}
	return false;
}

void symbols_each_prefix(const struct symbols *syms, const char *prefix,
			 bool (*fn)(void *ctx, const struct symbol *sym), void *ctx)
{
	const struct symbol_index *index = index_get(syms);
	size_t len = strlen(prefix);
	struct symbol sym;

	for (size_t i = name_lower_bound(syms, index, prefix, len); i < syms->entries.len; i++) {
		const struct symbol_entry *entry = &syms->entries.data[index->by_name[i]];

		if (strncmp(entry->name, prefix, len))
			break;
		fill(entry, &sym);
		if (!fn(ctx, &sym))
			break;
	}
}

bool symbols_by_addr(const struct symbols *syms, uint64_t addr, struct symbol *ret, uint64_t *ret_off)
{
	const struct symbol_index *index = index_get(syms);
	const struct symbol_entry *found = NULL;
	size_t lo = 0, hi = index->naddrs;
	uint64_t nearest;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (syms->entries.data[index->by_addr[mid]].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0)
		return false;
	nearest = syms->entries.data[index->by_addr[lo - 1]].addr;
	for (size_t i = lo, steps = 0; i-- > 0 && steps < OVERLAP_MAX; steps++) {
		const struct symbol_entry *entry = &syms->entries.data[index->by_addr[i]];

		if (index->max_end[i] <= addr)
			break;
		if (entry->end <= addr)
			continue;
		if (entry->size) {
			found = entry;
			break;
		}
		/* An unsized one ends where the next begins. */
		if (!found && entry->addr == nearest)
			found = entry;
	}
	if (!found)
		return false;
	fill(found, ret);
	*ret_off = addr - found->addr;
	return true;
}

bool symbols_format(const struct symbols *syms, uint64_t addr, char *buf, size_t size)
{
	struct symbol sym;
	uint64_t off;

	if (!symbols_by_addr(syms, addr, &sym, &off)) {
		if (size)
			buf[0] = '\0';
		return false;
	}
	int n = off ? snprintf(buf, size, "%s+0x%" PRIx64, sym.name, off) : snprintf(buf, size, "%s", sym.name);
	if (sym.is_module && n >= 0 && (size_t)n < size)
		snprintf(buf + n, size - n, " [%s]", sym.object);
	return true;
}

size_t symbols_count(const struct symbols *syms)
{
	return syms->entries.len;
}

void symbols_set_orc(struct symbols *syms, const struct orc *orc)
{
	syms->orc = orc;
}
