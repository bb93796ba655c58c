/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vtop, info mem, info mtree. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"

#define INFO_MEM_MAX 10000	/* ranges: a hostile table has billions */

static const char *rights(bool write, bool user, bool exec, char *buf)
{
	buf[0] = user ? 'u' : 's';
	buf[1] = 'r';
	buf[2] = write ? 'w' : '-';
	buf[3] = exec ? 'x' : '-';
	buf[4] = 0;
	return buf;
}

/* ---- vtop ---------------------------------------------------------------------------------------- */

static void print_level(struct out *out, const struct mmu_level *level)
{
	char size[32];

	out_begin(out, "level");
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_LABEL, "name", 6, level->name);
	out_text(out, ROLE_TEXT, " at ");
	out_hex(out, ROLE_ADDR, "entry_gpa", 9, level->entry_gpa);
	out_text(out, ROLE_TEXT, " = ");
	out_hex(out, ROLE_NUMBER, "entry", 16, level->entry);
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_COMMENT, "flags", 0, level->flags);
	if (level->page_size) {
		out_text(out, ROLE_COMMENT, "  (%s page)", format_size(size, sizeof(size), level->page_size));
		out_hidden_dec(out, "page_size", level->page_size);
	}
	out_end(out);
}

static void print_verdict(struct session *s, struct out *out, const struct mmu_walk *walk)
{
	bool mapped = walk->verdict == MMU_MAPPED || walk->verdict == MMU_NO_PAGING;
	char buf[8], size[32];

	if (!mapped) {
		out_text(out, ROLE_FINDING, "not mapped: ");
		out_str(out, ROLE_FINDING, "verdict", 0, mmu_verdict_text(walk->verdict));
		return;
	}
	out_text(out, ROLE_TEXT, "gpa ");
	out_hex(out, ROLE_ADDR, "gpa", 0, walk->gpa);
	if (walk->verdict == MMU_NO_PAGING) {
		out_text(out, ROLE_TEXT, " (paging is off)");
		return;
	}
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_TEXT, "rights", 0, rights(walk->write, walk->user, walk->exec, buf));
	out_text(out, ROLE_TEXT, "  %s page", format_size(size, sizeof(size), walk->page_size));
	out_hidden_dec(out, "page_size", walk->page_size);
	for (unsigned i = 0;; i++) {
		struct mem_region region;

		if (!s->target->ops->region || !s->target->ops->region(s->target, i, &region))
			break;
		if (region.kind == MEM_PORT || walk->gpa < region.start ||
		    walk->gpa - region.start >= region.len)
			continue;
		out_text(out, ROLE_TEXT, "  in ");
		out_str(out, ROLE_TEXT, "region", 0, region.name);
		break;
	}
}

static struct error *vtop_run(struct session *s, const struct args *args, struct out *out)
{
	const struct regs *regs;
	struct expr_value addr;
	struct mmu_walk walk;
	struct error *error;
	bool stale;

	error = session_eval_prog(s, args->value[0].prog, &addr);
	if (!error)
		error = session_regs(s, 0, &regs, &stale);
	if (!error)
		error = target_walk(s->target, regs, addr.bits, &walk);
	if (error)
		return error;
	out_begin(out, "walk");
	out_text(out, ROLE_TEXT, "gva ");
	out_hex(out, ROLE_ADDR, "gva", 0, addr.bits);
	out_text(out, ROLE_TEXT, ", paging ");
	out_str(out, ROLE_TEXT, "mode", 0, walk.mode ? walk.mode : "off");
	if (stale)
		out_text(out, ROLE_DIM, " (the guest runs: last-known registers)");
	out_nl(out);
	out_list(out, "levels");
	for (unsigned i = 0; i < walk.nlevels && i < MMU_LEVELS_MAX; i++)
		print_level(out, &walk.levels[i]);
	out_list_end(out);
	print_verdict(s, out, &walk);
	out_end(out);
	return NULL;
}

const struct command cmd_vtop = {
	.name = "vtop",
	.group = "data",
	.summary = "translate a guest-virtual address, every level with its bits",
	.help = "Walks the tables of the selected vCPU as the CPU would, without setting accessed bits.",
	.examples = (const char *const[]){ "vtop main", "vtop 0xdead0000000", NULL },
	.args = { { .type = ARG_EXPR, .name = "ADDRESS" } },
	.needs = NEED_TARGET,
	.run = vtop_run,
};

/* ---- info mem ------------------------------------------------------------------------------------ */

struct mem_print {
	struct out *out;
	uint64_t count, bytes;
	bool cut;
};

