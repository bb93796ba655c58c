/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arguments by a command's schema. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/internal.h"

static const char *skip_space(const char *s)
{
	return s + strspn(s, " \t");
}

static char *own(struct args_owner *owner, char *s)
{
	vec_push(&owner->strings, s);
	return s;
}

static char *own_trimmed(struct args_owner *owner, const char *s, size_t len)
{
	while (len && (*s == ' ' || *s == '\t'))
		s++, len--;
	while (len && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		len--;
	return own(owner, xstrndup(s, len));
}

void args_deinit(struct args_owner *owner)
{
	for (unsigned i = 0; i < COMMAND_ARGS_MAX; i++)
		expr_unref(owner->args.value[i].prog);
	for (size_t i = 0; i < owner->strings.len; i++)
		free(owner->strings.data[i]);
	vec_free(&owner->strings);
	vec_free(&owner->words);
}

/* ---- words --------------------------------------------------------------------------------------- */

size_t args_word_len(const char *s)
{
	unsigned depth = 0;
	char quote = 0;
	size_t n;

	for (n = 0; s[n]; n++) {
		char c = s[n];

		if (quote) {
			if (c == '\\' && s[n + 1])
				n++;
			else if (c == quote)
				quote = 0;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '(' || c == '[') {
			depth++;
		} else if ((c == ')' || c == ']') && depth) {
			depth--;
		} else if ((c == ' ' || c == '\t') && !depth) {
			break;
		}
	}
	return n;
}

/* The word without the quotes around it; \" and \\ inside mean themselves. */
static char *unquote(const char *s, size_t len)
{
	char *out = xcalloc(1, len + 1);
	char quote = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (quote && s[i] == '\\' && i + 1 < len && (s[i + 1] == quote || s[i + 1] == '\\'))
			out[n++] = s[++i];
		else if (!quote && (s[i] == '"' || s[i] == '\''))
			quote = s[i];
		else if (quote && s[i] == quote)
			quote = 0;
		else
			out[n++] = s[i];
	}
	return out;
}

static bool is_keyword_of(const struct command *cmd, unsigned at, const char *s, size_t len)
{
	for (unsigned i = at; i < COMMAND_ARGS_MAX && cmd->args[i].type != ARG_END; i++)
		if (cmd->args[i].type == ARG_KEYWORD && strlen(cmd->args[i].name) == len &&
		    !memcmp(cmd->args[i].name, s, len))
			return true;
	return false;
}

size_t args_until_keyword(const struct command *cmd, unsigned at, const char *s)
{
	bool boundary = true;
	size_t n = 0;

	while (s[n]) {
		size_t len;

		if (s[n] == ' ' || s[n] == '\t') {
			boundary = true;
			n++;
			continue;
		}
		len = args_word_len(s + n);
		if (!len)
			break;
		if (boundary && is_keyword_of(cmd, at, s + n, len))
			return n;
		boundary = false;
		n += len;
	}
	return n;
}

/* ---- one argument -------------------------------------------------------------------------------- */

static struct error *parse_choice(const struct arg_spec *spec, struct arg_value *value)
{
	_cleanup_(text_deinit) struct text all = { 0 };
	size_t len = strlen(value->text);
	unsigned n = 0;

	for (unsigned i = 0; spec->choices[i]; i++) {
		if (!strcmp(spec->choices[i], value->text)) {
			value->number = i;
			return NULL;
		}
		if (!strncmp(spec->choices[i], value->text, len)) {
			value->number = i;
			n++;
		}
		text_printf(&all, "%s%s", i ? ", " : "", spec->choices[i]);
	}
	if (n == 1)
		return NULL;
	return error_create(ERROR_USAGE, "%s is one of %s, not '%s'", spec->name, text_str(&all), value->text);
}

static struct error *parse_count(struct session *s, const struct arg_spec *spec, struct arg_value *value)
{
	struct expr_value v;
	struct error *error;

	if (value->text[0] == '-')
		return error_create(ERROR_USAGE, "%s can not be negative: '%s'", spec->name, value->text);
	error = session_eval(s, value->text, &v);
	if (error)
		return error_prefix(error, "%s", spec->name);
	if (v.is_signed && (int64_t)v.bits < 0)
		return error_create(ERROR_USAGE, "%s can not be negative: '%s'", spec->name, value->text);
	value->number = v.bits;
	return NULL;
}

