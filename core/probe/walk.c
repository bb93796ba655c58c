/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Over everything in a clause. */
#include "core/probe/program.h"

struct walk {
	void (*stmt)(void *ctx, const struct program_stmt *st);
	void (*expr)(void *ctx, struct program_expr *e);
	void *ctx;
};

static void walk_block(struct walk *w, struct program_block *block)
{
	for (size_t i = 0; i < block->list.len; i++) {
		struct program_stmt *st = block->list.data[i];
		if (w->stmt)
			w->stmt(w->ctx, st);
		for (size_t k = 0; w->expr && k < st->keys.len; k++)
			w->expr(w->ctx, &st->keys.data[k]);
		for (size_t k = 0; w->expr && k < st->args.len; k++)
			w->expr(w->ctx, &st->args.data[k]);
		walk_block(w, &st->body);
		walk_block(w, &st->other);
	}
}

void program_each_expr(struct program_clause *c, void (*fn)(void *ctx, struct program_expr *e), void *ctx)
{
	struct walk w = { .expr = fn, .ctx = ctx };

	if (c->pred.text)
		fn(ctx, &c->pred);
	if (c->key.text)
		fn(ctx, &c->key);
	for (size_t i = 0; i < c->specs.len; i++)
		if (c->specs.data[i].cond.text)
			fn(ctx, &c->specs.data[i].cond);
	walk_block(&w, &c->body);
}

void program_each_stmt(const struct program_clause *c, void (*fn)(void *ctx, const struct program_stmt *st),
		       void *ctx)
{
	struct walk w = { .stmt = fn, .ctx = ctx };

	/* Statements are only handed on as they are. */
	walk_block(&w, &((struct program_clause *)c)->body);
}
