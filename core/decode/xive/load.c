/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/decode/xive/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"

#define VPS_MAX 4096

union list_blob {
	struct state_xive_list list;
	uint8_t bytes[sizeof(struct state_xive_list) + STATE_XIVE_PAGE * 256];
};

/* One page of a list: *ret_count entries of at least @entry bytes, each ->entry_size apart. */
static struct error *load_page(struct target *t, enum state_kind kind, unsigned page, size_t entry,
			       union list_blob *blob, uint32_t *ret_count)
{
	size_t len = 0;
	struct error *err = target_state_get(t, kind, page, blob, sizeof(*blob), &len);

	if (err)
		return err;
	if (len < sizeof(blob->list) || blob->list.version != STATE_XIVE_VERSION || blob->list.entry_size < entry ||
	    blob->list.entry_size > 256 || blob->list.count > STATE_XIVE_PAGE ||
	    (len - sizeof(blob->list)) / blob->list.entry_size < blob->list.count)
		return error_create(ERROR_FAILED, "XIVE state %d, page %u, is damaged: %zu bytes, version %u, %u entries "
				    "of %u", kind, page, len, len >= 4 ? blob->list.version : 0,
				    len >= 8 ? blob->list.count : 0, len >= 16 ? blob->list.entry_size : 0);
	*ret_count = blob->list.count;
	return NULL;
}

static int source_order(const void *a, const void *b)
{
	uint32_t x = ((const struct xive_source *)a)->s.lisn, y = ((const struct xive_source *)b)->s.lisn;

	return x < y ? -1 : x > y;
}

static int target_order(const void *a, const void *b)
{
	const struct state_xive_source *x = &(*(struct xive_source *const *)a)->s;
	const struct state_xive_source *y = &(*(struct xive_source *const *)b)->s;

	if (x->server != y->server)
		return x->server < y->server ? -1 : 1;
	if (x->priority != y->priority)
		return (int)x->priority - (int)y->priority;
	return x->eisn < y->eisn ? -1 : x->eisn > y->eisn;
}

static int queue_order(const void *a, const void *b)
{
	const struct state_xive_queue *x = &((const struct xive_queue *)a)->q, *y = &((const struct xive_queue *)b)->q;

	if (x->server != y->server)
		return x->server < y->server ? -1 : 1;
	return (int)x->priority - (int)y->priority;
}

static struct error *load_sources(struct target *t, struct xive *x, union list_blob *blob)
{
	for (unsigned page = 0; x->sources.len < XIVE_SOURCES_MAX; page++) {
		uint32_t count;
		struct error *err = load_page(t, STATE_XIVE_SOURCES, page, sizeof(struct state_xive_source), blob, &count);

		if (err)
			return err;
		x->sources_total = blob->list.total;
		for (uint32_t i = 0; i < count; i++) {
			struct xive_source s = { .trouble = 0 };

			memcpy(&s.s, blob->bytes + sizeof(blob->list) + (size_t)i * blob->list.entry_size, sizeof(s.s));
			s.s.name[sizeof(s.s.name) - 1] = '\0';
			vec_push(&x->sources, s);
		}
		if (!count || x->sources.len >= x->sources_total)
			break;
	}
	if (x->sources.len)
		qsort(x->sources.data, x->sources.len, sizeof(x->sources.data[0]), source_order);
	for (size_t i = 0; i < x->sources.len; i++)
		if (x->sources.data[i].s.flags & STATE_XIVE_SRC_CONFIGURED)
			vec_push(&x->by_target, &x->sources.data[i]);
	if (x->by_target.len)
		qsort(x->by_target.data, x->by_target.len, sizeof(x->by_target.data[0]), target_order);
	return NULL;
}

/* RAM from @gpa on, @len bytes, by the memory map; true when nobody tells a map. */
static bool in_memory(struct target *t, uint64_t gpa, uint64_t len)
{
	struct mem_region r;

	if (!t->ops->region)
		return true;
	for (unsigned i = 0; i < 4096 && t->ops->region(t, i, &r); i++) {
		if (r.kind != MEM_RAM || gpa < r.start || gpa - r.start >= r.len)
			continue;
		if (r.len - (gpa - r.start) >= len)
			return true;
		len -= r.len - (gpa - r.start);
		gpa = r.start + r.len;
	}
	return false;
}

static void load_queue_page(struct target *t, struct xive_queue *q)
{
	size_t len;
	struct error *err;

	if (q->q.qshift < 2 || q->q.qshift > XIVE_EQ_SHIFT_MAX)
		return;
	len = 1ul << q->q.qshift;
	q->in_memory = in_memory(t, q->q.qaddr, len);
	q->page = q->in_memory ? malloc(len) : NULL;
	if (q->page) {
		err = target_phys_read(t, q->q.qaddr, q->page, len);
		q->len = err ? 0 : len;
		error_destroy(err);
	}
	q->has_size = xive_eq_decode(q->page, q->len, &q->q, &q->eq);
}

static struct error *load_queues(struct target *t, struct xive *x, union list_blob *blob)
{
	size_t bytes = 0;