static struct error *parse_vcpu(struct session *s, const struct arg_spec *spec, struct arg_value *value)
{
	struct error *error;
	unsigned n = s->target ? target_vcpu_count(s->target) : 0;

	if (!strcmp(value->text, "all")) {
		value->number = (uint64_t)-1;
		return NULL;
	}
	error = parse_u64(value->text, &value->number);
	if (error) {
		error_destroy(error);
		return error_create(ERROR_USAGE, "a vCPU is a number%s, not '%s'", n ? "" : " (from 0)",
				    value->text);
	}
	if (s->target && value->number >= n)
		return error_create(ERROR_NOT_FOUND, "there is no vCPU %s; the guest has %u, numbered from 0",
				    value->text, n);
	return NULL;
}

static struct error *parse_register(struct session *s, struct arg_value *value)
{
	struct reg_ref ref;

	if (!s->target)
		return error_create(ERROR_STATE, "there is no guest");
	if (!reg_lookup(s->target->arch, value->text, &ref))
		return error_create(ERROR_NOT_FOUND, "%s has no register '%s'", s->target->arch->name,
				    value->text);
	value->number = reg_ref_pack(ref, s->target->arch->regs[ref.reg].bits);
	return NULL;
}

/* Names for the expression of argument @i. Locals are those of the selected frame; in a condition those
 * of the breakpoint's location, and none where the condition is for no one place. */
static struct expr_scope scope_of(struct session *s, const struct args_owner *owner, unsigned i)
{
	const struct arg_spec *args = owner->args.command->args;
	struct error *error;
	uint64_t pc;

	if (i == 0 || args[i - 1].type != ARG_KEYWORD || strcmp(args[i - 1].name, "if"))
		return session_scope_here(s);
	if (args[0].type != ARG_LOCATION)
		return session_scope(s);
	if (owner->args.value[0].given)
		error = session_break_location(s, owner->args.value[0].text, &pc);
	else
		error = session_pc(s, &pc);
	if (!error)
		return session_scope_at(s, pc);
	/* The command itself says what is wrong with the location. */
	error_destroy(error);
	return session_scope(s);
}

/* The expression at *p; ends at the next keyword, or where it can not go on when others follow. */
static struct error *parse_expr(struct session *s, struct args_owner *owner, unsigned i, const char **p)
{
	const struct command *cmd = owner->args.command;
	struct arg_value *value = &owner->args.value[i];
	struct expr_scope scope = scope_of(s, owner, i);
	size_t len = args_until_keyword(cmd, i + 1, *p);
	bool last = i + 1 == COMMAND_ARGS_MAX || cmd->args[i + 1].type == ARG_END ||
		    cmd->args[i + 1].type == ARG_KEYWORD;
	char *text = own_trimmed(owner, *p, len);
	struct error *error;
	const char *end;

	value->given = true;
	if (last) {
		value->text = text;
		*p += len;
		return expr_compile(text, &scope, &value->prog);
	}
	text = own(owner, xstrndup(*p, len));
	error = expr_compile_prefix(text, &scope, &value->prog, &end);
	if (error)
		return error;
	value->text = own_trimmed(owner, text, end - text);
	*p += end - text;
	return NULL;
}

static bool looks_like_count(const char *s)
{
	return isdigit((unsigned char)*s) || *s == '(' || *s == '$' || *s == '-';
}

static struct error *parse_word(struct session *s, struct args_owner *owner, const struct arg_spec *spec,
				struct arg_value *value, const char **p)
{
	size_t len = args_word_len(*p);

	value->text = own(owner, unquote(*p, len));
	value->given = true;
	*p += len;
	switch (spec->type) {
	case ARG_CHOICE: return parse_choice(spec, value);
	case ARG_COUNT: return parse_count(s, spec, value);
	case ARG_VCPU: return parse_vcpu(s, spec, value);
	case ARG_REGISTER: return parse_register(s, value);
	default: return NULL;
	}
}

