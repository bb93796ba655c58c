/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program: subcommands and what they share. main.c only chooses the backend. */
#pragma once

#include <stdio.h>

#include "core/base/error.h"
#include "core/base/vec.h"
#include "core/session/record.h"
#include "ui/backend.h"

/* What `vmscope record` wants of the subcommand it starts. */
struct app_record {
	struct session_record_options options;
	VEC(const char *) probes;
};

struct app {
	const struct ui_backend *backend;
	const struct app_record *record; /* NULL: nothing is recorded from the start */
	int exit_status;	/* of the process, unless a subcommand fails */
};

/*
 * A subcommand. To add one: `const struct subcommand subcommand_<name>` in a file of its own and one
 * line in subcommands.def. @run gets its own arguments only; a failure decides the exit status.
 */
struct subcommand {
	const char *name;
	const char *args;	/* usage after the name */
	const char *summary;	/* one line, no full stop */
	const char *help;	/* paragraphs after the usage, or NULL */
	void (*options)(FILE *to); /* prints the option table, or NULL */
	struct error *(*run)(struct app *app, int argc, char **argv);
};

const struct subcommand *subcommand_at(unsigned i); /* NULL past the end */
const struct subcommand *subcommand_find(const char *name);
void subcommand_usage(const struct subcommand *sub, FILE *to);

/* Starts the recording and the probes app->record asks for; a guest, if any, is there and stands. */
struct error *app_record_start(struct app *app, struct session *s, struct out *out);

/* Runs the program and returns its exit status. */
int app_main(const struct ui_backend *backend, int argc, char **argv);
