/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Candidates are found by comparing two bytes of the needle against whole vectors of memory (the two
 * least likely to be everywhere), then checked byte by byte: bounded by the speed of memory, also when
 * the needle starts with zeros. The memory changes under us when the guest runs; that is harmless.
 */
#include "core/session/search.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/session/session.h"

/* 16 bytes is a vector on every 64-bit CPU; four at a time keep its units busy. */
#define VECTOR 16
#define VECTORS 4
#define BLOCK (VECTOR * VECTORS)
typedef uint8_t vector_t __attribute__((vector_size(VECTOR)));
typedef uint64_t lanes_t __attribute__((vector_size(VECTOR)));

#define NEEDLE_MAX 65536
#define PAGE 4096

struct needle {
	const uint8_t *bytes;
	size_t len;
	size_t a, b; /* offsets of the two bytes looked for first */
};

/* How common a byte is in memory, roughly: filler and small numbers are everywhere. */
static unsigned commonness(uint8_t c)
{
	return c == 0 ? 3 : c == 0xff || c == 0x20 || c < 8 ? 2 : c == 0x48 || c == 0x90 ? 1 : 0;
}

static void needle_init(struct needle *n, const void *bytes, size_t len)
{
	n->bytes = bytes;
	n->len = len;
	n->a = 0;
	n->b = len - 1;
	for (size_t i = 1; i < len; i++)
		if (commonness(n->bytes[i]) < commonness(n->bytes[n->a]))
			n->a = i;
	for (size_t i = 0; i < len; i++)
		if (i != n->a && (n->b == n->a || commonness(n->bytes[i]) < commonness(n->bytes[n->b])))
			n->b = i;
}

static inline vector_t vector_load(const uint8_t *p)
{
	vector_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* True when one of the BLOCK places from @p has both bytes. */
static inline bool block_may_hit(const uint8_t *p, const struct needle *n, vector_t a, vector_t b)
{
	vector_t any = { 0 };
	lanes_t lanes;

	for (unsigned i = 0; i < VECTORS; i++, p += VECTOR)
		any |= (vector_t)(vector_load(p + n->a) == a) & (vector_t)(vector_load(p + n->b) == b);
	lanes = (lanes_t)any;
	return (lanes[0] | lanes[1]) != 0;
}

/* The first place at or after @from in [hay, hay+len), or NULL. */
static const uint8_t *scan(const uint8_t *hay, size_t len, const struct needle *n, size_t from)
{
	vector_t a = (vector_t){ 0 } + n->bytes[n->a], b = (vector_t){ 0 } + n->bytes[n->b];
	size_t last, i = from;

	if (len < n->len || from > len - n->len)
		return NULL;
	last = len - n->len;
	for (; i + BLOCK <= last + 1; i += BLOCK) {
		if (!block_may_hit(hay + i, n, a, b))
			continue;
		for (size_t k = i; k < i + BLOCK; k++)
			if (hay[k + n->a] == n->bytes[n->a] && memcmp(hay + k, n->bytes, n->len) == 0)
				return hay + k;
	}
	for (; i <= last; i++)
		if (hay[i + n->a] == n->bytes[n->a] && memcmp(hay + i, n->bytes, n->len) == 0)
			return hay + i;
	return NULL;
}

struct hits {
	uint64_t *at;
	size_t max, count;
};

static void scan_run(const uint8_t *hay, size_t len, uint64_t addr, const struct needle *n, struct hits *h)
{
	size_t from = 0;
	const uint8_t *p;

	while (h->count < h->max && (p = scan(hay, len, n, from))) {
		h->at[h->count++] = addr + (uint64_t)(p - hay);
		from = (size_t)(p - hay) + 1;
	}
}

static struct error *check(size_t needle_len)
{
	if (needle_len == 0 || needle_len > NEEDLE_MAX)
		return error_create(ERROR_USAGE, "a search pattern has 1 to %d bytes, not %zu", NEEDLE_MAX,
				    needle_len);
	return NULL;
}

static void finish(struct hits *h, size_t *ret_count)
{
	if (ret_count)
		*ret_count = h->count;
	else if (h->count == 0)
		h->at[0] = ~0ull;
}

struct error *search_phys_all(struct target *t, uint64_t gpa, uint64_t len, const void *needle,
			      size_t needle_len, uint64_t *ret, size_t max, size_t *ret_count)
{
	struct hits h = { .at = ret, .max = max };
	uint64_t end = gpa + len < gpa ? ~0ull : gpa + len;
	struct error *err = check(needle_len);
	struct needle n;

	if (err)
		return err;
	if (!t->ops->phys_ptr)
		return error_create(ERROR_UNSUPPORTED, "searching memory is not supported by a %s target",
				    t->ops->name);
	needle_init(&n, needle, needle_len);
	while (gpa < end && h.count < h.max) {
		size_t run = 0;
		const uint8_t *p = t->ops->phys_ptr(t, gpa, &run);

		if (!p || run == 0) {
			struct mem_region r;
			uint64_t next = end;

			/* Not memory here: on to the next region that is. */
			for (unsigned i = 0; t->ops->region && t->ops->region(t, i, &r); i++)
				if ((r.kind == MEM_RAM || r.kind == MEM_ROM) && r.start > gpa && r.start < next)
					next = r.start;
			gpa = next;
			continue;
		}
		if (run > end - gpa)
			run = (size_t)(end - gpa);
		scan_run(p, run, gpa, &n, &h);
		gpa += run;
	}
	finish(&h, ret_count);
	return NULL;
}

/*
 * Page by page through the page tables, joining pages into one buffer so that a match may cross them:
 * each page is searched behind the tail of the one before it.
 */
struct error *search_virt_all(struct session *s, uint64_t gva, uint64_t len, const void *needle,
			      size_t needle_len, uint64_t *ret, size_t max, size_t *ret_count)
{
	struct hits h = { .at = ret, .max = max };
	struct error *err = check(needle_len);
	uint64_t end = gva + len < gva ? ~0ull : gva + len;
	_free_ uint8_t *buf = NULL;
	size_t tail = 0;
	struct needle n;

	if (err)
		return err;
	needle_init(&n, needle, needle_len);
	buf = malloc(needle_len + 16 * PAGE);
	if (!buf)
		return error_create(ERROR_NOMEM, "no memory for the search");
	while (gva < end && h.count < h.max) {
		size_t want = 16 * PAGE - (size_t)(gva % PAGE), got = 0;

		if (want > end - gva)
			want = (size_t)(end - gva);
		error_destroy(session_mem_read(s, gva, buf + tail, want, &got));
		scan_run(buf, tail + got, gva - tail, &n, &h);
		if (got < want) {
			/* A page that is not mapped: go on behind it, with nothing to join. */
			gva = align_down(gva + got, PAGE) + PAGE;
			tail = 0;
			if (gva == 0)
				break;
			continue;
		}
		gva += got;
		size_t keep = tail + got < n.len - 1 ? tail + got : n.len - 1;
		memmove(buf, buf + tail + got - keep, keep);
		tail = keep;
	}
	finish(&h, ret_count);
	return NULL;
}