/* One argument at *p, which is not at the end. *ret_taken false: an optional one that is not there. */
static struct error *parse_one(struct session *s, struct args_owner *owner, unsigned i, const char **p,
			       bool *ret_taken)
{
	const struct command *cmd = owner->args.command;
	const struct arg_spec *spec = &cmd->args[i];
	struct arg_value *value = &owner->args.value[i];
	size_t len;

	*ret_taken = true;
	switch (spec->type) {
	case ARG_KEYWORD:
		len = args_word_len(*p);
		value->given = strlen(spec->name) == len && !memcmp(spec->name, *p, len);
		*ret_taken = value->given;
		if (value->given)
			*p += len;
		return NULL;
	case ARG_EXPR:
	case ARG_LOCATION:
		if (args_until_keyword(cmd, i + 1, *p) == 0) {
			*ret_taken = false;
			return NULL;
		}
		if (spec->type == ARG_EXPR)
			return parse_expr(s, owner, i, p);
		len = args_until_keyword(cmd, i + 1, *p);
		value->text = own_trimmed(owner, *p, len);
		value->given = true;
		*p += len;
		return NULL;
	case ARG_REST:
	case ARG_COMMAND:
		value->text = own_trimmed(owner, *p, strlen(*p));
		value->given = true;
		*p += strlen(*p);
		return NULL;
	case ARG_COUNT:
	case ARG_VCPU:
		if (spec->optional && is_keyword_of(cmd, i + 1, *p, args_word_len(*p))) {
			*ret_taken = false;
			return NULL;
		}
		if (spec->type == ARG_COUNT && spec->optional && !looks_like_count(*p) &&
		    i + 1 < COMMAND_ARGS_MAX && cmd->args[i + 1].type != ARG_END) {
			*ret_taken = false;
			return NULL;
		}
		return parse_word(s, owner, spec, value, p);
	default:
		return parse_word(s, owner, spec, value, p);
	}
}

static struct error *parse_repeat(struct session *s, struct args_owner *owner, unsigned i, const char **p)
{
	const struct arg_spec *spec = &owner->args.command->args[i];
	struct error *error = NULL;

	for (*p = skip_space(*p); **p && !error; *p = skip_space(*p)) {
		struct arg_value value = { 0 };

		error = parse_word(s, owner, spec, &value, p);
		if (!owner->args.value[i].given)
			owner->args.value[i] = value;
		vec_push(&owner->words, value.text);
	}
	owner->args.repeat = owner->words.data;
	owner->args.nrepeat = owner->words.len;
	return error;
}

/* ---- all ----------------------------------------------------------------------------------------- */

static struct error *usage_error(const struct command *cmd, struct error *error)
{
	_free_ char *usage = command_usage(cmd);

	return error_hint(error, "usage: %s", usage);
}

static struct error *missing(const struct command *cmd, const struct arg_spec *spec)
{
	if (spec->type == ARG_KEYWORD)
		return usage_error(cmd, error_create(ERROR_USAGE, "%s: '%s' is missing", cmd->name,
						     spec->name));
	return usage_error(cmd, error_create(ERROR_USAGE, "%s: %s is missing", cmd->name, spec->name));
}

/* "/4xg" directly after the name. */
static struct error *parse_format(struct args_owner *owner, const char **p)
{
	size_t len;

	owner->args.format = "";
	if (**p != '/')
		return NULL;
	len = strcspn(*p + 1, " \t");
	if (!owner->args.command->takes_format)
		return usage_error(owner->args.command,
				   error_create(ERROR_USAGE, "%s takes no /FORMAT",
						owner->args.command->name));
	owner->args.format = own(owner, xstrndup(*p + 1, len));
	*p += 1 + len;
	return NULL;
}

struct error *args_parse(struct session *s, const struct command *cmd, const char *text,
			 struct args_owner *ret)
{
	struct error *error;
	const char *p = text;
	bool skipping = false;	/* after an optional keyword that is not there */

	memset(ret, 0, sizeof(*ret));
	ret->args.command = cmd;
	error = parse_format(ret, &p);
	ret->args.rest = own_trimmed(ret, p, strlen(p));
	for (unsigned i = 0; i < COMMAND_ARGS_MAX && cmd->args[i].type != ARG_END && !error; i++) {
		const struct arg_spec *spec = &cmd->args[i];
		bool taken = false;

		if (spec->type == ARG_KEYWORD)
			skipping = false;
		if (skipping)
			continue;
		p = skip_space(p);
		if (*p && spec->repeat) {
			error = parse_repeat(s, ret, i, &p);
			continue;
		}
		if (*p)
			error = parse_one(s, ret, i, &p, &taken);
		if (error || taken)
			continue;
		if (!spec->optional)
			error = missing(cmd, spec);
		else if (spec->type == ARG_KEYWORD)
			skipping = true;
	}
	p = skip_space(p);
	if (!error && *p)
		error = usage_error(cmd, error_create(ERROR_USAGE, "%s: '%s' is too much", cmd->name, p));
	if (error)
		args_deinit(ret);
	return error;
}
