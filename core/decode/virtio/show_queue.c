/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/decode/virtio/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/decode/decode.h"
#include "core/decode/virtio/request.h"

#define LINKS_SHOWN 64	/* descriptors of one buffer in text */

const char *virtq_age(uint64_t now_ns, uint64_t then_ns, char *buf, size_t size)
{
	if (!then_ns || now_ns < then_ns)
		snprintf(buf, size, "-");
	else
		format_time_ns(buf, size, now_ns - then_ns);
	return buf;
}

const char *virtq_role(const struct virtq_source *src, char *buf, size_t size)
{
	const struct state_virtio_device *dev = &src->dev;

	if (src->queue.role[0])
		snprintf(buf, size, "%s", src->queue.role);
	else
		virtio_queue_role(dev->virtio_id, dev->driver, dev->config,
				  dev->flags & STATE_VIRTIO_NO_CONFIG ? 0 : dev->config_len, virtio_device_be(dev),
				  src->queue.queue, buf, size);
	return buf;
}

const char *virtq_buffer_text(const struct virtq_ring *ring, const struct virtq_chain *chain, bool done,
			      char *buf, size_t size)
{
	uint8_t head[VIRTIO_REQUEST_HEAD], answer[VIRTIO_REQUEST_HEAD];
	char role[32];
	struct virtio_request rq = {
		.virtio_id = ring->src->dev.virtio_id, .role = virtq_role(ring->src, role, sizeof(role)),
		.features = ring->src->dev.driver, .be = ring->be, .done = done, .head = head, .answer = answer,
		.readable = chain->readable, .writable = chain->writable,
	};

	rq.head_len = virtq_chain_bytes(ring, chain, false, 0, head, sizeof(head));
	rq.answer_len = done ? virtq_chain_bytes(ring, chain, true, 0, answer, sizeof(answer)) : 0;
	return virtio_request_text(&rq, buf, size);
}

/* ---- a line each ----------------------------------------------------------------------------------- */

static void show_ratio(struct out *out, uint64_t kicks, uint64_t requests)
{
	if (!requests)
		return;
	out_text(out, ROLE_LABEL, " = ");
	out_strf(out, ROLE_NUMBER, "doorbells_per_request", "%.2f", (double)kicks / requests);
	out_text(out, ROLE_LABEL, " each");
}

static void queue_line(const struct state_virtio_device *dev, const struct virtq_source *src, struct out *out)
{
	const struct state_virtio_queue *q = &src->queue;
	char text[32];

	out_begin(out, "virtq");
	out_hidden_str(out, "device", dev->name);
	out_text(out, ROLE_LABEL, "  queue ");
	out_dec(out, ROLE_NUMBER, "queue", 2, q->queue);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_TEXT, "role", 12, virtq_role(src, text, sizeof(text)));
	out_bool(out, q->flags & STATE_VIRTQ_READY ? ROLE_GOOD : ROLE_DIM, "ready", "", " not set up", q->flags & STATE_VIRTQ_READY);
	if (q->flags & STATE_VIRTQ_READY) {
		out_str(out, ROLE_TEXT, "format", 0, q->flags & STATE_VIRTQ_PACKED ? "packed" : "split ");
		out_text(out, ROLE_TEXT, " ");
		out_dec(out, ROLE_NUMBER, "size", 4, q->size);
		if (!(dev->flags & STATE_VIRTIO_NO_COUNTERS)) {
			out_text(out, ROLE_LABEL, "  out ");
			out_dec(out, ROLE_NUMBER, "inflight", 3, q->inflight);
			out_text(out, ROLE_LABEL, "  requests ");
			out_dec(out, ROLE_NUMBER, "requests", 0, q->requests);
			out_text(out, ROLE_LABEL, "  doorbells ");
			out_dec(out, ROLE_NUMBER, "kicks", 0, q->kicks);
			show_ratio(out, q->kicks, q->requests);
			out_text(out, ROLE_LABEL, "  irqs ");
			out_dec(out, ROLE_NUMBER, "irqs", 0, q->irqs);
		}
	}
	if (q->flags & STATE_VIRTQ_BROKEN)
		out_strf(out, ROLE_ERROR, "broken", "  stopped by RI%02u", q->broken_rule);
	if (q->findings) {
		out_text(out, ROLE_FINDING, "  findings ");
		out_dec(out, ROLE_FINDING, "findings", 0, q->findings);
	}
	out_end(out);
}

