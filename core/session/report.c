/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/session/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/session/insn.h"

static const char *basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *kind_word(const struct stop *stop, const struct stop_report *r)
{
	/* One that is not known here is what it was when it was recorded. */
	if (!stop && r->reason != STOP_BREAK)
		return r->reason == STOP_CATCH ? "catchpoint" : "watchpoint";
	if (stop && stop->spec.kind == STOP_KIND_CATCH)
		return "catchpoint";
	if (stop && stop->spec.kind == STOP_KIND_WATCH)
		return "watchpoint";
	return "breakpoint";
}

/* " at 0x100123 <main+4>" */
static void print_at(struct session *s, struct out *out, uint64_t pc)
{
	out_text(out, ROLE_TEXT, " at ");
	out_hex(out, ROLE_ADDR, "pc", 0, pc);
	session_out_symbol(s, out, ROLE_SYMBOL, pc);
}

static void hide_at(struct session *s, struct out *out, uint64_t pc)
{
	char name[256];

	out_hidden_hex(out, "pc", pc);
	if (symbols_format(s->symbols, pc, name, sizeof(name)))
		out_hidden_str(out, "symbol", name);
}

static void print_stop_id(struct session *s, struct out *out, const struct stop_report *r)
{
	const struct stop *stop = stop_find(&s->stops, r->id);

	out_text(out, ROLE_TEXT, " hit %s%s ", stop && stop->spec.temporary ? "temporary " : "",
		 kind_word(stop, r));
	out_dec(out, ROLE_NUMBER, "id", 0, r->id);
	if (stop && stop->spec.kind != STOP_KIND_BREAK)
		out_text(out, ROLE_TEXT, " (%s)", stop->location);
}

static void print_watch(struct out *out, const struct stop_report *r)
{
	if (!r->watch_len)
		return;
	out_nl(out);
	out_text(out, ROLE_TEXT, "  %u byte%s at ", r->watch_len, r->watch_len == 1 ? "" : "s");
	out_hex(out, ROLE_ADDR, "watch_addr", 0, r->watch_addr);
	out_text(out, ROLE_TEXT, ": ");
	out_hex(out, ROLE_NUMBER, "old", 0, r->watch_old);
	out_text(out, ROLE_TEXT, " -> ");
	out_hex(out, r->watch_old != r->watch_new ? ROLE_CHANGED : ROLE_NUMBER, "new", 0, r->watch_new);
}

/* The words after "vCPU N"; @r->text is the sentence of those that have none of their own. */
static void print_reason(struct session *s, struct out *out, const struct stop_report *r)
{
	switch (r->reason) {
	case STOP_BREAK:
	case STOP_CATCH:
	case STOP_WATCH:
		print_stop_id(s, out, r);
		print_at(s, out, r->pc);
		print_watch(out, r);
		return;
	case STOP_STEP:
		if (r->steps > 1) {
			out_text(out, ROLE_TEXT, " made ");
			out_dec(out, ROLE_NUMBER, "steps", 0, r->steps);
			out_text(out, ROLE_TEXT, " steps");
		} else {
			out_text(out, ROLE_TEXT, " stepped");
			out_hidden_dec(out, "steps", r->steps);
		}
		if (r->stepped_irq)
			out_text(out, ROLE_WARN, " into an interrupt or exception handler");
		print_at(s, out, r->pc);
		return;
	case STOP_STARTED:
		out_text(out, ROLE_TEXT, " stopped before its first instruction");
		break;
	case STOP_INTERRUPT:
		out_text(out, ROLE_TEXT, " interrupted");
		break;
	case STOP_SHUTDOWN:
		out_text(out, ROLE_ERROR, " shut down (triple fault)");
		break;
	case STOP_RESET:
		out_text(out, ROLE_WARN, " asked for a reset");
		break;
	case STOP_HALTED:
		out_text(out, ROLE_WARN, " halted, and nothing can wake it");
		break;
	case STOP_GUEST_EXIT:
		out_text(out, ROLE_TEXT, " ended the guest");
		break;
	case STOP_KILLED:
		out_text(out, ROLE_TEXT, ": the guest was killed");
		break;
	default:
		out_text(out, ROLE_ERROR, " stopped (%s)", stop_reason_name(r->reason));
		break;
	}
	print_at(s, out, r->pc);
}

/* The target knows more than the reason says: its sentence stands for ours. */
static bool has_sentence(const struct stop_report *r)
{
	switch (r->reason) {
	case STOP_GUEST_EXIT:
	case STOP_RESET:
	case STOP_SHUTDOWN:
	case STOP_HALTED:
	case STOP_ERROR:
	case STOP_COND_FAULT:
	case STOP_TRAVEL:
		return *r->text;
	default:
		return false;
	}
}

