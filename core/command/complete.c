/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Completion derives from the command tables and the argument schemas. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/internal.h"

struct completer {
	struct session *session;
	completion_fn fn;
	void *ctx;
	unsigned left;
	char *last;	/* candidates that repeat are given once */
};

static void give(struct completer *c, const char *text, const char *help)
{
	struct completion candidate = { .text = text, .help = help };

	if (!c->left || (c->last && !strcmp(c->last, text)))
		return;
	c->left--;
	free(c->last);
	c->last = xstrdup(text);
	c->fn(c->ctx, &candidate);
}

static void give_through(void *ctx, const struct completion *candidate)
{
	give(ctx, candidate->text, candidate->help);
}

static bool begins(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* ---- commands ------------------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Words at position @at of the names whose first word is @head (all when @at is 0). */
static void complete_name(struct completer *c, const char *head, unsigned at, const char *prefix)
{
	VEC(char *) words = { 0 };

	for (size_t i = 0; i < c->session->commands.len; i++) {
		const char *name = c->session->commands.data[i]->name;
		size_t first = strcspn(name, " ");

		if (at == 0) {
			if (!strncmp(name, prefix, strlen(prefix)))
				vec_push(&words, xstrndup(name, first));
		} else if (strlen(head) == first && !memcmp(name, head, first) && name[first] == ' ' &&
			   begins(name + first + 1, prefix)) {
			vec_push(&words, xstrdup(name + first + 1));
		}
	}
	if (words.len)
		qsort(words.data, words.len, sizeof(words.data[0]), by_text);
	for (size_t i = 0; i < words.len; i++) {
		const char *help = NULL;
		_free_ char *full = at ? xasprintf("%s %s", head, words.data[i]) : xstrdup(words.data[i]);

		for (size_t n = 0; n < c->session->commands.len; n++)
			if (!strcmp(c->session->commands.data[n]->name, full))
				help = c->session->commands.data[n]->summary;
		give(c, words.data[i], help);
		free(words.data[i]);
	}
	vec_free(&words);
}

/* ---- arguments ----------------------------------------------------------------------------------- */

static bool give_symbol(void *ctx, const struct symbol *sym)
{
	struct completer *c = ctx;

	give(c, sym->name, NULL);
	return c->left > 0;
}

/* Names with '$' when @dollar, as they are written in expressions. */
static void complete_registers(struct completer *c, const char *prefix, bool dollar)
{
	const struct arch *arch = c->session->target ? c->session->target->arch : arch_at(0);
	char name[64];

	for (unsigned i = 0; arch && i < arch->nregs; i++) {
		snprintf(name, sizeof(name), "%s%s", dollar ? "$" : "", arch->regs[i].name);
		if (begins(name, prefix))
			give(c, name, arch->regs[i].help);
	}
	for (unsigned i = 0; arch && arch->aliases && arch->aliases[i].name; i++) {
		snprintf(name, sizeof(name), "%s%s", dollar ? "$" : "", arch->aliases[i].name);
		if (begins(name, prefix))
			give(c, name, NULL);
	}
	for (size_t i = 0; dollar && i < c->session->vars.len; i++) {
		snprintf(name, sizeof(name), "$%s", c->session->vars.data[i].name);
		if (begins(name, prefix))
			give(c, name, "session variable");
	}
}

static void complete_keywords(struct completer *c, const struct command *cmd, const char *prefix)
{
	for (unsigned i = 0; i < COMMAND_ARGS_MAX && cmd->args[i].type != ARG_END; i++)
		if (cmd->args[i].type == ARG_KEYWORD && begins(cmd->args[i].name, prefix))
			give(c, cmd->args[i].name, NULL);
}

static void complete_name_in_expr(struct completer *c, const struct command *cmd, const char *prefix)
{
	if (*prefix == '$') {
		complete_registers(c, prefix, true);
		return;
	}
	complete_keywords(c, cmd, prefix);
	symbols_each_prefix(c->session->symbols, prefix, give_symbol, c);
}

static void complete_file(struct completer *c, const char *prefix)
{
	const char *slash = strrchr(prefix, '/');
	_free_ char *dir = slash ? xstrndup(prefix, slash - prefix + 1) : xstrdup("./");
	const char *base = slash ? slash + 1 : prefix;
	VEC(char *) names = { 0 };
	struct dirent *entry;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d))) {
		_free_ char *path = xasprintf("%s%s", dir, entry->d_name);
		struct stat st;
		bool is_dir;

		if (!begins(entry->d_name, base) || (entry->d_name[0] == '.' && *base != '.'))
			continue;
		is_dir = !stat(path, &st) && S_ISDIR(st.st_mode);
		vec_push(&names, xasprintf("%s%s%s", slash ? dir : "", entry->d_name, is_dir ? "/" : ""));
		if (names.len >= 4096)
			break;
	}
	if (d)
		closedir(d);
	if (names.len)
		qsort(names.data, names.len, sizeof(names.data[0]), by_text);
	for (size_t i = 0; i < names.len; i++) {
		give(c, names.data[i], NULL);
		free(names.data[i]);
	}
	vec_free(&names);
}

