/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/checks.h"

#include <ctype.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"

static struct error *refuse(const char *at)
{
	return error_hint(error_create(ERROR_USAGE, "the kernel can not decide '%s'", at),
			  "comparisons of event fields with numbers, joined by &&: ns > 20us && reason == 0x7b; "
			  "`events filter` takes any expression");
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static const char *skip_spaces(const char *p)
{
	return p + strspn(p, " \t");
}

/* Two characters first: "<=" is not "<". */
static bool parse_op(const char **p, uint8_t *ret)
{
	static const struct { const char *text; uint8_t op; } ops[] = {
		{ "==", CHECK_EQ }, { "!=", CHECK_NE }, { "<=", CHECK_LE }, { ">=", CHECK_GE }, { "<", CHECK_LT },
		{ ">", CHECK_GT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (strncmp(*p, ops[i].text, strlen(ops[i].text)))
			continue;
		*p += strlen(ops[i].text);
		*ret = ops[i].op;
		return true;
	}
	return false;
}

/* A number, a time where the field is one or the number has a unit, or a name of the field's enum. */
static bool parse_value(const char *word, const struct field *f, uint64_t *ret)
{
	_error_ struct error *error = NULL, *time = NULL;

	for (const struct field_enum *e = f->names; e && e->name; e++) {
		if (strcmp(e->name, word))
			continue;
		*ret = e->value;
		return true;
	}
	error = parse_u64(word, ret);
	if (!error)
		return true;
	time = isdigit((unsigned char)*word) ? parse_time_ns(word, ret) : error_create(ERROR_SYNTAX, "no time");
	return !time;
}

/* One comparison, for one schema. */
static struct error *parse_one(const char **p, const struct schema *schema, struct event_check *c, bool *ret_has)
{
	const char *start = *p, *value;
	_free_ char *name = NULL, *word = NULL;
	const struct field *f;
	size_t len = 0;

	while (is_word(start[len]))
		len++;
	name = xstrndup(start, len);
	*p = skip_spaces(start + len);
	if (!len || !parse_op(p, &c->op))
		return refuse(start);
	value = *p = skip_spaces(*p);
	*p += *value == '-';
	while (is_word(**p))
		++*p;
	word = xstrndup(value, (size_t)(*p - value));
	*p = skip_spaces(*p);
	f = schema_field(schema, name, NULL);
	*ret_has = f;
	if (!f)
		return NULL;
	if (f->type == FIELD_BYTES || f->type == FIELD_STRING || !parse_value(word, f, &c->value))
		return refuse(start);
	c->offset = f->offset;
	c->size = (uint8_t)f->size;
	if (f->type == FIELD_S8 || f->type == FIELD_S16 || f->type == FIELD_S32 || f->type == FIELD_S64)
		c->op |= CHECK_SIGNED;
	return NULL;
}

/* All comparisons for one schema; *ret_n 0: it lacks a field. */
static struct error *parse_all(const char *text, const struct probe_schema *s, struct event_check *ret,
			       unsigned *ret_n)
{
	const char *p = skip_spaces(text);
	bool has_all = true;
	unsigned n = 0;

	for (;;) {
		struct event_check c = { .type = s->type };
		struct error *error;
		bool has;

		error = parse_one(&p, &s->schema, &c, &has);
		if (error)
			return error;
		has_all &= has;
		if (n == EVENT_CHECKS_MAX)
			return refuse(text);
		ret[n++] = c;
		if (!*p)
			break;
		if (strncmp(p, "&&", 2))
			return refuse(p);
		p = skip_spaces(p + 2);
	}
	*ret_n = has_all ? n : 0;
	return NULL;
}

struct error *event_checks_parse(const char *text, const struct probe_schemas *schemas,
				 struct event_check ret[EVENT_CHECKS_MAX])
{
	unsigned used = 0;
	bool fits = false;

	memset(ret, 0, EVENT_CHECKS_MAX * sizeof(*ret));
	for (size_t i = 0; i < schemas->list.len; i++) {
		struct event_check all[EVENT_CHECKS_MAX];
		unsigned n = 0;
		struct error *error = parse_all(text, schemas->list.data[i], all, &n);

		if (error)
			return error;
		fits |= n;
		if (!n) {
			all[0] = (struct event_check){ .type = schemas->list.data[i]->type };
			n = 1;
		}
		if (used + n > EVENT_CHECKS_MAX)
			return error_create(ERROR_USAGE, "the kernel decides at most %u comparisons, over all events of a "
					    "probe", EVENT_CHECKS_MAX);
		memcpy(ret + used, all, n * sizeof(*all));
		used += n;
	}
	if (fits)
		return NULL;
	return error_hint(error_create(ERROR_NOT_FOUND, "no event of the probe has the fields of '%s'", text),
			  "`info types` lists events and fields");
}
