/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the selected frame executes: disassembly, with source lines between, or the source. */
#include "ui/panel/code.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "ui/screen.h"

#define PLACES_MAX 32

enum mode { MODE_ASM, MODE_MIXED, MODE_SOURCE, MODE_COUNT };

static const char *const mode_name[MODE_COUNT] = { "", "mixed", "source" };

struct state {
	struct code_rows rows;
	enum mode mode;
	bool in_source;		/* source mode and its text is at hand */
	bool follow;		/* stays with the pc; moving ends it, a stop begins it */
	uint64_t top;		/* disassembly: address of the first row */
	unsigned top_line;	/* source: first line */
	char file[512];
	size_t cursor;		/* row */
	uint64_t place[PLACES_MAX];	/* addresses to come back to, the last one on top */
	unsigned nplaces;
	int left;
	char find[64];
};

bool code_shows_source(const struct panel *code)
{
	return ((const struct state *)code->state)->in_source;
}

static unsigned height(const struct panel *p)
{
	return p->area.h > 0 ? (unsigned)p->area.h : 1;
}

static size_t current_row(const struct state *st)
{
	for (size_t i = 0; i < st->rows.row.len; i++)
		if (st->rows.row.data[i].current)
			return i;
	return st->rows.row.len;
}

/* ---- building ------------------------------------------------------------------------------------------ */

static void build(struct panel *p)
{
	struct state *st = p->state;

	st->in_source = st->mode == MODE_SOURCE && st->file[0] &&
			code_build_source(p->session, &st->rows, st->file, st->top_line, height(p));
	if (!st->in_source)
		code_build_asm(p->session, &st->rows, st->top, height(p), st->mode == MODE_MIXED,
			       (unsigned)p->area.w);
	if (st->cursor >= st->rows.row.len)
		st->cursor = st->rows.row.len ? st->rows.row.len - 1 : 0;
}

/* Brings the pc into view, a third from the top, unless it is in the middle of it already. */
static void go_to_pc(struct panel *p)
{
	struct state *st = p->state;
	struct source_line line;
	unsigned h = height(p), third = h / 3;
	size_t row;
	uint64_t pc;
	_error_ struct error *error = session_pc(p->session, &pc);

	if (error)
		return;
	if (symbols_line_by_addr(p->session->symbols, pc, &line)) {
		if (strcmp(st->file, line.file) || line.line < st->top_line + (h > 4) ||
		    line.line >= st->top_line + h - (h > 4))
			st->top_line = line.line > third ? line.line - third : 1;
		snprintf(st->file, sizeof(st->file), "%s", line.file);
	} else {
		st->file[0] = 0;
	}
	build(p);
	row = current_row(st);
	if (!st->in_source && (row >= st->rows.row.len || row >= h - (h > 3))) {
		/* Labels and source lines take rows too: fewer instructions until the pc fits. */
		for (unsigned back = third; ; back--) {
			st->top = code_back(p->session, pc, back, false);
			build(p);
			if (!back || current_row(st) < h - (h > 3))
				break;
		}
	}
	row = current_row(st);
	st->cursor = row < st->rows.row.len ? row : 0;
}

static uint64_t cursor_address(const struct panel *p)
{
	const struct state *st = p->state;

	return st->cursor < st->rows.row.len ? st->rows.row.data[st->cursor].addr : 0;
}

/* Brings @addr into view, a third from the top. */
static void look_at(struct panel *p, uint64_t addr)
{
	struct state *st = p->state;
	struct source_line line;
	unsigned third = height(p) / 3;

	st->follow = false;
	st->top = code_back(p->session, addr, third, false);
	st->file[0] = 0;
	if (symbols_line_by_addr(p->session->symbols, addr, &line)) {
		snprintf(st->file, sizeof(st->file), "%s", line.file);
		st->top_line = line.line > third ? line.line - third : 1;
	}
	build(p);
	st->cursor = 0;
	for (size_t i = 0; i < st->rows.row.len; i++)
		if (st->rows.row.data[i].addr == addr && st->rows.row.data[i].kind != CODE_LABEL)
			st->cursor = i;
	panel_touch(p);
}

void code_show(struct panel *code, uint64_t addr)
{
	struct state *st = code->state;

	if (!code->session->target)
		return;
	if (st->nplaces == PLACES_MAX)
		memmove(st->place, st->place + 1, --st->nplaces * sizeof(st->place[0]));
	st->place[st->nplaces++] = cursor_address(code);
	look_at(code, addr);
}

