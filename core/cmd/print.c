/* SPDX-License-Identifier: GPL-3.0-or-later */
/* print, echo, info variables. */
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cmd/assign.h"
#include "core/command/command.h"
#include "core/session/examine.h"

#define HISTORY_MAX 100000
/* What a structure may take of a line. */
#define LINE_MAX_LEN 160

/* gdb has no limit either, but a script that prints for days must not grow. */
static unsigned remember(struct session *s, struct expr_value value)
{
	if (s->history.len < HISTORY_MAX)
		vec_push(&s->history, value);
	else
		s->history.data[s->history.len - 1] = value;
	return s->history.len;
}

/* A structure too long for a line: a member a line. */
static bool print_lines(struct session *s, struct out *out, struct expr_value value)
{
	_free_ char *lines = out->is_json ? NULL : session_typed_lines(s, value);
	char safe[2048];

	if (!lines || strlen(lines) < LINE_MAX_LEN)
		return false;
	for (char *line = lines, *next; *line; line = next) {
		size_t len = strcspn(line, "\n");

		next = line + len + (line[len] == '\n');
		text_sanitize(safe, sizeof(safe), line, len);
		out_text(out, ROLE_NUMBER, "%s", safe);
		if (*next)
			out_nl(out);
	}
	return true;
}

static void print_number(struct session *s, struct out *out, const struct format *format,
			 struct expr_value value)
{
	char letter = format->letter;
	char typed[1024], buf[80];

	if (!letter && print_lines(s, out, value))
		return;
	if (!letter && session_typed_text(s, value, typed, sizeof(typed))) {
		out_str(out, ROLE_NUMBER, "value", 0, typed);
		out_hidden_hex(out, "hex", value.bits);
		return;
	}
	if (!letter && value.is_address)
		letter = 'a';
	out_str(out, ROLE_NUMBER, "value", 0, format_value(letter, value, buf, sizeof(buf)));
	/* Addresses and masks read better in hexadecimal, counts in decimal: without a format both. */
	if (!letter && value.bits > 9 && !(value.is_signed && (int64_t)value.bits < 0))
		out_text(out, ROLE_COMMENT, " (0x%llx)", (unsigned long long)value.bits);
	if (letter == 'a')
		session_out_symbol(s, out, ROLE_SYMBOL, value.bits);
	out_hidden_hex(out, "hex", value.bits);
}

static void print_value(struct session *s, struct out *out, const struct format *format,
			struct expr_value value)
{
	unsigned n = remember(s, value);

	out_begin(out, "value");
	out_text(out, ROLE_LABEL, "$");
	out_dec(out, ROLE_LABEL, "n", 0, n);
	out_text(out, ROLE_TEXT, " = ");
	print_number(s, out, format, value);
	out_end(out);
}

/* An array: /4x with a count prints that many elements from the lvalue's address on. */
static struct error *print_elements(struct session *s, struct out *out, const struct format *format,
				    struct expr_value value)
{
	struct format f = *format;
	uint64_t next;

	if (f.letter == 0)
		f.letter = 'd';
	return session_examine(s, out, &f, value.bits, false, &next);
}

/* A whole register wider than an expression's value: `print $ymm0`. */
static bool wide_register(struct session *s, const char *text, struct reg_ref *ret)
{
	if (!s->target || *text != '$' || !reg_lookup(s->target->arch, text, ret))
		return false;
	return ret->bits > 64;
}

static struct error *print_wide(struct session *s, struct out *out, const char *name, struct reg_ref ref)
{
	const struct regs *regs;
	struct text t = { 0 };
	struct error *error;
	bool stale;

	error = session_regs(s, s->target->arch->regs[ref.reg].group, &regs, &stale);
	if (error)
		return error;
	if (!regs_valid(regs, ref.reg))
		return error_create(ERROR_FAULT, "register %s is not available here", name);
	text_puts(&t, "0x");
	for (int i = (ref.shift + ref.bits) / 8 - 1; i >= ref.shift / 8; i--)
		text_printf(&t, "%02x", regs_bytes(regs, ref.reg)[i]);
	out_begin(out, "value");
	out_text(out, ROLE_LABEL, "%s = ", name);
	out_str(out, ROLE_NUMBER, "value", 0, text_str(&t));
	out_end(out);
	text_deinit(&t);
	return NULL;
}

static struct error *print_run(struct session *s, const struct args *args, struct out *out)
{
	const char *text = args->value[0].given ? args->value[0].text : "$";
	struct format format;
	struct expr_value value;
	struct error *error;
	struct reg_ref ref;
	uint64_t next;

