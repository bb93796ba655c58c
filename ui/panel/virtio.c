/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Virtqueues: a table of all of them, or one opened as ring, descriptors or history.
 *
 *	table --Enter--> ring <--d--> descriptors
 *	  ^                `---h--> history
 *	  `------- t --------'
 *
 * The table reads what devices count; a ring is read only while it is the one that is open.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/loop.h"
#include "core/base/text.h"
#include "core/session/virtio.h"
#include "ui/capture_model.h"
#include "ui/screen.h"

#define REFRESH_NS 250000000ULL	/* while the guest runs */
#define RATE_NS 900000000ULL	/* rates are over at least this long */
#define QUEUES_MAX 256		/* rows of the table */
#define HISTORY_ROWS 200

enum mode { MODE_TABLE, MODE_RING, MODE_CHAINS, MODE_HISTORY };

/* What a queue had counted, to make rates of. */
struct count {
	unsigned index;
	uint64_t time_ns, requests, kicks, bytes, irqs;
	double request_rate, byte_rate, irq_rate, per_request;
	bool has_rate;
};

struct state {
	struct out *rows;
	struct list list;
	enum mode mode;
	unsigned device, queue;		/* the opened one */
	uint64_t table_cursor;
	struct { unsigned device, queue; } row[QUEUES_MAX];
	unsigned nrows;
	VEC(struct count) counts;
	uint64_t updated_ns;
};

/* ---- rates --------------------------------------------------------------------------------------- */

static struct count *count_of(struct state *st, unsigned index)
{
	for (size_t i = 0; i < st->counts.len; i++)
		if (st->counts.data[i].index == index)
			return &st->counts.data[i];
	vec_push(&st->counts, (struct count){ .index = index });
	return &st->counts.data[st->counts.len - 1];
}

static void measure(struct count *c, const struct state_virtio_queue *q)
{
	uint64_t bytes = q->bytes_read + q->bytes_written, span = q->now_ns - c->time_ns;
	bool fresh = !c->time_ns || q->now_ns < c->time_ns || q->requests < c->requests;

	if (!fresh && span < RATE_NS)
		return;
	if (!fresh) {
		double seconds = span / 1e9;
		uint64_t requests = q->requests - c->requests;

		c->has_rate = true;
		c->request_rate = requests / seconds;
		c->byte_rate = (bytes - c->bytes) / seconds;
		c->irq_rate = (q->irqs - c->irqs) / seconds;
		c->per_request = requests ? (double)(q->kicks - c->kicks) / requests : 0;
	} else {
		c->has_rate = false;
	}
	c->time_ns = q->now_ns;
	c->requests = q->requests;
	c->kicks = q->kicks;
	c->irqs = q->irqs;
	c->bytes = bytes;
}

/* ---- the table ----------------------------------------------------------------------------------- */

static void table_title(struct out *out, bool wide)
{
	out_text(out, ROLE_HEADING, "%-8s %2s %-11s %-6s %5s %4s %8s %7s %9s", "device", "q", "role", "ring", "size",
		 "out", "oldest", "req/s", "bell/req");
	if (wide)
		out_text(out, ROLE_HEADING, " %8s %10s %10s %10s %10s %6s", "irq/s", "bytes/s", "requests", "doorbells",
			 "irqs", "status");
	out_text(out, ROLE_HEADING, " %s", "findings");
	out_nl(out);
}

static void table_wide(struct out *out, const struct state_virtio_device *dev, const struct state_virtio_queue *q,
		       const struct count *c)
{
	char irqs[16] = "-", bytes[32] = "-";

	if (c->has_rate) {
		snprintf(irqs, sizeof(irqs), "%.0f", c->irq_rate);
		format_size(bytes, sizeof(bytes), c->byte_rate);
	}
	out_text(out, ROLE_NUMBER, " %8s %10s %10" PRIu64 " %10" PRIu64 " %10" PRIu64, irqs, bytes, q->requests, q->kicks,
		 q->irqs);
	out_text(out, ROLE_TEXT, "   0x%02x", dev->status);
}

