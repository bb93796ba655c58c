/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/cmd/stops.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/vec.h"

const char *stop_kind_word(const struct stop *stop)
{
	switch (stop->spec.kind) {
	case STOP_KIND_BREAK:
		if (stop->spec.temporary)
			return "temporary breakpoint";
		return stop->spec.want == STOP_MECH_DR ? "hardware breakpoint" : "breakpoint";
	case STOP_KIND_WATCH:
		return stop->spec.access == STOP_READ ? "read watchpoint" :
		       stop->spec.access == STOP_RW ? "access watchpoint" : "watchpoint";
	case STOP_KIND_CATCH:
		return "catchpoint";
	}
	return "?";
}

void stop_print_line(struct session *s, struct out *out, uint64_t addr)
{
	struct source_line line;
	const char *slash;

	if (!symbols_line_by_addr(s->symbols, addr, &line))
		return;
	slash = strrchr(line.file, '/');
	out_text(out, ROLE_TEXT, ": ");
	out_str(out, ROLE_TEXT, "file", 0, slash ? slash + 1 : line.file);
	out_text(out, ROLE_TEXT, ":");
	out_dec(out, ROLE_NUMBER, "line", 0, line.line);
}

void stop_print_ignore(struct out *out, unsigned id, uint64_t n)
{
	if (n == 0)
		out_message(out, ROLE_TEXT, "will stop the next time breakpoint %u is reached", id);
	else if (n == 1)
		out_message(out, ROLE_TEXT, "will ignore the next crossing of breakpoint %u", id);
	else
		out_message(out, ROLE_TEXT, "will ignore the next %llu crossings of breakpoint %u",
			    (unsigned long long)n, id);
}

/* "3" or "3-5". */
static struct error *parse_range(const char *word, unsigned *ret_lo, unsigned *ret_hi)
{
	unsigned long lo, hi;
	char *end;

	lo = strtoul(word, &end, 10);
	hi = lo;
	if (end != word && *end == '-') {
		const char *second = end + 1;

		hi = strtoul(second, &end, 10);
		if (end == second)
			end = (char *)word;
	}
	if (end == word || *end || word[0] == '-' || word[0] == '+' || lo == 0 || hi < lo || hi >= 1u << 30)
		return error_create(ERROR_USAGE, "'%s' is not a breakpoint number (1, or a range 1-3)", word);
	*ret_lo = lo;
	*ret_hi = hi;
	return NULL;
}

struct error *stop_each_id(struct session *s, const struct args *args,
			   struct error *(*fn)(struct session *s, unsigned id, void *ctx), void *ctx)
{
	VEC(unsigned) ids = { 0 };
	struct error *error = NULL;

	for (unsigned w = 0; w < args->nrepeat && !error; w++) {
		unsigned lo, hi;
		bool any = false;

		error = parse_range(args->repeat[w], &lo, &hi);
		for (size_t i = 0; !error && i < s->stops.stops.len; i++) {
			unsigned id = s->stops.stops.data[i]->id;

			if (id < lo || id > hi)
				continue;
			vec_push(&ids, id);
			any = true;
		}
		if (!error && !any)
			error = error_hint(error_create(ERROR_NOT_FOUND, "there is no breakpoint number %s",
							args->repeat[w]),
					   "`info breakpoints` lists them");
	}
	for (size_t i = 0; args->nrepeat == 0 && i < s->stops.stops.len; i++)
		vec_push(&ids, s->stops.stops.data[i]->id);
	for (size_t i = 0; i < ids.len && !error; i++)
		error = fn(s, ids.data[i], ctx);
	vec_free(&ids);
	return error;
}
