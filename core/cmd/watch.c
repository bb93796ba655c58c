/* SPDX-License-Identifier: GPL-3.0-or-later */
/* watch, rwatch, awatch. */
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cmd/stops.h"

enum { ARG_I_EXPR, ARG_I_LEN, ARG_I_IF, ARG_I_COND };

#define WATCH_ARGS { \
	{ .type = ARG_EXPR, .name = "EXPR" }, \
	{ .type = ARG_COUNT, .name = "LENGTH", .optional = true }, \
	{ .type = ARG_KEYWORD, .name = "if", .optional = true }, \
	{ .type = ARG_EXPR, .name = "COND" }, \
}

/*
 * What EXPR names in memory. An lvalue (`*(u32 *)p`, `q[p]`) is the bytes it would read; anything else is
 * taken as the address of 8 bytes, so that `watch counter` means the symbol.
 */
static struct error *watched_range(struct session *s, const struct args *args, struct stop_spec *spec)
{
	_free_ char *assign = xasprintf("%s = 0", args->value[ARG_I_EXPR].text);
	struct expr_scope scope = session_scope_here(s);
	struct expr_lvalue lv = { 0 };
	struct expr_prog *unused = NULL;
	struct expr_value value;
	struct error *error;

	spec->len = 8;
	error = expr_compile_assign(assign, &scope, &lv, &unused);
	if (error) {
		error_destroy(error);
		error = session_eval_prog(s, args->value[ARG_I_EXPR].prog, &value);
	} else if (lv.kind == EXPR_LV_MEM || lv.kind == EXPR_LV_PHYS) {
		spec->physical = lv.kind == EXPR_LV_PHYS;
		spec->len = lv.size;
		error = session_eval_prog(s, lv.addr, &value);
	} else if (lv.kind == EXPR_LV_REG) {
		error = error_hint(error_create(ERROR_UNSUPPORTED, "registers can not be watched: %s",
						args->value[ARG_I_EXPR].text),
				   "`watch *(u64 *)%s` watches the memory it points at",
				   args->value[ARG_I_EXPR].text);
	} else {
		error = session_eval_prog(s, args->value[ARG_I_EXPR].prog, &value);
	}
	if (!error)
		spec->addr = value.bits;
	expr_unref(unused);
	expr_lvalue_deinit(&lv);
	return error;
}

static struct error *add_watch(struct session *s, const struct args *args, struct out *out, unsigned access)
{
	struct stop_spec spec = { .kind = STOP_KIND_WATCH, .access = access, .vcpu = -1 };
	struct error *error;
	struct stop *stop;

	error = watched_range(s, args, &spec);
	if (error)
		return error;
	if (args->value[ARG_I_LEN].given)
		spec.len = args->value[ARG_I_LEN].number;
	if (spec.len == 0 || spec.len > 4096)
		return error_create(ERROR_USAGE, "a watchpoint covers 1 to 4096 bytes, not %llu",
				    (unsigned long long)spec.len);
	error = stop_add(&s->stops, s->target, &spec, args->value[ARG_I_EXPR].text,
			 args->value[ARG_I_COND].text, args->value[ARG_I_COND].prog, false, &stop);
	if (error)
		return error;
	stop_print_made(s, out, stop);
	session_changed(s);
	return NULL;
}

static struct error *watch_run(struct session *s, const struct args *args, struct out *out)
{
	return add_watch(s, args, out, STOP_WRITE);
}

static struct error *rwatch_run(struct session *s, const struct args *args, struct out *out)
{
	return add_watch(s, args, out, STOP_READ);
}

static struct error *awatch_run(struct session *s, const struct args *args, struct out *out)
{
	return add_watch(s, args, out, STOP_RW);
}

const struct command cmd_watch = {
	.name = "watch",
	.aliases = (const char *const[]){ "wa", NULL },
	.group = "breakpoints",
	.summary = "stop when memory is written: `watch counter`, `watch *(u32 *)p`",
	.help = "A symbol or an address means 8 bytes there, an lvalue its own size; LENGTH says\n"
		"otherwise. `info breakpoints` tells the mechanism: a debug register costs nothing, single\n"
		"steps are slow.",
	.examples = (const char *const[]){ "watch counter", "watch *(u32 *)0x200008 if $rcx == 1", NULL },
	.args = WATCH_ARGS,
	.needs = NEED_TARGET | NEED_STOPPED,
	.run = watch_run,
};

const struct command cmd_rwatch = {
	.name = "rwatch",
	.group = "breakpoints",
	.summary = "stop when memory is read",
	.help = "x86 debug registers can not tell reads from writes: there a write stops too, unless single\n"
		"steps serve.",
	.examples = (const char *const[]){ "rwatch counter", NULL },
	.args = WATCH_ARGS,
	.needs = NEED_TARGET | NEED_STOPPED,
	.run = rwatch_run,
};

const struct command cmd_awatch = {
	.name = "awatch",
	.group = "breakpoints",
	.summary = "stop when memory is read or written",
	.examples = (const char *const[]){ "awatch counter", NULL },
	.args = WATCH_ARGS,
	.needs = NEED_TARGET | NEED_STOPPED,
	.run = awatch_run,
};
