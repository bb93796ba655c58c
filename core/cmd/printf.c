/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printf, dprintf. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cmd/split.h"
#include "core/cmd/stops.h"

#define WIDTH_MAX 200

/* One %-conversion: flags and width as typed, length modifiers dropped (values know their size). */
struct conversion {
	char spec[16];
	char letter;
};

static struct error *parse_conversion(const char **p, struct conversion *ret)
{
	const char *s = *p;
	unsigned width = 0;
	size_t n = 1;

	ret->spec[0] = '%';
	while (*s && strchr("-+ #0", *s) && n < 6)
		ret->spec[n++] = *s++;
	while (isdigit((unsigned char)*s) && width <= WIDTH_MAX)
		width = width * 10 + (*s++ - '0');
	if (width > WIDTH_MAX)
		return error_create(ERROR_USAGE, "printf: a width is at most %d", WIDTH_MAX);
	if (width)
		n += sprintf(ret->spec + n, "%u", width);
	while (*s && strchr("hlzj", *s))
		s++;
	if (!*s || !strchr("diuxXocspa%", *s))
		return error_hint(error_create(ERROR_USAGE, "printf: unknown conversion '%%%.1s'", s),
				  "conversions are d u x o c s p a (address with symbol) and %%%%");
	ret->spec[n] = 0;
	ret->letter = *s;
	*p = s + 1;
	return NULL;
}

static struct error *add_string(struct session *s, const struct conversion *c, uint64_t addr, struct text *t)
{
	_cleanup_(text_deinit) struct text str = { 0 };
	struct error *error = NULL;
	char fmt[20];

	while (str.len < s->options.elements) {
		char byte;
		size_t done;

		error = session_mem_read(s, addr + str.len, &byte, 1, &done);
		if (error || !byte)
			break;
		text_add(&str, &byte, 1);
	}
	if (error)
		return error;
	snprintf(fmt, sizeof(fmt), "%ss", c->spec);
	text_printf(t, fmt, text_str(&str));
	return NULL;
}

static struct error *add_value(struct session *s, const struct conversion *c, struct expr_value v, struct text *t)
{
	uint64_t bits = v.size && v.size < 8 ? v.bits & ((1ull << v.size * 8) - 1) : v.bits;
	char fmt[24], sym[256];

	switch (c->letter) {
	case 's':
		return add_string(s, c, v.bits, t);
	case 'c':
		snprintf(fmt, sizeof(fmt), "%sc", c->spec);
		text_printf(t, fmt, (int)(v.bits & 0xff));
		return NULL;
	case 'p':
		text_printf(t, "0x%llx", (unsigned long long)v.bits);
		return NULL;
	case 'a':
		text_printf(t, "0x%llx", (unsigned long long)v.bits);
		if (*session_symbolize(s, v.bits, sym, sizeof(sym)))
			text_printf(t, " %s", sym);
		return NULL;
	case 'd':
	case 'i':
		snprintf(fmt, sizeof(fmt), "%slld", c->spec);
		text_printf(t, fmt, (long long)v.bits);
		return NULL;
	default:
		snprintf(fmt, sizeof(fmt), "%sll%c", c->spec, c->letter);
		text_printf(t, fmt, (unsigned long long)bits);
		return NULL;
	}
}

static void add_escape(const char **p, struct text *t)
{
	char c = **p;

	if (!c)
		return;
	++*p;
	c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'e' ? 27 : c;
	text_add(t, &c, 1);
}

/* @format is what stands between the quotes, @args the text behind the comma. */
static struct error *format_text(struct session *s, const char *format, const char *args, struct text *t)
{
	const char *p = format;
	struct error *error;

	while (*p) {
		_free_ char *piece = NULL;
		struct conversion c;
		struct expr_value v;

		if (*p == '\\') {
			p++;
			add_escape(&p, t);
			continue;
		}
		if (*p != '%') {
			text_add(t, p++, 1);
			continue;
		}
		p++;
		error = parse_conversion(&p, &c);
		if (error)
			return error;
		if (c.letter == '%') {
			text_add(t, "%", 1);
			continue;
		}
		piece = split_comma(&args);
		if (!piece)
			return error_create(ERROR_USAGE, "printf: fewer values than conversions in \"%s\"", format);
		error = session_eval(s, piece, &v);
		if (!error)
			error = add_value(s, &c, v, t);
		if (error)
			return error;
	}
	if (args[strspn(args, " \t")])
		return error_create(ERROR_USAGE, "printf: more values than conversions in \"%s\"", format);
	return NULL;
}

