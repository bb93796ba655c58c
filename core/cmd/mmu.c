/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info mem, info mtree. */
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
