/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What kernel probes cost: a hit against an empty program, an exit loop against itself without a probe, and
 * how long it takes to attach. */
#include "tests/bench/bench.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "probes/kernel.h"
#include "probes/probe.h"
#include "probes/reader.h"

#define CALLS 2000
#define BATCHES 200
#define RING (8u << 20)
#define EVENTS_MAX 512

static char reason[512];

static bool failed(struct error *err, const char **why)
{
	if (!err)
		return false;
	snprintf(reason, sizeof(reason), "%s", error_message(err));
	*why = reason;
	error_destroy(err);
	return true;
}

/* ---- one hit ------------------------------------------------------------------------------------- */

struct cost {
	struct bpf_object *obj;
	struct bpf_link *link;
	struct event_store *store;
	struct probe_schemas schemas;
	struct reader *reader;
};

static bool cost_open(struct cost *c, const char *program, const char **why)
{
	const char *build = getenv("BENCH_BUILD");
	_free_ char *path = xasprintf("%s/bpf/cost.bpf.o", build ? build : "build");
	uint32_t tgid = (uint32_t)getpid(), ring = RING;
	struct bpf_program *prog;

	*c = (struct cost){ 0 };
	*why = "the kernel takes no such program";
	c->obj = bpf_object__open_file(path, NULL);
	if (!c->obj)
		return false;
	bpf_object__for_each_program(prog, c->obj)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), program));
	probe_run_set(c->obj, "filter_tgid", &tgid, sizeof(tgid));
	probe_run_set(c->obj, "ring_bytes", &ring, sizeof(ring));
	return !failed(probe_schemas_init(&c->schemas, "cost", bpf_object__btf(c->obj)), why) &&
	       !failed(event_store_create(1 << 20, &c->store), why) &&
	       !failed(reader_prepare(c->obj, ring), why) && !bpf_object__load(c->obj);
}