static void update(struct panel *p)
{
	struct state *st = p->state;

	if (!p->session->target) {
		out_capture_clear(st->rows.text);
		st->rows.row.len = 0;
		out_message(st->rows.text, ROLE_DIM, "no guest");
		return;
	}
	if (st->follow)
		go_to_pc(p);
	else
		build(p);
}

static void init(struct panel *p)
{
	struct state *st = p->state;

	st->rows.text = out_create_capture();
	st->follow = true;
	st->top_line = 1;
}

static void deinit(struct panel *p)
{
	struct state *st = p->state;

	out_destroy(st->rows.text);
	vec_free(&st->rows.row);
}

static void stopped(struct panel *p, const struct stop_report *report)
{
	((struct state *)p->state)->follow = true;
}

/* ---- drawing --------------------------------------------------------------------------------------------- */

static void draw(struct panel *p, const struct area *a, bool focused)
{
	struct state *st = p->state;

	for (int y = 0; y < a->h; y++) {
		size_t i = (size_t)y;
		bool known = i < st->rows.row.len;
		int under = known && st->rows.row.data[i].current ? ROLE_CURRENT :
			    known && focused && i == st->cursor ? UI_SELECTED : -1;

		area_line(a, y, out_capture_line(st->rows.text, i), st->left, under, st->find, true);
		/* The cursor on the current row is told by its first cell. */
		if (known && focused && i == st->cursor && under == ROLE_CURRENT)
			area_text(a, y, 0, UI_SELECTED, -1, out_capture_line(st->rows.text, i)->text, 1);
	}
}

static void subtitle(struct panel *p, char *buf, size_t size)
{
	struct state *st = p->state;
	const char *base = strrchr(st->file, '/');

	if (st->mode == MODE_SOURCE && !st->in_source)
		snprintf(buf, size, "no source here");
	else if (st->file[0])
		snprintf(buf, size, "%s%s%s", base ? base + 1 : st->file, st->mode ? " " : "",
			 mode_name[st->mode]);
}

/* ---- moving ----------------------------------------------------------------------------------------------- */

static void scroll(struct panel *p, int rows)
{
	struct state *st = p->state;

	if (st->in_source) {
		int line = (int)st->top_line + rows;

		st->top_line = line < 1 ? 1 : (unsigned)line;
		if (!symbols_source_text(p->session->symbols, st->file, st->top_line) && rows > 0)
			st->top_line -= (unsigned)rows;
	} else if (rows < 0) {
		st->top = code_back(p->session, st->top, (unsigned)-rows, true);
	} else {
		/* Rows of the screen become instructions at the same place of it. */
		uint64_t to = st->top;

		for (size_t i = 0; i < st->rows.row.len; i++)
			if (st->rows.row.data[i].kind == CODE_INSN && i <= (size_t)rows)
				to = st->rows.row.data[i].addr;
		if (to == st->top && st->rows.next > st->top)
			to = st->rows.row.len > 1 ? st->rows.row.data[st->rows.row.len - 1].addr : st->rows.next;
		st->top = to;
	}
	build(p);
}

static void move_cursor(struct panel *p, int rows)
{
	struct state *st = p->state;
	long to = (long)st->cursor + rows;

	if (to >= 0 && to < (long)st->rows.row.len && to < (long)height(p)) {
		st->cursor = (size_t)to;
		return;
	}
	scroll(p, rows);
	st->cursor = rows < 0 ? 0 : st->rows.row.len ? st->rows.row.len - 1 : 0;
	if (st->cursor >= height(p))
		st->cursor = height(p) - 1;
}

static void go_home(struct panel *p)
{
	struct state *st = p->state;
	struct symbol sym;
	uint64_t off, at = st->cursor < st->rows.row.len ? st->rows.row.data[st->cursor].addr : st->top;

	if (st->in_source)
		st->top_line = 1;
	else if (symbols_by_addr(p->session->symbols, at, &sym, &off))
		st->top = sym.addr;
	st->cursor = 0;
	build(p);
}

static void move(struct panel *p, enum move how)
{
	struct state *st = p->state;
	int page = height(p) > 2 ? (int)height(p) - 1 : 1;

	if (!p->session->target)
		return;
	if (how != MOVE_LEFT && how != MOVE_RIGHT)
		st->follow = false;
	switch (how) {
	case MOVE_UP:
	case MOVE_DOWN:
		move_cursor(p, how == MOVE_UP ? -1 : 1);
		break;
	case MOVE_PAGE_UP:
	case MOVE_PAGE_DOWN:
		scroll(p, how == MOVE_PAGE_UP ? -page : page);
		break;
	case MOVE_HOME:
		go_home(p);
		break;
	case MOVE_END:
		st->follow = true;
		go_to_pc(p);
		break;
	case MOVE_LEFT:
		st->left = st->left > 8 ? st->left - 8 : 0;
		break;
	case MOVE_RIGHT:
		st->left += st->left < 400 ? 8 : 0;
		break;
	}
}

