/* SPDX-License-Identifier: GPL-3.0-or-later */
/* help, apropos: from the descriptors. */
#include "core/cmd/help.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"

struct topic {
	const char *name, *title, *text;
};

static const struct topic topics[] = {
#define TOPIC(name, title, text) { name, title, text },
#include "core/cmd/topics.def"
#undef TOPIC
};

static const char *const groups[] = {
	"running", "breakpoints", "data", "source and code", "stack", "vCPUs", "memory map", "machine", "events",
	"scripts", "help",
};

/* ---- lists --------------------------------------------------------------------------------------- */

#define SUMMARY_COLUMN 21
#define LINE_COLUMNS 80

/* @text from @column on, broken between words at the right margin. Line ends in it are blanks, but for an
 * empty line, which ends a paragraph. */
static void print_wrapped(struct out *out, unsigned column, const char *text)
{
	while (*text) {
		size_t room = LINE_COLUMNS - column, len = 0, next;

		for (next = 0; next <= room; next++) {
			if (!text[next] || text[next] == ' ' || text[next] == '\n')
				len = next;
			if (!text[next] || (text[next] == '\n' && text[next + 1] == '\n'))
				break;
		}
		len = len ? len : room;
		if (column > out->column)
			out_pad(out, column);
		for (size_t i = 0; i < len; i++)
			out_text(out, ROLE_TEXT, "%c", text[i] == '\n' ? ' ' : text[i]);
		text += len;
		if (text[0] == '\n' && text[1] == '\n')
			out_nl(out);
		text += strspn(text, " \n");
		if (*text)
			out_nl(out);
	}
}

void help_print_row(struct out *out, const char *type, const char *name, const char *summary)
{
	out_begin(out, type);
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_LABEL, "name", 0, name);
	out_hidden_str(out, "summary", summary);
	print_wrapped(out, SUMMARY_COLUMN, summary);
	out_end(out);
}

static void print_row(struct out *out, const char *name, const char *summary)
{
	help_print_row(out, "command", name, summary);
}

static bool known_group(const char *group)
{
	for (unsigned i = 0; i < ARRAY_SIZE(groups); i++)
		if (!strcmp(groups[i], group))
			return true;
	return false;
}

static void print_group(struct session *s, struct out *out, const char *group)
{
	out_text(out, ROLE_HEADING, "%s", group);
	out_nl(out);
	for (size_t i = 0; i < s->commands.len; i++)
		if (!strcmp(s->commands.data[i]->group, group))
			print_row(out, s->commands.data[i]->name, s->commands.data[i]->summary);
}

static void print_all(struct session *s, struct out *out)
{
	for (unsigned i = 0; i < ARRAY_SIZE(groups); i++)
		print_group(s, out, groups[i]);
	/* Commands of other folders may have groups of their own. */
	for (size_t i = 0; i < s->commands.len; i++) {
		const char *group = s->commands.data[i]->group;
		bool before = known_group(group);

		for (size_t n = 0; n < i && !before; n++)
			before = !strcmp(s->commands.data[n]->group, group);
		if (!before)
			print_group(s, out, group);
	}
	out_text(out, ROLE_HEADING, "topics");
	out_nl(out);
	for (unsigned i = 0; i < ARRAY_SIZE(topics); i++)
		help_print_row(out, "topic", topics[i].name, topics[i].title);
	out_message(out, ROLE_DIM, "`help COMMAND` or `help TOPIC` says more; unique beginnings of names count");
}

/* ---- one command --------------------------------------------------------------------------------- */

static void print_lines(struct out *out, enum role role, const char *indent, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		out_text(out, role, "%s%.*s", indent, (int)len, text);
		out_nl(out);
		text += len + (text[len] == '\n');
	}
}

static void print_words(struct out *out, const char *label, const char *name, const char *const *words)
{
	_cleanup_(text_deinit) struct text t = { 0 };

	for (; words && *words; words++)
		text_printf(&t, "%s%s", t.len ? ", " : "", *words);
	if (!t.len)
		return;
	out_text(out, ROLE_LABEL, "%s", label);
	out_str(out, ROLE_TEXT, name, 0, text_str(&t));
	out_nl(out);
}

static void print_subs(struct session *s, struct out *out, const struct command *cmd)
{
	size_t len = strlen(cmd->name);

	for (size_t i = 0; i < s->commands.len; i++)
		if (!strncmp(s->commands.data[i]->name, cmd->name, len) && s->commands.data[i]->name[len] == ' ')
			print_row(out, s->commands.data[i]->name, s->commands.data[i]->summary);
}

