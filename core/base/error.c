/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct error {
	enum error_code code;
	int err;	/* errno value, 0: none */
	char *message;	/* NULL only in error_nomem */
	char *hint;	/* NULL: none */
};

/* Handed out when not even an error fits; never changed and never freed. */
static const struct error error_nomem = { .code = ERROR_NOMEM, .err = ENOMEM };

static bool is_static(const struct error *error)
{
	return error == &error_nomem;
}

static struct error *make(enum error_code code, int err, char *message)
{
	struct error *error = message ? calloc(1, sizeof(*error)) : NULL;

	if (!error) {
		free(message);
		return (struct error *)&error_nomem;
	}
	error->code = code;
	error->err = err;
	error->message = message;
	return error;
}

/* NULL when out of memory; vasprintf leaves its pointer undefined then. */
static char *vformat(const char *fmt, va_list ap)
{
	char *s;

	return vasprintf(&s, fmt, ap) < 0 ? NULL : s;
}

struct error *error_create(enum error_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *message = vformat(fmt, ap);
	va_end(ap);
	return make(code, 0, message);
}

struct error *error_errno(int err, const char *fmt, ...)
{
	char buf[128];
	char *whole = NULL;
	va_list ap;

	va_start(ap, fmt);
	char *message = vformat(fmt, ap);
	va_end(ap);
	if (message && asprintf(&whole, "%s: %s", message, strerror_r(err, buf, sizeof(buf))) < 0)
		whole = NULL;
	free(message);
	return make(err == ENOMEM ? ERROR_NOMEM : ERROR_FAILED, err, whole);
}

struct error *error_prefix(struct error *error, const char *fmt, ...)
{
	char *whole;
	va_list ap;

	if (!error || is_static(error))
		return error;
	va_start(ap, fmt);
	char *prefix = vformat(fmt, ap);
	va_end(ap);
	if (prefix && asprintf(&whole, "%s: %s", prefix, error->message) >= 0) {
		free(error->message);
		error->message = whole;
	}
	free(prefix);
	return error;
}

struct error *error_hint(struct error *error, const char *fmt, ...)
{
	va_list ap;

	if (!error || is_static(error))
		return error;
	va_start(ap, fmt);
	char *hint = vformat(fmt, ap);
	va_end(ap);
	if (hint) {
		free(error->hint);
		error->hint = hint;
	}
	return error;
}

const char *error_message(const struct error *error)
{
	return error->message ? error->message : "out of memory";
}

const char *error_hint_text(const struct error *error)
{
	return error->hint;
}

enum error_code error_code(const struct error *error)
{
	return error->code;
}

int error_errno_value(const struct error *error)
{
	return error->err;
}

bool error_catch(struct error **error, enum error_code code)
{
	if (!*error || (*error)->code != code)
		return false;
	error_destroy(*error);
	*error = NULL;
	return true;
}

int error_exit_status(const struct error *error)
{
	if (!error)
		return 0;
	switch (error->code) {
	case ERROR_USAGE:
		return 2;
	case ERROR_UNSUPPORTED:
		return 3;
	default:
		return 1;
	}
}

void error_destroy(struct error *error)
{
	if (!error || is_static(error))
		return;
	free(error->message);
	free(error->hint);
	free(error);
}
