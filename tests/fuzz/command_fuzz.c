/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any line at the prompt: parsed, completed at every place and, for commands that only look, run on the
 * fake target. The first byte puts a command's name before the text, so that every schema is reached.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/command/command.h"
#include "tests/lib/fake_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINE_MAX_FUZZ 200
/* A session grows (history, variables, breakpoints): a new one now and then. */
#define LINES_PER_SESSION 500

/* Groups whose commands run the guest or change it; and what reads and writes files. */
static bool only_looks(const struct command *cmd)
{
	static const char *const groups[] = { "data", "memory", "status", "symbols", "stack", "machine", NULL };
	bool known = false;

	for (unsigned i = 0; groups[i]; i++)
		known |= strcmp(cmd->group, groups[i]) == 0;
	for (unsigned i = 0; known && i < COMMAND_ARGS_MAX && cmd->args[i].type != ARG_END; i++)
		known = cmd->args[i].type != ARG_FILE && cmd->args[i].type != ARG_REST;
	return known;
}

static struct session *make_session(void)
{
	struct session *s;
	struct target *t;
	struct error *error = session_create(&s);

	if (!error)
		error = fake_target_create(&t);
	if (!error)
		error = session_set_target(s, t);
	if (error)
		abort();
	fake_target_symbols(s->symbols);
	commands_register_core(s);
	session_poll(s);
	return s;
}

struct candidates {
	size_t n, bytes;
};

static void candidate(void *ctx, const struct completion *c)
{
	struct candidates *found = ctx;

	found->n++;
	found->bytes += strlen(c->text) + (c->help ? strlen(c->help) : 0);
}

static void complete(struct session *s, const char *line)
{
	size_t len = strlen(line);

	for (size_t point = 0; point <= len; point += 1 + len / 8) {
		struct candidates found = { 0 };
		size_t word = SIZE_MAX;

		command_complete(s, line, point, &word, candidate, &found, 50);
		if (found.n > 50 || (found.n && word > point))
			abort();
	}
}

static void check(struct error *error)
{
	/* A refusal is a sentence. */
	if (error && (!*error_message(error) || strlen(error_message(error)) > 4096))
		abort();
	error_destroy(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct session *session;
	static unsigned lines;
	struct text line = { 0 };
	const struct command *cmd = NULL;
	const char *rest;

	if (!size || size > LINE_MAX_FUZZ)
		return 0;
	if (!session)
		session = make_session();
	if (data[0] < session->commands.len)
		text_printf(&line, "%s ", session->commands.data[data[0]]->name);
	/* A prompt's line ends at a NUL or a newline. */
	for (size_t i = 1; i < size && data[i] && data[i] != '\n'; i++)
		text_add(&line, (const char *)data + i, 1);
	check(command_check(session, text_str(&line)));
	complete(session, text_str(&line));
	_error_ struct error *unknown = command_find(session, text_str(&line), &cmd, &rest);

	if (!unknown && cmd && only_looks(cmd) && !strchr(text_str(&line), ';')) {
		struct out *out = out_create_capture();

		check(command_run(session, text_str(&line), out));
		out_destroy(out);
	}
	text_deinit(&line);
	if (++lines % LINES_PER_SESSION == 0) {
		session_destroy(session);
		session = NULL;
	}
	return 0;
}
