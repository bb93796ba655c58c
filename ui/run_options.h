/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options of `vmscope run`: one table (run_options.def) gives usage and parsing. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "core/base/error.h"
#include "core/base/vec.h"
#include "guest/guest.h"

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct script_item {
	bool is_file;		/* --batch, else -x */
	const char *text;	/* file name or command */
};

struct run_options {
	struct guest_config guest;
	bool mode_given;
	const char *name;	/* GUEST as typed; NULL with --kernel */
	VEC(struct script_item) script;
	VEC(const char *) symbols;
	enum color_mode color;
	bool json, plain, ascii, exit_from_guest, norc, stopped, help;
};

void run_options_init(struct run_options *options);
void run_options_deinit(struct run_options *options);
/* Strings of @argv are borrowed. ERROR_USAGE names the option and what it takes. */
struct error *run_options_parse(struct run_options *options, int argc, char **argv);
void run_options_print(FILE *to);