struct error *virtio_queues_show(struct target *target, const struct state_virtio_device *dev, struct out *out)
{
	for (unsigned i = 0; i < dev->nqueues; i++) {
		struct virtq_source src = { .dev = *dev };
		struct error *err = virtio_queue_get(target, dev->device, i, &src.queue);

		if (err)
			return err;
		queue_line(dev, &src, out);
	}
	return NULL;
}

/* ---- one queue -------------------------------------------------------------------------------------- */

static void show_head(const struct virtq_ring *r, struct out *out)
{
	const struct state_virtio_queue *q = &r->src->queue;
	char text[32];

	out_str(out, ROLE_HEADING, "device", 0, r->src->dev.name);
	out_text(out, ROLE_HEADING, " queue ");
	out_dec(out, ROLE_HEADING, "queue", 0, q->queue);
	out_text(out, ROLE_TEXT, ", ");
	out_str(out, ROLE_TEXT, "role", 0, virtq_role(r->src, text, sizeof(text)));
	out_text(out, ROLE_TEXT, ": ");
	out_str(out, ROLE_TEXT, "format", 0, r->packed ? "packed" : "split");
	out_text(out, ROLE_TEXT, ", ");
	out_dec(out, ROLE_NUMBER, "size", 0, q->size);
	out_text(out, ROLE_TEXT, " entries");
	if (q->max) {
		out_text(out, ROLE_TEXT, " of at most ");
		out_dec(out, ROLE_NUMBER, "max", 0, q->max);
	}
	out_text(out, ROLE_TEXT, ", ");
	out_str(out, ROLE_TEXT, "byte_order", 0, r->be ? "big-endian (legacy)" : "little-endian");
	if (q->vector != STATE_VIRTIO_NO_VECTOR && (r->src->dev.flags & STATE_VIRTIO_MSIX)) {
		out_text(out, ROLE_TEXT, ", MSI-X ");
		out_dec(out, ROLE_NUMBER, "vector", 0, q->vector);
	}
	if (q->doorbell) {
		out_text(out, ROLE_TEXT, ", doorbell ");
		out_hex(out, ROLE_ADDR, "doorbell", 0, q->doorbell);
	}
	out_nl(out);
	if (q->flags & STATE_VIRTQ_BROKEN) {
		out_text(out, ROLE_ERROR, "  the device stopped this queue: rule ");
		out_strf(out, ROLE_ERROR, "broken", "RI%02u", q->broken_rule);
		out_nl(out);
	}
	if (r->torn) {
		out_bool(out, ROLE_WARN, "torn", "  the ring changed during each of 8 readings: parts may not fit together, "
			 "only rules of addresses and state were checked", "", true);
		out_nl(out);
	}
}

static void index_with_slot(const struct virtq_ring *r, struct out *out, const char *label, const char *name,
			    uint16_t idx)
{
	out_text(out, ROLE_LABEL, "%s", label);
	out_dec(out, ROLE_NUMBER, name, 0, idx);
	out_text(out, ROLE_DIM, " (slot %u)", idx % r->n);
}

static void show_split(const struct virtq_ring *r, struct out *out)
{
	const struct state_virtio_queue *q = &r->src->queue;

	out_text(out, ROLE_LABEL, "  desc  ");
	out_hex(out, ROLE_ADDR, "desc", 16, q->desc);
	out_text(out, ROLE_DIM, "  %u descriptors", r->n);
	out_nl(out);
	out_text(out, ROLE_LABEL, "  avail ");
	out_hex(out, ROLE_ADDR, "avail", 16, q->avail);
	out_text(out, ROLE_LABEL, "  flags ");
	out_hex(out, ROLE_NUMBER, "avail_flags", 0, virtq_avail_flags(r));
	index_with_slot(r, out, ", idx ", "avail_idx", virtq_avail_idx(r));
	if (r->event_idx) {
		out_text(out, ROLE_LABEL, ", used_event ");
		out_dec(out, ROLE_NUMBER, "used_event", 0, virtq_used_event(r));
	}
	out_nl(out);
	out_text(out, ROLE_LABEL, "  used  ");
	out_hex(out, ROLE_ADDR, "used", 16, q->used);
	out_text(out, ROLE_LABEL, "  flags ");
	out_hex(out, ROLE_NUMBER, "used_flags", 0, virtq_used_flags(r));
	index_with_slot(r, out, ", idx ", "used_idx", virtq_used_idx(r));
	if (r->event_idx) {
		out_text(out, ROLE_LABEL, ", avail_event ");
		out_dec(out, ROLE_NUMBER, "avail_event", 0, virtq_avail_event(r));
	}
	out_nl(out);
}