static void print_command(struct session *s, struct out *out, const struct command *cmd)
{
	_free_ char *usage = command_usage(cmd);

	out_begin(out, "help");
	out_hidden_str(out, "name", cmd->name);
	out_str(out, ROLE_HEADING, "usage", 0, usage);
	out_nl(out);
	out_hidden_str(out, "summary", cmd->summary);
	print_wrapped(out, 2, cmd->summary);
	out_nl(out);
	if (cmd->help) {
		out_hidden_str(out, "help", cmd->help);
		print_wrapped(out, 2, cmd->help);
		out_nl(out);
	}
	print_words(out, "also: ", "aliases", cmd->aliases);
	if (cmd->examples) {
		out_text(out, ROLE_LABEL, "examples:");
		out_nl(out);
		for (const char *const *e = cmd->examples; *e; e++)
			print_lines(out, ROLE_TEXT, "  ", *e);
	}
	out_end(out);
	print_subs(s, out, cmd);
}

static const struct topic *find_topic(const char *word, bool whole)
{
	size_t len = strlen(word);

	for (unsigned i = 0; i < ARRAY_SIZE(topics); i++)
		if (whole ? !strcmp(topics[i].name, word) : len >= 3 && !strncmp(topics[i].name, word, len))
			return &topics[i];
	return NULL;
}

static void print_topic(struct out *out, const struct topic *topic)
{
	out_begin(out, "topic");
	out_str(out, ROLE_HEADING, "title", 0, topic->title);
	out_nl(out);
	out_hidden_str(out, "text", topic->text);
	print_lines(out, ROLE_TEXT, "", topic->text);
	out_end(out);
}

static struct error *help_run(struct session *s, const struct args *args, struct out *out)
{
	const char *word = args->value[0].given ? args->value[0].text : NULL;
	const struct command *cmd;
	const struct topic *topic;
	struct error *error;
	const char *rest;

	if (!word) {
		print_all(s, out);
		return NULL;
	}
	/* "break" is the command, "breakpoints" the topic, "expr" the beginning of one. */
	topic = find_topic(word, true);
	error = topic ? NULL : command_find(s, word, &cmd, &rest);
	if (error && !topic && !known_group(word))
		topic = find_topic(word, false);
	if (topic) {
		error_destroy(error);
		print_topic(out, topic);
		return NULL;
	}
	if (error && known_group(word)) {
		error_destroy(error);
		print_group(s, out, word);
		return NULL;
	}
	if (error)
		return error;
	print_command(s, out, cmd);
	return NULL;
}

static void complete_topic(struct session *s, const char *prefix, completion_fn fn, void *ctx)
{
	struct completion c;

	for (size_t i = 0; i < s->commands.len; i++) {
		c = (struct completion){ s->commands.data[i]->name, s->commands.data[i]->summary };
		if (!strncmp(c.text, prefix, strlen(prefix)))
			fn(ctx, &c);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(topics); i++) {
		c = (struct completion){ topics[i].name, topics[i].title };
		if (!strncmp(c.text, prefix, strlen(prefix)))
			fn(ctx, &c);
	}
}

const struct command cmd_help = {
	.name = "help",
	.aliases = (const char *const[]){ "h", "?", NULL },
	.group = "help",
	.summary = "list the commands, or explain a command or topic",
	.examples = (const char *const[]){ "help", "help break", "help expressions", NULL },
	.args = { { .type = ARG_COMMAND, .name = "COMMAND|TOPIC", .optional = true,
		    .complete = complete_topic } },
	.run = help_run,
};

/* ---- apropos ------------------------------------------------------------------------------------- */

static bool mentions(const char *text, const char *word)
{
	return text && strcasestr(text, word);
}

static struct error *apropos_run(struct session *s, const struct args *args, struct out *out)
{
	const char *word = args->value[0].text;
	unsigned n = 0;

	for (size_t i = 0; i < s->commands.len; i++) {
		const struct command *cmd = s->commands.data[i];

		if (!mentions(cmd->name, word) && !mentions(cmd->summary, word) && !mentions(cmd->help, word))
			continue;
		print_row(out, cmd->name, cmd->summary);
		n++;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(topics); i++) {
		if (!mentions(topics[i].title, word) && !mentions(topics[i].text, word))
			continue;
		help_print_row(out, "topic", topics[i].name, topics[i].title);
		n++;
	}
	return n ? NULL : error_create(ERROR_NOT_FOUND, "nothing mentions '%s'", word);
}

const struct command cmd_apropos = {
	.name = "apropos",
	.group = "help",
	.summary = "list commands and topics that mention WORD",
	.examples = (const char *const[]){ "apropos physical", NULL },
	.args = { { .type = ARG_REST, .name = "WORD" } },
	.run = apropos_run,
};
