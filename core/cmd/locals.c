/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info locals, info args. */
#include "core/base/cleanup.h"
#include "core/command/command.h"
#include "core/symbols/vars.h"

struct listing {
	struct session *s;
	struct out *out;
	const struct regs *regs;
	struct mem_reader mem;
	bool parameters;
	unsigned n;
};

static bool print_variable(void *ctx, const struct variable *var)
{
	struct listing *l = ctx;
	char type[128], value[512];
	uint64_t addr;

	if (var->is_parameter != l->parameters)
		return true;
	l->n++;
	out_begin(l->out, "variable");
	out_str(l->out, ROLE_DIM, "ctype", 0, symbols_type_name(l->s->symbols, var->type.self, type, sizeof(type)));
	out_text(l->out, ROLE_TEXT, " ");
	out_str(l->out, ROLE_LABEL, "name", 0, var->name);
	out_text(l->out, ROLE_TEXT, " = ");
	out_str(l->out, ROLE_NUMBER, "value", 0,
		variable_format(var, l->s->symbols, l->regs, &l->mem, value, sizeof(value)));
	if (variable_address(var, l->regs, &addr))
		out_hidden_hex(l->out, "addr", addr);
	out_end(l->out);
	return true;
}

static struct error *list_variables(struct session *s, struct out *out, bool parameters)
{
	struct listing l = { .s = s, .out = out, .parameters = parameters };
	struct target_reader ctx;
	struct error *error;
	uint64_t pc;
	bool stale;

	error = session_frame_pc(s, &pc);
	if (!error)
		error = session_regs(s, 0, &l.regs, &stale);
	if (error)
		return error;
	ctx = (struct target_reader){ s->target, &s->regs_now[0] };
	l.mem = target_reader(&ctx);
	if (!symbols_each_variable(s->symbols, s->target->arch, pc, print_variable, &l))
		return error_hint(error_create(ERROR_NOT_FOUND, "no debug info describes the code at 0x%llx",
					       (unsigned long long)pc),
				  "build the guest with -g, or load a file with debug info by "
				  "add-symbol-file");
	if (!l.n)
		out_message(out, ROLE_DIM, "the function has no %s here",
			    parameters ? "parameters" : "variables");
	return NULL;
}

static struct error *info_locals_run(struct session *s, const struct args *args, struct out *out)
{
	return list_variables(s, out, false);
}

static struct error *info_args_run(struct session *s, const struct args *args, struct out *out)
{
	return list_variables(s, out, true);
}

const struct command cmd_info_locals = {
	.name = "info locals",
	.group = "stack",
	.summary = "list the selected frame's variables: type, name, value",
	.help = "Needs debug info (-g). Their names are usable in expressions: `print n`, `set n = 3`,\n"
		"`break FILE:LINE if n == 3`. Inner blocks come first and hide outer ones.",
	.needs = NEED_TARGET | NEED_HALTED,
	.run = info_locals_run,
};

const struct command cmd_info_args = {
	.name = "info args",
	.group = "stack",
	.summary = "list the selected frame's parameters: type, name, value",
	.help = "Needs debug info (-g). See `help info locals`.",
	.needs = NEED_TARGET | NEED_HALTED,
	.run = info_args_run,
};