static void print_explained(struct session *s, struct out *out, const struct stop_report *r)
{
	bool bad = r->reason == STOP_ERROR || r->reason == STOP_SHUTDOWN;
	bool says_where = strstr(r->text, " at 0x") || r->reason == STOP_GUEST_EXIT;

	out_hidden_dec(out, "vcpu", r->vcpu);
	if (r->id)
		out_hidden_dec(out, "id", r->id);
	out_str(out, bad ? ROLE_ERROR : ROLE_WARN, "text", 0, r->text);
	if (says_where)
		hide_at(s, out, r->pc);
	else
		print_at(s, out, r->pc);
}

static void print_event(struct session *s, struct out *out, const struct stop_report *r)
{
	const struct schema *schema;

	if (r->event.size < sizeof(r->event) || r->event.size > EVENT_SIZE_MAX)
		return;
	schema = event_store_schema(s->events, r->event.schema);
	if (schema)
		event_print(out, &r->event, schema, s->start_ns);
}

static bool guest_is_gone(const struct stop_report *r)
{
	return r->reason == STOP_GUEST_EXIT || r->reason == STOP_KILLED;
}

void session_print_stop(struct session *s, struct out *out, const struct stop_report *r)
{
	out_begin(out, "stop");
	out_hidden_str(out, "reason", stop_reason_name(r->reason));
	if (r->reason == STOP_GUEST_EXIT) {
		out_bool(out, ROLE_TEXT, "ended", "", "", true);
		if (out->is_json)
			out_int(out, ROLE_TEXT, "status", 0, r->exit_code);
	}
	if (has_sentence(r)) {
		print_explained(s, out, r);
	} else if (r->reason == STOP_STEP && r->steps <= 1 && !r->stepped_irq) {
		/* As in gdb, a plain step shows where it led to and no sentence. */
		out_hidden_dec(out, "vcpu", r->vcpu);
		out_hidden_dec(out, "steps", r->steps);
		hide_at(s, out, r->pc);
	} else {
		out_text(out, ROLE_TEXT, "vCPU ");
		out_dec(out, ROLE_NUMBER, "vcpu", 0, r->vcpu);
		print_reason(s, out, r);
	}
	out_end(out);
	print_event(s, out, r);
	if (!guest_is_gone(r))
		session_print_where(s, out);
}

static void print_source(struct session *s, struct out *out, uint64_t pc)
{
	struct source_line line;
	const char *text;

	if (!symbols_line_by_addr(s->symbols, pc, &line))
		return;
	text = symbols_source_text(s->symbols, line.file, line.line);
	out_begin(out, "source");
	out_hidden_str(out, "path", line.file);
	out_str(out, ROLE_LABEL, "file", 0, basename_of(line.file));
	out_text(out, ROLE_TEXT, ":");
	out_dec(out, ROLE_NUMBER, "line", 0, line.line);
	if (text) {
		out_pad(out, 16);
		out_str(out, ROLE_TEXT, "text", 0, text + strspn(text, " \t"));
	}
	out_end(out);
}

void session_print_where(struct session *s, struct out *out)
{
	_error_ struct error *error = NULL;
	struct insn insn;
	uint64_t pc;

	error = session_pc(s, &pc);
	if (error)
		return;
	/* A return address may already belong to the next line: the call is in the one before. */
	print_source(s, out, s->frame ? pc - 1 : pc);
	error = session_insn(s, pc, &insn);
	if (error) {
		out_message(out, ROLE_WARN, "=> 0x%" PRIx64 ":  %s", pc, error_message(error));
		return;
	}
	session_print_insn(s, out, &insn, INSN_SHOW_ARROW | INSN_SHOW_OPERAND);
}

/* Syntax errors have several lines: what was typed, and a caret below it. */
static void print_sentence(struct out *out, const char *s)
{
	size_t len = strcspn(s, "\n");

	out_text(out, ROLE_ERROR, "%.*s", (int)len, s);
	while (s[len]) {
		s += len + 1;
		len = strcspn(s, "\n");
		out_nl(out);
		out_text(out, ROLE_ERROR, "%.*s", (int)len, s);
	}
}

void session_print_error(struct out *out, const struct error *error)
{
	const char *hint = error_hint_text(error);

	out_begin(out, "error");
	out_text(out, ROLE_ERROR, "error: ");
	if (out->is_json)
		out_str(out, ROLE_ERROR, "text", 0, error_message(error));
	else
		print_sentence(out, error_message(error));
	if (hint) {
		out_nl(out);
		out_text(out, ROLE_DIM, "  ");
		out_str(out, ROLE_DIM, "hint", 0, hint);
	}
	out_end(out);
}
