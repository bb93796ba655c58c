/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs command lines: splitting, needs, waiting, what waits for the stop. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/internal.h"
#include "core/session/report.h"
#include "core/session/run.h"

#define RUN_DEPTH_MAX 16
#define SCRIPT_SLICE_NS (50ULL * 1000 * 1000)

/* ---- splitting ----------------------------------------------------------------------------------- */

typedef VEC(char *) lines_t;

static void lines_free(lines_t *lines)
{
	for (size_t i = 0; i < lines->len; i++)
		free(lines->data[i]);
	vec_free(lines);
}

static void push_trimmed(lines_t *lines, const char *s, size_t len)
{
	while (len && isspace((unsigned char)*s))
		s++, len--;
	while (len && isspace((unsigned char)s[len - 1]))
		len--;
	if (len)
		vec_push(lines, xstrndup(s, len));
}

/* At `;` outside quotes; `#` where a command could start begins a comment. */
static void split(const char *line, lines_t *ret)
{
	const char *start = line, *p;
	char quote = 0;

	for (p = line; *p; p++) {
		if (quote) {
			if (*p == '\\' && p[1])
				p++;
			else if (*p == quote)
				quote = 0;
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (*p == ';') {
			push_trimmed(ret, start, p - start);
			start = p + 1;
		} else if (*p == '#' && strspn(start, " \t") == (size_t)(p - start)) {
			return;
		}
	}
	push_trimmed(ret, start, p - start);
}

/* ---- needs --------------------------------------------------------------------------------------- */

static struct error *check_needs(struct session *s, const struct command *cmd)
{
	unsigned guest = NEED_TARGET | NEED_STOPPED | NEED_ALIVE | NEED_HALTED;
	bool running = s->target && (s->running || !session_is_halted(s));
	bool ended = s->target && target_state(s->target) == TARGET_ENDED;

	if (cmd->needs & guest && !s->target)
		return error_hint(error_create(ERROR_STATE, "%s: there is no guest", cmd->name),
				  "`vmscope run GUEST` starts one");
	if (cmd->needs & (NEED_STOPPED | NEED_HALTED) && running)
		return error_hint(error_create(ERROR_STATE, "%s: this needs a stopped guest", cmd->name),
				  "`interrupt` stops it");
	if (cmd->needs & (NEED_STOPPED | NEED_ALIVE) && ended)
		return error_hint(error_create(ERROR_STATE, "%s: the guest has ended", cmd->name),
				  "`run` starts it again");
	if (cmd->needs & NEED_SYMBOLS && symbols_count(s->symbols) == 0)
		return error_hint(error_create(ERROR_STATE, "%s: no symbols are loaded", cmd->name),
				  "`add-symbol-file FILE` loads them");
	return NULL;
}

/* ---- one statement ------------------------------------------------------------------------------- */

static void note_repeat(struct session *s, const struct command *cmd, const struct args *args,
			const char *line)
{
	free(s->repeat_line);
	s->repeat_line = NULL;
	if (!cmd->repeats)
		return;
	/* What keeps a place goes on from it; others run as they were typed. */
	if (cmd->takes_format && *args->format)
		s->repeat_line = xasprintf("%s/%s", cmd->name, args->format);
	else if (cmd->takes_format || !strcmp(cmd->name, "list"))
		s->repeat_line = xstrdup(cmd->name);
	else
		s->repeat_line = xstrdup(line);
}

const char *command_repeat_line(struct session *s)
{
	return s->collect ? NULL : s->repeat_line;
}

/* "continue &": true and the length without it. */
static bool in_background(const char *line, size_t *ret_len)
{
	size_t len = strlen(line);

	*ret_len = len;
	if (len < 2 || line[len - 1] != '&' || (line[len - 2] != ' ' && line[len - 2] != '\t'))
		return false;
	*ret_len = len - 1;
	return true;
}

static struct error *collect_line(struct session *s, const char *line)
{
	struct stop *stop = stop_find(&s->stops, s->collect);

	if (!strcmp(line, "end") || !stop) {
		s->collect = 0;
		return NULL;
	}
	if (!strcmp(line, "silent") && stop->commands.len == 0)
		stop->silent = true;
	else
		vec_push(&stop->commands, xstrdup(line));
	return NULL;
}

static struct error *run_statement(struct session *s, const char *line, struct out *out)
{
	const struct command *cmd;
	struct args_owner owner;
	struct error *error;
	const char *rest;
	_free_ char *text = NULL;
	size_t len;
	bool background;

	if (s->collect)
		return collect_line(s, line);
	background = in_background(line, &len);
	text = xstrndup(line, len);
	error = command_find(s, text, &cmd, &rest);
	if (error)
		return error;
	error = check_needs(s, cmd);
	if (!error)
		error = args_parse(s, cmd, rest, &owner);
	if (error)
		return error;
	/* A command list that goes on does it the way the run was started. */
	if (!s->running && !s->in_hook)
		s->background = background;
	if (!s->in_hook && s->run_depth <= 1)
		note_repeat(s, cmd, &owner.args, text);
	error = cmd->run(s, &owner.args, out);
	args_deinit(&owner);
	if (!error && s->wait && !s->in_hook && s->running && !s->background)
		error = session_wait(s, 0);
	return error;
}

struct error *command_check(struct session *s, const char *line)
{
	const struct command *cmd;
	struct args_owner owner;
	struct error *error;
	const char *rest;

	error = command_find(s, line, &cmd, &rest);
	if (!error)
		error = check_needs(s, cmd);
	if (!error)
		error = args_parse(s, cmd, rest, &owner);
	if (!error)
		args_deinit(&owner);
	return error;
}

/* ---- lines --------------------------------------------------------------------------------------- */

/* Puts lines @from.. in front of what waits already: a line of a script comes before its caller's. */
static void queue_front(struct session *s, const lines_t *lines, size_t from)
{
	lines_t queue = { 0 };

	for (size_t i = from; i < lines->len; i++)
		vec_push(&queue, xstrdup(lines->data[i]));
	for (size_t i = 0; i < s->queue.len; i++)
		vec_push(&queue, s->queue.data[i]);
	free(s->queue.data);
	s->queue.data = queue.data;
	s->queue.len = queue.len;
	s->queue.cap = queue.cap;
}

/* Scripts that run scripts can go on for ever: keys and signals get their turn. */
static struct error *poll_script(struct session *s)
{
	uint64_t now = clock_now_ns();

	if (s->run_depth == 1 || s->in_hook)
		s->run_polled_ns = now;
	if (now - s->run_polled_ns < SCRIPT_SLICE_NS)
		return NULL;
	s->run_polled_ns = now;
	return loop_run_once(s->loop, 0);
}

/* Runs @lines; @numbers has the number of the text line each came from. */
static struct error *run_statements(struct session *s, const lines_t *lines, const size_t *numbers,
				    struct out *out, size_t *ret_failed)
{
	for (size_t i = 0; i < lines->len && !s->quit; i++) {
		struct error *error;

		if (ret_failed)
			*ret_failed = numbers[i];
		error = poll_script(s);
		if (!error && s->interrupted)
			error = error_create(ERROR_CANCELLED, "interrupted");
		if (!error && !s->quit)
			error = run_statement(s, lines->data[i], out);
		if (error)
			return error;
		if (s->interrupted)
			return error_create(ERROR_CANCELLED, "interrupted");
		if (s->running && !s->background) {
			queue_front(s, lines, i + 1);
			return NULL;
		}
	}
	return NULL;
}

struct error *command_run_lines(struct session *s, char *const *text, size_t nlines, struct out *out,
				size_t *ret_failed)
{
	VEC(size_t) numbers = { 0 };
	lines_t lines = { 0 };
	struct error *error;

	if (s->run_depth >= RUN_DEPTH_MAX)
		return error_create(ERROR_FAILED, "scripts run each other more than %u deep", RUN_DEPTH_MAX);
	if (!s->run_depth && !s->in_hook)
		s->interrupted = false;
	for (size_t i = 0; i < nlines; i++) {
		split(text[i], &lines);
		while (numbers.len < lines.len)
			vec_push(&numbers, i);
	}
	s->run_depth++;
	error = run_statements(s, &lines, numbers.data, out, ret_failed);
	s->run_depth--;
	lines_free(&lines);
	vec_free(&numbers);
	return error;
}

struct error *command_run(struct session *s, const char *line, struct out *out)
{
	char *lines[] = { (char *)line };

	session_poll(s);
	return command_run_lines(s, lines, 1, out, NULL);
}

/* ---- after a stop -------------------------------------------------------------------------------- */

void command_after_stop(struct session *s, char *const *lines, size_t nlines)
{
	struct out *out = s->talk ? s->talk : out_create_capture();
	struct error *error = NULL;

	s->in_hook = true;
	/* As in gdb, what follows a command that resumes is dropped. */
	for (size_t i = 0; i < nlines && !error && !s->running && !s->quit; i++)
		error = run_statement(s, lines[i], out);
	while (s->queue.len && !error && !s->running && !s->quit) {
		_free_ char *line = s->queue.data[0];

		vec_remove(&s->queue, 0);
		error = run_statement(s, line, out);
	}
	s->in_hook = false;
	if (error)
		session_queue_clear(s);
	if (error && s->wait && !s->deferred) {
		s->deferred = error;
	} else if (error) {
		session_print_error(out, error);
		error_destroy(error);
	}
	out_flush(out);
	if (out != s->talk)
		out_destroy(out);
}

void command_run_hook(struct session *s, char *const *lines, size_t nlines)
{
	struct out *out = s->talk ? s->talk : out_create_capture();
	struct error *error = NULL;
	bool hook = s->in_hook;

	s->in_hook = true;
	for (size_t i = 0; i < nlines && !error && !s->quit; i++)
		error = run_statement(s, lines[i], out);
	s->in_hook = hook;
	if (error)
		session_print_error(out, error);
	error_destroy(error);
	out_flush(out);
	if (out != s->talk)
		out_destroy(out);
}
