/* SPDX-License-Identifier: GPL-3.0-or-later */
/* break, tbreak, hbreak, thbreak. */
#include <string.h>

#include "core/base/cleanup.h"
#include "core/cmd/stops.h"
#include "core/session/linux.h"

/* Schema of all four: [LOCATION] [vcpu N] [if EXPR]. */
#define BREAK_ARGS { \
	{ .type = ARG_LOCATION, .name = "LOCATION", .optional = true }, \
	{ .type = ARG_KEYWORD, .name = "vcpu", .optional = true }, \
	{ .type = ARG_VCPU, .name = "N" }, \
	{ .type = ARG_KEYWORD, .name = "if", .optional = true }, \
	{ .type = ARG_EXPR, .name = "EXPR" }, \
}
enum { ARG_I_LOCATION, ARG_I_VCPU_WORD, ARG_I_VCPU, ARG_I_IF, ARG_I_COND };

void stop_print_made(struct session *s, struct out *out, const struct stop *stop)
{
	out_begin(out, "breakpoint");
	out_str(out, ROLE_TEXT, "kind", 0, stop_kind_word(stop));
	out_text(out, ROLE_TEXT, " ");
	out_dec(out, ROLE_NUMBER, "id", 0, stop->id);
	if (stop->spec.kind == STOP_KIND_CATCH) {
		out_text(out, ROLE_TEXT, " (");
		out_str(out, ROLE_TEXT, "location", 0, stop->location);
		out_text(out, ROLE_TEXT, ")");
	} else if (stop->unresolved) {
		out_text(out, ROLE_WARN, " (");
		out_str(out, ROLE_TEXT, "location", 0, stop->location);
		out_text(out, ROLE_WARN, ") pending: nothing is called so yet");
	} else {
		out_text(out, ROLE_TEXT, " at ");
		out_hex(out, ROLE_ADDR, "addr", 0, stop->spec.addr);
		session_out_symbol(s, out, ROLE_SYMBOL, stop->spec.addr);
		if (stop->spec.kind == STOP_KIND_WATCH)
			out_text(out, ROLE_TEXT, " (%s, %u byte%s)", stop->location,
				 (unsigned)stop->spec.len, stop->spec.len == 1 ? "" : "s");
		else
			stop_print_line(s, out, stop->spec.addr);
	}
	if (stop->life == STOP_PENDING && stop->why)
		out_text(out, ROLE_WARN, " not armed: %s", stop->why);
	out_end(out);
}

static struct error *resolve(struct session *s, const struct args *args, uint64_t *ret)
{
	if (args->value[ARG_I_LOCATION].given)
		return session_break_location(s, args->value[ARG_I_LOCATION].text, ret);
	if (!s->target || !session_is_halted(s))
		return error_create(ERROR_USAGE, "%s: LOCATION is missing (the guest is not stopped anywhere)",
				    args->command->name);
	return session_pc(s, ret);
}

static const char *location_text(const struct args *args, uint64_t addr, char *buf, size_t size)
{
	if (args->value[ARG_I_LOCATION].given)
		return args->value[ARG_I_LOCATION].text;
	snprintf(buf, size, "*0x%llx", (unsigned long long)addr);
	return buf;
}

static struct error *add_break(struct session *s, const struct args *args, struct out *out, bool temporary,
			       enum stop_mech want)
{
	struct stop_spec spec = {
		.kind = STOP_KIND_BREAK, .len = 1, .temporary = temporary, .want = want,
		.vcpu = args->value[ARG_I_VCPU].given ? (int)args->value[ARG_I_VCPU].number : -1,
	};
	struct linux_kernel *kernel;
	bool unknown = false;
	struct error *error;
	struct stop *stop;
	char buf[32];

