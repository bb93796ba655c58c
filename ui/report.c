/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/report.h"

#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/visible.h"

/* Errors quote what was typed, and names that files and guests chose: nothing of it may reach the terminal
 * as it is. Lines stay lines. */
static void put_lines(const char *s)
{
	_cleanup_(text_deinit) struct text t = { 0 };

	for (;;) {
		size_t len = strcspn(s, "\n");

		visible_add(&t, s, len, 0);
		if (!s[len])
			break;
		text_add(&t, "\n", 1);
		s += len + 1;
	}
	fputs(text_str(&t), stderr);
}

void report_error(const char *prefix, const struct error *error)
{
	const char *hint = error_hint_text(error);

	fflush(stdout); /* what was printed before the error stays before it */
	fprintf(stderr, "%s: ", prefix);
	put_lines(error_message(error));
	fputc('\n', stderr);
	if (hint) {
		fputs("  ", stderr);
		put_lines(hint);
		fputc('\n', stderr);
	}
}
