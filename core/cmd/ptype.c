/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ptype, whatis. */
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "core/symbols/vars.h"

static struct error *no_type(const char *text)
{
	return error_hint(error_create(ERROR_NOT_FOUND, "no C type is known for '%s'", text),
			  "types come from debug info (-g): of variables, members, and names such as "
			  "`struct x` or a typedef");
}

static void expr_prog_unref(struct expr_prog **prog)
{
	expr_unref(*prog);
}

/* The type @text names, else that of the expression's value. */
static struct error *find_type(struct session *s, const char *text, type_handle *ret)
{
	_cleanup_(expr_prog_unref) struct expr_prog *prog = NULL;
	struct expr_scope scope = session_scope_here(s);
	struct variable_type type;
	struct error *error;

	if (symbols_type_by_name(s->symbols, text, &type)) {
		*ret = type.self;
		return NULL;
	}
	error = expr_compile(text, &scope, &prog);
	if (error)
		return error;
	*ret = expr_type_handle(prog);
	/* A symbol is its address; here its variable is meant. */
	if (!*ret && scope.symbol) {
		struct symbol sym;

		if (symbols_by_name(s->symbols, text, &sym) &&
		    symbols_type_of_object(s->symbols, sym.addr, &type))
			*ret = type.self;
	}
	return *ret ? NULL : no_type(text);
}

static struct error *ptype_run(struct session *s, const struct args *args, struct out *out)
{
	_free_ char *layout = NULL;
	struct variable_type type;
	struct error *error;
	type_handle handle;
	char name[256];

	error = find_type(s, args->value[0].text, &handle);
	if (error)
		return error;
	if (!symbols_type_describe(s->symbols, handle, &type))
		return no_type(args->value[0].text);
	/* Of a pointer or an array, what is behind it is the question. */
	if (type.target)
		layout = symbols_type_layout(s->symbols, type.target);
	out_begin(out, "ctype");
	out_str(out, ROLE_SYMBOL, "name", 0, symbols_type_name(s->symbols, handle, name, sizeof(name)));
	if (type.size) {
		out_text(out, ROLE_TEXT, ", ");
		out_dec(out, ROLE_NUMBER, "size", 0, type.size);
		out_text(out, ROLE_TEXT, " bytes");
	}
	if (type.target && type.target != handle) {
		out_text(out, ROLE_TEXT, "; ");
		out_str(out, ROLE_SYMBOL, "target", 0,
			symbols_type_name(s->symbols, type.target, name, sizeof(name)));
		out_text(out, ROLE_TEXT, ", ");
		out_dec(out, ROLE_NUMBER, "target_size", 0, type.span);
		out_text(out, ROLE_TEXT, " bytes");
	}
	for (char *line = layout, *next; line && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		out_nl(out);
		out_text(out, ROLE_TEXT, "%s", line);
	}
	out_end(out);
	return NULL;
}

const struct command cmd_ptype = {
	.name = "ptype",
	.aliases = (const char *const[]){ "whatis", NULL },
	.group = "data",
	.summary = "show a C type: of a variable or member, or by name",
	.help = "Structures are shown with the offset of every member. Needs debug info (-g). Examples:\n"
		"`ptype cpu`, `ptype *cpu->next`, `ptype struct node`, `ptype node_t`.",
	.args = { { .type = ARG_REST, .name = "EXPR" } },
	.run = ptype_run,
};
