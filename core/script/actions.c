/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the statements of a block do. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "core/script/internal.h"

struct out *script_out(struct script *script)
{
	return script->out ? script->out : script->session->talk;
}

static bool eval(struct script_run *run, const struct program_expr *e, struct probe_value *ret)
{
	if (probe_eval(run->binding, e, &run->context, ret, NULL))
		return true;
	run->clause->faults++;
	return false;
}

static bool eval_keys(struct script_run *run, const struct program_stmt *st, struct probe_value *ret)
{
	for (size_t i = 0; i < st->keys.len; i++)
		if (!eval(run, &st->keys.data[i], &ret[i]))
			return false;
	return true;
}

static void out_value(struct out *out, const char *name, const struct probe_value *v)
{
	char buf[64];
	const char *text = probe_value_text(v, buf, sizeof(buf));

	if (!v->is_text && !v->is_hex && text == buf && strncmp(buf, "0x", 2) != 0) {
		if (v->is_signed)
			out_int(out, ROLE_NUMBER, name, 0, (int64_t)v->num);
		else
			out_dec(out, ROLE_NUMBER, name, 0, v->num);
		return;
	}
	out_str(out, ROLE_TEXT, name, 0, text);
}

/* ---- print, printf ------------------------------------------------------------------------------- */

static void begin_line(struct script_run *run, struct out *out, const char *type)
{
	out_begin(out, type);
	out_hidden_dec(out, "script", run->script->id);
	if (run->context.event) {
		out_hidden_dec(out, "time_ns", run->context.event->time_ns);
		out_hidden_str(out, "event", run->context.schema->name);
	}
}

/* The values of a list, separated by blanks; a lone literal comes as it is. */
static void out_args(struct script_run *run, struct out *out, const struct program_stmt *st)
{
	struct probe_value v;

	out_list(out, "values");
	for (size_t i = 0; i < st->args.len; i++) {
		const struct program_expr *e = &st->args.data[i];
		if (e->wrap == WRAP_MAP)
			continue;
		out_text(out, ROLE_TEXT, i ? " " : "");
		if (out->is_json)
			out_begin(out, "value");
		if (eval(run, e, &v))
			out_value(out, "value", &v);
		else
			out_str(out, ROLE_DIM, "value", 0, "<not readable>");
		if (out->is_json)
			out_end(out);
	}
	out_list_end(out);
}

static void do_print(struct script_run *run, const struct program_stmt *st)
{
	struct out *out = script_out(run->script);
	bool values = false;

	for (size_t i = 0; i < st->args.len; i++)
		values |= st->args.data[i].wrap != WRAP_MAP;
	if (values) {
		begin_line(run, out, "print");
		out_args(run, out, st);
		out_end(out);
	}
	for (size_t i = 0; i < st->args.len; i++) {
		if (st->args.data[i].wrap != WRAP_MAP)
			continue;
		script_fetch(run->script);
		table_show(script_table(run->script, st->args.data[i].text), out);
	}
	out_flush(out);
}

/* One conversion of a format: flags and width are kept, length modifiers are not needed. */
static void format_one(struct text *t, const char *spec, size_t len, char letter, const struct probe_value *v)
{
	char fmt[32], buf[64];

	if (len > sizeof(fmt) - 8)
		len = sizeof(fmt) - 8;
	memcpy(fmt, spec, len);
	switch (letter) {
	case 's':
		strcpy(fmt + len, "s");
		text_printf(t, fmt, probe_value_text(v, buf, sizeof(buf)));
		break;
	case 'c':
		strcpy(fmt + len, "c");
		text_printf(t, fmt, (int)(v->num & 0xff));
		break;
	case 'p':
		text_printf(t, "0x%" PRIx64, v->num);
		break;
	default:
		snprintf(fmt + len, sizeof(fmt) - len, "ll%c", letter);
		text_printf(t, fmt, (unsigned long long)v->num);
	}
}

static void do_printf(struct script_run *run, const struct program_stmt *st)
{
	struct out *out = script_out(run->script);
	struct text t = { 0 };
	size_t arg = 0;

	/* The checker saw to it that conversions and arguments fit. */
	for (const char *s = st->text; *s;) {
		const char *end = s + 1;
		struct probe_value v;
		if (*s != '%' || s[1] == '%') {
			text_add(&t, s, 1);
			s += *s == '%' ? 2 : 1;
			continue;
		}
		end += strspn(end, "-+ #0123456789");
		size_t spec = end - s;
		end += strspn(end, "hlzj");
		if (arg < st->args.len && eval(run, &st->args.data[arg++], &v))
			format_one(&t, s, spec, *end, &v);
		else
			text_puts(&t, "<not readable>");
		s = *end ? end + 1 : end;
	}
	begin_line(run, out, "print");
	size_t len = t.len;
	if (len && t.data[len - 1] == '\n')
		t.data[len - 1] = '\0';
	out_str(out, ROLE_TEXT, "text", 0, text_str(&t));
	out_end(out);
	out_flush(out);
	text_deinit(&t);
}

