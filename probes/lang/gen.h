/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Expressions and actions of a probe file as BPF. A compiled expression (core/expr/prog.h) has no backward
 * jumps and a stack of known depth, so its code is a straight run that the verifier follows: each stack entry
 * is a place in the frame. What can not be said (too deep, a signed division, memory of a guest) is refused
 * with a reason, and that part of the program runs in the main loop.
 *
 *	frame	fp-8 .. fp-112	stack of an expression; fp-120 .. fp-168 keys; fp-176 value; fp-184 a zero;
 *		fp-200 comm; fp-208 .. fp-512 the record that is streamed
 */
#pragma once

#include "core/expr/prog.h"
#include "core/probe/bind.h"
#include "core/probe/table.h"
#include "probes/lang/asm.h"

#define GEN_STACK 14
#define GEN_KEYS_AT (-168)
#define GEN_VALUE_AT (-176)
#define GEN_ZERO_AT (-184)
#define GEN_COMM_AT (-200)
#define GEN_KEY_WORDS 6
#define GEN_RECORD_AT (-512)
#define GEN_RECORD_MAX 304
#define GEN_CTX BPF_REG_6	/* the program's context, all along */

/* Where a field of the expressions is. */
struct gen_field {
	enum { GEN_FIELD_CTX, GEN_FIELD_TIME, GEN_FIELD_CPU, GEN_FIELD_TID, GEN_FIELD_PID } place;
	uint16_t offset;	/* CTX */
	uint8_t size;
	bool is_signed;
};

/* Text that can be compared: in the context or the task's name. */
struct gen_text {
	bool is_comm;
	uint16_t offset, size;
};

struct gen_source {
	void *ctx;
	bool (*field)(void *ctx, unsigned index, struct gen_field *ret);
	bool (*text)(void *ctx, unsigned index, struct gen_text *ret);
	bool (*reg)(void *ctx, unsigned id, struct gen_field *ret);
};

struct gen {
	struct asm_code code;
	const struct gen_source *source;
	const struct probe_binding *binding;
	int lost_fd;		/* array of one u64 per CPU: updates and records without room */
	bool uses_context;	/* something of it was read */
	char why[160];		/* the reason of the last refusal */
};

/* A map of the program in the kernel. */
struct gen_map {
	const char *name;	/* borrowed */
	struct table_kind kind;
	int fd, zero_fd;	/* @zero_fd: an array of one empty value; -1: values fit the frame */
	bool text[PROGRAM_KEYS_MAX];	/* keys that are text: two u64s each */
	unsigned key_words;
	unsigned nwords;	/* u64s of a value: count, sum, min, max, buckets ...; AGG_COUNT and TOP: 1 */
};

/* The value of @e in register r0; where it can not be computed the code goes to @fail. False: refused. */
bool gen_expr(struct gen *g, const struct program_expr *e, unsigned fail);
/* Goes to @no when the condition does not hold. */
bool gen_condition(struct gen *g, const struct program_expr *e, unsigned no);
/* All statements of @block over @maps; false: one of them can not be done there. */
bool gen_block(struct gen *g, const struct program_block *block, const struct gen_map *maps, unsigned nmaps);
unsigned gen_words(const struct table_kind *kind);
/* Counts one update or record that is lost. */
void gen_lost(struct gen *g);
