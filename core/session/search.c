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
#include "core/base/text.h"
#include "core/base/vec.h"
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

/* ---- guest-virtual: what the page tables map, run by run --------------------------------------------- */

#define SPANS_MAX (1u << 18)

struct span {
	uint64_t gva, gpa, len;
};

struct spans {
	VEC(struct span) list;
	uint64_t lo, hi;	/* searched: [lo, hi) */
	uint64_t bytes;
	bool full;
};

static bool add_span(void *ctx, const struct mmu_range *r)
{
	struct spans *spans = ctx;
	uint64_t lo = r->gva > spans->lo ? r->gva : spans->lo;
	uint64_t end = r->gva + r->len < r->gva ? UINT64_MAX : r->gva + r->len;

	if (end > spans->hi)
		end = spans->hi;
	if (lo >= end)
		return true;
	if (spans->list.len == SPANS_MAX) {
		spans->full = true;
		return false;
	}
	vec_push(&spans->list, ((struct span){ .gva = lo, .gpa = r->gpa + (lo - r->gva), .len = end - lo }));
	spans->bytes += end - lo;
	return true;
}

static uint64_t memory_size(struct target *t)
{
	struct mem_region r;
	uint64_t bytes = 0;

	for (unsigned i = 0; t->ops->region && t->ops->region(t, i, &r); i++)
		if (r.kind == MEM_RAM || r.kind == MEM_ROM)
			bytes += r.len;
	return bytes;
}

/* A hostile or a sanitizer's table maps the same page for terabytes: that is refused, not waited for. */
static struct error *check_spans(struct target *t, const struct spans *spans)
{
	char size[32];

	if (!spans->full && spans->bytes <= 8 * memory_size(t) + (1ull << 30))
		return NULL;
	return error_hint(error_create(ERROR_FAILED, "the page tables map %s%s there: search a smaller range",
				       spans->full ? "more than " : "",
				       format_size(size, sizeof(size), spans->bytes)),
			  "`findp` searches each byte of memory once");
}

/* The end of what was searched last: a match may begin in it and end in what follows. */
struct tail {
	uint8_t *bytes;		/* room for two needles */
	size_t len;
	uint64_t end;		/* the address behind it */
};

static void scan_joined(struct tail *tail, const uint8_t *p, size_t len, uint64_t gva,
			const struct needle *n, struct hits *h)
{
	size_t keep = n->len - 1, head = len < keep ? len : keep;

	if (tail->end != gva)
		tail->len = 0;
	if (tail->len) {
		memcpy(tail->bytes + tail->len, p, head);
		scan_run(tail->bytes, tail->len + head, gva - tail->len, n, h);
	}
	scan_run(p, len, gva, n, h);
	if (len >= keep) {
		memcpy(tail->bytes, p + len - keep, keep);
		tail->len = keep;
	} else {
		if (!tail->len)
			memcpy(tail->bytes, p, len);
		tail->len += len;
		if (tail->len > keep) {
			memmove(tail->bytes, tail->bytes + tail->len - keep, keep);
			tail->len = keep;
		}
	}
	tail->end = gva + len;
}

static void scan_span(struct target *t, struct span span, struct tail *tail, const struct needle *n,
		      struct hits *h)
{
	while (span.len && h->count < h->max) {
		size_t run = 0;
		const uint8_t *p = t->ops->phys_ptr(t, span.gpa, &run);

		if (!p || run == 0)
			run = PAGE - span.gpa % PAGE; /* a device's page, or none */
		if (run > span.len)
			run = span.len;
		if (p)
			scan_joined(tail, p, run, span.gva, n, h);
		span.gva += run;
		span.gpa += run;
		span.len -= run;
	}
}

static struct error *map_spans(struct session *s, struct spans *spans, bool *ret_off)
{
	struct target_reader ctx = { .target = s->target };
	struct mmu_walk walk;
	struct mem_reader mem;
	struct error *error;
	bool stale;

	*ret_off = false;
	error = session_regs(s, 0, &ctx.regs, &stale);
	if (!error)
		error = target_walk(s->target, ctx.regs, spans->lo, &walk);
	if (error)
		return error;
	if (walk.verdict == MMU_NO_PAGING) {
		*ret_off = true;
		return NULL;
	}
	if (!s->target->arch->map)
		return error_create(ERROR_UNSUPPORTED, "page tables of %s are not supported",
				    s->target->arch->name);
	mem = target_reader(&ctx);
	error = s->target->arch->map(ctx.regs, &mem, add_span, spans);
	return error ? error : check_spans(s->target, spans);
}

struct error *search_virt_all(struct session *s, uint64_t gva, uint64_t len, const void *needle,
			      size_t needle_len, uint64_t *ret, size_t max, size_t *ret_count)
{
	struct spans spans = { .lo = gva, .hi = gva + len < gva ? UINT64_MAX : gva + len };
	struct hits h = { .at = ret, .max = max };
	struct error *error = check(needle_len);
	_free_ uint8_t *room = NULL;
	struct tail tail;
	struct needle n;
	bool off;

	if (error)
		return error;
	if (!s->target || !s->target->ops->phys_ptr)
		return error_create(ERROR_UNSUPPORTED, "searching memory is not supported by this target");
	error = map_spans(s, &spans, &off);
	if (!error && off) {
		vec_free(&spans.list);
		return search_phys_all(s->target, gva, len, needle, needle_len, ret, max, ret_count);
	}
	if (!error) {
		needle_init(&n, needle, needle_len);
		room = xcalloc(2, needle_len);
		tail = (struct tail){ .bytes = room };
		for (size_t i = 0; i < spans.list.len && h.count < h.max; i++)
			scan_span(s->target, spans.list.data[i], &tail, &n, &h);
		finish(&h, ret_count);
	}
	vec_free(&spans.list);
	return error;
}
