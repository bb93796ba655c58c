/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/session/session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/base/cleanup.h"
#include "core/session/filter.h"
#include "core/session/linux.h"
#include "core/session/options.h"
#include "core/session/run.h"
#include "core/session/rules.h"

#define EVENT_STORE_BYTES (32ULL << 20)
#define POLL_INTERVAL_NS (20ULL * 1000 * 1000)

/* ---- guest output -------------------------------------------------------------------------------- */

static void on_event(void *ctx, const struct event *event, const struct schema *schema)
{
	const struct vmm_console *console = (const void *)event->payload;
	struct session *s = ctx;
	size_t len;

	if (event->schema != VMM_CONSOLE ||
	    event->payload_len < offsetof(struct vmm_console, data) || console->dir != 0)
		return;
	len = event->payload_len - offsetof(struct vmm_console, data);
	if (len > console->len)
		len = console->len;
	for (size_t i = 0; i < s->listeners.len; i++)
		if (s->listeners.data[i]->console)
			s->listeners.data[i]->console(s->listeners.data[i]->ctx, console->port,
						      console->data, len);
}

/* ---- life ---------------------------------------------------------------------------------------- */

struct error *session_create(struct session **ret)
{
	struct session *s = xcalloc(1, sizeof(*s));
	struct event_sink sink = { .ctx = s, .event = on_event };
	struct error *error;

	error = loop_create(&s->loop);
	if (!error)
		error = event_store_create(EVENT_STORE_BYTES, &s->events);
	if (error) {
		loop_destroy(s->loop);
		free(s);
		return error;
	}
	event_store_add_sink(s->events, &sink);
	s->symbols = symbols_create();
	s->start_ns = clock_now_ns();
	s->next_internal_id = 1u << 30;
	s->x_letter = 'x';
	s->x_size = 'w';
	session_options_init(&s->options);
	*ret = s;
	return NULL;
}

static void unhook_target(struct session *s)
{
	loop_remove(take_ptr(s->stop_source));
	loop_remove(take_ptr(s->event_source));
	loop_remove(take_ptr(s->poll_timer));
}

void session_destroy(struct session *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->parts.len; i++)
		if (s->parts.data[i].stop)
			s->parts.data[i].stop(s->parts.data[i].data);
	unhook_target(s);
	session_plan_end(s);
	stop_list_deinit(&s->stops, s->target);
	session_linux_destroy(s);
	target_destroy(s->target);
	for (size_t i = 0; i < s->vars.len; i++)
		free(s->vars.data[i].name);
	for (size_t i = 0; i < s->displays.len; i++) {
		free(s->displays.data[i].format);
		free(s->displays.data[i].text);
	}
	session_queue_clear(s);
	vec_free(&s->queue);
	vec_free(&s->vars);
	vec_free(&s->history);
	vec_free(&s->displays);
	vec_free(&s->undo);
	for (size_t i = 0; i < s->owned.len; i++)
		free(s->owned.data[i]);
	vec_free(&s->owned);
	vec_free(&s->commands);
	vec_free(&s->checks);
	vec_free(&s->listeners);
	vec_free(&s->frames);
	session_rules_destroy(s);
	session_filter_destroy(s->filter);
	error_destroy(s->deferred);
	free(s->repeat_line);
	symbols_destroy(s->symbols);
	event_store_destroy(s->events);
	for (size_t i = 0; i < s->parts.len; i++)
		s->parts.data[i].destroy(s->parts.data[i].data);
	vec_free(&s->parts);
	vec_free(&s->providers);
	out_destroy(s->talk);
	loop_destroy(s->loop);
	free(s);
}

void session_add_command(struct session *s, const struct command *cmd)
{
	vec_push(&s->commands, cmd);
}

void session_add_check(struct session *s, const struct doctor_check *check)
{
	vec_push(&s->checks, check);
}

void session_add_part(struct session *s, const struct session_part *part)
{
	vec_push(&s->parts, *part);
}

