/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"

enum source_kind { SOURCE_FD, SOURCE_TIMER, SOURCE_SIGNAL, SOURCE_WAKE };

struct loop_source {
	struct loop *loop;
	enum source_kind kind;
	int fd;			/* owned unless SOURCE_FD */
	uint32_t events;
	bool dead;		/* removed; freed when no batch is being handled */
	bool always;		/* a regular file: epoll refuses it because it is always ready */
	loop_fn fn;
	void *ctx;
};

struct post {
	loop_fn fn;
	void *ctx;
};

struct loop {
	int epoll_fd;
	int wake_fd;			/* eventfd: posts wait, or loop_quit() */
	VEC(struct loop_source *) sources;
	unsigned nesting;		/* loop_run_once() calls on the stack */
	unsigned ndead, nalways;
	atomic_bool quit;
	pthread_mutex_t lock;		/* guards posts */
	VEC(struct post) posts;
};

#define BATCH 64

uint64_t clock_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Registers a new source; closes an owned @fd on failure. */
static struct error *add(struct loop *loop, enum source_kind kind, int fd, uint32_t events, loop_fn fn,
			 void *ctx, struct loop_source **ret)
{
	struct loop_source *source = xcalloc(1, sizeof(*source));
	struct epoll_event ev = { .events = events, .data.ptr = source };

	*source = (struct loop_source){
		.loop = loop, .kind = kind, .fd = fd, .events = events, .fn = fn, .ctx = ctx,
	};
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		int err = errno;

		if (err != EPERM || kind != SOURCE_FD) {
			if (kind != SOURCE_FD)
				close(fd);
			free(source);
			return error_errno(err, "can not watch file descriptor %d", fd);
		}
		source->always = true;
		loop->nalways++;
	}
	vec_push(&loop->sources, source);
	if (ret)
		*ret = source;
	return NULL;
}

struct error *loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fn fn, void *ctx,
			  struct loop_source **ret)
{
	return add(loop, SOURCE_FD, fd, events, fn, ctx, ret);
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u) };
}

struct error *loop_timer_set(struct loop_source *timer, uint64_t first_ns, uint64_t interval_ns)
{
	struct itimerspec spec = {
		.it_value = timespec_of(first_ns), .it_interval = timespec_of(interval_ns),
	};

	if (timerfd_settime(timer->fd, 0, &spec, NULL) < 0)
		return error_errno(errno, "can not set a timer of %llu ns", (unsigned long long)first_ns);
	return NULL;
}

struct error *loop_add_timer(struct loop *loop, uint64_t first_ns, uint64_t interval_ns, loop_fn fn,
			     void *ctx, struct loop_source **ret)
{
	struct loop_source *source;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0)
		return error_errno(errno, "can not create a timer");
	struct error *error = add(loop, SOURCE_TIMER, fd, EPOLLIN, fn, ctx, &source);

	if (error)
		return error;
	error = loop_timer_set(source, first_ns, interval_ns);
	if (error) {
		loop_remove(source);
		return error;
	}
	if (ret)
		*ret = source;
	return NULL;
}

struct error *loop_add_signal(struct loop *loop, int signo, loop_fn fn, void *ctx,
			      struct loop_source **ret)
{
	sigset_t set;

	sigemptyset(&set);
	if (sigaddset(&set, signo) < 0)
		return error_errno(errno, "can not watch signal %d", signo);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

	if (fd < 0)
		return error_errno(errno, "can not watch signal %d", signo);
	return add(loop, SOURCE_SIGNAL, fd, EPOLLIN, fn, ctx, ret);
}

static void free_dead(struct loop *loop)
{
	size_t kept = 0;

	for (size_t i = 0; i < loop->sources.len; i++) {
		struct loop_source *source = loop->sources.data[i];

		if (source->dead)
			free(source);
		else
			loop->sources.data[kept++] = source;
	}
	loop->sources.len = kept;
	loop->ndead = 0;
}

void loop_remove(struct loop_source *source)
{
	if (!source || source->dead)
		return;
	struct loop *loop = source->loop;

	if (source->always)
		loop->nalways--;
	else
		epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	if (source->kind != SOURCE_FD)
		close(source->fd);
	/* The batch being handled may still name it. */
	source->dead = true;
	loop->ndead++;
	if (!loop->nesting)
		free_dead(loop);
}

