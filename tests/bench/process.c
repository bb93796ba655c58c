/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program as a user starts it: spawn to first step, key to paint, idle cost, through a pty. */
#include "tests/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static const char *program(const char *name, char *buf, size_t size)
{
	const char *build = getenv("BENCH_BUILD");

	snprintf(buf, size, "%s/%s", build ? build : "build", name);
	return buf;
}

static bool spawn_ms(const char *const argv[], int want, double *ret, const char **why)
{
	posix_spawn_file_actions_t fa;
	uint64_t t0;
	pid_t pid;
	int status;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	t0 = bench_now_ns();
	if (posix_spawn(&pid, argv[0], &fa, NULL, (char *const *)argv, environ)) {
		*why = "cannot start the program";
		return false;
	}
	posix_spawn_file_actions_destroy(&fa);
	waitpid(pid, &status, 0);
	*ret = (double)(bench_now_ns() - t0) / 1e6;
	*why = "the program did not end well";
	return WIFEXITED(status) && WEXITSTATUS(status) == want;
}

bool bare_start_ms(double *ret, const char **why)
{
	char path[512];
	const char *argv[] = { program("tests/bench/bare_start", path, sizeof(path)), NULL };

	return spawn_ms(argv, 0, ret, why);
}

bool process_start_ms(double *ret, const char **why)
{
	char path[512], image[] = "/tmp/vmscope-bench-XXXXXX";
	int fd = mkstemp(image);
	bool ok = fd >= 0 && write(fd, bench_loop_code, bench_loop_len) == (ssize_t)bench_loop_len;
	const char *argv[] = { program("vmscope", path, sizeof(path)), "run", "--norc", "-x", "stepi", "-x",
			 "quit", "--flat", "0x1000", image, NULL };

	close(fd);
	*why = "cannot write the image";
	ok = ok && spawn_ms(argv, 0, ret, why);
	unlink(image);
	return ok;
}

struct screen {
	int fd;
	pid_t pid;
};

/* Reads until the terminal has been quiet for @quiet_ms; returns the bytes read, time of the first. */
static uint64_t drain(struct screen *s, int quiet_ms, uint64_t *first_ns)
{
	uint64_t total = 0;
	char buf[65536];
	struct pollfd pfd = { .fd = s->fd, .events = POLLIN };

	while (poll(&pfd, 1, quiet_ms) > 0) {
		ssize_t n = read(s->fd, buf, sizeof(buf));

		if (n <= 0)
			break;
		if (!total && first_ns)
			*first_ns = bench_now_ns();
		total += (uint64_t)n;
	}
	return total;
}

static bool screen_open(struct screen *s, const char **why)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	char path[512];

	program("vmscope", path, sizeof(path));
	s->pid = forkpty(&s->fd, NULL, NULL, &ws);
	if (s->pid < 0) {
		*why = "no pty";
		return false;
	}
	if (s->pid == 0) {
		setenv("TERM", "xterm-256color", 1);
		execl(path, path, "run", "--norc", "demo", (char *)NULL);
		_exit(127);
	}
	*why = "the screen stayed empty";
	return drain(s, 700, NULL) > 500;
}

static void screen_close(struct screen *s)
{
	kill(s->pid, SIGTERM);
	for (int i = 0; i < 100 && waitpid(s->pid, NULL, WNOHANG) == 0; i++) {
		drain(s, 20, NULL);
		if (i == 99) {
			kill(s->pid, SIGKILL);
			waitpid(s->pid, NULL, 0);
		}
	}
	close(s->fd);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of 40 keys typed at the prompt, each until its first byte on the screen. */
bool process_key_to_paint_ms(double *ret, const char **why)
{
	struct screen s;
	double ms[40];
	bool ok = screen_open(&s, why);

	for (unsigned i = 0; ok && i < 40; i++) {
		uint64_t first = 0, t0 = bench_now_ns();

		/* A loaded machine may take long for one key: that is a sample, not a failure. */
		struct pollfd painted = { .fd = s.fd, .events = POLLIN };

		if (write(s.fd, i % 2 ? "\177" : "x", 1) != 1 || poll(&painted, 1, 2000) <= 0 ||
		    !drain(&s, 60, &first)) {
			*why = "a key was not painted";
			ok = false;
		}
		ms[i] = (double)(first - t0) / 1e6;
	}
	if (ok) {
		qsort(ms, 40, sizeof(ms[0]), compare);
		*ret = (ms[19] + ms[20]) / 2;
	}
	screen_close(&s);
	return ok;
}

bool process_idle_bytes(double *ret, const char **why)
{
	struct screen s;
	bool ok = screen_open(&s, why);
	char buf[4096];

	*ret = 0;
	for (uint64_t end = bench_now_ns() + 3000000000ull; ok && bench_now_ns() < end;) {
		struct pollfd pfd = { .fd = s.fd, .events = POLLIN };

		if (poll(&pfd, 1, 100) > 0)
			*ret += (double)read(s.fd, buf, sizeof(buf));
	}
	screen_close(&s);
	return ok;
}

static bool cpu_ticks(pid_t pid, double *ret)
{
	char path[64], line[1024];
	unsigned long user, sys;
	FILE *f;
	char *p;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return false;
	ok = fgets(line, sizeof(line), f) && (p = strrchr(line, ')')) &&
	     sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys) == 2;
	fclose(f);
	if (ok)
		*ret = (double)(user + sys);
	return ok;
}

bool process_idle_cpu_percent(double *ret, const char **why)
{
	struct screen s;
	double before = 0, after = 0;
	bool ok = screen_open(&s, why) && cpu_ticks(s.pid, &before);
	struct timespec wait = { .tv_sec = 5 };

	if (ok) {
		nanosleep(&wait, NULL);
		*why = "its CPU time cannot be read";
		ok = cpu_ticks(s.pid, &after);
		*ret = (after - before) * 100 / (double)sysconf(_SC_CLK_TCK) / 5;
	}
	screen_close(&s);
	return ok;
}
