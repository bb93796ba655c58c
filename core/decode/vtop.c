/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A page walk explained: each level's entry, its bits, and what came out. Any architecture with a walk. */
#include "core/decode/decode.h"

#include <stdio.h>

#include "core/base/text.h"

static void show_level(struct out *out, const struct mmu_level *l, bool readable)
{
	out_begin(out, "level");
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_LABEL, "name", 6, l->name);
	out_text(out, ROLE_TEXT, " at ");
	out_hex(out, ROLE_ADDR, "entry_gpa", 9, l->entry_gpa);
	if (readable) {
		out_text(out, ROLE_TEXT, ": ");
		out_hex(out, ROLE_NUMBER, "entry", 16, l->entry);
		out_text(out, ROLE_TEXT, "%s", l->flags[0] ? " " : "");
		out_str(out, ROLE_COMMENT, "flags", 0, l->flags);
	} else {
		out_text(out, ROLE_WARN, ": outside guest memory");
	}
	out_end(out);
}

static void show_rights(struct out *out, const struct mmu_walk *w)
{
	char size[32];

	out_text(out, ROLE_TEXT, ", page of ");
	out_text(out, ROLE_NUMBER, "%s", format_size(size, sizeof(size), w->page_size));
	out_hidden_dec(out, "page_size", w->page_size);
	out_text(out, ROLE_TEXT, ", ");
	out_bool(out, ROLE_TEXT, "write", "writable", "read-only", w->write);
	out_bool(out, ROLE_TEXT, "exec", ", executable", ", not executable", w->exec);
	out_bool(out, ROLE_TEXT, "user", ", user", ", supervisor", w->user);
}

/* "not present at PDE": where the walk ended. */
static void show_verdict(const struct view_ctx *ctx, struct out *out, const struct mmu_walk *w)
{
	bool mapped = w->verdict == MMU_MAPPED || w->verdict == MMU_NO_PAGING;

	out_text(out, ROLE_TEXT, "  ");
	out_hex(out, ROLE_ADDR, "gva", 0, w->gva);
	if (!mapped) {
		out_text(out, ROLE_WARN, " is not mapped: ");
		out_str(out, ROLE_WARN, "verdict", 0, mmu_verdict_text(w->verdict));
		if (w->nlevels)
			out_text(out, ROLE_WARN, " (%s)", w->levels[w->nlevels - 1].name);
		return;
	}
	decode_symbol(ctx, out, w->gva);
	out_text(out, ROLE_TEXT, " -> ");
	out_hex(out, ROLE_ADDR, "gpa", 0, w->gpa);
	out_hidden_str(out, "verdict", mmu_verdict_text(w->verdict));
	if (w->verdict == MMU_NO_PAGING)
		out_text(out, ROLE_COMMENT, " (%s)", mmu_verdict_text(w->verdict));
	else
		show_rights(out, w);
}

/* "ram" or "uart0": what lies at the physical address. */
static void show_region(const struct view_ctx *ctx, struct out *out, uint64_t gpa)
{
	struct target *t = ctx->target;
	struct mem_region r;

	for (unsigned i = 0; t->ops->region && i < 4096 && t->ops->region(t, i, &r); i++) {
		if (r.kind == MEM_PORT || gpa < r.start || gpa - r.start >= r.len)
			continue;
		out_text(out, ROLE_TEXT, ", in ");
		out_str(out, ROLE_TEXT, "region", 0, r.name);
		return;
	}
	if (t->ops->region)
		out_text(out, ROLE_WARN, ", where nothing is");
}

static struct error *show(const struct view_ctx *ctx, struct out *out)
{
	struct mmu_walk w;
	struct error *err = target_walk(ctx->target, ctx->regs, ctx->arg, &w);

	if (err)
		return err;
	out_begin(out, "vtop");
	out_text(out, ROLE_HEADING, "page walk");
	out_text(out, ROLE_TEXT, " of vCPU ");
	out_dec(out, ROLE_NUMBER, "vcpu", 0, ctx->vcpu);
	out_text(out, ROLE_TEXT, ", paging ");
	out_str(out, ROLE_TEXT, "paging", 0, w.mode);
	out_nl(out);
	out_list(out, "levels");
	for (unsigned i = 0; i < w.nlevels; i++)
		show_level(out, &w.levels[i], !(w.verdict == MMU_UNREADABLE && i == w.nlevels - 1));
	out_list_end(out);
	show_verdict(ctx, out, &w);
	if (w.verdict == MMU_MAPPED || w.verdict == MMU_NO_PAGING)
		show_region(ctx, out, w.gpa);
	out_end(out);
	if (w.verdict == MMU_RESERVED)
		decode_finding(out, "vtop", "MMU-1", "a reserved bit is set in the %s at 0x%llx: any access is a page fault "
			       "with RSVD", w.levels[w.nlevels - 1].name,
			       (unsigned long long)w.levels[w.nlevels - 1].entry_gpa);
	if (w.verdict == MMU_UNREADABLE)
		decode_finding(out, "vtop", "MMU-2", "the %s at 0x%llx lies outside guest memory",
			       w.levels[w.nlevels - 1].name, (unsigned long long)w.levels[w.nlevels - 1].entry_gpa);
	return NULL;
}

const struct view view_vtop = {
	.name = "vtop",
	.title = "page walk",
	.help = "translates an address as the vCPU does, with every level and its bits",
	.groups = REGS_CORE,
	.per_vcpu = true,
	.arg = VIEW_ARG_REQUIRED,
	.arg_name = "ADDR",
	.show = show,
};
