/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A confined thread can not reach what devices have no business with; others go on as they were. */
#include "tests/lib/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/virtio/confine.h"

struct seen {
	bool confined;
	int write_errno, read_fd, kill_errno, unlink_errno, exec_errno, socket_fd;
	ssize_t written;
	int fd;
};

static void *confined(void *arg)
{
	char name[] = "true", *const argv[] = { name, NULL };
	struct seen *s = arg;

	s->confined = confine_thread();
	s->write_errno = open("/tmp/vmscope-confine-test", O_WRONLY | O_CREAT, 0600) < 0 ? errno : 0;
	s->read_fd = open("/proc/self/status", O_RDONLY);
	s->kill_errno = kill(getpid(), 0) ? errno : 0;
	s->unlink_errno = unlink("/nonexistent") ? errno : 0;
	s->exec_errno = execv("/bin/true", argv) ? errno : 0;
	s->socket_fd = socket(AF_INET, SOCK_DGRAM, 0);
	s->written = pwrite(s->fd, "x", 1, 0);
	return NULL;
}

static void test_confine(void **state)
{
	struct seen s = { 0 };
	FILE *file = tmpfile();
	pthread_t thread;

	s.fd = fileno(file);
	assert_int_equal(pthread_create(&thread, NULL, confined, &s), 0);
	pthread_join(thread, NULL);
	if (!s.confined) {
		print_message("no seccomp here\n");
		skip();
	}
	assert_int_equal(s.write_errno, EPERM);
	assert_true(s.read_fd >= 0);
	assert_int_equal(s.kill_errno, EPERM);
	assert_int_equal(s.unlink_errno, EPERM);
	assert_int_equal(s.exec_errno, EPERM);
	assert_true(s.socket_fd >= 0);
	assert_int_equal(s.written, 1);
	close(s.read_fd);
	close(s.socket_fd);
	/* This thread is as free as before. */
	assert_int_equal(kill(getpid(), 0), 0);
	assert_int_equal(unlink("/nonexistent"), -1);
	assert_int_equal(errno, ENOENT);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_confine) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
