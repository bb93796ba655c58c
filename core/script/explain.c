/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What serves each clause, and where its condition and its actions run. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/script/internal.h"

static const char *const kinds[] = {
	[CLAUSE_EVENT] = "event", [CLAUSE_BEGIN] = "BEGIN", [CLAUSE_END] = "END", [CLAUSE_EVERY] = "every",
	[CLAUSE_SEQUENCE] = "sequence", [CLAUSE_INVARIANT] = "invariant",
};

static void line(struct out *out, const char *name, const char *text)
{
	out_text(out, ROLE_LABEL, "    %-10s", name);
	out_str(out, ROLE_TEXT, name, 0, text);
	out_nl(out);
}

static void title(struct script_clause *c, struct out *out)
{
	const struct program_clause *clause = c->clause;

	out_strf(out, ROLE_ADDR, "place", "%s:%u", script_name(c->script), program_line(c->script->program, clause->at));
	out_text(out, ROLE_TEXT, "  ");
	if (clause->kind != CLAUSE_EVENT)
		out_str(out, ROLE_MNEMONIC, "kind", 0, kinds[clause->kind]);
	for (size_t i = 0; i < clause->specs.len; i++) {
		_free_ char *spec = program_spec_text(&clause->specs.data[i]);
		out_text(out, ROLE_TEXT, "%s%s", i || clause->kind != CLAUSE_EVENT ? " " : "", spec);
	}
	out_nl(out);
}

static void explain_clause(struct script_clause *c, struct out *out)
{
	const struct program_clause *clause = c->clause;
	bool kernel_cond = false, kernel_body = false;

	out_begin(out, "clause");
	title(c, out);
	if (c->left_out) {
		line(out, "left out", c->left_out);
		out_end(out);
		return;
	}
	for (size_t i = 0; i < c->sources.len; i++) {
		line(out, "source", c->sources.data[i]->plan);
		kernel_cond |= c->sources.data[i]->filtered;
		kernel_body |= c->sources.data[i]->done;
	}
	for (size_t i = 0; i < c->uses.len; i++) {
		const struct schema *schema = c->uses.data[i].binding->schema;
		if (schema && !c->sources.len)
			line(out, "source", schema->name);
	}
	if (c->stops.len) {
		_free_ char *text = xasprintf("breakpoint %u%s", c->stops.data[0],
					      c->uses.data[0].filtered && clause->pred.text ?
					      ", its condition on the vCPU's thread" : "");
		line(out, "source", text);
		kernel_cond = c->uses.data[0].filtered;
	}
	if (clause->pred.text)
		line(out, "condition", kernel_cond ? c->stops.len ? "vCPU's thread" : "kernel" : "main loop");
	line(out, "actions", kernel_body ? "kernel (sums are fetched)" : c->stops.len ? "main loop, guest stopped" :
	     "main loop");
	out_hidden_dec(out, "hits", c->hits);
	out_end(out);
}

void script_explain(struct script *script, struct out *out)
{
	for (size_t i = 0; i < script->clauses.len; i++)
		explain_clause(script->clauses.data[i], out);
}

void script_dump(struct script *script, struct out *out)
{
	for (size_t i = 0; i < script->clauses.len; i++) {
		struct script_clause *c = script->clauses.data[i];
		for (size_t k = 0; k < c->sources.len; k++) {
			if (!c->sources.data[k]->dump)
				continue;
			title(c, out);
			c->sources.data[k]->dump(c->sources.data[k], out);
		}
	}
}
