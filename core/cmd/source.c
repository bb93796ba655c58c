/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list, info line, directory. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- list ---------------------------------------------------------------------------------------- */

static bool pc_line(struct session *s, struct source_line *ret)
{
	uint64_t pc;
	_error_ struct error *error = s->target ? session_pc(s, &pc) : NULL;

	/* A return address may already belong to the next line. */
	return s->target && !error && symbols_line_by_addr(s->symbols, s->frame ? pc - 1 : pc, ret);
}

static struct error *print_lines(struct session *s, struct out *out, unsigned first)
{
	struct source_line current;
	bool has_pc = pc_line(s, &current) && !strcmp(current.file, s->source_file);
	unsigned shown = 0;

	for (uint64_t i = 0; i < s->options.list_size; i++) {
		unsigned line = first + i;
		const char *text = symbols_source_text(s->symbols, s->source_file, line);
		bool here = has_pc && current.line == line;

		if (!text)
			break;
		out_begin(out, "line");
		out_bool(out, here ? ROLE_CURRENT : ROLE_TEXT, "current", "=> ", "   ", here);
		out_hidden_str(out, "file", s->source_file);
		out_dec(out, ROLE_NUMBER, "line", 5, line);
		out_text(out, ROLE_TEXT, "  ");
		out_str(out, ROLE_TEXT, "text", 0, text);
		out_end(out);
		shown++;
	}
	if (!shown && first > 1 && symbols_source_text(s->symbols, s->source_file, 1))
		return error_create(ERROR_NOT_FOUND, "line %u is past the end of %s", first,
				    base_name(s->source_file));
	if (!shown)
		return error_hint(error_create(ERROR_NOT_FOUND, "cannot read the source file %s",
					       s->source_file),
				  "`directory DIR` names a folder to search for it");
	s->source_line = first + shown;
	return NULL;
}

/* FILE:LINE and LINE need no code at that line; everything else is an address with a line. */
static struct error *list_place(struct session *s, const char *text, unsigned *ret_line)
{
	const char *colon = strrchr(text, ':');
	const char *digits = colon ? colon + 1 : text;
	struct source_line line;
	struct error *error;
	uint64_t addr;

	if (*digits && strspn(digits, "0123456789") == strlen(digits) && strlen(digits) < 8) {
		*ret_line = strtoul(digits, NULL, 10);
		if (!colon && s->source_file[0])
			return NULL;
		if (!colon && pc_line(s, &line)) {
			snprintf(s->source_file, sizeof(s->source_file), "%s", line.file);
			return NULL;
		}
	}
	error = session_location(s, text, &addr);
	if (error)
		return error;
	if (!symbols_line_by_addr(s->symbols, addr, &line))
		return error_create(ERROR_NOT_FOUND, "no source line is known for 0x%" PRIx64, addr);
	snprintf(s->source_file, sizeof(s->source_file), "%s", line.file);
	if (!colon || !*digits)
		*ret_line = line.line;
	return NULL;
}

static struct error *list_run(struct session *s, const struct args *args, struct out *out)
{
	unsigned half = s->options.list_size / 2, line = 1;
	struct source_line current;
	struct error *error;

	if (args->value[0].given) {
		error = list_place(s, args->value[0].text, &line);
		if (error)
			return error;
	} else if (s->source_file[0] && s->source_line) {
		return print_lines(s, out, s->source_line);
	} else {
		if (!pc_line(s, &current))
			return error_hint(error_create(ERROR_NOT_FOUND, "no source line is known for the pc"),
					  "`list LOCATION`, or `add-symbol-file FILE` for debug information");
		snprintf(s->source_file, sizeof(s->source_file), "%s", current.file);
		line = current.line;
	}
	return print_lines(s, out, line > half ? line - half : 1);
}

const struct command cmd_list = {
	.name = "list",
	.aliases = (const char *const[]){ "l", NULL },
	.group = "source and code",
	.summary = "show source lines around a place; again: the next ones",
	.help = "Without LOCATION: around the pc, then on. `set listsize N` says how many.",
	.args = { { .type = ARG_LOCATION, .name = "LOCATION", .optional = true } },
	.needs = NEED_SYMBOLS,
	.repeats = true,
	.run = list_run,
};

/* ---- info line ----------------------------------------------------------------------------------- */

static struct error *info_line_run(struct session *s, const struct args *args, struct out *out)
{
	struct source_line line;
	struct error *error;
	uint64_t addr;
	char sym[256];

	error = args->value[0].given ? session_location(s, args->value[0].text, &addr) : session_pc(s, &addr);
	if (error)
		return error;
	session_symbolize(s, addr, sym, sizeof(sym));
	if (!symbols_line_by_addr(s->symbols, addr, &line))
		return error_create(ERROR_NOT_FOUND, "no source line is known for 0x%" PRIx64 "%s%s", addr,
				    *sym ? " " : "", sym);
	out_begin(out, "source");
	out_text(out, ROLE_TEXT, "line ");
	out_dec(out, ROLE_NUMBER, "line", 0, line.line);
	out_text(out, ROLE_TEXT, " of ");
	out_str(out, ROLE_TEXT, "file", 0, line.file);
	out_text(out, ROLE_TEXT, " is ");
	out_hex(out, ROLE_ADDR, "start", 0, line.start);
	out_text(out, ROLE_TEXT, "-");
	out_hex(out, ROLE_ADDR, "end", 0, line.end);
	session_out_symbol(s, out, ROLE_SYMBOL, addr);
	out_end(out);
	return NULL;
}

const struct command cmd_info_line = {
	.name = "info line",
	.group = "source and code",
	.summary = "say which addresses a source line has, or which line an address has",
	.args = { { .type = ARG_LOCATION, .name = "LOCATION", .optional = true } },
	.needs = NEED_SYMBOLS,
	.run = info_line_run,
};

/* ---- directory ----------------------------------------------------------------------------------- */

static struct error *directory_run(struct session *s, const struct args *args, struct out *out)
{
	symbols_add_source_dir(s->symbols, args->value[0].text);
	session_changed(s);
	return NULL;
}

const struct command cmd_directory = {
	.name = "directory",
	.aliases = (const char *const[]){ "dir", NULL },
	.group = "source and code",
	.summary = "search DIR for source files",
	.examples = (const char *const[]){ "directory /usr/src", NULL },
	.args = { { .type = ARG_FILE, .name = "DIR" } },
	.run = directory_run,
};
