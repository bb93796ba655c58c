/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/fake_probes.h"

#include <string.h>

#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/command/command.h"
#include "core/session/tables.h"

struct fake_probes {
	struct session_tables tables;
	bool on[2];
};

static const char *const names[] = { "exits", "hdec" };
static const char *const summaries[] = { "why guests leave, and what each exit costs",
					 "margins of the hypervisor decrementer" };

static const char *name(void *ctx, unsigned i) { return i < 2 ? names[i] : NULL; }
static const char *summary(void *ctx, unsigned i) { return summaries[i]; }
static bool is_on(void *ctx, unsigned i) { return ((struct fake_probes *)ctx)->on[i]; }

static void state(struct out *out, unsigned i)
{
	out_begin(out, "probe_state");
	out_str(out, ROLE_TEXT, "name", 0, names[i]);
	out_hidden_dec(out, "elapsed_ns", 10000000000ULL);
	out_list(out, "parts");
	for (unsigned k = 0; k < 2; k++) {
		out_begin(out, "part");
		out_hidden_str(out, "part", k ? "runs" : "hardware");
		out_hidden_str(out, "rung", k ? "raw_tp" : i ? "none" : "tp");
		out_end(out);
	}
	out_list_end(out);
	out_hidden_str(out, "streams", i ? "no" : "yes");
	out_hidden_dec(out, "events", 123456);
	out_hidden_dec(out, "lost", 17);
	if (i) {
		out_list(out, "marks");
		for (unsigned k = 512; k <= 2048; k *= 4) {
			out_begin(out, "mark");
			out_hidden_dec(out, "at", k);
			out_hidden_str(out, "label", k == 512 ? "512" : "2048");
			out_end(out);
		}
		out_list_end(out);
	}
	out_end(out);
}

static void row(struct out *out, unsigned vcpu, const char *reason, uint64_t count, uint64_t total, const char *unit,
		unsigned first)
{
	out_begin(out, "exits");
	out_dec(out, ROLE_LABEL, "vcpu", 0, vcpu);
	out_hidden_dec(out, "tid", 4000 + vcpu);
	out_str(out, ROLE_MNEMONIC, "reason", 0, reason);
	out_dec(out, ROLE_NUMBER, "count", 0, count);
	out_hidden_dec(out, *unit ? "total_ns" : "total", total);
	out_hidden_dec(out, "p99_ns", total / 50);
	out_hidden_dec(out, "max_ns", total / 10);
	out_list(out, "histogram");
	for (unsigned i = 0; i < 12; i++) {
		out_begin(out, "bucket");
		out_hidden_dec(out, *unit ? "from_ns" : "from_ticks", (uint64_t)(4 + i % 4) << (first + i / 4));
		out_hidden_dec(out, "count", i < 6 ? 1 + i * 40 : 260 - i * 20);
		out_end(out);
	}
	out_list_end(out);
	out_end(out);
}

static struct error *show(void *ctx, unsigned i, struct out *out)
{
	state(out, i);
	if (i) {
		row(out, 0, "HDEC", 90, 512000, "", 6);
	} else {
		row(out, 0, "IO", 40000, 800000000, "ns", 9);
		row(out, 1, "HLT", 300, 2900000000, "ns", 14);
		row(out, 0, "EPT_VIOLATION", 512, 5120000, "ns", 10);
		for (unsigned k = 0; k < 30; k++)
			row(out, k % 2, k % 3 ? "MSR_WRITE" : "CPUID", 29 - k, 1000 * (30 - k), "ns", 8);
	}
	out_message(out, ROLE_DIM, "these sums never saw a kernel");
	return NULL;
}

static struct fake_probes *of(struct session *s)
{
	return s->tables->ctx;
}

static struct error *turn(struct session *s, const char *probe, bool on)
{
	for (unsigned i = 0; i < 2; i++)
		if (!strcmp(names[i], probe))
			of(s)->on[i] = on;
	return NULL;
}

static struct error *run_on(struct session *s, const struct args *args, struct out *out)
{
	return turn(s, args->value[0].text, true);
}

static struct error *run_off(struct session *s, const struct args *args, struct out *out)
{
	return turn(s, args->value[0].text, false);
}

static struct error *run_list(struct session *s, const struct args *args, struct out *out)
{
	return NULL;
}

static const struct command commands[] = {
	{ .name = "probe", .group = "probes", .summary = "fake", .run = run_list },
	{ .name = "probe on", .group = "probes", .summary = "fake", .args = { { ARG_WORD, "NAME" } }, .run = run_on },
	{ .name = "probe off", .group = "probes", .summary = "fake", .args = { { ARG_WORD, "NAME" } }, .run = run_off },
};

void fake_probes_register(struct session *s)
{
	struct fake_probes *f = xcalloc(1, sizeof(*f));

	f->tables = (struct session_tables){ .ctx = f, .name = name, .summary = summary, .is_on = is_on, .show = show };
	s->tables = &f->tables;
	vec_push(&s->owned, f);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		session_add_command(s, &commands[i]);
}
