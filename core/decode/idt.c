/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interrupt descriptor table: real mode vectors, 32-bit gates, 64-bit gates. */
#include "core/decode/decode.h"
#include "core/decode/x86_desc.h"

#include <stdio.h>
#include <string.h>

struct idt {
	uint64_t base;
	uint32_t limit;
	unsigned entry;		/* bytes of a gate */
	bool real, lm;
};

static struct idt idt_of(const struct regs *regs)
{
	struct idt idt = {
		.base = regs_u64(regs, X86_IDTR_BASE), .limit = regs_u64(regs, X86_IDTR_LIMIT),
		.real = !(regs_u64(regs, X86_CR0) & X86_CR0_PE), .lm = x86_long_mode(regs),
	};

	idt.entry = idt.real ? 4 : idt.lm ? 16 : 8;
	return idt;
}

static unsigned idt_count(const struct idt *idt)
{
	unsigned n = (idt->limit + 1) / idt->entry;

	return n < 256 ? n : 256;
}

static bool read_gate(const struct view_ctx *ctx, const struct idt *idt, unsigned v, uint8_t raw[16])
{
	struct error *err;

	memset(raw, 0, 16);
	err = target_virt_read(ctx->target, ctx->regs, idt->base + v * idt->entry, raw, idt->entry, NULL);
	error_destroy(err);
	return !err;
}

static void show_vector(struct out *out, unsigned v)
{
	const char *name = x86_exception_name(v);
	char mnemonic[8] = "";

	if (name && strcmp(name, "reserved exception")) /* "#PF" of "#PF page fault" */
		snprintf(mnemonic, sizeof(mnemonic), "%.*s", (int)strcspn(name, " "), name);
	out_text(out, ROLE_TEXT, "  ");
	out_hex(out, ROLE_LABEL, "vector", 2, v);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_COMMENT, "name", 4, mnemonic);
}

static void show_real(const struct view_ctx *ctx, struct out *out, unsigned v, const uint8_t *raw)
{
	uint16_t ip = le16_read(raw), cs = le16_read(raw + 2);

	out_begin(out, "gate");
	show_vector(out, v);
	out_text(out, ROLE_TEXT, " %04x:%04x ", cs, ip);
	out_hex(out, ROLE_ADDR, "target", 5, cs * 16u + ip);
	decode_symbol(ctx, out, cs * 16u + ip);
	out_end(out);
}

static void show_gate(const struct view_ctx *ctx, struct out *out, unsigned v, const struct x86_gate *g, bool lm)
{
	const char *type = x86_gate_type(g, lm);

	out_begin(out, "gate");
	show_vector(out, v);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, type ? ROLE_TEXT : ROLE_WARN, "kind", 11, type ? type : "reserved");
	out_text(out, ROLE_TEXT, " ");
	out_hex(out, ROLE_NUMBER, "selector", 4, g->selector);
	out_text(out, ROLE_TEXT, ":");
	out_hex(out, ROLE_ADDR, "target", lm ? 16 : 8, g->offset);
	out_text(out, ROLE_TEXT, " DPL ");
	out_dec(out, ROLE_NUMBER, "dpl", 0, g->dpl);
	if (g->ist) {
		out_text(out, ROLE_TEXT, " IST ");
		out_dec(out, ROLE_NUMBER, "ist", 0, g->ist);
	}
	decode_symbol(ctx, out, g->offset);
	out_end(out);
}

/* The stack that gate @g switches to by its IST slot, read from the TSS (SDM vol. 3A 8.7). */
static void check_ist(const struct view_ctx *ctx, struct out *out, unsigned v, const struct x86_gate *g)
{
	uint64_t tss = regs_u64(ctx->regs, X86_TR_BASE);
	uint32_t limit = regs_u64(ctx->regs, X86_TR_LIMIT);
	unsigned offset = 0x24 + 8 * (g->ist - 1);
	uint8_t raw[8] = { 0 };
	struct error *err;

	if (offset + 7 > limit) {
		decode_finding(out, "idt", "IDT-4", "vector 0x%02x uses IST %u, which lies past the TSS's limit 0x%x", v,
			       g->ist, limit);
		return;
	}
	err = target_virt_read(ctx->target, ctx->regs, tss + offset, raw, sizeof(raw), NULL);
	if (err || !x86_canonical(ctx->regs, le64_read(raw)) || le64_read(raw) == 0)
		decode_finding(out, "idt", "IDT-4", "vector 0x%02x uses IST %u, whose stack in the TSS is %s", v, g->ist,
			       err ? "not readable" : le64_read(raw) ? "not canonical" : "0");
	error_destroy(err);
}

