/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info xive, and the actions on interrupt sources: each is asked for by name and leaves an event. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "core/command/command.h"
#include "core/decode/decode.h"
#include "core/decode/xive/rules.h"

#define LOG_SHOWN 20
#define LOG_SOURCES_MAX 4096

/* ---- info xive ----------------------------------------------------------------------------------- */

static bool is_esb_event(const struct event *e)
{
	return (e->schema == VMM_EXIT_XIVE_TRIGGER || e->schema == VMM_EXIT_XIVE_EOI ||
		e->schema == VMM_EXIT_XIVE_PQ) && e->payload_len >= sizeof(struct vmm_exit_xive_esb);
}

struct last_pq {
	uint32_t lisn;
	uint8_t pq;
};
struct esb_log {
	VEC(struct last_pq) last;	/* by source, in order of appearance */
};

static uint8_t *last_of(struct esb_log *log, uint32_t lisn)
{
	for (size_t i = 0; i < log->last.len; i++)
		if (log->last.data[i].lisn == lisn)
			return &log->last.data[i].pq;
	if (log->last.len == LOG_SOURCES_MAX)
		return NULL;
	vec_push(&log->last, (struct last_pq){ lisn, XIVE_PQ_UNSEEN });
	return &log->last.data[log->last.len - 1].pq;
}

/* Every ESB event of the store through the model; the last ones are listed, each finding is. */
static void show_log(struct session *s, struct out *out)
{
	uint64_t first = event_store_first(s->events), end = event_store_end(s->events), total = 0, seen = 0;
	struct esb_log log = { .last = { .len = 0 } };
	struct state_xive_device device = { .flags = 0 };
	bool sees_all;
	size_t len;

	/* What a guest does on pages of its own leaves no event: then states change between events. */
	error_destroy(target_state_get(s->target, STATE_XIVE_DEVICE, 0, &device, sizeof(device), &len));
	sees_all = device.flags & STATE_XIVE_TRAPPED;
	for (uint64_t n = first; n < end; n++) {
		const struct event *e = event_store_get(s->events, n);

		total += e && is_esb_event(e);
	}
	for (uint64_t n = first; n < end; n++) {
		const struct event *e = event_store_get(s->events, n);
		struct vmm_exit_xive_esb esb;
		const char *rule;
		char text[200];
		uint8_t *last;

		if (!e || !is_esb_event(e))
			continue;
		memcpy(&esb, e->payload, sizeof(esb));
		last = last_of(&log, esb.lisn);
		rule = xive_check_event(e->schema, &esb, last && sees_all ? *last : XIVE_PQ_UNSEEN, text, sizeof(text));
		if (last)
			*last = esb.pq_new;
		if (rule || seen + LOG_SHOWN >= total)
			event_print(out, e, event_store_schema(s->events, e->schema), s->start_ns);
		if (rule)
			decode_finding(out, "xive", rule, "%s", text);
		seen++;
	}
	if (!total)
		out_message(out, ROLE_TEXT, "no operation on an interrupt source was seen: hypercalls, actions (`xive trigger`), "
			    "or `catch xive trigger` make them visible");
	else if (total > LOG_SHOWN)
		out_message(out, ROLE_DIM, "the last %u of %llu operations, and earlier ones with findings", LOG_SHOWN,
			    (unsigned long long)total);
	vec_free(&log.last);
}

static struct error *info_run(struct session *s, const struct args *args, struct out *out)
{
	static const char *const views[] = { "xive-irq", "esb" };
	struct view_ctx ctx = { .target = s->target, .vcpu = s->vcpu };
	struct expr_value value;
	struct error *error;

	session_poll(s);
	if (!args->value[0].given)
		return view_show(view_by_name("xive"), &ctx, out);
	if (args->value[0].number == 2) {
		show_log(s, out);
		return NULL;
	}
	if (!args->value[1].given)
		return error_create(ERROR_USAGE, "info xive %s needs the number of an interrupt source",
				    args->value[0].number ? "esb" : "irq");
	error = session_eval_prog(s, args->value[1].prog, &value);
	if (error)
		return error;
	ctx.has_arg = true;
	ctx.arg = value.bits;
	return view_show(view_by_name(views[args->value[0].number]), &ctx, out);
}

const struct command cmd_info_xive = {
	.name = "info xive",
	.group = "machine",
	.summary = "the XIVE interrupt controller of a POWER guest, or one interrupt's path",
	.help = "Sources by trouble (findings, queued, pending first), queues with their newest entries, thread\n"
		"contexts, and what is wrong by rules XIVE-n. PQ is read by the load that changes nothing.\n"
		"\n"
		"  irq LISN   the path of one interrupt: source, EAS, END, queue entry, thread context\n"
		"  esb LISN   its two ESB pages: what each load and store would do now\n"
		"  log        operations seen, each checked with the state machine: spurious EOI, lost edge",
	.examples = (const char *const[]){ "info xive", "info xive irq 0x1201", "info xive esb 0x1201",
					   "xive trigger 0x1200; info xive log", NULL },
	.args = { { .type = ARG_CHOICE, .name = "irq|esb|log", .optional = true,
		    .choices = (const char *const[]){ "irq", "esb", "log", NULL } },
		  { .type = ARG_EXPR, .name = "LISN", .optional = true } },
	.needs = NEED_TARGET,
	.run = info_run,
};