static bool search(struct panel *p, const char *text, bool backwards)
{
	struct state *st = p->state;
	size_t n = st->rows.row.len;

	if (text)
		snprintf(st->find, sizeof(st->find), "%s", text);
	for (size_t i = text ? 0 : 1; st->find[0] && i <= n && n; i++) {
		size_t row = (st->cursor + (backwards ? n - i % n : i)) % n;

		if (text_find(out_capture_line(st->rows.text, row)->text, st->find)) {
			st->cursor = row;
			return true;
		}
	}
	return !st->find[0];
}

/* ---- actions ----------------------------------------------------------------------------------------------- */

static void action_follow(struct screen *s, struct panel *p)
{
	struct state *st = p->state;
	uint64_t target = st->cursor < st->rows.row.len ? st->rows.row.data[st->cursor].target : 0;

	if (target)
		code_show(p, target);
	else
		screen_note(s, "no branch on this line");
}

static void action_back(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	if (st->nplaces && p->session->target)
		look_at(p, st->place[--st->nplaces]);
	else
		screen_note(s, "no place to come back to");
}

static void goto_answer(void *ctx, const char *text)
{
	struct screen *s = ctx;
	struct error *error;
	uint64_t addr;

	if (!text || !*text)
		return;
	error = session_location(s->session, text, &addr);
	if (!error)
		code_show(&s->panel[PANEL_code], addr);
	else
		screen_note(s, "%.*s", (int)strcspn(error_message(error), "\n"), error_message(error));
	error_destroy(error);
}

static void action_goto(struct screen *s, struct panel *p)
{
	prompt_ask(s->prompt, "code at (main, file.c:12, *0x1000): ", goto_answer, NULL, s);
	screen_touch(s);
}

static void action_break(struct screen *s, struct panel *p)
{
	uint64_t addr = cursor_address(p);
	struct stop *stop = code_stop_at(p->session, addr);

	if (!addr)
		screen_note(s, "no code on this line");
	else if (stop)
		screen_commandf(s, "delete %u", stop->id);
	else
		screen_commandf(s, "break *0x%llx", (unsigned long long)addr);
}

static void action_until(struct screen *s, struct panel *p)
{
	uint64_t addr = cursor_address(p);

	if (addr)
		screen_commandf(s, "advance *0x%llx", (unsigned long long)addr);
	else
		screen_note(s, "no code on this line");
}

static void action_cycle(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	st->mode = (st->mode + 1) % MODE_COUNT;
	if (p->session->target)
		go_to_pc(p);
	if (st->mode == MODE_SOURCE && !st->in_source)
		screen_note(s, "no source text for this address: debug info or the file is missing");
	panel_touch(p);
}

static void action_pc(struct screen *s, struct panel *p)
{
	move(p, MOVE_END);
	panel_touch(p);
}

static const struct action actions[] = {
	{ "break", "b F9", "break", "set or delete a breakpoint at the cursor", action_break },
	{ "until", "u", "to cursor", "run to the cursor", action_until },
	{ "cycle", "p", "asm/source", "disassembly, mixed with source, or source", action_cycle },
	{ "goto", "g", NULL, "look at another place: a function, file.c:12, *ADDRESS", action_goto },
	{ "follow", "Enter", NULL, "look where the branch at the cursor goes", action_follow },
	{ "back", "Backspace", NULL, "back to where you came from", action_back },
	{ "pc", ".", NULL, "back to where the guest is", action_pc },
	{ NULL },
};

const struct panel_ops panel_code = {
	.name = "code",
	.title = "code",
	.help = "=> is what the selected frame executes next, with what its memory operand\n"
		"points at; B marks breakpoints (b disabled ones); v and ^ tell where a\n"
		"branch goes. Home is the start of the function, End where the guest is.\n",
	.state_size = sizeof(struct state),
	.actions = actions,
	.init = init,
	.deinit = deinit,
	.stopped = stopped,
	.update = update,
	.draw = draw,
	.subtitle = subtitle,
	.move = move,
	.search = search,
};
