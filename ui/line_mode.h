/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What batch and plain mode share: one command line at a time, the guest's console as lines or as
 * bytes on standard input and output, signals. A line that resumes the guest is over when it stops.
 */
#pragma once

#include <stdbool.h>
#include <termios.h>

#include "core/base/text.h"
#include "core/session/session.h"
#include "ui/signals.h"

/* Where the guest's console goes. */
enum line_console {
	LINE_CONSOLE_LINES,	/* "[console] text" between the results, or JSON records */
	LINE_CONSOLE_STDIO,	/* bytes, both ways */
	LINE_CONSOLE_NONE,
};

struct line_mode {
	struct session *session;
	struct out *out;		/* borrowed: results of commands */
	enum line_console console;
	bool json;
	int ended_by;			/* SIGTERM, SIGHUP, SIGQUIT, or SIGPIPE for a closed stdout: end now */
	void (*idle_signal)(struct line_mode *lm, int signo); /* while no guest runs; NULL: none */
	void *owner;

	bool executing;			/* a command is on the stack */
	struct session_listener listener;
	struct signals signals;
	struct loop_source *input;	/* stdin to the guest, while it runs with CONSOLE_STDIO */
	bool input_ended;
	bool told_keys;			/* how to leave the guest's console was said */
	bool raw;			/* stdin is a terminal in raw mode: @saved has what it was */
	struct termios saved;
	struct text partial[2];		/* console lines without an end yet: the ports, the debug port */
};

struct error *line_mode_init(struct line_mode *lm, struct session *session, struct out *out,
			     enum line_console console, bool json);
void line_mode_deinit(struct line_mode *lm);

/* Runs one command line, and the guest until it stops when the line resumed it. */
struct error *line_mode_execute(struct line_mode *lm, const char *line);
/* Waits for a guest that runs. */
struct error *line_mode_wait(struct line_mode *lm);
/* Prints console lines that have no end yet. */
void line_mode_flush_console(struct line_mode *lm);
/* Runs the commands in @file, each a line; an error names @name and the line and ends it. */
struct error *line_mode_source(struct line_mode *lm, FILE *file, const char *name);
