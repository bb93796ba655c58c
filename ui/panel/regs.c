/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registers of the selected vCPU in the selected frame; what changed since the last stop is marked. */
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "ui/capture_model.h"
#include "ui/screen.h"

#define CELL_W 21 /* "r15 *0000000000000202" */

static const struct {
	const char *name;
	unsigned groups;
} sets[] = {
	{ "core", REGS_CORE },
	{ "segments", REGS_SEGMENT },
	{ "control", REGS_CONTROL },
	{ "debug", REGS_DEBUG },
	{ "MSRs", REGS_MSR },
	{ "FPU", REGS_FPU },
	{ "vector", REGS_VECTOR },
};

struct state {
	struct out *rows;
	struct list list;
	unsigned set;
};

struct build {
	struct session *session;
	const struct regs *regs;
	struct out *out;
	unsigned width, column;	/* cells of the panel; cells used in this row */
};

static bool changed(const struct build *b, unsigned id)
{
	const struct session *s = b->session;

	return s->has_regs_before && !s->running && !s->frame &&
	       regs_differ(&s->regs_now[0], &s->regs_now[1], id);
}

static void end_row(struct build *b)
{
	if (b->column)
		out_nl(b->out);
	b->column = 0;
}

/* Room for a cell of @width, on this row or the next. */
static void cell(struct build *b, unsigned width)
{
	if (b->column && b->column + 2 + width > b->width)
		end_row(b);
	if (b->column) {
		out_text(b->out, ROLE_TEXT, "  ");
		b->column += 2;
	}
	b->column += width;
}

/* "rax *00000000001000f8": the star is for terminals and eyes without colour. */
static void print_value(struct build *b, unsigned id, int name_width, int digits)
{
	const struct reg_desc *desc = &b->regs->arch->regs[id];
	bool is_changed = changed(b, id);

	out_text(b->out, ROLE_LABEL, "%-*s", name_width, desc->name);
	out_text(b->out, ROLE_CHANGED, "%s", is_changed ? "*" : " ");
	if (!regs_valid(b->regs, id))
		out_text(b->out, ROLE_DIM, "%*s", digits, "-");
	else
		out_text(b->out, is_changed ? ROLE_CHANGED : ROLE_NUMBER, "%0*llx", digits,
			 (unsigned long long)regs_u64(b->regs, id));
}

/* Flags and named fields, on rows of their own, broken between words. */
static void print_fields(struct build *b, unsigned id)
{
	const struct reg_desc *desc = &b->regs->arch->regs[id];
	char text[256], *save, *word;
	unsigned x = 0;

	if (!desc->fields || !regs_valid(b->regs, id) ||
	    !*reg_decode(desc, regs_u64(b->regs, id), text, sizeof(text)))
		return;
	for (word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (x && x + 1 + strlen(word) > b->width) {
			out_nl(b->out);
			x = 0;
		}
		x += (unsigned)strlen(word) + (x ? 1 : 2);
		out_text(b->out, ROLE_COMMENT, "%s%s", x == strlen(word) + 2 ? "  " : " ", word);
	}
	out_nl(b->out);
}

static void print_wide(struct build *b, unsigned id)
{
	const struct reg_desc *desc = &b->regs->arch->regs[id];
	const uint8_t *bytes = regs_bytes(b->regs, id);

	end_row(b);
	out_text(b->out, ROLE_LABEL, "%-6s", desc->name);
	out_text(b->out, ROLE_CHANGED, "%s", changed(b, id) ? "*" : " ");
	for (unsigned i = desc->bits / 8; i-- > 0;)
		out_text(b->out, ROLE_NUMBER, "%02x%s", bytes[i], i && i % 8 == 0 ? "_" : "");
	out_nl(b->out);
}

static void print_general(struct build *b)
{
	const struct arch *arch = b->regs->arch;

	cell(b, CELL_W);
	print_value(b, arch->reg_pc, 4, 16);
	for (unsigned i = 0; i < arch->nregs; i++) {
		if (arch->regs[i].group != REGS_GENERAL || i == arch->reg_pc || i == arch->reg_flags)
			continue;
		cell(b, CELL_W);
		print_value(b, i, 4, 16);
	}
	end_row(b);
	print_value(b, arch->reg_flags, 6, regs_u64(b->regs, arch->reg_flags) >> 32 ? 16 : 8);
	out_nl(b->out);
	print_fields(b, arch->reg_flags);
}

