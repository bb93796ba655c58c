/* SPDX-License-Identifier: GPL-3.0-or-later */
/* record, record start, record stop, record save, record ring: what happens becomes a file. */
#include "core/session/record.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"

static const char *const mem_names[] = { "none", "touched", "all", NULL };

static void print_status(struct session *s, struct out *out)
{
	struct recorder_status status;
	const char *path;
	uint64_t pages;
	char size[32];

	if (!session_record_status(s, &status, &path, &pages)) {
		out_message(out, ROLE_TEXT, "nothing is recorded");
		return;
	}
	out_begin(out, "recording");
	out_text(out, ROLE_TEXT, path ? "recording to " : "flight recorder");
	if (path)
		out_str(out, ROLE_TEXT, "path", 0, path);
	out_text(out, ROLE_TEXT, ": ");
	out_dec(out, ROLE_NUMBER, "events", 0, status.events);
	out_text(out, ROLE_TEXT, " events, ");
	out_hidden_dec(out, "bytes", status.bytes);
	out_text(out, ROLE_NUMBER, "%s", format_size(size, sizeof(size), status.bytes));
	out_text(out, ROLE_TEXT, ", ");
	out_dec(out, ROLE_NUMBER, "pages", 0, pages);
	out_text(out, ROLE_TEXT, " pages of memory, lost: ");
	out_dec(out, status.lost ? ROLE_WARN : ROLE_NUMBER, "lost", 0, status.lost);
	if (!path) {
		out_text(out, ROLE_TEXT, ", made room for newer ones: ");
		out_dec(out, ROLE_NUMBER, "dropped_old", 0, status.dropped_old);
	}
	out_end(out);
	if (*status.error)
		out_message(out, ROLE_ERROR, "nothing is written any more: %s", status.error);
	else if (status.full)
		out_message(out, ROLE_WARN, "the recording has reached its size and takes no more");
}

static struct error *record_run(struct session *s, const struct args *args, struct out *out)
{
	session_poll(s);
	print_status(s, out);
	return NULL;
}

const struct command cmd_record = {
	.name = "record",
	.aliases = (const char *const[]){ "info record", NULL },
	.group = "recording",
	.summary = "say what is recorded: where to, how much, what was lost",
	.examples = (const char *const[]){ "record", NULL },
	.run = record_run,
};

static struct error *start_run(struct session *s, const struct args *args, struct out *out)
{
	struct session_record_options o = { .path = args->value[0].text, .mem = RECORD_MEM_TOUCHED };
	struct error *error;

	if (args->value[2].given)
		o.mem = (enum record_mem)args->value[2].number;
	error = session_record_start(s, &o);
	if (!error)
		print_status(s, out);
	return error;
}

const struct command cmd_record_start = {
	.name = "record start",
	.group = "recording",
	.summary = "record from now on into FILE: events, and the machine at each stop",
	.help = "mem says how much memory goes along: `touched` (the default) what changes from now on and\n"
		"what the vCPUs stand on, `all` everything the guest ever touched, `none`. The guest never\n"
		"waits for the recorder; what it can not keep up with is counted, here and in the file.\n"
		"The last events before now (at most 10000) go along. `vmscope play FILE` opens it.",
	.args = { { .type = ARG_FILE, .name = "FILE" },
		  { .type = ARG_KEYWORD, .name = "mem", .optional = true },
		  { .type = ARG_CHOICE, .name = "none|touched|all", .optional = true, .choices = mem_names } },
	.run = start_run,
};

static struct error *ring_run(struct session *s, const struct args *args, struct out *out)
{
	struct session_record_options o = { .mem = RECORD_MEM_NONE };
	struct error *error = NULL;

	if (args->value[0].given)
		error = parse_size(args->value[0].text, &o.ring_bytes);
	if (!error && args->value[0].given && o.ring_bytes < 64 << 10)
		error = error_create(ERROR_USAGE, "a flight recorder needs at least 64K");
	if (!error)
		error = session_record_start(s, &o);
	if (!error)
		print_status(s, out);
	return error;
}

