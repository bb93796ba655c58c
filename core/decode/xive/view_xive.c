/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info xive: sources sorted by trouble, queues with what they hold, thread contexts, findings. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/bits.h"
#include "core/base/text.h"
#include "core/decode/decode.h"
#include "core/decode/xive/check.h"
#include "core/decode/xive/show.h"

#define ENTRIES_SHOWN 4

static enum role pq_role(const struct xive_source *s)
{
	if (s->trouble)
		return ROLE_FINDING;
	return s->s.pq == XIVE_PQ_OFF ? ROLE_DIM : s->s.pq == XIVE_PQ_RESET ? ROLE_TEXT : ROLE_CURRENT;
}

static void show_device(struct out *out, const struct xive *x)
{
	const struct state_xive_device *d = &x->device;

	out_text(out, ROLE_HEADING, "XIVE");
	out_text(out, ROLE_TEXT, ", ");
	out_bool(out, ROLE_TEXT, "native", "exploitation mode", "behind hypercalls (XICS)", d->flags & STATE_XIVE_NATIVE);
	out_text(out, ROLE_TEXT, ": ");
	out_dec(out, ROLE_NUMBER, "sources_total", 0, x->sources_total);
	out_text(out, ROLE_TEXT, " sources, ");
	out_dec(out, ROLE_NUMBER, "queues_total", 0, x->queues_total);
	out_text(out, ROLE_TEXT, " queue%s, ESB pages of %u KiB", x->queues_total == 1 ? "" : "s",
		 1u << (d->esb_shift >= 10 ? (d->esb_shift - 10) & 31 : 0));
	out_hidden_dec(out, "esb_shift", d->esb_shift);
	if (d->nr_servers) {
		out_text(out, ROLE_TEXT, ", ids below ");
		out_dec(out, ROLE_NUMBER, "nr_servers", 0, d->nr_servers);
	}
	out_bool(out, ROLE_WARN, "trapped", ", ESB accesses trapped", "", d->flags & STATE_XIVE_TRAPPED);
	out_nl(out);
}

/* Nobody uses it: masked by its bits, and not routed. */
static bool is_unused(const struct xive_source *s)
{
	return !s->trouble && s->s.pq == XIVE_PQ_OFF && !(s->s.flags & STATE_XIVE_SRC_CONFIGURED);
}

static void show_flags(struct out *out, const struct state_xive_source *s)
{
	struct text t = { 0 };

	if (s->flags & STATE_XIVE_SRC_PASSTHROUGH)
		text_printf(&t, " host irq %u", s->host_irq);
	if (s->flags & STATE_XIVE_SRC_ASSERTED)
		text_puts(&t, " asserted");
	if (s->flags & STATE_XIVE_SRC_STORE_EOI)
		text_puts(&t, " store-eoi");
	if (s->flags & STATE_XIVE_SRC_H_INT_ESB)
		text_puts(&t, " h-int-esb");
	if (t.len)
		out_str(out, ROLE_COMMENT, "notes", 0, text_str(&t) + 1);
	text_deinit(&t);
}

static void show_source(struct out *out, const struct xive_source *s)
{
	out_begin(out, "source");
	out_text(out, ROLE_TEXT, "  ");
	out_hex(out, ROLE_NUMBER, "lisn", 5, s->s.lisn);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_TEXT, "kind", 4, s->s.type == STATE_XIVE_LSI ? "LSI" : "MSI");
	out_str(out, pq_role(s), "pq", 11, xive_pq_name(s->s.pq));
	if (s->s.flags & STATE_XIVE_SRC_CONFIGURED) {
		out_hex(out, ROLE_NUMBER, "eisn", 5, s->s.eisn);
		out_text(out, ROLE_TEXT, " ");
		out_dec(out, ROLE_NUMBER, "server", 4, s->s.server);
		out_text(out, ROLE_TEXT, " ");
		if (s->s.flags & STATE_XIVE_SRC_MASKED)
			out_str(out, ROLE_DIM, "priority", 5, "mask");
		else
			out_dec(out, ROLE_NUMBER, "priority", 4, s->s.priority);
	} else {
		out_text(out, ROLE_DIM, "%17s", "no target");
	}
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_SYMBOL, "name", 12, s->s.name);
	out_text(out, ROLE_TEXT, " ");
	show_flags(out, &s->s);
	out_hidden_dec(out, "hw_irq", s->s.hw_irq);
	out_hidden_dec(out, "findings", s->trouble);
	out_end(out);
}

/* Findings first, then what waits, then by number. */
static unsigned urgency(const struct xive_source *s)
{
	return s->trouble ? 3 : s->s.pq == XIVE_PQ_QUEUED ? 2 : s->s.pq == XIVE_PQ_PENDING ? 1 : 0;
}

