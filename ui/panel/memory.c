/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Guest memory in hex and ASCII, from an expression that is followed from stop to stop. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "ui/capture_model.h"
#include "ui/panel/memory.h"
#include "ui/screen.h"

#define ROWS_MAX 256
#define COLUMNS_MAX 16

struct row_bytes {
	uint8_t byte[COLUMNS_MAX];
	bool ok;
};

struct state {
	struct out *rows;
	char *expr;
	bool physical;
	uint64_t base;		/* value of @expr at the last stop */
	uint64_t top;		/* address of the first row */
	unsigned columns, nrows;
	struct row_bytes row[ROWS_MAX];
	/* What was there at the stop before, to mark what changed. */
	struct row_bytes old[ROWS_MAX];
	uint64_t old_top;
	unsigned old_columns, old_nrows;
	bool have_old, follow;	/* follow: @top goes where the expression goes */
	char why[160];		/* the expression can not be evaluated */
	char find[64];
};

static unsigned address_digits(const struct state *st)
{
	return (st->top + ROWS_MAX * COLUMNS_MAX) >> 32 ? 16 : 8;
}

/* "00100000  48 89 e5 ..  H.." : address, two, three a byte and one in the middle, ASCII. */
static unsigned columns_for(const struct state *st, int width)
{
	int fixed = (int)address_digits(st) + 3;

	if (width >= fixed + 16 * 4 + 1)
		return 16;
	return width >= fixed + 8 * 4 ? 8 : 4;
}

static void read_rows(struct panel *p)
{
	struct state *st = p->state;
	struct session *s = p->session;

	for (unsigned y = 0; y < st->nrows; y++) {
		uint64_t addr = st->top + (uint64_t)y * st->columns;
		size_t done;
		struct error *error = st->physical ?
			target_phys_read(s->target, addr, st->row[y].byte, st->columns) :
			session_mem_read(s, addr, st->row[y].byte, st->columns, &done);

		st->row[y].ok = !error;
		error_destroy(error);
	}
}

static bool byte_changed(const struct state *st, uint64_t addr, uint8_t value)
{
	uint64_t off = addr - st->old_top;
	const struct row_bytes *row;

	if (!st->have_old || off >= (uint64_t)st->old_columns * st->old_nrows)
		return false;
	row = &st->old[off / st->old_columns];
	return row->ok && row->byte[off % st->old_columns] != value;
}

static void print_row(struct state *st, unsigned y, unsigned digits)
{
	uint64_t addr = st->top + (uint64_t)y * st->columns;
	const struct row_bytes *row = &st->row[y];

	out_text(st->rows, ROLE_ADDR, "%0*llx ", (int)digits, (unsigned long long)addr);
	for (unsigned x = 0; x < st->columns; x++) {
		enum role role = row->ok && byte_changed(st, addr + x, row->byte[x]) ? ROLE_CHANGED : ROLE_NUMBER;

		out_text(st->rows, ROLE_TEXT, x == 8 ? "  " : " ");
		if (row->ok)
			out_text(st->rows, row->byte[x] ? role : role == ROLE_CHANGED ? role : ROLE_DIM, "%02x",
				 row->byte[x]);
		else
			out_text(st->rows, ROLE_DIM, "??");
	}
	out_text(st->rows, ROLE_TEXT, "  ");
	for (unsigned x = 0; row->ok && x < st->columns; x++) {
		uint8_t c = row->byte[x];
		bool shown = c >= 0x20 && c < 0x7f;

		out_text(st->rows, shown ? ROLE_TEXT : ROLE_DIM, "%c", shown ? c : '.');
	}
	out_nl(st->rows);
}

static void print_rows(struct panel *p)
{
	struct state *st = p->state;

	st->nrows = p->area.h < 1 ? 1 : p->area.h > ROWS_MAX ? ROWS_MAX : (unsigned)p->area.h;
	st->columns = columns_for(st, p->area.w);
	out_capture_clear(st->rows);
	if (!p->session->target) {
		out_message(st->rows, ROLE_DIM, "no guest");
		return;
	}
	if (st->why[0]) {
		out_message(st->rows, ROLE_DIM, "%s", st->why);
		return;
	}
	read_rows(p);
	for (unsigned y = 0; y < st->nrows; y++)
		print_row(st, y, address_digits(st));
}

static void evaluate(struct panel *p)
{
	struct state *st = p->state;
	const struct arch *arch = p->session->target->arch;
	struct expr_value value;
	struct error *error;

	if (!st->expr)
		st->expr = xasprintf("$%s", arch->regs[arch->reg_sp].name);
	error = session_eval(p->session, st->expr, &value);
	st->why[0] = 0;
	if (error) {
		snprintf(st->why, sizeof(st->why), "%s: %s", st->expr, error_message(error));
		st->why[strcspn(st->why, "\n")] = 0;
		error_destroy(error);
		return;
	}
	if (st->follow)
		st->top = value.bits & ~(uint64_t)7; /* rows of whole words */
	st->base = value.bits;
}

