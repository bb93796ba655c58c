/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <curses.h>
#include <readline/readline.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "core/arch/arch.h"
#include "ui/app.h"

static struct error *run(struct app *app, int argc, char **argv)
{
	struct utsname uts;

	if (argc > 1)
		return error_create(ERROR_USAGE, "version takes no arguments");
	printf("vmscope %s\n", VMSCOPE_VERSION);
	if (!uname(&uts))
		printf("host      %s, Linux %s\n", uts.machine, uts.release);
	printf("reads    ");
	for (unsigned i = 0; arch_at(i); i++)
		printf(" %s", arch_at(i)->name);
	printf("\nbuilt on  %s, readline %s\n", curses_version(), rl_library_version);
	printf("License GPL-3.0-or-later; there is no warranty.\n");
	return NULL;
}

const struct subcommand subcommand_version = {
	.name = "version",
	.args = "",
	.summary = "print the version and what it was built with",
	.run = run,
};
