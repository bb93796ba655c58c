/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every unit test includes: cmocka with its prerequisites, and checks for errors and output. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/error.h"
#include "core/base/out.h"
#include "core/base/vec.h"

/* The call succeeds; otherwise its sentence is shown. */
#define assert_ok(call) do { \
	struct error *_e = (call); \
	if (_e) { \
		print_error("%s: %s\n", #call, error_message(_e)); \
		error_destroy(_e); \
		fail(); \
	} \
} while (0)

/* The call fails with @code and a sentence that contains @part. */
#define assert_error(call, code_, part) do { \
	struct error *_e = (call); \
	if (!_e) { \
		print_error("%s: succeeded, should fail with '%s'\n", #call, part); \
		fail(); \
	} \
	if (error_code(_e) != (code_) || !strstr(error_message(_e), part)) { \
		print_error("%s: code %d, '%s'; expected code %d, '%s'\n", #call, error_code(_e), \
			    error_message(_e), (int)(code_), part); \
		error_destroy(_e); \
		fail(); \
	} \
	error_destroy(_e); \
} while (0)

/* What a capturing sink holds is exactly @expected, and it is cleared. */
#define assert_captured(out, expected) do { \
	char *_s = out_capture_string(out); \
	out_capture_clear(out); \
	if (strcmp(_s, expected) != 0) { \
		print_error("got:\n%s\nexpected:\n%s\n", _s, expected); \
		free(_s); \
		fail(); \
	} \
	free(_s); \
} while (0)
