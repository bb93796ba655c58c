/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events of the built-in probes: PROBE:EVENT. A probe that is off is turned on for as long as the file is. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/probe/alias.h"
#include "probes/lang/lang.h"
#include "probes/set.h"

struct builtin {
	struct probe_source source;
	struct probe_set *set;
	const struct probe *probe;
	bool turned_on;
};

static void builtin_close(struct probe_source *src)
{
	struct builtin *b = container_of(src, struct builtin, source);

	if (b->turned_on && probe_set_run(b->set, b->probe))
		error_destroy(probe_set_off(b->set, b->probe));
	vec_free(&src->schemas);
	free(src->plan);
	free(b);
}

/* The rungs that serve, as `probe list` names them. */
static char *plan(const struct probe_run *run)
{
	struct text t = { 0 };

	text_printf(&t, "probe %s", run->probe->name);
	for (unsigned i = 0; i < PROBE_PARTS_MAX && run->probe->parts[i].name; i++) {
		const struct probe_part *part = &run->probe->parts[i];
		if (run->chosen[i] >= 0)
			text_printf(&t, ", %s by %s %s", part->name, part->rungs[run->chosen[i]].kind,
				    part->rungs[run->chosen[i]].place);
	}
	return text_take(&t);
}

static struct error *turn_on(struct builtin *b)
{
	struct probe_run *run = probe_set_run(b->set, b->probe);

	if (run && run->options.events)
		return NULL;
	if (run)
		return error_hint(error_create(ERROR_STATE, "probe %s is on without its events", b->probe->name),
				  "probe off %s; the probe file turns it on itself", b->probe->name);
	struct error *error = probe_set_on(b->set, b->probe, NULL, true);
	b->turned_on = !error;
	return error;
}

struct error *lang_builtin_open(void *ctx, struct session *s, const struct probe_request *req,
				struct probe_source **ret)
{
	struct probe_set *set = probe_set_of(s);
	const struct probe_schemas *schemas;
	const char *name, *event;

	probe_alias(req->spec, &name, &event);
	const struct probe *probe = probe_find(name);
	if (!probe)
		return error_create(ERROR_NOT_FOUND, "there is no probe %s", name);
	struct error *error = probe_set_schemas(set, probe, &schemas);
	if (error)
		return error;
	_free_ char *glob = xasprintf("%s.%s", name, event);
	struct builtin *b = xcalloc(1, sizeof(*b));
	b->set = set;
	b->probe = probe;
	b->source.close = builtin_close;
	for (size_t i = 0; i < schemas->list.len; i++)
		if (glob_match(glob, schemas->list.data[i]->schema.name))
			vec_push(&b->source.schemas, &schemas->list.data[i]->schema);
	if (!schemas->list.len)
		error = error_create(ERROR_UNSUPPORTED, "probe %s has no events on this architecture", name);
	else if (!b->source.schemas.len)
		error = error_create(ERROR_NOT_FOUND, "probe %s has no event %s", name, event);
	if (!error)
		error = turn_on(b);
	if (error) {
		builtin_close(&b->source);
		return error;
	}
	b->source.plan = plan(probe_set_run(set, probe));
	*ret = &b->source;
	return NULL;
}
