/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info xive-irq LISN: the path of one interrupt, drawn: source, EAS, END, EQ entry, VP. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/bits.h"
#include "core/base/text.h"
#include "core/decode/decode.h"
#include "core/decode/xive/check.h"
#include "core/decode/xive/show.h"

static void stage(struct out *out, const char *name)
{
	out_begin(out, "stage");
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_HEADING, "name", 9, name);
	out_text(out, ROLE_TEXT, " ");
}

/* The line between two stages; @open: the event gets through. */
static void arrow(struct out *out, bool open)
{
	out_text(out, open ? ROLE_GOOD : ROLE_WARN, open ? "     |" : "     x");
	out_nl(out);
}

static bool show_source(struct out *out, const struct xive_source *s)
{
	bool open = s->s.pq == XIVE_PQ_RESET || s->s.pq == XIVE_PQ_PENDING || s->s.pq == XIVE_PQ_QUEUED;

	stage(out, "source");
	out_str(out, ROLE_TEXT, "kind", 0, s->s.type == STATE_XIVE_LSI ? "LSI" : "MSI");
	out_text(out, ROLE_TEXT, ", PQ ");
	out_str(out, s->trouble ? ROLE_FINDING : ROLE_NUMBER, "pq", 0, xive_pq_name(s->s.pq));
	out_text(out, ROLE_COMMENT, "%s", s->s.pq == XIVE_PQ_OFF ? ": a trigger is dropped" :
		 s->s.pq == XIVE_PQ_RESET ? ": a trigger goes on" : s->s.pq == XIVE_PQ_PENDING ? ": waits for its EOI" :
		 s->s.pq == XIVE_PQ_QUEUED ? ": its EOI sends another" : "");
	if (s->s.trigger_gpa != ~0ull) {
		out_nl(out);
		out_text(out, ROLE_TEXT, "            trigger page ");
		out_hex(out, ROLE_ADDR, "trigger_gpa", 0, s->s.trigger_gpa);
		out_text(out, ROLE_TEXT, ", management page ");
		out_hex(out, ROLE_ADDR, "mgmt_gpa", 0, s->s.mgmt_gpa);
	}
	if (s->s.flags & STATE_XIVE_SRC_PASSTHROUGH) {
		out_text(out, ROLE_TEXT, ", driven by host irq ");
		out_dec(out, ROLE_NUMBER, "host_irq", 0, s->s.host_irq);
	}
	out_end(out);
	return open;
}

static bool show_eas(struct out *out, const struct xive_source *s)
{
	stage(out, "EAS");
	if (!(s->s.flags & STATE_XIVE_SRC_CONFIGURED)) {
		out_text(out, ROLE_WARN, "not configured: events end here");
		out_end(out);
		return false;
	}
	out_text(out, ROLE_TEXT, "server ");
	out_dec(out, ROLE_NUMBER, "server", 0, s->s.server);
	out_text(out, ROLE_TEXT, " priority ");
	out_dec(out, ROLE_NUMBER, "priority", 0, s->s.priority);
	out_text(out, ROLE_TEXT, ", EISN ");
	out_hex(out, ROLE_NUMBER, "eisn", 0, s->s.eisn);
	/* The guest's numbering of ENDs (kernel's book3s_xive_native): server * 8 + priority. */
	out_text(out, ROLE_COMMENT, ", END index 0x%x", s->s.server << 3 | (s->s.priority & 7));
	out_bool(out, ROLE_WARN, "masked", ": masked, events end here", "", s->s.flags & STATE_XIVE_SRC_MASKED);
	out_end(out);
	return xive_source_routed(s);
}

static bool show_end(struct out *out, const struct xive_queue *q)
{
	char size[32];

	stage(out, "END");
	if (!q) {
		out_text(out, ROLE_FINDING, "no queue is configured there: events are lost");
		out_end(out);
		return false;
	}
	out_text(out, ROLE_TEXT, "queue at ");
	out_hex(out, ROLE_ADDR, "qaddr", 0, q->q.qaddr);
	if (q->has_size) {
		out_text(out, ROLE_TEXT, ", %s, next entry ", format_size(size, sizeof(size), 1ull << q->q.qshift));
		out_dec(out, ROLE_NUMBER, "index", 0, q->eq.index);
		out_text(out, ROLE_TEXT, " generation ");
		out_dec(out, ROLE_NUMBER, "toggle", 0, q->eq.toggle);
	}
	out_bool(out, ROLE_COMMENT, "always_notify", ", always notifies", "", q->q.flags & STATE_XIVE_Q_ALWAYS_NOTIFY);
	if (!q->in_memory)
		out_text(out, ROLE_FINDING, ": outside memory");
	out_end(out);
	return q->in_memory;
}

