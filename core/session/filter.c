/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/session/filter.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/vec.h"

/* The condition compiled for one schema: fields have other places in each. */
struct filter_prog {
	uint32_t schema;
	struct expr_prog *prog;	/* NULL: this schema lacks a name of it */
};

struct session_filter {
	struct session *session;
	char *text;
	VEC(char *) names;
	char *cond;		/* NULL: none */
	VEC(struct filter_prog) progs;
};

bool event_name_match(const char *name, const char *schema)
{
	char *pattern;
	bool match;

	if (glob_match(name, schema))
		return true;
	pattern = xasprintf("*.%s", name);
	match = glob_match(pattern, schema);
	free(pattern);
	if (match)
		return true;
	pattern = xasprintf("%s.*", name);
	match = glob_match(pattern, schema);
	free(pattern);
	return match;
}

struct field_scope {
	struct session *session;
	const struct schema *schema;
};

static bool scope_field(void *ctx, const char *name, unsigned *ret_index, bool *ret_signed)
{
	struct field_scope *fs = ctx;

	return event_scope_field(fs->schema, name, ret_index, ret_signed);
}

static bool scope_symbol(void *ctx, const char *name, uint64_t *ret)
{
	struct field_scope *fs = ctx;
	struct symbol sym;

	if (!symbols_by_name(fs->session->symbols, name, &sym))
		return false;
	*ret = sym.addr;
	return true;
}

static bool scope_variable(void *ctx, const char *name, struct expr_value *ret)
{
	struct field_scope *fs = ctx;
	struct expr_value *value = session_var(fs->session, name, false);

	if (!value)
		return false;
	*ret = *value;
	return true;
}

static struct error *compile(struct session_filter *f, const struct schema *schema,
			     struct expr_prog **ret)
{
	struct field_scope ctx = { f->session, schema };
	struct expr_scope scope = {
		.ctx = &ctx, .field = scope_field, .symbol = scope_symbol, .variable = scope_variable,
	};

	return expr_compile(f->cond, &scope, ret);
}

/* The condition must make sense for at least one schema that the names select. */
static struct error *check(struct session_filter *f)
{
	struct event_store *store = f->session->events;
	struct error *first = NULL;
	bool name_used = false;
	bool fits = false;

	for (size_t n = 0; n < f->names.len; n++)
		session_know_events(f->session, f->names.data[n]);

	for (unsigned i = 0; event_store_schema_at(store, i); i++) {
		const struct schema *schema = event_store_schema_at(store, i);
		struct filter_prog p = { .schema = schema->id };
		struct error *error = NULL;
		bool selected = f->names.len == 0;

		for (size_t n = 0; n < f->names.len; n++)
			selected |= event_name_match(f->names.data[n], schema->name);
		if (!selected)
			continue;
		name_used = true;
		if (f->cond)
			error = compile(f, schema, &p.prog);
		if (error && !first)
			first = error;
		else
			error_destroy(error);
		fits |= !error;
		vec_push(&f->progs, p);
	}
	if (!name_used) {
		error_destroy(first);
		return error_hint(error_create(ERROR_NOT_FOUND, "no event is called '%s'", f->names.data[0]),
				  "`info types` lists them");
	}
	if (fits) {
		error_destroy(first);
		return NULL;
	}
	return first;
}

struct error *session_filter_create(struct session *s, const char *text, struct session_filter **ret)
{
	struct session_filter *f = xcalloc(1, sizeof(*f));
	struct error *error = NULL;
	const char *p = text;

	f->session = s;
	f->text = xstrdup(text);
	while (*p) {
		size_t len = strcspn(p, " \t,");

		if (len == 2 && !memcmp(p, "if", 2)) {
			p += 2 + strspn(p + 2, " \t");
			f->cond = xstrdup(p);
			break;
		}
		if (len)
			vec_push(&f->names, xstrndup(p, len));
		p += len;
		p += strspn(p, " \t,");
	}
	if (f->cond && !*f->cond)
		error = error_create(ERROR_USAGE, "a condition is missing after 'if'");
	if (!error)
		error = check(f);
	if (error) {
		session_filter_destroy(f);
		return error;
	}
	*ret = f;
	return NULL;
}

void session_filter_destroy(struct session_filter *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->names.len; i++)
		free(f->names.data[i]);
	for (size_t i = 0; i < f->progs.len; i++)
		expr_unref(f->progs.data[i].prog);
	vec_free(&f->names);
	vec_free(&f->progs);
	free(f->cond);
	free(f->text);
	free(f);
}

const char *session_filter_text(const struct session_filter *f)
{
	return f->text;
}

static bool env_field(void *ctx, unsigned index, uint64_t *ret)
{
	return event_env_field(ctx, index, ret);
}

bool session_filter_match(struct session_filter *f, const struct event *event,
			  const struct schema *schema)
{
	struct event_field_ctx ctx = { .schema = schema, .event = event };
	struct expr_env env = { .ctx = &ctx, .field = env_field };
	struct expr_fault fault;
	struct expr_value value;

	if (!f)
		return true;
	for (size_t i = 0; i < f->progs.len; i++) {
		if (f->progs.data[i].schema != event->schema)
			continue;
		if (!f->cond)
			return true;
		return f->progs.data[i].prog &&
		       expr_eval(f->progs.data[i].prog, &env, &value, &fault) && value.bits;
	}
	return false;
}
