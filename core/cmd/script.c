/* SPDX-License-Identifier: GPL-3.0-or-later */
/* source, wait, assert, quit. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "core/session/examine.h"

#define SCRIPT_MAX (1u << 20)

/* ---- source -------------------------------------------------------------------------------------- */

static struct error *read_script(const char *name, char **ret, size_t *ret_len)
{
	_close_ int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_free_ char *text = NULL;
	struct stat st;
	size_t len = 0;

	if (fd < 0)
		return error_errno(errno, "cannot open script '%s'", name);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return error_create(ERROR_FAILED, "script '%s' is not a regular file", name);
	if (st.st_size > SCRIPT_MAX)
		return error_create(ERROR_FAILED, "script '%s' is larger than 1 MiB", name);
	text = xcalloc(1, st.st_size + 1);
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, text + len, st.st_size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(errno, "cannot read script '%s'", name);
		if (n == 0)
			break;
		len += n;
	}
	if (memchr(text, 0, len))
		return error_create(ERROR_SYNTAX, "script '%s' is not text", name);
	*ret_len = len;
	*ret = take_ptr(text);
	return NULL;
}

static struct error *source_run(struct session *s, const struct args *args, struct out *out)
{
	const char *name = args->value[0].text;
	_free_ char *text = NULL;
	VEC(char *) lines = { 0 };
	struct error *error;
	size_t len, failed = 0;

	s->error_depth = 0;
	error = read_script(name, &text, &len);
	if (error)
		return error;
	for (char *p = text; *p;) {
		char *nl = strchr(p, '\n');

		vec_push(&lines, p);
		if (!nl)
			break;
		*nl = 0;
		p = nl + 1;
	}
	error = command_run_lines(s, lines.data, lines.len, out, &failed);
	/* The innermost script names the place; those that sourced it need not say it again. */
	if (error && s->error_depth <= s->run_depth) {
		s->error_depth = s->run_depth + 1;
		error = error_prefix(error, "%s:%zu", name, failed + 1);
	}
	vec_free(&lines);
	return error;
}

const struct command cmd_source = {
	.name = "source",
	.group = "scripts",
	.summary = "run the commands in FILE",
	.help = "The first that fails ends it; the error names the line.",
	.args = { { .type = ARG_FILE, .name = "FILE" } },
	.run = source_run,
};

/* ---- wait ---------------------------------------------------------------------------------------- */

/* A plain number is milliseconds here: nobody waits for nanoseconds. */
static struct error *parse_wait(const char *text, uint64_t *ret)
{
	if (strspn(text, "0123456789") == strlen(text) && strlen(text) < 10) {
		*ret = strtoull(text, NULL, 10) * 1000000;
		return NULL;
	}
	return parse_time_ns(text, ret);
}

static struct error *wait_run(struct session *s, const struct args *args, struct out *out)
{
	uint64_t time_ns = 0;
	struct error *error;

	if (args->value[0].given) {
		error = parse_wait(args->value[0].text, &time_ns);
		if (error)
			return error;
		if (time_ns > 86400ULL * 1000000000)
			return error_create(ERROR_USAGE, "wait: at most a day");
	}
	if (!s->wait || s->in_hook)
		return error_hint(error_create(ERROR_STATE, "wait is for scripts (--batch, -x)"),
				  "here the prompt is free while the guest runs");
	if (!s->running)
		return session_sleep(s, time_ns);
	error = session_wait(s, time_ns);
	return error;
}

const struct command cmd_wait = {
	.name = "wait",
	.group = "scripts",
	.summary = "wait until the guest stops, at most TIME (ms; 5s, 10us)",
	.help = "For a guest that runs in the background (`continue &`). When it is stopped, the time\n"
		"passes all the same.",
	.examples = (const char *const[]){ "wait 1", NULL },
	.args = { { .type = ARG_WORD, .name = "TIME", .optional = true } },
	.run = wait_run,
};

