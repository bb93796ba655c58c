/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The CPU mode and its consistency. Rules G01-G11 hold for any vCPU (SDM vol. 3C 26.3.1, APM vol. 2
 * 15.5.1); A02-A10 are what AMD's VMRUN refuses besides. A guest that breaks one is not entered again.
 */
#include "core/decode/decode.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/arch/x86_64.h"
#include "core/base/vec.h"

struct rule {
	const char *name;
	/* True when broken; @buf then holds the sentence. */
	bool (*broken)(const struct regs *r, char *buf, size_t size);
};

#define RULE(fn) static bool fn(const struct regs *r, char *buf, size_t size)
#define BROKEN(...) (snprintf(buf, size, __VA_ARGS__), true)

static uint64_t cr0(const struct regs *r) { return regs_u64(r, X86_CR0); }
static uint64_t cr4(const struct regs *r) { return regs_u64(r, X86_CR4); }
static uint64_t efer(const struct regs *r) { return regs_u64(r, X86_EFER); }
static bool lma(const struct regs *r) { return efer(r) & X86_EFER_LMA; }

RULE(g01)
{
	if ((cr0(r) & X86_CR0_PG) && !(cr0(r) & X86_CR0_PE))
		return BROKEN("CR0.PG is set without CR0.PE");
	return false;
}

RULE(g02)
{
	bool should = (efer(r) & X86_EFER_LME) && (cr0(r) & X86_CR0_PG);

	if (lma(r) != should)
		return BROKEN("EFER.LMA is %d, but LME and PG make it %d", lma(r), should);
	return false;
}

RULE(g03)
{
	uint64_t attr = regs_u64(r, X86_CS_ATTR);

	if (lma(r) && (attr & X86_ATTR_L) && (attr & X86_ATTR_DB))
		return BROKEN("CS has both L and D set in long mode");
	return false;
}

RULE(g04)
{
	if ((cr4(r) & X86_CR4_PCIDE) && !lma(r))
		return BROKEN("CR4.PCIDE is set outside long mode");
	return false;
}

RULE(g06)
{
	uint64_t f = regs_u64(r, X86_RFLAGS);

	if (!(f & BIT(1)))
		return BROKEN("RFLAGS bit 1 is clear, it is always 1 (0x%" PRIx64 ")", f);
	if (f & (BIT(3) | BIT(5) | BIT(15) | MASK(63, 22)))
		return BROKEN("RFLAGS has reserved bits set (0x%" PRIx64 ")", f);
	if ((f & X86_FLAGS_VM) && lma(r))
		return BROKEN("RFLAGS.VM is set in long mode");
	return false;
}

RULE(g07)
{
	uint64_t rip = regs_u64(r, X86_RIP);
	bool code64 = lma(r) && (regs_u64(r, X86_CS_ATTR) & X86_ATTR_L);

	if (code64 && !x86_canonical(r, rip))
		return BROKEN("RIP 0x%" PRIx64 " is not canonical", rip);
	if (!code64 && rip >> 32)
		return BROKEN("RIP 0x%" PRIx64 " is above 4 GiB outside 64-bit code", rip);
	return false;
}

/* Outside long mode the upper halves do not exist; SYSENTER's registers count in any mode. */
RULE(g08)
{
	static const uint16_t ids[] = {
		X86_FS_BASE, X86_GS_BASE, X86_GDTR_BASE, X86_IDTR_BASE, X86_TR_BASE, X86_KERNEL_GS_BASE,
		X86_SYSENTER_ESP, X86_SYSENTER_EIP, X86_LSTAR, X86_CSTAR,
	};

	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++)
		if (!x86_canonical(r, regs_u64(r, ids[i])))
			return BROKEN("%s 0x%" PRIx64 " is not canonical", x86_64_regs[ids[i]].name, regs_u64(r, ids[i]));
	return false;
}

RULE(g09)
{
	uint64_t tr = regs_u64(r, X86_TR_ATTR), ldtr = regs_u64(r, X86_LDTR_ATTR);
	unsigned type = X86_ATTR_TYPE(tr);

	if (!(cr0(r) & X86_CR0_PE))
		return false;
	if ((tr & X86_ATTR_UNUSABLE) || (type != 11 && !(type == 3 && !lma(r))))
		return BROKEN("TR is %s, it must be a busy TSS%s",
			      tr & X86_ATTR_UNUSABLE ? "unusable" : "of the wrong type", lma(r) ? "64" : "");
	if (!(ldtr & X86_ATTR_UNUSABLE) && (ldtr & X86_ATTR_P) && X86_ATTR_TYPE(ldtr) != 2)
		return BROKEN("LDTR is of type %u, it must be 2 or unusable", (unsigned)X86_ATTR_TYPE(ldtr));
	return false;
}

RULE(g10)
{
	if ((cr4(r) & X86_CR4_CET) && !(cr0(r) & X86_CR0_WP))
		return BROKEN("CR4.CET is set without CR0.WP");
	return false;
}