static int by_urgency(const void *a, const void *b)
{
	const struct xive_source *x = *(const struct xive_source *const *)a, *y = *(const struct xive_source *const *)b;

	if (urgency(x) != urgency(y))
		return (int)urgency(y) - (int)urgency(x);
	return x->s.lisn < y->s.lisn ? -1 : x->s.lisn > y->s.lisn;
}

void xive_order(const struct xive *x, struct xive_order *ret)
{
	ret->source = xcalloc(x->sources.len + 1, sizeof(*ret->source));
	ret->n = 0;
	for (size_t i = 0; i < x->sources.len; i++)
		if (!is_unused(&x->sources.data[i]))
			ret->source[ret->n++] = &x->sources.data[i];
	qsort(ret->source, ret->n, sizeof(*ret->source), by_urgency);
}

static void show_sources(struct out *out, const struct xive *x, const struct xive_order *order)
{
	uint32_t first = 0, last = 0;
	size_t unused = 0;

	for (size_t i = 0; i < x->sources.len; i++) {
		if (!is_unused(&x->sources.data[i]))
			continue;
		first = unused++ ? first : x->sources.data[i].s.lisn;
		last = x->sources.data[i].s.lisn;
	}
	out_text(out, ROLE_LABEL, "  lisn    type pq         eisn  server  prio  name");
	out_nl(out);
	out_list(out, "sources");
	for (size_t i = 0; i < order->n; i++)
		show_source(out, order->source[i]);
	out_list_end(out);
	out_hidden_dec(out, "unused", unused);
	if (unused) {
		out_text(out, ROLE_DIM, "  and %zu off without target (0x%x-0x%x)", unused, first, last);
		out_nl(out);
	}
	if (x->sources.len < x->sources_total) {
		out_text(out, ROLE_WARN, "  cut after %zu of %u sources", x->sources.len, x->sources_total);
		out_nl(out);
	}
}

static void show_entry(struct out *out, const struct xive *x, const struct xive_queue *q,
		       const struct xive_eq_entry *e, bool pending)
{
	const struct xive_source *s = xive_source_of_entry(x, q, e->eisn);
	char title[40];

	out_begin(out, "entry");
	out_text(out, ROLE_TEXT, "      ");
	out_dec(out, ROLE_NUMBER, "index", 5, e->index);
	out_text(out, ROLE_TEXT, "  gen ");
	out_dec(out, ROLE_NUMBER, "generation", 0, e->generation);
	out_text(out, ROLE_TEXT, "  eisn ");
	out_hex(out, ROLE_NUMBER, "eisn", 5, e->eisn);
	if (s) {
		out_text(out, ROLE_TEXT, "  ");
		out_str(out, ROLE_SYMBOL, "source", 14, xive_source_title(s, title, sizeof(title)));
		out_hidden_hex(out, "lisn", s->s.lisn);
		out_str(out, pq_role(s), "pq", 0, xive_pq_name(s->s.pq));
	} else {
		out_text(out, ROLE_FINDING, "  no source");
	}
	if (q->eq.consumer_known)
		out_bool(out, ROLE_COMMENT, "taken", ", taken", ", waits", !pending);
	out_end(out);
}

static void show_queue(struct out *out, const struct xive *x, const struct xive_queue *q)
{
	uint32_t n = q->eq.consumer_known && q->eq.pending > ENTRIES_SHOWN ? q->eq.pending : ENTRIES_SHOWN;
	struct xive_eq_entry e;
	char size[32];

	out_begin(out, "queue");
	out_text(out, ROLE_TEXT, "  server ");
	out_dec(out, ROLE_NUMBER, "server", 0, q->q.server);
	out_text(out, ROLE_TEXT, " priority ");
	out_dec(out, ROLE_NUMBER, "priority", 0, q->q.priority);
	out_text(out, ROLE_TEXT, ": ");
	out_hex(out, ROLE_ADDR, "qaddr", 9, q->q.qaddr);
	if (q->has_size) {
		out_text(out, ROLE_TEXT, ", %s", format_size(size, sizeof(size), 1ull << q->q.qshift));
		out_hidden_dec(out, "qshift", q->q.qshift);
		out_text(out, ROLE_TEXT, ", next ");
		out_dec(out, ROLE_NUMBER, "index", 0, q->eq.index);
		out_text(out, ROLE_TEXT, " gen ");
		out_dec(out, ROLE_NUMBER, "toggle", 0, q->eq.toggle);
		out_bool(out, ROLE_COMMENT, "inferred", " (inferred)", "", q->eq.inferred);
	}
	if (q->eq.consumer_known) {
		out_text(out, ROLE_TEXT, ", ");
		out_dec(out, q->eq.pending ? ROLE_CURRENT : ROLE_NUMBER, "pending", 0, q->eq.pending);
		out_text(out, ROLE_TEXT, " pending");
	}
	out_nl(out);
	out_list(out, "entries");
	for (uint32_t back = 0; q->len && back < n && back < 16 && xive_eq_recent(q->page, q->len, &q->eq, back, &e); back++)
		show_entry(out, x, q, &e, back < q->eq.pending);
	out_list_end(out);
	out_end(out);
}