/* ---- assert -------------------------------------------------------------------------------------- */

static const char *const comparisons[] = { "==", "!=", "<=", ">=", "<", ">" };

/* The comparison outside brackets and quotes; NULL when @text has none (or && or ||: no two sides). */
static const char *find_comparison(const char *text, size_t *ret_len)
{
	const char *found = NULL;
	unsigned depth = 0;
	char quote = 0;

	for (const char *p = text; *p; p++) {
		if (quote) {
			if (*p == '\\' && p[1])
				p++;
			else if (*p == quote)
				quote = 0;
			continue;
		}
		if (*p == '"' || *p == '\'')
			quote = *p;
		else if (*p == '(' || *p == '[')
			depth++;
		else if ((*p == ')' || *p == ']') && depth)
			depth--;
		if (depth || quote)
			continue;
		if (!strncmp(p, "&&", 2) || !strncmp(p, "||", 2) || *p == '?')
			return NULL;
		if (!strncmp(p, "<<", 2) || !strncmp(p, ">>", 2)) {
			p++;
			continue;
		}
		for (unsigned i = 0; i < ARRAY_SIZE(comparisons); i++) {
			size_t len = strlen(comparisons[i]);

			if (strncmp(p, comparisons[i], len))
				continue;
			if (found)
				return NULL;
			found = p;
			*ret_len = len;
			p += len - 1;
			break;
		}
	}
	return found;
}

/* "0x2" for a side, or why it has no value. */
static void side_text(struct session *s, const char *text, size_t len, struct text *t)
{
	_free_ char *side = xstrndup(text, len);
	struct expr_value value;
	struct error *error;
	char buf[80];

	error = session_eval(s, side, &value);
	if (error) {
		text_puts(t, "?");
		error_destroy(error);
		return;
	}
	text_printf(t, "%s", format_value(0, value, buf, sizeof(buf)));
	if (value.bits > 9)
		text_printf(t, " (0x%" PRIx64 ")", value.bits);
}

static struct error *assert_run(struct session *s, const struct args *args, struct out *out)
{
	const char *text = args->value[0].text, *op;
	struct expr_value value;
	struct text sides = { 0 };
	struct error *error;
	size_t len;

	error = session_eval(s, text, &value);
	if (error || value.bits)
		return error;
	op = find_comparison(text, &len);
	if (op) {
		text_puts(&sides, ": left is ");
		side_text(s, text, op - text, &sides);
		text_puts(&sides, ", right is ");
		side_text(s, op + len, strlen(op + len), &sides);
	}
	error = error_create(ERROR_FAILED, "assertion failed: %s%s", text, text_str(&sides));
	text_deinit(&sides);
	return error;
}

const struct command cmd_assert = {
	.name = "assert",
	.group = "scripts",
	.summary = "fail when EXPR is zero, telling both sides of a comparison",
	.help = "A script ends there with exit status 1.",
	.examples = (const char *const[]){ "assert $rip == main", "assert q[counter] < 10", NULL },
	.args = { { .type = ARG_EXPR, .name = "EXPR" } },
	.run = assert_run,
};

/* ---- quit ---------------------------------------------------------------------------------------- */

static struct error *quit_run(struct session *s, const struct args *args, struct out *out)
{
	if (args->value[0].given && args->value[0].number > 255)
		return error_create(ERROR_USAGE, "an exit status is at most 255, not %s", args->value[0].text);
	if (args->value[0].given)
		s->exit_status = args->value[0].number;
	s->quit = true;
	return NULL;
}

const struct command cmd_quit = {
	.name = "quit",
	.aliases = (const char *const[]){ "q", "exit", NULL },
	.group = "scripts",
	.summary = "end the guest and vmscope, with exit status STATUS",
	.examples = (const char *const[]){ "quit", "quit 3", NULL },
	.args = { { .type = ARG_COUNT, .name = "STATUS", .optional = true } },
	.run = quit_run,
};
