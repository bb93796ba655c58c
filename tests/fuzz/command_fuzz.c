/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command lines from any bytes on the fake target: no crash, no read outside, completion included. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "core/command/command.h"
#include "tests/lib/fake_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES_MAX 32
#define LINE_MAX_LEN 512

/* Commands that touch files or wait would make the fuzzer write or sleep. */
static bool is_harmless(const struct command *cmd)
{
	if (!strcmp(cmd->name, "wait"))
		return false;
	for (unsigned i = 0; i < COMMAND_ARGS_MAX && cmd->args[i].type != ARG_END; i++)
		if (cmd->args[i].type == ARG_FILE)
			return false;
	return true;
}

static struct error *restart(struct session *s)
{
	struct target *target;
	struct error *error = fake_target_create(&target);

	return error ? error : session_set_target(s, target);
}

static struct session *create(void)
{
	struct session *s;

	if (session_create(&s))
		abort();
	s->talk = out_create_capture();
	s->restart = restart;
	commands_register_core(s);
	for (size_t i = s->commands.len; i-- > 0;)
		if (!is_harmless(s->commands.data[i]))
			vec_remove(&s->commands, i);
	fake_target_symbols(s->symbols);
	if (restart(s))
		abort();
	session_poll(s);
	return s;
}

static void candidate(void *ctx, const struct completion *c)
{
	unsigned *left = ctx;

	if (!*left || !c->text)
		abort();
	--*left;
}

static void complete(struct session *s, const char *line)
{
	size_t len = strlen(line), word;
	size_t points[] = { len, len / 2, 0 };

	for (unsigned i = 0; i < ARRAY_SIZE(points); i++) {
		unsigned left = 50;

		command_complete(s, line, points[i], &word, candidate, &left, 50);
		if (word > points[i])
			abort();
	}
}

/* True when the line left the guest running: it used up the fake's budget, which takes a second here. */
static bool run_line(struct session *s, const char *line)
{
	bool ran;

	complete(s, line);
	error_destroy(command_run(s, line, s->talk));
	session_poll(s);
	out_capture_clear(s->talk);
	ran = s->running;
	if (ran) {
		error_destroy(session_interrupt(s));
		session_poll(s);
	}
	out_capture_clear(s->talk);
	return ran;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session *s = create();
	unsigned runs = 0;
	size_t at = 0;

	for (unsigned i = 0; i < LINES_MAX && at < size && !s->quit && runs < 1; i++) {
		const uint8_t *nl = memchr(data + at, '\n', size - at);
		size_t len = nl ? (size_t)(nl - (data + at)) : size - at;
		_free_ char *line = xstrndup((const char *)data + at, len < LINE_MAX_LEN ? len : LINE_MAX_LEN);

		runs += run_line(s, line);
		at += len + 1;
	}
	session_destroy(s);
	return 0;
}
