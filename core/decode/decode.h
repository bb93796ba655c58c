/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the views share: findings, vector lists, symbols, state blobs of the right version. */
#pragma once

#include "core/decode/view.h"

/* Something is plainly wrong, by @rule ("LAPIC-1"): a record of its own, after the view's. */
void decode_finding(struct out *out, const char *view, const char *rule, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A blob of kind @kind that must be at least @size bytes of our version; longer ones are cut. */
struct error *decode_state(const struct view_ctx *ctx, enum state_kind kind, unsigned index, void *buf,
			   size_t size);

/* " <main+0x10>" when there is a symbol: text, and the member "symbol" in JSON. */
void decode_symbol(const struct view_ctx *ctx, struct out *out, uint64_t addr);

/* The set vectors of a 256-bit map in 8 words (bit v%32 of word v/32): a list member @name in JSON, in
 * text "0x20 0x31-0x33" or "-". */
void decode_vectors(struct out *out, enum role role, const char *name, const uint32_t map[8]);
/* The same with decimal numbers: pins, interrupt lines. */
void decode_numbers(struct out *out, enum role role, const char *name, const uint32_t map[8]);
/* Highest set vector, or -1. */
int decode_highest(const uint32_t map[8]);
