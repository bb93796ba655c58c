/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vcpu (thread) and info vcpus. */
#include <inttypes.h>

#include "core/base/cleanup.h"
#include "core/command/command.h"
#include "core/session/report.h"

static const char *state_word(enum vcpu_state state)
{
	switch (state) {
	case VCPU_STOPPED: return "stopped";
	case VCPU_RUNNING: return "running";
	case VCPU_HALTED: return "halted";
	case VCPU_WAITING: return "waits for start";
	case VCPU_DEAD: return "dead";
	}
	return "?";
}

static void print_vcpu(struct session *s, struct out *out, const struct vcpu_info *v)
{
	bool current = v->index == s->vcpu;

	out_begin(out, "vcpu");
	out_bool(out, current ? ROLE_CURRENT : ROLE_TEXT, "selected", "* ", "  ", current);
	out_text(out, ROLE_TEXT, "vCPU ");
	out_dec(out, ROLE_NUMBER, "vcpu", 2, v->index);
	out_text(out, ROLE_TEXT, "  id ");
	out_dec(out, ROLE_NUMBER, "hw_id", 3, v->hw_id);
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, v->state == VCPU_DEAD ? ROLE_ERROR : ROLE_TEXT, "state", 15, state_word(v->state));
	out_text(out, ROLE_TEXT, "  ");
	out_hex(out, v->stale ? ROLE_DIM : ROLE_ADDR, "pc", 0, v->pc);
	session_out_symbol(s, out, v->stale ? ROLE_DIM : ROLE_SYMBOL, v->pc);
	if (v->stale)
		out_text(out, ROLE_DIM, " (last known)");
	out_text(out, ROLE_TEXT, "  ");
	out_dec(out, ROLE_NUMBER, "exits", 0, v->exits);
	out_text(out, ROLE_TEXT, " exits");
	out_hidden_dec(out, "tid", v->tid);
	out_end(out);
}

static struct error *info_vcpus_run(struct session *s, const struct args *args, struct out *out)
{
	unsigned n = target_vcpu_count(s->target);

	for (unsigned i = 0; i < n; i++) {
		struct vcpu_info info;
		struct error *error = target_vcpu_info(s->target, i, &info);

		if (error)
			return error;
		print_vcpu(s, out, &info);
	}
	return NULL;
}

const struct command cmd_info_vcpus = {
	.name = "info vcpus",
	.aliases = (const char *const[]){ "info threads", "info cpus", NULL },
	.group = "vCPUs",
	.summary = "list the vCPUs: state, pc, exits",
	.help = "The selected one is marked. A running guest shows where each vCPU was last seen.",
	.examples = (const char *const[]){ "info vcpus", NULL },
	.needs = NEED_TARGET,
	.run = info_vcpus_run,
};

static struct error *vcpu_run(struct session *s, const struct args *args, struct out *out)
{
	struct vcpu_info info;
	struct error *error;

	if (args->value[0].given) {
		if (args->value[0].number == (uint64_t)-1)
			return error_create(ERROR_USAGE, "vcpu: one vCPU is selected at a time");
		error = session_select_vcpu(s, args->value[0].number);
		if (error)
			return error;
	}
	error = target_vcpu_info(s->target, s->vcpu, &info);
	if (error)
		return error;
	print_vcpu(s, out, &info);
	if (session_is_halted(s) && !s->running)
		session_print_where(s, out);
	return NULL;
}

const struct command cmd_vcpu = {
	.name = "vcpu",
	.aliases = (const char *const[]){ "thread", "cpu", NULL },
	.group = "vCPUs",
	.summary = "select the vCPU whose registers and memory are shown and that steps",
	.help = "Without a number: shows the selected one.",
	.examples = (const char *const[]){ "vcpu 1", "vcpu", NULL },
	.args = { { .type = ARG_VCPU, .name = "N", .optional = true } },
	.needs = NEED_TARGET,
	.run = vcpu_run,
};
