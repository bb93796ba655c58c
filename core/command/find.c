/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From what was typed to the command that is meant. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/command/internal.h"

bool command_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

size_t command_word_len(const char *s)
{
	size_t n = 0;

	while (command_word_char(s[n]))
		n++;
	return *s == '?' ? 1 : n; /* QEMU's monitor calls help so */
}

/* The @i-th word of a name, "" past the end. */
static const char *name_word(const char *name, unsigned i, size_t *ret_len)
{
	while (i-- && *name) {
		name += strcspn(name, " ");
		name += strspn(name, " ");
	}
	*ret_len = strcspn(name, " ");
	return name;
}

static bool same_word(const char *a, size_t alen, const char *b, size_t blen)
{
	return alen == blen && !memcmp(a, b, alen);
}

/* The command called exactly @name of @len bytes, by its name or an alias. */
static const struct command *by_exact(struct session *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->commands.len; i++)
		if (same_word(s->commands.data[i]->name, strlen(s->commands.data[i]->name), name, len))
			return s->commands.data[i];
	for (size_t i = 0; i < s->commands.len; i++) {
		const char *const *alias = s->commands.data[i]->aliases;

		for (; alias && *alias; alias++)
			if (same_word(*alias, strlen(*alias), name, len))
				return s->commands.data[i];
	}
	return NULL;
}

/* What a word may stand for at position @at of names that begin with @head: words that begin with it. */
struct matches {
	const char *word[16];
	size_t len[16];
	unsigned n;
	bool more;
};

static void matches_add(struct matches *m, const char *word, size_t len)
{
	for (unsigned i = 0; i < m->n; i++)
		if (same_word(m->word[i], m->len[i], word, len))
			return;
	if (m->n == ARRAY_SIZE(m->word)) {
		m->more = true;
		return;
	}
	m->word[m->n] = word;
	m->len[m->n++] = len;
}

static void find_matches(struct session *s, const char *head, size_t head_len, unsigned at,
			 const char *word, size_t len, struct matches *m)
{
	for (size_t i = 0; i < s->commands.len; i++) {
		const char *name = s->commands.data[i]->name;
		size_t first_len, word_len;
		const char *first = name_word(name, 0, &first_len);
		const char *w = name_word(name, at, &word_len);

		if (at && !same_word(first, first_len, head, head_len))
			continue;
		if (word_len >= len && len && !memcmp(w, word, len)) {
			if (word_len == len) {
				*m = (struct matches){ .word = { w }, .len = { word_len }, .n = 1 };
				return;
			}
			matches_add(m, w, word_len);
		}
	}
}

static struct error *ambiguous(const struct matches *m, const char *head, const char *word, size_t len)
{
	struct text names = { 0 };
	struct error *error;

	for (unsigned i = 0; i < m->n; i++)
		text_printf(&names, "%s%.*s", i ? ", " : "", (int)m->len[i], m->word[i]);
	if (m->more)
		text_puts(&names, ", ...");
	error = error_create(ERROR_NOT_FOUND, "'%s%s%.*s' is ambiguous: %s", head, *head ? " " : "",
			     (int)len, word, text_str(&names));
	text_deinit(&names);
	return error;
}

static struct error *unknown(struct session *s, const char *word, size_t len)
{
	char *name = xstrndup(word, len);
	const char *near = command_nearest(s, name);
	struct error *error = error_create(ERROR_NOT_FOUND, "there is no command '%s'", name);

	free(name);
	if (near)
		return error_hint(error, "did you mean `%s`?", near);
	return error_hint(error, "`help` lists them");
}

/* The command whose whole name is "@head @sub" for a word @sub may abbreviate; *ret NULL when none. */
static struct error *find_sub(struct session *s, const struct command *head, const char *sub, size_t len,
			      const struct command **ret)
{
	struct matches m = { 0 };
	char *full;

	*ret = NULL;
	full = xasprintf("%s %.*s", head->name, (int)len, sub);
	*ret = by_exact(s, full, strlen(full));
	free(full);
	if (*ret)
		return NULL;
	find_matches(s, head->name, strlen(head->name), 1, sub, len, &m);
	if (m.n > 1)
		return ambiguous(&m, head->name, sub, len);
	if (m.n == 0)
		return NULL;
	full = xasprintf("%s %.*s", head->name, (int)m.len[0], m.word[0]);
	*ret = by_exact(s, full, strlen(full));
	free(full);
	return NULL;
}

