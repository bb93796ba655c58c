/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Aggregations as BPF: per-CPU hash maps by key, values of u64s: count, sum, min, max, then buckets. */
#include <stdio.h>
#include <string.h>

#include "probes/lang/gen.h"

#define R0 BPF_REG_0
#define R1 BPF_REG_1
#define R2 BPF_REG_2
#define R3 BPF_REG_3
#define R4 BPF_REG_4
#define R5 BPF_REG_5
#define CELL BPF_REG_8		/* the value in the map */
#define VALUE BPF_REG_9
#define FP BPF_REG_10

enum { WORD_COUNT, WORD_SUM, WORD_MIN, WORD_MAX, WORD_BUCKETS };

unsigned gen_words(const struct table_kind *kind)
{
	return kind->agg == AGG_COUNT || kind->agg == AGG_TOP ? 1 : WORD_BUCKETS + table_buckets(kind);
}

void gen_lost(struct gen *g)
{
	struct asm_code *a = &g->code;
	unsigned none = asm_label(a);

	asm_store_imm(a, 4, FP, GEN_ZERO_AT, 0);
	asm_map(a, R1, g->lost_fd);
	asm_frame(a, R2, GEN_ZERO_AT);
	asm_call(a, BPF_FUNC_map_lookup_elem);
	asm_jump_if_imm(a, BPF_JEQ, R0, 0, none);
	asm_load(a, 8, R1, R0, 0);
	asm_alu_imm(a, BPF_ADD, R1, 1);
	asm_store(a, 8, R0, 0, R1);
	asm_place(a, none);
}

/* The floor of the binary logarithm of r1 (not 0) in r0; r1 is lost. */
static void log2_of(struct asm_code *a)
{
	asm_imm(a, R0, 0);
	for (int bits = 32; bits; bits /= 2) {
		unsigned small = asm_label(a);
		asm_mov(a, R2, R1);
		asm_alu_imm(a, BPF_RSH, R2, bits);
		asm_jump_if_imm(a, BPF_JEQ, R2, 0, small);
		asm_alu_imm(a, BPF_ADD, R0, bits);
		asm_mov(a, R1, R2);
		asm_place(a, small);
	}
}

/* The bucket of VALUE in r0: as table_bucket() has it. */
static void bucket_of(struct asm_code *a, const struct table_kind *kind)
{
	unsigned done = asm_label(a);

	asm_imm(a, R0, 0);
	if (kind->agg == AGG_HIST) {
		asm_jump_if_imm(a, BPF_JSLT, VALUE, 0, done);
		asm_imm(a, R0, 1);
		asm_jump_if_imm(a, BPF_JEQ, VALUE, 0, done);
		asm_mov(a, R1, VALUE);
		log2_of(a);
		asm_alu_imm(a, BPF_ADD, R0, 2);
	} else if (kind->agg == AGG_LHIST) {
		asm_imm(a, R1, kind->lo);
		asm_jump_if(a, BPF_JSLT, VALUE, R1, done);
		asm_imm(a, R0, table_buckets(kind) - 1);
		asm_imm(a, R1, kind->hi);
		asm_jump_if(a, BPF_JSGE, VALUE, R1, done);
		asm_mov(a, R0, VALUE);
		asm_imm(a, R1, kind->lo);
		asm_alu(a, BPF_SUB, R0, R1);
		asm_imm(a, R1, kind->step);
		asm_alu(a, BPF_DIV, R0, R1);
		asm_alu_imm(a, BPF_ADD, R0, 1);
	} else {
		asm_jump_if_imm(a, BPF_JSLT, VALUE, 0, done);
		asm_mov(a, R0, VALUE);
		asm_jump_if_imm(a, BPF_JLT, VALUE, 16, done);
		asm_mov(a, R1, VALUE);
		log2_of(a);
		asm_mov(a, R3, R0);
		asm_alu_imm(a, BPF_SUB, R3, 4);
		asm_mov(a, R1, VALUE);
		asm_alu(a, BPF_RSH, R1, R3);
		asm_alu_imm(a, BPF_AND, R1, 15);
		asm_alu_imm(a, BPF_SUB, R0, 3);
		asm_alu_imm(a, BPF_LSH, R0, 4);
		asm_alu(a, BPF_ADD, R0, R1);
	}
	asm_place(a, done);
}

