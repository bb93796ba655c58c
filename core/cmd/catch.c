/* SPDX-License-Identifier: GPL-3.0-or-later */
/* catch EVENT... [if COND]: stops decided on the exit itself. */
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cmd/stops.h"
#include "core/decode/virtio/source.h"
#include "core/session/filter.h"

_Static_assert(VMM_EVENT_COUNT <= 64, "catch_events is a bit set over enum vmm_event");

void stop_scope_free(struct expr_prog **prog)
{
	expr_unref(*prog);
}

/* ---- the condition's names ----------------------------------------------------------------------- */

struct catch_scope {
	struct expr_scope base;
	const struct schema *schema;	/* fields are looked up here first; NULL: no event at hand */
};

static bool catch_field(void *ctx, const char *name, unsigned *ret_index, bool *ret_signed)
{
	struct catch_scope *cs = ctx;

	return cs->schema && event_scope_field(cs->schema, name, ret_index, ret_signed);
}

static bool catch_reg(void *ctx, const char *name, unsigned *ret_id, unsigned *ret_size)
{
	struct catch_scope *cs = ctx;

	return cs->base.reg(cs->base.ctx, name, ret_id, ret_size);
}

static bool catch_symbol(void *ctx, const char *name, uint64_t *ret)
{
	struct catch_scope *cs = ctx;

	return cs->base.symbol(cs->base.ctx, name, ret);
}

static bool catch_variable(void *ctx, const char *name, struct expr_value *ret)
{
	struct catch_scope *cs = ctx;

	return cs->base.variable(cs->base.ctx, name, ret);
}

struct error *stop_compile_condition(struct session *s, uint64_t events, const char *text,
				     struct expr_prog **ret)
{
	struct catch_scope ctx = {
		.base = session_scope(s),
		.schema = events ? event_store_schema(s->events, __builtin_ctzll(events)) : NULL,
	};
	struct expr_scope scope = {
		.ctx = &ctx, .field = catch_field, .reg = catch_reg, .symbol = catch_symbol,
		.variable = catch_variable,
	};
	struct error *error;

	error = expr_compile(text, &scope, ret);
	if (error && ctx.schema && error_code(error) == ERROR_NOT_FOUND) {
		struct text fields = { 0 };

		for (unsigned i = 0; i < ctx.schema->nfields; i++)
			text_printf(&fields, "%s%s", i ? " " : "", ctx.schema->fields[i].name);
		error = error_hint(error, "fields of %s: %s", ctx.schema->name, text_str(&fields));
		text_deinit(&fields);
	}
	return error;
}

/* ---- catch --------------------------------------------------------------------------------------- */

/* ---- catch virtq DEV N WHAT ------------------------------------------------------------------------ */

static const struct {
	const char *word;
	enum vmm_event event;
} virtq_events[] = {
	{ "kick", VMM_VIRTIO_KICK }, { "pick", VMM_VIRTIO_PICK }, { "used", VMM_VIRTIO_USED },
	{ "irq", VMM_VIRTIO_IRQ }, { "finding", VMM_VIRTIO_FINDING },
};

static struct error *virtq_usage(void)
{
	return error_hint(error_create(ERROR_USAGE, "catch virtq wants a device, a queue and what to wait for"),
			  "try: catch virtq blk0 0 kick (or pick, used, irq, finding; * for any queue)");
}

/* The device and the queue become part of the condition: events carry both. */
static struct error *parse_virtq(struct session *s, const char *words, const char *cond, uint64_t *ret_events,
				 char **ret_cond)
{
	struct state_virtio_device dev;
	char name[17], queue[8], what[16], extra;
	_free_ char *of_queue = NULL;
	struct error *error;
	uint64_t number;

	if (sscanf(words, "virtq %16s %7s %15s %c", name, queue, what, &extra) != 3)
		return virtq_usage();
	error = virtio_device_find(s->target, name, &dev);
	if (error)
		return error;
	if (strcmp(queue, "*")) {
		error = parse_u64(queue, &number);
		if (!error && number >= dev.nqueues)
			error = error_create(ERROR_NOT_FOUND, "%s has queues 0 to %d, not %s", dev.name,
					     dev.nqueues - 1, queue);
		if (error)
			return error;
		of_queue = xasprintf(" && queue == %u", (unsigned)number);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(virtq_events); i++) {
		if (strcmp(what, virtq_events[i].word))
			continue;
		*ret_events = 1ULL << virtq_events[i].event;
		*ret_cond = cond ? xasprintf("dev == %u%s && (%s)", dev.device, of_queue ? of_queue : "", cond) :
				   xasprintf("dev == %u%s", dev.device, of_queue ? of_queue : "");
		return NULL;
	}
	return virtq_usage();
}

/* ---- the command ------------------------------------------------------------------------------------ */

/* Only exits can stop the guest: they are decided where they happen. */
static bool can_catch(const struct schema *schema)
{
	return !strncmp(schema->name, "vm.exit.", 8);
}

static struct error *unknown_event(const char *word)
{
	struct text names = { 0 };
	struct error *error;

