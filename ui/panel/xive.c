/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interrupt controller of a POWER guest: sources by trouble, queues, contexts; or one source's path or pages. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/loop.h"
#include "core/decode/xive/show.h"
#include "ui/capture_model.h"
#include "ui/screen.h"

#define REFRESH_NS 500000000ull	/* while the guest runs: reading contexts interrupts its vCPUs */

enum mode { MODE_ALL, MODE_PATH, MODE_ESB };

struct state {
	struct out *rows;
	struct list list;
	VEC(uint32_t) lisns;	/* of the rows from XIVE_SHOW_FIRST on */
	size_t findings;
	enum mode mode;
	uint32_t lisn;		/* of MODE_PATH and MODE_ESB */
	uint64_t cursor;	/* in MODE_ALL, while another mode is shown */
	uint64_t read_ns;
	bool valid;
};

static void show_one(struct state *st, struct xive *x, const struct xive_findings *f)
{
	const struct xive_source *s = xive_source_find(x, st->lisn);

	if (!s)
		out_message(st->rows, ROLE_WARN, "source 0x%x is gone", st->lisn);
	else if (st->mode == MODE_PATH)
		xive_show_path(st->rows, x, f, s);
	else
		xive_show_esb(st->rows, s);
}

static struct error *read_all(struct state *st, struct session *s)
{
	struct xive_findings f;
	struct xive_order order;
	struct xive x;
	struct error *error = xive_load(s->target, &x);

	if (error)
		return error;
	xive_check(&x, &f);
	xive_order(&x, &order);
	out_capture_clear(st->rows);
	st->lisns.len = 0;
	st->findings = f.list.len;
	for (size_t i = 0; i < order.n; i++)
		vec_push(&st->lisns, order.source[i]->s.lisn);
	if (st->mode == MODE_ALL)
		xive_show(st->rows, &x, &f, &order);
	else
		show_one(st, &x, &f);
	free(order.source);
	vec_free(&f.list);
	xive_unload(&x);
	return NULL;
}

static void update(struct panel *p)
{
	struct session *s = p->session;
	bool running = s->target && target_state(s->target) == TARGET_RUNNING;
	struct state *st = p->state;
	uint64_t now = clock_now_ns();
	_error_ struct error *error = NULL;

	if (running && st->valid && now - st->read_ns < REFRESH_NS)
		return;
	st->read_ns = now;
	error = s->target ? read_all(st, s) : error_create(ERROR_STATE, "there is no guest");
	st->valid = !error;
	if (!error)
		return;
	out_capture_clear(st->rows);
	st->lisns.len = 0;
	st->findings = 0;
	out_message(st->rows, ROLE_DIM, "%s", error_message(error));
}

static void init(struct panel *p)
{
	struct state *st = p->state;

	st->rows = out_create_capture();
	list_init(&st->list, &capture_model, st->rows, true, false);
}

static void deinit(struct panel *p)
{
	struct state *st = p->state;

	out_destroy(st->rows);
	vec_free(&st->lisns);
}

static void draw(struct panel *p, const struct area *a, bool focused)
{
	list_draw(&((struct state *)p->state)->list, a, focused);
}

static void subtitle(struct panel *p, char *buf, size_t size)
{
	struct state *st = p->state;

	if (st->mode != MODE_ALL)
		snprintf(buf, size, "%s of 0x%" PRIx32, st->mode == MODE_PATH ? "path" : "pages", st->lisn);
	else if (st->findings)
		snprintf(buf, size, "%zu finding%s", st->findings, st->findings == 1 ? "" : "s");
}

static void move(struct panel *p, enum move how)
{
	list_move(&((struct state *)p->state)->list, how);
}

static bool search(struct panel *p, const char *text, bool backwards)
{
	return list_search(&((struct state *)p->state)->list, text, backwards);
}

/* From the table to one source and back. */
static void change_mode(struct panel *p, enum mode mode)
{
	struct state *st = p->state;
	uint64_t row = st->list.cursor;

	if (st->mode == mode) {
		st->mode = MODE_ALL;
		st->list.cursor = st->cursor;
	} else {
		if (st->mode == MODE_ALL) {
			if (row < XIVE_SHOW_FIRST || row - XIVE_SHOW_FIRST >= st->lisns.len)
				return;
			st->lisn = st->lisns.data[row - XIVE_SHOW_FIRST];
			st->cursor = row;
			st->list.cursor = st->list.top = 0;
		}
		st->mode = mode;
	}
	st->valid = false;
	update(p);
	panel_touch(p);
}

static void action_path(struct screen *s, struct panel *p)
{
	change_mode(p, MODE_PATH);
}

static void action_esb(struct screen *s, struct panel *p)
{
	change_mode(p, MODE_ESB);
}

static const struct action actions[] = {
	{ "path", "Enter", "path", "the path of this interrupt, and back", action_path },
	{ "pages", "e", "pages", "its ESB pages: what each access would do, and back", action_esb },
	{ NULL },
};

const struct panel_ops panel_xive = {
	.name = "xive",
	.title = "XIVE",
	.help = "Interrupt sources of a POWER guest, those in trouble first, then queued\n"
		"and pending ones; queues with their newest entries; thread contexts;\n"
		"findings. While the guest runs it is read twice a second. To act on a\n"
		"source: `xive trigger`, eoi, mask, unmask, set-pq at the prompt.\n",
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
