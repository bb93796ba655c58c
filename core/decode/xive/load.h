/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All XIVE state of a target, read once for a view: sources, queues with their pages, thread contexts. */
#pragma once

#include "core/base/vec.h"
#include "core/decode/view.h"
#include "core/decode/xive/model.h"

#define XIVE_SOURCES_MAX 65536
#define XIVE_QUEUES_MAX 4096
#define XIVE_PRIORITIES 8

struct xive_queue {
	struct state_xive_queue q;
	bool has_size;			/* qshift is possible, and eq is meant */
	bool in_memory;			/* the whole page lies in RAM */
	uint8_t *page;			/* what could be read of it; NULL: nothing */
	size_t len;
	struct xive_eq eq;
	uint32_t *eisns;		/* of its entries, sorted; made when first asked for */
	uint32_t neisns;
};

struct xive_vp {
	unsigned vcpu;
	struct state_xive_vp s;
};

struct xive_source {
	struct state_xive_source s;
	unsigned trouble;		/* findings about it */
};

struct xive {
	struct state_xive_device device;
	VEC(struct xive_source) sources; /* by LISN */
	VEC(struct xive_source *) by_target; /* the configured ones by server, priority, EISN */
	VEC(struct xive_queue) queues;	/* by server, priority */
	VEC(struct xive_vp) vps;
	uint32_t sources_total, queues_total; /* what there is; more than the lists: they were cut */
};

/* Reads everything; ERROR_UNSUPPORTED when the target has no XIVE. *ret is valid after success only. */
struct error *xive_load(struct target *target, struct xive *ret);
void xive_unload(struct xive *x);

struct xive_source *xive_source_find(const struct xive *x, uint32_t lisn); /* NULL: none */
struct xive_queue *xive_queue_find(const struct xive *x, uint32_t server, unsigned priority);
const struct xive_vp *xive_vp_find(const struct xive *x, uint32_t server);
/* The configured source that puts @eisn into @server's queue of @priority; NULL: none does. */
const struct xive_source *xive_source_of_entry(const struct xive *x, const struct xive_queue *q, uint32_t eisn);

/* Is there an entry of @eisn anywhere in the queue? */
bool xive_queue_has(struct xive_queue *q, uint32_t eisn);

/* "ipi 1" or "lisn 0x1201". */
const char *xive_source_title(const struct xive_source *s, char *buf, size_t size);
/* Has a target, and is not masked there. */
static inline bool xive_source_routed(const struct xive_source *s)
{
	return (s->s.flags & STATE_XIVE_SRC_CONFIGURED) && !(s->s.flags & STATE_XIVE_SRC_MASKED) &&
	       s->s.priority < XIVE_PRIORITIES;
}
