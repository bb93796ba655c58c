/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/lang/format.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"

/* "field:unsigned int exit_reason;	offset:8;	size:4;	signed:0;" */
struct line {
	char declaration[200];
	unsigned offset, size, is_signed;
};

static bool parse_line(const char *text, struct line *ret)
{
	const char *field = strstr(text, "field:"), *end = field ? strchr(field, ';') : NULL;
	size_t len = end ? (size_t)(end - field - 6) : 0;

	if (!end || len >= sizeof(ret->declaration))
		return false;
	memcpy(ret->declaration, field + 6, len);
	ret->declaration[len] = '\0';
	return sscanf(end, "; offset:%u; size:%u; signed:%u", &ret->offset, &ret->size, &ret->is_signed) == 3;
}

/* Splits "unsigned long args[6]" into the name and how many; 0: no array. */
static char *name_of(char *declaration, unsigned *ret_count)
{
	char *bracket = strchr(declaration, '['), *end = bracket ? bracket : declaration + strlen(declaration);

	*ret_count = bracket ? strtoul(bracket + 1, NULL, 10) : 0;
	while (end > declaration && isspace((unsigned char)end[-1]))
		end--;
	char *start = end;
	while (start > declaration && (isalnum((unsigned char)start[-1]) || start[-1] == '_'))
		start--;
	return end > start ? xstrndup(start, end - start) : NULL;
}

static enum field_type number_type(unsigned size, bool is_signed)
{
	unsigned power = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;

	return (is_signed ? FIELD_S8 : FIELD_U8) + power;
}

static void add_field(struct lang_event *ev, struct line *l)
{
	bool pointer = strchr(l->declaration, '*'), is_char = !strncmp(l->declaration, "char ", 5);
	unsigned count;
	_free_ char *name = name_of(l->declaration, &count);

	/* A program on a perf event may not look at the first 8 bytes. */
	if (!name || l->offset < 8 || strstr(l->declaration, "__data_loc") || strstr(l->declaration, "__rel_loc"))
		return;
	if (strchr(l->declaration, '[')) {
		if (l->size && l->size <= 64)
			lang_event_field(ev, name, is_char ? FIELD_STRING : FIELD_BYTES,
					 is_char ? UNIT_NONE : UNIT_HEX, l->size, l->offset);
		return;
	}
	if (l->size != 1 && l->size != 2 && l->size != 4 && l->size != 8)
		return;
	bool hex = pointer || strstr(l->declaration, "long") || strstr(name, "addr") || strstr(name, "rip") ||
		   strstr(name, "ip");
	if (!strcmp(name, "gpa") || !strcmp(name, "fault_address"))
		hex = true;
	lang_event_field(ev, name, number_type(l->size, l->is_signed), hex && !l->is_signed ? UNIT_HEX : UNIT_NONE,
			 l->size, l->offset);
}

void format_fields(const char *text, struct lang_event *ev)
{
	for (const char *s = text; *s;) {
		size_t len = strcspn(s, "\n");
		_free_ char *one = xstrndup(s, len);
		struct line l;

		if (parse_line(one, &l) && l.offset < 4096 && l.size < 4096)
			add_field(ev, &l);
		s += len + (s[len] == '\n');
	}
}
