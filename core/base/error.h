/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Errors are values with a sentence. A function that can fail returns `struct error *`, NULL for
 * success. The sentence is written where the facts are ("what failed, on what, why") and printed only
 * by the prompt, a batch run or main. Predicates return bool and never an error.
 */
#pragma once

#include <stdbool.h>

enum error_code {
	ERROR_FAILED = 1,	/* run-time failure; exit status 1 */
	ERROR_USAGE,		/* wrong arguments; exit status 2 */
	ERROR_UNSUPPORTED,	/* not possible here, doctor says why; exit status 3 */
	ERROR_NOMEM,
	ERROR_FAULT,		/* guest memory or register that can not be read or written */
	ERROR_SYNTAX,		/* an expression, a command line or a file does not parse */
	ERROR_NOT_FOUND,	/* a name, file or number nobody knows */
	ERROR_STATE,		/* right request at the wrong time (guest runs, no guest) */
	ERROR_CANCELLED,	/* the user asked to stop */
};

struct error;

/* A new error; the caller owns it. Never returns NULL: out of memory gives a static object. */
struct error *error_create(enum error_code code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull, warn_unused_result));

/* As error_create(ERROR_FAILED or ERROR_NOMEM), with ": " and the text of errno value @err appended. */
struct error *error_errno(int err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull, warn_unused_result));

/* Puts "fmt: " before the sentence of @error, which it takes and gives back (maybe reallocated). */
struct error *error_prefix(struct error *error, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/* Adds what the user can do about it, shown on a line of its own. Takes and gives back @error. */
struct error *error_hint(struct error *error, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/* The sentence, the hint (NULL when there is none), the kind, the errno (0 when there is none). */
const char *error_message(const struct error *error);
const char *error_hint_text(const struct error *error);
enum error_code error_code(const struct error *error);
int error_errno_value(const struct error *error);

/* True and *error destroyed and set to NULL when it is of kind @code. */
bool error_catch(struct error **error, enum error_code code);

/* Process exit status for an error: 1, 2 or 3 (design.md, 5). */
int error_exit_status(const struct error *error);

void error_destroy(struct error *error); /* NULL is fine */
