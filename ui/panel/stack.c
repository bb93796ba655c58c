/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Backtrace of the selected vCPU, and the words on its stack with what they point at. */
#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "ui/capture_model.h"
#include "ui/screen.h"

#define FRAMES_MAX 64
#define WORDS 64

enum mode { MODE_BOTH, MODE_FRAMES, MODE_WORDS, MODE_COUNT };

static const char *const mode_name[MODE_COUNT] = { "", "frames", "words" };

struct state {
	struct out *rows;
	struct list list;
	enum mode mode;
	unsigned nframes;	/* rows that are frames come first */
};

static void print_frame(struct session *s, struct out *out, unsigned n, const struct frame *f)
{
	struct source_line line;
	char sym[200];

	out_text(out, ROLE_CURRENT, "%s", n == s->frame ? "=>" : "");
	out_text(out, ROLE_TEXT, "%s", n == s->frame ? "" : "  ");
	out_text(out, ROLE_NUMBER, "#%-2u ", n);
	out_text(out, ROLE_ADDR, "%08llx ", (unsigned long long)f->pc);
	if (symbols_format(s->symbols, f->pc, sym, sizeof(sym)))
		out_text(out, ROLE_SYMBOL, "%s", sym);
	/* The line of a caller is that of the call, before the return address. */
	if (symbols_line_by_addr(s->symbols, n ? f->pc - 1 : f->pc, &line)) {
		const char *base = strrchr(line.file, '/');

		out_text(out, ROLE_COMMENT, " %s:%u", base ? base + 1 : line.file, line.line);
	}
	out_nl(out);
}

static void print_frames(struct session *s, struct state *st)
{
	for (unsigned n = 0; n < FRAMES_MAX; n++) {
		struct frame frame;
		bool exists;
		_error_ struct error *error = session_frame(s, n, &frame, &exists);

		if (error || !exists)
			break;
		print_frame(s, st->rows, n, &frame);
		st->nframes++;
	}
}

static void print_words(struct session *s, struct out *out)
{
	const struct regs *regs;
	bool stale;
	_error_ struct error *error = session_regs(s, REGS_CORE, &regs, &stale);
	const struct arch *arch = s->target->arch;
	uint64_t sp;
	unsigned size;

	if (error)
		return;
	sp = arch->sp_linear ? arch->sp_linear(regs) : regs_u64(regs, arch->reg_sp);
	size = arch->code_bits ? arch->code_bits(regs) / 8 : 8;
	for (unsigned i = 0; i < WORDS; i++) {
		uint8_t bytes[8];
		char sym[200];
		uint64_t value;
		size_t done;
		struct error *failed = session_mem_read(s, sp + i * size, bytes, size, &done);

		if (failed) {
			error_destroy(failed);
			if (!i)
				out_message(out, ROLE_DIM, "the stack at 0x%llx can not be read", (unsigned long long)sp);
			return;
		}
		value = bytes_read(bytes, size, arch->big_endian);
		out_text(out, ROLE_LABEL, "%s+%03x ", arch->regs[arch->reg_sp].name, i * size);
		out_text(out, ROLE_NUMBER, "%0*llx", (int)size * 2, (unsigned long long)value);
		if (symbols_format(s->symbols, value, sym, sizeof(sym)))
			out_text(out, ROLE_SYMBOL, " <%s>", sym);
		out_nl(out);
	}
}

static void update(struct panel *p)
{
	struct state *st = p->state;

	out_capture_clear(st->rows);
	st->nframes = 0;
	if (!p->session->target) {
		out_message(st->rows, ROLE_DIM, "no guest");
		return;
	}
	if (st->mode != MODE_WORDS)
		print_frames(p->session, st);
	if (st->mode != MODE_FRAMES)
		print_words(p->session, st->rows);
	if (!out_capture_lines(st->rows))
		out_message(st->rows, ROLE_DIM, "no frames");
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

static void stopped(struct panel *p, const struct stop_report *report)
{
	struct state *st = p->state;

	st->list.top = st->list.cursor = 0; /* another stack: its top is what matters */
}

static void draw(struct panel *p, const struct area *a, bool focused)
{
	list_draw(&((struct state *)p->state)->list, a, focused);
}

static void subtitle(struct panel *p, char *buf, size_t size)
{
	snprintf(buf, size, "%s", mode_name[((struct state *)p->state)->mode]);
}

static void move(struct panel *p, enum move how)
{
	list_move(&((struct state *)p->state)->list, how);
}

static bool search(struct panel *p, const char *text, bool backwards)
{
	return list_search(&((struct state *)p->state)->list, text, backwards);
}

static void action_cycle(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	st->mode = (st->mode + 1) % MODE_COUNT;
	st->list.top = st->list.cursor = 0;
	p->resized = true;
	panel_touch(p);
}

static void action_select(struct screen *s, struct panel *p)
{
	struct state *st = p->state;

	if (st->list.cursor < st->nframes)
		screen_commandf(s, "frame %u", (unsigned)st->list.cursor);
}

static const struct action actions[] = {
	{ "select", "Enter", "select frame", "look at that frame: code and registers follow", action_select },
	{ "cycle", "p", "show", "frames, words of the stack, or both", action_cycle },
	{ NULL },
};

const struct panel_ops panel_stack = {
	.name = "stack",
	.title = "stack",
	.help = "Who called whom, innermost first, by frame pointers; then the words from\n"
		"the stack pointer up, with symbols for what looks like an address.\n",
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
