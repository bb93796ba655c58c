/* SPDX-License-Identifier: GPL-3.0-or-later */
/* set LVALUE = EXPR, set OPTION VALUE, undo, show OPTION. */
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cmd/assign.h"
#include "core/command/command.h"
#include "core/session/options.h"

static void complete_option(struct session *s, const char *prefix, completion_fn fn, void *ctx)
{
	const struct session_option *option;

	for (unsigned i = 0; (option = session_option_at(i)); i++) {
		struct completion c = { option->name, option->help };

		if (!strncmp(option->name, prefix, strlen(prefix)))
			fn(ctx, &c);
	}
}

/* "var NAME = ..." and "variable ..." are gdb's way to say that no option is meant. */
static const char *skip_var(const char *text)
{
	size_t len = strcspn(text, " \t");

	if ((len == 3 && !memcmp(text, "var", 3)) || (len == 8 && !memcmp(text, "variable", 8)))
		return text + len + strspn(text + len, " \t");
	return text;
}

static struct error *set_run(struct session *s, const struct args *args, struct out *out)
{
	const char *text = skip_var(args->value[0].text);
	size_t len = strcspn(text, " \t=");
	_free_ char *name = xstrndup(text, len);
	const struct session_option *option = session_option_find(name);
	struct expr_value value;

	if (text == args->value[0].text && option) {
		text += len;
		text += strspn(text, " \t=");
		/* A flag alone means on. */
		return session_option_set(&s->options, option,
					  *text || option->kind != OPTION_IS_BOOL ? text : "on");
	}
	if (!assign_is(text))
		return error_hint(error_create(ERROR_USAGE, "set: '%s' is no option and no assignment", name),
				  "`show` lists the options; assignments are `set $rax = 1`, `set *(u32 *)p = 2`");
	return assign_run(s, text, &value);
}

const struct command cmd_set = {
	.name = "set",
	.group = "data",
	.summary = "write a register, memory or a $variable; or change an option",
	.help = "`set $rax = 1`, `set *(u32 *)p = 0x10`, `set b[addr] = 0x90`, `set phys(0x1000, 8) = 0`,\n"
		"`set $name = EXPR`; also += -= |= &= ^=. `set OPTION VALUE`: see `show`.",
	.examples = (const char *const[]){ "set $rax = 0x1234", "set q[counter] = 7", "set $n = 3; set $n += 1",
					   "set listsize 20", NULL },
	.args = { { .type = ARG_REST, .name = "LVALUE = EXPR | OPTION VALUE", .complete = complete_option } },
	.run = set_run,
};

/* ---- undo ---------------------------------------------------------------------------------------- */

static struct error *undo_run(struct session *s, const struct args *args, struct out *out)
{
	uint64_t n = args->value[0].given ? args->value[0].number : 1;

	while (n--) {
		struct session_undo u;
		struct error *error = assign_undo(s, &u);

		if (error)
			return error;
		out_begin(out, "undo");
		if (u.kind == UNDO_REG) {
			out_str(out, ROLE_LABEL, "register", 0, s->target->arch->regs[u.reg].name);
		} else {
			out_hex(out, ROLE_ADDR, "addr", 0, u.addr);
			out_text(out, ROLE_TEXT, u.kind == UNDO_PHYS ? " (physical)" : "");
		}
		out_text(out, ROLE_TEXT, " is ");
		if (u.len <= 8)
			out_hex(out, ROLE_NUMBER, "value", 2 * u.len,
				bytes_read(u.old, u.len, u.kind != UNDO_REG && s->target->arch->big_endian));
		else
			out_text(out, ROLE_TEXT, "as it was");
		out_end(out);
	}
	return NULL;
}

const struct command cmd_undo = {
	.name = "undo",
	.group = "data",
	.summary = "put back what the last N assignments to registers or memory replaced",
	.help = "Until the guest runs. `load` is not undone.",
	.examples = (const char *const[]){ "set $rax = 1; set q[counter] = 2; undo; undo", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.needs = NEED_TARGET | NEED_STOPPED,
	.run = undo_run,
};

/* ---- show ---------------------------------------------------------------------------------------- */

static void print_option(struct session *s, struct out *out, const struct session_option *option)
{
	char buf[64];

	out_begin(out, "option");
	out_str(out, ROLE_LABEL, "name", 20, option->name);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_NUMBER, "value", 8, session_option_text(&s->options, option, buf, sizeof(buf)));
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_COMMENT, "help", 0, option->help);
	out_end(out);
}

static struct error *show_run(struct session *s, const struct args *args, struct out *out)
{
	const struct session_option *option;

	if (args->value[0].given) {
		option = session_option_find(args->value[0].text);
		if (!option)
			return error_hint(error_create(ERROR_NOT_FOUND, "there is no option '%s'",
						       args->value[0].text), "`show` lists them");
		print_option(s, out, option);
		return NULL;
	}
	for (unsigned i = 0; (option = session_option_at(i)); i++)
		print_option(s, out, option);
	return NULL;
}

const struct command cmd_show = {
	.name = "show",
	.group = "data",
	.summary = "show an option of `set`, or all of them",
	.examples = (const char *const[]){ "show", "show disassembly-flavor", NULL },
	.args = { { .type = ARG_WORD, .name = "OPTION", .optional = true, .complete = complete_option } },
	.run = show_run,
};
