/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules on XIVE state. A source may have at most one entry that was not EOIed, and it has exactly one while
 * P is set; an entry belongs to a source that is configured for its queue; a queue lies in RAM, is aligned to
 * its size and written up to one place only.
 */
#include "core/decode/xive/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"

#define ENTRIES_CHECKED 64	/* newest ones, when nobody tells how many are pending */
#define FINDINGS_MAX 256

static void add(struct xive_findings *f, const char *rule, struct xive_source *s, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void add(struct xive_findings *f, const char *rule, struct xive_source *s, const char *fmt, ...)
{
	struct xive_finding one = { .rule = rule, .lisn = s ? s->s.lisn : XIVE_NO_LISN };
	va_list ap;

	if (s)
		s->trouble++;
	if (f->list.len == FINDINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(one.text, sizeof(one.text), fmt, ap);
	va_end(ap);
	vec_push(&f->list, one);
}

static void check_source(struct xive *x, struct xive_source *s, struct xive_findings *f)
{
	struct xive_queue *q = xive_queue_find(x, s->s.server, s->s.priority);
	bool p = s->s.pq == XIVE_PQ_PENDING || s->s.pq == XIVE_PQ_QUEUED;
	char title[40];

	if (!xive_source_routed(s))
		return;
	xive_source_title(s, title, sizeof(title));
	if (!q) {
		add(f, "XIVE-2", s, "%s goes to server %u priority %u, which has no queue: its interrupts are lost", title,
		    s->s.server, s->s.priority);
		return;
	}
	if (x->vps.len && !xive_vp_find(x, s->s.server))
		add(f, "XIVE-3", s, "%s goes to server %u, which no vCPU is connected as", title, s->s.server);
	if (p && q->has_size && q->len && !xive_queue_has(q, s->s.eisn))
		add(f, "XIVE-1", s, "%s is stuck: PQ %s, but the queue of server %u priority %u has no entry 0x%x, so nobody "
		    "will EOI it (`xive set-pq 0x%x 00` frees it)", title, xive_pq_name(s->s.pq), s->s.server,
		    s->s.priority, s->s.eisn, s->s.lisn);
	if (s->s.type == STATE_XIVE_LSI && (s->s.flags & STATE_XIVE_SRC_ASSERTED) && s->s.pq == XIVE_PQ_RESET)
		add(f, "XIVE-9", s, "%s is asserted but idle: the level was not forwarded again after its EOI", title);
}

static void check_entries(const struct xive *x, const struct xive_queue *q, struct xive_findings *f)
{
	uint32_t n = q->eq.consumer_known ? q->eq.pending : ENTRIES_CHECKED;
	struct xive_eq_entry e;

	for (uint32_t back = 0; back < n && back < 4096 && xive_eq_recent(q->page, q->len, &q->eq, back, &e); back++)
		if (!xive_source_of_entry(x, q, e.eisn))
			add(f, "XIVE-4", NULL, "queue of server %u priority %u: entry %u has EISN 0x%x, which no source is configured "
			    "for there", q->q.server, q->q.priority, e.index, e.eisn);
}

static void check_queue(const struct xive *x, const struct xive_queue *q, struct xive_findings *f)
{
	uint64_t size = 1ull << (q->q.qshift & 63);
	unsigned server = q->q.server, priority = q->q.priority;

	if (!q->has_size) {
		add(f, "XIVE-5", NULL, "queue of server %u priority %u has an impossible size: 2^%u bytes", server, priority,
		    q->q.qshift);
		return;
	}
	if (q->q.qaddr & (size - 1))
		add(f, "XIVE-5", NULL, "queue of server %u priority %u at 0x%llx is not aligned to its %llu bytes", server,
		    priority, (unsigned long long)q->q.qaddr, (unsigned long long)size);
	if (!q->in_memory || !q->len) {
		add(f, "XIVE-5", NULL, "queue of server %u priority %u at 0x%llx lies outside the guest's memory: its entries "
		    "go nowhere", server, priority, (unsigned long long)q->q.qaddr);
		return;
	}
	if (q->eq.bad)
		add(f, "XIVE-6", NULL, "queue of server %u priority %u: %u entries have the wrong generation for position %u, "
		    "generation %u; the first is entry %u (written by somebody else, or never)", server, priority,
		    q->eq.bad, q->eq.index, q->eq.toggle, q->eq.first_bad);
	if (q->eq.consumer_known && q->eq.pending == q->eq.entries)
		add(f, "XIVE-10", NULL, "queue of server %u priority %u is full: the next interrupt overwrites one that was not "
		    "taken", server, priority);
	check_entries(x, q, f);
}

/* Priorities in IPB that CPPR does not let through, "4 6". */
static bool hidden_priorities(const struct state_xive_vp *s, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned p = 0; p < 8; p++)
		if ((s->ipb & (0x80 >> p)) && p >= s->cppr && len < size)
			len += snprintf(buf + len, size - len, "%s%u", len ? " " : "", p);
	return len;
}

bool xive_server_text(const struct state_xive_device *d, uint32_t server, char *buf, size_t size)
{
	uint32_t packed, stride = d->smt_stride ? d->smt_stride : 1;
	uint64_t old_limit = (uint64_t)d->max_vcpus * stride, new_limit = (uint64_t)d->max_vcpus * 8;
	uint32_t limit = d->nr_servers ? d->nr_servers : d->max_vcpus;

	if (!d->max_vcpus) {
		snprintf(buf, size, "server %u: the host's limit is not known", server);
		return false;
	}
	if (!xive_pack_server(server, d->max_vcpus, stride, &packed)) {
		snprintf(buf, size, "server %u can not be packed: %u vCPUs at most, stride %u, so ids below %llu", server,
			 d->max_vcpus, stride, (unsigned long long)new_limit);
		return true;
	}
	snprintf(buf, size, "server %u: packed id %u = %u %% %u + offset of block %u; limit %u (without packing ids "
		 "below %llu)%s", server, packed, server, d->max_vcpus, server / d->max_vcpus * (8 / stride), limit,
		 (unsigned long long)old_limit, packed >= limit ? ": over it" : "");
	return packed >= limit;
}

static void check_vp(const struct xive *x, const struct xive_vp *vp, struct xive_findings *f)
{
	char text[160];
	bool over = xive_server_text(&x->device, vp->s.server, text, sizeof(text));

	if (vp->s.connect_errno)
		add(f, "XIVE-8", NULL, "vCPU %u could not be connected: %s; %s", vp->vcpu, strerror(vp->s.connect_errno), text);
	else if (over)
		add(f, "XIVE-8", NULL, "vCPU %u: %s", vp->vcpu, text);
	if ((vp->s.flags & STATE_XIVE_VP_RING) && hidden_priorities(&vp->s, text, sizeof(text)))
		add(f, "XIVE-7", NULL, "vCPU %u (server %u): interrupts of priority %s are pending, but CPPR 0x%02x lets only "
		    "lower numbers through", vp->vcpu, vp->s.server, text, vp->s.cppr);
}

void xive_check(struct xive *x, struct xive_findings *ret)
{
	*ret = (struct xive_findings){ .list = { .len = 0 } };
	for (size_t i = 0; i < x->sources.len; i++)
		check_source(x, &x->sources.data[i], ret);
	for (size_t i = 0; i < x->queues.len; i++)
		check_queue(x, &x->queues.data[i], ret);
	for (size_t i = 0; i < x->vps.len; i++)
		check_vp(x, &x->vps.data[i], ret);
}
