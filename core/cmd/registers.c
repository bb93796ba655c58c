/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info registers. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"

static const struct {
	const char *name;
	unsigned groups;
} group_names[] = {
	{ "general", REGS_GENERAL }, { "segment", REGS_SEGMENT }, { "control", REGS_CONTROL },
	{ "debug", REGS_DEBUG },     { "msr", REGS_MSR },	  { "fpu", REGS_FPU },
	{ "vector", REGS_VECTOR },   { "all", REGS_ALL },	  { "spr", REGS_MSR },
};

struct reg_print {
	struct session *session;
	struct out *out;
	const struct regs *regs;
	bool stale;
};

static bool changed(const struct reg_print *p, unsigned id)
{
	const struct session *s = p->session;

	return !p->stale && s->frame == 0 && s->has_regs_before && regs_differ(p->regs, &s->regs_now[1], id);
}

/* Wide registers as one hexadecimal number, most significant byte first. */
static char *wide_text(const struct reg_print *p, unsigned id)
{
	const struct reg_desc *desc = &p->regs->arch->regs[id];
	const uint8_t *bytes = regs_bytes(p->regs, id);
	struct text t = { 0 };

	text_puts(&t, "0x");
	for (int i = (desc->bits + 7) / 8 - 1; i >= 0; i--)
		text_printf(&t, "%02x", bytes[i]);
	return text_take(&t);
}

static void print_value(struct reg_print *p, unsigned id)
{
	const struct reg_desc *desc = &p->regs->arch->regs[id];
	enum role role = p->stale ? ROLE_DIM : changed(p, id) ? ROLE_CHANGED : ROLE_NUMBER;

	if (!regs_valid(p->regs, id)) {
		out_str(p->out, ROLE_DIM, desc->name, 0, "-");
	} else if (desc->bits > 64) {
		_free_ char *text = wide_text(p, id);

		out_str(p->out, role, desc->name, 0, text);
	} else {
		out_hex(p->out, role, desc->name, desc->bits / 4, regs_u64(p->regs, id));
	}
	/* Colour is not everywhere: the mark says the same. */
	out_text(p->out, role, changed(p, id) ? "*" : "");
}

static void print_name(struct reg_print *p, unsigned id, unsigned column)
{
	out_pad(p->out, column);
	out_text(p->out, ROLE_LABEL, "%s", p->regs->arch->regs[id].name);
}

/* "[ ZF PF ]" or the symbol a pointer leads to. */
static void print_meaning(struct reg_print *p, unsigned id)
{
	const struct arch *arch = p->regs->arch;
	const struct reg_desc *desc = &arch->regs[id];
	uint64_t value = regs_u64(p->regs, id);
	char buf[256];

	if (!regs_valid(p->regs, id) || desc->bits > 64)
		return;
	if (arch->reg_meaning && arch->reg_meaning(p->regs, id, buf, sizeof(buf))) {
		out_text(p->out, ROLE_COMMENT, "  %s", buf);
		if (!desc->fields)
			return;
	}
	if (desc->fields) {
		reg_decode(desc, value, buf, sizeof(buf));
		if (*buf)
			out_text(p->out, ROLE_COMMENT, "  [%s]", buf);
	} else if (desc->bits == 64 && (desc->group & (REGS_GENERAL | REGS_DEBUG | REGS_MSR))) {
		if (id == arch->reg_pc && arch->pc_linear)
			value = arch->pc_linear(p->regs);
		if (*session_symbolize(p->session, value, buf, sizeof(buf)))
			out_text(p->out, ROLE_SYMBOL, "  %s", buf);
	}
}

static void print_line(struct reg_print *p, unsigned id)
{
	const struct reg_desc *desc = &p->regs->arch->regs[id];

	print_name(p, id, 0);
	/* 256 bits fit into 80 columns only so; MSRs have the longest names. */
	out_pad(p->out, desc->bits > 128 ? 8 : desc->group & REGS_MSR ? 18 : 16);
	print_value(p, id);
	print_meaning(p, id);
	out_nl(p->out);
}

/* ---- layouts ------------------------------------------------------------------------------------- */

static bool is_plain_integer(const struct arch *arch, unsigned id)
{
	const struct reg_desc *desc = &arch->regs[id];

	return desc->group == REGS_GENERAL && desc->bits == 64 && !desc->fields && id != arch->reg_pc;
}

