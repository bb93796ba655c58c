/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/set.h"

#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/session/tables.h"
#include "probes/show.h"
#include "probes/checks.h"
#include "probes/host.h"

#define PART "probes"
/* Between fill levels the rings are emptied by time: a wake-up per event would cost the guest an exit. */
#define POLL_INTERVAL_NS (50ULL * 1000 * 1000)

struct known {
	const struct probe *probe;
	struct probe_schemas schemas;
};

struct on {
	struct probe_run *run;
	struct loop_source *fill;
};

struct probe_set {
	struct session *session;
	struct session_tables tables;
	VEC(struct known *) known;
	VEC(struct on) on;
	struct loop_source *timer;
	struct probe_host *host;
	pid_t scope;
};

static void drain(void *data)
{
	struct probe_set *set = data;

	for (size_t i = 0; i < set->on.len; i++) {
		struct probe_run *run = set->on.data[i].run;

		reader_drain(run->reader);
		if (run->probe->poll)
			run->probe->poll(run);
	}
}

static void on_due(void *ctx, uint32_t events)
{
	struct probe_set *set = ctx;

	session_poll(set->session);
}

static void off(struct probe_set *set, size_t i)
{
	loop_remove(set->on.data[i].fill);
	probe_run_destroy(set->on.data[i].run);
	vec_remove(&set->on, i);
	if (!set->on.len)
		loop_remove(take_ptr(set->timer));
}

static void stop(void *data)
{
	struct probe_set *set = data;

	while (set->on.len)
		off(set, set->on.len - 1);
}

static void destroy(void *data)
{
	struct probe_set *set = data;

	for (size_t i = 0; i < set->known.len; i++) {
		probe_schemas_deinit(&set->known.data[i]->schemas);
		free(set->known.data[i]);
	}
	vec_free(&set->known);
	vec_free(&set->on);
	set->session->tables = NULL;
	probe_host_destroy(set->host);
	free(set);
}

/* ---- tables of the session ------------------------------------------------------------------------ */

static const char *table_name(void *ctx, unsigned i)
{
	const struct probe *probe = probe_at(i);

	return probe ? probe->name : NULL;
}

static const char *table_summary(void *ctx, unsigned i)
{
	return probe_at(i)->summary;
}

static bool table_is_on(void *ctx, unsigned i)
{
	return probe_set_run(ctx, probe_at(i));
}

static struct error *table_show(void *ctx, unsigned i, struct out *out)
{
	struct probe_run *run = probe_set_run(ctx, probe_at(i));

	return run ? probe_show(run, out) : error_create(ERROR_STATE, "probe %s is not on", probe_at(i)->name);
}

/* "locks.wait", "locks": of the probe of that name. */
static void know(void *data, const char *event)
{
	_free_ char *name = xstrndup(event, strcspn(event, "."));
	const struct probe *probe = probe_find(name);
	const struct probe_schemas *schemas;

	if (probe)
		error_destroy(probe_set_schemas(data, probe, &schemas));
}

void probe_set_attach(struct session *s)
{
	struct probe_set *set = xcalloc(1, sizeof(*set));

	set->session = s;
	set->scope = getpid();
	set->tables = (struct session_tables){
		.ctx = set, .name = table_name, .summary = table_summary, .is_on = table_is_on, .show = table_show,
	};
	s->tables = &set->tables;
	set->host = probe_host_create();
	session_add_part(s, &(struct session_part){
		.name = PART, .data = set, .poll = drain, .know = know, .stop = stop, .destroy = destroy,
	});
}

struct probe_set *probe_set_of(struct session *s)
{
	return session_part(s, PART);
}

struct error *probe_set_schemas(struct probe_set *set, const struct probe *probe,
				const struct probe_schemas **ret)
{
	struct known *known;
	struct error *error;

	for (size_t i = 0; i < set->known.len; i++) {
		if (set->known.data[i]->probe == probe) {
			*ret = &set->known.data[i]->schemas;
			return NULL;
		}
	}
	known = xcalloc(1, sizeof(*known));
	known->probe = probe;
	error = probe_schemas_load(&known->schemas, probe->name);
	if (error) {
		free(known);
		return error;
	}
	vec_push(&set->known, known);
	for (size_t i = 0; i < known->schemas.list.len && !error; i++)
		error = event_store_add_schema(set->session->events, &known->schemas.list.data[i]->schema);
	*ret = &known->schemas;
	return error;
}

struct probe_run *probe_set_run(const struct probe_set *set, const struct probe *probe)
{
	for (size_t i = 0; i < set->on.len; i++)
		if (set->on.data[i].run->probe == probe)
			return set->on.data[i].run;
	return NULL;
}

static struct error *hook(struct probe_set *set, struct on *on)
{
	struct loop *loop = set->session->loop;
	int fd = reader_fd(on->run->reader);
	struct error *error = fd < 0 ? NULL : loop_add_fd(loop, fd, EPOLLIN, on_due, set, &on->fill);

	if (!error && !set->timer)
		error = loop_add_timer(loop, POLL_INTERVAL_NS, POLL_INTERVAL_NS, on_due, set, &set->timer);
	return error;
}

static struct error *turn_on(struct probe_set *set, const struct probe *probe, const char *arg, bool events,
			     const char *cond)
{
	struct event_check checks[EVENT_CHECKS_MAX];
	struct probe_options options = {
		.events = events, .arg = arg, .tgid = set->scope, .host = set->host,
	};
	const struct probe_schemas *schemas = NULL;
	struct on on = { 0 };
	struct error *error;

	if (probe_set_run(set, probe))
		return error_create(ERROR_STATE, "probe %s is on already", probe->name);
	if (arg && !probe->arg)
		return error_create(ERROR_USAGE, "probe %s takes nothing after its name", probe->name);
	error = probe_set_schemas(set, probe, &schemas);
	if (!error && cond) {
		error = event_checks_parse(cond, schemas, checks);
		options.checks = checks;
	}
	if (!error)
		error = probe_run_create(probe, &options, schemas, set->session->events, &on.run);
	if (!error)
		error = hook(set, &on);
	if (error) {
		loop_remove(on.fill);
		probe_run_destroy(on.run);
		return error;
	}
	on.run->session = set->session;
	vec_push(&set->on, on);
	return NULL;
}

struct error *probe_set_on(struct probe_set *set, const struct probe *probe, const char *arg, bool events)
{
	return turn_on(set, probe, arg, events, NULL);
}

struct error *probe_set_on_if(struct probe_set *set, const struct probe *probe, const char *arg, const char *cond)
{
	return turn_on(set, probe, arg, true, cond);
}

struct error *probe_set_off(struct probe_set *set, const struct probe *probe)
{
	for (size_t i = 0; i < set->on.len; i++) {
		if (set->on.data[i].run->probe != probe)
			continue;
		off(set, i);
		return NULL;
	}
	return error_create(ERROR_STATE, "probe %s is not on", probe->name);
}

void probe_set_scope(struct probe_set *set, pid_t tgid)
{
	set->scope = tgid;
}

pid_t probe_set_get_scope(const struct probe_set *set)
{
	return set->scope;
}

struct probe_host *probe_set_host(const struct probe_set *set)
{
	return set->host;
}
