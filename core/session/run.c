/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs and their ends: resume, poll, plans, waiting. */
#include "core/session/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/session/display.h"
#include "core/session/linux.h"
#include "core/session/report.h"
#include "core/session/rules.h"

#define DRAIN_BATCH 4096
#define DRAIN_ROUNDS 1024
#define POLL_NS (20ULL * 1000 * 1000) /* a flood must not keep Ctrl-C waiting */
#define EXIT_GUEST_CRASHED 4
#define WAIT_SLICE_MS 100

/* ---- plans and internal stops -------------------------------------------------------------------- */

void session_plan_end(struct session *s)
{
	struct session_plan *plan = take_ptr(s->plan);

	if (plan)
		plan->destroy(s, plan);
}

struct error *session_internal_break(struct session *s, uint64_t addr, int vcpu, const uint64_t *sp_above,
				     unsigned *ret_id)
{
	struct stop_spec spec = {
		.id = s->next_internal_id, .kind = STOP_KIND_BREAK, .addr = addr, .len = 1,
		.vcpu = vcpu, .temporary = true, .has_sp_above = sp_above != NULL,
		.sp_above = sp_above ? *sp_above : 0,
	};
	struct error *error;

	error = target_stop_arm(s->target, &spec);
	if (error)
		return error;
	s->next_internal_id++;
	*ret_id = spec.id;
	return NULL;
}

void session_internal_disarm(struct session *s, unsigned id)
{
	if (id && s->target)
		error_destroy(target_stop_disarm(s->target, id));
}

/* ---- resume -------------------------------------------------------------------------------------- */

static void mark_running(struct session *s)
{
	s->running = true;
	s->frame = 0;
	session_invalidate(s);
	session_poll_interval(s, true);
}

struct error *session_resume(struct session *s, const struct run_request *req)
{
	return session_resume_plan(s, req, NULL);
}

struct error *session_resume_plan(struct session *s, const struct run_request *req,
				  struct session_plan *plan)
{
	const struct regs *regs = NULL;
	struct error *error;
	bool stale;

	session_plan_end(s);
	s->plan = plan;
	s->frame = 0;
	s->undo.len = 0;
	session_linux_resuming(s, req);
	error = session_regs(s, REGS_CORE, &regs, &stale);
	if (!error) {
		s->regs_now[1] = *regs;
		s->has_regs_before = true;
		s->interrupted = false;
		error = target_resume(s->target, req);
	} else {
		/* Unreadable registers must not keep a guest from running. */
		error_destroy(error);
		s->has_regs_before = false;
		error = target_resume(s->target, req);
	}
	if (error) {
		session_plan_end(s);
		return error;
	}
	mark_running(s);
	for (size_t i = 0; i < s->listeners.len; i++)
		if (s->listeners.data[i]->resumed)
			s->listeners.data[i]->resumed(s->listeners.data[i]->ctx);
	return NULL;
}

struct error *session_travel(struct session *s, const struct travel *travel)
{
	const struct regs *regs = NULL;
	struct error *error;
	bool stale;

	session_plan_end(s);
	s->undo.len = 0;
	error = session_regs(s, REGS_CORE, &regs, &stale);
	s->has_regs_before = !error;
	if (!error)
		s->regs_now[1] = *regs;
	error_destroy(error);
	s->interrupted = false;
	error = target_travel(s->target, travel);
	if (error)
		return error;
	mark_running(s);
	for (size_t i = 0; i < s->listeners.len; i++)
		if (s->listeners.data[i]->resumed)
			s->listeners.data[i]->resumed(s->listeners.data[i]->ctx);
	return NULL;
}

struct error *session_plan_resume(struct session *s, const struct run_request *req)
{
	struct error *error;

	session_linux_resuming(s, req);
	error = target_resume(s->target, req);
	if (!error)
		mark_running(s);
	return error;
}

/* ---- stops --------------------------------------------------------------------------------------- */

/* A user's stop, an interrupt or the guest's end overrides whatever a plan had in mind. */
static bool plan_owns(const struct stop_report *report)
{
	return report->reason == STOP_STEP || (report->reason == STOP_BREAK && report->id >= 1u << 30);
}

