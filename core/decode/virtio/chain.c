/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Buffers: the descriptors from a head on, with indirect tables, and the rules of their structure. */
#include "core/decode/virtio/ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"

struct walk {
	const struct virtq_ring *ring;
	struct virtq_chain *chain;
	struct virtq_findings *f;
	unsigned *budget;
	bool seen_writable, broken;
};

static void note(struct walk *w, struct virtq_finding *finding, unsigned entry, const uint8_t raw[16])
{
	w->broken = true;
	if (!finding)
		return;
	finding->head = w->chain->head;
	finding->entry = entry;
	memcpy(finding->bytes, raw, 16);
	finding->nbytes = 16;
}

/* The whole range must be memory the device can reach. */
static bool map_range(const struct virtq_source *src, uint64_t addr, uint64_t len, bool write, uint64_t *ret_gpa)
{
	uint64_t gpa = 0, at = addr, left = len;

	if (!len)
		return virtq_translate(src, addr, 1, write, ret_gpa) == 1;
	if (addr + (len - 1) < addr)
		return false;
	while (left) {
		uint64_t n = virtq_translate(src, at, left, write, &gpa);

		if (!n || !src->mem.is_ram(src->mem.ctx, gpa, n))
			return false;
		if (at == addr)
			*ret_gpa = gpa;
		at += n;
		left -= n;
	}
	return true;
}

static void add_link(struct walk *w, const struct virtq_desc *d, unsigned index, bool in_table,
		     const uint8_t raw[16])
{
	bool write = d->flags & VIRTQ_DESC_WRITE;
	struct virtq_link link = { .desc = *d, .index = index, .in_table = in_table };

	memcpy(link.raw, raw, 16);
	link.mapped = map_range(w->ring->src, d->addr, d->len, write, &link.gpa);
	vec_push(&w->chain->links, link);
	*(write ? &w->chain->writable : &w->chain->readable) += d->len;
	if (!link.mapped)
		note(w, virtq_find(w->f, 8, "descriptor %u%s: [0x%llx, +0x%x) is not %s", index,
				   in_table ? " of the indirect table" : "", (unsigned long long)d->addr, d->len,
				   w->ring->src->iova ? "mapped for the device" : "guest memory"), index, raw);
	if (w->seen_writable && !write)
		note(w, virtq_find(w->f, 7, "descriptor %u%s is readable after a writable one", index,
				   in_table ? " of the indirect table" : ""), index, raw);
	w->seen_writable |= write;
}

static bool spend(struct walk *w)
{
	if (!*w->budget)
		return false;
	--*w->budget;
	return true;
}

/* An indirect table's entries; @d refers to it. */
static void walk_table(struct walk *w, const struct virtq_desc *d, unsigned index, const uint8_t raw[16])
{
	const struct virtq_ring *r = w->ring;
	unsigned entries = d->len / 16, i = 0;
	uint8_t *table, *seen;

	w->chain->indirect = true;
	if (!d->len || d->len % 16) {
		note(w, virtq_find(w->f, 6, "descriptor %u: the indirect table has 0x%x bytes, not a multiple of 16",
				   index, d->len), index, raw);
		return;
	}
	/* A table longer than the ring: Linux and others allow it, but nobody may rely on it (2.7.5.3.1). */
	if (entries > r->n)
		note(w, virtq_find(w->f, 5, "descriptor %u: the indirect table has %u entries, the ring %u", index,
				   entries, r->n), index, raw);
	if (entries > VIRTQ_SIZE_MAX)
		entries = VIRTQ_SIZE_MAX;
	table = malloc(16 * (size_t)entries);
	seen = calloc(1, entries);
	if (!table || !seen || !virtq_source_read(r->src, d->addr, table, 16 * (size_t)entries)) {
		note(w, virtq_find(w->f, 8, "descriptor %u: the indirect table [0x%llx, +0x%x) is not guest memory",
				   index, (unsigned long long)d->addr, d->len), index, raw);
		free(table);
		free(seen);
		return;
	}
	while (spend(w)) {
		const uint8_t *p = table + 16 * (size_t)i;
		struct virtq_desc t = virtq_desc_decode(p, r->be);

		if (r->packed) {
			t.flags = le16_read(p + 14);
			t.next = 0;
		}
		if (seen[i]++) {
			note(w, virtq_find(w->f, 5, "entry %u of the indirect table is visited twice", i), i, p);
			break;
		}
		if (t.flags & VIRTQ_DESC_INDIRECT) {
			note(w, virtq_find(w->f, 6, "entry %u of the indirect table is indirect itself", i), i, p);
			break;
		}
		add_link(w, &t, i, true, p);
		/* Packed: the table's length counts, NEXT is ignored (2.8.7). */
		if (r->packed ? i + 1 == entries : !(t.flags & VIRTQ_DESC_NEXT))
			break;
		i = r->packed ? i + 1 : t.next;
		if (i >= entries) {
			note(w, virtq_find(w->f, 5, "an entry of the indirect table has next %u of %u", i, entries),
			     i, p);
			break;
		}
	}
	free(table);
	free(seen);
}