static void show_events(struct out *out, const char *label, const char *name, uint64_t gpa, uint16_t off_wrap,
			uint16_t flags)
{
	static const char *const words[] = { "enabled", "disabled", "at one descriptor", "reserved" };

	out_text(out, ROLE_LABEL, "%s", label);
	out_hex(out, ROLE_ADDR, name, 16, gpa);
	out_text(out, ROLE_TEXT, "  %s", words[flags & 3]);
	if (flags == VIRTQ_EVENT_DESC)
		out_text(out, ROLE_TEXT, ": slot %u, wrap %u", off_wrap & 0x7fff, off_wrap >> 15);
	out_nl(out);
}

static void show_packed(const struct virtq_ring *r, struct out *out)
{
	const struct state_virtio_queue *q = &r->src->queue;
	uint16_t off_wrap, flags;

	out_text(out, ROLE_LABEL, "  ring   ");
	out_hex(out, ROLE_ADDR, "desc", 16, q->desc);
	out_text(out, ROLE_DIM, "  %u descriptors", r->n);
	out_nl(out);
	virtq_driver_event(r, &off_wrap, &flags);
	show_events(out, "  driver ", "avail", q->avail, off_wrap, flags);
	virtq_device_event(r, &off_wrap, &flags);
	show_events(out, "  device ", "used", q->used, off_wrap, flags);
}

static void show_device_side(const struct virtq_ring *r, struct out *out)
{
	const struct state_virtio_queue *q = &r->src->queue;
	bool avail_wrap = q->flags & STATE_VIRTQ_AVAIL_WRAP, used_wrap = q->flags & STATE_VIRTQ_USED_WRAP;

	out_text(out, ROLE_LABEL, "  device takes at ");
	if (q->flags & STATE_VIRTQ_NO_INDICES) {
		out_text(out, ROLE_DIM, "a place that is not known");
		out_nl(out);
		return;
	}
	out_dec(out, ROLE_NUMBER, "last_avail", 0, q->last_avail);
	if (r->packed)
		out_bool(out, ROLE_NUMBER, "avail_wrap", " wrap 1", " wrap 0", avail_wrap);
	out_text(out, ROLE_LABEL, ", gives back at ");
	out_dec(out, ROLE_NUMBER, "device_used_idx", 0, q->used_idx);
	if (r->packed)
		out_bool(out, ROLE_NUMBER, "used_wrap", " wrap 1", " wrap 0", used_wrap);
	if (q->flags & STATE_VIRTQ_SIGNALLED) {
		out_text(out, ROLE_LABEL, ", last decided an interrupt at ");
		out_dec(out, ROLE_NUMBER, "signalled_used", 0, q->signalled_used);
	}
	out_text(out, ROLE_LABEL, "; out ");
	out_dec(out, ROLE_NUMBER, "inflight", 0, q->inflight);
	out_text(out, ROLE_LABEL, ", waiting ");
	out_dec(out, ROLE_NUMBER, "waiting", 0, virtq_pending(r));
	out_nl(out);
}

static void show_notify(struct out *out, const char *label, const char *name, const char *why_name,
			const struct virtq_notify *n)
{
	out_text(out, ROLE_LABEL, "%s", label);
	if (n->known)
		out_bool(out, ROLE_TEXT, name, "yes", "no", n->needed);
	out_text(out, ROLE_TEXT, n->known ? ": " : "");
	out_str(out, ROLE_COMMENT, why_name, 0, n->why);
	out_nl(out);
}

static void show_counters(const struct virtq_ring *r, struct out *out)
{
	const struct state_virtio_queue *q = &r->src->queue;
	char text[32];

	if (r->src->dev.flags & STATE_VIRTIO_NO_COUNTERS)
		return;
	out_text(out, ROLE_LABEL, "  requests ");
	out_dec(out, ROLE_NUMBER, "requests", 0, q->requests);
	out_text(out, ROLE_LABEL, ", doorbells ");
	out_dec(out, ROLE_NUMBER, "kicks", 0, q->kicks);
	show_ratio(out, q->kicks, q->requests);
	out_text(out, ROLE_LABEL, ", interrupts ");
	out_dec(out, ROLE_NUMBER, "irqs", 0, q->irqs);
	out_text(out, ROLE_LABEL, " and ");
	out_dec(out, ROLE_NUMBER, "irqs_suppressed", 0, q->irqs_suppressed);
	out_text(out, ROLE_LABEL, " saved; read ");
	out_hidden_dec(out, "bytes_read", q->bytes_read);
	out_text(out, ROLE_NUMBER, "%s", format_size(text, sizeof(text), q->bytes_read));
	out_text(out, ROLE_LABEL, ", wrote ");
	out_hidden_dec(out, "bytes_written", q->bytes_written);
	out_text(out, ROLE_NUMBER, "%s", format_size(text, sizeof(text), q->bytes_written));
	out_nl(out);
	out_text(out, ROLE_LABEL, "  last doorbell %s ago", virtq_age(q->now_ns, q->last_kick_ns, text, sizeof(text)));
	out_text(out, ROLE_LABEL, ", look %s", virtq_age(q->now_ns, q->last_look_ns, text, sizeof(text)));
	out_text(out, ROLE_LABEL, ", used %s", virtq_age(q->now_ns, q->last_used_ns, text, sizeof(text)));
	out_text(out, ROLE_LABEL, ", interrupt %s", virtq_age(q->now_ns, q->last_irq_ns, text, sizeof(text)));
	out_nl(out);
}