static void cost_close(struct cost *c)
{
	bpf_link__destroy(c->link);
	reader_destroy(c->reader);
	event_store_destroy(c->store);
	probe_schemas_deinit(&c->schemas);
	bpf_object__close(c->obj);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The tenth percentile of batches: minima are too good, means have the other users of the machine in them. */
static double call_ns(struct reader *reader)
{
	double *batch = xcalloc(BATCHES, sizeof(*batch)), ret;

	for (unsigned i = 0; i < BATCHES; i++) {
		uint64_t t0 = bench_now_ns();

		for (unsigned n = 0; n < CALLS; n++)
			syscall(SYS_getppid);
		batch[i] = (double)(bench_now_ns() - t0) / CALLS;
		if (reader && i % 8 == 7)
			reader_drain(reader);
	}
	qsort(batch, BATCHES, sizeof(*batch), compare);
	ret = batch[BATCHES / 10];
	free(batch);
	return ret;
}

static bool cost_of(const char *program, bool stream, double *ret, const char **why)
{
	struct cost c;
	bool ok = cost_open(&c, program, why);

	if (ok && stream)
		ok = !failed(reader_create(c.obj, RING, &c.schemas, c.store, getpid(), &c.reader), why);
	if (ok)
		c.link = bpf_program__attach(bpf_object__find_program_by_name(c.obj, program));
	ok = ok && c.link;
	if (ok)
		*ret = call_ns(c.reader);
	cost_close(&c);
	return ok;
}

bool probes_empty_ns(double *ret, const char **why) { return cost_of("btf_empty", false, ret, why); }
bool probes_count_ns(double *ret, const char **why) { return cost_of("btf_count", false, ret, why); }
bool probes_hist_ns(double *ret, const char **why) { return cost_of("btf_hist", false, ret, why); }
bool probes_stream_ns(double *ret, const char **why) { return cost_of("btf_stream", true, ret, why); }

/* ---- an exit loop -------------------------------------------------------------------------------- */

struct exits {
	struct event_store *store;
	struct probe_schemas schemas;
	struct probe_run *run;
	atomic_bool stop;
};

static bool exits_open(struct exits *e, bool events, const char **why)
{
	struct probe_options options = { .events = events, .tgid = getpid(), .ring_bytes = RING };

	memset(e, 0, sizeof(*e));
	if (failed(event_store_create(16 << 20, &e->store), why) ||
	    failed(probe_schemas_load(&e->schemas, "exits"), why))
		return false;
	for (size_t i = 0; i < e->schemas.list.len; i++)
		if (failed(event_store_add_schema(e->store, &e->schemas.list.data[i]->schema), why))
			return false;
	return !failed(probe_run_create(probe_find("exits"), &options, &e->schemas, e->store, &e->run), why);
}

static void exits_close(struct exits *e)
{
	probe_run_destroy(e->run);
	event_store_destroy(e->store);
	probe_schemas_deinit(&e->schemas);
}

/* As the session's loop: by time. */
static void *drain(void *arg)
{
	struct exits *e = arg;

	while (!atomic_load(&e->stop)) {
		usleep(50000);
		reader_drain(e->run->reader);
	}
	return NULL;
}

static bool exits_rate(bool events, double *ret, const char **why)
{
	struct exits e;
	pthread_t t;
	bool ok;

	if (!exits_open(&e, events, why)) {
		exits_close(&e);
		return false;
	}
	pthread_create(&t, NULL, drain, &e);
	ok = engine_io_rate(ret, why);
	atomic_store(&e.stop, true);
	pthread_join(t, NULL);
	exits_close(&e);
	return ok;
}

bool probes_exits_summed(double *ret, const char **why) { return exits_rate(false, ret, why); }
bool probes_exits_streamed(double *ret, const char **why) { return exits_rate(true, ret, why); }

/* From nothing to where the first event can come, the kernel's types read and all; and one does. */
bool probes_first_event_ms(double *ret, const char **why)
{
	uint64_t t0 = bench_now_ns();
	struct exits e;
	double rate;
	bool ok = exits_open(&e, true, why);

	*ret = (double)(bench_now_ns() - t0) / 1e6;
	ok = ok && engine_io_rate(&rate, why);
	if (ok) {
		reader_drain(e.run->reader);
		*why = "no event came";
		ok = event_store_end(e.store) > 0;
	}
	exits_close(&e);
	return ok;
}

/* ---- all of KVM's tracepoints -------------------------------------------------------------------- */

static unsigned kvm_events(char **names, unsigned max)
{
	_error_ struct error *error = NULL;
	unsigned n = 0;
	struct dirent *d;
	DIR *dir;
	int fd;

	error = tracefs_open("events/kvm", O_RDONLY | O_DIRECTORY, &fd);
	dir = error ? NULL : fdopendir(fd);
	while (dir && n < max && (d = readdir(dir)))
		if (!strncmp(d->d_name, "kvm", 3))
			names[n++] = xstrdup(d->d_name);
	if (dir)
		closedir(dir);
	return n;
}

bool probes_attach_all_ms(double *ret, const char **why)
{
	char *names[EVENTS_MAX];
	unsigned n = kvm_events(names, EVENTS_MAX), opened = 0;
	int links[EVENTS_MAX];
	uint64_t t0 = bench_now_ns();
	struct cost c;
	bool ok = cost_open(&c, "raw_count", why);
	int prog = ok ? bpf_program__fd(bpf_object__find_program_by_name(c.obj, "raw_count")) : -1;

	for (unsigned i = 0; ok && i < n; i++) {
		links[opened] = bpf_raw_tracepoint_open(names[i], prog);
		opened += links[opened] >= 0;
	}
	for (unsigned i = 0; i < opened; i++)
		close(links[i]);
	cost_close(&c);
	*ret = (double)(bench_now_ns() - t0) / 1e6;
	for (unsigned i = 0; i < n; i++)
		free(names[i]);
	if (ok && opened < 10) {
		*why = "this kernel has no tracepoints of KVM";
		return false;
	}
	return ok;
}

bool probes_perf_all_ms(double *ret, const char **why)
{
	uint64_t t0 = bench_now_ns();
	int status = system("exec perf stat -e 'kvm:*' -a -o /dev/null true >/dev/null 2>&1");

	*ret = (double)(bench_now_ns() - t0) / 1e6;
	*why = "perf cannot run here";
	return status == 0;
}
