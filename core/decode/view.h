/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A view explains state read through a target as rows, facts and findings, into a `struct out`. The
 * `info NAME` commands, the panels and --json derive from the list in views.def.
 *
 * To add one: core/decode/<name>.c whose only exported symbol is `const struct view view_<name>`, one
 * line VIEW(<name>) in views.def, and a golden text in tests/unit/decode_<name>_test.c. A view never
 * changes what it looks at, and trusts nothing it reads: bound, copy once, then decode.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/out.h"
#include "core/target/target.h"

/* What a view is given. Everything is borrowed for the call. */
struct view_ctx {
	struct target *target;
	unsigned vcpu;
	const struct regs *regs;	/* of @vcpu, holding at least the view's groups */
	bool has_arg;
	uint64_t arg;			/* an address (vtop), a vector (idt), ... */
	/* "main+0x10" for an address; NULL: no symbols. */
	bool (*symbol)(void *ctx, uint64_t addr, char *buf, size_t size);
	void *symbol_ctx;
};

enum view_arg { VIEW_ARG_NONE, VIEW_ARG_OPTIONAL, VIEW_ARG_REQUIRED };

struct view {
	const char *name;		/* "lapic": as in `info lapic` */
	const char *title;		/* "local APIC" */
	const char *help;		/* one line: what it shows */
	const char *arch;		/* "x86_64", NULL: any */
	unsigned groups;		/* registers it reads, enum reg_group; 0: none, ctx->regs may be NULL */
	bool per_vcpu;			/* differs by vCPU: a panel shows the selected one */
	enum view_arg arg;
	const char *arg_name;		/* "ADDR", "VECTOR"; NULL without argument */
	const char *example;		/* an argument for the example in help; NULL: $pc */
	struct error *(*show)(const struct view_ctx *ctx, struct out *out);
};

const struct view *view_at(unsigned i); /* in views.def's order; NULL past the end */
const struct view *view_by_name(const char *name);
/* Checks architecture, argument and registers with one wording, then shows. */
struct error *view_show(const struct view *view, const struct view_ctx *ctx, struct out *out);
