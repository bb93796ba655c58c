/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "main", "*EXPR", "demo.c:12", "12", "0x1000", "$pc+4": a place in the guest's code as people write it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/session/run.h"

static bool all_digits(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s);
}

/* FILE:LINE; a drive of colons inside an expression (a ? b : c) does not end in digits after a name. */
static bool is_file_line(const char *text, size_t *ret_colon)
{
	const char *colon = strrchr(text, ':');

	if (!colon || colon == text || !all_digits(colon + 1) || strpbrk(text, "?*$("))
		return false;
	*ret_colon = colon - text;
	return true;
}

static struct error *by_line(struct session *s, const char *file, const char *line_text, uint64_t *ret)
{
	unsigned found;
	uint64_t line;
	struct error *error;

	/* Base 10 always: 012 is line 12 to everybody. */
	line = strtoull(line_text, NULL, 10);
	if (line == 0 || line > 10000000)
		return error_create(ERROR_USAGE, "'%s' is not a line number", line_text);
	error = symbols_addr_by_line(s->symbols, file, line, ret, &found);
	return error;
}

/* The file a bare line number means: that of `list`, else that of the current pc. */
static struct error *current_file(struct session *s, char *buf, size_t size)
{
	struct source_line line;
	uint64_t pc;

	if (s->source_file[0]) {
		snprintf(buf, size, "%s", s->source_file);
		return NULL;
	}
	if (s->target) {
		_error_ struct error *error = session_pc(s, &pc);

		if (!error && symbols_line_by_addr(s->symbols, pc, &line)) {
			snprintf(buf, size, "%s", line.file);
			return NULL;
		}
	}
	return error_hint(error_create(ERROR_NOT_FOUND, "there is no current source file"),
			  "name one (file.c:12), or write *12 or 0xc for an address");
}

/* "lo_ioctl [loop]", as backtraces show functions of a guest kernel's modules. */
static bool of_module(struct session *s, const char *text, struct symbol *ret)
{
	size_t len = strlen(text), name = strcspn(text, " \t");
	const char *open = strchr(text, '[');
	char buf[512];

	if (!open || len >= sizeof(buf) || text[len - 1] != ']' || name == 0 ||
	    text + name + strspn(text + name, " \t") != open)
		return false;
	memcpy(buf, text, len + 1);
	buf[name] = buf[len - 1] = 0;
	return symbols_by_name_in(s->symbols, buf, buf + (open - text) + 1, ret);
}

/* Symbols without debug info (kallsyms) do not say where local calls enter: the code does. */
static uint64_t skip_global_entry(struct session *s, uint64_t addr)
{
	const struct regs *regs;
	uint8_t code[8];
	struct error *error;
	size_t done;
	bool stale;

	if (!s->target || !s->target->arch->local_entry)
		return addr;
	error = session_regs(s, REGS_CORE, &regs, &stale);
	if (!error)
		error = target_virt_read(s->target, regs, addr, code, sizeof(code), &done);
	if (!error)
		return addr + s->target->arch->local_entry(code, arch_is_big_endian(regs));
	error_destroy(error);
	return addr;
}

static struct error *locate(struct session *s, const char *text, bool skip_prologue, uint64_t *ret)
{
	struct expr_value value;
	struct error *error;
	struct symbol sym;
	char file[512];
	size_t colon;

	text += strspn(text, " \t");
	if (!*text)
		return error_create(ERROR_USAGE, "a location is missing (main, *ADDR, file.c:12)");
	if (*text == '*') {
		error = session_eval(s, text + 1, &value);
		if (!error)
			*ret = value.bits;
		return error;
	}
	if (symbols_by_name(s->symbols, text, &sym)) {
		*ret = skip_prologue && sym.type == SYMBOL_FUNC ?
		       symbols_after_prologue(s->symbols, sym.addr) : sym.addr;
		if (skip_prologue && sym.type == SYMBOL_FUNC && *ret == sym.addr)
			*ret = skip_global_entry(s, sym.addr);
		return NULL;
	}
	if (of_module(s, text, &sym)) {
		*ret = skip_prologue ? skip_global_entry(s, sym.addr) : sym.addr;
		return NULL;
	}
	if (is_file_line(text, &colon)) {
		if (colon >= sizeof(file))
			return error_create(ERROR_USAGE, "the file name is too long");
		memcpy(file, text, colon);
		file[colon] = 0;
		return by_line(s, file, text + colon + 1, ret);
	}
	if (all_digits(text)) {
		error = current_file(s, file, sizeof(file));
		return error ? error : by_line(s, file, text, ret);
	}
	error = session_eval(s, text, &value);
	if (!error)
		*ret = value.bits;
	return error;
}

struct error *session_location(struct session *s, const char *text, uint64_t *ret)
{
	return locate(s, text, false, ret);
}

struct error *session_break_location(struct session *s, const char *text, uint64_t *ret)
{
	return locate(s, text, true, ret);
}

/* Breakpoints made before their symbols were loaded look again. */
void session_resolve_stops(struct session *s)
{
	for (size_t i = 0; i < s->stops.stops.len; i++) {
		struct stop *stop = s->stops.stops.data[i];
		struct error *error;

		if (!stop->unresolved)
			continue;
		error = session_break_location(s, stop->location, &stop->spec.addr);
		stop->unresolved = error != NULL;
		error_destroy(error);
	}
}

void session_unresolve_stops(struct session *s)
{
	for (size_t i = 0; i < s->stops.stops.len; i++) {
		struct stop *stop = s->stops.stops.data[i];
		struct error *error;
		uint64_t addr;

		if (stop->spec.kind == STOP_KIND_CATCH || stop->unresolved || stop->location[0] == '*')
			continue;
		error = session_break_location(s, stop->location, &addr);
		if (error || addr != stop->spec.addr)
			stop_move(stop, s->target, error ? NULL : &addr);
		error_destroy(error);
	}
}
