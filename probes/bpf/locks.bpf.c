/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who waits for which lock of the kernel, and how long. A mutex tells of contention twice: when the
 * waiter begins to spin, and when it goes to sleep; both belong to one wait, which ends once.
 */
#include "probes/bpf/common.bpf.h"

#include "probes/bpf/lock_names.bpf.h"
#include "probes/bpf/locks.h"

struct wait {
	__u64 lock, since_ns;
	__u32 flags, owner;
};

/* A wait that sleeps belongs to its thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct wait);
} sleepers SEC(".maps");

/* One that spins keeps its CPU, and may come in an interrupt in the middle of the other. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wait);
} spinners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LOCK_ENTRIES);
	__type(key, struct lock_key);
	__type(value, struct lock_sum);
} sums SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lock_sum);
} zeros SEC(".maps");

struct ev_wait {
	hex_t lock;
	ns_t waited;
	hex32_t flags;
	__u32 owner;
	__s32 result;
	__u32 pad;
} __attribute__((btf_decl_tag("help:a wait for a lock of the kernel ended")));
DECLARE_EVENT(ev_wait);

/* Thread that holds the mutex or (as a writer) the semaphore. */
static __always_inline __u32 owner_of(void *lock, __u32 flags)
{
	struct rw_semaphore *sem = lock;
	struct mutex *mutex = lock;
	__u64 owner = 0;

	if (!bpf_core_field_exists(mutex->owner))
		return 0;
	if (flags & WAIT_MUTEX)
		owner = BPF_CORE_READ(mutex, owner.counter);
	else if ((flags & (WAIT_READ | WAIT_WRITE)) && !(flags & (WAIT_SPIN | WAIT_PERCPU | WAIT_RT)))
		owner = BPF_CORE_READ(sem, owner.counter);
	if (!(flags & WAIT_MUTEX) && (owner & 1))
		return 0; /* readers */
	owner &= ~7ull;
	return owner ? BPF_CORE_READ((struct task_struct *)owner, pid) : 0;
}

static __always_inline int begin(void *lock, __u32 flags)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct wait fresh = { .lock = (__u64)lock, .flags = flags }, *w;
	__u32 tid = (__u32)id, zero = 0;

	if (filtered(id))
		return 0;
	if ((flags & WAIT_SPIN) && !(flags & WAIT_MUTEX)) {
		w = bpf_map_lookup_elem(&spinners, &zero);
		if (!w)
			return 0;
		w->lock = fresh.lock;
		w->flags = flags;
		w->owner = 0;
		w->since_ns = bpf_ktime_get_ns();
		return 0;
	}
	fresh.flags = flags & WAIT_MUTEX ? flags & ~WAIT_SPIN : flags;
	w = bpf_map_lookup_elem(&sleepers, &tid);
	if (w && w->lock == fresh.lock)
		return 0;
	fresh.owner = owner_of(lock, flags);
	fresh.since_ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&sleepers, &tid, &fresh, BPF_ANY);
	return 0;
}

static __always_inline struct lock_sum *sum_get(const struct lock_key *key)
{
	struct lock_sum *s = bpf_map_lookup_elem(&sums, key), *fresh;
	__u32 zero = 0;

	if (s)
		return s;
	fresh = bpf_map_lookup_elem(&zeros, &zero);
	if (!fresh)
		return 0;
	bpf_map_update_elem(&sums, key, fresh, BPF_NOEXIST);
	s = bpf_map_lookup_elem(&sums, key);
	if (!s)
		hit(LOCK_PART_UNKEPT);
	return s;
}

static __always_inline void wait_event(const struct wait *w, __u64 now, __s32 result)
{
	struct ev_wait_record *r;
	void *ring;

	if (!want_events)
		return;
	r = event_reserve(ev_wait, NO_VCPU, now, &ring);
	if (!r)
		return;
	r->ev.lock = w->lock;
	r->ev.waited = now - w->since_ns;
	r->ev.flags = w->flags;
	r->ev.owner = w->owner;
	r->ev.result = result;
	r->ev.pad = 0;
	event_submit(r, ring);
}

static __always_inline int end(void *ctx, __u64 lock, __s32 result)
{
	__u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns(), waited;
	__u32 tid = (__u32)id, zero = 0;
	struct lock_sum *s;
	struct wait w, *p;
	long len;

	if (filtered(id))
		return 0;
	p = bpf_map_lookup_elem(&spinners, &zero);
	if (p && p->lock == lock) {
		w = *p;
		p->lock = 0;
	} else {
		p = bpf_map_lookup_elem(&sleepers, &tid);
		if (!p || p->lock != lock)
			return 0; /* it began before we came */
		w = *p;
		bpf_map_delete_elem(&sleepers, &tid);
	}
	hit(LOCK_PART_CONTENTION);
	wait_event(&w, now, result);
	s = sum_get(&(struct lock_key){ .lock = lock, .tid = tid, .flags = w.flags });
	if (!s)
		return 0;
	waited = now - w.since_ns;
	if (waited > s->wait.max) {
		s->owner = w.owner;
		len = bpf_get_stack(ctx, s->stack, sizeof(s->stack), 0);
		s->stack_len = len > 0 ? (__u64)len / 8 : 0;
	}
	hist_put(&s->wait, waited);
	return 0;
}

SEC("tp_btf/contention_begin")
int btf_contention_begin(__u64 *ctx)
{
	return begin((void *)ctx[0], (__u32)ctx[1]);
}

SEC("tp_btf/contention_end")
int btf_contention_end(__u64 *ctx)
{
	return end(ctx, ctx[0], (__s32)ctx[1]);
}

SEC("raw_tp/contention_begin")
int raw_contention_begin(struct bpf_raw_tracepoint_args *ctx)
{
	return begin((void *)ctx->args[0], (__u32)ctx->args[1]);
}

SEC("raw_tp/contention_end")
int raw_contention_end(struct bpf_raw_tracepoint_args *ctx)
{
	return end(ctx, ctx->args[0], (__s32)ctx->args[1]);
}
