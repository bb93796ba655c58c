/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "core/session/insn.h"

#define DISASSEMBLE_MAX 20000	/* instructions */
#define WITHOUT_SYMBOL 16	/* instructions when no function is known */

struct disassembly {
	uint64_t start, end;	/* end 0: @count instructions */
	unsigned count;
	bool bytes, source;
};

/* The comma outside brackets, or NULL. */
static const char *find_comma(const char *s)
{
	unsigned depth = 0;

	for (; *s; s++) {
		if (*s == '(' || *s == '[')
			depth++;
		else if ((*s == ')' || *s == ']') && depth)
			depth--;
		else if (*s == ',' && !depth)
			return s;
	}
	return NULL;
}

static struct error *parse_two(struct session *s, const char *text, const char *comma, struct disassembly *d)
{
	_free_ char *first = xstrndup(text, comma - text);
	const char *second = comma + 1 + strspn(comma + 1, " \t");
	struct expr_value value;
	struct error *error;

	error = session_location(s, first, &d->start);
	if (error)
		return error;
	error = session_eval(s, *second == '+' ? second + 1 : second, &value);
	if (error)
		return error;
	d->end = *second == '+' ? d->start + value.bits : value.bits;
	if (d->end <= d->start)
		return error_create(ERROR_USAGE, "the range ends (0x%" PRIx64 ") before it starts (0x%" PRIx64 ")",
				    d->end, d->start);
	return NULL;
}

/* The function around @addr, or some instructions from it on. */
static void around(struct session *s, uint64_t addr, struct disassembly *d)
{
	struct symbol sym;
	uint64_t off;

	d->start = addr;
	d->count = WITHOUT_SYMBOL;
	if (!symbols_by_addr(s->symbols, addr, &sym, &off) || sym.type == SYMBOL_OBJECT)
		return;
	d->start = addr - off;
	if (sym.size && off < sym.size)
		d->end = d->start + sym.size;
	else
		d->start = addr;
}

static void print_line(struct session *s, struct out *out, uint64_t addr, unsigned *last)
{
	struct source_line line;
	const char *text, *slash;

	if (!symbols_line_by_addr(s->symbols, addr, &line) || line.line == *last)
		return;
	*last = line.line;
	slash = strrchr(line.file, '/');
	text = symbols_source_text(s->symbols, line.file, line.line);
	out_message(out, ROLE_COMMENT, "%s:%u%s%s", slash ? slash + 1 : line.file, line.line, text ? "  " : "",
		    text ? text + strspn(text, " \t") : "");
}

static struct error *show(struct session *s, struct out *out, const struct disassembly *d)
{
	unsigned flags = INSN_SHOW_ARROW | (d->bytes ? INSN_SHOW_BYTES : 0);
	uint64_t addr = d->start;
	unsigned last_line = 0;

	for (unsigned i = 0; d->end ? addr < d->end : i < d->count; i++) {
		struct error *error;
		struct insn insn;

		if (i == DISASSEMBLE_MAX) {
			out_message(out, ROLE_WARN, "cut after %u instructions", DISASSEMBLE_MAX);
			return NULL;
		}
		if (d->source)
			print_line(s, out, addr, &last_line);
		error = session_insn(s, addr, &insn);
		if (error)
			return error;
		session_print_insn(s, out, &insn, flags);
		addr += insn.len;
	}
	return NULL;
}

static struct error *run(struct session *s, const struct args *args, struct out *out)
{
	const char *text = args->value[0].given ? args->value[0].text : "";
	const char *comma = find_comma(text);
	struct disassembly d = { 0 };
	struct error *error;
	uint64_t addr;

	for (const char *f = args->format; *f; f++) {
		if (*f != 'r' && *f != 's' && *f != 'm')
			return error_create(ERROR_USAGE, "disassemble has /r (raw bytes) and /s (source), not /%c",
					    *f);
		d.bytes |= *f == 'r';
		d.source |= *f != 'r';
	}
	if (comma) {
		error = parse_two(s, text, comma, &d);
	} else {
		error = *text ? session_location(s, text, &addr) : session_pc(s, &addr);
		if (!error)
			around(s, addr, &d);
	}
	return error ? error : show(s, out, &d);
}

const struct command cmd_disassemble = {
	.name = "disassemble",
	.aliases = (const char *const[]){ "disas", NULL },
	.group = "source and code",
	.summary = "disassemble the function around a place, or a range",
	.help = "/r shows the bytes, /s source lines. START,END or START,+LENGTH is a range; without a known\n"
		"function 16 instructions are shown. Code is decoded as the selected vCPU's cs says (16, 32 or\n"
		"64 bits); => marks the pc.",
	.examples = (const char *const[]){ "disassemble", "disassemble/r leaf", "disassemble main,+8", NULL },
	.args = { { .type = ARG_LOCATION, .name = "LOCATION|START,END", .optional = true } },
	.needs = NEED_TARGET,
	.takes_format = true,
	.run = run,
};
