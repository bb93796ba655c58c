/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info slb, info hpt ADDR: hashed translation of POWER guests. */
#include <stdio.h>

#include "core/arch/ppc64_mmu.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/decode/decode.h"

static struct error *load_slb(const struct view_ctx *ctx, struct state_ppc_slb *ret)
{
	struct error *err = decode_state(ctx, STATE_PPC_SLB, ctx->vcpu, ret, sizeof(*ret));

	if (!err && ret->count > ARRAY_SIZE(ret->entry))
		ret->count = ARRAY_SIZE(ret->entry);
	return err;
}

static void show_segment(struct out *out, const struct ppc64_slbe *s)
{
	char size[32];

	out_begin(out, "segment");
	out_text(out, ROLE_TEXT, "  ");
	out_dec(out, ROLE_NUMBER, "index", 3, s->index);
	out_text(out, ROLE_TEXT, " ");
	out_hex(out, ROLE_ADDR, "ea", 16, s->esid);
	out_str(out, ROLE_TEXT, "size", 0, s->segment_1t ? "  1 TiB" : "  256 MiB");
	out_pad(out, 38);
	out_text(out, ROLE_TEXT, "vsid ");
	out_hex(out, ROLE_NUMBER, "vsid", 12, s->vsid);
	out_text(out, ROLE_TEXT, " pages of ");
	out_str(out, ROLE_TEXT, "pages", 0, s->page_shift ? format_size(size, sizeof(size), 1ull << s->page_shift) :
		"a reserved size");
	out_text(out, ROLE_COMMENT, "%s%s%s%s", s->ks ? " Ks" : "", s->kp ? " Kp" : "", s->nx ? " N" : "",
		 s->class_bit ? " C" : "");
	out_end(out);
}

static struct error *show_slb(const struct view_ctx *ctx, struct out *out)
{
	struct state_ppc_slb slb;
	struct error *err = load_slb(ctx, &slb);
	unsigned n = 0;

	if (err)
		return err;
	out_begin(out, "slb");
	out_text(out, ROLE_HEADING, "SLB of vCPU ");
	out_dec(out, ROLE_HEADING, "vcpu", 0, ctx->vcpu);
	out_nl(out);
	out_list(out, "segments");
	for (unsigned i = 0; i < slb.count; i++) {
		struct ppc64_slbe s;

		ppc64_slbe_decode(slb.entry[i].esid, slb.entry[i].vsid, &s);
		if (!s.valid)
			continue;
		show_segment(out, &s);
		n++;
	}
	out_list_end(out);
	out_text(out, n ? ROLE_DIM : ROLE_WARN, n ? "  %u of %u entries are valid" : "  no entry of %u is valid",
		 n ? n : slb.count, slb.count);
	out_end(out);
	for (unsigned i = 0; i < slb.count; i++) {
		for (unsigned j = 0; j < i; j++) {
			struct ppc64_slbe a, b;

			ppc64_slbe_decode(slb.entry[i].esid, slb.entry[i].vsid, &a);
			ppc64_slbe_decode(slb.entry[j].esid, slb.entry[j].vsid, &b);
			if (a.valid && b.valid && (ppc64_slbe_match(&a, b.esid) || ppc64_slbe_match(&b, a.esid)))
				decode_finding(out, "slb", "SLB-1", "entries %u and %u both translate 0x%llx: a machine check "
					       "(multi-hit)", j, i, (unsigned long long)a.esid);
		}
	}
	return NULL;
}

static void show_pte(struct out *out, uint64_t group, unsigned slot, uint64_t v, uint64_t r, bool match)
{
	out_begin(out, "hpte");
	out_text(out, ROLE_TEXT, match ? "  => " : "     ");
	out_hex(out, ROLE_ADDR, "group", 6, group);
	out_text(out, ROLE_TEXT, "[%u] ", slot);
	out_hidden_dec(out, "slot", slot);
	out_hex(out, ROLE_NUMBER, "v", 16, v);
	out_text(out, ROLE_TEXT, " ");
	out_hex(out, ROLE_NUMBER, "r", 16, r);
	out_text(out, match ? ROLE_CURRENT : ROLE_COMMENT, "%s%s%s%s", v & PPC64_HPTE_BOLTED ? " bolted" : "",
		 v & PPC64_HPTE_SECONDARY ? " secondary" : "", r & BIT(8) ? " referenced" : "", r & BIT(7) ? " changed" : "");
	out_end(out);
}

