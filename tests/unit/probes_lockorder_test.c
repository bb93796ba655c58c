/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The programs of `lockorder` as they run in the kernel, with an order broken for real: this test's own
 * functions stand for the kernel's (uprobes carry the same programs as kprobes), so no kernel is harmed.
 */
#include "tests/lib/test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "core/base/loop.h"
#include "probes/bpf/lockorder.h"
#include "probes/host.h"
#include "probes/probe.h"

#define FAKE(name) __attribute__((noinline, noclone, used)) static int name(void *lock) \
	{ __asm__ volatile("" : : "r"(lock) : "memory"); return 0; }

FAKE(fake_mutex_lock)
FAKE(fake_mutex_unlock)

__attribute__((noinline, noclone, used)) static int fake_mutex_trylock(void *lock, int got)
{
	__asm__ volatile("" : "+r"(got) : "r"(lock) : "memory");
	return got;
}

struct bench {
	struct event_store *store;
	struct probe_schemas schemas;
	struct probe_run *run;
};

static void skip_test(const char *why)
{
	printf("skipped: %s\n", why);
	fflush(stdout);
	_exit(77);
}

static void attach(struct bench *b, const char *program, const char *function, bool ret)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(b->run->obj, program);
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = function, .retprobe = ret);
	struct bpf_link *link = bpf_program__attach_uprobe_opts(prog, getpid(), "/proc/self/exe", 0, &opts);

	if (!link)
		skip_test("this kernel lets no program onto functions of user space");
	vec_push(&b->run->links, (struct probe_link){ .program = program, .link = link });
}

/* As the engine would, but onto our functions. */
static void start(struct bench *b)
{
	static const char *const programs[] = { "kprobe_mutex_lock", "kprobe_mutex_unlock", "kprobe_mutex_trylock",
						"kretprobe_mutex_trylock" };
	const void *data;
	struct bpf_program *prog;
	uint32_t tgid = (uint32_t)getpid(), ring = 1 << 16;
	size_t len;

	*b = (struct bench){ .run = xcalloc(1, sizeof(*b->run)) };
	assert_ok(event_store_create(1 << 20, &b->store));
	assert_ok(probe_schemas_load(&b->schemas, "lockorder"));
	for (size_t i = 0; i < b->schemas.list.len; i++)
		assert_ok(event_store_add_schema(b->store, &b->schemas.list.data[i]->schema));
	b->run->probe = probe_find("lockorder");
	b->run->host = probe_host_create();
	b->run->owns_host = true;
	b->run->btf_fd = -1;
	b->run->store = b->store;
	probe_object("lockorder", &data, &len);
	b->run->obj = bpf_object__open_mem(data, len, NULL);
	assert_non_null(b->run->obj);
	bpf_object__for_each_program(prog, b->run->obj) {
		bool wanted = false;

		for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
			wanted |= !strcmp(programs[i], bpf_program__name(prog));
		bpf_program__set_autoload(prog, wanted);
	}
	probe_run_set(b->run->obj, "filter_tgid", &tgid, sizeof(tgid));
	probe_run_set(b->run->obj, "ring_bytes", &ring, sizeof(ring));
	assert_ok(reader_prepare(b->run->obj, ring));
	if (bpf_object__load(b->run->obj))
		skip_test("this kernel loads none of our programs");
	assert_ok(reader_create(b->run->obj, ring, &b->schemas, b->store, getpid(), &b->run->reader));
	attach(b, "kprobe_mutex_lock", "fake_mutex_lock", false);
	attach(b, "kprobe_mutex_unlock", "fake_mutex_unlock", false);
	attach(b, "kprobe_mutex_trylock", "fake_mutex_trylock", false);
	attach(b, "kretprobe_mutex_trylock", "fake_mutex_trylock", true);
	probe_run_arm(b->run, true);
}