static void show_entry(struct out *out, const struct xive_source *s, const struct xive_queue *q)
{
	struct xive_eq_entry e;
	uint32_t back = 0;

	stage(out, "EQ entry");
	if (!q->len) {
		out_text(out, ROLE_WARN, "the page can not be read");
	} else if (!xive_eq_find(q->page, q->len, &q->eq, s->s.eisn, &e, &back)) {
		out_text(out, ROLE_DIM, "none with this EISN");
	} else {
		out_text(out, ROLE_TEXT, "number ");
		out_dec(out, ROLE_NUMBER, "index", 0, e.index);
		out_text(out, ROLE_TEXT, " = ");
		out_hex(out, ROLE_NUMBER, "value", 8, (uint32_t)e.generation << 31 | e.eisn);
		out_text(out, ROLE_TEXT, ", ");
		out_dec(out, ROLE_NUMBER, "newer", 0, back);
		out_text(out, ROLE_TEXT, " newer");
		if (q->eq.consumer_known)
			out_bool(out, ROLE_COMMENT, "taken", ", taken by the guest", ", not taken yet", back >= q->eq.pending);
		else
			out_text(out, ROLE_COMMENT, "; whether the guest took it is not known");
	}
	out_end(out);
}

/* In words, what the state amounts to. */
static const char *verdict(const struct xive *x, const struct xive_source *s, const struct xive_queue *q,
			   const struct xive_vp *vp)
{
	struct xive_eq_entry e;
	uint32_t back;

	if (s->s.pq == XIVE_PQ_OFF)
		return "masked at the source: a trigger is dropped";
	if (!xive_source_routed(s))
		return "goes nowhere: the EAS is masked or not configured";
	if (!q || !q->in_memory)
		return "goes nowhere: there is no queue to write to";
	if (s->s.pq == XIVE_PQ_RESET)
		return "ready: the next trigger is delivered";
	if (s->s.pq > XIVE_PQ_QUEUED)
		return "the state of the source could not be read";
	if (q->len && !xive_eq_find(q->page, q->len, &q->eq, s->s.eisn, &e, &back))
		return "stuck: it counts as sent, but the queue has no entry of it";
	if (q->len && q->eq.consumer_known && back >= q->eq.pending)
		return "the guest took it and has not EOIed yet";
	if (vp && (vp->s.flags & STATE_XIVE_VP_RING) && (vp->s.ipb & (0x80 >> (s->s.priority & 7))))
		return s->s.priority >= vp->s.cppr ? "in the queue; CPPR keeps it from the vCPU" :
						     "in the queue; the vCPU has not acknowledged it yet";
	return "sent: waits for the guest's EOI";
}

static void draw(struct out *out, const struct xive *x, const struct xive_source *s)
{
	struct xive_queue *q = xive_queue_find(x, s->s.server, s->s.priority);
	const struct xive_vp *vp = xive_vp_find(x, s->s.server);
	char title[40];

	out_text(out, ROLE_HEADING, "path of interrupt ");
	out_hex(out, ROLE_NUMBER, "lisn", 0, s->s.lisn);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_SYMBOL, "source", 0, s->s.name[0] ? xive_source_title(s, title, sizeof(title)) : "");
	out_nl(out);
	out_list(out, "stages");
	arrow(out, show_source(out, s));
	if (show_eas(out, s)) {
		arrow(out, true);
		arrow(out, show_end(out, q));
		if (q) {
			show_entry(out, s, q);
			arrow(out, true);
		}
		stage(out, "VP");
		if (!vp)
			out_text(out, ROLE_FINDING, "no vCPU is connected as server %u", s->s.server);
		else
			out_text(out, ROLE_TEXT, "the thread context that is notified:");
		out_end(out);
		if (vp)
			xive_show_vp(out, vp);
	}
	out_list_end(out);
	out_text(out, ROLE_TEXT, "  => ");
	out_str(out, s->trouble ? ROLE_FINDING : ROLE_CURRENT, "verdict", 0, verdict(x, s, q, vp));
}

void xive_show_path(struct out *out, const struct xive *x, const struct xive_findings *f,
		    const struct xive_source *s)
{
	out_begin(out, "xive_path");
	draw(out, x, s);
	out_end(out);
	for (size_t i = 0; i < f->list.len; i++)
		if (f->list.data[i].lisn == s->s.lisn)
			decode_finding(out, "xive-irq", f->list.data[i].rule, "%s", f->list.data[i].text);
}

static struct error *show(const struct view_ctx *ctx, struct out *out)
{
	struct xive_findings f;
	struct xive_source *s;
	struct xive x;
	struct error *err = xive_load(ctx->target, &x);

	if (err)
		return err;
	s = ctx->arg <= UINT32_MAX ? xive_source_find(&x, (uint32_t)ctx->arg) : NULL;
	if (!s) {
		xive_unload(&x);
		return error_hint(error_create(ERROR_NOT_FOUND, "there is no interrupt source 0x%llx",
					       (unsigned long long)ctx->arg), "`info xive` lists them");
	}
	xive_check(&x, &f);
	xive_show_path(out, &x, &f, s);
	vec_free(&f.list);
	xive_unload(&x);
	return NULL;
}

const struct view view_xive_irq = {
	.name = "xive-irq",
	.title = "path of an interrupt",
	.help = "the path of one interrupt: source, EAS, END, queue entry, thread context",
	.arg = VIEW_ARG_REQUIRED,
	.arg_name = "LISN",
	.example = "0x1200",
	.show = show,
};
