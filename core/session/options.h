/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of `set` and `show`, by name. */
#pragma once

#include "core/base/error.h"
#include "core/session/session.h"

enum { FLAVOR_INTEL, FLAVOR_ATT };

struct session_option {
	const char *name, *help;
	enum { OPTION_IS_BOOL, OPTION_IS_NUMBER, OPTION_IS_CHOICE } kind;
	size_t offset;		/* in struct session_options */
	const char *choices;	/* CHOICE: separated by '|' */
	uint64_t def, lo, hi;
};

void session_options_init(struct session_options *options);
const struct session_option *session_option_at(unsigned i); /* NULL past the end */
const struct session_option *session_option_find(const char *name);
struct error *session_option_set(struct session_options *options, const struct session_option *option,
				 const char *value);
/* "on", "64", "intel" into @buf, which it returns. */
const char *session_option_text(const struct session_options *options,
				const struct session_option *option, char *buf, size_t size);
