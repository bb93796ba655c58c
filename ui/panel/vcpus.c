/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All vCPUs: what each does, where it is, how often it left the guest. */
#include <stdio.h>

#include "core/base/cleanup.h"
#include "ui/capture_model.h"
#include "ui/screen.h"

static const char *const state_name[] = {
	[VCPU_STOPPED] = "stopped", [VCPU_RUNNING] = "running", [VCPU_HALTED] = "halted",
	[VCPU_WAITING] = "waiting", [VCPU_DEAD] = "dead",
};

struct state {
	struct out *rows;
	struct list list;
};

static void update(struct panel *p)
{
	struct session *s = p->session;
	struct state *st = p->state;
	unsigned n = s->target ? target_vcpu_count(s->target) : 0;

	out_capture_clear(st->rows);
	for (unsigned i = 0; i < n; i++) {
		struct vcpu_info info;
		char sym[160];
		_error_ struct error *error = target_vcpu_info(s->target, i, &info);
		bool selected = i == s->vcpu;

		out_text(st->rows, selected ? ROLE_CURRENT : ROLE_TEXT, "%s", selected ? "=>" : "  ");
		out_text(st->rows, ROLE_NUMBER, "%3u ", i);
		if (error) {
			out_text(st->rows, ROLE_ERROR, "%s", error_message(error));
			out_nl(st->rows);
			continue;
		}
		out_text(st->rows, ROLE_TEXT, "%-8s ", state_name[info.state]);
		out_text(st->rows, info.stale ? ROLE_DIM : ROLE_ADDR, "%08llx", (unsigned long long)info.pc);
		if (symbols_format(s->symbols, info.pc, sym, sizeof(sym)))
			out_text(st->rows, info.stale ? ROLE_DIM : ROLE_SYMBOL, " %s", sym);
		if (p->area.w < 72) { /* which vCPU, where: the rest needs a wider panel */
			out_nl(st->rows);
			continue;
		}
		out_pad(st->rows, 44);
		out_text(st->rows, ROLE_LABEL, "id ");
		out_text(st->rows, ROLE_NUMBER, "%-3u ", info.hw_id);
		out_text(st->rows, ROLE_LABEL, "exits ");
		out_text(st->rows, ROLE_NUMBER, "%llu", (unsigned long long)info.exits);
		if (info.tid) {
			out_text(st->rows, ROLE_LABEL, " tid ");
			out_text(st->rows, ROLE_NUMBER, "%d", (int)info.tid);
		}
		out_nl(st->rows);
	}
	if (!n)
		out_message(st->rows, ROLE_DIM, "no guest");
}

static void init(struct panel *p)
{
	struct state *st = p->state;

	st->rows = out_create_capture();
	list_init(&st->list, &capture_model, st->rows, true, false);
}

static void deinit(struct panel *p)
{
	out_destroy(((struct state *)p->state)->rows);
}

static void draw(struct panel *p, const struct area *a, bool focused)
{
	list_draw(&((struct state *)p->state)->list, a, focused);
}

static void move(struct panel *p, enum move how)
{
	list_move(&((struct state *)p->state)->list, how);
}

static bool search(struct panel *p, const char *text, bool backwards)
{
	return list_search(&((struct state *)p->state)->list, text, backwards);
}

static void action_select(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	screen_commandf(s, "vcpu %u", (unsigned)st->list.cursor);
}

static const struct action actions[] = {
	{ "select", "Enter", "select", "look at that vCPU: registers, code and stack follow", action_select },
	{ NULL },
};

const struct panel_ops panel_vcpus = {
	.name = "vcpus",
	.title = "vCPUs",
	.help = "=> marks the selected vCPU. \"waiting\" waits for INIT and SIPI, \"halted\" for\n"
		"an interrupt. Exits are counted since the guest was created.\n",
	.state_size = sizeof(struct state),
	.actions = actions,
	.live = true,
	.init = init,
	.deinit = deinit,
	.update = update,
	.draw = draw,
	.move = move,
	.search = search,
};