static void table_row(struct state *st, const struct state_virtio_device *dev,
		      const struct virtq_source *src, bool wide)
{
	const struct state_virtio_queue *q = &src->queue;
	bool ready = q->flags & STATE_VIRTQ_READY, broken = q->flags & STATE_VIRTQ_BROKEN;
	struct count *c = count_of(st, state_virtio_index(dev->device, q->queue));
	char text[32], rate[16] = "-", bell[16] = "-";

	measure(c, q);
	if (c->has_rate)
		snprintf(rate, sizeof(rate), "%.0f", c->request_rate);
	/* Without requests lately: of all so far. */
	if (c->has_rate && c->request_rate > 0)
		snprintf(bell, sizeof(bell), "%.2f", c->per_request);
	else if (q->requests)
		snprintf(bell, sizeof(bell), "%.2f", (double)q->kicks / q->requests);
	out_text(st->rows, ROLE_LABEL, "%-8s ", dev->name);
	out_text(st->rows, ROLE_NUMBER, "%2u ", q->queue);
	out_text(st->rows, ready ? ROLE_TEXT : ROLE_DIM, "%-11.11s ", virtq_role(src, text, sizeof(text)));
	if (!ready && !broken) {
		out_text(st->rows, ROLE_DIM, "not set up by the driver");
		out_nl(st->rows);
		return;
	}
	out_text(st->rows, broken ? ROLE_ERROR : ROLE_TEXT, "%-6s ",
		 broken ? "BROKEN" : q->flags & STATE_VIRTQ_PACKED ? "packed" : "split");
	out_text(st->rows, ROLE_NUMBER, "%5u %4u ", q->size, q->inflight);
	out_text(st->rows, ROLE_TEXT, "%8s ", virtq_age(q->now_ns, q->oldest_ns, text, sizeof(text)));
	out_text(st->rows, ROLE_NUMBER, "%7s %9s", rate, bell);
	if (wide)
		table_wide(st->rows, dev, q, c);
	if (q->findings)
		out_text(st->rows, ROLE_FINDING, " %" PRIu64, q->findings);
	if (broken)
		out_text(st->rows, ROLE_ERROR, " RI%02u", q->broken_rule);
	out_nl(st->rows);
}

static void fill_table(struct panel *p)
{
	struct state *st = p->state;
	bool wide = p->area.w >= 110;

	st->nrows = 0;
	for (unsigned d = 0; p->session->target && d < STATE_VIRTIO_DEVICES_MAX; d++) {
		struct state_virtio_device dev;
		_error_ struct error *err = virtio_device_get(p->session->target, d, &dev);

		if (err)
			break;
		if (d == 0)
			table_title(st->rows, wide);
		for (unsigned i = 0; i < dev.nqueues && st->nrows < QUEUES_MAX; i++) {
			struct virtq_source src = { .dev = dev };
			_error_ struct error *bad = virtio_queue_get(p->session->target, d, i, &src.queue);

			if (bad)
				continue;
			st->row[st->nrows].device = d;
			st->row[st->nrows++].queue = i;
			table_row(st, &dev, &src, wide);
		}
	}
	if (!st->nrows)
		out_message(st->rows, ROLE_DIM, p->session->target ? "this guest has no virtio devices" : "no guest");
}

/* ---- one queue ------------------------------------------------------------------------------------ */

static void fill_history(struct panel *p, const struct virtio_look *look)
{
	const struct virtio_history *all = session_virtio_history(p->session);
	struct state *st = p->state;
	const struct virtq_history *q = virtio_history_queue(all, st->device, st->queue);

	if (q)
		virtq_history_show(q, all, &look->src, HISTORY_ROWS, p->session->start_ns, st->rows);
	else
		out_message(st->rows, ROLE_DIM, "no events of this queue were seen");
}

static void fill_queue(struct panel *p)
{
	_free_ struct virtio_look *look = xcalloc(1, sizeof(*look));
	struct state *st = p->state;
	_error_ struct error *err = NULL;
	struct virtq_past past;
	unsigned cells = p->area.w > 76 ? 64 : p->area.w > 20 ? p->area.w - 10 : 10;

	if (p->area.w >= 140)
		cells = 128;
	if (p->session->target)
		err = virtio_look_init(look, p->session->target, st->device, st->queue);
	else
		err = error_create(ERROR_STATE, "no guest");
	if (!err && st->mode == MODE_HISTORY) {
		fill_history(p, look);
		return;
	}
	if (!err) {
		past = session_virtio_past(p->session, st->device, st->queue);
		err = virtq_show(look, st->mode == MODE_CHAINS, cells, &past, st->rows);
	}
	if (err)
		out_message(st->rows, ROLE_ERROR, "%s", error_message(err));
}