/* min or max: VALUE takes the place when it is the first or the better one. */
static void extreme(struct asm_code *a, int word, int op)
{
	unsigned take = asm_label(a), keep = asm_label(a);

	asm_load(a, 8, R1, CELL, 8 * WORD_COUNT);
	asm_jump_if_imm(a, BPF_JEQ, R1, 0, take);
	asm_load(a, 8, R1, CELL, 8 * word);
	asm_jump_if(a, op, VALUE, R1, take);
	asm_jump(a, keep);
	asm_place(a, take);
	asm_store(a, 8, CELL, 8 * word, VALUE);
	asm_place(a, keep);
}

static void add_to(struct asm_code *a, int word, int reg)
{
	asm_load(a, 8, R1, CELL, 8 * word);
	if (reg)
		asm_alu(a, BPF_ADD, R1, reg);
	else
		asm_alu_imm(a, BPF_ADD, R1, 1);
	asm_store(a, 8, CELL, 8 * word, R1);
}

/* CELL and VALUE are there: the programs of one CPU do not interrupt each other here. */
static void update_cell(struct asm_code *a, const struct table_kind *kind)
{
	unsigned n = table_buckets(kind), out = asm_label(a);

	if (gen_words(kind) > 1) {
		extreme(a, WORD_MIN, BPF_JSLT);
		extreme(a, WORD_MAX, BPF_JSGT);
		add_to(a, WORD_SUM, VALUE);
	}
	add_to(a, WORD_COUNT, 0);
	if (n) {
		bucket_of(a, kind);
		asm_jump_if_imm(a, BPF_JGE, R0, n, out);
		asm_alu_imm(a, BPF_LSH, R0, 3);
		asm_alu(a, BPF_ADD, CELL, R0);
		add_to(a, WORD_BUCKETS, 0);
	}
	asm_place(a, out);
}

/* The value of the key in the frame in CELL, made when it is new; no room: counted, and on to @done. */
static void find_cell(struct gen *g, const struct gen_map *m, unsigned done)
{
	struct asm_code *a = &g->code;
	unsigned found = asm_label(a), full = asm_label(a);

	asm_map(a, R1, m->fd);
	asm_frame(a, R2, GEN_KEYS_AT);
	asm_call(a, BPF_FUNC_map_lookup_elem);
	asm_jump_if_imm(a, BPF_JNE, R0, 0, found);
	/* An empty value, from the map of one that nobody writes. */
	asm_store_imm(a, 4, FP, GEN_ZERO_AT, 0);
	asm_map(a, R1, m->zero_fd);
	asm_frame(a, R2, GEN_ZERO_AT);
	asm_call(a, BPF_FUNC_map_lookup_elem);
	asm_jump_if_imm(a, BPF_JEQ, R0, 0, full);
	asm_mov(a, R3, R0);
	asm_map(a, R1, m->fd);
	asm_frame(a, R2, GEN_KEYS_AT);
	asm_imm(a, R4, BPF_NOEXIST);
	asm_call(a, BPF_FUNC_map_update_elem);
	asm_map(a, R1, m->fd);
	asm_frame(a, R2, GEN_KEYS_AT);
	asm_call(a, BPF_FUNC_map_lookup_elem);
	asm_jump_if_imm(a, BPF_JNE, R0, 0, found);
	asm_place(a, full);
	gen_lost(g);
	asm_jump(a, done);
	asm_place(a, found);
	asm_mov(a, CELL, R0);
}

static const struct gen_map *find_map(const struct gen_map *maps, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(maps[i].name, name))
			return &maps[i];
	return NULL;
}