	for (unsigned page = 0; x->queues.len < XIVE_QUEUES_MAX; page++) {
		uint32_t count;
		struct error *err = load_page(t, STATE_XIVE_QUEUES, page, sizeof(struct state_xive_queue), blob, &count);

		if (err)
			return err;
		x->queues_total = blob->list.total;
		for (uint32_t i = 0; i < count; i++) {
			struct xive_queue q = { .page = NULL };

			memcpy(&q.q, blob->bytes + sizeof(blob->list) + (size_t)i * blob->list.entry_size, sizeof(q.q));
			vec_push(&x->queues, q);
		}
		if (!count || x->queues.len >= x->queues_total)
			break;
	}
	if (x->queues.len)
		qsort(x->queues.data, x->queues.len, sizeof(x->queues.data[0]), queue_order);
	/* Sizes are the guest's word: together no more than 256 MiB are held. */
	for (size_t i = 0; i < x->queues.len && bytes < 256u << 20; i++) {
		load_queue_page(t, &x->queues.data[i]);
		bytes += x->queues.data[i].len;
	}
	return NULL;
}

static void load_vps(struct target *t, struct xive *x)
{
	unsigned n = target_vcpu_count(t);

	for (unsigned i = 0; i < n && i < VPS_MAX; i++) {
		struct xive_vp vp = { .vcpu = i };
		size_t len = 0;
		_error_ struct error *err = target_state_get(t, STATE_XIVE_VP, i, &vp.s, sizeof(vp.s), &len);

		if (!err && len >= sizeof(vp.s) && vp.s.version == STATE_XIVE_VERSION)
			vec_push(&x->vps, vp);
	}
}

struct error *xive_load(struct target *target, struct xive *ret)
{
	union list_blob *blob = xcalloc(1, sizeof(*blob));
	struct xive x = { .sources_total = 0 };
	struct error *err;
	size_t len = 0;

	err = target_state_get(target, STATE_XIVE_DEVICE, 0, &x.device, sizeof(x.device), &len);
	if (err)
		err = error_hint(err, "XIVE is the interrupt controller of POWER9 guests; `info target` says what this is");
	else if (len < sizeof(x.device) || x.device.version != STATE_XIVE_VERSION)
		err = error_create(ERROR_UNSUPPORTED, "XIVE state has %zu bytes and version %u, this program knows %u", len,
				   x.device.version, STATE_XIVE_VERSION);
	if (!err)
		err = load_sources(target, &x, blob);
	if (!err)
		err = load_queues(target, &x, blob);
	if (!err)
		load_vps(target, &x);
	free(blob);
	if (err) {
		xive_unload(&x);
		return err;
	}
	*ret = x;
	return NULL;
}

void xive_unload(struct xive *x)
{
	for (size_t i = 0; i < x->queues.len; i++) {
		free(x->queues.data[i].page);
		free(x->queues.data[i].eisns);
	}
	vec_free(&x->queues);
	vec_free(&x->by_target);
	vec_free(&x->sources);
	vec_free(&x->vps);
}

struct xive_source *xive_source_find(const struct xive *x, uint32_t lisn)
{
	struct xive_source key = { .s.lisn = lisn };

	return x->sources.len ? bsearch(&key, x->sources.data, x->sources.len, sizeof(key), source_order) : NULL;
}

struct xive_queue *xive_queue_find(const struct xive *x, uint32_t server, unsigned priority)
{
	for (size_t i = 0; i < x->queues.len; i++)
		if (x->queues.data[i].q.server == server && x->queues.data[i].q.priority == priority)
			return &x->queues.data[i];
	return NULL;
}

const struct xive_vp *xive_vp_find(const struct xive *x, uint32_t server)
{
	for (size_t i = 0; i < x->vps.len; i++)
		if (x->vps.data[i].s.server == server)
			return &x->vps.data[i];
	return NULL;
}

const struct xive_source *xive_source_of_entry(const struct xive *x, const struct xive_queue *q, uint32_t eisn)
{
	struct xive_source key = { .s = { .server = q->q.server, .priority = q->q.priority, .eisn = eisn } };
	struct xive_source *at = &key, **found;

	if (!x->by_target.len)
		return NULL;
	found = bsearch(&at, x->by_target.data, x->by_target.len, sizeof(at), target_order);
	return found ? *found : NULL;
}

static int number_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

bool xive_queue_has(struct xive_queue *q, uint32_t eisn)
{
	struct xive_eq_entry e;

	if (!q->has_size || !q->len)
		return false;
	if (!q->eisns) {
		q->eisns = xcalloc(q->eq.entries, sizeof(*q->eisns));
		while (xive_eq_recent(q->page, q->len, &q->eq, q->neisns, &e))
			q->eisns[q->neisns++] = e.eisn;
		qsort(q->eisns, q->neisns, sizeof(*q->eisns), number_order);
	}
	return bsearch(&eisn, q->eisns, q->neisns, sizeof(eisn), number_order);
}

const char *xive_source_title(const struct xive_source *s, char *buf, size_t size)
{
	if (s->s.name[0])
		snprintf(buf, size, "%s", s->s.name);
	else
		snprintf(buf, size, "lisn 0x%x", s->s.lisn);
	return buf;
}
