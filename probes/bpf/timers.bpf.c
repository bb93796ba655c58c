/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How late timers are for a guest on x86.
 *
 *	guest's deadline                          hrtimer fires (advanced)   entry        deadline
 *	     |-- KVM programs an hrtimer, early by the advance --|-- late --|-- early: KVM spins --|
 */
#include "probes/bpf/sums.bpf.h"

#include "probes/bpf/timers.h"

#if defined(__TARGET_ARCH_x86)

enum ev_timer_kind { lapic = TIMER_LAPIC, host = TIMER_HOST };

struct ev_expire {
	enum ev_timer_kind timer;
	__u32 pad;
	ns_t late;
	gva_t function;
} __attribute__((btf_decl_tag("help:a timer of the host expired")));
DECLARE_EVENT(ev_expire);

struct ev_deadline {
	__s64 delta;
} __attribute__((btf_decl_tag("help:TSC cycles from the guest's deadline to KVM being ready (negative: early)")));
DECLARE_EVENT(ev_deadline);

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct timerqueue_node {
	__s64 expires;
};

struct hrtimer {
	struct timerqueue_node node;
	void *function;
};

struct kvm_timer {
	struct hrtimer timer;
};

struct kvm_lapic {
	struct kvm_timer lapic_timer;
	struct kvm_vcpu *vcpu;
};

#pragma clang attribute pop

/* The function of every LAPIC's hrtimer; without kallsyms all timers are the host's. */
extern const void apic_timer_fn __ksym __weak;

static __always_inline void expire_event(__u32 vcpu, __u32 timer, __u64 late, __u64 function)
{
	struct ev_expire_record *r;
	void *ring;

	if (!want_events)
		return;
	r = event_reserve(ev_expire, vcpu, bpf_ktime_get_ns(), &ring);
	if (!r)
		return;
	r->ev.timer = timer;
	r->ev.pad = 0;
	r->ev.late = late;
	r->ev.function = function;
	event_submit(r, ring);
}

static __always_inline void lapic_expired(struct hrtimer *timer, __u64 late)
{
	struct kvm_lapic *apic = (void *)timer - bpf_core_field_offset(struct kvm_lapic, lapic_timer.timer);
	struct kvm_vcpu *vcpu = BPF_CORE_READ(apic, vcpu);
	struct kvm *kvm = BPF_CORE_READ(vcpu, kvm);
	__u32 tid = tid_of_vcpu(vcpu), id = vcpu_id_of(vcpu);

	if (!tid || kvm_filtered(kvm))
		return;
	hit(TIMER_PART_HRTIMER);
	thread_note(tid, tgid_of_kvm(kvm), id);
	sum_put_for(tid, TIMER_LAPIC, 0, 0, late);
	expire_event(id, TIMER_LAPIC, late, (__u64)&apic_timer_fn);
}

/* (timer, &now): by the timer's own clock, so now - expires needs none of ours. */
SEC("raw_tp/hrtimer_expire_entry")
int raw_hrtimer_expire_entry(struct bpf_raw_tracepoint_args *ctx)
{
	struct hrtimer *timer = (void *)ctx->args[0];
	__s64 now, expires = BPF_CORE_READ(timer, node.expires);
	__u64 function = (__u64)BPF_CORE_READ(timer, function), id = bpf_get_current_pid_tgid(), late;
	struct sum_thread *t;
	__u32 tid = (__u32)id;

	if (bpf_probe_read_kernel(&now, sizeof(now), (void *)ctx->args[1]))
		return 0;
	late = now > expires ? now - expires : 0;
	if (&apic_timer_fn && function == (__u64)&apic_timer_fn) {
		lapic_expired(timer, late);
		return 0;
	}
	if (filtered(id))
		return 0;
	t = bpf_map_lookup_elem(&threads, &tid);
	if (!t)
		return 0;
	hit(TIMER_PART_HRTIMER);
	sum_put_for(tid, TIMER_HOST, function, 0, late);
	expire_event(t->vcpu, TIMER_HOST, late, function);
	return 0;
}

/* (vcpu_id, delta) */
SEC("raw_tp/kvm_wait_lapic_expire")
int raw_kvm_wait_lapic_expire(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 vcpu = (__u32)ctx->args[0];
	__s64 delta = (__s64)ctx->args[1];
	struct ev_deadline_record *r;
	void *ring;

	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	hit(TIMER_PART_DEADLINE);
	thread_is_vcpu(vcpu);
	if (delta < 0)
		sum_put(TIMER_EARLY, 0, 0, (__u64)-delta);
	else
		sum_put(TIMER_LATE, 0, 0, (__u64)delta);
	if (!want_events)
		return 0;
	r = event_reserve(ev_deadline, vcpu, bpf_ktime_get_ns(), &ring);
	if (!r)
		return 0;
	r->ev.delta = delta;
	event_submit(r, ring);
	return 0;
}

/* (vcpu_id, in_use) */
SEC("raw_tp/kvm_hv_timer_state")
int raw_kvm_hv_timer_state(struct bpf_raw_tracepoint_args *ctx)
{
	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	hit(TIMER_PART_HV);
	thread_is_vcpu((__u32)ctx->args[0]);
	sum_put((__u32)ctx->args[1] ? TIMER_HV_ON : TIMER_HV_OFF, 0, 0, 0);
	return 0;
}

#endif