const struct command cmd_record_ring = {
	.name = "record ring",
	.group = "recording",
	.summary = "the flight recorder: keep the last events in SIZE of memory (256M)",
	.help = "`record save FILE` writes what is kept, and the machine with its memory as it is then; as a\n"
		"rule: `on EVENT do record save FILE`.",
	.examples = (const char *const[]){ "record ring 4M", NULL },
	.args = { { .type = ARG_WORD, .name = "SIZE", .optional = true } },
	.run = ring_run,
};

static struct error *save_run(struct session *s, const struct args *args, struct out *out)
{
	struct error *error;

	session_poll(s);
	error = session_record_save(s, args->value[0].text, false);
	if (!error)
		out_message(out, ROLE_TEXT, "saved to %s", args->value[0].text);
	return error;
}

const struct command cmd_record_save = {
	.name = "record save",
	.group = "recording",
	.summary = "write what the flight recorder holds to FILE",
	.args = { { .type = ARG_FILE, .name = "FILE" } },
	.run = save_run,
};

/* ---- steps --------------------------------------------------------------------------------------- */

#define STEPS_BYTES (64ull << 20)

static struct error *steps_run(struct session *s, const struct args *args, struct out *out)
{
	static const char *const words[] = { "off", "on" };
	uint64_t bytes = STEPS_BYTES, steps = 0, dropped = 0;
	struct error *error = NULL;
	bool on;

	if (!s->target->ops->steps_record)
		return error_create(ERROR_UNSUPPORTED, "a %s target records no steps", s->target->ops->name);
	if (args->value[1].given)
		error = parse_size(args->value[1].text, &bytes);
	if (!error && args->value[1].given && bytes < 4096)
		error = error_create(ERROR_USAGE, "SIZE is at least 4K");
	if (!error && args->value[0].given)
		error = s->target->ops->steps_record(s->target, args->value[0].number ? bytes : 0);
	if (error)
		return error;
	on = s->target->ops->steps_status(s->target, &steps, &dropped);
	out_begin(out, "steps");
	out_text(out, ROLE_TEXT, "recording of steps: ");
	out_str(out, ROLE_TEXT, "state", 0, words[on]);
	if (on) {
		out_text(out, ROLE_TEXT, ", can be undone: ");
		out_dec(out, ROLE_NUMBER, "steps", 0, steps);
		out_text(out, ROLE_TEXT, ", dropped for room: ");
		out_dec(out, dropped ? ROLE_WARN : ROLE_NUMBER, "dropped", 0, dropped);
	}
	out_end(out);
	return NULL;
}

static const char *const on_off[] = { "off", "on", NULL };

const struct command cmd_record_steps = {
	.name = "record steps",
	.group = "recording",
	.summary = "keep what each single step replaces, so that `reverse-stepi` can undo it",
	.help = "Registers and memory come back exactly. Not undone: what devices were told, interrupt\n"
		"controllers and timers, accessed and dirty bits of page tables. A free run, a halt, a handler\n"
		"on another stack or a write by the user ends the way back there; it is said where. At most\n"
		"SIZE (64M) of memory is used, the oldest steps go first. `reverse-continue` goes back to the\n"
		"last breakpoint, or to the beginning of what is kept.",
	.args = { { .type = ARG_CHOICE, .name = "on|off", .optional = true, .choices = on_off },
		  { .type = ARG_WORD, .name = "SIZE", .optional = true } },
	.needs = NEED_TARGET,
	.run = steps_run,
};

static struct error *stop_run(struct session *s, const struct args *args, struct out *out)
{
	session_poll(s);
	print_status(s, out);
	return session_record_stop(s);
}

const struct command cmd_record_stop = {
	.name = "record stop",
	.group = "recording",
	.summary = "end the recording and close its file",
	.examples = (const char *const[]){ "record ring 1M; stepi; record stop", NULL },
	.run = stop_run,
};
