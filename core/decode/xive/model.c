/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/decode/xive/model.h"

#include "core/base/bits.h"

const char *xive_pq_name(uint8_t pq)
{
	static const char *const names[] = { "00 idle", "01 off", "10 pending", "11 queued" };

	return pq < 4 ? names[pq] : "?";
}

bool xive_pq_trigger(uint8_t *pq)
{
	switch (*pq) {
	case XIVE_PQ_RESET:
		*pq = XIVE_PQ_PENDING;
		return true;
	case XIVE_PQ_PENDING:
		*pq = XIVE_PQ_QUEUED;
		return false;
	default:
		return false;
	}
}

bool xive_pq_eoi(uint8_t *pq)
{
	switch (*pq) {
	case XIVE_PQ_PENDING:
		*pq = XIVE_PQ_RESET;
		return false;
	case XIVE_PQ_QUEUED:
		*pq = XIVE_PQ_PENDING;
		return true;
	default:
		return false;
	}
}

uint8_t xive_pq_set(uint8_t *pq, uint8_t value)
{
	uint8_t old = *pq;

	*pq = value & 3;
	return old;
}

/* ---- ESB pages ----------------------------------------------------------------------------------- */

enum xive_esb_op xive_esb_decode(const struct xive_esb_access *a)
{
	unsigned op = a->offset >> 8 & 0xf;

	if (!a->management)
		return a->store ? XIVE_ESB_TRIGGER : XIVE_ESB_NOTHING;
	switch (op) {
	case 0x0 ... 0x3:
		return a->store ? XIVE_ESB_TRIGGER : XIVE_ESB_LOAD_EOI;
	case 0x4 ... 0x7:
		if (!a->store)
			return XIVE_ESB_LOAD_EOI;
		return a->flags & STATE_XIVE_SRC_STORE_EOI ? XIVE_ESB_STORE_EOI : XIVE_ESB_NOTHING;
	case 0x8 ... 0xb:
		return a->store ? XIVE_ESB_NOTHING : XIVE_ESB_GET;
	default:
		return XIVE_ESB_SET_00 + (op - 0xc);
	}
}

const char *xive_esb_op_name(enum xive_esb_op op)
{
	static const char *const names[] = {
		"trigger", "load EOI", "store EOI", "get PQ", "set PQ 00", "set PQ 01", "set PQ 10", "set PQ 11",
		"nothing",
	};

	return op <= XIVE_ESB_NOTHING ? names[op] : "?";
}

bool xive_esb_apply(enum xive_esb_op op, uint8_t *pq, uint8_t *ret_value)
{
	*ret_value = *pq;
	switch (op) {
	case XIVE_ESB_TRIGGER:
		return xive_pq_trigger(pq);
	case XIVE_ESB_LOAD_EOI:
	case XIVE_ESB_STORE_EOI:
		return xive_pq_eoi(pq);
	case XIVE_ESB_SET_00 ... XIVE_ESB_SET_11:
		*ret_value = xive_pq_set(pq, op - XIVE_ESB_SET_00);
		return false;
	default:
		return false;
	}
}

/* ---- event queues -------------------------------------------------------------------------------- */

static uint32_t entry_at(const uint8_t *page, size_t len, uint32_t i)
{
	return (uint64_t)i * 4 + 4 <= len ? be32_read(page + (size_t)i * 4) : 0;
}

static uint8_t generation_at(const uint8_t *page, size_t len, uint32_t i)
{
	return entry_at(page, len, i) >> 31;
}

/* Where the generation changes is where the producer goes on. A fresh page has none at all: index 0, 1. */
static void infer_producer(const uint8_t *page, size_t len, struct xive_eq *eq)
{
	uint8_t first = generation_at(page, len, 0);

	eq->inferred = true;
	for (eq->index = 0; eq->index < eq->entries; eq->index++)
		if (generation_at(page, len, eq->index) != first)
			break;
	eq->toggle = first;
	if (eq->index == eq->entries) {
		eq->index = 0;
		eq->toggle = !first;
	}
}