void virtq_chain_show(const struct virtq_ring *ring, const struct virtq_chain *chain, struct out *out)
{
	out_list(out, "chain");
	for (size_t i = 0; i < chain->links.len; i++) {
		const struct virtq_link *l = &chain->links.data[i];
		bool write = l->desc.flags & VIRTQ_DESC_WRITE;

		if (i == LINKS_SHOWN && !out->is_json) {
			out_text(out, ROLE_DIM, "        ... %zu more", chain->links.len - i);
			out_nl(out);
			break;
		}
		out_begin(out, "descriptor");
		out_text(out, ROLE_LABEL, l->in_table ? "      t" : "       ");
		out_dec(out, ROLE_LABEL, "index", 5, l->index);
		out_bool(out, write ? ROLE_WARN : ROLE_GOOD, "writable", " <- device writes ", " -> device reads  ", write);
		out_hex(out, ROLE_ADDR, "addr", 16, l->desc.addr);
		if (ring->src->iova && l->mapped) {
			out_text(out, ROLE_TEXT, " = gpa ");
			out_hex(out, ROLE_ADDR, "gpa", 0, l->gpa);
		}
		out_text(out, ROLE_TEXT, " + ");
		out_dec(out, ROLE_NUMBER, "len", 0, l->desc.len);
		out_bool(out, ROLE_ERROR, "mapped", "", "  NOT MEMORY", l->mapped);
		out_hidden_dec(out, "in_table", l->in_table);
		out_end(out);
	}
	out_list_end(out);
}

static void show_buffer(const struct virtq_ring *r, const struct virtq_buffer *b, bool links, unsigned *budget,
			struct out *out)
{
	struct virtq_chain c = { 0 };
	char text[200], age[32];

	out_begin(out, "buffer");
	out_text(out, ROLE_LABEL, "    head ");
	out_dec(out, ROLE_NUMBER, "head", 5, b->head);
	if (r->packed) {
		out_text(out, ROLE_LABEL, " id ");
		out_dec(out, ROLE_NUMBER, "id", 5, b->id);
	}
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, b->waiting ? ROLE_WARN : ROLE_TEXT, "state", 6, b->waiting ? "waits" : "out");
	if (!b->waiting) {
		out_hidden_dec(out, "seq", b->seq);
		if (b->picked_ns)
			out_hidden_dec(out, "age_ns", r->src->queue.now_ns - b->picked_ns);
		out_text(out, ROLE_TEXT, " %9s", virtq_age(r->src->queue.now_ns, b->picked_ns, age, sizeof(age)));
	}
	if (b->overwritten) {
		out_text(out, ROLE_DIM, "  its descriptors are overwritten by used ones");
	} else if (b->head >= r->n) {
		out_text(out, ROLE_ERROR, "  no descriptor of this ring");
	} else if (!*budget) {
		out_text(out, ROLE_DIM, "  not walked: too many descriptors");
	} else {
		virtq_chain_walk(r, b->head, budget, NULL, &c);
		out_text(out, ROLE_TEXT, "  ");
		out_str(out, ROLE_SYMBOL, "text", 0, virtq_buffer_text(r, &c, false, text, sizeof(text)));
		out_hidden_dec(out, "readable", c.readable);
		out_hidden_dec(out, "writable", c.writable);
		if (!c.complete)
			out_text(out, ROLE_ERROR, "  (broken chain)");
		if (!links)
			out_text(out, ROLE_DIM, "  %zu descriptors%s", c.links.len, c.indirect ? ", indirect" : "");
		else
			out_nl(out);
		if (links)
			virtq_chain_show(r, &c, out);
	}
	out_end(out);
	virtq_chain_deinit(&c);
}