static void show_stop(struct session *s, const struct stop_report *report, struct stop *stop, bool rule)
{
	bool silent = s->quiet_stop || rule || (stop && stop->silent && !s->interrupted);
	const struct regs *regs;
	bool stale;

	/* What the next stop is compared with is read now: it is at hand, and gone when the guest runs. */
	error_destroy(session_regs(s, REGS_CORE, &regs, &stale));
	if (!silent && s->talk) {
		session_print_stop(s, s->talk, report);
		session_print_displays(s, s->talk);
	}
	if (s->plan && s->plan->shown && s->talk && !silent)
		s->plan->shown(s, s->plan, s->talk);
	session_plan_end(s);
	if (!silent && s->talk)
		out_flush(s->talk);
	for (size_t i = 0; i < s->listeners.len; i++)
		if (s->listeners.data[i]->stopped)
			s->listeners.data[i]->stopped(s->listeners.data[i]->ctx, report);
}

/* @rule_lines: of a rule the guest was stopped for, or NULL; taken. */
static void run_lines(struct session *s, struct stop *stop, char **rule_lines)
{
	VEC(char *) lines = { 0 };

	for (size_t i = 0; rule_lines && rule_lines[i]; i++)
		vec_push(&lines, rule_lines[i]);
	free(rule_lines);
	/* The stop may be deleted by its own commands. One that came before the user's interrupt could take
	 * effect must not run on again: its commands are dropped. */
	for (size_t i = 0; stop && !s->interrupted && i < stop->commands.len; i++)
		vec_push(&lines, xstrdup(stop->commands.data[i]));
	if (stop && stop->gone)
		error_destroy(stop_delete(&s->stops, s->target, stop->id));
	if (s->after_stop)
		s->after_stop(s, lines.data, lines.len);
	for (size_t i = 0; i < lines.len; i++)
		free(lines.data[i]);
	vec_free(&lines);
}

static void on_stop(struct session *s, struct stop_report *report)
{
	struct error *error = NULL;
	char **rule_lines;
	struct stop *stop;
	bool rule;

	s->running = false;
	s->frame = 0;
	s->source_file[0] = 0; /* `list` starts again around the pc */
	s->source_line = 0;
	if (report->vcpu < target_vcpu_count(s->target)) {
		if (report->vcpu != s->vcpu)
			s->has_regs_before = false;
		s->vcpu = report->vcpu;
	}
	session_invalidate(s);
	if (session_linux_stopped(s, report))
		return;
	if (s->plan && plan_owns(report) && !s->interrupted &&
	    s->plan->stopped(s, s->plan, report, &error))
		return;
	session_poll_interval(s, false);
	stop = stop_on_report(&s->stops, report);
	rule = session_rules_stopped(s, report, &rule_lines);
	s->last_stop = *report;
	s->has_stop = true;
	session_invalidate(s);
	show_stop(s, report, stop, rule);
	if (error && s->talk)
		session_print_error(s->talk, error);
	error_destroy(error);
	if (report->reason == STOP_GUEST_EXIT && s->exit_from_guest) {
		s->exit_status = report->exit_code;
		s->quit = true;
	}
	/* A guest that crashed gave no status, and that is no success. What it gives is odd (isa-debug-exit)
	 * or 0 (power off). */
	if (s->exit_from_guest && (report->reason == STOP_SHUTDOWN || report->reason == STOP_ERROR))
		s->exit_status = EXIT_GUEST_CRASHED;
	run_lines(s, stop, rule_lines);
}

/* The guest's output as of now for those that show it. */
static void feed_console(struct session *s, struct session_listener *l)
{
	uint64_t end = event_store_end(s->events);

	for (uint64_t n = event_store_first(s->events); l->console && n < end; n++) {
		const struct event *event = event_store_get(s->events, n);
		const struct vmm_console *c = (const void *)event->payload;
		size_t len;

		if (event->schema != VMM_CONSOLE || event->payload_len < offsetof(struct vmm_console, data) ||
		    c->dir != VMM_CONSOLE_OUT)
			continue;
		len = event->payload_len - offsetof(struct vmm_console, data);
		l->console(l->ctx, c->port, c->data, len < c->len ? len : c->len);
	}
}