/* Selectors side by side; bases only where they matter. */
static void print_segments_short(struct build *b)
{
	const struct arch *arch = b->regs->arch;

	for (unsigned i = 0; i < arch->nregs; i++) {
		if (arch->regs[i].group != REGS_SEGMENT || arch->regs[i].bits != 16 ||
		    strchr(arch->regs[i].name, '.'))
			continue;
		cell(b, (unsigned)strlen(arch->regs[i].name) + 5);
		print_value(b, i, 2, 4);
	}
	end_row(b);
	for (unsigned i = 0; i < arch->nregs; i++) {
		if (arch->regs[i].group != REGS_SEGMENT || arch->regs[i].bits != 64 ||
		    !regs_u64(b->regs, i))
			continue;
		print_value(b, i, 9, 8);
		out_nl(b->out);
	}
}

static int digits_of(uint64_t v, unsigned bits)
{
	return bits <= 32 ? (int)(bits + 3) / 4 : v >> 32 ? 16 : 8;
}

static void print_group(struct build *b, unsigned group)
{
	const struct arch *arch = b->regs->arch;
	int name_width = 3;

	for (unsigned i = 0; i < arch->nregs; i++)
		if (arch->regs[i].group == (enum reg_group)group && arch->regs[i].bits <= 64 &&
		    (int)strlen(arch->regs[i].name) > name_width)
			name_width = (int)strlen(arch->regs[i].name);
	for (unsigned i = 0; i < arch->nregs; i++) {
		const struct reg_desc *desc = &arch->regs[i];

		if (desc->group != (enum reg_group)group)
			continue;
		if (desc->bits > 64) {
			print_wide(b, i);
			continue;
		}
		print_value(b, i, name_width, digits_of(regs_u64(b->regs, i), desc->bits));
		out_nl(b->out);
		print_fields(b, i);
	}
}

static void update(struct panel *p)
{
	struct state *st = p->state;
	struct build b = { .session = p->session, .out = st->rows, .width = (unsigned)p->area.w };
	_error_ struct error *error = NULL;
	bool stale;

	out_capture_clear(st->rows);
	if (!p->session->target) {
		out_message(st->rows, ROLE_DIM, "no guest");
		return;
	}
	error = session_regs(p->session, sets[st->set].groups, &b.regs, &stale);
	if (error) {
		out_message(st->rows, ROLE_DIM, "%s", error_message(error));
		return;
	}
	if (sets[st->set].groups == REGS_CORE) {
		print_general(&b);
		print_segments_short(&b);
		print_group(&b, REGS_CONTROL);
	} else {
		print_group(&b, sets[st->set].groups);
	}
	if (!out_capture_lines(st->rows))
		out_message(st->rows, ROLE_DIM, "none on %s", p->session->target->arch->name);
}

static void init(struct panel *p)
{
	struct state *st = p->state;

	st->rows = out_create_capture();
	list_init(&st->list, &capture_model, st->rows, false, false);
}

static void deinit(struct panel *p)
{
	out_destroy(((struct state *)p->state)->rows);
}

static void draw(struct panel *p, const struct area *a, bool focused)
{
	list_draw(&((struct state *)p->state)->list, a, focused);
}

static void subtitle(struct panel *p, char *buf, size_t size)
{
	struct state *st = p->state;

	if (p->session->frame)
		snprintf(buf, size, "frame %u", p->session->frame);
	else if (st->set)
		snprintf(buf, size, "%s", sets[st->set].name);
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

	st->set = (st->set + 1) % ARRAY_SIZE(sets);
	st->list.top = 0;
	p->resized = true; /* also while the guest runs: the values are those of the last stop */
	panel_touch(p);
}

static void action_set(struct screen *s, struct panel *p)
{
	screen_focus_prompt(s, true);
	prompt_insert(s->prompt, "set $");
}

static const struct action actions[] = {
	{ "cycle", "p", "group", "next group: core, segments, control, debug, MSRs, FPU, vector", action_cycle },
	{ "set", "e", "set", "change a register (`set $rax = 1` at the prompt)", action_set },
	{ NULL },
};

const struct panel_ops panel_regs = {
	.name = "regs",
	.title = "registers",
	.help = "Registers of the selected vCPU. A star marks what changed since the\n"
		"last stop; values of a running guest are the last known ones, dimmed.\n",
	.state_size = sizeof(struct state),
	.actions = actions,
	.init = init,
	.deinit = deinit,
	.update = update,
	.draw = draw,
	.subtitle = subtitle,
	.move = move,
	.search = search,
};
