/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/batch.h"

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"

static struct error *run_file(struct line_mode *lm, const char *name)
{
	_fclose_ FILE *opened = NULL;

	if (!strcmp(name, "-")) {
		lm->input_ended = true; /* it is the script, not the guest's keyboard */
		return line_mode_source(lm, stdin, "stdin");
	}
	opened = fopen(name, "re");
	if (!opened)
		return error_errno(errno, "cannot open script '%s'", name);
	return line_mode_source(lm, opened, name);
}

struct error *batch_run(struct line_mode *lm, const struct run_options *options)
{
	struct error *error = NULL;

	for (size_t i = 0; i < options->script.len && !error && !lm->session->quit; i++) {
		const struct script_item *item = &options->script.data[i];

		if (item->is_file) {
			error = run_file(lm, item->text);
			continue;
		}
		error = line_mode_execute(lm, item->text);
		if (error)
			error = error_prefix(error, "-x '%s'", item->text);
	}
	return error;
}
