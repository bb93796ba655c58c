/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run, starti, continue, interrupt, kill, reset. */
#include "core/base/cleanup.h"
#include "core/cmd/stops.h"

/* A fresh guest before its first instruction; its STARTED report is shown only when @show. */
static struct error *start_again(struct session *s, bool show)
{
	struct error *error;
	bool quiet = s->quiet_stop;

	if (!s->restart)
		return error_create(ERROR_UNSUPPORTED, "there is nothing to start: no guest was named");
	error = s->restart(s);
	if (error)
		return error;
	s->quiet_stop = quiet || !show;
	session_poll(s);
	s->quiet_stop = quiet;
	return NULL;
}

static struct error *go(struct session *s)
{
	struct run_request req = { .kind = RUN_CONTINUE, .vcpu = s->vcpu };

	return session_resume(s, &req);
}

static struct error *run_run(struct session *s, const struct args *args, struct out *out)
{
	struct error *error;

	/* A guest that has not run yet need not be made again. */
	if (s->target && s->has_stop && s->last_stop.reason == STOP_STARTED && !s->running &&
	    target_state(s->target) == TARGET_STOPPED)
		return go(s);
	error = start_again(s, false);
	return error ? error : go(s);
}

static struct error *starti_run(struct session *s, const struct args *args, struct out *out)
{
	return start_again(s, true);
}

const struct command cmd_run = {
	.name = "run",
	.aliases = (const char *const[]){ "r", NULL },
	.group = "running",
	.summary = "start the guest from the beginning and let it run",
	.help = "Breakpoints, displays and variables stay.",
	.examples = (const char *const[]){ "run", NULL },
	.run = run_run,
};

const struct command cmd_starti = {
	.name = "starti",
	.group = "running",
	.summary = "start the guest from the beginning, stopped at its first instruction",
	.examples = (const char *const[]){ "starti", NULL },
	.run = starti_run,
};

static struct error *continue_run(struct session *s, const struct args *args, struct out *out)
{
	struct stop *stop = s->has_stop ? stop_find(&s->stops, s->last_stop.id) : NULL;
	uint64_t n = args->value[0].number;
	struct error *error;

	if (args->value[0].given) {
		if (!stop || n == 0)
			return error_create(ERROR_USAGE, n ? "the last stop was not at a breakpoint: there is "
							     "nothing to pass over" :
							     "N is at least 1");
		error = stop_set_ignore(&s->stops, s->target, stop->id, n - 1);
		if (error)
			return error;
		if (n > 1)
			stop_print_ignore(out, stop->id, n - 1);
	}
	return go(s);
}

const struct command cmd_continue = {
	.name = "continue",
	.aliases = (const char *const[]){ "c", "fg", NULL },
	.group = "running",
	.summary = "let all vCPUs run until something stops the guest",
	.help = "With N: passes over the breakpoint of the last stop N-1 times.\n"
		"`continue &` does not wait for the stop in scripts; `wait` and `interrupt` come next.",
	.examples = (const char *const[]){ "continue", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.needs = NEED_TARGET | NEED_STOPPED,
	.repeats = true,
	.run = continue_run,
};

static struct error *interrupt_run(struct session *s, const struct args *args, struct out *out)
{
	if (!s->running)
		return error_create(ERROR_STATE, "interrupt: the guest does not run");
	/* Not session_interrupt(): the lines behind this one are meant. */
	s->background = false;
	return target_interrupt(s->target);
}

const struct command cmd_interrupt = {
	.name = "interrupt",
	.group = "running",
	.summary = "stop the guest now",
	.help = "As Ctrl-C. All vCPUs are parked, wherever they are.",
	.examples = (const char *const[]){ "set $rip = spin; continue &; wait 1; interrupt; wait", NULL },
	.needs = NEED_TARGET | NEED_ALIVE,
	.run = interrupt_run,
};

static struct error *kill_run(struct session *s, const struct args *args, struct out *out)
{
	struct error *error = target_kill(s->target);

	if (error)
		return error;
	session_poll(s);
	session_changed(s);
	return NULL;
}

const struct command cmd_kill = {
	.name = "kill",
	.aliases = (const char *const[]){ "k", NULL },
	.group = "running",
	.summary = "end the guest; registers and memory stay readable",
	.examples = (const char *const[]){ "kill", NULL },
	.needs = NEED_TARGET,
	.run = kill_run,
};

static struct error *reset_run(struct session *s, const struct args *args, struct out *out)
{
	struct error *error;

	if (!s->target->ops->reset && s->restart)
		return start_again(s, true);
	error = target_reset(s->target);
	if (error)
		return error;
	session_invalidate(s);
	s->has_regs_before = false;
	session_poll(s);
	return NULL;
}

const struct command cmd_reset = {
	.name = "reset",
	.group = "running",
	.summary = "put the guest back before its first instruction",
	.help = "The image is loaded again; breakpoints stay.",
	.examples = (const char *const[]){ "reset", NULL },
	.needs = NEED_TARGET,
	.run = reset_run,
};