static void tap(void *ctx, const struct event *event)
{
	struct bench *b = ctx;

	b->run->probe->on_event(b->run, event, event_store_schema(b->store, event->schema));
}

static uint64_t violations(struct bench *b)
{
	reader_set_tap(b->run->reader, true, tap, b);
	while (reader_drain(b->run->reader))
		;
	return event_store_count(b->store, event_store_schema_by_name(b->store, "lockorder.violation")->id);
}

static uint64_t edges(struct bench *b)
{
	violations(b);
	return event_store_count(b->store, event_store_schema_by_name(b->store, "lockorder.edge")->id);
}

static void end(struct bench *b)
{
	probe_run_destroy(b->run);
	event_store_destroy(b->store);
	probe_schemas_deinit(&b->schemas);
}

static int locks[4];

static void nest(void *outer, void *inner)
{
	fake_mutex_lock(outer);
	fake_mutex_lock(inner);
	fake_mutex_unlock(inner);
	fake_mutex_unlock(outer);
}

static void *other_thread(void *arg)
{
	nest(&locks[1], &locks[0]);
	return NULL;
}

static void test_cycle(void **state)
{
	_free_ char *text = NULL;
	struct out *out;
	struct bench b;
	pthread_t t;

	start(&b);
	for (unsigned i = 0; i < 100; i++)
		nest(&locks[0], &locks[1]);
	assert_int_equal(violations(&b), 0);
	/* A pair is told once, however often it happens. */
	assert_int_equal(edges(&b), 1);
	assert_int_equal(probe_run_hits(b.run, ORDER_PART_TAKEN), 200);
	/* The other way round, by another thread, later: no deadlock happened, yet it is told. */
	assert_int_equal(pthread_create(&t, NULL, other_thread, NULL), 0);
	pthread_join(t, NULL);
	assert_int_equal(violations(&b), 1);
	out = out_create_capture();
	assert_ok(b.run->probe->show(b.run, out));
	text = out_capture_string(out);
	out_destroy(out);
	assert_non_null(strstr(text, "CYCLE: circular: 0x"));
	end(&b);
}

static void test_release_and_try(void **state)
{
	struct bench b;

	start(&b);
	/* Released in another order than taken: what is left is still held. */
	fake_mutex_lock(&locks[0]);
	fake_mutex_lock(&locks[1]);
	fake_mutex_unlock(&locks[0]);
	fake_mutex_lock(&locks[2]);
	assert_int_equal(edges(&b), 2); /* 0-1, 1-2 */
	fake_mutex_unlock(&locks[2]);
	fake_mutex_unlock(&locks[1]);
	/* A trylock that fails holds nothing; one that succeeds does, but nothing leads to it. */
	assert_int_equal(fake_mutex_trylock(&locks[3], 0), 0);
	fake_mutex_lock(&locks[0]);
	fake_mutex_unlock(&locks[0]);
	assert_int_equal(edges(&b), 2);
	fake_mutex_lock(&locks[2]);
	assert_int_equal(fake_mutex_trylock(&locks[3], 1), 1);
	fake_mutex_lock(&locks[0]);
	assert_int_equal(edges(&b), 4); /* 2-0, 3-0 */
	/* 0-1-2-0 */
	assert_int_equal(violations(&b), 1);
	end(&b);
}

/* Deeper than is followed: counted, and what comes after the release is right again. */
static void test_deep(void **state)
{
	static char many[ORDER_HELD + 5];
	struct bench b;

	start(&b);
	for (unsigned i = 0; i < sizeof(many); i++)
		fake_mutex_lock(&many[i]);
	assert_int_equal(probe_run_hits(b.run, ORDER_PART_DEEP), 5);
	for (unsigned i = sizeof(many); i-- > 0;)
		fake_mutex_unlock(&many[i]);
	violations(&b);
	fake_mutex_lock(&locks[0]);
	assert_int_equal(violations(&b), 0);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cycle),
		cmocka_unit_test(test_release_and_try),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