static void update(struct panel *p)
{
	if (p->stale && p->session->target)
		evaluate(p);
	print_rows(p);
}

static void stopped(struct panel *p, const struct stop_report *report)
{
	struct state *st = p->state;

	/* What is shown now is "before" for the stop that was just reported. */
	memcpy(st->old, st->row, sizeof(st->old));
	st->old_top = st->top;
	st->old_columns = st->columns;
	st->old_nrows = st->nrows;
	st->have_old = st->nrows > 0;
}

static void init(struct panel *p)
{
	struct state *st = p->state;

	st->rows = out_create_capture();
	st->follow = true;
}

static void deinit(struct panel *p)
{
	struct state *st = p->state;

	out_destroy(st->rows);
	free(st->expr);
}

static void draw(struct panel *p, const struct area *a, bool focused)
{
	struct state *st = p->state;

	for (int y = 0; y < a->h; y++)
		area_line(a, y, out_capture_line(st->rows, (size_t)y), 0, -1, st->find, true);
}

static void subtitle(struct panel *p, char *buf, size_t size)
{
	struct state *st = p->state;
	char sym[96];

	session_symbolize(p->session, st->top, sym, sizeof(sym));
	snprintf(buf, size, "%s%s%s%s%s", st->physical ? "physical " : "", st->expr ? st->expr : "", *sym ? " " : "", sym,
		 st->follow ? "" : "  (scrolled; . goes back)");
}

static void move(struct panel *p, enum move how)
{
	struct state *st = p->state;
	uint64_t page = (uint64_t)st->columns * (st->nrows > 1 ? st->nrows - 1 : 1);

	st->follow = false;
	switch (how) {
	case MOVE_UP:
		st->top -= st->columns;
		break;
	case MOVE_DOWN:
		st->top += st->columns;
		break;
	case MOVE_PAGE_UP:
		st->top -= page;
		break;
	case MOVE_PAGE_DOWN:
		st->top += page;
		break;
	case MOVE_LEFT:
		st->top--;
		break;
	case MOVE_RIGHT:
		st->top++;
		break;
	case MOVE_HOME:
		st->top &= ~0xfffULL; /* start of the page, start of the next one */
		break;
	case MOVE_END:
		st->top = (st->top & ~0xfffULL) + 0x1000;
		break;
	}
	print_rows(p);
}

static bool search(struct panel *p, const char *text, bool backwards)
{
	struct state *st = p->state;

	/* Marks what is in view; all of memory is for `find`, which can be cancelled. */
	if (text)
		snprintf(st->find, sizeof(st->find), "%s", text);
	for (size_t i = 0; st->find[0] && i < out_capture_lines(st->rows); i++)
		if (text_find(out_capture_line(st->rows, i)->text, st->find))
			return true;
	return !st->find[0];
}

void memory_show(struct panel *p, const char *expr)
{
	struct state *st = p->state;

	free(st->expr);
	st->expr = xstrdup(expr);
	st->follow = true;
	st->have_old = false;
	if (p->session->target)
		evaluate(p);
	p->resized = true;
	panel_touch(p);
}

static void goto_answer(void *ctx, const char *text)
{
	struct screen *s = ctx;

	if (text && *text)
		memory_show(&s->panel[PANEL_memory], text);
}

static void action_goto(struct screen *s, struct panel *p)
{
	prompt_ask(s->prompt, "memory at: ", goto_answer, NULL, s);
	screen_touch(s);
}

static void action_back(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	st->follow = true;
	st->top = st->base & ~(uint64_t)7;
	p->resized = true;
	panel_touch(p);
}

static void action_set(struct screen *s, struct panel *p)
{
	struct state *st = p->state;
	char text[64];

	snprintf(text, sizeof(text), "set *(u64 *)0x%llx = ", (unsigned long long)st->top);
	screen_focus_prompt(s, true);
	prompt_insert(s->prompt, text);
}

static void action_physical(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	st->physical = !st->physical;
	st->have_old = false;
	p->resized = true;
	panel_touch(p);
}

static const struct action actions[] = {
	{ "goto", "g", "go to", "show another address: any expression, e.g. $rsp or table+8", action_goto },
	{ "back", ".", NULL, "back to the expression", action_back },
	{ "set", "e", NULL, "change memory: a command to finish at the prompt", action_set },
	{ "physical", "p", "virtual/physical", "guest-physical or guest-virtual addresses", action_physical },
	{ NULL },
};

const struct panel_ops panel_memory = {
	.name = "memory",
	.title = "memory",
	.help = "Bytes from an expression that is evaluated at every stop (g changes it).\n"
		"Bold bytes changed since the last stop; ?? can not be read. Home and End\n"
		"go to the start of the page and of the next one.\n",
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
