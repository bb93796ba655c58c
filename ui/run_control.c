/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/run_control.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "core/command/command.h"
#include "core/session/report.h"
#include "ui/panel/output.h"

#define CANCEL_WINDOW_NS 1000000000ULL

static void end_guest(struct screen *s)
{
	if (s->session->target)
		error_destroy(target_kill(s->session->target));
}

void run_control_interrupt(struct screen *s)
{
	struct session *ses = s->session;
	uint64_t now = clock_now_ns();
	bool again = now - s->interrupt_ns < CANCEL_WINDOW_NS;
	_error_ struct error *error = NULL;

	s->interrupt_ns = now;
	if (!ses->running && !s->busy) {
		prompt_clear(s->prompt);
		screen_touch(s);
		return;
	}
	error = session_interrupt(ses);
	if (error)
		screen_note(s, "%s", error_message(error));
	else if (again && ses->running)
		screen_confirm(s, "The guest does not stop. End it?", end_guest);
	screen_touch(s);
}

void run_control_stopped(struct screen *s)
{
	if (s->popup && s->popup_yes == end_guest)
		screen_show_popup(s, NULL);
}

void run_control_drain(struct screen *s)
{
	struct panel *output = &s->panel[PANEL_output];

	if (s->session->talk && out_capture_lines(s->session->talk)) {
		output_take(output, s->session->talk);
		screen_touch(s);
	}
}

bool screen_in_grace(const struct screen *s)
{
	return s->session->running && clock_now_ns() < s->grace_ns;
}

/* The output of a command that was typed must be seen. */
static void reveal_output(struct screen *s)
{
	struct panel *output = &s->panel[PANEL_output];
	bool at_prompt = s->at_prompt;

	if (output->visible)
		return;
	screen_focus(s, output);
	s->at_prompt = at_prompt;
}

void screen_command(struct screen *s, const char *line, bool typed)
{
	struct panel *output = &s->panel[PANEL_output];
	_error_ struct error *error = NULL;
	_free_ char *again = NULL;
	struct out *out;
	uint64_t before;
	bool was_running;

	if (s->busy) {
		screen_note(s, "busy: Ctrl-C cancels");
		return;
	}
	if (typed && !line[strspn(line, " \t")] && !s->session->collect) {
		const char *last = command_repeat_line(s->session);

		if (!last)
			return;
		line = again = xstrdup(last); /* running it may replace it */
	}
	if (typed)
		output_echo(output, s->session->collect ? "> " : "(vmscope) ", line);
	before = output_end(output);
	was_running = s->session->running;
	out = out_create_capture();
	s->busy = true;
	error = command_run(s->session, line, out);
	s->busy = false;
	if (s->session->running && !was_running)
		s->grace_ns = clock_now_ns() + GRACE_NS;
	run_control_drain(s);
	output_take(output, out);
	out_destroy(out);
	if (error && error_code(error) != ERROR_CANCELLED) {
		out = out_create_capture();
		session_print_error(out, error);
		output_take(output, out);
		out_destroy(out);
		if (!typed) /* the key that did it gives no place to look */
			screen_note(s, "%.*s", (int)strcspn(error_message(error), "\n"), error_message(error));
	}
	if (typed && output_end(output) != before)
		reveal_output(s);
	prompt_set_label(s->prompt, s->session->collect ? "> " : "(vmscope) ");
	screen_touch(s);
}

void screen_commandf(struct screen *s, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	screen_command(s, line, false);
}
