/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/line_mode.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "core/command/command.h"

#define CONSOLE_LINE_MAX 1024	/* a guest that never ends a line gets one anyway */
#define SCRIPT_LINE_MAX 65536
#define KEY_LEAVE_CONSOLE 0x1d	/* Ctrl-], as in telnet: the guest gets every other key */

/* Ends all: there is nobody to read, or a signal says so. */
static void end_session(struct line_mode *lm, int signo)
{
	struct session *s = lm->session;

	lm->ended_by = signo;
	s->quit = true;
	if (s->target)
		error_destroy(target_kill(s->target)); /* ends a wait; the process goes anyway */
}

static void check_output(struct line_mode *lm)
{
	out_flush(lm->out);
	if (ferror(stdout) && !lm->ended_by)
		end_session(lm, SIGPIPE);
}

static void print_console_line(struct line_mode *lm, unsigned port)
{
	struct text *t = &lm->partial[port];

	out_begin(lm->out, "console");
	out_text(lm->out, ROLE_DIM, port ? "[debug port] " : "[console] ");
	out_hidden_dec(lm->out, "port", port ? 0xe9 : 0);
	out_str(lm->out, ROLE_TEXT, "text", 0, text_str(t));
	out_end(lm->out);
	text_clear(t);
	check_output(lm);
}

static void write_all(struct line_mode *lm, const char *data, size_t len)
{
	while (len && !lm->ended_by) {
		ssize_t n = write(STDOUT_FILENO, data, len);

		/* Whoever shares the terminal or the pipe may have made it non-blocking. */
		if (n < 0 && errno == EAGAIN)
			poll(&(struct pollfd){ .fd = STDOUT_FILENO, .events = POLLOUT }, 1, 100);
		else if (n < 0 && errno != EINTR)
			end_session(lm, SIGPIPE);
		if (n > 0) {
			data += n;
			len -= n;
		}
	}
}

static void on_console(void *ctx, unsigned port, const void *data, size_t len)
{
	struct line_mode *lm = ctx;
	const char *p = data;
	unsigned which = port == 0xe9;

	if (lm->console == LINE_CONSOLE_NONE)
		return;
	if (lm->console == LINE_CONSOLE_STDIO) {
		out_flush(lm->out);
		fflush(stdout);
		write_all(lm, p, len);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\n')
			print_console_line(lm, which);
		else if (p[i] != '\r' && p[i])
			text_add(&lm->partial[which], &p[i], 1);
		if (lm->partial[which].len >= CONSOLE_LINE_MAX)
			print_console_line(lm, which);
	}
}

void line_mode_flush_console(struct line_mode *lm)
{
	for (unsigned i = 0; i < ARRAY_SIZE(lm->partial); i++)
		if (lm->partial[i].len)
			print_console_line(lm, i);
}

static void on_signal(void *ctx, uint32_t signo)
{
	struct line_mode *lm = ctx;
	struct session *s = lm->session;

	if (signo == SIGTERM || signo == SIGHUP || signo == SIGQUIT) {
		end_session(lm, (int)signo);
		return;
	}
	if (signo == SIGTSTP) {
		signals_unblock(); /* pending: stops here, and goes on here */
		raise(SIGTSTP);
		signals_block();
		return;
	}
	if (signo == SIGINT && (s->running || lm->executing)) {
		_error_ struct error *error = session_interrupt(s);

		/* The terminal has shown ^C; at the prompt (a guest in the background) readline keeps it clean. */
		if (lm->executing && !lm->json && !lm->raw && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
			fputc('\n', stdout);
		if (error)
			out_message(s->talk, ROLE_ERROR, "%s", error_message(error));
		return;
	}
	if (lm->idle_signal)
		lm->idle_signal(lm, signo);
}

/* ---- standard input as the guest's keyboard ----------------------------------------------------- */

static void input_stop(struct line_mode *lm)
{
	loop_remove(lm->input);
	lm->input = NULL;
	if (lm->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &lm->saved);
	lm->raw = false;
}

static void on_input(void *ctx, uint32_t events)
{
	struct line_mode *lm = ctx;
	struct target *target = lm->session->target;
	_error_ struct error *error = NULL;
	char buf[256], *leave;
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		lm->input_ended = true; /* the guest runs on without a keyboard */
		input_stop(lm);
		return;
	}
	leave = lm->raw ? memchr(buf, KEY_LEAVE_CONSOLE, n) : NULL;
	if (leave)
		n = leave - buf;
	if (n && target)
		error = target_console_input(target, buf, n);
	if (!error && leave)
		error = session_interrupt(lm->session);
	if (error) {
		out_message(lm->session->talk, ROLE_ERROR, "%s", error_message(error));
		lm->input_ended = true;
		input_stop(lm);
	}
}

