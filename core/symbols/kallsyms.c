/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kernel/kallsyms.c and scripts/kallsyms.c of Linux: names are strings of token numbers, a token is a
 * piece of text; the first character of a name is its type as in nm. Addresses are 32-bit offsets from
 * kallsyms_relative_base; with CONFIG_KALLSYMS_ABSOLUTE_PERCPU (x86-64) those that are not negative are
 * absolute values (places in the per-CPU area, not addresses) and the others are base - 1 - offset.
 */
#include "core/symbols/kallsyms.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"

#define TOKENS 256
#define TOKEN_TABLE_MAX 65536u
#define SYMBOLS_MAX (4u << 20)
#define NAME_MAX_LEN 1024u
#define CHUNK 65536u
#define LONG_NAME 0x80	/* since 6.1: two bytes of length */
#define SIZE_MAX_SANE (1u << 20)

struct entry {
	uint64_t addr;
	uint32_t index;		/* in the table, where the better one of several names comes first */
	char *name;
	char type;
};

struct table {
	const struct linux_guest *guest;
	uint32_t count;
	uint64_t names, base;
	uint8_t tokens[TOKEN_TABLE_MAX + 1];	/* terminated even when it lies */
	uint16_t token_index[TOKENS];
	uint8_t *offsets;
	bool percpu;		/* absolute per-CPU scheme */
	/* The part of the names that is being read. */
	uint8_t chunk[CHUNK];
	size_t at, len;
	VEC(struct entry) entries;
	VEC(struct kallsyms_percpu) percpu_names;
};

static struct error *bad(const struct table *t, const char *what)
{
	return error_create(ERROR_FAILED, "the symbol table of Linux %s makes no sense: %s",
			    t->guest->release, what);
}

struct error *kallsyms_place_by_note(const struct linux_guest *g, struct kallsyms_place *ret)
{
	const struct {
		const char *name;
		uint64_t *to;
	} parts[] = {
		{ "kallsyms_names", &ret->names }, { "kallsyms_num_syms", &ret->num },
		{ "kallsyms_token_table", &ret->token_table }, { "kallsyms_token_index", &ret->token_index },
		{ "kallsyms_offsets", &ret->offsets }, { "kallsyms_relative_base", &ret->relative_base },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!linux_guest_symbol(g, parts[i].name, parts[i].to))
			return error_hint(error_create(ERROR_UNSUPPORTED, "Linux %s does not say where its"
						       " symbol table is (%s)", g->release, parts[i].name),
					  "it does since 6.0, when built with CONFIG_KALLSYMS");
	return NULL;
}

static struct error *read_tokens(struct table *t, const struct kallsyms_place *place)
{
	uint8_t raw[TOKENS * 2];
	struct error *err = linux_guest_read(t->guest, place->token_index, raw, sizeof(raw));

	if (err)
		return err;
	unsigned last = 0;
	for (unsigned i = 0; i < TOKENS; i++) {
		t->token_index[i] = le16_read(raw + 2 * i);
		if (t->token_index[i] > last)
			last = t->token_index[i];
	}
	/* The last token ends somewhere in the 256 bytes behind its start. */
	size_t len = last + TOKENS < TOKEN_TABLE_MAX ? last + TOKENS : TOKEN_TABLE_MAX;
	return linux_guest_read(t->guest, place->token_table, t->tokens, len);
}

static struct error *read_offsets(struct table *t, const struct kallsyms_place *place)
{
	struct error *err = linux_guest_read_u64(t->guest, place->relative_base, &t->base);

	if (err)
		return err;
	t->offsets = xcalloc(t->count, 4);
	err = linux_guest_read(t->guest, place->offsets, t->offsets, t->count * 4ul);
	size_t negative = 0;
	for (uint32_t i = 0; !err && i < t->count; i++)
		negative += le32_read(t->offsets + i * 4ul) >> 31;
	t->percpu = negative > t->count / 2;
	return err;
}

static struct error *next_byte(struct table *t, uint8_t *ret)
{
	if (t->at == t->len) {
		/* What lies behind the names may not be mapped: up to the end of the page each time. */
		size_t len = CHUNK - (t->names & (CHUNK - 1));
		size_t done;
		struct error *err = target_virt_read(t->guest->target, &t->guest->regs, t->names, t->chunk, len,
						     &done);
		if (err && done == 0)
			return err;
		error_destroy(err);
		t->names += done;
		t->len = done;
		t->at = 0;
	}
	*ret = t->chunk[t->at++];
	return NULL;
}

static struct error *next_name(struct table *t, struct text *name)
{
	uint8_t byte = 0, high = 0;
	struct error *err = next_byte(t, &byte);
	unsigned len = byte;

	if (!err && (byte & LONG_NAME)) {
		err = next_byte(t, &high);
		len = (byte & ~LONG_NAME) | high << 7;
	}
	text_clear(name);
	while (!err && len--) {
		err = next_byte(t, &byte);
		if (!err)
			text_puts(name, (const char *)t->tokens + t->token_index[byte]);
		if (name->len > NAME_MAX_LEN)
			return bad(t, "a name without end");
	}
	if (!err && name->len < 2)
		return bad(t, "an empty name");
	return err;
}

