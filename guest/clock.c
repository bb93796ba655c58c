/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/loop.h"
#include "guest/vm.h"

#define LOOK_NS 250000000ull	/* how often the watchdog looks at a running guest */

/* Earliest deadline as host time; 0 when no timer is set. */
static uint64_t next_deadline(struct clock *c, uint64_t guest_now, uint64_t host_now)
{
	uint64_t best = 0;

	for (size_t i = 0; i < c->timers.len; i++) {
		uint64_t at = c->timers.data[i].deadline_ns;
		uint64_t host = host_now + (at > guest_now ? at - guest_now : 0);

		if (!best || host < best)
			best = host;
	}
	return best;
}

/* Takes one timer that is due. */
static bool take_due(struct clock *c, uint64_t guest_now, struct clock_timer *ret)
{
	for (size_t i = 0; i < c->timers.len; i++) {
		if (c->timers.data[i].deadline_ns > guest_now)
			continue;
		*ret = c->timers.data[i];
		vec_remove(&c->timers, i);
		return true;
	}
	return false;
}

static void wait_until(struct clock *c, uint64_t host_ns)
{
	struct timespec ts = { .tv_sec = host_ns / 1000000000, .tv_nsec = host_ns % 1000000000 };

	pthread_cond_timedwait(&c->changed, &c->lock, &ts);
}

/* The watchdog lets every running vCPU look at itself. */
static void look(struct vm *vm)
{
	for (unsigned i = 0; i < vm->nvcpus; i++)
		vcpu_kick(vm->vcpus[i], VCPU_REQ_LOOK);
}

static void *clock_thread(void *arg)
{
	struct vm *vm = arg;
	struct clock *c = &vm->clock;
	struct clock_timer due;

	pthread_setname_np(pthread_self(), "devices");
	pthread_mutex_lock(&c->lock);
	while (!c->quit) {
		uint64_t host, next;

		if (!c->running) {
			pthread_cond_wait(&c->changed, &c->lock);
			continue;
		}
		if (take_due(c, run_clock_ns(vm), &due)) {
			pthread_mutex_unlock(&c->lock);
			bus_device_lock(vm->bus, due.dev);
			due.fn(due.dev, due.slot);
			bus_device_unlock(vm->bus, due.dev);
			pthread_mutex_lock(&c->lock);
			continue;
		}
		host = clock_now_ns();
		if (host >= c->look_ns) {
			c->look_ns = host + LOOK_NS;
			pthread_mutex_unlock(&c->lock);
			look(vm);
			pthread_mutex_lock(&c->lock);
			continue;
		}
		next = next_deadline(c, run_clock_ns(vm), host);
		wait_until(c, next && next < c->look_ns ? next : c->look_ns);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

struct error *clock_start(struct vm *vm)
{
	struct clock *c = &vm->clock;
	pthread_condattr_t attr;
	sigset_t all, old;
	int r;

	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->changed, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&c->thread, NULL, clock_thread, vm);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r)
		return error_errno(r, "cannot create the device thread");
	c->started = true;
	return NULL;
}

void clock_stop(struct vm *vm)
{
	struct clock *c = &vm->clock;

	if (!c->started)
		return;
	pthread_mutex_lock(&c->lock);
	c->quit = true;
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	vec_free(&c->timers);
	c->started = false;
}

void clock_run(struct vm *vm, bool running)
{
	struct clock *c = &vm->clock;

	pthread_mutex_lock(&c->lock);
	if (running && !c->running)
		c->look_ns = clock_now_ns() + LOOK_NS;
	c->running = running;
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

void clock_set(struct vm *vm, struct device *dev, unsigned slot, uint64_t deadline_ns,
	       void (*fn)(struct device *dev, unsigned slot))
{
	struct clock *c = &vm->clock;
	struct clock_timer timer = { .dev = dev, .slot = slot, .deadline_ns = deadline_ns, .fn = fn };

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->timers.len; i++)
		if (c->timers.data[i].dev == dev && c->timers.data[i].slot == slot) {
			vec_remove(&c->timers, i);
			break;
		}
	if (deadline_ns) {
		vec_push(&c->timers, timer);
		pthread_cond_signal(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
}

void clock_clear(struct vm *vm)
{
	pthread_mutex_lock(&vm->clock.lock);
	vm->clock.timers.len = 0;
	pthread_mutex_unlock(&vm->clock.lock);
}
