/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Clauses at guest stops: guest:break, guest:hbreak, guest:watch, guest:rwatch, guest:awatch LOCATION. Each is
 * a breakpoint of the session's own list with a command list of one line that comes back here, so that
 * `info breakpoints` shows it and whatever works for breakpoints (pending ones, mechanisms) works for it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "core/script/internal.h"

/* Names of argument registers: System V AMD64 3.2.3; 64-bit ELF V2 ABI for Power 2.2.2.3. */
static const char *const args_x86[] = { "rdi", "rsi", "rdx", "rcx", "r8", "r9" };
static const char *const args_ppc[] = { "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10" };

static bool argument(const struct expr_scope *base, const char *name, unsigned *ret_id, unsigned *ret_size)
{
	unsigned n;
	char end;

	if (sscanf(name, "arg%u%c", &n, &end) != 1)
		return false;
	if (base->reg(base->ctx, "rdi", ret_id, ret_size))
		return n < ARRAY_SIZE(args_x86) && base->reg(base->ctx, args_x86[n], ret_id, ret_size);
	return n < ARRAY_SIZE(args_ppc) && base->reg(base->ctx, args_ppc[n], ret_id, ret_size);
}

static bool guest_reg(void *ctx, const char *name, unsigned *ret_id, unsigned *ret_size)
{
	struct expr_scope base = session_scope(ctx);

	return base.reg && (base.reg(base.ctx, name, ret_id, ret_size) ||
			    argument(&base, name, ret_id, ret_size));
}

struct expr_scope script_guest_scope(struct session *s)
{
	struct expr_scope scope = session_scope(s);

	/* The session is its scope's context, too. */
	if (scope.ctx == s)
		scope.reg = guest_reg;
	return scope;
}

static bool is_verb(const char *name)
{
	static const char *const verbs[] = { "break", "hbreak", "watch", "rwatch", "awatch" };

	for (unsigned i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i], name))
			return true;
	return false;
}

static void add_commands(struct script_clause *c, struct stop *stop)
{
	stop_clear_commands(stop);
	vec_push(&stop->commands, xasprintf("probe fire %u %u", c->script->id, c->index));
	stop->silent = true;
}

struct error *script_arm_guest(struct script_clause *c, const struct program_spec *spec)
{
	struct session *s = c->script->session;
	struct expr_scope base = script_guest_scope(s);
	struct script_use use = { .spec = spec };
	struct error *error = NULL;
	size_t before = s->stops.stops.len;
	struct out *quiet;

	if (!is_verb(spec->name))
		return error_hint(program_error(c->script->program, spec->at, ERROR_NOT_FOUND,
						"there is no event guest:%s", spec->name),
				  "guest events: break hbreak watch rwatch awatch, each with a location");
	if (!s->target)
		return error_hint(program_error(c->script->program, spec->at, ERROR_STATE,
						"guest:%s wants a guest, and none is here", spec->name),
				  "vmscope probe FILE -- run GUEST");
	error = probe_bind(c->script->program, c->clause, NULL, &base, &c->script->vars, NULL, false,
			   &use.binding);
	if (error)
		return error;
	/* On the vCPU's own thread where the condition needs nothing of this program. */
	_free_ char *line = xasprintf("%s %s%s%s", spec->name, spec->location, c->clause->pred.text ? " if " : "",
				      c->clause->pred.text ? c->clause->pred.text : "");
	_free_ char *plain = xasprintf("%s %s", spec->name, spec->location);
	bool own = c->clause->pred.text && (strstr(c->clause->pred.text, "arg") || c->script->vars.names.len);
	quiet = out_create_capture();
	use.filtered = !own;
	error = command_run(s, own ? plain : line, quiet);
	out_destroy(quiet);
	if (!error && s->stops.stops.len > before) {
		struct stop *stop = s->stops.stops.data[s->stops.stops.len - 1];
		add_commands(c, stop);
		vec_push(&c->stops, stop->id);
		vec_push(&c->uses, use);
		return NULL;
	}
	probe_binding_destroy(use.binding);
	struct error *at = program_error(c->script->program, spec->at, error ? error_code(error) : ERROR_FAILED,
					 "%s: %s", plain, error ? error_message(error) : "no breakpoint was made");
	error_destroy(error);
	return at;
}

struct error *script_guest_stop(struct session *s, unsigned id, unsigned clause)
{
	struct script *script = script_find(s, id);
	struct expr_env env = session_env(s);

	if (!script || clause >= script->clauses.len || !script->clauses.data[clause]->uses.len)
		return error_create(ERROR_NOT_FOUND, "no probe file has clause %u.%u", id, clause);
	struct script_clause *c = script->clauses.data[clause];
	struct script_run run = {
		.script = script, .clause = c, .binding = c->uses.data[0].binding,
		.context = script_context(script, NULL, NULL), .at_guest_stop = true,
	};
	run.context.guest = &env;
	if (!script->exited && (!c->clause->pred.text || c->uses.data[0].filtered ||
				probe_test(run.binding, &c->clause->pred, &run.context))) {
		c->hits++;
		script->hits++;
		script_block(&run, &c->clause->body);
	}
	if (!run.stop)
		return command_run(s, "continue", script_out(script));
	out_message(script_out(script), ROLE_WARN, "%s:%u stopped the guest", script->program->name,
		    program_line(script->program, c->clause->at));
	return NULL;
}
