/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probe files from any bytes: parsed, bound to an event, its expressions evaluated over a payload of zeros
 * and ones; no crash, no read outside, bounded. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/event/event.h"
#include "core/probe/bind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct probe_binding *binding;
	struct probe_context context;
};

static void eval(void *ctx, struct program_expr *e)
{
	struct run *run = ctx;
	struct probe_value v;
	char buf[64];

	if (probe_eval(run->binding, e, &run->context, &v, NULL))
		probe_value_text(&v, buf, sizeof(buf));
}

static void clause(const struct program *program, struct program_clause *c, const struct schema *schema,
		   struct probe_vars *vars)
{
	union {
		struct event event;
		uint8_t bytes[EVENT_SIZE_MAX];
	} u = { .event = { .size = sizeof(u), .payload_len = schema->size, .vcpu = 1 } };
	struct run run = { .context = { .schema = schema, .event = &u.event, .vars = vars } };
	struct error *error = probe_bind(program, c, schema, NULL, vars, NULL, false, &run.binding);

	if (error) {
		error_destroy(error);
		return;
	}
	for (int fill = 0; fill <= 0xff; fill += 0xff) {
		memset(u.event.payload, fill, sizeof(u) - sizeof(u.event));
		program_each_expr(c, eval, &run);
	}
	probe_binding_destroy(run.binding);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const seeds[] = { "vm:io/port==1/{@[port]=count();}", "sequence vcpu/a:b->c:d within 1s/{stop}" };
	struct program *program;
	struct probe_vars vars = { 0 };
	char *text;
	struct error *error;

	/* One byte chooses a beginning that leads further in. */
	const char *seed = size && data[0] < 2 ? seeds[data[0]] : "";
	text = xasprintf("%s%.*s", seed, (int)(size > 4096 ? 4096 : size), (const char *)data);
	error = program_parse("fuzz", text, &program);
	free(text);
	if (error) {
		error_destroy(error);
		return 0;
	}
	for (size_t i = 0; i < program->clauses.len && i < 8; i++) {
		clause(program, program->clauses.data[i], &vmm_schemas[VMM_EXIT_IO], &vars);
		clause(program, program->clauses.data[i], &vmm_schemas[VMM_DEVICE], &vars);
	}
	probe_vars_deinit(&vars);
	program_destroy(program);
	return 0;
}
