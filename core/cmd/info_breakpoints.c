/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cmd/stops.h"

static const char *life_word(const struct stop *stop)
{
	if (!stop->enabled)
		return "disabled";
	switch (stop->life) {
	case STOP_ARMED: return "armed";
	case STOP_PENDING: return "pending";
	case STOP_IDLE: return "idle";
	}
	return "?";
}

static void print_what(struct session *s, struct out *out, const struct stop *stop)
{
	if (stop->spec.kind == STOP_KIND_CATCH) {
		out_str(out, ROLE_TEXT, "location", 0, stop->location);
		return;
	}
	if (!stop->unresolved) {
		out_hex(out, ROLE_ADDR, "addr", 0, stop->spec.addr);
		session_out_symbol(s, out, ROLE_SYMBOL, stop->spec.addr);
		stop_print_line(s, out, stop->spec.addr);
		out_hidden_str(out, "location", stop->location);
	} else {
		out_str(out, ROLE_WARN, "location", 0, stop->location);
	}
	if (stop->spec.kind == STOP_KIND_WATCH) {
		out_text(out, ROLE_TEXT, ", ");
		out_dec(out, ROLE_NUMBER, "len", 0, stop->spec.len);
		out_text(out, ROLE_TEXT, " byte%s%s", stop->spec.len == 1 ? "" : "s",
			 stop->spec.physical ? " (physical)" : "");
	}
}

static void print_commands(struct out *out, const struct stop *stop)
{
	struct text t = { 0 };

	if (stop->silent) {
		out_nl(out);
		out_text(out, ROLE_DIM, "        silent");
	}
	for (size_t i = 0; i < stop->commands.len; i++) {
		out_nl(out);
		out_text(out, ROLE_DIM, "        %s", stop->commands.data[i]);
		text_printf(&t, "%s%s", i ? "; " : "", stop->commands.data[i]);
	}
	if (t.len)
		out_hidden_str(out, "commands", text_str(&t));
	text_deinit(&t);
}

static void print_details(struct session *s, struct out *out, const struct stop *stop,
			  const struct stop_status *status)
{
	uint64_t ignore = stop_ignore_left(stop, s->target);

	if (stop->cond_text) {
		out_nl(out);
		out_text(out, ROLE_TEXT, "      stops only if ");
		out_str(out, ROLE_TEXT, "condition", 0, stop->cond_text);
		out_text(out, ROLE_COMMENT, " (checked ");
		out_dec(out, ROLE_COMMENT, "checked", 0, status->checked);
		out_text(out, ROLE_COMMENT, status->checked == 1 ? " time)" : " times)");
	}
	if (stop->spec.vcpu >= 0) {
		out_nl(out);
		out_text(out, ROLE_TEXT, "      only vCPU ");
		out_dec(out, ROLE_NUMBER, "vcpu", 0, stop->spec.vcpu);
	}
	if (ignore) {
		out_nl(out);
		out_text(out, ROLE_TEXT, "      ignores the next ");
		out_dec(out, ROLE_NUMBER, "ignore", 0, ignore);
		out_text(out, ROLE_TEXT, ignore == 1 ? " hit" : " hits");
	}
	if (stop->why && stop->life == STOP_PENDING) {
		out_nl(out);
		out_text(out, ROLE_WARN, "      not armed: ");
		out_str(out, ROLE_WARN, "why", 0, stop->why);
	}
	print_commands(out, stop);
}

static void print_stop(struct session *s, struct out *out, const struct stop *stop)
{
	struct stop_status status;
	bool armed = stop->life == STOP_ARMED;

	stop_get_status(stop, s->target, &status);
	out_begin(out, "breakpoint");
	out_dec(out, ROLE_NUMBER, "id", 3, stop->id);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_TEXT, "kind", 20, stop_kind_word(stop));
	out_text(out, ROLE_TEXT, " ");
	out_str(out, armed ? ROLE_GOOD : ROLE_WARN, "state", 9, life_word(stop));
	print_what(s, out, stop);
	out_nl(out);
	out_text(out, ROLE_TEXT, "      ");
	if (armed) {
		out_text(out, ROLE_TEXT, "by ");
		out_str(out, ROLE_TEXT, "mechanism", 0, stop_mech_name(status.mech));
		out_text(out, ROLE_TEXT, ", ");
	}
	out_dec(out, ROLE_NUMBER, "hits", 0, status.hits);
	out_text(out, ROLE_TEXT, status.hits == 1 ? " hit" : " hits");
	print_details(s, out, stop, &status);
	out_end(out);
}

static struct error *run(struct session *s, const struct args *args, struct out *out)
{
	if (!s->stops.stops.len) {
		out_message(out, ROLE_TEXT, "no breakpoints, watchpoints or catchpoints");
		return NULL;
	}
	out_text(out, ROLE_HEADING, "Num Kind                 State    Where");
	out_nl(out);
	for (size_t i = 0; i < s->stops.stops.len; i++)
		print_stop(s, out, s->stops.stops.data[i]);
	return NULL;
}

const struct command cmd_info_breakpoints = {
	.name = "info breakpoints",
	.aliases = (const char *const[]){ "info b", "info break", "info watchpoints", NULL },
	.group = "breakpoints",
	.summary = "list breakpoints, watchpoints and catchpoints: mechanism, hits, condition",
	.help = "By what each is kept: a debug register on every vCPU, a planted byte (a breakpoint\n"
		"instruction in guest memory, never shown), page protection, step and compare (always works,\n"
		"slow), the exit event itself. A hit is the place reached with the condition true.",
	.examples = (const char *const[]){ "break leaf if $rdi == 2; watch counter; info breakpoints", NULL },
	.run = run,
};