/* One descriptor of the ring; true: its chain may go on. */
static bool visit(struct walk *w, unsigned index, const struct virtq_desc *d)
{
	const uint8_t *raw = w->ring->table + 16 * (size_t)index;

	w->chain->ndesc++;
	if (!(d->flags & VIRTQ_DESC_INDIRECT)) {
		add_link(w, d, index, false, raw);
		return true;
	}
	if (!virtio_bit(w->ring->src->dev.driver, VIRTIO_F_INDIRECT))
		note(w, virtq_find(w->f, 6, "descriptor %u is indirect, INDIRECT_DESC was not negotiated", index),
		     index, raw);
	if (d->flags & VIRTQ_DESC_NEXT) {
		note(w, virtq_find(w->f, 6, "descriptor %u has INDIRECT and NEXT", index), index, raw);
		return false;
	}
	walk_table(w, d, index, raw);
	return false;
}

static void walk_split(struct walk *w, uint16_t head)
{
	const struct virtq_ring *r = w->ring;
	unsigned i = head, count = 0;
	uint8_t *seen;

	if (head >= r->n) {
		w->broken = true;
		return; /* RI03: said by who read the ring's entry */
	}
	seen = xcalloc(1, r->n);
	while (spend(w)) {
		struct virtq_desc d = virtq_ring_desc(r, i);
		const uint8_t *raw = r->table + 16 * (size_t)i;

		if (seen[i]++) {
			note(w, virtq_find(w->f, 5, "the chain comes back to descriptor %u after %u", i, count), i, raw);
			break;
		}
		count++;
		if (!visit(w, i, &d) || !(d.flags & VIRTQ_DESC_NEXT))
			break;
		if (d.next >= r->n) {
			note(w, virtq_find(w->f, 5, "descriptor %u has next %u, the table has %u", i, d.next, r->n),
			     i, raw);
			break;
		}
		i = d.next;
	}
	free(seen);
}

static void walk_packed(struct walk *w, uint16_t head)
{
	const struct virtq_ring *r = w->ring;
	unsigned i = head;

	if (head >= r->n) {
		w->broken = true;
		return;
	}
	while (spend(w)) {
		struct virtq_desc d = virtq_ring_desc(r, i);
		const uint8_t *raw = r->table + 16 * (size_t)i;

		w->chain->id = d.next; /* the last descriptor's counts */
		if (!visit(w, i, &d) || !(d.flags & VIRTQ_DESC_NEXT))
			break;
		if (w->chain->ndesc == r->n) {
			note(w, virtq_find(w->f, 5, "the chain at %u is longer than the ring", head), i, raw);
			break;
		}
		if (++i == r->n)
			i = 0;
	}
}

void virtq_chain_walk(const struct virtq_ring *ring, uint16_t head, unsigned *budget,
		      struct virtq_findings *f, struct virtq_chain *ret)
{
	struct walk w = { .ring = ring, .chain = ret, .f = f, .budget = budget };
	unsigned before = *budget;

	memset(ret, 0, sizeof(*ret));
	ret->head = ret->id = head;
	if (ring->packed)
		walk_packed(&w, head);
	else
		walk_split(&w, head);
	ret->complete = !w.broken && before && *budget;
	if (ret->readable + ret->writable > 1ULL << 32 && ret->links.len)
		note(&w, virtq_find(f, 8, "the buffer has 0x%llx bytes, more than 4 GiB",
				    (unsigned long long)(ret->readable + ret->writable)), ret->links.data[0].index,
		     ret->links.data[0].raw);
}

void virtq_chain_deinit(struct virtq_chain *chain)
{
	vec_free(&chain->links);
}

size_t virtq_chain_bytes(const struct virtq_ring *ring, const struct virtq_chain *chain, bool writable,
			 uint64_t offset, void *buf, size_t len)
{
	uint8_t *to = buf;
	size_t done = 0;

	for (size_t i = 0; i < chain->links.len && done < len; i++) {
		const struct virtq_link *l = &chain->links.data[i];
		size_t n;

		if (!!(l->desc.flags & VIRTQ_DESC_WRITE) != writable)
			continue;
		if (offset >= l->desc.len) {
			offset -= l->desc.len;
			continue;
		}
		n = l->desc.len - offset;
		if (n > len - done)
			n = len - done;
		if (!virtq_source_read(ring->src, l->desc.addr + offset, to + done, n))
			break;
		done += n;
		offset = 0;
	}
	return done;
}
