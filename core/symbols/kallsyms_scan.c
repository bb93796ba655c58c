/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the parts of a kernel's symbol table are, told by their looks. scripts/kallsyms.c writes them in one
 * of two orders, each part aligned to 8:
 *
 *	until 6.3:  offsets, relative_base, num_syms, names, markers, (sequence,) token_table, token_index
 *	since 6.4:  num_syms, names, markers, token_table, token_index, offsets, relative_base
 *
 * The tokens that stand for themselves make the token table easy to find: "0", "1", ... "9". The index
 * behind it proves it and tells where it begins. Before it a number is looked for that so many names follow,
 * and behind those the markers: the place of every 256th name.
 */
#include "core/symbols/kallsyms.h"

#include <string.h>

#include "core/base/bits.h"

#define ALIGN 8u
#define TOKENS 256u
#define DIGIT0 0x30u
#define TOKEN_TABLE_MAX 65536u
#define NAMES_PER_MARKER 256u
#define SYMBOLS_MAX (4u << 20)
#define NAMES_REACH (64u << 20)
#define STEPS_MAX (64u << 20)
#define X86_KERNEL_MAP 0xffffffff80000000ull

struct scan {
	const uint8_t *data;
	size_t len;
	size_t tokens, index, num, names; /* offsets in data */
	uint32_t count;
	uint64_t steps;		/* names looked at: a made-up image must not take forever */
};

/* The index lies behind the table's last token: 256 ascending numbers from 0, at which strings begin. */
static bool check_index(struct scan *s, size_t digits)
{
	size_t at = digits;

	/* The tokens from '0' on, each ended by a zero. */
	for (unsigned i = DIGIT0; i < TOKENS; i++) {
		const uint8_t *end = at < s->len ? memchr(s->data + at, 0, s->len - at) : NULL;

		if (!end || (size_t)(end - s->data) - digits > TOKEN_TABLE_MAX)
			return false;
		at = end - s->data + 1;
	}
	at = align_up(at, ALIGN);
	if (at > s->len || s->len - at < TOKENS * 2 || le16_read(s->data + at) != 0)
		return false;
	for (unsigned i = 1; i < TOKENS; i++)
		if (le16_read(s->data + at + 2 * i) <= le16_read(s->data + at + 2 * (i - 1)))
			return false;
	size_t before = le16_read(s->data + at + 2 * DIGIT0);
	if (before > digits || (digits - before) % ALIGN || le16_read(s->data + at + 2 * DIGIT0 + 2) != before + 2)
		return false;
	s->tokens = digits - before;
	s->index = at;
	return true;
}

static bool find_tokens(struct scan *s)
{
	static const uint8_t digits[20] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
	const uint8_t *at = s->data, *end = s->data + s->len;

	while ((at = memmem(at, end - at, digits, sizeof(digits)))) {
		if (check_index(s, at - s->data))
			return true;
		at++;
	}
	return false;
}

/* How far the @count names from @at on reach, or 0. */
static size_t skip_names(struct scan *s, size_t at, uint32_t count)
{
	while (count--) {
		if (at + 2 > s->tokens || s->steps++ > STEPS_MAX)
			return 0;
		size_t len = s->data[at++];
		if (len & 0x80)
			len = (len & 0x7f) | (size_t)s->data[at++] << 7;
		if (len == 0 || len > s->tokens - at)
			return 0;
		at += len;
	}
	return at;
}

static bool is_count(struct scan *s, size_t at, uint32_t count)
{
	size_t second = skip_names(s, at + 8, NAMES_PER_MARKER), end;

	if (!second || !(end = skip_names(s, second, count - NAMES_PER_MARKER)))
		return false;
	end = align_up(end, ALIGN);
	return end + 8 <= s->tokens && le32_read(s->data + end) == 0 &&
	       le32_read(s->data + end + 4) == second - (at + 8);
}

/* Backwards from the token table: other things that lie between have few numbers that look like counts. */
static bool find_names(struct scan *s)
{
	size_t lowest = s->tokens > NAMES_REACH ? s->tokens - NAMES_REACH : 0;

	for (size_t at = align_down(s->tokens, ALIGN); at >= lowest + ALIGN;) {
		at -= ALIGN;
		uint64_t count = le64_read(s->data + at);

		if (count <= NAMES_PER_MARKER || count > SYMBOLS_MAX || !is_count(s, at, count))
			continue;
		s->num = at;
		s->names = at + 8;
		s->count = count;
		return true;
	}
	return false;
}

/* An address of the kernel's image, and offsets that go up from it as addresses do. */
static bool base_ok(const struct scan *s, size_t offsets, size_t base)
{
	if (base > s->len || s->len - base < 8 || offsets > base)
		return false;
	return le64_read(s->data + base) >= X86_KERNEL_MAP;
}

static bool find_offsets(const struct scan *s, size_t *ret_offsets, size_t *ret_base)
{
	size_t bytes = align_up(4ul * s->count, ALIGN);

	*ret_offsets = s->index + 2 * TOKENS;
	*ret_base = *ret_offsets + bytes;
	if (base_ok(s, *ret_offsets, *ret_base))
		return true;
	if (s->num < 8 + bytes)
		return false;
	*ret_base = s->num - 8;
	*ret_offsets = *ret_base - bytes;
	return base_ok(s, *ret_offsets, *ret_base);
}

bool kallsyms_place_by_scan(const uint8_t *data, size_t len, uint64_t addr, struct kallsyms_place *ret)
{
	struct scan s = { .data = data, .len = len };
	size_t offsets, base;

	if (!find_tokens(&s) || !find_names(&s) || !find_offsets(&s, &offsets, &base))
		return false;
	*ret = (struct kallsyms_place){
		.names = addr + s.names, .num = addr + s.num, .token_table = addr + s.tokens,
		.token_index = addr + s.index, .offsets = addr + offsets, .relative_base = addr + base,
	};
	return true;
}
