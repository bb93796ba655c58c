/* SPDX-License-Identifier: GPL-3.0-or-later */
/* backtrace, frame, up, down. */
#include <string.h>

#include "core/base/cleanup.h"
#include "core/command/command.h"
#include "core/session/report.h"

static void print_frame(struct session *s, struct out *out, unsigned n, const struct frame *f)
{
	static const char *const how[] = { "registers", "cfi", "orc", "frame pointer" };
	/* A return address may already belong to the next function: look one byte before it. */
	uint64_t lookup = n && !f->interrupted ? f->pc - 1 : f->pc;
	struct source_line line;
	const char *slash;

	if (f->interrupted && !out->is_json)
		out_message(out, ROLE_DIM, "    -- interrupted or trapped from:");
	out_begin(out, "frame");
	out_text(out, n == s->frame ? ROLE_CURRENT : ROLE_TEXT, "#");
	out_dec(out, n == s->frame ? ROLE_CURRENT : ROLE_NUMBER, "frame", 0, n);
	out_pad(out, 4);
	out_hex(out, ROLE_ADDR, "pc", 16, f->pc);
	session_out_symbol(s, out, ROLE_SYMBOL, f->pc);
	if (symbols_line_by_addr(s->symbols, lookup, &line)) {
		slash = strrchr(line.file, '/');
		out_text(out, ROLE_TEXT, " at ");
		out_str(out, ROLE_TEXT, "file", 0, slash ? slash + 1 : line.file);
		out_text(out, ROLE_TEXT, ":");
		out_dec(out, ROLE_NUMBER, "line", 0, line.line);
	}
	out_hidden_hex(out, "sp", f->sp);
	out_hidden_str(out, "by", how[f->how]);
	out_end(out);
}

/* In a kernel with tables of its own: what the frames were found by. */
static void print_how(struct out *out, enum frame_how first, unsigned guessed)
{
	if (out->is_json || (first != FRAME_ORC && !guessed))
		return;
	if (!guessed)
		out_message(out, ROLE_DIM, "(by the kernel's ORC tables)");
	else
		out_message(out, ROLE_DIM, "(from #%u on by frame pointers: no ORC entry covers the frame before it)",
			    guessed);
}

static struct error *backtrace_run(struct session *s, const struct args *args, struct out *out)
{
	uint64_t max = args->value[0].given ? args->value[0].number : s->options.backtrace_limit;
	struct error *error;
	struct frame frame;
	enum frame_how first = FRAME_INNERMOST;
	unsigned n, guessed = 0;
	bool exists = true;

	for (n = 0; n < max && n < s->options.backtrace_limit; n++) {
		error = session_frame(s, n, &frame, &exists);
		if (error)
			return error;
		if (!exists)
			break;
		print_frame(s, out, n, &frame);
		if (n == 1)
			first = frame.how;
		if (frame.how == FRAME_POINTER && !guessed && first == FRAME_ORC)
			guessed = n;
	}
	print_how(out, first, guessed);
	if (!exists)
		return NULL;
	if (n == s->options.backtrace_limit)
		out_message(out, ROLE_WARN, "cut after %u frames: `set backtrace-limit N`", n);
	else if (!session_frame(s, n, &frame, &exists) && exists)
		out_message(out, ROLE_DIM, "(more frames follow)");
	return NULL;
}

const struct command cmd_backtrace = {
	.name = "backtrace",
	.aliases = (const char *const[]){ "bt", "where", "info stack", NULL },
	.group = "stack",
	.summary = "show the chain of calls of the selected vCPU, at most N frames",
	.examples = (const char *const[]){ "backtrace", "break leaf; continue; backtrace; backtrace 1", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.needs = NEED_TARGET | NEED_HALTED,
	.run = backtrace_run,
};

/* ---- selection ----------------------------------------------------------------------------------- */

static struct error *select_frame(struct session *s, struct out *out, unsigned n)
{
	struct frame frame;
	struct error *error;
	bool exists;

	error = session_frame(s, n, &frame, &exists);
	if (error)
		return error;
	if (!exists)
		return error_hint(error_create(ERROR_NOT_FOUND, "there is no frame %u", n),
				  "`backtrace` shows the frames");
	s->frame = n;
	s->source_file[0] = 0;
	s->source_line = 0;
	for (size_t i = 0; i < s->listeners.len; i++)
		if (s->listeners.data[i]->changed)
			s->listeners.data[i]->changed(s->listeners.data[i]->ctx);
	print_frame(s, out, n, &frame);
	session_print_where(s, out);
	return NULL;
}

static struct error *frame_run(struct session *s, const struct args *args, struct out *out)
{
	if (args->value[0].given && args->value[0].number > 1000000)
		return error_create(ERROR_NOT_FOUND, "there is no frame %s", args->value[0].text);
	return select_frame(s, out, args->value[0].given ? args->value[0].number : s->frame);
}

static struct error *up_run(struct session *s, const struct args *args, struct out *out)
{
	uint64_t n = args->value[0].given ? args->value[0].number : 1;
	struct error *error;
	struct frame frame;
	bool exists;

	/* As in gdb, too far is the outermost one; at it, an error. */
	for (; n > 1 && n < 1000000; n--) {
		error = session_frame(s, s->frame + n, &frame, &exists);
		if (error)
			return error;
		if (exists)
			break;
	}
	error = session_frame(s, s->frame + n, &frame, &exists);
	if (error)
		return error;
	if (!exists)
		return error_create(ERROR_NOT_FOUND, "frame %u is the outermost one", s->frame);
	return select_frame(s, out, s->frame + n);
}

static struct error *down_run(struct session *s, const struct args *args, struct out *out)
{
	uint64_t n = args->value[0].given ? args->value[0].number : 1;

	if (s->frame == 0)
		return error_create(ERROR_NOT_FOUND, "frame 0 is the innermost one");
	return select_frame(s, out, n > s->frame ? 0 : s->frame - n);
}

const struct command cmd_frame = {
	.name = "frame",
	.aliases = (const char *const[]){ "f", NULL },
	.group = "stack",
	.summary = "select frame N of the backtrace; none: show the selected one",
	.help = "Registers and variables are then those of that frame, where the debug info tells where calls\n"
		"saved them; without it pc, sp and fp are, and the others stay as they are now.",
	.examples = (const char *const[]){ "break leaf; continue; frame 1; frame", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.needs = NEED_TARGET | NEED_HALTED,
	.run = frame_run,
};

const struct command cmd_up = {
	.name = "up",
	.group = "stack",
	.summary = "select the caller's frame, N frames up",
	.examples = (const char *const[]){ "break leaf; continue; up", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.needs = NEED_TARGET | NEED_HALTED,
	.repeats = true,
	.run = up_run,
};

const struct command cmd_down = {
	.name = "down",
	.group = "stack",
	.summary = "select the called frame, N frames down",
	.examples = (const char *const[]){ "break leaf; continue; up; down", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.needs = NEED_TARGET | NEED_HALTED,
	.repeats = true,
	.run = down_run,
};
