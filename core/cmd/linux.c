/* SPDX-License-Identifier: GPL-3.0-or-later */
/* linux, linux symbols, linux dmesg, linux cmdline: a Linux guest without its debug files. */
#include <inttypes.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/command/command.h"
#include "core/decode/linux_dmesg.h"
#include "core/session/run.h"
#include "core/symbols/kallsyms.h"
#include "core/symbols/linux_guest.h"

#define CMDLINE_MAX 2048

static struct error *find(struct session *s, struct linux_guest **ret)
{
	struct linux_guest *g = xcalloc(1, sizeof(*g));
	struct error *err = linux_guest_find(s->target, g);

	if (err)
		free(g);
	else
		*ret = g;
	return err;
}

static struct error *linux_run(struct session *s, const struct args *args, struct out *out)
{
	_free_ struct linux_guest *g = NULL;
	struct error *err = find(s, &g);

	if (err)
		return err;
	out_begin(out, "linux");
	out_text(out, ROLE_TEXT, "Linux ");
	out_str(out, ROLE_TEXT, "release", 0, g->release);
	out_text(out, ROLE_TEXT, ", moved by ");
	out_hex(out, ROLE_ADDR, "kaslr_offset", 0, g->kaslr_offset);
	out_text(out, ROLE_TEXT, ", VMCOREINFO at ");
	out_hex(out, ROLE_ADDR, "note_gpa", 0, g->note_gpa);
	out_end(out);
	return NULL;
}

const struct command cmd_linux = {
	.name = "linux",
	.group = "linux guest",
	.summary = "say which Linux kernel the guest's memory holds",
	.needs = NEED_TARGET,
	.run = linux_run,
};

/* Loaded before, and the kernel has not moved since (a reset moves it). */
static bool loaded(struct session *s, const struct linux_guest *g)
{
	struct symbol sym;
	uint64_t addr;

	return linux_guest_symbol(g, "_stext", &addr) && symbols_by_name(s->symbols, "_stext", &sym) &&
	       sym.addr == addr;
}

static struct error *linux_symbols_run(struct session *s, const struct args *args, struct out *out)
{
	_free_ struct linux_guest *g = NULL;
	struct error *err = find(s, &g);
	size_t count = 0;

	if (err)
		return err;
	if (!loaded(s, g)) {
		err = kallsyms_load(s->symbols, g, &count);
		if (err)
			return err;
		session_resolve_stops(s);
		stop_list_arm(&s->stops, s->target);
		session_changed(s);
	}
	out_begin(out, "linux");
	out_text(out, ROLE_TEXT, "Linux ");
	out_str(out, ROLE_TEXT, "release", 0, g->release);
	if (count) {
		out_text(out, ROLE_TEXT, ": ");
		out_dec(out, ROLE_NUMBER, "symbols", 0, count);
		out_text(out, ROLE_TEXT, " symbols, moved by ");
	} else {
		out_text(out, ROLE_TEXT, ": its symbols are loaded already, moved by ");
	}
	out_hex(out, ROLE_ADDR, "kaslr_offset", 0, g->kaslr_offset);
	out_end(out);
	return NULL;
}

const struct command cmd_linux_symbols = {
	.name = "linux symbols",
	.group = "linux guest",
	.summary = "take the symbols of a Linux guest from its own memory",
	.help = "Needs no file: the kernel's symbol table (kallsyms) is found by the VMCOREINFO note that the\n"
		"kernel writes while it starts, at the addresses it has been moved to (KASLR). Breakpoints that\n"
		"waited for their symbols are armed.",
	.needs = NEED_TARGET,
	.run = linux_symbols_run,
};

static struct error *linux_dmesg_run(struct session *s, const struct args *args, struct out *out)
{
	_free_ struct linux_guest *g = NULL;
	struct error *err = find(s, &g);
	uint64_t max = args->value[0].given ? args->value[0].number : 0;

	return err ? err : linux_dmesg_show(g, max > UINT32_MAX ? 0 : max, out);
}

const struct command cmd_linux_dmesg = {
	.name = "linux dmesg",
	.group = "linux guest",
	.summary = "show the kernel messages of a Linux guest",
	.help = "All that its ring still has, or the last N; also of a guest that runs, hangs or has ended.",
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.needs = NEED_TARGET,
	.run = linux_dmesg_run,
};

static struct error *linux_cmdline_run(struct session *s, const struct args *args, struct out *out)
{
	_free_ struct linux_guest *g = NULL;
	struct error *err = find(s, &g);
	char text[CMDLINE_MAX + 1] = "";
	struct symbol sym;
	uint64_t at;
	size_t done;

	if (err)
		return err;
	if (!symbols_by_name(s->symbols, "saved_command_line", &sym))
		return error_hint(error_create(ERROR_NOT_FOUND, "no symbol saved_command_line is known"),
				  "`linux symbols` takes the kernel's symbols from its memory");
	err = linux_guest_read_u64(g, sym.addr, &at);
	if (err)
		return err;
	err = target_virt_read(g->target, &g->regs, at, text, CMDLINE_MAX, &done);
	if (err && !done)
		return err;
	error_destroy(err);
	out_begin(out, "linux");
	out_str(out, ROLE_TEXT, "cmdline", 0, text);
	out_end(out);
	return NULL;
}

const struct command cmd_linux_cmdline = {
	.name = "linux cmdline",
	.group = "linux guest",
	.summary = "show the command line a Linux guest was started with",
	.needs = NEED_TARGET,
	.run = linux_cmdline_run,
};
