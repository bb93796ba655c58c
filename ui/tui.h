/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The full-screen interface. */
#pragma once

#include <stdbool.h>

#include "core/session/session.h"

struct tui_options {
	bool color;		/* --color and NO_COLOR, already decided */
	bool ascii;		/* no box drawing even in a UTF-8 locale */
	const char *no_guest;	/* why nothing can run: only the image is looked at; NULL: a guest is there */
	const char *init_file;	/* lines to run at the start; NULL: none */
	bool console;		/* show the guest's console */
	const char *title;	/* borrowed */
	int *ret_status;	/* 128+N when a signal ended it */
};

/* Runs until the user quits. The terminal is restored on every path out. */
struct error *tui_run(struct session *session, const struct tui_options *options);