bool xive_eq_decode(const uint8_t *page, size_t len, const struct state_xive_queue *q, struct xive_eq *ret)
{
	struct xive_eq eq = { .entries = 0 };

	if (q->qshift < 2 || q->qshift > XIVE_EQ_SHIFT_MAX)
		return false;
	eq.entries = 1u << (q->qshift - 2);
	if (q->flags & STATE_XIVE_Q_PRODUCER) {
		eq.index = q->qindex & (eq.entries - 1);
		eq.toggle = q->qtoggle & 1;
	} else if (len) {
		infer_producer(page, len, &eq);
	} else {
		eq.toggle = 1;
		eq.inferred = true;
	}
	/* Before the position everything is of this lap; behind it, of the last one. */
	for (uint32_t i = 0; len && i < eq.entries; i++) {
		if ((generation_at(page, len, i) == eq.toggle) == (i < eq.index))
			continue;
		if (!eq.bad++)
			eq.first_bad = i;
	}
	if (q->flags & STATE_XIVE_Q_CONSUMER) {
		uint32_t at = q->consumer_index & (eq.entries - 1);

		eq.consumer_known = true;
		eq.pending = (eq.index - at) & (eq.entries - 1);
		if (!eq.pending && len && generation_at(page, len, at) != (q->consumer_toggle & 1))
			eq.pending = eq.entries;
	}
	*ret = eq;
	return true;
}

bool xive_eq_recent(const uint8_t *page, size_t len, const struct xive_eq *eq, uint32_t back,
		    struct xive_eq_entry *ret)
{
	uint32_t i = (eq->index - 1 - back) & (eq->entries - 1), v;

	if (back >= eq->entries || !len)
		return false;
	v = entry_at(page, len, i);
	/* Behind the position lies the last lap: in the first one there is nothing, and all is zero. */
	if (i >= eq->index && eq->toggle == 1 && v == 0)
		return false;
	*ret = (struct xive_eq_entry){ .index = i, .eisn = v & XIVE_EISN_MASK, .generation = v >> 31 };
	return true;
}

bool xive_eq_find(const uint8_t *page, size_t len, const struct xive_eq *eq, uint32_t eisn,
		  struct xive_eq_entry *ret, uint32_t *ret_back)
{
	for (uint32_t back = 0; xive_eq_recent(page, len, eq, back, ret); back++) {
		if (ret->eisn != eisn)
			continue;
		*ret_back = back;
		return true;
	}
	return false;
}

void xive_eq_push(uint8_t *page, unsigned qshift, uint32_t *index, uint8_t *toggle, uint32_t eisn)
{
	be32_write(page + (size_t)*index * 4, (uint32_t)*toggle << 31 | (eisn & XIVE_EISN_MASK));
	*index = (*index + 1) & ((1u << (qshift - 2)) - 1);
	if (!*index)
		*toggle ^= 1;
}

bool xive_eq_pop(const uint8_t *page, unsigned qshift, uint32_t *index, uint8_t *toggle, uint32_t *ret_eisn)
{
	uint32_t v = be32_read(page + (size_t)*index * 4);

	if (v >> 31 == *toggle)
		return false;
	*ret_eisn = v & XIVE_EISN_MASK;
	*index = (*index + 1) & ((1u << (qshift - 2)) - 1);
	if (!*index)
		*toggle ^= 1;
	return true;
}

/* ---- ids ----------------------------------------------------------------------------------------- */

bool xive_pack_server(uint32_t server, uint32_t max_vcpus, uint32_t smt_stride, uint32_t *ret)
{
	static const uint8_t block_offsets[8] = { 0, 4, 2, 6, 1, 5, 3, 7 };
	uint64_t block;

	if (!max_vcpus || !smt_stride || smt_stride > 8 || 8 % smt_stride)
		return false;
	block = (uint64_t)(server / max_vcpus) * (8 / smt_stride);
	if (block >= 8)
		return false;
	*ret = server % max_vcpus + block_offsets[block];
	return true;
}