	error = resolve(s, args, &spec.addr);
	/* A Linux guest brings its symbols itself, once there is a kernel. */
	if (error && error_code(error) == ERROR_NOT_FOUND && !session_linux_known(s) &&
	    session_linux_expected(s)) {
		error_destroy(session_linux(s, &kernel));
		if (session_linux_known(s)) {
			error_destroy(error);
			error = resolve(s, args, &spec.addr);
		}
	}
	/* Without a guest or symbols names may come later, and a kernel loads modules; else they are mistakes. */
	if (error && error_code(error) == ERROR_NOT_FOUND && args->value[ARG_I_LOCATION].given &&
	    args->value[ARG_I_LOCATION].text[0] != '*' &&
	    (!s->target || symbols_count(s->symbols) == 0 || session_linux_expected(s))) {
		error_destroy(error);
		error = NULL;
		unknown = true;
	}
	if (error)
		return error;
	error = stop_add(&s->stops, unknown ? NULL : s->target, &spec,
			 location_text(args, spec.addr, buf, sizeof(buf)), args->value[ARG_I_COND].text,
			 args->value[ARG_I_COND].prog, false, &stop);
	if (error)
		return error;
	stop->unresolved = unknown;
	if (unknown)
		stop->life = STOP_PENDING;
	stop_print_made(s, out, stop);
	session_changed(s);
	return NULL;
}

static struct error *break_run(struct session *s, const struct args *args, struct out *out)
{
	return add_break(s, args, out, false, STOP_MECH_NONE);
}

static struct error *tbreak_run(struct session *s, const struct args *args, struct out *out)
{
	return add_break(s, args, out, true, STOP_MECH_NONE);
}

static struct error *hbreak_run(struct session *s, const struct args *args, struct out *out)
{
	return add_break(s, args, out, false, STOP_MECH_DR);
}

static struct error *thbreak_run(struct session *s, const struct args *args, struct out *out)
{
	return add_break(s, args, out, true, STOP_MECH_DR);
}

const struct command cmd_break = {
	.name = "break",
	.aliases = (const char *const[]){ "b", "br", NULL },
	.group = "breakpoints",
	.summary = "stop the guest when a vCPU reaches LOCATION",
	.help = "LOCATION is a function (behind its prologue), *ADDRESS, FILE:LINE or a line number; none is\n"
		"the current pc. The condition is evaluated where the vCPU runs and may use registers,\n"
		"memory, symbols and $variables (their values of now). The mechanism (debug register,\n"
		"planted byte, single steps) is chosen by what works here: see `info breakpoints`.\n"
		"A function of a Linux guest may be named before its kernel runs, or its module is loaded: the\n"
		"breakpoint is pending until the kernel has moved to where it will stay (KASLR), and again when\n"
		"the guest starts anew. `break lo_ioctl [loop]` means a module's.",
	.examples = (const char *const[]){ "break leaf", "break *0x100100 if $rcx == 2",
					   "break work vcpu 0", NULL },
	.args = BREAK_ARGS,
	.run = break_run,
};

const struct command cmd_tbreak = {
	.name = "tbreak",
	.aliases = (const char *const[]){ "tb", NULL },
	.group = "breakpoints",
	.summary = "as break, and gone after it stopped the guest once",
	.examples = (const char *const[]){ "tbreak leaf", NULL },
	.args = BREAK_ARGS,
	.run = tbreak_run,
};

const struct command cmd_hbreak = {
	.name = "hbreak",
	.aliases = (const char *const[]){ "hb", NULL },
	.group = "breakpoints",
	.summary = "as break, by a debug register only",
	.help = "The guest's memory is not touched. x86 has four debug registers.",
	.examples = (const char *const[]){ "hbreak leaf", NULL },
	.args = BREAK_ARGS,
	.run = hbreak_run,
};

const struct command cmd_thbreak = {
	.name = "thbreak",
	.group = "breakpoints",
	.summary = "as hbreak, and gone after it stopped the guest once",
	.examples = (const char *const[]){ "thbreak leaf", NULL },
	.args = BREAK_ARGS,
	.run = thbreak_run,
};
