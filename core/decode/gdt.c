/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The global descriptor table, and the selectors loaded from it. */
#include "core/decode/decode.h"
#include "core/decode/x86_desc.h"

#include <string.h>

#include "core/base/vec.h"

static const struct {
	unsigned reg;
	const char *name;
} selectors[] = {
	{ X86_CS, "cs" }, { X86_SS, "ss" }, { X86_DS, "ds" }, { X86_ES, "es" }, { X86_FS, "fs" },
	{ X86_GS, "gs" }, { X86_LDTR, "ldtr" }, { X86_TR, "tr" },
};

/* One descriptor, read on its own: the table may lie in pages of which some are missing. @ret_raw has 16
 * bytes, of which 8 count unless *ret_wide. */
static bool read_descriptor(const struct view_ctx *ctx, unsigned offset, uint8_t *ret_raw, bool *ret_wide)
{
	uint64_t base = regs_u64(ctx->regs, X86_GDTR_BASE);
	uint32_t limit = regs_u64(ctx->regs, X86_GDTR_LIMIT);
	struct error *err;

	memset(ret_raw, 0, 16);
	if (offset + 7 > limit)
		return false;
	err = target_virt_read(ctx->target, ctx->regs, base + offset, ret_raw, 8, NULL);
	*ret_wide = !err && x86_desc_is_wide(ret_raw, x86_long_mode(ctx->regs));
	if (*ret_wide && offset + 15 > limit)
		return false;
	if (*ret_wide)
		err = target_virt_read(ctx->target, ctx->regs, base + offset + 8, ret_raw + 8, 8, NULL);
	if (err) {
		error_destroy(err);
		return false;
	}
	return true;
}

/* " <- cs ss": which registers hold this selector. */
static void show_users(const struct view_ctx *ctx, struct out *out, unsigned offset)
{
	bool any = false;

	for (unsigned i = 0; i < ARRAY_SIZE(selectors); i++) {
		uint64_t sel = regs_u64(ctx->regs, selectors[i].reg);

		if ((sel & 0xfffc) != offset || (sel & 0xfffc) == 0)
			continue;
		out_text(out, ROLE_CURRENT, "%s%s", any ? " " : "  <- ", selectors[i].name);
		any = true;
	}
}

static void show_descriptor(const struct view_ctx *ctx, struct out *out, unsigned offset, const uint8_t *raw,
			    bool wide)
{
	bool lm = x86_long_mode(ctx->regs);
	struct x86_desc d = x86_desc_decode(raw, wide);
	char type[64];

	out_begin(out, "descriptor");
	out_text(out, ROLE_TEXT, "  ");
	out_hex(out, ROLE_LABEL, "selector", 4, offset);
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_TEXT, "kind", 34, x86_desc_type(&d, lm, type, sizeof(type)));
	if (!x86_desc_is_gate(&d)) {
		out_text(out, ROLE_TEXT, " base ");
		out_hex(out, ROLE_ADDR, "base", 8, d.base);
		out_text(out, ROLE_TEXT, " limit ");
		out_hex(out, ROLE_NUMBER, "limit", 0, d.limit);
	}
	out_text(out, ROLE_TEXT, " DPL ");
	out_dec(out, ROLE_NUMBER, "dpl", 0, d.dpl);
	out_bool(out, ROLE_WARN, "present", "", " not present", d.p);
	show_users(ctx, out, offset);
	out_hidden_hex(out, "value", le64_read(raw));
	out_end(out);
}

static void show_table(const struct view_ctx *ctx, struct out *out)
{
	uint32_t limit = regs_u64(ctx->regs, X86_GDTR_LIMIT);
	unsigned null = 0, unreadable = 0;

	for (unsigned offset = 0; offset + 7 <= limit; offset += 8) {
		uint8_t raw[16];
		bool wide = false;

		if (!read_descriptor(ctx, offset, raw, &wide))
			unreadable++;
		else if (le64_read(raw) == 0)
			null++;
		else
			show_descriptor(ctx, out, offset, raw, wide);
		offset += wide ? 8 : 0;
	}
	out_list_end(out);
	if (null)
		out_text(out, ROLE_DIM, "  %u empty", null);
	if (unreadable)
		out_text(out, ROLE_WARN, "  %u can not be read", unreadable);
	out_hidden_dec(out, "empty", null);
	out_hidden_dec(out, "unreadable", unreadable);
}

