/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `exits` on a real guest: a guest of N port writes gives N exits, in sums and as events. */
#include "tests/lib/live.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sched.h>

#include "core/session/session.h"
#include "probes/bpf/exits.h"
#include "probes/checks.h"
#include "probes/hist_read.h"
#include "probes/probe.h"

#define WRITES 2000u
#define PORT 0xe9

/* 64-bit: mov ecx, WRITES; again: out 0xe9, al; dec ecx; jnz again; nop; hlt */
static const uint8_t code[] = {
	0xb9, WRITES & 0xff, WRITES >> 8, 0, 0, 0xe6, PORT, 0xff, 0xc9, 0x75, 0xfa, 0x90, 0xf4,
};
#define END (LIVE_CODE + 11)

struct bench {
	struct event_store *store;
	struct probe_schemas schemas;
	struct probe_run *run;
};

/* Skips with the kernel's own words where BPF is not to be had. */
static void start(struct bench *b, bool events, uint32_t ring_bytes)
{
	struct probe_options options = { .events = events, .tgid = getpid(), .ring_bytes = ring_bytes };
	const struct probe *probe = probe_find("exits");
	struct error *error;

	*b = (struct bench){ 0 };
	assert_ok(event_store_create(8 << 20, &b->store));
	assert_ok(probe_schemas_load(&b->schemas, "exits"));
	for (size_t i = 0; i < b->schemas.list.len; i++)
		assert_ok(event_store_add_schema(b->store, &b->schemas.list.data[i]->schema));
	error = probe_run_create(probe, &options, &b->schemas, b->store, &b->run);
	if (!error)
		return;
	printf("skipped: %s\n", error_message(error));
	fflush(stdout);
	_exit(77);
}

static void end(struct bench *b)
{
	probe_run_destroy(b->run);
	event_store_destroy(b->store);
	probe_schemas_deinit(&b->schemas);
}

static void run_guest(void)
{
	struct stop_report r;
	struct live g;

	live_start(&g, FLAT_LONG, code, sizeof(code));
	assert_ok(target_stop_arm(g.target, &(struct stop_spec){ .id = 1, .kind = STOP_KIND_BREAK, .addr = END,
								 .vcpu = -1 }));
	r = live_continue(&g);
	assert_int_equal(r.reason, STOP_BREAK);
	live_end(&g);
}

/* Sums of kind @kind and reason @reason with @detail over all threads. */
static struct hist sum_of(struct bench *b, uint32_t kind, uint64_t reason, uint64_t detail)
{
	int fd = bpf_object__find_map_fd_by_name(b->run->obj, "sums");
	struct exit_key key, *prev = NULL;
	struct hist sum = { 0 }, one;

	assert_true(fd >= 0);
	for (; bpf_map_get_next_key(fd, prev, &key) == 0; prev = &key) {
		if (key.kind != kind || key.reason != reason || key.detail != detail)
			continue;
		assert_int_equal(bpf_map_lookup_elem(fd, &key, &one), 0);
		hist_add(&sum, &one);
	}
	return sum;
}

static void test_sums(void **state)
{
	uint64_t detail = EXIT_DETAIL_IO(PORT, 1, 1), n = 0;
	struct hist run, user;
	struct bench b;

	start(&b, false, 0);
	run_guest();
	run = sum_of(&b, EXIT_RUN, REASON_IO, detail);
	assert_int_equal(run.count, WRITES);
	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		n += run.bucket[i];
	assert_int_equal(n, WRITES);
	assert_true(run.min > 0 && run.min <= run.max && run.total >= run.max);
	/* Each of them was handled, and KVM_RUN began again. Not every KVM tells of its begin. */
	user = sum_of(&b, EXIT_USER, REASON_IO, detail);
	assert_true(user.count == WRITES || !user.count);
	assert_int_equal(reader_lost(b.run->reader), 0);
	assert_int_equal(event_store_end(b.store), 0);
	end(&b);
}

static uint64_t count_io(struct bench *b)
{
	const struct schema *user = event_store_schema_by_name(b->store, "exits.user");
	uint64_t n = 0, last = 0;

	assert_non_null(user);
	for (uint64_t i = event_store_first(b->store); i < event_store_end(b->store); i++) {
		const struct event *event = event_store_get(b->store, i);
		uint64_t reason, detail;

		if (event->schema != user->id)
			continue;
		assert_true(event->time_ns >= last);
		last = event->time_ns;
		assert_int_equal(event->vm, 1);
		assert_true(field_read(schema_field(user, "reason", NULL), event->payload, event->payload_len,
				       &reason));
		assert_true(field_read(schema_field(user, "detail", NULL), event->payload, event->payload_len,
				       &detail));
		n += reason == REASON_IO && detail == EXIT_DETAIL_IO(PORT, 1, 1);
	}
	return n;
}