static void update(struct panel *p)
{
	struct state *st = p->state;
	uint64_t now = clock_now_ns();
	bool running = p->session->running;

	/* A live panel is asked in each frame. */
	if (running && !p->resized && st->updated_ns && now - st->updated_ns < REFRESH_NS)
		return;
	st->updated_ns = now;
	out_capture_clear(st->rows);
	if (st->mode == MODE_TABLE)
		fill_table(p);
	else
		fill_queue(p);
}

/* ---- the panel -------------------------------------------------------------------------------------- */

static void init(struct panel *p)
{
	struct state *st = p->state;

	st->rows = out_create_capture();
	list_init(&st->list, &capture_model, st->rows, true, false);
	st->list.cursor = 1; /* below the titles */
}

static void deinit(struct panel *p)
{
	struct state *st = p->state;

	vec_free(&st->counts);
	out_destroy(st->rows);
}

static void draw(struct panel *p, const struct area *a, bool focused)
{
	list_draw(&((struct state *)p->state)->list, a, focused);
}

static void subtitle(struct panel *p, char *buf, size_t size)
{
	static const char *const words[] = { "", "ring", "descriptors", "history" };
	struct state *st = p->state;
	struct state_virtio_device dev;
	_error_ struct error *err = NULL;

	if (st->mode == MODE_TABLE) {
		snprintf(buf, size, "%u queues", st->nrows);
		return;
	}
	err = p->session->target ? virtio_device_get(p->session->target, st->device, &dev) :
				   error_create(ERROR_STATE, "no guest");
	snprintf(buf, size, "%s %u, %s", err ? "?" : dev.name, st->queue, words[st->mode]);
}

static void move(struct panel *p, enum move how)
{
	list_move(&((struct state *)p->state)->list, how);
}

static bool search(struct panel *p, const char *text, bool backwards)
{
	return list_search(&((struct state *)p->state)->list, text, backwards);
}

/* Shows another thing: from its start, at once. */
static void show(struct panel *p, enum mode mode)
{
	struct state *st = p->state;

	if (st->mode == MODE_TABLE)
		st->table_cursor = st->list.cursor;
	st->mode = mode;
	st->updated_ns = 0;
	st->list.top = st->list.left = 0;
	st->list.cursor = mode == MODE_TABLE ? st->table_cursor : 0;
	st->list.has_cursor = mode == MODE_TABLE;
	p->stale = true;
	panel_touch(p);
}

/* The queue under the cursor becomes the opened one; false: there is none. */
static bool choose(struct screen *s, struct panel *p)
{
	struct state *st = p->state;
	uint64_t row = st->list.cursor - 1;

	if (st->mode != MODE_TABLE)
		return true;
	if (st->list.cursor < 1 || row >= st->nrows) {
		screen_note(s, "there is no queue in this row");
		return false;
	}
	st->device = st->row[row].device;
	st->queue = st->row[row].queue;
	return true;
}

static void action_ring(struct screen *s, struct panel *p)
{
	if (choose(s, p))
		show(p, MODE_RING);
}

static void action_chains(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	if (choose(s, p))
		show(p, st->mode == MODE_CHAINS ? MODE_RING : MODE_CHAINS);
}

static void action_history(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	if (choose(s, p))
		show(p, st->mode == MODE_HISTORY ? MODE_RING : MODE_HISTORY);
}

static void action_table(struct screen *s, struct panel *p)
{
	show(p, MODE_TABLE);
}

static const struct action actions[] = {
	{ "ring", "Enter", "ring", "open the queue: its ring, the buffers in it, what is wrong", action_ring },
	{ "descriptors", "d", "descriptors", "the same with each buffer's descriptors, and back", action_chains },
	{ "history", "h", "history", "what the queue did: the last requests, distributions", action_history },
	{ "table", "t", "table", "back to the table of all queues", action_table },
	{ NULL },
};

const struct panel_ops panel_virtio = {
	.name = "virtio",
	.title = "virtio",
	.help = "All virtqueues: buffers with the device (out) and the age of the oldest,\n"
		"requests a second, doorbells per request, rules broken (RI01 to RI18,\n"
		"as in `virtq DEV N`). Opened, a ring is drawn with what is out (o) and\n"
		"what waits for the device (w). A ring is read only while it is open.\n",
	.state_size = sizeof(struct state),
	.actions = actions,
	.live = true,
	.init = init,
	.deinit = deinit,
	.update = update,
	.draw = draw,
	.subtitle = subtitle,
	.move = move,
	.search = search,
};
