/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one poll loop, owned by the main thread: files, timers, signals (as a signalfd) and posts from
 * other threads. epoll underneath. Handlers never block; what takes long is a job on a worker.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"

struct loop;
struct loop_source;

typedef void (*loop_fn)(void *ctx, uint32_t events); /* @events: EPOLLIN and friends; 0 for timers */

struct error *loop_create(struct loop **ret);
void loop_destroy(struct loop *loop);

/* Watches @fd (borrowed) for @events. */
struct error *loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fn fn, void *ctx,
			  struct loop_source **ret);
/* Calls @fn after @first_ns and then every @interval_ns (0: once; the source stays until removed).
 * A timer with @first_ns 0 is created disarmed. */
struct error *loop_add_timer(struct loop *loop, uint64_t first_ns, uint64_t interval_ns, loop_fn fn,
			     void *ctx, struct loop_source **ret);
struct error *loop_timer_set(struct loop_source *timer, uint64_t first_ns, uint64_t interval_ns);
/* @signo is blocked in all threads by the caller before threads start; @events is the signal number. */
struct error *loop_add_signal(struct loop *loop, int signo, loop_fn fn, void *ctx,
			      struct loop_source **ret);
void loop_remove(struct loop_source *source); /* safe inside any handler; NULL is fine */

/* Runs @fn(ctx, 0) in the loop's thread; callable from any thread. */
void loop_post(struct loop *loop, loop_fn fn, void *ctx);

/* Handles what is ready, waiting at most @timeout_ms (-1: until something is). */
struct error *loop_run_once(struct loop *loop, int timeout_ms);
/* Until loop_quit(). */
struct error *loop_run(struct loop *loop);
void loop_quit(struct loop *loop);

uint64_t clock_now_ns(void); /* CLOCK_MONOTONIC: the clock of all events */
