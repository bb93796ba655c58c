/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events with serial numbers, as fast as the kernel makes them: what comes plus what is told as lost is what
 * was made, and each gap is told in its place. */
#include "tests/lib/test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/loop.h"
#include "core/event/store.h"
#include "probes/probe.h"
#include "probes/reader.h"

#define CPUS_MAX 1024

struct bench {
	struct bpf_object *obj;
	struct bpf_link *link;
	struct event_store *store;
	struct probe_schemas schemas;
	struct reader *reader;
	uint64_t last[CPUS_MAX];	/* serial number seen last, by CPU */
	uint64_t gaps, told, bad;
	uint64_t untold[CPUS_MAX];	/* told as lost since then */
};

static void skip_test(const char *why)
{
	printf("skipped: %s\n", why);
	fflush(stdout);
	_exit(77);
}

/* Beside the tests, where the Makefile builds it. */
static char *object_path(void)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = 0;
	for (unsigned i = 0; i < 3 && strrchr(self, '/'); i++)
		*strrchr(self, '/') = 0;
	return xasprintf("%s/bpf/cost.bpf.o", self);
}

/* Sees all that goes into the store, which itself is too small to keep it. */
static void on_event(void *ctx, const struct event *event, const struct schema *schema)
{
	struct bench *b = ctx;
	uint64_t serial;

	if (event->schema == VMM_DROP) {
		struct vmm_drop drop;

		memcpy(&drop, event->payload, sizeof(drop));
		b->told += drop.count;
		if (event->cpu < CPUS_MAX)
			b->untold[event->cpu] += drop.count;
		return;
	}
	memcpy(&serial, event->payload, sizeof(serial));
	if (event->cpu >= CPUS_MAX || serial <= b->last[event->cpu]) {
		b->bad++;
		return;
	}
	/* The numbers that are missing before this one are those that were told just before it. */
	b->gaps += serial - b->last[event->cpu] - 1;
	b->bad += serial - b->last[event->cpu] - 1 != b->untold[event->cpu];
	b->untold[event->cpu] = 0;
	b->last[event->cpu] = serial;
}

static void start(struct bench *b, uint32_t ring)
{
	_free_ char *path = object_path();
	uint32_t tgid = (uint32_t)getpid();
	struct bpf_program *prog;

	memset(b, 0, sizeof(*b));
	b->obj = bpf_object__open_file(path, NULL);
	if (!b->obj)
		skip_test("its BPF object is not here");
	bpf_object__for_each_program(prog, b->obj)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), "btf_burst"));
	probe_run_set(b->obj, "filter_tgid", &tgid, sizeof(tgid));
	probe_run_set(b->obj, "ring_bytes", &ring, sizeof(ring));
	assert_ok(probe_schemas_init(&b->schemas, "cost", bpf_object__btf(b->obj)));
	assert_ok(event_store_create(1 << 20, &b->store));
	for (size_t i = 0; i < b->schemas.list.len; i++)
		assert_ok(event_store_add_schema(b->store, &b->schemas.list.data[i]->schema));
	event_store_add_sink(b->store, &(struct event_sink){ .ctx = b, .event = on_event });
	assert_ok(reader_prepare(b->obj, ring));
	if (bpf_object__load(b->obj))
		skip_test("this kernel loads none of our programs");
	assert_ok(reader_create(b->obj, ring, &b->schemas, b->store, getpid(), &b->reader));
	b->link = bpf_program__attach(bpf_object__find_program_by_name(b->obj, "btf_burst"));
	if (!b->link)
		skip_test("this kernel attaches none of our programs");
}

static uint64_t made(struct bench *b)
{
	int fd = bpf_object__find_map_fd_by_name(b->obj, "serials"), n = libbpf_num_possible_cpus();
	_free_ uint64_t *cpus = xcalloc((size_t)n, sizeof(*cpus));
	uint64_t sum = 0;
	uint32_t zero = 0;

	assert_int_equal(bpf_map_lookup_elem(fd, &zero, cpus), 0);
	for (int i = 0; i < n; i++)
		sum += cpus[i];
	return sum;
}

static void *call(void *arg)
{
	atomic_bool *stop = arg;

	while (!atomic_load_explicit(stop, memory_order_relaxed))
		syscall(SYS_getppid);
	return NULL;
}

/* A thread makes events for @ns while this one empties the rings every @pause_us. */
static void run(uint32_t ring, uint64_t ns, useconds_t pause_us, bool want_loss)
{
	uint64_t t0, took, total, lost;
	atomic_bool stop = false;
	struct bench *b = xcalloc(1, sizeof(*b));
	pthread_t t;

	start(b, ring);
	t0 = clock_now_ns();
	assert_int_equal(pthread_create(&t, NULL, call, &stop), 0);
	while (clock_now_ns() - t0 < ns) {
		usleep(pause_us);
		reader_drain(b->reader);
	}
	atomic_store(&stop, true);
	pthread_join(t, NULL);
	took = clock_now_ns() - t0;
	bpf_link__destroy(b->link);
	reader_finish(b->reader);
	total = made(b);
	lost = reader_lost(b->reader);
	printf("%.2f M events/s, %.1f MiB a ring: made %llu, lost %llu\n", (double)total * 1e3 / (double)took,
	       ring / 1048576.0, (unsigned long long)total, (unsigned long long)lost);
	assert_int_equal(reader_events(b->reader) + lost, total);
	assert_int_equal(event_store_drops(b->store), lost);
	assert_int_equal(b->told, lost);
	assert_int_equal(b->bad, 0);
	if (want_loss)
		assert_true(lost > 0);
	reader_destroy(b->reader);
	event_store_destroy(b->store);
	probe_schemas_deinit(&b->schemas);
	bpf_object__close(b->obj);
	free(b);
}

static void test_large_rings(void **state)
{
	run(8 << 20, 1500ull * 1000 * 1000, 5000, false);
}

static void test_small_rings(void **state)
{
	run(1 << 16, 500ull * 1000 * 1000, 20000, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_large_rings),
		cmocka_unit_test(test_small_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
