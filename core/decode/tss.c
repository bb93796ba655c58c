/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The task state segment in use: which stacks interrupts switch to (SDM vol. 3A 8.2.1, 8.7). */
#include "core/decode/decode.h"

#include <string.h>

#include "core/arch/x86_64.h"

#define TSS64_SIZE 0x68

/* Reads what the limit allows of the first @size bytes; the rest of @ret is 0. */
static struct error *read_tss(const struct view_ctx *ctx, uint8_t *ret, size_t size)
{
	uint64_t limit = regs_u64(ctx->regs, X86_TR_LIMIT);

	memset(ret, 0, size);
	return target_virt_read(ctx->target, ctx->regs, regs_u64(ctx->regs, X86_TR_BASE), ret,
				limit + 1 < size ? limit + 1 : size, NULL);
}

static void show_stack(const struct view_ctx *ctx, struct out *out, const char *name, unsigned n, uint64_t addr,
		       int digits)
{
	out_begin(out, "stack");
	out_text(out, ROLE_TEXT, "  ");
	out_strf(out, ROLE_LABEL, "name", "%s%u", name, n);
	out_pad(out, 8);
	out_hex(out, addr ? ROLE_ADDR : ROLE_DIM, "addr", digits, addr);
	if (addr)
		decode_symbol(ctx, out, addr);
	out_end(out);
}

static void show_long(const struct view_ctx *ctx, struct out *out, const uint8_t *tss)
{
	for (unsigned i = 0; i < 3; i++)
		show_stack(ctx, out, "rsp", i, le64_read(tss + 4 + 8 * i), 16);
	for (unsigned i = 1; i <= 7; i++)
		show_stack(ctx, out, "ist", i, le64_read(tss + 0x24 + 8 * (i - 1)), 16);
}

static void show_legacy(const struct view_ctx *ctx, struct out *out, const uint8_t *tss)
{
	for (unsigned i = 0; i < 3; i++)
		show_stack(ctx, out, "esp", i, le32_read(tss + 4 + 8 * i), 8);
	out_list_end(out);
	out_text(out, ROLE_LABEL, "  cr3   ");
	out_hex(out, ROLE_NUMBER, "cr3", 8, le32_read(tss + 0x1c));
	out_text(out, ROLE_LABEL, "  eip ");
	out_hex(out, ROLE_ADDR, "eip", 8, le32_read(tss + 0x20));
	out_text(out, ROLE_LABEL, "  back link ");
	out_hex(out, ROLE_NUMBER, "link", 4, le16_read(tss));
	out_nl(out);
}

static void find_wrong(const struct view_ctx *ctx, struct out *out, const uint8_t *tss, bool lm)
{
	uint64_t limit = regs_u64(ctx->regs, X86_TR_LIMIT);

	if (limit < 0x67)
		decode_finding(out, "tss", "TSS-1", "the limit 0x%llx is below 0x67: an interrupt that switches stacks is "
			       "an invalid TSS fault", (unsigned long long)limit);
	for (unsigned i = 0; lm && i < 3; i++)
		if (!x86_canonical(ctx->regs, le64_read(tss + 4 + 8 * i)))
			decode_finding(out, "tss", "TSS-2", "rsp%u is not canonical", i);
}

static struct error *show(const struct view_ctx *ctx, struct out *out)
{
	uint8_t tss[TSS64_SIZE];
	uint64_t base = regs_u64(ctx->regs, X86_TR_BASE), attr = regs_u64(ctx->regs, X86_TR_ATTR);
	bool lm = x86_long_mode(ctx->regs), real = !(regs_u64(ctx->regs, X86_CR0) & X86_CR0_PE);
	bool usable = !real && !(attr & X86_ATTR_UNUSABLE) && (X86_ATTR_TYPE(attr) | 2) == 11;
	struct error *err;

	out_begin(out, "tss");
	out_text(out, ROLE_HEADING, "TSS");
	out_text(out, ROLE_TEXT, " ");
	out_hex(out, ROLE_NUMBER, "selector", 4, regs_u64(ctx->regs, X86_TR));
	out_text(out, ROLE_TEXT, " at ");
	out_hex(out, ROLE_ADDR, "base", 0, base);
	decode_symbol(ctx, out, base);
	out_text(out, ROLE_TEXT, ", limit ");
	out_hex(out, ROLE_NUMBER, "limit", 0, regs_u64(ctx->regs, X86_TR_LIMIT));
	if (!usable) {
		out_text(out, ROLE_COMMENT, real ? " (not used in real mode)" : " (no 32- or 64-bit TSS)");
		out_end(out);
		return NULL;
	}
	err = read_tss(ctx, tss, sizeof(tss));
	out_bool(out, ROLE_WARN, "readable", "", " (can not be read)", !err);
	out_nl(out);
	if (!err) {
		out_list(out, "stacks");
		if (lm)
			show_long(ctx, out, tss);
		else
			show_legacy(ctx, out, tss);
		if (lm)
			out_list_end(out);
		out_text(out, ROLE_LABEL, "  io map at ");
		out_hex(out, ROLE_NUMBER, "io_map", 4, le16_read(tss + 0x66));
		out_text(out, ROLE_COMMENT, "%s", le16_read(tss + 0x66) > regs_u64(ctx->regs, X86_TR_LIMIT) ?
			 " (past the limit: no port is allowed to user code)" : "");
	}
	out_end(out);
	if (err)
		decode_finding(out, "tss", "TSS-3", "%s: an interrupt that switches stacks can not be delivered",
			       error_message(err));
	else
		find_wrong(ctx, out, tss, lm);
	error_destroy(err);
	return NULL;
}

const struct view view_tss = {
	.name = "tss",
	.title = "task state segment",
	.help = "the stacks that interrupts and privilege changes switch to",
	.arch = "x86_64",
	.groups = REGS_CORE,
	.per_vcpu = true,
	.show = show,
};