static struct error *input_start(struct line_mode *lm)
{
	struct error *error;
	struct termios raw;

	if (lm->console != LINE_CONSOLE_STDIO || lm->input_ended || lm->input)
		return NULL;
	error = loop_add_fd(lm->session->loop, STDIN_FILENO, EPOLLIN, on_input, lm, &lm->input);
	if (error && error_errno_value(error) == EPERM) {
		/* A regular file or /dev/null can not be waited for: it is no keyboard. */
		lm->input_ended = true;
		error_destroy(error);
		return NULL;
	}
	if (error || tcgetattr(STDIN_FILENO, &lm->saved))
		return error;
	raw = lm->saved;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST | ONLCR; /* our own lines still end properly */
	lm->raw = !tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	if (lm->raw && !lm->told_keys) {
		out_message(lm->session->talk, ROLE_DIM, "keys go to the guest; Ctrl-] stops it");
		out_flush(lm->session->talk);
		lm->told_keys = true;
	}
	return NULL;
}

struct error *line_mode_wait(struct line_mode *lm)
{
	struct error *error = NULL;

	if (lm->session->running)
		error = input_start(lm);
	while (!error && lm->session->running && !lm->session->background && !lm->ended_by)
		error = session_wait(lm->session, 0);
	session_poll(lm->session); /* console output that came with the stop */
	input_stop(lm);
	out_flush(lm->session->talk);
	return error;
}

struct error *line_mode_execute(struct line_mode *lm, const char *line)
{
	struct error *error, *wait_error;

	/* The guest's console is read while command_run() waits for a stop. */
	error = input_start(lm);
	if (error)
		return error;
	lm->executing = true;
	error = command_run(lm->session, line, lm->out);
	/* Also after an error: `continue; nonsense` has resumed the guest. */
	wait_error = line_mode_wait(lm);
	lm->executing = false;
	check_output(lm);
	if (!error)
		return wait_error;
	error_destroy(wait_error);
	return error;
}

struct error *line_mode_source(struct line_mode *lm, FILE *file, const char *name)
{
	_free_ char *line = NULL;
	size_t cap = 0;
	unsigned number = 0;
	ssize_t n;

	while (!lm->session->quit && (n = getline(&line, &cap, file)) >= 0) {
		struct error *error;

		number++;
		if (n > SCRIPT_LINE_MAX || memchr(line, 0, n))
			error = error_create(ERROR_SYNTAX, "the line is not text");
		else {
			line[strcspn(line, "\r\n")] = 0;
			error = line_mode_execute(lm, line);
		}
		if (error)
			return error_prefix(error, "%s:%u", name, number);
	}
	return ferror(file) ? error_errno(errno, "cannot read '%s'", name) : NULL;
}

struct error *line_mode_init(struct line_mode *lm, struct session *session, struct out *out,
			     enum line_console console, bool json)
{
	memset(lm, 0, sizeof(*lm));
	lm->session = session;
	lm->out = out;
	lm->console = console;
	lm->json = json;
	lm->listener = (struct session_listener){ .ctx = lm, .console = on_console };
	session_add_listener(session, &lm->listener);
	session->wait = true;
	return signals_attach(&lm->signals, session->loop, on_signal, lm);
}

void line_mode_deinit(struct line_mode *lm)
{
	line_mode_flush_console(lm);
	input_stop(lm);
	signals_detach(&lm->signals);
	session_remove_listener(lm->session, &lm->listener);
	for (unsigned i = 0; i < ARRAY_SIZE(lm->partial); i++)
		text_deinit(&lm->partial[i]);
}
