/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A process that watches the kernel is killed: its links, programs and maps are gone with it, and nothing of
 * it is left in tracefs. */
#include "tests/lib/test.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/loop.h"
#include "probes/kernel.h"
#include "probes/probe.h"

#define LIMIT_NS (5ull * 1000 * 1000 * 1000)

struct thing {
	enum { LINK, PROG, MAP } kind;
	uint32_t id;
};

typedef VEC(struct thing) thing_list;

/* What the descriptors of process @pid stand for. */
static void things_of(pid_t pid, thing_list *list)
{
	_free_ char *path = xasprintf("/proc/%d/fdinfo", (int)pid);
	DIR *dir = opendir(path);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		_free_ char *file = xasprintf("%s/%s", path, e->d_name);
		_fclose_ FILE *f = fopen(file, "re");
		bool is_link = false;
		char line[256];
		uint32_t id;

		while (f && fgets(line, sizeof(line), f)) {
			if (sscanf(line, "link_id: %u", &id) == 1) {
				is_link = true;
				vec_push(list, (struct thing){ LINK, id });
			} else if (!is_link && sscanf(line, "prog_id: %u", &id) == 1) {
				vec_push(list, (struct thing){ PROG, id });
			} else if (sscanf(line, "map_id: %u", &id) == 1) {
				vec_push(list, (struct thing){ MAP, id });
			}
		}
	}
	if (dir)
		closedir(dir);
}

static bool exists(const struct thing *t)
{
	int fd = t->kind == LINK ? bpf_link_get_fd_by_id(t->id) : t->kind == PROG ? bpf_prog_get_fd_by_id(t->id)
										  : bpf_map_get_fd_by_id(t->id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Turns every probe on that this kernel serves, and waits to be killed. */
static void watch(int ready)
{
	struct event_store *store;
	unsigned on = 0;
	const struct probe *probe;

	assert_ok(event_store_create(1 << 20, &store));
	for (unsigned i = 0; (probe = probe_at(i)); i++) {
		struct probe_options options = { .events = true, .tgid = getpid() };
		struct probe_schemas *schemas = xcalloc(1, sizeof(*schemas));
		struct probe_run *run;

		assert_ok(probe_schemas_load(schemas, probe->name));
		for (size_t s = 0; s < schemas->list.len; s++)
			assert_ok(event_store_add_schema(store, &schemas->list.data[s]->schema));
		error_destroy(probe_run_create(probe, &options, schemas, store, &run));
		on += probe_run_is_on(run);
	}
	if (write(ready, &on, sizeof(on)) != sizeof(on))
		_exit(1);
	for (;;)
		pause();
}

static bool tracefs_has_ours(void)
{
	_close_ int fd = -1;
	_error_ struct error *error = tracefs_open("kprobe_events", O_RDONLY, &fd);
	char text[4096] = "";

	return !error && read(fd, text, sizeof(text) - 1) > 0 && strstr(text, "libbpf");
}

static void test_killed(void **state)
{
	thing_list things = { 0 };
	unsigned on = 0, left = 0;
	int pipefd[2];
	uint64_t end;
	pid_t pid;

	assert_int_equal(pipe(pipefd), 0);
	pid = fork();
	if (!pid)
		watch(pipefd[1]);
	close(pipefd[1]);
	if (read(pipefd[0], &on, sizeof(on)) != sizeof(on) || !on) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		printf("skipped: no probe can run here\n");
		fflush(stdout);
		_exit(77);
	}
	things_of(pid, &things);
	assert_true(things.len >= on * 3);
	for (size_t i = 0; i < things.len; i++)
		assert_true(exists(&things.data[i]));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* The kernel frees them behind its own back. */
	end = clock_now_ns() + LIMIT_NS;
	do {
		left = 0;
		for (size_t i = 0; i < things.len; i++)
			left += exists(&things.data[i]);
		if (left)
			usleep(20000);
	} while (left && clock_now_ns() < end);
	assert_int_equal(left, 0);
	assert_false(tracefs_has_ours());
	vec_free(&things);
	close(pipefd[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_killed) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
