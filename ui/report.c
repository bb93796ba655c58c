/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/report.h"

#include <stdio.h>

void report_error(const char *prefix, const struct error *error)
{
	const char *hint = error_hint_text(error);

	fflush(stdout); /* what was printed before the error stays before it */
	fprintf(stderr, "%s: %s\n", prefix, error_message(error));
	if (hint)
		fprintf(stderr, "  %s\n", hint);
}
