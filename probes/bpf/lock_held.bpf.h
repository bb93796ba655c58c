/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sleeping locks as threads take and release them: mutexes, semaphores for reading and writing, SRCU. A
 * probe that includes this defines, before:
 *
 *	on_take(ctx, held, lock, mode)	about to wait for @lock, @held is what the thread has
 *	on_taken(ctx, entry)		it has it now
 *	on_release(entry)		it gives it back
 *
 * A lock that is taken for certain (mutex_lock) counts as held from the moment the thread asks for it, as in
 * the kernel's own lockdep: no return has to be seen, so no kretprobe can miss one. What may fail (trylock,
 * killable) counts from its successful return.
 */
#pragma once

#include "probes/bpf/params.bpf.h"

#include "probes/bpf/held.h"

enum { TAKE_WRITE, TAKE_READ, TAKE_RECURSIVE };	/* enum lockdep_mode */

/* Set by the engine once all programs are attached, and cleared before the first is not: a lock whose release
 * nobody watches would seem held for ever. */
volatile bool armed;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, struct held);
} helds SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} held_zero SEC(".maps");

static __always_inline void on_take(void *ctx, struct held *h, __u64 lock, __u32 mode);
static __always_inline void on_taken(void *ctx, struct held_lock *l);
static __always_inline void on_release(struct held_lock *l);
static __always_inline void on_unkept(void);
static __always_inline void on_deep(void);

static __always_inline struct held *held_get(bool create)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = (__u32)id, zero = 0;
	struct held *h, *fresh;

	/* Thread 0 is the idle task of each CPU: one number for several. */
	if (!armed || !tid || filtered(id))
		return 0;
	h = bpf_map_lookup_elem(&helds, &tid);
	if (h || !create)
		return h;
	fresh = bpf_map_lookup_elem(&held_zero, &zero);
	if (!fresh)
		return 0;
	bpf_map_update_elem(&helds, &tid, fresh, BPF_NOEXIST);
	h = bpf_map_lookup_elem(&helds, &tid);
	if (!h)
		on_unkept();
	return h;
}

static __always_inline void held_push(void *ctx, struct held *h, __u64 lock, __u32 mode, __u32 try)
{
	struct held_lock *l;
	__u32 at = h->depth;

	if (at >= HELD_MAX) {
		on_deep();
		return;
	}
	l = &h->locks[at];
	l->lock = lock;
	l->since_ns = bpf_ktime_get_ns();
	l->mode = mode;
	l->try = try;
	bpf_get_stack(ctx, l->site, sizeof(l->site), 0);
	h->depth = at + 1;
	on_taken(ctx, l);
}

static __always_inline int held_take(void *ctx, __u64 lock, __u32 mode)
{
	struct held *h = held_get(true);

	if (!h)
		return 0;
	on_take(ctx, h, lock, mode);
	held_push(ctx, h, lock, mode, 0);
	return 0;
}

/* One that may fail: waiting for it is what matters for order, having it is told by its return. */
static __always_inline int held_ask(void *ctx, __u64 lock, __u32 mode, __u32 try)
{
	struct held *h = held_get(true);

	if (!h)
		return 0;
	h->pending = lock;
	if (!try)
		on_take(ctx, h, lock, mode);
	return 0;
}

static __always_inline int held_answer(void *ctx, bool got, __u32 mode, __u32 try)
{
	struct held *h = held_get(false);
	__u64 lock;

	if (!h || !h->pending)
		return 0;
	lock = h->pending;
	h->pending = 0;
	if (got)
		held_push(ctx, h, lock, mode, try);
	return 0;
}

/* The newest hold of @lock goes; those above it move down. */
static __always_inline int held_drop(__u64 lock)
{
	struct held *h = held_get(false);
	__u32 depth, found = HELD_MAX;

	if (!h)
		return 0;
	depth = h->depth;
	for (__u32 i = 0; i < HELD_MAX; i++)
		if (i < depth && h->locks[i].lock == lock)
			found = i;
	if (found >= HELD_MAX)
		return 0;
	on_release(&h->locks[found]);
	for (__u32 i = 0; i + 1 < HELD_MAX; i++)
		if (i >= found && i + 1 < depth)
			h->locks[i] = h->locks[i + 1];
	h->depth = depth - 1;
	return 0;
}

SEC("raw_tp/sched_process_exit")
int raw_held_gone(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&helds, &tid);
	return 0;
}

/* A parameter as a number: typed pointers of fentry take no part in arithmetic. */
static __always_inline __u64 plain_arg(__u64 *ctx)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), ctx);
	return value;
}

/* ---- the functions, by fentry and by kprobe ------------------------------------------------------ */

#define HELD_TAKE(fn, mode) \
	SEC("fentry/" #fn) int fentry_##fn(__u64 *ctx) { return held_take(ctx, plain_arg(ctx), mode); } \
	SEC("kprobe/" #fn) int kprobe_##fn(struct pt_regs *ctx) { return held_take(ctx, register_arg(ctx, 0), mode); }

/* A call that may fail, with one parameter. @ok: what @ret says when it has the lock. */
#define HELD_TRY(fn, mode, try, ok) \
	SEC("fentry/" #fn) int fentry_##fn(__u64 *ctx) { return held_ask(ctx, plain_arg(ctx), mode, try); } \
	SEC("fexit/" #fn) int fexit_##fn(__u64 *ctx) { __s32 ret = (__s32)ctx[1]; return held_answer(ctx, ok, mode, try); } \
	SEC("kprobe/" #fn) int kprobe_##fn(struct pt_regs *ctx) \
	{ return held_ask(ctx, register_arg(ctx, 0), mode, try); } \
	SEC("kretprobe/" #fn) int kretprobe_##fn(struct pt_regs *ctx) \
	{ __s32 ret = (__s32)kresult(ctx); return held_answer(ctx, ok, mode, try); }

#define HELD_DROP(fn) \
	SEC("fentry/" #fn) int fentry_##fn(__u64 *ctx) { return held_drop(plain_arg(ctx)); } \
	SEC("kprobe/" #fn) int kprobe_##fn(struct pt_regs *ctx) { return held_drop(register_arg(ctx, 0)); }

HELD_TAKE(mutex_lock, TAKE_WRITE)
HELD_TAKE(mutex_lock_io, TAKE_WRITE)
HELD_TAKE(mutex_lock_nested, TAKE_WRITE)	/* where the kernel has lockdep itself */
HELD_TRY(mutex_lock_interruptible, TAKE_WRITE, 0, ret == 0)
HELD_TRY(mutex_lock_killable, TAKE_WRITE, 0, ret == 0)
HELD_TRY(mutex_trylock, TAKE_WRITE, 1, ret == 1)
HELD_DROP(mutex_unlock)
HELD_TAKE(down_write, TAKE_WRITE)
HELD_TAKE(down_read, TAKE_READ)
HELD_TRY(down_write_killable, TAKE_WRITE, 0, ret == 0)
HELD_TRY(down_read_killable, TAKE_READ, 0, ret == 0)
HELD_TRY(down_write_trylock, TAKE_WRITE, 1, ret == 1)
HELD_TRY(down_read_trylock, TAKE_READ, 1, ret == 1)
HELD_DROP(up_write)
HELD_DROP(up_read)
HELD_TAKE(__srcu_read_lock, TAKE_RECURSIVE)
HELD_DROP(__srcu_read_unlock)

/* One of each, for the rungs of a part: probes/lock_held.h lists their names. */