/* False: not an address, but *ret in a CPU's own area. */
static bool address(const struct table *t, uint32_t i, uint64_t *ret)
{
	uint32_t offset = le32_read(t->offsets + i * 4ul);

	if (!t->percpu) {
		*ret = t->base + offset;
		return true;
	}
	if (!(offset >> 31)) {
		*ret = offset;
		return false;
	}
	*ret = t->base - 1 - (int64_t)(int32_t)offset;
	return true;
}

static struct error *read_names(struct table *t)
{
	struct text name = { 0 };
	struct error *err = NULL;

	for (uint32_t i = 0; i < t->count && !err; i++) {
		uint64_t addr;

		err = next_name(t, &name);
		if (err)
			break;
		bool is_address = address(t, i, &addr);
		const char *s = text_str(&name);
		for (const char *c = s; *c && !err; c++)
			if (!isgraph((unsigned char)*c))
				err = bad(t, "a name with unprintable characters");
		if (!err && !is_address)
			vec_push(&t->percpu_names, (struct kallsyms_percpu){ xstrdup(s + 1), addr });
		else if (!err)
			vec_push(&t->entries, (struct entry){ .addr = addr, .index = i, .name = xstrdup(s + 1), .type = *s });
	}
	text_deinit(&name);
	return err;
}

static int by_addr(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

static enum symbol_type type_of(char c)
{
	switch (tolower((unsigned char)c)) {
	case 't':
	case 'w':
		return SYMBOL_FUNC;
	case 'b':
	case 'd':
	case 'r':
	case 'v':
		return SYMBOL_OBJECT;
	default:
		return SYMBOL_OTHER;
	}
}

/* Sizes are not in the table: a symbol ends where the next begins. */
static void add_all(struct table *t, struct symbols *syms, unsigned set)
{
	qsort(t->entries.data, t->entries.len, sizeof(struct entry), by_addr);
	for (size_t i = 0, next = 0; i < t->entries.len; i++) {
		const struct entry *e = &t->entries.data[i];
		uint64_t size = 0;

		for (next = next > i ? next : i; next < t->entries.len && t->entries.data[next].addr == e->addr;)
			next++;
		if (next < t->entries.len)
			size = t->entries.data[next].addr - e->addr;
		symbols_set_add(syms, set, e->name, e->addr, size <= SIZE_MAX_SANE ? size : 0, type_of(e->type),
				i > 0 && t->entries.data[i - 1].addr == e->addr);
	}
}

static struct error *load(struct table *t, const struct kallsyms_place *place)
{
	struct error *err = linux_guest_read_u32(t->guest, place->num, &t->count);

	t->names = place->names;
	if (!err && (t->count == 0 || t->count > SYMBOLS_MAX))
		err = bad(t, "the number of its symbols");
	if (!err)
		err = read_tokens(t, place);
	if (!err)
		err = read_offsets(t, place);
	if (!err)
		err = read_names(t);
	return err;
}

static int by_name(const void *a, const void *b)
{
	const struct kallsyms_percpu *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void give(struct table *t, struct symbols *syms, struct kallsyms *ret)
{
	if (t->percpu_names.len)
		qsort(t->percpu_names.data, t->percpu_names.len, sizeof(struct kallsyms_percpu), by_name);
	*ret = (struct kallsyms){ .set = symbols_set_create(syms, ""), .count = t->entries.len,
				  .percpu = t->percpu_names.data, .npercpu = t->percpu_names.len };
	add_all(t, syms, ret->set);
	t->percpu_names.data = NULL;
	t->percpu_names.len = 0;
}

struct error *kallsyms_load(struct symbols *syms, const struct linux_guest *g,
			    const struct kallsyms_place *place, struct kallsyms *ret)
{
	struct table *t = xcalloc(1, sizeof(*t));
	struct error *err;

	t->guest = g;
	err = load(t, place);
	if (!err)
		give(t, syms, ret);
	for (size_t i = 0; i < t->entries.len; i++)
		free(t->entries.data[i].name);
	for (size_t i = 0; i < t->percpu_names.len; i++)
		free(t->percpu_names.data[i].name);
	vec_free(&t->percpu_names);
	vec_free(&t->entries);
	free(t->offsets);
	free(t);
	return err;
}

void kallsyms_deinit(struct kallsyms *k)
{
	for (size_t i = 0; i < k->npercpu; i++)
		free(k->percpu[i].name);
	free(k->percpu);
	*k = (struct kallsyms){ 0 };
}

bool kallsyms_percpu(const struct kallsyms *k, const char *name, uint64_t *ret_offset)
{
	const struct kallsyms_percpu key = { .name = (char *)(uintptr_t)name }, *found = NULL;

	if (k->npercpu)
		found = bsearch(&key, k->percpu, k->npercpu, sizeof(key), by_name);
	if (found)
		*ret_offset = found->offset;
	return found;
}