static void wake(struct loop *loop)
{
	uint64_t one = 1;

	/* EAGAIN means the counter is full: the loop is already woken. */
	while (write(loop->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void loop_post(struct loop *loop, loop_fn fn, void *ctx)
{
	pthread_mutex_lock(&loop->lock);
	vec_push(&loop->posts, (struct post){ .fn = fn, .ctx = ctx });
	bool first = loop->posts.len == 1;
	pthread_mutex_unlock(&loop->lock);
	if (first)
		wake(loop);
}

void loop_quit(struct loop *loop)
{
	atomic_store(&loop->quit, true);
	wake(loop);
}

/* Runs what was posted up to now; what these post runs in the next round, so files get their turn. */
static void run_posts(struct loop *loop)
{
	uint64_t count;
	VEC(struct post) posts;

	if (read(loop->wake_fd, &count, sizeof(count)) < 0) {
		/* EAGAIN: a nested loop_run_once() was here first. */
	}
	pthread_mutex_lock(&loop->lock);
	posts.data = loop->posts.data;
	posts.len = loop->posts.len;
	loop->posts.data = NULL;
	loop->posts.len = loop->posts.cap = 0;
	pthread_mutex_unlock(&loop->lock);
	for (size_t i = 0; i < posts.len; i++)
		posts.data[i].fn(posts.data[i].ctx, 0);
	free(posts.data);
}

static void handle_timer(struct loop_source *source)
{
	uint64_t expirations;

	/* EAGAIN: set again after it had fired. */
	if (read(source->fd, &expirations, sizeof(expirations)) == sizeof(expirations))
		source->fn(source->ctx, 0);
}

static void handle_signal(struct loop_source *source)
{
	struct signalfd_siginfo info;

	while (!source->dead && read(source->fd, &info, sizeof(info)) == sizeof(info))
		source->fn(source->ctx, info.ssi_signo);
}

static void handle(struct loop_source *source, uint32_t events)
{
	if (source->dead)
		return;
	switch (source->kind) {
	case SOURCE_FD:
		source->fn(source->ctx, events);
		break;
	case SOURCE_TIMER:
		handle_timer(source);
		break;
	case SOURCE_SIGNAL:
		handle_signal(source);
		break;
	case SOURCE_WAKE:
		run_posts(source->loop);
		break;
	}
}

struct error *loop_run_once(struct loop *loop, int timeout_ms)
{
	struct epoll_event events[BATCH];
	int n = epoll_wait(loop->epoll_fd, events, BATCH, loop->nalways ? 0 : timeout_ms);

	if (n < 0 && errno != EINTR)
		return error_errno(errno, "can not wait for events");
	loop->nesting++;
	for (int i = 0; i < n; i++)
		handle(events[i].data.ptr, events[i].events);
	for (size_t i = 0; loop->nalways && i < loop->sources.len; i++) {
		struct loop_source *source = loop->sources.data[i];

		if (source->always)
			handle(source, source->events & (EPOLLIN | EPOLLOUT));
	}
	if (!--loop->nesting && loop->ndead)
		free_dead(loop);
	return NULL;
}

struct error *loop_run(struct loop *loop)
{
	while (!atomic_exchange(&loop->quit, false)) {
		struct error *error = loop_run_once(loop, -1);

		if (error)
			return error;
	}
	return NULL;
}

struct error *loop_create(struct loop **ret)
{
	_close_ int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	_close_ int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (epoll_fd < 0 || wake_fd < 0)
		return error_errno(errno, "can not create the event loop");
	struct loop *loop = xcalloc(1, sizeof(*loop));

	pthread_mutex_init(&loop->lock, NULL);
	loop->epoll_fd = epoll_fd;
	loop->wake_fd = wake_fd;
	struct error *error = add(loop, SOURCE_WAKE, take_fd(wake_fd), EPOLLIN, NULL, NULL, NULL);

	if (error) {
		pthread_mutex_destroy(&loop->lock);
		free(loop);
		return error;
	}
	take_fd(epoll_fd);
	*ret = loop;
	return NULL;
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	for (size_t i = 0; i < loop->sources.len; i++) {
		struct loop_source *source = loop->sources.data[i];

		if (!source->dead && source->kind != SOURCE_FD)
			close(source->fd);
		free(source);
	}
	vec_free(&loop->sources);
	vec_free(&loop->posts);
	close(loop->epoll_fd);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}
