/* SPDX-License-Identifier: GPL-3.0-or-later */
/* doctor: what this machine can do, by checks that guest and probes register. */
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/command/command.h"

static struct error *run(struct session *s, const struct args *args, struct out *out)
{
	static const char *const words[] = {
		[DOCTOR_OK] = "ok", [DOCTOR_WARN] = "warn", [DOCTOR_MISSING] = "missing",
	};
	static const enum role roles[] = {
		[DOCTOR_OK] = ROLE_GOOD, [DOCTOR_WARN] = ROLE_WARN, [DOCTOR_MISSING] = ROLE_ERROR,
	};
	unsigned missing = 0;

	if (!s->checks.len)
		out_message(out, ROLE_TEXT, "nothing to check: no part of vmscope registered a check");
	for (size_t i = 0; i < s->checks.len; i++) {
		_free_ char *value = NULL, *fix = NULL;
		enum doctor_verdict verdict = s->checks.data[i]->run(&value, &fix);

		missing += verdict == DOCTOR_MISSING;
		out_begin(out, "check");
		out_str(out, roles[verdict], "verdict", 8, words[verdict]);
		out_str(out, ROLE_LABEL, "name", 22, s->checks.data[i]->name);
		out_text(out, ROLE_TEXT, " ");
		out_str(out, ROLE_TEXT, "value", 0, value ? value : "");
		if (fix) {
			out_nl(out);
			out_text(out, ROLE_TEXT, "        ");
			out_str(out, ROLE_COMMENT, "fix", 0, fix);
		}
		out_end(out);
	}
	/* `vmscope doctor` tells scripts: 3 is "not possible here". */
	if (missing && !s->target)
		s->exit_status = 3;
	return NULL;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.group = "help",
	.summary = "check what this machine can do, and say what would fix the rest",
	.examples = (const char *const[]){ "doctor", NULL },
	.run = run,
};