/* Integer registers two a line, what has flags or a symbol on a line of its own. */
static void print_general(struct reg_print *p)
{
	const struct arch *arch = p->regs->arch;
	unsigned n = 0;

	for (unsigned id = 0; id < arch->nregs; id++) {
		if (!is_plain_integer(arch, id))
			continue;
		print_name(p, id, n % 2 ? 40 : 0);
		out_pad(p->out, n % 2 ? 48 : 8);
		print_value(p, id);
		if (n++ % 2)
			out_nl(p->out);
	}
	if (n % 2)
		out_nl(p->out);
	for (unsigned id = 0; id < arch->nregs; id++) {
		if (arch->regs[id].group != REGS_GENERAL || is_plain_integer(arch, id))
			continue;
		print_name(p, id, 0);
		out_pad(p->out, 8);
		print_value(p, id);
		print_meaning(p, id);
		out_nl(p->out);
	}
}

static void print_cell(struct reg_print *p, unsigned id, unsigned column)
{
	out_pad(p->out, column);
	print_value(p, id);
}

/* Registers called NAME, NAME.base, NAME.limit, NAME.attr stand on one line. */
static void print_segments(struct reg_print *p)
{
	static const unsigned columns[] = { 6, 14, 34, 46 };
	const struct arch *arch = p->regs->arch;
	const char *last = "";
	size_t last_len = 0;
	char attr[128];

	out_text(p->out, ROLE_HEADING, "      sel     base                limit");
	for (unsigned id = 0; id < arch->nregs; id++) {
		const struct reg_desc *desc = &arch->regs[id];
		const char *dot = strchr(desc->name, '.');
		size_t len = dot ? (size_t)(dot - desc->name) : strlen(desc->name);

		if (desc->group != REGS_SEGMENT)
			continue;
		if (last_len != len || strncmp(last, desc->name, len)) {
			out_nl(p->out);
			out_text(p->out, ROLE_LABEL, "%.*s", (int)len, desc->name);
		}
		last = desc->name;
		last_len = len;
		if (!dot)
			print_cell(p, id, columns[0]);
		else if (!strcmp(dot, ".base"))
			print_cell(p, id, columns[1]);
		else if (!strcmp(dot, ".limit"))
			print_cell(p, id, columns[2]);
		else
			print_cell(p, id, columns[3]);
		if (dot && desc->fields) {
			reg_decode(desc, regs_u64(p->regs, id), attr, sizeof(attr));
			out_text(p->out, ROLE_COMMENT, " [%s]", attr);
		}
	}
	out_nl(p->out);
}

/* In JSON the marks are a member of their own. */
static void print_changed(struct reg_print *p, unsigned group)
{
	struct text t = { 0 };

	if (!p->out->is_json)
		return;
	for (unsigned id = 0; id < p->regs->arch->nregs; id++)
		if (p->regs->arch->regs[id].group == group && changed(p, id))
			text_printf(&t, "%s%s", t.len ? " " : "", p->regs->arch->regs[id].name);
	out_hidden_str(p->out, "changed", text_str(&t));
	text_deinit(&t);
}

static void print_group(struct reg_print *p, unsigned group)
{
	const struct arch *arch = p->regs->arch;

	out_begin(p->out, "registers");
	out_hidden_dec(p->out, "vcpu", p->session->vcpu);
	if (p->session->frame)
		out_hidden_dec(p->out, "frame", p->session->frame);
	for (unsigned i = 0; i < ARRAY_SIZE(group_names); i++)
		if (group_names[i].groups == group && strcmp(group_names[i].name, "spr"))
			out_hidden_str(p->out, "group", group_names[i].name);
	if (p->stale) {
		out_text(p->out, ROLE_DIM, "the guest runs: last-known values");
		out_bool(p->out, ROLE_DIM, "stale", "", "", true);
		out_nl(p->out);
	}
	if (group == REGS_GENERAL)
		print_general(p);
	else if (group == REGS_SEGMENT)
		print_segments(p);
	else
		for (unsigned id = 0; id < arch->nregs; id++)
			if (arch->regs[id].group == group)
				print_line(p, id);
	print_changed(p, group);
	out_end(p->out);
}