/* Text of at most 16 bytes at the key's place, zeros behind its end. */
static bool text_key(struct gen *g, const struct program_expr *e, int at)
{
	const struct probe_code *code = &g->binding->codes[e->id];
	struct asm_code *a = &g->code;
	unsigned done = asm_label(a);
	struct gen_text t;

	if (e->wrap != WRAP_VALUE || !g->source->text(g->source->ctx, code->field - g->binding->schema->fields, &t) ||
	    t.size > 16) {
		snprintf(g->why, sizeof(g->why), "a key is text of more than 16 bytes");
		return false;
	}
	if (t.is_comm) {
		asm_frame(a, R1, at);
		asm_imm(a, R2, 16);
		asm_call(a, BPF_FUNC_get_current_comm);
		return true;
	}
	g->uses_context = true;
	asm_store_imm(a, 8, FP, at, 0);
	asm_store_imm(a, 8, FP, at + 8, 0);
	for (int i = 0; i < t.size; i++) {
		asm_load(a, 1, R1, GEN_CTX, t.offset + i);
		asm_jump_if_imm(a, BPF_JEQ, R1, 0, done);
		asm_store(a, 1, FP, at + i, R1);
	}
	asm_place(a, done);
	return true;
}

/* The key's words in the frame. */
static bool gen_keys(struct gen *g, const struct program_stmt *st, const struct gen_map *m, unsigned fail)
{
	int at = GEN_KEYS_AT;

	asm_store_imm(&g->code, 8, FP, GEN_KEYS_AT, 0);
	if (m->key_words > GEN_KEY_WORDS) {
		snprintf(g->why, sizeof(g->why), "the keys of @%s are too long together", m->name);
		return false;
	}
	for (size_t i = 0; i < st->keys.len; i++) {
		const struct program_expr *e = &st->keys.data[i];
		if (g->binding->codes[e->id].is_text != m->text[i]) {
			snprintf(g->why, sizeof(g->why), "a key of @%s is text here and a number there", m->name);
			return false;
		}
		if (m->text[i] ? !text_key(g, e, at) : !gen_expr(g, e, fail))
			return false;
		if (!m->text[i])
			asm_store(&g->code, 8, FP, at, R0);
		at += m->text[i] ? 16 : 8;
	}
	return true;
}

static bool gen_stmt_map(struct gen *g, const struct program_stmt *st, const struct gen_map *m)
{
	struct asm_code *a = &g->code;
	unsigned done = asm_label(a);

	if (!m) {
		snprintf(g->why, sizeof(g->why), "@%s is kept in the main loop", st->name);
		return false;
	}
	if (!gen_keys(g, st, m, done))
		return false;
	if (st->args.len && st->agg != AGG_TOP) {
		if (!gen_expr(g, &st->args.data[0], done))
			return false;
		asm_store(a, 8, FP, GEN_VALUE_AT, R0);
	} else {
		asm_store_imm(a, 8, FP, GEN_VALUE_AT, 1);
	}
	find_cell(g, m, done);
	asm_load(a, 8, VALUE, FP, GEN_VALUE_AT);
	update_cell(a, &m->kind);
	asm_place(a, done);
	return true;
}

bool gen_block(struct gen *g, const struct program_block *block, const struct gen_map *maps, unsigned nmaps)
{
	for (size_t i = 0; i < block->list.len; i++) {
		const struct program_stmt *st = block->list.data[i];
		if (st->kind == STMT_MAP) {
			if (!gen_stmt_map(g, st, find_map(maps, nmaps, st->name)))
				return false;
			continue;
		}
		if (st->kind != STMT_IF) {
			snprintf(g->why, sizeof(g->why), "one of its actions needs the main loop");
			return false;
		}
		unsigned otherwise = asm_label(&g->code), done = asm_label(&g->code);
		if (!gen_condition(g, &st->args.data[0], otherwise) || !gen_block(g, &st->body, maps, nmaps))
			return false;
		asm_jump(&g->code, done);
		asm_place(&g->code, otherwise);
		if (!gen_block(g, &st->other, maps, nmaps))
			return false;
		asm_place(&g->code, done);
	}
	return true;
}