	for (unsigned i = 0; i < VMM_EVENT_COUNT; i++)
		if (can_catch(&vmm_schemas[i]))
			text_printf(&names, "%s%s", names.len ? ", " : "", vmm_schemas[i].name + 8);
	error = error_hint(error_create(ERROR_NOT_FOUND, "there is no event '%s' to catch", word),
			   "events: exit (any of them), %s", text_str(&names));
	text_deinit(&names);
	return error;
}

static struct error *parse_events(const char *words, uint64_t *ret)
{
	*ret = 0;
	for (const char *p = words; *p;) {
		size_t len = strcspn(p, " \t,");
		_free_ char *word = xstrndup(p, len);
		uint64_t before = *ret;
		const char *next = p + len + strspn(p + len, " \t");
		size_t next_len = strcspn(next, " \t,");

		/* "xive hcall" is the event xive.hcall. */
		if (!strcmp(word, "xive") && next_len) {
			_free_ char *sub = xasprintf("xive.%.*s", (int)next_len, next);

			for (unsigned i = 0; i < VMM_EVENT_COUNT; i++)
				if (can_catch(&vmm_schemas[i]) && event_name_match(sub, vmm_schemas[i].name))
					*ret |= 1ULL << i;
			if (*ret != before) {
				p = next + next_len;
				p += strspn(p, " \t,");
				continue;
			}
		}

		for (unsigned i = 0; i < VMM_EVENT_COUNT; i++)
			if (can_catch(&vmm_schemas[i]) &&
			    (!strcmp(word, "exit") || event_name_match(word, vmm_schemas[i].name) ||
			     (!strcmp(word, "xive") && !strncmp(vmm_schemas[i].name + 8, "xive.", 5))))
				*ret |= 1ULL << i;
		if (*ret == before && len)
			return unknown_event(word);
		p += len;
		p += strspn(p, " \t,");
	}
	return NULL;
}

/* A condition's fields have fixed places: they must be the same in every event it is for. */
static struct error *check_shared_fields(uint64_t events, const char *text)
{
	if (!(events & (events - 1)))
		return NULL;
	return error_hint(error_create(ERROR_USAGE, "a condition is for one event: 'if %s' for several", text),
			  "make one catchpoint for each");
}

static struct error *catch_run(struct session *s, const struct args *args, struct out *out)
{
	struct stop_spec spec = { .kind = STOP_KIND_CATCH, .vcpu = -1 };
	const char *text = args->value[2].given ? args->value[2].text : NULL;
	_cleanup_(stop_scope_free) struct expr_prog *prog = NULL;
	_free_ char *virtq_cond = NULL;
	struct error *error;
	struct stop *stop;

	if (!strcmp(args->value[0].text, "virtq") || !strncmp(args->value[0].text, "virtq ", 6)) {
		error = parse_virtq(s, args->value[0].text, text, &spec.catch_events, &virtq_cond);
		text = virtq_cond;
	} else {
		error = parse_events(args->value[0].text, &spec.catch_events);
	}
	if (!error && text)
		error = check_shared_fields(spec.catch_events, text);
	if (!error && text)
		error = stop_compile_condition(s, spec.catch_events, text, &prog);
	if (!error)
		error = stop_add(&s->stops, s->target, &spec, args->value[0].text, text, prog, false, &stop);
	if (error)
		return error;
	stop_print_made(s, out, stop);
	session_changed(s);
	return NULL;
}

static void complete_event(struct session *s, const char *prefix, completion_fn fn, void *ctx)
{
	for (unsigned i = 0; i < VMM_EVENT_COUNT; i++) {
		struct completion c = { .text = vmm_schemas[i].name + 8, .help = vmm_schemas[i].help };

		if (can_catch(&vmm_schemas[i]) && !strncmp(c.text, prefix, strlen(prefix)))
			fn(ctx, &c);
	}
}

const struct command cmd_catch = {
	.name = "catch",
	.group = "breakpoints",
	.summary = "stop at an exit: io, mmio, hlt, msr, shutdown, ... [if COND]",
	.help = "EVENT is the name of an exit (`info types` lists them), with * and ?, several\n"
		"separated by blanks, or `exit` for all. COND may use the event's fields (port, value, gpa,\n"
		"write, ...) besides registers, memory and symbols. The guest stops before the exit is\n"
		"completed for it.\n"
		"`catch virtq DEV N WHAT` stops where a virtqueue's device acts: kick (it noticed a doorbell),\n"
		"pick (it took a buffer), used (it gave one back), irq, finding (a rule is broken); * for N is\n"
		"any queue. COND may use the fields of virtio.WHAT, such as `rule` or `len`.\n"
		"Of POWER guests: `catch hcall`, `catch xive hcall if lisn == 0x1200`.",
	.examples = (const char *const[]){ "catch io", "catch io if port == 0xe9 && value == 0x21",
					   "catch mmio shutdown", "catch virtq blk0 0 kick",
					   "catch virtq blk0 * finding if rule == 8", NULL },
	.args = { { .type = ARG_LOCATION, .name = "EVENT...", .complete = complete_event },
		  { .type = ARG_KEYWORD, .name = "if", .optional = true },
		  { .type = ARG_REST, .name = "COND" } },
	.run = catch_run,
};