/*
 * A loaded selector whose descriptor is gone works until the next load of it (an iret, an interrupt). TR
 * and LDTR are not reloaded by those: a boot loader's stay in use after the guest's own LGDT.
 */
static void find_wrong(const struct view_ctx *ctx, struct out *out)
{
	for (unsigned i = 0; i < ARRAY_SIZE(selectors); i++) {
		uint64_t sel = regs_u64(ctx->regs, selectors[i].reg);
		uint64_t attr = regs_u64(ctx->regs, selectors[i].reg + X86_SEG_ATTR);
		struct x86_desc d;
		uint8_t raw[16];
		bool wide = false;

		if ((sel & 0xfffc) == 0 || (sel & 4) || (attr & X86_ATTR_UNUSABLE))
			continue; /* null, in the LDT, or unused */
		if (!read_descriptor(ctx, sel & 0xfff8, raw, &wide)) {
			if (selectors[i].reg == X86_TR || selectors[i].reg == X86_LDTR)
				continue;
			decode_finding(out, "gdt", "GDT-1", "%s holds selector 0x%04llx, which lies outside the GDT or can "
				       "not be read: the next load faults", selectors[i].name, (unsigned long long)sel);
			continue;
		}
		d = x86_desc_decode(raw, wide);
		if (!d.p)
			decode_finding(out, "gdt", "GDT-2", "%s holds selector 0x%04llx, whose descriptor is not present",
				       selectors[i].name, (unsigned long long)sel);
		else if (selectors[i].reg == X86_TR && (d.s || (d.type != 11 && d.type != 3)))
			decode_finding(out, "gdt", "GDT-3", "tr holds selector 0x%04llx, whose descriptor is no busy TSS",
				       (unsigned long long)sel);
		else if (selectors[i].reg == X86_CS && !(d.s && (d.type & 8)))
			decode_finding(out, "gdt", "GDT-3", "cs holds selector 0x%04llx, whose descriptor is not code",
				       (unsigned long long)sel);
	}
}

static struct error *show(const struct view_ctx *ctx, struct out *out)
{
	bool real = !(regs_u64(ctx->regs, X86_CR0) & X86_CR0_PE);
	uint64_t base = regs_u64(ctx->regs, X86_GDTR_BASE), limit = regs_u64(ctx->regs, X86_GDTR_LIMIT);
	bool loaded = limit >= 7 && !(real && base == 0 && limit == 0xffff); /* the state after reset */

	out_begin(out, "gdt");
	out_text(out, ROLE_HEADING, "GDT");
	out_text(out, ROLE_TEXT, " at ");
	out_hex(out, ROLE_ADDR, "base", 0, base);
	decode_symbol(ctx, out, base);
	out_text(out, ROLE_TEXT, ", limit ");
	out_hex(out, ROLE_NUMBER, "limit", 0, limit);
	out_text(out, ROLE_COMMENT, "%s", real ? " (not used in real mode)" :
		 loaded ? "" : " (none was loaded: the segments were set from outside)");
	out_nl(out);
	out_list(out, "descriptors");
	if (loaded)
		show_table(ctx, out);
	else
		out_list_end(out);
	out_end(out);
	if (!real && loaded)
		find_wrong(ctx, out);
	return NULL;
}

const struct view view_gdt = {
	.name = "gdt",
	.title = "global descriptor table",
	.help = "descriptors, which registers use them, and selectors that will fault",
	.arch = "x86_64",
	.groups = REGS_CORE,
	.per_vcpu = true,
	.show = show,
};