static bool print_range(void *ctx, const struct mmu_range *r)
{
	struct mem_print *p = ctx;
	char buf[8], size[32];

	if (p->count == INFO_MEM_MAX) {
		p->cut = true;
		return false;
	}
	p->count++;
	p->bytes += r->len;
	out_begin(p->out, "mapping");
	out_hex(p->out, ROLE_ADDR, "gva", 16, r->gva);
	out_text(p->out, ROLE_TEXT, "-");
	out_hex(p->out, ROLE_ADDR, "gva_end", 16, r->gva + r->len - 1);
	out_text(p->out, ROLE_TEXT, " -> ");
	out_hex(p->out, ROLE_ADDR, "gpa", 9, r->gpa);
	out_text(p->out, ROLE_TEXT, " ");
	out_str(p->out, ROLE_TEXT, "rights", 0, rights(r->write, r->user, r->exec, buf));
	out_text(p->out, ROLE_TEXT, " %c%c%c", r->global ? 'G' : '-', r->accessed ? 'A' : '-',
		 r->dirty ? 'D' : '-');
	out_pad(p->out, 69);
	out_str(p->out, ROLE_COMMENT, "page", 0, format_size(size, sizeof(size), r->page_size));
	out_hidden_dec(p->out, "len", r->len);
	out_end(p->out);
	return true;
}

static struct error *info_mem_run(struct session *s, const struct args *args, struct out *out)
{
	struct mem_print p = { .out = out };
	struct target_reader ctx = { .target = s->target };
	struct mem_reader mem;
	struct error *error;
	bool stale;

	if (!s->target->arch->map)
		return error_create(ERROR_UNSUPPORTED, "page tables of %s are not supported",
				    s->target->arch->name);
	error = session_regs(s, 0, &ctx.regs, &stale);
	if (error)
		return error;
	mem = target_reader(&ctx);
	error = s->target->arch->map(ctx.regs, &mem, print_range, &p);
	if (error)
		return error;
	if (p.cut)
		out_message(out, ROLE_WARN, "cut after %u ranges", INFO_MEM_MAX);
	else if (!p.count)
		out_message(out, ROLE_TEXT, "nothing is mapped (or paging is off)");
	return NULL;
}

const struct command cmd_info_mem = {
	.name = "info mem",
	.aliases = (const char *const[]){ "info pages", NULL },
	.group = "memory map",
	.summary = "list what the page tables of the selected vCPU map",
	.help = "Neighbouring pages with equal rights are one line: rights are s/u (supervisor, user), r, w,\n"
		"x; then G global, A accessed, D dirty; then the page size.",
	.examples = (const char *const[]){ "info mem", NULL },
	.needs = NEED_TARGET,
	.run = info_mem_run,
};

/* ---- info mtree ---------------------------------------------------------------------------------- */

static const char *kind_word(enum mem_kind kind)
{
	switch (kind) {
	case MEM_RAM: return "ram";
	case MEM_ROM: return "rom";
	case MEM_MMIO: return "mmio";
	case MEM_PORT: return "port";
	}
	return "?";
}

static struct error *info_mtree_run(struct session *s, const struct args *args, struct out *out)
{
	struct mem_region r;
	char size[32];

	if (!s->target->ops->region)
		return error_create(ERROR_UNSUPPORTED, "target %s does not tell its memory map",
				    s->target->ops->name);
	for (unsigned i = 0; s->target->ops->region(s->target, i, &r); i++) {
		unsigned digits = r.kind == MEM_PORT ? 4 : 12;

		out_begin(out, "region");
		out_hex(out, ROLE_ADDR, "start", digits, r.start);
		out_text(out, ROLE_TEXT, "-");
		out_hex(out, ROLE_ADDR, "end", digits, r.start + r.len - 1);
		out_pad(out, 32);
		out_str(out, ROLE_TEXT, "kind", 5, kind_word(r.kind));
		out_str(out, ROLE_LABEL, "name", 16, r.name);
		out_text(out, ROLE_TEXT, " ");
		out_str(out, ROLE_TEXT, "size", 0, r.kind == MEM_PORT ? "" : format_size(size, sizeof(size), r.len));
		if (r.slot >= 0) {
			out_text(out, ROLE_DIM, "  slot ");
			out_dec(out, ROLE_DIM, "slot", 0, r.slot);
		}
		out_end(out);
	}
	return NULL;
}

const struct command cmd_info_mtree = {
	.name = "info mtree",
	.aliases = (const char *const[]){ "info devices", NULL },
	.group = "memory map",
	.summary = "list guest-physical memory, device windows and ports",
	.examples = (const char *const[]){ "info mtree", NULL },
	.needs = NEED_TARGET,
	.run = info_mtree_run,
};