	error = format_parse(args->format, &format);
	if (error)
		return error;
	if (format.letter == 'i')
		return error_hint(error_create(ERROR_USAGE, "print has no format i"), "`x/i ADDRESS` disassembles");
	if (wide_register(s, text, &ref))
		return print_wide(s, out, text, ref);
	if (assign_is(text))
		error = assign_run(s, text, &value);
	else if (!args->value[0].given && !s->history.len)
		error = error_create(ERROR_STATE, "the value history is empty");
	else
		error = session_eval(s, text, &value);
	if (error)
		return error;
	if (format.letter == 's')
		return session_examine(s, out, &format, value.bits, false, &next);
	if (format.has_count)
		return print_elements(s, out, &format, value);
	if (format.unit)
		value.size = format_unit_size(format.unit);
	print_value(s, out, &format, value);
	return NULL;
}

static void complete_expr(struct session *s, const char *prefix, completion_fn fn, void *ctx);

const struct command cmd_print = {
	.name = "print",
	.aliases = (const char *const[]){ "p", "inspect", NULL },
	.group = "data",
	.summary = "show the value of EXPR and keep it as $N",
	.help = "FORMAT: x hex, d signed, u unsigned, o octal, t binary, z hex with zeros, c character,\n"
		"a address with symbol, f floating point, s string at that address. $ is the last value, $$ the\n"
		"one before. An assignment is done first: `print $x = 3`, `print *(u32 *)p = 0`.\n"
		"See `help expressions`.",
	.examples = (const char *const[]){ "print $rip", "print/x main + 0x10", "print q[counter] * 2",
					   "print $n = 5; print $n + 1", "print/s message", NULL },
	.args = { { .type = ARG_REST, .name = "EXPR", .optional = true, .complete = complete_expr } },
	.takes_format = true,
	.run = print_run,
};

struct symbol_completer {
	completion_fn fn;
	void *ctx;
	unsigned left;
};

static bool give_symbol(void *ctx, const struct symbol *sym)
{
	struct symbol_completer *sc = ctx;
	struct completion c = { .text = sym->name };

	sc->fn(sc->ctx, &c);
	return --sc->left > 0;
}

/* REST has no word rules of its own: only the last name of the text is completed. */
static void complete_expr(struct session *s, const char *prefix, completion_fn fn, void *ctx)
{
	struct symbol_completer sc = { fn, ctx, 200 };

	symbols_each_prefix(s->symbols, prefix, give_symbol, &sc);
}

/* ---- echo ---------------------------------------------------------------------------------------- */

static struct error *echo_run(struct session *s, const struct args *args, struct out *out)
{
	const char *text = args->value[0].given ? args->value[0].text : "";
	size_t len = strlen(text);

	if (!len && !out->is_json)
		out_nl(out); /* an empty record would leave no line */
	else if (len >= 2 && (text[0] == '"' || text[0] == '\'') && text[len - 1] == text[0])
		out_message(out, ROLE_TEXT, "%.*s", (int)len - 2, text + 1);
	else
		out_message(out, ROLE_TEXT, "%s", text);
	return NULL;
}

const struct command cmd_echo = {
	.name = "echo",
	.group = "scripts",
	.summary = "print TEXT on a line",
	.examples = (const char *const[]){ "echo half way", "echo \"a; b\"", NULL },
	.args = { { .type = ARG_REST, .name = "TEXT", .optional = true } },
	.run = echo_run,
};

/* ---- info variables ------------------------------------------------------------------------------ */

static struct error *variables_run(struct session *s, const struct args *args, struct out *out)
{
	char buf[80];

	if (!s->vars.len)
		out_message(out, ROLE_TEXT, "no variables; `set $name = EXPR` makes one");
	for (size_t i = 0; i < s->vars.len; i++) {
		const struct session_var *var = &s->vars.data[i];

		out_begin(out, "variable");
		out_text(out, ROLE_LABEL, "$");
		out_str(out, ROLE_LABEL, "name", 0, var->name);
		out_text(out, ROLE_TEXT, " = ");
		out_str(out, ROLE_NUMBER, "value", 0, format_value(0, var->value, buf, sizeof(buf)));
		out_text(out, ROLE_COMMENT, " (0x%llx)", (unsigned long long)var->value.bits);
		out_end(out);
	}
	return NULL;
}

const struct command cmd_info_variables = {
	.name = "info variables",
	.aliases = (const char *const[]){ "show convenience", NULL },
	.group = "data",
	.summary = "list the session's $variables",
	.examples = (const char *const[]){ "set $n = 3; info variables", NULL },
	.run = variables_run,
};
