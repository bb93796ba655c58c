/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Views as commands: `info lapic`, `info idt 14`, `vtop ADDR`. A new view needs no line here. */
#include "core/cmd/views.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "core/command/command.h"
#include "core/decode/view.h"

static bool view_symbol(void *ctx, uint64_t addr, char *buf, size_t size)
{
	struct session *s = ctx;

	return symbols_format(s->symbols, addr, buf, size);
}

static struct error *run(struct session *s, const struct args *args, struct out *out)
{
	const char *name = args->command->name;
	const struct view *view = view_by_name(!strncmp(name, "info ", 5) ? name + 5 : name);
	struct view_ctx ctx = {
		.target = s->target, .vcpu = s->vcpu, .symbol = view_symbol, .symbol_ctx = s,
		.has_arg = args->value[0].given,
	};
	struct expr_value value;
	struct error *error;
	bool stale = false;

	error = session_regs(s, view->groups, &ctx.regs, &stale);
	if (!error && ctx.has_arg) {
		error = session_eval_prog(s, args->value[0].prog, &value);
		ctx.arg = value.bits;
	}
	if (error)
		return error;
	if (stale && view->per_vcpu)
		out_message(out, ROLE_DIM, "the guest runs: last-known registers of vCPU %u", s->vcpu);
	return view_show(view, &ctx, out);
}

static void add(struct session *s, const char *name, const struct view *view)
{
	struct command *cmd = xcalloc(1, sizeof(*cmd));
	const char **examples = xcalloc(2, sizeof(*examples));
	char *name_copy = xstrdup(name);
	char *example = view->arg == VIEW_ARG_REQUIRED ?
			xasprintf("%s %s", name, view->example ? view->example : "$pc") : xstrdup(name);

	examples[0] = example;
	*cmd = (struct command){
		.name = name_copy,
		.group = "machine",
		.summary = view->help,
		.examples = examples,
		.needs = NEED_TARGET,
		.run = run,
	};
	if (view->arg != VIEW_ARG_NONE)
		cmd->args[0] = (struct arg_spec){
			.type = ARG_EXPR, .name = view->arg_name ? view->arg_name : "VALUE",
			.optional = view->arg == VIEW_ARG_OPTIONAL,
		};
	session_add_command(s, cmd);
	vec_push(&s->owned, name_copy);
	vec_push(&s->owned, example);
	vec_push(&s->owned, (void *)examples);
	vec_push(&s->owned, cmd);
}

static bool has_command(const struct session *s, const char *name)
{
	for (size_t i = 0; i < s->commands.len; i++)
		if (!strcmp(s->commands.data[i]->name, name))
			return true;
	return false;
}

void views_register(struct session *s)
{
	const struct view *view;

	for (unsigned i = 0; (view = view_at(i)); i++) {
		/* A translation is asked for so often that it has a word of its own. */
		_free_ char *name = !strcmp(view->name, "vtop") ? xstrdup(view->name) :
								  xasprintf("info %s", view->name);

		/* A view that has more to it is a command of its own. */
		if (!has_command(s, name))
			add(s, name, view);
	}
}
