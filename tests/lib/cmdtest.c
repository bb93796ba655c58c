/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs prompt scripts on the fake target, as `vmscope run --batch` does on a guest:
 *
 *	cmdtest [--json] FILE	prints what plain mode prints; an error goes to stdout and gives status 1
 *	cmdtest --examples	runs every command's examples, each on a fresh target
 *
 * A line `# json` in the file turns on --json; `# no-target` and `# no-symbols` leave those out;
 * `# tmpdir` runs it where it may write files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/command/command.h"
#include "core/session/report.h"
#include "tests/lib/fake_target.h"

struct setup {
	bool json, no_target, no_symbols, tmpdir;
};

static struct error *restart(struct session *s)
{
	struct target *target;
	struct error *error = fake_target_create(&target);

	return error ? error : session_set_target(s, target);
}

static struct out *create_out(FILE *stream, bool json)
{
	return json ? out_create_json(stream) : out_create_plain(stream, false);
}

static struct error *create_session(const struct setup *setup, FILE *stream, struct session **ret)
{
	struct error *error = session_create(ret);

	if (error)
		return error;
	(*ret)->talk = create_out(stream, setup->json);
	(*ret)->wait = true;
	(*ret)->restart = restart;
	/* Event times of the fake target are fixed; so is their zero. */
	(*ret)->start_ns = FAKE_TIME0;
	commands_register_core(*ret);
	if (!setup->no_symbols)
		fake_target_symbols((*ret)->symbols);
	return setup->no_target ? NULL : restart(*ret);
}

/* ---- a file -------------------------------------------------------------------------------------- */

static int run_file(const char *name, struct setup setup)
{
	_fclose_ FILE *file = fopen(name, "re");
	_free_ char *line = NULL;
	struct error *error = NULL;
	struct session *s;
	size_t cap = 0;
	int status;

	if (!file) {
		perror(name);
		return 2;
	}
	while (getline(&line, &cap, file) >= 0 && *line == '#') {
		setup.json |= !strncmp(line, "# json", 6);
		setup.no_target |= !strncmp(line, "# no-target", 11);
		setup.no_symbols |= !strncmp(line, "# no-symbols", 12);
		setup.tmpdir |= !strncmp(line, "# tmpdir", 8);
	}
	rewind(file);
	if (setup.tmpdir && chdir(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp")) {
		perror("TMPDIR");
		return 2;
	}
	error = create_session(&setup, stdout, &s);
	if (!error)
		session_poll(s); /* the first stop comes before the first line */
	while (!error && !s->quit && getline(&line, &cap, file) >= 0) {
		line[strcspn(line, "\n")] = 0;
		if (*line && *line != '#' && !setup.json)
			out_message(s->talk, ROLE_TEXT, "> %s", line);
		error = command_run(s, line, s->talk);
	}
	if (error)
		session_print_error(s->talk, error);
	status = error ? error_exit_status(error) : s->exit_status;
	error_destroy(error);
	session_destroy(s);
	return status;
}

/* ---- examples ------------------------------------------------------------------------------------ */

static bool run_example(const char *line)
{
	struct setup setup = { 0 };
	_fclose_ FILE *sink = fopen("/dev/null", "we");
	struct session *s;
	struct error *error = create_session(&setup, sink, &s);

	if (!error)
		error = command_run(s, line, s->talk);
	if (error)
		printf("example `%s` failed: %s\n", line, error_message(error));
	session_destroy(s);
	error_destroy(error);
	return !error;
}

/* An example must run, and one of them must be of the command it explains. */
static int run_examples(void)
{
	struct setup setup = { 0 };
	struct session *s;
	struct error *error = create_session(&setup, stdout, &s);
	unsigned failed = error != NULL, count = 0;

	for (size_t i = 0; !error && i < s->commands.len; i++) {
		const char *const *e = s->commands.data[i]->examples;

		for (; e && *e; e++, count++)
			failed += !run_example(*e);
	}
	printf("%u examples, %u failed\n", count, failed);
	error_destroy(error);
	session_destroy(s);
	return failed != 0;
}

int main(int argc, char **argv)
{
	struct setup setup = { 0 };

	if (argc == 2 && !strcmp(argv[1], "--examples"))
		return run_examples();
	if (argc == 3 && !strcmp(argv[1], "--json"))
		setup.json = true;
	if (argc != 2 + setup.json) {
		fprintf(stderr, "usage: cmdtest [--json] FILE | --examples\n");
		return 2;
	}
	return run_file(argv[argc - 1], setup);
}
