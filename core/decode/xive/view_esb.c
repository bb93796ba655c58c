/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info esb LISN: the two pages of a source, offset by offset: what a load or store there would do now. */
#include "core/base/bits.h"
#include "core/base/vec.h"
#include "core/decode/decode.h"
#include "core/decode/xive/show.h"

static void show_access(struct out *out, const struct state_xive_source *s, bool management, bool store,
			uint32_t from, uint32_t to)
{
	struct xive_esb_access a = { management, store, from, s->flags };
	enum xive_esb_op op = xive_esb_decode(&a);
	uint64_t page = management ? s->mgmt_gpa : s->trigger_gpa;
	uint8_t pq = s->pq, value = 0xff;
	bool forward;

	out_begin(out, "access");
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_LABEL, "page", 11, management ? "management" : "trigger");
	out_hex(out, ROLE_NUMBER, "offset", 3, from);
	out_text(out, ROLE_TEXT, "-0x%03x  ", to);
	if (page != ~0ull)
		out_hidden_hex(out, "gpa", page + from);
	out_str(out, ROLE_TEXT, "access", 6, store ? "store" : "load");
	out_str(out, op == XIVE_ESB_NOTHING ? ROLE_DIM : op == XIVE_ESB_GET ? ROLE_GOOD : ROLE_MNEMONIC, "op", 11,
		xive_esb_op_name(op));
	if (op != XIVE_ESB_NOTHING && s->pq <= XIVE_PQ_QUEUED) {
		forward = xive_esb_apply(op, &pq, &value);
		if (!store) {
			out_text(out, ROLE_COMMENT, "gives ");
			out_hex(out, ROLE_COMMENT, "gives", 0, value);
			out_text(out, ROLE_COMMENT, ", ");
		}
		out_text(out, ROLE_COMMENT, pq == s->pq ? "PQ stays " : "PQ becomes ");
		out_strf(out, ROLE_COMMENT, "pq", "%u%u", pq >> 1, pq & 1);
		out_bool(out, ROLE_WARN, "forwards", ", an entry is written", "", forward);
	}
	out_end(out);
}

void xive_show_esb(struct out *out, const struct xive_source *s)
{
	static const struct {
		bool management, store;
		uint32_t from, to;
	} rows[] = {
		{ false, true, 0x000, 0xfff }, { true, false, 0x000, 0x7ff }, { true, true, 0x000, 0x3ff },
		{ true, true, 0x400, 0x7ff }, { true, false, 0x800, 0xbff }, { true, false, 0xc00, 0xcff },
		{ true, false, 0xd00, 0xdff }, { true, false, 0xe00, 0xeff }, { true, false, 0xf00, 0xfff },
	};

	out_begin(out, "esb");
	out_text(out, ROLE_HEADING, "ESB pages of ");
	out_hex(out, ROLE_NUMBER, "lisn", 0, s->s.lisn);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_SYMBOL, "name", 0, s->s.name);
	out_text(out, ROLE_TEXT, ", PQ ");
	out_str(out, ROLE_NUMBER, "pq", 0, xive_pq_name(s->s.pq));
	out_nl(out);
	if (s->s.trigger_gpa != ~0ull) {
		out_text(out, ROLE_TEXT, "  trigger ");
		out_hex(out, ROLE_ADDR, "trigger_gpa", 0, s->s.trigger_gpa);
		out_text(out, ROLE_TEXT, ", management ");
		out_hex(out, ROLE_ADDR, "mgmt_gpa", 0, s->s.mgmt_gpa);
		out_nl(out);
	}
	out_text(out, ROLE_COMMENT, "  8-byte accesses, big-endian; what each would do now (a look uses get only);");
	out_nl(out);
	out_text(out, ROLE_COMMENT, "  a load + 0x40 waits for earlier stores");
	out_nl(out);
	out_list(out, "accesses");
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		show_access(out, &s->s, rows[i].management, rows[i].store, rows[i].from, rows[i].to);
	out_list_end(out);
	out_end(out);
}

static struct error *show(const struct view_ctx *ctx, struct out *out)
{
	struct xive_source *s;
	struct xive x;
	struct error *err = xive_load(ctx->target, &x);

	if (err)
		return err;
	s = ctx->arg <= UINT32_MAX ? xive_source_find(&x, (uint32_t)ctx->arg) : NULL;
	if (!s) {
		xive_unload(&x);
		return error_hint(error_create(ERROR_NOT_FOUND, "there is no interrupt source 0x%llx",
					       (unsigned long long)ctx->arg), "`info xive` lists them");
	}
	xive_show_esb(out, s);
	xive_unload(&x);
	return NULL;
}

const struct view view_esb = {
	.name = "esb",
	.title = "ESB pages",
	.help = "the ESB pages of an interrupt source: what each load and store would do",
	.arg = VIEW_ARG_REQUIRED,
	.arg_name = "LISN",
	.example = "0x1200",
	.show = show,
};