static void tell_rewound(struct session *s)
{
	if (s->store_generation == event_store_generation(s->events))
		return;
	s->store_generation = event_store_generation(s->events);
	for (size_t i = 0; i < s->listeners.len; i++) {
		struct session_listener *l = s->listeners.data[i];

		if (!l->rewound)
			continue;
		l->rewound(l->ctx);
		feed_console(s, l);
	}
}

static void poll_parts(struct session *s)
{
	for (size_t i = 0; i < s->parts.len; i++)
		if (s->parts.data[i].poll)
			s->parts.data[i].poll(s->parts.data[i].data);
}

/* Up to host time @end, or all there is (0). */
static void drain(struct session *s, uint64_t end)
{
	poll_parts(s);
	if (!s->target->ops->events_drain)
		return;
	for (unsigned i = 0; i < DRAIN_ROUNDS && (!end || clock_now_ns() < end); i++)
		if (s->target->ops->events_drain(s->target, s->events, DRAIN_BATCH) < DRAIN_BATCH)
			return;
}

void session_poll(struct session *s)
{
	uint64_t end = clock_now_ns() + POLL_NS;
	struct stop_report report;
	unsigned stops = 0;

	if (s->polling)
		return;
	s->polling = true;
	if (!s->target)
		poll_parts(s);
	else
		drain(s, s->running ? end : 0);
	tell_rewound(s);
	/* Each report ends a run; one that a command list resumed may have ended already. */
	while ((!stops++ || clock_now_ns() < end) && s->target && s->target->ops->stop_take &&
	       s->target->ops->stop_take(s->target, &report)) {
		drain(s, 0);
		on_stop(s, &report);
	}
	s->polling = false;
	session_rules_run(s);
}

/* ---- waiting ------------------------------------------------------------------------------------- */

static struct error *take_deferred(struct session *s)
{
	return take_ptr(s->deferred);
}

struct error *session_wait(struct session *s, uint64_t timeout_ns)
{
	uint64_t end = timeout_ns ? clock_now_ns() + timeout_ns : 0;
	struct error *error;

	session_poll(s);
	while (s->running && !s->quit) {
		int wait_ms = WAIT_SLICE_MS;

		if (end) {
			uint64_t now = clock_now_ns();

			if (now >= end)
				break;
			if ((end - now) / 1000000 < WAIT_SLICE_MS)
				wait_ms = (end - now) / 1000000 + 1;
		}
		error = loop_run_once(s->loop, wait_ms);
		if (error)
			return error;
		session_poll(s);
	}
	if (s->deferred)
		return take_deferred(s);
	if (s->interrupted)
		return error_create(ERROR_CANCELLED, "interrupted");
	return NULL;
}

struct error *session_sleep(struct session *s, uint64_t time_ns)
{
	uint64_t end = clock_now_ns() + time_ns;
	struct error *error;

	for (;;) {
		uint64_t now = clock_now_ns();
		uint64_t left = now >= end ? 0 : end - now;

		if (s->interrupted)
			return error_create(ERROR_CANCELLED, "interrupted");
		if (!left || s->quit)
			return s->deferred ? take_deferred(s) : NULL;
		error = loop_run_once(s->loop, left / 1000000 < WAIT_SLICE_MS ?
					       (int)(left / 1000000) + 1 : WAIT_SLICE_MS);
		if (error)
			return error;
		session_poll(s);
	}
}

void session_queue_clear(struct session *s)
{
	for (size_t i = 0; i < s->queue.len; i++)
		free(s->queue.data[i]);
	s->queue.len = 0;
}

struct error *session_interrupt(struct session *s)
{
	s->interrupted = true;
	session_queue_clear(s);
	if (s->target && s->running)
		return target_interrupt(s->target);
	return NULL;
}
