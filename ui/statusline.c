/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/statusline.h"

#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "ui/actions.h"

enum { ITEM_MAX = 96 };

struct item {
	int role;
	char text[ITEM_MAX];
};

static int state_item(struct screen *s, struct item *item)
{
	struct session *ses = s->session;
	const char *reason = ses->has_stop ? stop_reason_name(ses->last_stop.reason) : "";

	if (!ses->target || s->options->no_guest) {
		snprintf(item->text, ITEM_MAX, ses->target ? "IMAGE ONLY" : "NO GUEST");
		return UI_STATUS_WARN;
	}
	switch (target_state(ses->target)) {
	case TARGET_RUNNING:
		snprintf(item->text, ITEM_MAX, "RUNNING");
		return UI_STATUS_RUN;
	case TARGET_STOPPING:
		snprintf(item->text, ITEM_MAX, "STOPPING");
		return UI_STATUS_RUN;
	case TARGET_ENDED:
		snprintf(item->text, ITEM_MAX, "ENDED %s", reason);
		return UI_STATUS_WARN;
	case TARGET_STOPPED:
		break;
	}
	if (ses->has_stop && ses->last_stop.id && ses->last_stop.id < 1u << 30)
		snprintf(item->text, ITEM_MAX, "STOPPED %s %u", reason, ses->last_stop.id);
	else
		snprintf(item->text, ITEM_MAX, "STOPPED %s", reason);
	if (ses->has_stop && (ses->last_stop.reason == STOP_ERROR || ses->last_stop.reason == STOP_SHUTDOWN ||
			      ses->last_stop.reason == STOP_COND_FAULT))
		return UI_STATUS_WARN;
	return UI_STATUS_STATE;
}

static void place_items(struct screen *s, struct item *item, unsigned *n)
{
	struct session *ses = s->session;
	const struct regs *regs;
	char sym[ITEM_MAX - 24];
	uint64_t pc;
	bool stale;
	struct error *error;

	snprintf(item[*n].text, ITEM_MAX, "vCPU %u/%u", ses->vcpu, target_vcpu_count(ses->target));
	item[(*n)++].role = UI_STATUS;
	error = session_regs(ses, REGS_CORE, &regs, &stale);
	if (!error && ses->target->arch->mode_name) {
		snprintf(item[*n].text, ITEM_MAX, "%s", ses->target->arch->mode_name(regs));
		item[(*n)++].role = UI_STATUS;
	}
	error_destroy(error);
	error = session_pc(ses, &pc);
	if (!error) {
		if (!symbols_format(ses->symbols, pc, sym, sizeof(sym)))
			snprintf(sym, sizeof(sym), "0x%llx", (unsigned long long)pc);
		snprintf(item[*n].text, ITEM_MAX, "%s%s", ses->running ? "was " : "", sym);
		item[(*n)++].role = UI_STATUS;
	}
	error_destroy(error);
}

static void count_items(struct screen *s, struct item *item, unsigned *n)
{
	struct session *ses = s->session;
	uint64_t drops = event_store_drops(ses->events);
	char time[32];

	if (ses->running) {
		snprintf(item[*n].text, ITEM_MAX, "%llu ev/s", (unsigned long long)s->rate);
		item[(*n)++].role = UI_STATUS;
	}
	snprintf(item[*n].text, ITEM_MAX, "%s %llu", drops ? "DROPPED" : "drops", (unsigned long long)drops);
	item[(*n)++].role = drops ? UI_STATUS_WARN : UI_STATUS;
	if (!ses->running && ses->has_stop && ses->last_stop.time_ns > ses->start_ns) {
		format_time_ns(time, sizeof(time), ses->last_stop.time_ns - ses->start_ns);
		snprintf(item[*n].text, ITEM_MAX, "at %s", time);
		item[(*n)++].role = UI_STATUS;
	}
}

void statusline_draw(struct screen *s, const struct area *row, bool force)
{
	_cleanup_(text_deinit) struct text all = {0};
	struct item item[10];
	unsigned n = 0;
	int x = 0;

	item[n].role = state_item(s, &item[n]);
	n++;
	snprintf(item[n].text, ITEM_MAX, "%s", s->session->target ? s->session->target->title : s->options->title);
	item[n++].role = UI_STATUS;
	if (s->session->target) {
		place_items(s, item, &n);
		count_items(s, item, &n);
	}
	for (unsigned i = 0; i < n; i++)
		text_printf(&all, "%d%s|", item[i].role, item[i].text);
	if (!force && !strncmp(text_str(&all), s->status, sizeof(s->status) - 1))
		return;
	snprintf(s->status, sizeof(s->status), "%s", text_str(&all));
	area_fill(row, 0, 0, row->w, UI_STATUS);
	for (unsigned i = 0; i < n; i++) {
		if (i > 1) /* the state's colour ends where the title begins */
			x = area_puts(row, 0, x, UI_STATUS, theme_glyph(row->theme, GLYPH_VLINE));
		x = area_printf(row, 0, x, item[i].role, " %s ", item[i].text);
		if (i + 1 < n && x + 3 + (int)strlen(item[i + 1].text) > row->w)
			break; /* a cut value would be a wrong one */
	}
}

void footer_draw(struct screen *s, const struct area *row)
{
	const struct action *actions[48];
	char name[32];
	unsigned n;
	int x = 0;

	area_fill(row, 0, 0, row->w, UI_KEY_TEXT);
	if (s->note[0]) {
		area_puts(row, 0, 0, ROLE_WARN, s->note);
		return;
	}
	if (!s->at_prompt && s->focus->ops->hint && s->focus->ops->hint(s->focus)) {
		area_puts(row, 0, 0, ROLE_WARN, s->focus->ops->hint(s->focus));
		return;
	}
	n = actions_footer(s, actions, ARRAY_SIZE(actions));
	for (unsigned i = 0; i < n; i++) {
		const char *keys = actions[i]->keys;
		size_t len = strcspn(keys, " ");

		/* At the prompt letters are text: show the key that works there. */
		if (s->at_prompt)
			keys = actions_prompt_key(actions[i], &len);
		snprintf(name, sizeof(name), "%.*s", (int)len, keys);
		if (x + (int)strlen(name) + (int)strlen(actions[i]->footer) + 1 > row->w)
			break;
		x = area_puts(row, 0, x, UI_KEY, name);
		x = area_printf(row, 0, x + 1, UI_KEY_TEXT, "%s", actions[i]->footer) + 2;
	}
}