/* ---- maps and variables -------------------------------------------------------------------------- */

static void do_map(struct script_run *run, const struct program_stmt *st)
{
	struct probe_value keys[PROGRAM_KEYS_MAX], value = { .num = 1 };

	if (!eval_keys(run, st, keys) || (st->args.len && !eval(run, &st->args.data[0], &value)))
		return;
	table_add(script_table(run->script, st->name), keys, (int64_t)value.num);
}

static void do_delete(struct script_run *run, const struct program_stmt *st)
{
	struct probe_value keys[PROGRAM_KEYS_MAX];

	if (eval_keys(run, st, keys))
		table_delete(script_table(run->script, st->name), keys);
}

/* ---- what reaches outside ------------------------------------------------------------------------ */

void script_finding(struct script_run *run, const char *text)
{
	struct out *out = script_out(run->script);

	run->script->findings++;
	begin_line(run, out, "finding");
	out_text(out, ROLE_FINDING, "finding: ");
	out_str(out, ROLE_FINDING, "text", 0, text);
	if (run->context.event) {
		double ms = ((double)run->context.event->time_ns - (double)run->script->session->start_ns) / 1e6;
		out_text(out, ROLE_DIM, "  (%s at %.3f ms", run->context.schema->name, ms);
		if (run->context.event->vcpu != EVENT_NO_VCPU)
			out_text(out, ROLE_DIM, ", vCPU %u", run->context.event->vcpu);
		out_text(out, ROLE_DIM, ")");
	}
	out_end(out);
	out_flush(out);
}

static void do_finding(struct script_run *run, const struct program_stmt *st)
{
	struct text t = { 0 };
	struct probe_value v;
	char buf[64];

	text_puts(&t, st->text);
	for (size_t i = 0; i < st->args.len; i++)
		text_printf(&t, " %s", eval(run, &st->args.data[i], &v) ?
			    probe_value_text(&v, buf, sizeof(buf)) : "<not readable>");
	script_finding(run, text_str(&t));
	text_deinit(&t);
}

static void do_stop(struct script_run *run)
{
	struct session *s = run->script->session;

	run->stop = true;
	if (run->at_guest_stop || run->script->options.replay || !s->target || !s->running)
		return;
	struct error *error = target_interrupt(s->target);
	struct out *out = script_out(run->script);
	if (error)
		out_message(out, ROLE_ERROR, "%s: %s", run->script->program->name, error_message(error));
	else if (!run->script->exited)
		out_message(out, ROLE_WARN, "%s:%u stops the guest", run->script->program->name,
			    program_line(run->script->program, run->clause->clause->at));
	error_destroy(error);
	out_flush(out);
}

static void do_command(struct script_run *run, const char *line)
{
	struct out *out = script_out(run->script);
	struct error *error = command_run(run->script->session, line, out);

	if (error)
		out_message(out, ROLE_ERROR, "%s: run \"%s\": %s", run->script->program->name, line,
			    error_message(error));
	error_destroy(error);
	out_flush(out);
}

static void do_stmt(struct script_run *run, const struct program_stmt *st)
{
	struct probe_value v;

	switch (st->kind) {
	case STMT_PRINT:
		do_print(run, st);
		break;
	case STMT_PRINTF:
		do_printf(run, st);
		break;
	case STMT_MAP:
		do_map(run, st);
		break;
	case STMT_VAR:
		if (eval(run, &st->args.data[0], &v))
			run->script->vars.values.data[probe_var(&run->script->vars, st->name)] = v.num;
		break;
	case STMT_IF:
		script_block(run, eval(run, &st->args.data[0], &v) && v.num ? &st->body : &st->other);
		break;
	case STMT_CLEAR:
		script_fetch(run->script);
		table_clear(script_table(run->script, st->name));
		break;
	case STMT_ZERO:
		script_fetch(run->script);
		table_zero(script_table(run->script, st->name));
		break;
	case STMT_DELETE:
		do_delete(run, st);
		break;
	case STMT_STOP:
		do_stop(run);
		break;
	case STMT_FINDING:
		do_finding(run, st);
		break;
	case STMT_RUN:
		do_command(run, st->text);
		break;
	case STMT_BACKTRACE:
		do_command(run, "backtrace");
		break;
	case STMT_EXIT:
		run->script->exited = true;
		do_stop(run);
		break;
	}
}

void script_block(struct script_run *run, const struct program_block *block)
{
	for (size_t i = 0; i < block->list.len && !run->script->exited; i++)
		do_stmt(run, block->list.data[i]);
}
