/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/cmd/split.h"

#include <stddef.h>
#include <string.h>

#include "core/base/vec.h"

char *split_comma(const char **p)
{
	unsigned depth = 0;
	char quote = 0;
	const char *s = *p + strspn(*p, " \t"), *e;

	if (!*s)
		return NULL;
	for (e = s; *e; e++) {
		if (quote) {
			if (*e == '\\' && e[1])
				e++;
			else if (*e == quote)
				quote = 0;
		} else if (*e == '"' || *e == '\'') {
			quote = *e;
		} else if (*e == '(' || *e == '[') {
			depth++;
		} else if ((*e == ')' || *e == ']') && depth) {
			depth--;
		} else if (*e == ',' && !depth) {
			break;
		}
	}
	*p = *e ? e + 1 : e;
	while (e > s && (e[-1] == ' ' || e[-1] == '\t'))
		e--;
	return xstrndup(s, e - s);
}