/* One register or part, with its fields written out. */
static void print_single(struct reg_print *p, const char *name, struct reg_ref ref)
{
	const struct reg_desc *desc = &p->regs->arch->regs[ref.reg];
	bool whole = ref.shift == 0 && ref.bits == desc->bits;
	uint64_t value = 0;

	out_begin(p->out, "registers");
	out_hidden_dec(p->out, "vcpu", p->session->vcpu);
	if (whole) {
		print_name(p, ref.reg, 0);
		out_pad(p->out, 16);
		print_value(p, ref.reg);
		print_meaning(p, ref.reg);
	} else if (ref.bits > 64) {
		/* xmm of ymm: the low bytes. */
		_free_ char *text = wide_text(p, ref.reg);
		size_t skip = (desc->bits - ref.bits) / 4;

		out_text(p->out, ROLE_LABEL, "%s", name);
		out_pad(p->out, 16);
		out_strf(p->out, ROLE_NUMBER, name, "0x%s", text + 2 + skip);
	} else if (reg_ref_get(p->regs, ref, &value)) {
		out_text(p->out, ROLE_LABEL, "%s", name);
		out_pad(p->out, 16);
		out_hex(p->out, changed(p, ref.reg) ? ROLE_CHANGED : ROLE_NUMBER, name, ref.bits / 4, value);
	} else {
		out_text(p->out, ROLE_LABEL, "%s", name);
		out_pad(p->out, 16);
		out_str(p->out, ROLE_DIM, name, 0, "-");
	}
	out_end(p->out);
}

/* ---- the command --------------------------------------------------------------------------------- */

static struct error *prepare(struct session *s, struct out *out, unsigned groups, struct reg_print *ret)
{
	*ret = (struct reg_print){ .session = s, .out = out };
	return session_regs(s, groups, &ret->regs, &ret->stale);
}

static struct error *show_name(struct session *s, struct out *out, const char *word)
{
	char name[64];
	struct reg_print p;
	struct reg_ref ref;
	struct error *error;
	size_t i;

	word += *word == '$';
	for (i = 0; word[i] && i + 1 < sizeof(name); i++)
		name[i] = tolower((unsigned char)word[i]);
	name[i] = 0;
	for (i = 0; i < ARRAY_SIZE(group_names); i++) {
		if (strcmp(group_names[i].name, name))
			continue;
		/* POWER has a register of that name; the group is `spr` there. */
		if (!strcmp(name, "msr") && reg_lookup(s->target->arch, name, &ref))
			continue;
		error = prepare(s, out, group_names[i].groups, &p);
		for (unsigned g = 1; !error && g <= REGS_ALL; g <<= 1)
			if (group_names[i].groups & g)
				print_group(&p, g);
		return error;
	}
	if (!strcmp(name, "pc"))
		ref = (struct reg_ref){ s->target->arch->reg_pc,
					s->target->arch->regs[s->target->arch->reg_pc].bits, 0 };
	else if (!strcmp(name, "sp"))
		ref = (struct reg_ref){ s->target->arch->reg_sp,
					s->target->arch->regs[s->target->arch->reg_sp].bits, 0 };
	else if (!reg_lookup(s->target->arch, name, &ref))
		return error_hint(error_create(ERROR_NOT_FOUND, "%s has no register or group '%s'",
					       s->target->arch->name, word),
				  "groups: general segment control debug msr (spr) fpu vector all");
	error = prepare(s, out, s->target->arch->regs[ref.reg].group, &p);
	if (!error)
		print_single(&p, name, ref);
	return error;
}

static struct error *run(struct session *s, const struct args *args, struct out *out)
{
	struct error *error = NULL;

	if (!args->nrepeat)
		return show_name(s, out, "general");
	for (unsigned i = 0; i < args->nrepeat && !error; i++)
		error = show_name(s, out, args->repeat[i]);
	return error;
}

static void complete(struct session *s, const char *prefix, completion_fn fn, void *ctx)
{
	const struct arch *arch = s->target ? s->target->arch : NULL;
	struct completion c = { 0 };

	for (unsigned i = 0; i < ARRAY_SIZE(group_names); i++) {
		c.text = group_names[i].name;
		if (!strncmp(c.text, prefix, strlen(prefix)))
			fn(ctx, &c);
	}
	for (unsigned i = 0; arch && i < arch->nregs; i++) {
		c = (struct completion){ arch->regs[i].name, arch->regs[i].help };
		if (!strncmp(c.text, prefix, strlen(prefix)))
			fn(ctx, &c);
	}
}

const struct command cmd_info_registers = {
	.name = "info registers",
	.aliases = (const char *const[]){ "info r", "info reg", NULL },
	.group = "data",
	.summary = "show registers of the selected vCPU: general ones, a group, or by name",
	.help = "Groups: general segment control debug msr (on POWER: spr) fpu vector all. What changed since\n"
		"the last stop is marked with *. Flags are decoded. `set $rax = 1` writes.",
	.examples = (const char *const[]){ "info registers", "info registers control", "info registers rip cr0",
					   NULL },
	.args = { { .type = ARG_WORD, .name = "NAME|GROUP", .optional = true, .repeat = true,
		    .complete = complete } },
	.needs = NEED_TARGET,
	.run = run,
};