/* "FORMAT" at the start of @text into *ret_format; returns what follows behind the comma. */
static struct error *parse_template(const char *text, char **ret_format, const char **ret_args)
{
	const char *p = text, *end;
	_free_ char *piece = split_comma(&p);
	size_t len = piece ? strlen(piece) : 0;

	if (len < 2 || piece[0] != '"' || piece[len - 1] != '"')
		return error_hint(error_create(ERROR_USAGE, "printf: \"FORMAT\" in quotes is missing"),
				  "printf \"%%d at %%a\\n\", $rdi, $rip");
	end = p;
	*ret_format = xstrndup(piece + 1, len - 2);
	*ret_args = end;
	return NULL;
}

static struct error *printf_run(struct session *s, const struct args *args, struct out *out)
{
	_cleanup_(text_deinit) struct text t = { 0 };
	_free_ char *format = NULL;
	struct error *error;
	const char *rest, *p;

	error = parse_template(args->value[0].text, &format, &rest);
	if (!error)
		error = format_text(s, format, rest, &t);
	if (error)
		return error;
	out_begin(out, "printf");
	out_hidden_str(out, "text", text_str(&t));
	for (p = text_str(&t); *p;) {
		size_t len = strcspn(p, "\n");

		out_text(out, ROLE_TEXT, "%.*s", (int)len, p);
		p += len;
		if (*p == '\n' && *++p)
			out_nl(out);
	}
	out_end(out);
	return NULL;
}

const struct command cmd_printf = {
	.name = "printf",
	.group = "scripts",
	.summary = "print values by a format, as C's printf",
	.help = "printf \"FORMAT\", EXPR...   Conversions: d u x o c, s (string at that address), p, a\n"
		"(address with symbol); flags and widths as in C. Every printf ends its line.",
	.examples = (const char *const[]){ "printf \"rdi %d at %a\", $rdi, $rip", "printf \"%-8s|%08x\", message, 255",
					   NULL },
	.args = { { .type = ARG_REST, .name = "\"FORMAT\", EXPR..." } },
	.run = printf_run,
};

/* ---- dprintf ------------------------------------------------------------------------------------- */

static struct error *dprintf_run(struct session *s, const struct args *args, struct out *out)
{
	struct stop_spec spec = { .kind = STOP_KIND_BREAK, .len = 1, .vcpu = -1 };
	const char *p = args->value[0].text, *rest;
	_free_ char *location = split_comma(&p);
	_free_ char *format = NULL;
	struct error *error;
	struct stop *stop;

	p += strspn(p, " \t");
	if (!location)
		return error_create(ERROR_USAGE, "dprintf: LOCATION is missing");
	error = parse_template(p, &format, &rest);
	if (!error)
		error = session_break_location(s, location, &spec.addr);
	if (!error)
		error = stop_add(&s->stops, s->target, &spec, location, NULL, NULL, false, &stop);
	if (error)
		return error;
	stop->silent = true;
	vec_push(&stop->commands, xasprintf("printf %s", p));
	vec_push(&stop->commands, xstrdup("continue"));
	stop_print_made(s, out, stop);
	session_changed(s);
	return NULL;
}

const struct command cmd_dprintf = {
	.name = "dprintf",
	.group = "breakpoints",
	.summary = "print by a format whenever LOCATION is reached, and go on",
	.help = "dprintf LOCATION, \"FORMAT\", EXPR...   It is a breakpoint with a command list: `condition`,\n"
		"`ignore`, `disable` and `delete` apply. The guest stops for the time of printing.",
	.examples = (const char *const[]){ "dprintf leaf, \"leaf(%d)\", $rdi; continue", NULL },
	.args = { { .type = ARG_REST, .name = "LOCATION, \"FORMAT\", EXPR..." } },
	.needs = NEED_TARGET,
	.run = dprintf_run,
};