static void check_gate(const struct view_ctx *ctx, struct out *out, unsigned v, const struct x86_gate *g, bool lm)
{
	if (!x86_gate_type(g, lm))
		decode_finding(out, "idt", "IDT-1", "vector 0x%02x: type %u is no gate of this mode", v, g->type);
	else if (!(g->type == 5) && (g->selector & 0xfffc) == 0)
		decode_finding(out, "idt", "IDT-2", "vector 0x%02x has a null code selector: delivery ends in #GP", v);
	else if (lm && !x86_canonical(ctx->regs, g->offset))
		decode_finding(out, "idt", "IDT-3", "vector 0x%02x: target 0x%llx is not canonical", v,
			       (unsigned long long)g->offset);
	if (lm && g->ist)
		check_ist(ctx, out, v, g);
}

static void show_table(const struct view_ctx *ctx, struct out *out, const struct idt *idt)
{
	unsigned first = ctx->has_arg ? ctx->arg : 0, end = ctx->has_arg ? first + 1 : idt_count(idt);
	unsigned absent = 0, unreadable = 0;
	uint8_t raw[16];

	for (unsigned v = first; v < end; v++) {
		struct x86_gate g;

		if (!read_gate(ctx, idt, v, raw)) {
			unreadable++;
			continue;
		}
		g = x86_gate_decode(raw, idt->lm);
		if (idt->real ? le32_read(raw) == 0 : !g.p)
			absent++;
		else if (idt->real)
			show_real(ctx, out, v, raw);
		else
			show_gate(ctx, out, v, &g, idt->lm);
	}
	out_list_end(out);
	if (absent)
		out_text(out, ROLE_DIM, "  %u not present", absent);
	if (unreadable)
		out_text(out, ROLE_WARN, "  %u can not be read", unreadable);
	out_hidden_dec(out, "absent", absent);
	out_hidden_dec(out, "unreadable", unreadable);
}

static void find_wrong(const struct view_ctx *ctx, struct out *out, const struct idt *idt)
{
	unsigned n = idt_count(idt), first = ctx->has_arg ? ctx->arg : 0, end = ctx->has_arg ? first + 1 : n;
	uint8_t raw[16];

	if (idt->real)
		return;
	for (unsigned v = first; v < end; v++) {
		struct x86_gate g;

		if (!read_gate(ctx, idt, v, raw))
			continue;
		g = x86_gate_decode(raw, idt->lm);
		if (g.p)
			check_gate(ctx, out, v, &g, idt->lm);
	}
	/* Without an IDT (limit 0) every exception is a triple fault: a guest says so on purpose at start. */
	if (n && n < 32 && !ctx->has_arg)
		decode_finding(out, "idt", "IDT-5", "the IDT ends after vector 0x%02x: exceptions above are #GP", n - 1);
	if (n && !read_gate(ctx, idt, 0, raw))
		decode_finding(out, "idt", "IDT-6", "the IDT at 0x%llx can not be read: any interrupt is a triple fault",
			       (unsigned long long)idt->base);
}

static struct error *show(const struct view_ctx *ctx, struct out *out)
{
	struct idt idt = idt_of(ctx->regs);

	if (ctx->has_arg && ctx->arg >= idt_count(&idt))
		return error_create(ERROR_USAGE, "vector %llu is not in the IDT, which has %u",
				    (unsigned long long)ctx->arg, idt_count(&idt));
	out_begin(out, "idt");
	out_text(out, ROLE_HEADING, idt.real ? "IVT" : "IDT");
	out_text(out, ROLE_TEXT, " at ");
	out_hex(out, ROLE_ADDR, "base", 0, idt.base);
	decode_symbol(ctx, out, idt.base);
	out_text(out, ROLE_TEXT, ", limit ");
	out_hex(out, ROLE_NUMBER, "limit", 0, idt.limit);
	out_text(out, ROLE_TEXT, ", ");
	out_dec(out, ROLE_NUMBER, "gates", 0, idt_count(&idt));
	out_text(out, ROLE_TEXT, idt.real ? " real mode vectors" : idt.lm ? " 64-bit gates" : " 32-bit gates");
	out_text(out, ROLE_COMMENT, "%s", idt_count(&idt) ? "" : " (none was loaded)");
	out_nl(out);
	out_list(out, "gates_present");
	show_table(ctx, out, &idt);
	out_end(out);
	find_wrong(ctx, out, &idt);
	return NULL;
}

const struct view view_idt = {
	.name = "idt",
	.title = "interrupt descriptor table",
	.help = "the handler of each vector, its gate and stack, and gates that can not work",
	.arch = "x86_64",
	.groups = REGS_CORE,
	.per_vcpu = true,
	.arg = VIEW_ARG_OPTIONAL,
	.arg_name = "VECTOR",
	.show = show,
};
