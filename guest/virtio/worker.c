/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/virtio/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "guest/virtio/confine.h"
#include "guest/virtio/trace.h"

/* An eventfd's count since it was last read. */
static uint64_t drain(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

void virtio_wake(struct virtio_dev *dev, unsigned w)
{
	uint64_t one = 1;

	if (w < dev->nworkers && write(dev->worker[w].wake_fd, &one, sizeof(one)) < 0) {
		/* The counter is full: it is awake. */
	}
}

/* A turn is bounded: a guest that always has more does not keep the other queues of this worker waiting. */
static void serve(struct virtio_dev *dev, struct virtq *q, uint64_t doorbells)
{
	if (doorbells)
		atomic_fetch_add_explicit(&q->kicks, doorbells, memory_order_relaxed);
	if (!atomic_load(&dev->live) || !queue_enter(q, NULL))
		return;
	q->budget = q->num;
	if (doorbells)
		trace_kick(q, doorbells, false);
	queue_leave(q);
	dev->model->serve(dev, q);
	if (!q->budget)
		virtio_wake(dev, q->worker);
}

void worker_turn(struct virtio_worker *w, int timeout_ms)
{
	struct virtio_dev *dev = w->dev;
	struct pollfd fds[VIRTIO_POLL_MAX];
	unsigned n = 0, own;

	fds[n++] = (struct pollfd){ .fd = w->wake_fd, .events = POLLIN };
	for (unsigned i = 0; i < dev->nqueues; i++)
		if (dev->q[i].worker == w->index)
			fds[n++] = (struct pollfd){ .fd = dev->q[i].kick_fd, .events = POLLIN };
	own = n;
	if (dev->model->poll_add) {
		int want = dev->model->poll_add(dev, w->index, fds, &n);

		if (timeout_ms < 0 || (want >= 0 && want < timeout_ms))
			timeout_ms = want;
	}
	if (poll(fds, n, timeout_ms) < 0 && errno != EINTR)
		return;
	bool woken = drain(w->wake_fd) != 0;

	for (unsigned i = 0; i < dev->nqueues && !atomic_load(&dev->quit); i++) {
		struct virtq *q = &dev->q[i];
		uint64_t doorbells;

		if (q->worker != w->index)
			continue;
		doorbells = drain(q->kick_fd);
		if (doorbells || woken)
			serve(dev, q, doorbells);
	}
	if (dev->model->poll_done && !atomic_load(&dev->quit))
		dev->model->poll_done(dev, w->index, fds + own, n - own);
}

static void *worker_thread(void *arg)
{
	struct virtio_worker *w = arg;

	w->unconfined = !confine_thread();
	while (!atomic_load(&w->dev->quit))
		worker_turn(w, -1);
	return NULL;
}

struct error *worker_start(struct virtio_dev *dev, unsigned index)
{
	struct virtio_worker *w = &dev->worker[index];
	sigset_t all, old;
	char name[16];
	int r;

	w->dev = dev;
	w->index = index;
	w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->wake_fd < 0)
		return error_errno(errno, "cannot create an eventfd");
	w->created = true;
	if (!device_threads(dev->dev.vm))
		return NULL;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&w->thread, NULL, worker_thread, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r)
		return error_errno(r, "cannot create a thread of %s", dev->dev.name);
	w->started = true;
	snprintf(name, sizeof(name), "%.10s/%u", dev->dev.name, index);
	pthread_setname_np(w->thread, name);
	return NULL;
}

void worker_stop(struct virtio_worker *w)
{
	uint64_t one = 1;

	if (!w->created)
		return;
	if (w->started) {
		if (write(w->wake_fd, &one, sizeof(one)) < 0) {
			/* It is awake. */
		}
		pthread_join(w->thread, NULL);
	}
	close(w->wake_fd);
	w->created = w->started = false;
}