static void show_buffers(const struct virtq_ring *r, bool links, struct out *out)
{
	unsigned budget = VIRTQ_BUDGET, shown = 0;
	struct virtq_buffers b;

	virtq_buffers_get(r, &b);
	out_list(out, "buffers");
	for (size_t i = 0; i < b.list.len; i++) {
		if (shown++ == LINKS_SHOWN && !out->is_json) {
			out_text(out, ROLE_DIM, "    ... %zu more", b.list.len - i);
			out_nl(out);
			break;
		}
		show_buffer(r, &b.list.data[i], links, &budget, out);
	}
	out_list_end(out);
	if (b.hidden) {
		out_text(out, ROLE_DIM, "    ");
		out_dec(out, ROLE_DIM, "hidden", 0, b.hidden);
		out_text(out, ROLE_DIM, " more are with the device: it does not tell which");
		out_nl(out);
	}
	virtq_buffers_deinit(&b);
}

void virtq_findings_show(const struct virtq_source *src, const struct virtq_findings *f, struct out *out)
{
	for (size_t i = 0; i < f->list.len; i++) {
		const struct virtq_finding *x = &f->list.data[i];
		const char *consequence = NULL, *rule = virtq_rule_text(x->rule, &consequence);

		out_begin(out, "finding");
		out_hidden_str(out, "view", "virtq");
		out_hidden_str(out, "device", src->dev.name);
		out_hidden_dec(out, "queue", src->queue.queue);
		out_text(out, ROLE_FINDING, "! ");
		out_strf(out, ROLE_FINDING, "rule", "RI%02u", x->rule);
		out_text(out, ROLE_FINDING, ": ");
		out_str(out, ROLE_FINDING, "text", 0, x->text);
		if (x->nbytes) {
			char raw[64] = "";

			for (unsigned k = 0; k < x->nbytes && k < 16; k++)
				snprintf(raw + 3 * k, sizeof(raw) - 3 * k, "%02x ", x->bytes[k]);
			raw[3 * x->nbytes - 1] = '\0';
			out_text(out, ROLE_DIM, " [");
			out_str(out, ROLE_DIM, "bytes", 0, raw);
			out_text(out, ROLE_DIM, "]");
		}
		out_nl(out);
		out_text(out, ROLE_COMMENT, "        rule: ");
		out_str(out, ROLE_COMMENT, "rule_text", 0, rule ? rule : "?");
		out_nl(out);
		out_text(out, ROLE_COMMENT, "        so: ");
		out_str(out, ROLE_COMMENT, "consequence", 0, consequence ? consequence : "?");
		out_end(out);
	}
	if (f->dropped)
		out_message(out, ROLE_WARN, "%u more findings are not shown", f->dropped);
}

void virtq_judge(const struct virtq_ring *ring, const struct virtq_past *past, struct virtq_findings *f)
{
	virtq_check(ring, f);
	if (past && past->history)
		virtq_history_check(past->history, &ring->src->dev, ring, f);
	if (!past || !past->sample)
		return;
	virtq_check_samples(ring, past->sample, VIRTQ_PATIENCE_NS, f);
	/* A look soon after another would never see anything missing for long: the older one is kept. */
	if (!past->sample->valid || ring->src->queue.now_ns - past->sample->time_ns >= VIRTQ_PATIENCE_NS)
		virtq_sample_take(ring, past->sample);
}

struct error *virtq_show(struct virtio_look *look, bool links, unsigned strip, const struct virtq_past *past,
			 struct out *out)
{
	struct virtq_findings f = { 0 };
	struct virtq_notify kick, irq;
	struct virtq_ring r;
	struct error *err = virtq_ring_read(&look->src, &r);

	if (err) {
		/* Addresses outside memory are what one wants to know then. */
		virtq_check_setup(&look->src, &f);
		virtq_findings_show(&look->src, &f, out);
		vec_free(&f.list);
		return err;
	}
	virtq_judge(&r, past, &f);
	virtq_kick_needed(&r, &kick);
	virtq_irq_needed(&r, &irq);
	out_begin(out, "virtq");
	show_head(&r, out);
	if (r.packed)
		show_packed(&r, out);
	else
		show_split(&r, out);
	show_device_side(&r, out);
	if (strip && !out->is_json)
		virtq_strip_show(&r, strip, out);
	show_notify(out, "  kick needed now? ", "kick_needed", "kick_why", &kick);
	show_notify(out, "  interrupt for the next used buffer? ", "irq_needed", "irq_why", &irq);
	show_counters(&r, out);
	show_buffers(&r, links, out);
	out_end(out);
	virtq_findings_show(&look->src, &f, out);
	vec_free(&f.list);
	virtq_ring_deinit(&r);
	return NULL;
}
