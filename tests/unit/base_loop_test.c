/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/loop.h"

struct fixture {
	struct loop *loop;
	struct loop_source *source, *other;
	unsigned calls;
	uint32_t events;
	int fd;
};

static void count(void *ctx, uint32_t events)
{
	struct fixture *f = ctx;

	f->calls++;
	f->events = events;
}

static void read_one(void *ctx, uint32_t events)
{
	struct fixture *f = ctx;
	char c;

	count(f, events);
	assert_int_equal(read(f->fd, &c, 1), 1);
}

static void remove_both(void *ctx, uint32_t events)
{
	struct fixture *f = ctx;

	f->calls++;
	loop_remove(f->source);
	loop_remove(f->other);
	f->source = f->other = NULL;
}

static void quit(void *ctx, uint32_t events)
{
	count(ctx, events);
	loop_quit(((struct fixture *)ctx)->loop);
}

static void test_fd(void **state)
{
	struct fixture f = { 0 };
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_ok(loop_create(&f.loop));
	f.fd = fds[0];
	assert_ok(loop_add_fd(f.loop, fds[0], EPOLLIN, read_one, &f, &f.source));
	assert_ok(loop_run_once(f.loop, 0));
	assert_int_equal(f.calls, 0);
	assert_int_equal(write(fds[1], "ab", 2), 2);
	assert_ok(loop_run_once(f.loop, 1000));
	assert_ok(loop_run_once(f.loop, 1000));
	assert_int_equal(f.calls, 2);
	assert_int_equal(f.events, EPOLLIN);
	assert_error(loop_add_fd(f.loop, -1, EPOLLIN, count, &f, NULL), ERROR_FAILED, "can not watch");
	loop_remove(f.source);
	loop_remove(NULL);
	assert_int_equal(write(fds[1], "c", 1), 1);
	assert_ok(loop_run_once(f.loop, 0));
	assert_int_equal(f.calls, 2);
	loop_destroy(f.loop);
	loop_destroy(NULL);
	close(fds[0]);
	close(fds[1]);
}

/* Two sources are ready in one batch; whichever comes first removes both: the other must not run. */
static void test_remove_in_handler(void **state)
{
	struct fixture f = { 0 };
	int a[2], b[2];

	assert_int_equal(pipe(a), 0);
	assert_int_equal(pipe(b), 0);
	assert_ok(loop_create(&f.loop));
	assert_ok(loop_add_fd(f.loop, a[0], EPOLLIN, remove_both, &f, &f.source));
	assert_ok(loop_add_fd(f.loop, b[0], EPOLLIN, remove_both, &f, &f.other));
	assert_int_equal(write(a[1], "x", 1), 1);
	assert_int_equal(write(b[1], "x", 1), 1);
	assert_ok(loop_run_once(f.loop, 1000));
	assert_int_equal(f.calls, 1);
	assert_ok(loop_run_once(f.loop, 0));
	assert_int_equal(f.calls, 1);
	loop_destroy(f.loop);
	for (unsigned i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
}

/* Scripts are regular files, which epoll refuses. */
static void test_regular_file(void **state)
{
	struct fixture f = { 0 };
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_ok(loop_create(&f.loop));
	assert_ok(loop_add_fd(f.loop, fileno(file), EPOLLIN, count, &f, &f.source));
	assert_ok(loop_run_once(f.loop, -1));
	assert_int_equal(f.calls, 1);
	assert_int_equal(f.events, EPOLLIN);
	loop_remove(f.source);
	assert_ok(loop_run_once(f.loop, 0));
	assert_int_equal(f.calls, 1);
	loop_destroy(f.loop);
	fclose(file);
}

static void test_timer(void **state)
{
	struct fixture f = { 0 };

	assert_ok(loop_create(&f.loop));
	assert_ok(loop_add_timer(f.loop, 0, 0, quit, &f, &f.source));
	assert_ok(loop_run_once(f.loop, 5));
	assert_int_equal(f.calls, 0);

	uint64_t start = clock_now_ns();

	assert_ok(loop_timer_set(f.source, 10000000, 0));
	assert_ok(loop_run(f.loop));
	assert_int_equal(f.calls, 1);
	assert_int_equal(f.events, 0);
	assert_true(clock_now_ns() - start >= 10000000);
	/* Fires until disarmed. */
	assert_ok(loop_timer_set(f.source, 1000000, 1000000));
	for (unsigned i = 0; i < 3; i++)
		assert_ok(loop_run(f.loop));
	assert_int_equal(f.calls, 4);
	assert_ok(loop_timer_set(f.source, 0, 0));
	assert_ok(loop_run_once(f.loop, 5));
	assert_int_equal(f.calls, 4);
	loop_destroy(f.loop);
}

static void test_signal(void **state)
{
	struct fixture f = { 0 };
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	assert_ok(loop_create(&f.loop));
	assert_ok(loop_add_signal(f.loop, SIGUSR1, count, &f, &f.source));
	raise(SIGUSR1);
	assert_ok(loop_run_once(f.loop, 1000));
	assert_int_equal(f.calls, 1);
	assert_int_equal(f.events, SIGUSR1);
	loop_destroy(f.loop);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

#define POSTS 2000

static void *post_many(void *arg)
{
	struct fixture *f = arg;

	for (unsigned i = 0; i < POSTS; i++)
		loop_post(f->loop, count, f);
	return NULL;
}

static void test_posts(void **state)
{
	struct fixture f = { 0 };
	pthread_t threads[2];

	assert_ok(loop_create(&f.loop));
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, post_many, &f), 0);
	while (f.calls < 2 * POSTS)
		assert_ok(loop_run_once(f.loop, 10000));
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(f.calls, 2 * POSTS);
	/* A quit posted before loop_run() counts. */
	loop_post(f.loop, quit, &f);
	assert_ok(loop_run(f.loop));
	loop_quit(f.loop);
	assert_ok(loop_run(f.loop));
	/* Never run: no crash, no leak. */
	loop_post(f.loop, count, &f);
	loop_destroy(f.loop);
	assert_int_equal(f.calls, 2 * POSTS + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fd),
		cmocka_unit_test(test_remove_in_handler),
		cmocka_unit_test(test_regular_file),
		cmocka_unit_test(test_timer),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_posts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