/* One group; *ret_r is the second doubleword of the entry when it was there. */
static struct error *show_group(const struct view_ctx *ctx, struct out *out, const struct ppc64_slbe *s,
				const struct ppc64_hash *h, bool secondary, unsigned order, bool *ret_found,
				uint64_t *ret_r)
{
	uint64_t group = ppc64_hash_group(h, order, secondary);
	struct state_ppc_hpt hpt;
	struct error *err = decode_state(ctx, STATE_PPC_HPT, (unsigned)group, &hpt, sizeof(hpt));

	if (err)
		return err;
	for (unsigned i = 0; i < ARRAY_SIZE(hpt.pte); i++) {
		bool match = ppc64_hpte_match(s, h, hpt.pte[i].v, secondary);

		if (hpt.pte[i].v & PPC64_HPTE_VALID)
			show_pte(out, group, i, hpt.pte[i].v, hpt.pte[i].r, match);
		if (match) {
			*ret_found = true;
			*ret_r = hpt.pte[i].r;
		}
	}
	return NULL;
}

static struct error *show_hpt(const struct view_ctx *ctx, struct out *out)
{
	struct ppc64_slbe s = { .valid = false };
	struct state_ppc_slb slb;
	struct state_ppc_hpt hpt;
	struct ppc64_hash h;
	bool found = false;
	uint64_t r = 0;
	struct error *err = load_slb(ctx, &slb);

	if (err)
		return err;
	for (unsigned i = 0; i < slb.count && !ppc64_slbe_match(&s, ctx->arg); i++)
		ppc64_slbe_decode(slb.entry[i].esid, slb.entry[i].vsid, &s);
	if (!ppc64_slbe_match(&s, ctx->arg))
		return error_hint(error_create(ERROR_NOT_FOUND, "no segment translates 0x%llx: an access is a segment "
					       "interrupt", (unsigned long long)ctx->arg), "info slb");
	err = decode_state(ctx, STATE_PPC_HPT, 0, &hpt, sizeof(hpt));
	if (err)
		return err;
	ppc64_hash_ea(&s, ctx->arg, &h);
	out_begin(out, "hpt");
	out_text(out, ROLE_HEADING, "hashed page table of 2^");
	out_dec(out, ROLE_HEADING, "order", 0, hpt.order);
	out_text(out, ROLE_HEADING, " bytes");
	out_text(out, ROLE_TEXT, ", hash ");
	out_hex(out, ROLE_NUMBER, "hash", 10, h.hash);
	out_nl(out);
	out_list(out, "segments");
	show_segment(out, &s);
	out_list_end(out);
	out_list(out, "entries");
	for (unsigned i = 0; i < 2 && !err && !found; i++)
		err = show_group(ctx, out, &s, &h, i, hpt.order, &found, &r);
	out_list_end(out);
	if (found) {
		/* The real page number, for base pages of the segment's size. */
		out_text(out, ROLE_TEXT, "  ");
		out_hex(out, ROLE_ADDR, "gva", 0, ctx->arg);
		out_text(out, ROLE_TEXT, " -> ");
		out_hex(out, ROLE_ADDR, "gpa", 0, (r & MASK(59, 12) & ~MASK(s.page_shift - 1, 0)) |
			(ctx->arg & MASK(s.page_shift - 1, 0)));
	} else if (!err) {
		out_text(out, ROLE_WARN, "  neither group has its entry: an access is a storage interrupt");
	}
	out_hidden_str(out, "verdict", found ? "mapped" : "no entry");
	out_end(out);
	return err;
}

const struct view view_slb = {
	.name = "slb",
	.title = "SLB",
	.help = "segments of a POWER guest with hashed translation",
	.per_vcpu = true,
	.show = show_slb,
};

const struct view view_hpt = {
	.name = "hpt",
	.title = "hashed page table",
	.help = "where the hashed page table has an address: segment, both groups, the entry",
	.per_vcpu = true,
	.arg = VIEW_ARG_REQUIRED,
	.arg_name = "ADDR",
	.example = "0xc000000000012345",
	.show = show_hpt,
};