static void complete_arg(struct completer *c, const struct command *cmd, const struct arg_spec *spec,
			 const char *prefix)
{
	char number[16];

	if (spec->complete) {
		spec->complete(c->session, prefix, give_through, c);
		return;
	}
	for (unsigned i = 0; spec->choices && spec->choices[i]; i++)
		if (begins(spec->choices[i], prefix))
			give(c, spec->choices[i], NULL);
	switch (spec->type) {
	case ARG_KEYWORD:
		if (begins(spec->name, prefix))
			give(c, spec->name, NULL);
		break;
	case ARG_EXPR:
	case ARG_LOCATION:
		complete_name_in_expr(c, cmd, prefix);
		break;
	case ARG_REGISTER:
		complete_registers(c, prefix, *prefix == '$');
		break;
	case ARG_VCPU:
		for (unsigned i = 0; c->session->target && i < target_vcpu_count(c->session->target); i++) {
			snprintf(number, sizeof(number), "%u", i);
			if (begins(number, prefix))
				give(c, number, NULL);
		}
		break;
	case ARG_FILE:
		complete_file(c, prefix);
		break;
	case ARG_COMMAND:
		complete_name(c, "", 0, prefix);
		break;
	default:
		break;
	}
}

/* Which argument of @cmd the text before the word at the cursor leads to. */
static const struct arg_spec *spec_at(const struct command *cmd, const char *before)
{
	const char *p = before + strspn(before, " \t");
	const struct arg_spec *last = NULL;

	for (unsigned i = 0; i < COMMAND_ARGS_MAX && cmd->args[i].type != ARG_END; i++) {
		const struct arg_spec *spec = &cmd->args[i];
		size_t len;

		if (!*p)
			return spec;
		last = spec;
		if (spec->repeat || spec->type == ARG_REST || spec->type == ARG_COMMAND)
			return spec;
		if (spec->type == ARG_KEYWORD) {
			len = args_word_len(p);
			if (strlen(spec->name) != len || memcmp(spec->name, p, len)) {
				while (i + 1 < COMMAND_ARGS_MAX && cmd->args[i + 1].type != ARG_END &&
				       cmd->args[i + 1].type != ARG_KEYWORD)
					i++;
				continue;
			}
		} else if (spec->type == ARG_EXPR || spec->type == ARG_LOCATION) {
			len = args_until_keyword(cmd, i + 1, p);
			if (!p[len])
				return spec;
		} else {
			len = args_word_len(p);
		}
		p += len;
		p += strspn(p, " \t");
	}
	return *p ? last : NULL;
}

static bool in_word(const struct arg_spec *spec, char c)
{
	if (spec && (spec->type == ARG_EXPR || spec->type == ARG_LOCATION))
		return isalnum((unsigned char)c) || c == '_' || c == '$' || c == '.';
	return c != ' ' && c != '\t';
}

/* ---- the line ------------------------------------------------------------------------------------ */

/* Start of the last command on the line, after a `;` outside quotes. */
static size_t statement_start(const char *line, size_t point)
{
	size_t start = 0;
	char quote = 0;

	for (size_t i = 0; i < point; i++) {
		if (quote)
			quote = line[i] == quote ? 0 : quote;
		else if (line[i] == '"' || line[i] == '\'')
			quote = line[i];
		else if (line[i] == ';')
			start = i + 1;
	}
	while (start < point && isspace((unsigned char)line[start]))
		start++;
	return start;
}

static void complete_args(struct completer *c, const struct command *cmd, const char *args,
			  size_t *ret_from)
{
	size_t len = strlen(args);
	const struct arg_spec *spec;
	size_t word = len;
	_free_ char *before = NULL;

	/* The word first by blanks: it decides the argument, which decides what a word is. */
	while (word && args[word - 1] != ' ' && args[word - 1] != '\t')
		word--;
	before = xstrndup(args, word);
	spec = spec_at(cmd, before);
	if (spec && (spec->type == ARG_EXPR || spec->type == ARG_LOCATION)) {
		word = len;
		while (word && in_word(spec, args[word - 1]))
			word--;
	}
	*ret_from = word;
	if (spec)
		complete_arg(c, cmd, spec, args + word);
}

static bool resolve(struct session *s, const char *text, const struct command **ret, const char **ret_args)
{
	struct error *error = command_find(s, text, ret, ret_args);

	error_destroy(error);
	return !error;
}

/* @text is one statement up to the cursor; returns where in it the completed word starts. */
static size_t complete_statement(struct completer *c, const char *text)
{
	size_t len = command_word_len(text);
	size_t second = len + strspn(text + len, " \t");
	_free_ char *head = xstrndup(text, len);
	const struct command *cmd;
	unsigned left = c->left;
	const char *args;
	size_t word;

	if (!text[len]) {
		complete_name(c, "", 0, text);
		return 0;
	}
	if (!resolve(c->session, head, &cmd, &args))
		return len;
	args = text + len;
	if (second > len && !text[second + strcspn(text + second, " \t")]) {
		complete_name(c, cmd->name, 1, text + second);
		if (c->left != left)
			return second;
	} else if (!resolve(c->session, text, &cmd, &args)) {
		return second;
	}
	if (*args == '/')
		args += strcspn(args, " \t");
	if (!*args)
		return strlen(text);
	complete_args(c, cmd, args, &word);
	return args - text + word;
}

void command_complete(struct session *s, const char *line, size_t point, size_t *ret_word,
		      completion_fn fn, void *ctx, unsigned max)
{
	struct completer c = { .session = s, .fn = fn, .ctx = ctx, .left = max };
	size_t start = statement_start(line, point);
	_free_ char *text = xstrndup(line + start, point - start);

	*ret_word = start + complete_statement(&c, text);
	free(c.last);
}