static bool is_sub(const char *name, const struct command *head, size_t len)
{
	return !strncmp(name, head->name, len) && name[len] == ' ';
}

static bool has_subs(struct session *s, const struct command *cmd)
{
	size_t len = strlen(cmd->name);

	for (size_t i = 0; i < s->commands.len; i++) {
		const char *const *alias = s->commands.data[i]->aliases;

		if (is_sub(s->commands.data[i]->name, cmd, len))
			return true;
		for (; alias && *alias; alias++)
			if (is_sub(*alias, cmd, len))
				return true;
	}
	return false;
}

static struct error *unknown_sub(struct session *s, const struct command *head, const char *sub, size_t len)
{
	char *full = xasprintf("%s %.*s", head->name, (int)len, sub);
	const char *near = command_nearest(s, full);
	struct error *error = error_create(ERROR_NOT_FOUND, "there is no command '%s'", full);

	free(full);
	if (near)
		return error_hint(error, "did you mean `%s`?", near);
	return error_hint(error, "`help %s` lists them", head->name);
}

struct error *command_find(struct session *s, const char *line, const struct command **ret,
			   const char **ret_args)
{
	const char *word = line + strspn(line, " \t");
	size_t len = command_word_len(word);
	const struct command *cmd, *sub;
	struct matches m = { 0 };
	struct error *error;
	const char *rest;

	if (!len)
		return unknown(s, word, strcspn(word, " \t"));
	cmd = by_exact(s, word, len);
	if (!cmd) {
		find_matches(s, "", 0, 0, word, len, &m);
		if (m.n > 1)
			return ambiguous(&m, "", word, len);
		if (m.n == 0)
			return unknown(s, word, len);
		cmd = by_exact(s, m.word[0], m.len[0]);
		if (!cmd)
			return unknown(s, word, len);
	}
	rest = word + len;
	if (has_subs(s, cmd) && *rest != '/') {
		const char *next = rest + strspn(rest, " \t");
		size_t next_len = command_word_len(next);

		if (next_len) {
			error = find_sub(s, cmd, next, next_len, &sub);
			if (error)
				return error;
			if (sub) {
				*ret = sub;
				*ret_args = next + next_len;
				return NULL;
			}
			if (cmd->args[0].type == ARG_END)
				return unknown_sub(s, cmd, next, next_len);
		}
	}
	*ret = cmd;
	*ret_args = rest;
	return NULL;
}

/* ---- did you mean -------------------------------------------------------------------------------- */

/* Edits (insert, delete, replace, swap of neighbours) from @a to @b, both short. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][40];
	size_t na = strlen(a), nb = strlen(b);

	if (na >= ARRAY_SIZE(rows[0]) || nb >= ARRAY_SIZE(rows[0]))
		return ~0u;
	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned best = up[j - 1] + (a[i - 1] != b[j - 1]);

			if (up[j] + 1 < best)
				best = up[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    up2[j - 2] + 1 < best)
				best = up2[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[na % 3][nb];
}

const char *command_nearest(struct session *s, const char *word)
{
	size_t head = strcspn(word, " ");
	/* "info regsters" is near to what shares its first word; that word is no merit. */
	size_t own = word[head] ? strlen(word) - head - 1 : head;
	unsigned best = own < 4 ? 1 : own / 3 + 1;
	const char *name = NULL;

	for (size_t i = 0; i < s->commands.len; i++) {
		const char *candidate = s->commands.data[i]->name;
		unsigned d;

		if (word[head] && strncmp(candidate, word, head + 1))
			continue;
		d = distance(word, candidate);
		if (d < best || (d == best && !name)) {
			best = d;
			name = candidate;
		}
	}
	return name;
}
