/* SPDX-License-Identifier: GPL-3.0-or-later */
/* on, info on, delete on. */
#include <ctype.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "core/session/filter.h"
#include "core/session/rules.h"

/* The word @word in @text outside quotes; NULL: not there. */
static const char *find_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	char quote = 0;

	for (const char *p = text; *p; p++) {
		if (quote) {
			quote = *p == quote ? 0 : quote;
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if ((p == text || isspace((unsigned char)p[-1])) && !strncmp(p, word, len) &&
			   (!p[len] || isspace((unsigned char)p[len]))) {
			return p;
		}
	}
	return NULL;
}

static char *trimmed(const char *start, const char *end)
{
	while (start < end && isspace((unsigned char)*start))
		start++;
	while (end > start && isspace((unsigned char)end[-1]))
		end--;
	/* A command with quotes around it is the command. */
	if (end - start >= 2 && (*start == '"' || *start == '\'') && end[-1] == *start &&
	    !memchr(start + 1, *start, (size_t)(end - start - 2)))
		return xstrndup(start + 1, (size_t)(end - start - 2));
	return xstrndup(start, (size_t)(end - start));
}

static struct error *usage(void)
{
	return error_hint(error_create(ERROR_USAGE, "on: which event, and what to do?"),
			  "on EVENT [where COND] do stop|print|COMMAND");
}

/* What a rule runs must end by itself and not make the guest run: rules would fight over it. */
static struct error *check_command(struct session *s, const char *line, bool *ret_needs_stop)
{
	static const char *const refused[] = { "on", "source", "wait", "commands" };
	const struct command *cmd;
	const char *rest;
	struct error *error = command_find(s, line, &cmd, &rest);

	if (error)
		return error;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (!strcmp(cmd->name, refused[i]))
			return error_create(ERROR_USAGE, "a rule cannot run `%s`", cmd->name);
	if (!strcmp(cmd->group, "running"))
		return error_hint(error_create(ERROR_USAGE, "a rule cannot run `%s`, which moves the guest", cmd->name),
				  "`do stop` stops it; a command that needs a stopped guest gets one, and the guest "
				  "goes on afterwards");
	*ret_needs_stop = cmd->needs & (NEED_STOPPED | NEED_HALTED);
	return NULL;
}

static void out_rule(struct out *out, const struct session_rule *rule)
{
	out_begin(out, "rule");
	out_dec(out, ROLE_LABEL, "rule", 0, rule->id);
	out_pad(out, 4);
	out_str(out, ROLE_TEXT, "text", 0, rule->text);
	out_text(out, ROLE_TEXT, "  ");
	out_dec(out, ROLE_NUMBER, "hits", 0, rule->hits);
	out_text(out, ROLE_DIM, " hits, ");
	out_dec(out, ROLE_NUMBER, "done", 0, rule->done);
	out_text(out, ROLE_DIM, " done");
	if (rule->limited) {
		out_text(out, ROLE_DIM, ", ");
		out_dec(out, ROLE_WARN, "limited", 0, rule->limited);
		out_text(out, ROLE_DIM, " only counted");
	}
	if (rule->failed) {
		out_text(out, ROLE_DIM, ", ");
		out_dec(out, ROLE_ERROR, "failed", 0, rule->failed);
		out_text(out, ROLE_DIM, " failed");
	}
	out_end(out);
}

static struct error *on_run(struct session *s, const struct args *args, struct out *out)
{
	const char *text = args->rest, *act = find_word(text, "do"), *cond = find_word(text, "where");
	_free_ char *names = NULL, *where = NULL, *selects = NULL, *action = NULL;
	enum rule_action kind = RULE_COMMAND;
	struct session_filter *filter;
	bool needs_stop = false;
	struct error *error;

	if (!act)
		return usage();
	cond = cond ? cond : find_word(text, "if");
	cond = cond && cond < act ? cond : NULL;
	names = trimmed(text, cond ? cond : act);
	where = cond ? trimmed(strpbrk(cond, " \t"), act) : NULL;
	action = trimmed(act + strlen("do"), act + strlen(act));
	if (!*names || !*action || (where && !*where))
		return usage();
	if (!strcmp(action, "stop"))
		kind = RULE_STOP;
	else if (!strcmp(action, "print"))
		kind = RULE_PRINT;
	else if ((error = check_command(s, action, &needs_stop)))
		return error;
	selects = where ? xasprintf("%s if %s", names, where) : xstrdup(names);
	error = session_filter_create(s, selects, &filter);
	if (error)
		return error;
	out_rule(out, session_rule_add(s, text, filter, kind, take_ptr(action), needs_stop));
	return NULL;
}

const struct command cmd_on = {
	.name = "on",
	.group = "events",
	.summary = "when EVENT happens, do something: stop, print, or a command",
	.help = "EVENT is a name of `info types`, of the VMM or of a probe (`probe on` makes those\n"
		"happen); NAME alone also means NAME.* and *.NAME. COND is over its fields.\n"
		"`stop` stops the guest. A command that needs a stopped guest (backtrace) gets one,\n"
		"on the event's vCPU, and the guest goes on afterwards. Events are acted on as they\n"
		"come in (at most 50 ms after they happened), at most `rule-rate` times a second;\n"
		"the others are counted. `info on` tells, `delete on N` forgets.",
	.examples = (const char *const[]){
		"on guest_exit do print", "on io where port == 0xe9 do stop; delete; continue",
		"on hlt do info registers", NULL },
	.args = { { .type = ARG_REST, .name = "EVENT [where COND] do stop|print|COMMAND" } },
	.run = on_run,
};

static struct error *info_run(struct session *s, const struct args *args, struct out *out)
{
	const struct session_rule *rule;

	session_poll(s);
	if (!session_rule_at(s, 0))
		out_message(out, ROLE_TEXT, "no rules: `on EVENT do stop` makes one");
	for (size_t i = 0; (rule = session_rule_at(s, i)); i++)
		out_rule(out, rule);
	return NULL;
}

const struct command cmd_info_on = {
	.name = "info on",
	.group = "events",
	.summary = "list the rules of `on`, and how often they were met",
	.examples = (const char *const[]){ "on hlt do stop; info on", NULL },
	.run = info_run,
};

static struct error *delete_run(struct session *s, const struct args *args, struct out *out)
{
	if (args->value[0].given)
		return session_rule_delete(s, (unsigned)args->value[0].number);
	while (session_rule_at(s, 0))
		error_destroy(session_rule_delete(s, session_rule_at(s, 0)->id));
	return NULL;
}

const struct command cmd_delete_on = {
	.name = "delete on",
	.group = "events",
	.summary = "forget rule N of `on`; all without a number",
	.examples = (const char *const[]){ "on hlt do stop; delete on 1", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.run = delete_run,
};
