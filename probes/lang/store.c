/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/lang/store.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"

#define PART "probe language"
#define POLL_NS 50000000ULL

struct polled {
	void (*drain)(void *ctx);
	void *ctx;
};

struct lang_store {
	struct session *session;
	VEC(struct lang_schema *) schemas;
	VEC(struct polled) polled;
	struct loop_source *timer;
};

static void poll_all(void *data)
{
	struct lang_store *store = data;

	for (size_t i = 0; i < store->polled.len; i++)
		store->polled.data[i].drain(store->polled.data[i].ctx);
}

static void on_timer(void *ctx, uint32_t events)
{
	poll_all(ctx);
}

static void stop(void *data)
{
	struct lang_store *store = data;

	loop_remove(store->timer);
	store->timer = NULL;
}

static void destroy(void *data)
{
	struct lang_store *store = data;

	for (size_t i = 0; i < store->schemas.len; i++) {
		struct schema *schema = &store->schemas.data[i]->schema;
		for (unsigned f = 0; f < schema->nfields; f++)
			free((char *)schema->fields[f].name);
		free((void *)schema->fields);
		free((char *)schema->name);
		free(store->schemas.data[i]);
	}
	vec_free(&store->schemas);
	vec_free(&store->polled);
	free(store);
}

void lang_store_attach(struct session *s)
{
	struct lang_store *store = xcalloc(1, sizeof(*store));

	store->session = s;
	session_add_part(s, &(struct session_part){
		.name = PART, .data = store, .poll = poll_all, .stop = stop, .destroy = destroy,
	});
}

static bool same_fields(const struct schema *schema, const struct lang_event *ev)
{
	if (schema->nfields != ev->fields.len + 2)
		return false;
	for (size_t i = 0; i < ev->fields.len; i++) {
		const struct field *a = &schema->fields[i], *b = &ev->fields.data[i];
		if (strcmp(a->name, b->name) || a->type != b->type || a->offset != b->offset || a->size != b->size)
			return false;
	}
	return true;
}

struct error *lang_store_schema(struct session *s, const struct lang_event *ev, struct lang_schema **ret)
{
	struct lang_store *store = session_part(s, PART);
	unsigned n = ev->fields.len, end = 0;

	for (size_t i = 0; i < store->schemas.len; i++) {
		struct schema *schema = &store->schemas.data[i]->schema;
		if (strcmp(schema->name, ev->name) != 0)
			continue;
		*ret = store->schemas.data[i];
		return same_fields(schema, ev) ? NULL :
		       error_create(ERROR_FAILED, "the fields of %s changed while vmscope runs", ev->place);
	}
	struct lang_schema *ls = xcalloc(1, sizeof(*ls));
	struct field *fields = xcalloc(n + 2, sizeof(*fields));
	for (unsigned i = 0; i < n; i++) {
		fields[i] = ev->fields.data[i];
		fields[i].name = xstrdup(fields[i].name);
		end = fields[i].offset + fields[i].size;
	}
	end = align_up(end, 8);
	fields[n] = (struct field){ .name = xstrdup("pid"), .type = FIELD_U32, .offset = end, .size = 4 };
	fields[n + 1] = (struct field){ .name = xstrdup("comm"), .type = FIELD_STRING, .offset = end + 8, .size = 16 };
	ls->schema = (struct schema){
		.name = xstrdup(ev->name), .help = "an event of the host's kernel", .fields = fields, .nfields = n + 2,
		.size = end + 24,
	};
	vec_push(&store->schemas, ls);
	*ret = ls;
	return event_store_add_schema(s->events, &ls->schema);
}

void lang_store_poll(struct session *s, void (*drain)(void *ctx), void *ctx)
{
	struct lang_store *store = session_part(s, PART);

	vec_push(&store->polled, (struct polled){ drain, ctx });
	if (!store->timer)
		error_destroy(loop_add_timer(s->loop, POLL_NS, POLL_NS, on_timer, store, &store->timer));
}

void lang_store_forget(struct session *s, void *ctx)
{
	struct lang_store *store = session_part(s, PART);

	for (size_t i = 0; i < store->polled.len; i++) {
		if (store->polled.data[i].ctx != ctx)
			continue;
		vec_remove(&store->polled, i);
		break;
	}
}
