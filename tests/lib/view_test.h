/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests of views share: a fake target, its registers, and the view's text. */
#pragma once

#include "tests/lib/test.h"

#include "core/arch/x86_64.h"
#include "core/decode/view.h"

#include "tests/lib/fake_target.h"

struct view_test {
	struct target *target;
	struct regs regs;
	struct out *out;
	unsigned vcpu;
};

int view_test_setup(void **state);
int view_test_teardown(void **state);
/* Shows view @name (with @arg unless NULL) into t->out. */
struct error *view_test_show(struct view_test *t, const char *name, const uint64_t *arg);

/* The view's whole text is @expected (a literal without the last newline). */
#define assert_view(t, name, arg, expected) do { \
	assert_ok(view_test_show(t, name, arg)); \
	assert_captured((t)->out, expected "\n"); \
} while (0)

/* The view's text contains @part. */
#define assert_view_has(t, name, arg, part) do { \
	char *_text; \
	assert_ok(view_test_show(t, name, arg)); \
	_text = out_capture_string((t)->out); \
	out_capture_clear((t)->out); \
	if (!strstr(_text, part)) { \
		print_error("got:\n%s\nwithout: %s\n", _text, part); \
		free(_text); \
		fail(); \
	} \
	free(_text); \
} while (0)