static void test_events(void **state)
{
	struct bench b;

	start(&b, true, 0);
	run_guest();
	reader_drain(b.run->reader);
	assert_int_equal(reader_lost(b.run->reader), 0);
	assert_int_equal(event_store_drops(b.store), 0);
	assert_int_equal(count_io(&b), WRITES);
	end(&b);
}

/* With rings far too small nothing is lost silently: given plus reported lost is what happened. */
static void test_losses_are_exact(void **state)
{
	uint64_t hits, lost;
	struct bench b;

	start(&b, true, 4096);
	run_guest();
	hits = probe_run_hits(b.run, EXIT_PART_RUNS) + probe_run_hits(b.run, EXIT_PART_HARDWARE);
	assert_true(hits >= WRITES);
	lost = reader_lost(b.run->reader);
	assert_true(lost > 0);
	reader_finish(b.run->reader);
	assert_int_equal(reader_events(b.run->reader) + lost, hits);
	assert_int_equal(event_store_drops(b.store), lost);
	end(&b);
}

/* A drain in the middle makes room: the loss is told in its place, before what came after it. */
static void test_losses_are_in_place(void **state)
{
	bool lost = false, after = false;
	cpu_set_t before, one;
	struct bench b;

	/* Rings are per CPU: all vCPU threads of this test are on one. */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_getaffinity(0, sizeof(before), &before);
	if (!CPU_ISSET(0, &before) || sched_setaffinity(0, sizeof(one), &one))
		skip();
	start(&b, true, 4096);
	run_guest();
	reader_drain(b.run->reader);
	run_guest();
	sched_setaffinity(0, sizeof(before), &before);
	reader_finish(b.run->reader);
	for (uint64_t i = event_store_first(b.store); i < event_store_end(b.store); i++) {
		const struct event *event = event_store_get(b.store, i);

		lost |= event->schema == VMM_DROP;
		after |= lost && event->schema != VMM_DROP;
	}
	assert_true(lost && after);
	assert_int_equal(reader_events(b.run->reader) + event_store_drops(b.store),
			 probe_run_hits(b.run, EXIT_PART_RUNS) + probe_run_hits(b.run, EXIT_PART_HARDWARE));
	end(&b);
}

/* A condition that the kernel decides: what does not hold is neither told nor lost. */
static void test_condition(void **state)
{
	struct event_check checks[EVENT_CHECKS_MAX];
	struct probe_options options = { .events = true, .tgid = getpid(), .checks = checks };
	struct bench b;

	start(&b, false, 0);
	probe_run_destroy(b.run);
	assert_ok(event_checks_parse("detail == 0x10100e9 && reason == 2 && run_ns > 1", &b.schemas, checks));
	assert_ok(probe_run_create(probe_find("exits"), &options, &b.schemas, b.store, &b.run));
	run_guest();
	reader_drain(b.run->reader);
	assert_int_equal(count_io(&b), WRITES);
	assert_int_equal(reader_events(b.run->reader), WRITES);
	probe_run_destroy(b.run);
	assert_ok(event_checks_parse("detail == 0x10100e9 && error < 0", &b.schemas, checks));
	options.checks = checks;
	assert_ok(probe_run_create(probe_find("exits"), &options, &b.schemas, b.store, &b.run));
	run_guest();
	reader_drain(b.run->reader);
	assert_int_equal(reader_events(b.run->reader), 0);
	assert_int_equal(reader_lost(b.run->reader), 0);
	assert_true(probe_run_hits(b.run, EXIT_PART_RUNS) >= WRITES);
	assert_error(event_checks_parse("detail == 1 || error == 2", &b.schemas, checks), ERROR_USAGE, "can not decide");
	assert_error(event_checks_parse("nonsense > 1", &b.schemas, checks), ERROR_NOT_FOUND, "no event");
	assert_error(event_checks_parse("detail > x", &b.schemas, checks), ERROR_USAGE, "can not decide");
	assert_error(event_checks_parse("", &b.schemas, checks), ERROR_USAGE, "can not decide");
	end(&b);
}

/* Another process's filter sees nothing of ours. */
static void test_filter(void **state)
{
	struct probe_options options = { .tgid = getpid() + 1 };
	struct bench b;

	start(&b, false, 0);
	probe_run_destroy(b.run);
	assert_ok(probe_run_create(probe_find("exits"), &options, &b.schemas, b.store, &b.run));
	run_guest();
	assert_int_equal(probe_run_hits(b.run, EXIT_PART_RUNS), 0);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_losses_are_exact),
		cmocka_unit_test(test_losses_are_in_place),
		cmocka_unit_test(test_condition),
		cmocka_unit_test(test_filter),
	};

	live_need_kvm();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
