/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A picture of a ring: which slots hold buffers that are out, which wait, and where each side stands. */
#include "core/decode/virtio/show.h"

#include <string.h>

#define LINES 4

enum slot { SLOT_FREE, SLOT_OUT, SLOT_WAITS };

struct strip {
	unsigned n, used, taken, made;	/* entries; slots where the device gives, takes, the driver puts next */
	unsigned out, waits;		/* slots from @used on, from @taken on */
};

/* The slots of a packed ring that are available from the device's position on. */
static unsigned packed_waiting(const struct virtq_ring *r)
{
	bool wrap = r->src->queue.flags & STATE_VIRTQ_AVAIL_WRAP;
	unsigned at = r->src->queue.last_avail & 0x7fff, n = 0;

	while (n < r->n && at < r->n && virtq_packed_is_avail(virtq_ring_desc(r, at).flags, wrap)) {
		n++;
		if (++at == r->n) {
			at = 0;
			wrap = !wrap;
		}
	}
	return n;
}

static void measure(const struct virtq_ring *r, struct strip *s)
{
	const struct state_virtio_queue *q = &r->src->queue;

	s->n = r->n;
	if (r->packed) {
		s->used = (q->used_idx & 0x7fff) % r->n;
		s->taken = (q->last_avail & 0x7fff) % r->n;
		s->out = (s->taken + r->n - s->used) % r->n;
		if (!s->out && !(q->flags & STATE_VIRTQ_USED_WRAP) != !(q->flags & STATE_VIRTQ_AVAIL_WRAP))
			s->out = r->n;
		s->waits = packed_waiting(r);
	} else {
		uint16_t used = virtq_used_idx(r), avail = virtq_avail_idx(r);
		bool known = !(q->flags & STATE_VIRTQ_NO_INDICES);
		uint16_t taken = known ? q->last_avail : avail;

		s->used = used % r->n;
		s->taken = taken % r->n;
		s->out = (uint16_t)(taken - used);
		s->waits = (uint16_t)(avail - taken);
	}
	s->out = s->out < s->n ? s->out : s->n;
	s->waits = s->waits < s->n ? s->waits : s->n;
	s->made = (s->taken + s->waits) % s->n;
}

static enum slot slot_at(const struct strip *s, unsigned i)
{
	if ((i + s->n - s->taken) % s->n < s->waits)
		return SLOT_WAITS;
	return (i + s->n - s->used) % s->n < s->out ? SLOT_OUT : SLOT_FREE;
}

/* What a cell that stands for several slots shows: what waits counts most. */
static enum slot cell_at(const struct strip *s, unsigned from, unsigned to)
{
	enum slot most = SLOT_FREE;

	for (unsigned i = from; i < to && i < s->n; i++)
		if (slot_at(s, i) > most)
			most = slot_at(s, i);
	return most;
}

static char mark_at(const struct strip *s, unsigned from, unsigned to)
{
	bool used = s->used >= from && s->used < to, taken = s->taken >= from && s->taken < to;
	bool made = s->made >= from && s->made < to;

	if (used + taken + made > 1)
		return '*';
	return used ? 'u' : taken ? 'd' : made ? 'a' : ' ';
}

void virtq_strip_show(const struct virtq_ring *r, unsigned cells, struct out *out)
{
	static const char pictures[] = { '.', 'o', 'w' };
	static const enum role roles[] = { ROLE_DIM, ROLE_NUMBER, ROLE_WARN };
	unsigned per, from = 0;
	struct strip s;

	measure(r, &s);
	cells = cells < 8 ? 8 : cells;
	/* Slots per cell: a power of two, so that rows start at round numbers. */
	for (per = 1; (s.n + per - 1) / per > cells * LINES; per *= 2)
		;
	while (from < s.n) {
		unsigned row = from;

		out_text(out, ROLE_DIM, "  %5u ", row);
		for (unsigned c = 0; c < cells && from < s.n; c++, from += per) {
			enum slot slot = cell_at(&s, from, from + per);

			out_text(out, roles[slot], "%c", pictures[slot]);
		}
		out_nl(out);
		out_text(out, ROLE_DIM, "        ");
		for (unsigned i = row; i < from; i += per)
			out_text(out, ROLE_HEADING, "%c", mark_at(&s, i, i + per));
		out_nl(out);
	}
	out_text(out, ROLE_DIM, "        o out, w waits, . free; next: a available, d taken, u used");
	if (per > 1)
		out_text(out, ROLE_DIM, "; %u slots a cell", per);
	out_nl(out);
}