/* The head of the actions' names; alone it is `info xive`. */
const struct command cmd_xive = {
	.name = "xive",
	.group = "machine",
	.summary = "the same as `info xive`; `xive trigger` and others act on interrupt sources",
	.examples = (const char *const[]){ "xive", "xive irq 0x1200", NULL },
	.args = { { .type = ARG_CHOICE, .name = "irq|esb|log", .optional = true,
		    .choices = (const char *const[]){ "irq", "esb", "log", NULL } },
		  { .type = ARG_EXPR, .name = "LISN", .optional = true } },
	.needs = NEED_TARGET,
	.run = info_run,
};

/* ---- actions ------------------------------------------------------------------------------------- */

static struct error *source_state(struct session *s, uint32_t lisn, uint8_t *ret_pq)
{
	for (unsigned page = 0; page < 4096; page++) {
		_free_ struct state_xive_sources *list = xcalloc(1, 64u << 10);
		size_t len = 0;
		struct error *error = target_state_get(s->target, STATE_XIVE_SOURCES, page, list, 64u << 10, &len);

		if (error)
			return error;
		if (len < sizeof(list->list) || !list->list.count)
			break;
		for (uint32_t i = 0; i < list->list.count; i++) {
			struct state_xive_source one;
			size_t at = sizeof(list->list) + (size_t)i * list->list.entry_size;

			if (at + sizeof(one) > len)
				break;
			memcpy(&one, (const uint8_t *)list + at, sizeof(one));
			if (one.lisn != lisn)
				continue;
			*ret_pq = one.pq;
			return NULL;
		}
	}
	return error_create(ERROR_NOT_FOUND, "there is no interrupt source 0x%x", lisn);
}

static struct error *act(struct session *s, enum xive_act act, uint64_t lisn, const char *what, struct out *out)
{
	uint8_t old = STATE_XIVE_PQ_UNKNOWN, now = STATE_XIVE_PQ_UNKNOWN;
	struct error *error;

	if (lisn > UINT32_MAX)
		return error_create(ERROR_USAGE, "interrupt sources have numbers of 32 bits");
	error = target_xive_act(s->target, act, (uint32_t)lisn, &old);
	if (error)
		return error;
	error_destroy(source_state(s, (uint32_t)lisn, &now));
	session_poll(s);
	out_begin(out, "xive_act");
	out_str(out, ROLE_LABEL, "act", 0, what);
	out_text(out, ROLE_TEXT, " of ");
	out_hex(out, ROLE_NUMBER, "lisn", 0, lisn);
	out_text(out, ROLE_TEXT, ": PQ was ");
	out_str(out, ROLE_NUMBER, "was", 0, xive_pq_name(old));
	out_text(out, ROLE_TEXT, ", is ");
	out_str(out, ROLE_CURRENT, "is", 0, xive_pq_name(now));
	out_end(out);
	session_changed(s);
	return NULL;
}

static struct error *set_pq_run(struct session *s, const struct args *args, struct out *out)
{
	return act(s, XIVE_ACT_PQ_00 + args->value[1].number, args->value[0].number, "set PQ", out);
}

const struct command cmd_xive_set_pq = {
	.name = "xive set-pq",
	.group = "machine",
	.summary = "set the PQ bits of an interrupt source, on its real ESB page",
	.help = "00 idle, 01 off, 10 pending, 11 queued. Never sends anything. It is what a guest's load at 0xc00 and\n"
		"on does; `info xive esb LISN` shows them. Leaves an event (vm.exit.xive.pq).",
	.examples = (const char *const[]){ "xive set-pq 0x1201 00", NULL },
	.args = { { .type = ARG_COUNT, .name = "LISN" },
		  { .type = ARG_CHOICE, .name = "00|01|10|11",
		    .choices = (const char *const[]){ "00", "01", "10", "11", NULL } } },
	.needs = NEED_STOPPED,
	.run = set_pq_run,
};

static struct error *trigger_run(struct session *s, const struct args *args, struct out *out)
{
	return act(s, XIVE_ACT_TRIGGER, args->value[0].number, "trigger", out);
}

static struct error *eoi_run(struct session *s, const struct args *args, struct out *out)
{
	return act(s, XIVE_ACT_EOI, args->value[0].number, "eoi", out);
}

static struct error *mask_run(struct session *s, const struct args *args, struct out *out)
{
	return act(s, XIVE_ACT_MASK, args->value[0].number, "mask", out);
}

static struct error *unmask_run(struct session *s, const struct args *args, struct out *out)
{
	return act(s, XIVE_ACT_UNMASK, args->value[0].number, "unmask", out);
}

#define ACTION(name_, run_, summary_, help_) { \
	.name = (name_), .group = "machine", .summary = (summary_), .help = (help_), \
	.examples = (const char *const[]){ name_ " 0x1200", NULL }, \
	.args = { { .type = ARG_COUNT, .name = "LISN" } }, .needs = NEED_STOPPED, .run = (run_), \
}

const struct command cmd_xive_trigger = ACTION("xive trigger", trigger_run,
	"trigger an interrupt source, as its device would",
	"A store to the trigger page: 00 sends, 10 queues one more, 11 and 01 drop it.");

const struct command cmd_xive_eoi = ACTION("xive eoi", eoi_run, "end an interrupt, as the guest would",
	"By store where the source can, else by load (level) or PQ 00 and a new trigger when one was queued.");

const struct command cmd_xive_mask = ACTION("xive mask", mask_run, "turn an interrupt source off (PQ 01)",
	"P is remembered, as Linux does: `xive unmask` brings it back.");

const struct command cmd_xive_unmask = ACTION("xive unmask", unmask_run,
	"turn a masked interrupt source on again", "To 10 when it was pending as it was masked, else to 00.");
