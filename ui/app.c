/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/app.h"

#include <locale.h>
#include <signal.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "ui/report.h"

#define SUBCOMMAND(name) extern const struct subcommand subcommand_##name;
#include "ui/subcommands.def"
#undef SUBCOMMAND

static const struct subcommand *const subcommands[] = {
#define SUBCOMMAND(name) &subcommand_##name,
#include "ui/subcommands.def"
#undef SUBCOMMAND
};

const struct subcommand *subcommand_at(unsigned i)
{
	return i < ARRAY_SIZE(subcommands) ? subcommands[i] : NULL;
}

const struct subcommand *subcommand_find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(subcommands); i++)
		if (!strcmp(subcommands[i]->name, name))
			return subcommands[i];
	return NULL;
}

void subcommand_usage(const struct subcommand *sub, FILE *to)
{
	fprintf(to, "Usage: vmscope %s%s%s\n\n%c%s.\n", sub->name, *sub->args ? " " : "", sub->args,
		sub->summary[0] & ~0x20, sub->summary + 1);
	if (sub->options)
		sub->options(to);
	if (sub->help)
		fprintf(to, "\n%s", sub->help);
}

static struct error *find(const char *word, const struct subcommand **ret)
{
	/* The two options every program answers are spellings of subcommands. */
	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		word = "help";
	else if (!strcmp(word, "--version") || !strcmp(word, "-V"))
		word = "version";
	*ret = subcommand_find(word);
	if (*ret)
		return NULL;
	return error_hint(error_create(ERROR_USAGE, "no subcommand '%s'", word),
			  "`vmscope help` lists them; to debug a guest: vmscope run %s", word);
}

int app_main(const struct ui_backend *backend, int argc, char **argv)
{
	struct app app = { .backend = backend };
	const struct subcommand *sub = NULL;
	_error_ struct error *error = NULL;

	setlocale(LC_ALL, "");
	if (argc < 2)
		error = error_hint(error_create(ERROR_USAGE, "no subcommand given"),
				   "try: vmscope run demo, or vmscope help");
	else
		error = find(argv[1], &sub);
	if (!error)
		error = sub->run(&app, argc - 1, argv + 1);
	/* A reader that went away (| head) is no news. */
	if (app.exit_status != 128 + SIGPIPE && !error && (fflush(stdout) || ferror(stdout)))
		error = error_create(ERROR_FAILED, "cannot write to standard output");
	if (!error)
		return app.exit_status;
	report_error("vmscope", error);
	return error_exit_status(error);
}
