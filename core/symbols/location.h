/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DWARF expressions (DWARF 5, 2.5 and 2.6) over the registers and memory of a stopped vCPU: where a
 * variable lives, where a caller's register was saved.
 */
#pragma once

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/arch/arch.h"

struct location_env {
	void *ctx;
	bool (*reg)(void *ctx, unsigned dwarf_reg, uint64_t *ret);
	const struct mem_reader *mem;
	unsigned word;		/* bytes of an address: 4 or 8 */
	bool big_endian;
	int64_t offset;		/* added to addresses as linked */
	bool has_cfa, has_frame_base;
	uint64_t cfa, frame_base;
};

enum location_kind {
	LOCATION_MEMORY,	/* at address @value */
	LOCATION_REGISTER,	/* in DWARF register @value */
	LOCATION_VALUE,		/* nowhere: it is @value */
};

struct location {
	enum location_kind kind;
	uint64_t value;
};

/* Runs @ops in bounded time. False when something can not be read or is not supported (pieces, values
 * at the entry of the function): the thing is "optimized out" then. */
bool location_eval(const struct location_env *env, const Dwarf_Op *ops, size_t nops, struct location *ret);
/* What is there: one word of memory, the register, or the value itself. */
bool location_read_word(const struct location_env *env, const struct location *at, uint64_t *ret);