void session_add_provider(struct session *s, const struct probe_provider *provider)
{
	vec_push(&s->providers, provider);
}

void *session_part(struct session *s, const char *name)
{
	for (size_t i = 0; i < s->parts.len; i++)
		if (!strcmp(s->parts.data[i].name, name))
			return s->parts.data[i].data;
	return NULL;
}

void session_know_events(struct session *s, const char *name)
{
	for (size_t i = 0; i < s->parts.len; i++)
		if (s->parts.data[i].know)
			s->parts.data[i].know(s->parts.data[i].data, name);
}

void session_add_listener(struct session *s, struct session_listener *listener)
{
	vec_push(&s->listeners, listener);
}

void session_remove_listener(struct session *s, struct session_listener *listener)
{
	for (size_t i = 0; i < s->listeners.len; i++) {
		if (s->listeners.data[i] == listener) {
			vec_remove(&s->listeners, i);
			return;
		}
	}
}

/* ---- the target ---------------------------------------------------------------------------------- */

static void on_ready(void *ctx, uint32_t events)
{
	session_poll(ctx);
}

static struct error *hook_target(struct session *s)
{
	struct target *t = s->target;
	struct error *error = NULL;
	int fd;

	fd = t->ops->stop_fd ? t->ops->stop_fd(t) : -1;
	if (fd >= 0)
		error = loop_add_fd(s->loop, fd, EPOLLIN, on_ready, s, &s->stop_source);
	fd = t->ops->event_fd ? t->ops->event_fd(t) : -1;
	if (!error && fd >= 0)
		error = loop_add_fd(s->loop, fd, EPOLLIN, on_ready, s, &s->event_source);
	/* Events of a running guest are drained by time: a vCPU must not pay a system call for each. The
	 * timer runs only while the guest does, so an idle console stays idle. */
	if (!error)
		error = loop_add_timer(s->loop, 0, 0, on_ready, s, &s->poll_timer);
	return error;
}

struct error *session_set_target(struct session *s, struct target *target)
{
	unhook_target(s);
	session_plan_end(s);
	if (s->target) {
		stop_list_disarm(&s->stops, s->target);
		if (session_linux_known(s)) {
			session_linux_destroy(s);
			session_unresolve_stops(s);
		}
		session_linux_destroy(s);
		target_destroy(s->target);
	}
	s->target = target;
	s->vcpu = s->frame = 0;
	s->running = s->has_stop = s->has_regs_before = false;
	s->undo.len = 0;
	session_invalidate(s);
	if (!target)
		return NULL;
	session_resolve_stops(s);
	stop_list_arm(&s->stops, target);
	return hook_target(s);
}

void session_poll_interval(struct session *s, bool on)
{
	if (s->poll_timer)
		error_destroy(loop_timer_set(s->poll_timer, on ? POLL_INTERVAL_NS : 0,
					     on ? POLL_INTERVAL_NS : 0));
}

bool session_is_halted(const struct session *s)
{
	enum target_state state;

	if (!s->target)
		return false;
	state = target_state(s->target);
	return state == TARGET_STOPPED || state == TARGET_ENDED;
}

void session_changed(struct session *s)
{
	session_invalidate(s);
	for (size_t i = 0; i < s->listeners.len; i++)
		if (s->listeners.data[i]->changed)
			s->listeners.data[i]->changed(s->listeners.data[i]->ctx);
}

struct error *session_select_vcpu(struct session *s, unsigned vcpu)
{
	unsigned n = s->target ? target_vcpu_count(s->target) : 0;

	if (!s->target)
		return error_create(ERROR_STATE, "there is no guest");
	if (vcpu >= n)
		return error_create(ERROR_NOT_FOUND, "there is no vCPU %u; the guest has %u, numbered from 0",
				    vcpu, n);
	if (vcpu != s->vcpu)
		s->has_regs_before = false;
	s->vcpu = vcpu;
	s->frame = 0;
	session_changed(s);
	return NULL;
}