/* MAXPHYADDR is at most 52; bits 61 and 62 are LAM's, 63 is no part of the register. */
RULE(g11)
{
	uint64_t cr3 = regs_u64(r, X86_CR3);

	if (lma(r) && (cr3 & (MASK(60, 52))))
		return BROKEN("CR3 0x%" PRIx64 " points above the physical address space", cr3);
	return false;
}

RULE(a02)
{
	if (!(cr0(r) & X86_CR0_CD) && (cr0(r) & X86_CR0_NW))
		return BROKEN("CR0.NW is set without CR0.CD");
	return false;
}

RULE(a03)
{
	if (cr0(r) >> 32)
		return BROKEN("CR0 has bits above 31 set (0x%" PRIx64 ")", cr0(r));
	return false;
}

RULE(a06)
{
	if (regs_u64(r, X86_DR6) >> 32 || regs_u64(r, X86_DR7) >> 32)
		return BROKEN("DR6 or DR7 has bits above 31 set");
	return false;
}

RULE(a08)
{
	if (efer(r) & (BIT(9) | MASK(63, 22) | BIT(19) | BIT(16)))
		return BROKEN("EFER has reserved bits set (0x%" PRIx64 ")", efer(r));
	return false;
}

RULE(a10)
{
	if ((efer(r) & X86_EFER_LME) && (cr0(r) & X86_CR0_PG) && !(cr4(r) & X86_CR4_PAE))
		return BROKEN("EFER.LME and CR0.PG are set without CR4.PAE");
	return false;
}

static const struct rule rules[] = {
	{ "G01", g01 }, { "G02", g02 }, { "G03", g03 }, { "G04", g04 }, { "G06", g06 }, { "G07", g07 },
	{ "G08", g08 }, { "G09", g09 }, { "G10", g10 }, { "G11", g11 }, { "A02", a02 }, { "A03", a03 },
	{ "A06", a06 }, { "A08", a08 }, { "A10", a10 },
};

static void show_reg(const struct view_ctx *ctx, struct out *out, unsigned id, unsigned width)
{
	const struct reg_desc *d = &x86_64_regs[id];
	uint64_t v = regs_u64(ctx->regs, id);
	char text[160];

	out_begin(out, "register");
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_LABEL, "name", 10, d->name);
	out_hex(out, ROLE_NUMBER, "value", width, v);
	reg_decode(d, v, text, sizeof(text));
	out_text(out, ROLE_TEXT, "%s", text[0] ? "  " : "");
	out_str(out, ROLE_COMMENT, "flags", 0, text);
	out_end(out);
}

static struct error *paging_name(const struct view_ctx *ctx, const char **ret)
{
	struct mmu_walk w;
	struct error *err = target_walk(ctx->target, ctx->regs, 0, &w);

	if (!err)
		*ret = w.mode;
	return err;
}

static struct error *show(const struct view_ctx *ctx, struct out *out)
{
	static const uint16_t shown[] = { X86_CR0, X86_CR3, X86_CR4, X86_EFER, X86_RFLAGS, X86_APIC_BASE };
	const struct arch *arch = ctx->target->arch;
	const char *paging;
	struct error *err = paging_name(ctx, &paging);
	char text[200];
	unsigned found = 0;

	if (err)
		return err;
	out_begin(out, "mode");
	out_text(out, ROLE_HEADING, "mode of vCPU ");
	out_dec(out, ROLE_HEADING, "vcpu", 0, ctx->vcpu);
	out_text(out, ROLE_TEXT, ": ");
	out_str(out, ROLE_TEXT, "mode", 0, arch->mode_name(ctx->regs));
	out_text(out, ROLE_TEXT, ", ");
	out_dec(out, ROLE_NUMBER, "code_bits", 0, arch->code_bits(ctx->regs));
	out_text(out, ROLE_TEXT, "-bit code, privilege level ");
	out_dec(out, ROLE_NUMBER, "cpl", 0, X86_ATTR_DPL(regs_u64(ctx->regs, X86_SS_ATTR)));
	out_text(out, ROLE_TEXT, ", paging ");
	out_str(out, ROLE_TEXT, "paging", 0, paging);
	out_nl(out);
	out_list(out, "registers");
	for (unsigned i = 0; i < ARRAY_SIZE(shown); i++)
		show_reg(ctx, out, shown[i], 8);
	out_list_end(out);
	for (unsigned i = 0; i < ARRAY_SIZE(rules); i++)
		found += rules[i].broken(ctx->regs, text, sizeof(text));
	out_bool(out, ROLE_GOOD, "consistent", "  all consistency rules hold", "", found == 0);
	out_end(out);
	for (unsigned i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].broken(ctx->regs, text, sizeof(text)))
			decode_finding(out, "mode", rules[i].name, "%s", text);
	return NULL;
}

const struct view view_mode = {
	.name = "mode",
	.title = "CPU mode",
	.help = "mode, paging, control registers, and rules they must keep",
	.arch = "x86_64",
	.groups = REGS_CORE | REGS_MSR | REGS_DEBUG,
	.per_vcpu = true,
	.show = show,
};
