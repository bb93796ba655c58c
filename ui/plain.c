/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/plain.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "core/command/command.h"
#include "core/session/report.h"
#include "ui/editor.h"
#include "ui/history.h"
#include "ui/report.h"

#define PROMPT "(vmscope) "

struct plain {
	struct line_mode *lm;
	char *line;		/* typed and not yet run */
	bool has_line, ended;
	struct out *out;	/* the line mode's own, while the prompt keeps output back */
};

static void show_error(struct plain *p, const struct error *error)
{
	struct out *out = p->lm->out;

	if (!p->lm->json) {
		report_error("error", error);
		return;
	}
	session_print_error(out, error);
	out_flush(out);
}

static void run_line(struct plain *p, const char *line)
{
	_error_ struct error *error = NULL;
	_free_ char *again = NULL;

	/* As in gdb: an empty line steps again. */
	if (!line[strspn(line, " \t")]) {
		const char *last = command_repeat_line(p->lm->session);

		if (!last)
			return;
		line = again = xstrdup(last); /* running it may replace it */
	}
	error = line_mode_execute(p->lm, line);
	/* Ctrl-C: the stop was printed, and the user knows. */
	if (error && error_code(error) != ERROR_CANCELLED)
		show_error(p, error);
}

/* ---- a pipe or a file --------------------------------------------------------------------------- */

static struct error *run_pipe(struct plain *p)
{
	_free_ char *line = NULL;
	size_t cap = 0;

	while (!p->lm->session->quit && getline(&line, &cap, stdin) >= 0) {
		line[strcspn(line, "\r\n")] = 0;
		run_line(p, line);
	}
	return ferror(stdin) ? error_errno(errno, "cannot read commands") : NULL;
}

/* ---- a terminal --------------------------------------------------------------------------------- */

static void on_line(void *ctx, char *line)
{
	struct plain *p = ctx;

	p->line = line;
	p->has_line = line != NULL;
	p->ended = line == NULL;
}

static void on_readable(void *ctx, uint32_t events)
{
	editor_feed();
}

static void on_idle_signal(struct line_mode *lm, int signo)
{
	if (signo == SIGWINCH)
		editor_resized();
	if (signo == SIGINT)
		editor_drop_line(); /* as a shell does */
}

/* Lines that came while the prompt was shown (a guest in the background): above it, not through it. */
static void show_above(struct plain *p, struct out *kept)
{
	struct out *out = p->out;

	if (!out_capture_lines(kept))
		return;
	editor_conceal();
	for (size_t i = 0; i < out_capture_lines(kept); i++) {
		const struct out_line *line = out_capture_line(kept, i);

		for (size_t j = 0; j < line->nspans; j++)
			out_text(out, line->spans[j].role, "%.*s", (int)line->spans[j].len,
				 line->text + line->spans[j].start);
		out_nl(out);
	}
	out_flush(out);
	out_capture_clear(kept);
	editor_reveal();
}

static struct error *wait_for_line(struct plain *p)
{
	struct line_mode *lm = p->lm;
	struct session *s = lm->session;
	struct out *talk = s->talk, *kept = lm->json ? NULL : out_create_capture();
	struct error *error = NULL;

	p->out = lm->out;
	if (kept)
		lm->out = s->talk = kept;
	while (!error && !p->has_line && !p->ended && !lm->ended_by && !s->quit) {
		error = loop_run_once(s->loop, -1);
		if (kept && !p->has_line)
			show_above(p, kept);
	}
	lm->out = p->out;
	s->talk = talk;
	if (kept && p->has_line && out_capture_lines(kept))
		show_above(p, kept);
	out_destroy(kept);
	return error;
}

static struct error *read_line(struct plain *p)
{
	struct session *s = p->lm->session;
	struct loop_source *source;
	struct error *error = loop_add_fd(s->loop, STDIN_FILENO, EPOLLIN, on_readable, p, &source);

	if (error)
		return error;
	p->has_line = false;
	editor_prompt(s->collect ? "> " : PROMPT);
	error = wait_for_line(p);
	editor_hide(); /* the terminal is the guest's or the command's for now */
	loop_remove(source);
	return error;
}

static struct error *run_terminal(struct plain *p)
{
	struct session *s = p->lm->session;
	const struct editor_client client = { .ctx = p, .session = s, .line = on_line };
	struct error *error = NULL;

	session_poll(s); /* where the guest stands comes before the first prompt */
	out_flush(s->talk);
	editor_attach(&client);
	history_load();
	p->lm->idle_signal = on_idle_signal;
	while (!error && !s->quit && !p->ended && !p->lm->ended_by) {
		error = read_line(p);
		if (error || !p->has_line)
			continue;
		history_note(p->line);
		run_line(p, p->line);
		free(p->line);
		p->line = NULL;
	}
	if (p->ended)
		fputc('\n', stdout);
	history_save();
	p->lm->idle_signal = NULL;
	editor_detach();
	return error;
}

struct error *plain_run(struct line_mode *lm)
{
	struct plain p = { .lm = lm };
	struct error *error = isatty(STDIN_FILENO) ? run_terminal(&p) : run_pipe(&p);

	return error;
}
