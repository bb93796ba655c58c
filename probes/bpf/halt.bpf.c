/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What becomes of a vCPU's halts: KVM polls for a while before it lets the thread sleep.
 *
 *	HLT                                wake-up     runs again
 *	 |-- polled --|-- sleeps -------------|-- wake --|
 *	 |-- polled --| won: an interrupt came
 */
#include "probes/bpf/sums.bpf.h"

#include "probes/bpf/params.bpf.h"

#include "probes/bpf/halt.h"

struct ev_halt {
	ns_t halted;
	ns_t polled;
	bool8_t slept;
	bool8_t valid;
	__u16 pad;
	__u32 pad2;
} __attribute__((btf_decl_tag("help:a halt of a vCPU ended")));
DECLARE_EVENT(ev_halt);

struct ev_wake {
	ns_t latency;
} __attribute__((btf_decl_tag("help:a vCPU's thread runs after its wake-up")));
DECLARE_EVENT(ev_wake);

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kvm_vcpu_stat_generic {
	__u64 halt_poll_success_ns, halt_poll_fail_ns;
};

struct kvm_vcpu_stat {
	struct kvm_vcpu_stat_generic generic;
};

struct kvm_vcpu___stat {
	struct kvm_vcpu_stat stat;
};

#pragma clang attribute pop

/* A vCPU's thread, and its halt under way. */
struct halting {
	__u64 vcpu;
	__u64 won_ns, lost_ns;	/* statistics when it began */
	__u64 wake_ns;		/* 0: not woken */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct halting);
} halts SEC(".maps");

static __always_inline struct halting *halting_get(__u32 tid)
{
	struct halting fresh = { 0 }, *h = bpf_map_lookup_elem(&halts, &tid);

	if (h)
		return h;
	bpf_map_update_elem(&halts, &tid, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&halts, &tid);
}

/* ---- the halt itself ----------------------------------------------------------------------------- */

static __always_inline void ended(__u64 ns, bool slept, bool valid)
{
	__u64 id = bpf_get_current_pid_tgid(), polled = 0;
	struct ev_halt_record *r;
	struct sum_thread *t;
	struct halting *h;
	__u32 tid = (__u32)id;
	void *ring;

	if (filtered(id))
		return;
	hit(HALT_PART_WAKEUP);
	h = halting_get(tid);
	if (!h)
		return;
	t = bpf_map_lookup_elem(&threads, &tid);
	if (!t)
		thread_note(tid, id >> 32, NO_VCPU);
	sum_put(slept ? HALT_SLEPT : HALT_WON, 0, 0, ns);
	if (!valid)
		sum_put(HALT_INVALID, 0, 0, 0);
	if (h->vcpu) {
		struct kvm_vcpu___stat *vcpu = (void *)h->vcpu;
		__u64 won = BPF_CORE_READ(vcpu, stat.generic.halt_poll_success_ns) - h->won_ns;
		__u64 lost = BPF_CORE_READ(vcpu, stat.generic.halt_poll_fail_ns) - h->lost_ns;

		h->vcpu = 0;
		polled = won + lost;
		if (won)
			sum_put(HALT_POLL_WON, 0, 0, won);
		if (lost)
			sum_put(HALT_POLL_LOST, 0, 0, lost);
	}
	if (!want_events)
		return;
	r = event_reserve(ev_halt, t ? t->vcpu : NO_VCPU, bpf_ktime_get_ns(), &ring);
	if (!r)
		return;
	r->ev.halted = ns;
	r->ev.polled = polled;
	r->ev.slept = slept;
	r->ev.valid = valid;
	r->ev.pad = r->ev.pad2 = 0;
	event_submit(r, ring);
}

/* (ns, waited, valid) */
SEC("raw_tp/kvm_vcpu_wakeup")
int raw_kvm_vcpu_wakeup(struct bpf_raw_tracepoint_args *ctx)
{
	ended(ctx->args[0], (__u8)ctx->args[1], (__u8)ctx->args[2]);
	return 0;
}

#if defined(__TARGET_ARCH_powerpc)
/* (do_sleep, ns): where KVM HV keeps vCPUs in virtual cores. */
SEC("raw_tp/kvmppc_vcore_wakeup")
int raw_kvmppc_vcore_wakeup(struct bpf_raw_tracepoint_args *ctx)
{
	ended(ctx->args[1], (__u32)ctx->args[0], true);
	return 0;
}
#endif

/* ---- how long it polled -------------------------------------------------------------------------- */

static __always_inline void begins(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu___stat *s = (void *)vcpu;
	__u64 id = bpf_get_current_pid_tgid();
	struct halting *h;

	if (filtered(id))
		return;
	h = halting_get((__u32)id);
	if (!h)
		return;
	hit(HALT_PART_POLL);
	thread_is_vcpu(vcpu_id_of(vcpu));
	h->vcpu = (__u64)vcpu;
	h->won_ns = BPF_CORE_READ(s, stat.generic.halt_poll_success_ns);
	h->lost_ns = BPF_CORE_READ(s, stat.generic.halt_poll_fail_ns);
}

PARAM(kvm_vcpu_halt, vcpu, 0);

SEC("fentry/kvm_vcpu_halt")
int fentry_kvm_vcpu_halt(__u64 *ctx)
{
	begins((void *)param(ctx, kvm_vcpu_halt, vcpu));
	return 0;
}

SEC("kprobe/kvm_vcpu_halt")
int kprobe_kvm_vcpu_halt(struct pt_regs *ctx)
{
	begins((void *)kparam(ctx, kvm_vcpu_halt, vcpu));
	return 0;
}

/* ---- from wake-up to running --------------------------------------------------------------------- */

SEC("raw_tp/sched_wakeup")
int raw_sched_wakeup(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	__u32 tid = BPF_CORE_READ(task, pid);
	struct halting *h = bpf_map_lookup_elem(&halts, &tid);

	if (h)
		h->wake_ns = bpf_ktime_get_ns();
	return 0;
}

/* (preempt, prev, next) */
SEC("raw_tp/sched_switch")
int raw_sched_switch(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *next = (void *)ctx->args[2];
	__u32 tid = BPF_CORE_READ(next, pid);
	struct halting *h = bpf_map_lookup_elem(&halts, &tid);
	struct ev_wake_record *r;
	struct sum_thread *t;
	__u64 now, latency;
	void *ring;

	if (!h || !h->wake_ns)
		return 0;
	now = bpf_ktime_get_ns();
	latency = now - h->wake_ns;
	h->wake_ns = 0;
	hit(HALT_PART_RUN);
	sum_put_for(tid, HALT_WAKE, 0, 0, latency);
	if (!want_events)
		return 0;
	t = bpf_map_lookup_elem(&threads, &tid);
	r = event_reserve(ev_wake, t ? t->vcpu : NO_VCPU, now, &ring);
	if (!r)
		return 0;
	r->head.tid = tid;	/* the one that comes, not the one that goes */
	r->head.tgid = t ? t->tgid : 0;
	r->ev.latency = latency;
	event_submit(r, ring);
	return 0;
}

/* ---- the window ---------------------------------------------------------------------------------- */

/* (grow, vcpu_id, new, old) */
SEC("raw_tp/kvm_halt_poll_ns")
int raw_kvm_halt_poll_ns(struct bpf_raw_tracepoint_args *ctx)
{
	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	hit(HALT_PART_WINDOW);
	thread_is_vcpu((__u32)ctx->args[1]);
	sum_put((__u8)ctx->args[0] ? HALT_GROW : HALT_SHRINK, 0, 0, (__u32)ctx->args[2]);
	return 0;
}