static void show_queues(struct out *out, const struct xive *x)
{
	out_text(out, ROLE_LABEL, "  queues, newest entry first");
	out_nl(out);
	out_list(out, "queues");
	for (size_t i = 0; i < x->queues.len; i++)
		show_queue(out, x, &x->queues.data[i]);
	out_list_end(out);
	if (x->queues.len < x->queues_total) {
		out_text(out, ROLE_WARN, "  cut after %zu of %u queues", x->queues.len, x->queues_total);
		out_nl(out);
	}
}

void xive_show_vp(struct out *out, const struct xive_vp *vp)
{
	const struct state_xive_vp *s = &vp->s;

	out_begin(out, "vp");
	out_text(out, ROLE_TEXT, "  vCPU ");
	out_dec(out, ROLE_NUMBER, "vcpu", 0, vp->vcpu);
	out_text(out, ROLE_TEXT, " server ");
	out_dec(out, ROLE_NUMBER, "server", 0, s->server);
	if (!(s->flags & STATE_XIVE_VP_RING)) {
		out_text(out, ROLE_DIM, "  its ring could not be read%s", s->connect_errno ? ": not connected" : "");
		out_end(out);
		return;
	}
	out_text(out, ROLE_LABEL, "  CPPR ");
	out_hex(out, ROLE_NUMBER, "cppr", 2, s->cppr);
	out_text(out, ROLE_LABEL, " IPB ");
	out_hex(out, s->ipb ? ROLE_CURRENT : ROLE_NUMBER, "ipb", 2, s->ipb);
	out_text(out, ROLE_LABEL, " PIPR ");
	out_hex(out, ROLE_NUMBER, "pipr", 2, s->pipr);
	out_text(out, ROLE_LABEL, " NSR ");
	out_hex(out, ROLE_NUMBER, "nsr", 2, s->nsr);
	out_text(out, ROLE_LABEL, " LSMFB ");
	out_hex(out, ROLE_NUMBER, "lsmfb", 2, s->lsmfb);
	if (s->flags & STATE_XIVE_VP_WORD2) {
		out_text(out, ROLE_LABEL, " W2 ");
		out_hex(out, ROLE_NUMBER, "word2", 8, s->word2);
		out_hidden_hex(out, "cam", s->word2 & 0xffffff);
		out_bool(out, ROLE_COMMENT, "valid", " valid", " invalid", s->word2 >> 31);
	}
	out_nl(out);
	out_text(out, ROLE_COMMENT, "      %s%s; ", s->nsr & 0x80 ? "an exception is presented (EO)" : "nothing is presented",
		 s->flags & STATE_XIVE_VP_PUSHED ? " (on a thread: as last saved)" : "");
	if (s->ipb)
		for (unsigned p = 0, n = 0; p < 8; p++)
			if (s->ipb & (0x80 >> p))
				out_text(out, ROLE_COMMENT, "%s%u", n++ ? ", " : "pending priorities ", p);
	if (!s->ipb)
		out_text(out, ROLE_COMMENT, "no priority pending");
	if (s->cppr == 0xff)
		out_text(out, ROLE_COMMENT, "; all let through");
	else
		out_text(out, ROLE_COMMENT, "; lets through %s%u%s", s->cppr ? "below " : "none (CPPR ", s->cppr, s->cppr ? "" : ")");
	out_end(out);
}

void xive_show(struct out *out, const struct xive *x, const struct xive_findings *f,
	       const struct xive_order *order)
{
	out_begin(out, "xive");
	show_device(out, x);
	show_sources(out, x, order);
	show_queues(out, x);
	out_text(out, ROLE_LABEL, "  thread contexts (OS ring)");
	out_nl(out);
	out_list(out, "vps");
	for (size_t i = 0; i < x->vps.len; i++)
		xive_show_vp(out, &x->vps.data[i]);
	out_list_end(out);
	out_end(out);
	for (size_t i = 0; i < f->list.len; i++)
		decode_finding(out, "xive", f->list.data[i].rule, "%s", f->list.data[i].text);
}

static struct error *show(const struct view_ctx *ctx, struct out *out)
{
	struct xive_findings f;
	struct xive_order order;
	struct xive x;
	struct error *err = xive_load(ctx->target, &x);

	if (err)
		return err;
	xive_check(&x, &f);
	xive_order(&x, &order);
	xive_show(out, &x, &f, &order);
	free(order.source);
	vec_free(&f.list);
	xive_unload(&x);
	return NULL;
}

const struct view view_xive = {
	.name = "xive",
	.title = "XIVE interrupt controller",
	.help = "interrupt sources by trouble, event queues and their entries, thread contexts, findings",
	.show = show,
};
