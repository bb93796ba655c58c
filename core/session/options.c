/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/session/options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/vec.h"

static const struct session_option options_table[] = {
#define OPTION_BOOL(field_, name_, def_, help_) \
	{ .name = name_, .help = help_, .kind = OPTION_IS_BOOL, \
	  .offset = offsetof(struct session_options, field_), .def = def_, .hi = 1 },
#define OPTION_NUMBER(field_, name_, def_, lo_, hi_, help_) \
	{ .name = name_, .help = help_, .kind = OPTION_IS_NUMBER, \
	  .offset = offsetof(struct session_options, field_), .def = def_, .lo = lo_, .hi = hi_ },
#define OPTION_CHOICE(field_, name_, def_, choices_, help_) \
	{ .name = name_, .help = help_, .kind = OPTION_IS_CHOICE, \
	  .offset = offsetof(struct session_options, field_), .choices = choices_, .def = def_ },
#include "core/session/options.def"
#undef OPTION_BOOL
#undef OPTION_NUMBER
#undef OPTION_CHOICE
};

static void store(struct session_options *options, const struct session_option *option, uint64_t value)
{
	void *p = (char *)options + option->offset;

	switch (option->kind) {
	case OPTION_IS_BOOL:
		*(bool *)p = value;
		break;
	case OPTION_IS_NUMBER:
		*(uint64_t *)p = value;
		break;
	case OPTION_IS_CHOICE:
		*(unsigned *)p = value;
		break;
	}
}

void session_options_init(struct session_options *options)
{
	for (size_t i = 0; i < ARRAY_SIZE(options_table); i++)
		store(options, &options_table[i], options_table[i].def);
}

const struct session_option *session_option_at(unsigned i)
{
	return i < ARRAY_SIZE(options_table) ? &options_table[i] : NULL;
}

const struct session_option *session_option_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(options_table); i++)
		if (!strcmp(options_table[i].name, name))
			return &options_table[i];
	return NULL;
}

/* The @i-th of "intel|att": start and length; false past the end. */
static bool choice_at(const char *choices, unsigned i, const char **ret, size_t *ret_len)
{
	while (i--) {
		choices = strchr(choices, '|');
		if (!choices)
			return false;
		choices++;
	}
	*ret = choices;
	*ret_len = strcspn(choices, "|");
	return true;
}

struct error *session_option_set(struct session_options *options, const struct session_option *option,
				 const char *value)
{
	struct error *error;
	const char *choice;
	uint64_t number;
	size_t len;

	switch (option->kind) {
	case OPTION_IS_BOOL:
		if (!strcmp(value, "on") || !strcmp(value, "1") || !strcmp(value, "yes"))
			store(options, option, true);
		else if (!strcmp(value, "off") || !strcmp(value, "0") || !strcmp(value, "no"))
			store(options, option, false);
		else
			return error_create(ERROR_USAGE, "%s is on or off, not '%s'", option->name, value);
		return NULL;
	case OPTION_IS_NUMBER:
		error = parse_u64(value, &number);
		if (error)
			return error_prefix(error, "%s", option->name);
		if (number < option->lo || number > option->hi)
			return error_create(ERROR_USAGE, "%s is a number from %" PRIu64 " to %" PRIu64
					    ", not %s", option->name, option->lo, option->hi, value);
		store(options, option, number);
		return NULL;
	case OPTION_IS_CHOICE:
		for (unsigned i = 0; choice_at(option->choices, i, &choice, &len); i++) {
			if (strlen(value) == len && !memcmp(value, choice, len)) {
				store(options, option, i);
				return NULL;
			}
		}
		return error_create(ERROR_USAGE, "%s is one of %s, not '%s'", option->name,
				    option->choices, value);
	}
	return NULL;
}

const char *session_option_text(const struct session_options *options,
				const struct session_option *option, char *buf, size_t size)
{
	const void *p = (const char *)options + option->offset;
	const char *choice;
	size_t len;

	switch (option->kind) {
	case OPTION_IS_BOOL:
		snprintf(buf, size, "%s", *(const bool *)p ? "on" : "off");
		break;
	case OPTION_IS_NUMBER:
		snprintf(buf, size, "%" PRIu64, *(const uint64_t *)p);
		break;
	case OPTION_IS_CHOICE:
		if (choice_at(option->choices, *(const unsigned *)p, &choice, &len))
			snprintf(buf, size, "%.*s", (int)len, choice);
		break;
	}
	return buf;
}
