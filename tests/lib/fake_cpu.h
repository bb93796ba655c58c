/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fake target's instruction interpreter: one instruction at a time, memory and ports by callback. */
#pragma once

#include "core/arch/x86_64.h"

struct fake_access {
	uint64_t addr;		/* linear */
	uint64_t old, new;	/* value before and after, @len bytes */
	unsigned len;
	bool write;
};

enum fake_result {
	FAKE_OK,
	FAKE_HLT,
	FAKE_OUT,	/* @port, @value, @size */
	FAKE_IN,	/* al gets 0xff */
	FAKE_FAULT,	/* no handler: triple fault */
	FAKE_UNKNOWN,	/* not in the subset */
};

struct fake_step {
	enum fake_result result;
	struct fake_access access[2];
	unsigned naccess;
	uint16_t port;
	uint8_t size;
	uint64_t value;
};

struct fake_mem {
	void *ctx;
	/* Linear memory; false: a page fault. */
	bool (*read)(void *ctx, uint64_t gva, void *buf, size_t len);
	bool (*write)(void *ctx, uint64_t gva, const void *buf, size_t len);
};

/* Executes the instruction at rip. On FAULT and UNKNOWN registers are as before. */
struct fake_step fake_cpu_step(struct regs *regs, const struct fake_mem *mem);
