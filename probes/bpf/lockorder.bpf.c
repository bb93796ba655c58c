/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which locks threads take while they hold which: each pair once, with both places, to user space, where
 * the order is judged (probes/lockdep.c). A sequence that was seen before costs one look into a cache.
 */
#include "probes/bpf/common.bpf.h"

#include "probes/bpf/lock_held.bpf.h"
#include "probes/bpf/lock_names.bpf.h"
#include "probes/bpf/lockorder.h"

struct pair {
	__u64 held, taken;
	__u64 modes;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct pair);
	__type(value, __u8);
} pairs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u8);
} chains SEC(".maps");

struct ev_edge {
	hex_t held;
	hex_t taken;
	ns_t held_for;
	__u32 held_mode;
	__u32 taken_mode;
	__u32 nstack;
	__u32 pad;
	hex_t held_stack[ORDER_SITE];
	hex_t stack[ORDER_STACK];
} __attribute__((btf_decl_tag("help:a lock was taken with another held, for the first time")));
DECLARE_EVENT(ev_edge);

/* Made by user space. */
enum ev_violation_kind { ORDER, CYCLE, SELF };

struct ev_violation {
	enum ev_violation_kind kind;
	__u32 cycle;
	__u32 thread;
	__u32 pad;
	char rule[8];
	char held[40];
	char taken[40];
} __attribute__((btf_decl_tag("help:locks were taken in an order that can deadlock, or that KVM forbids")));
const struct ev_violation *violation_is_described;

static __always_inline __u64 mix(__u64 h, __u64 v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

/* False: there was no room, so it has to be told the next time. */
static __always_inline bool tell_edge(void *ctx, struct held_lock *held, __u64 lock, __u32 mode)
{
	struct ev_edge_record *r;
	__u64 now = bpf_ktime_get_ns();
	void *ring;
	long len;

	r = event_reserve(ev_edge, NO_VCPU, now, &ring);
	if (!r)
		return false;
	r->ev.held = held->lock;
	r->ev.taken = lock;
	r->ev.held_for = now - held->since_ns;
	r->ev.held_mode = held->mode;
	r->ev.taken_mode = mode;
	r->ev.pad = 0;
	__builtin_memcpy(r->ev.held_stack, held->site, sizeof(r->ev.held_stack));
	len = bpf_get_stack(ctx, r->ev.stack, sizeof(r->ev.stack), 0);
	r->ev.nstack = len > 0 ? (__u64)len / 8 : 0;
	/* Rare, and somebody may wait for it to stop the guest. */
	bpf_ringbuf_submit(r, BPF_RB_FORCE_WAKEUP);
	return true;
}

static __always_inline void on_take(void *ctx, struct held *h, __u64 lock, __u32 mode)
{
	__u32 depth = h->depth;
	__u64 hash = 1;
	__u8 one = 1;

	hit(ORDER_PART_TAKEN);
	if (!depth)
		return;
	for (__u32 i = 0; i < HELD_MAX; i++)
		if (i < depth)
			hash = mix(mix(hash, h->locks[i].lock), h->locks[i].mode);
	hash = mix(mix(hash, lock), mode);
	if (bpf_map_lookup_elem(&chains, &hash))
		return;
	for (__u32 i = 0; i < HELD_MAX; i++) {
		struct pair pair;

		if (i >= depth)
			break;
		pair.held = h->locks[i].lock;
		pair.taken = lock;
		pair.modes = (__u64)h->locks[i].mode << 32 | mode;
		if (bpf_map_update_elem(&pairs, &pair, &one, BPF_NOEXIST))
			continue;
		if (!tell_edge(ctx, &h->locks[i], lock, mode)) {
			bpf_map_delete_elem(&pairs, &pair);
			return;
		}
	}
	bpf_map_update_elem(&chains, &hash, &one, BPF_ANY);
}

static __always_inline void on_taken(void *ctx, struct held_lock *l)
{
}

static __always_inline void on_release(struct held_lock *l)
{
}

static __always_inline void on_unkept(void)
{
	hit(ORDER_PART_UNKEPT);
}

static __always_inline void on_deep(void)
{
	hit(ORDER_PART_DEEP);
}

/* Waiting for all readers is as taking the lock that they share. */
static __always_inline int wait_for_readers(void *ctx, __u64 lock)
{
	struct held *h = held_get(false);

	if (h)
		on_take(ctx, h, lock, TAKE_WRITE);
	return 0;
}

SEC("fentry/synchronize_srcu")
int fentry_synchronize_srcu(__u64 *ctx)
{
	return wait_for_readers(ctx, plain_arg(ctx));
}

SEC("fentry/synchronize_srcu_expedited")
int fentry_synchronize_srcu_expedited(__u64 *ctx)
{
	return wait_for_readers(ctx, plain_arg(ctx));
}

SEC("kprobe/synchronize_srcu")
int kprobe_synchronize_srcu(struct pt_regs *ctx)
{
	return wait_for_readers(ctx, register_arg(ctx, 0));
}

SEC("kprobe/synchronize_srcu_expedited")
int kprobe_synchronize_srcu_expedited(struct pt_regs *ctx)
{
	return wait_for_readers(ctx, register_arg(ctx, 0));
}

/* ---- where functions can not be watched ---------------------------------------------------------- */

/* Mutexes of KVM's objects; user space fills it. 0 ends the list. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ORDER_WATCHED);
	__type(key, __u32);
	__type(value, __u64);
} watched SEC(".maps");

/* One of KVM's mutexes that is @self's, but neither of two; 0: none. Of its own to the verifier. */
__noinline __u64 owned_mutex(__u64 self, __u64 but, __u64 nor)
{
	for (__u32 i = 0; i < ORDER_WATCHED; i++) {
		__u32 key = i;
		__u64 *addr = bpf_map_lookup_elem(&watched, &key);
		struct mutex *mutex;

		if (!addr || !*addr)
			break;
		mutex = (void *)*addr;
		if (*addr != but && *addr != nor && (BPF_CORE_READ(mutex, owner.counter) & ~7ull) == self)
			return *addr;
	}
	return 0;
}

static __always_inline void contended_edge(void *ctx, __u64 owned, __u64 lock, __u32 mode)
{
	struct held_lock held = { .lock = owned, .mode = TAKE_WRITE };
	struct pair pair = { .held = owned, .taken = lock, .modes = mode };
	__u8 one = 1;

	if (bpf_map_update_elem(&pairs, &pair, &one, BPF_NOEXIST))
		return;
	held.since_ns = bpf_ktime_get_ns();
	if (!tell_edge(ctx, &held, lock, mode))
		bpf_map_delete_elem(&pairs, &pair);
}

/*
 * A thread has to wait: which of KVM's mutexes are its own at this moment? Their owner fields tell. Only
 * contended takes are seen, but what is seen is proved.
 */
SEC("tp_btf/contention_begin")
int btf_contended(__u64 *ctx)
{
	__u64 lock = ctx[0], self = bpf_get_current_task();
	__u32 flags = (__u32)ctx[1], mode = flags & 2 /* LCB_F_READ */ ? TAKE_READ : TAKE_WRITE;
	__u64 first, second;

	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	hit(ORDER_PART_TAKEN);
	first = owned_mutex(self, lock, 0);
	if (!first)
		return 0;
	contended_edge(ctx, first, lock, mode);
	/* More than two of KVM's mutexes are not held together by anyone who waits. */
	second = owned_mutex(self, lock, first);
	if (second)
		contended_edge(ctx, second, lock, mode);
	return 0;
}
