/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The hypervisor decrementer of KVM HV: what limits a guest's time on POWER. HDEC itself is written in
 * code that nothing can attach to, but for the CPU's next timer, which is per-CPU data, and before that
 * code runs kvm_guest_enter tells of the entry.
 *
 *	kvm_guest_enter        HDEC written, guest runs             next timer      kvm_guest_exit, trap 980
 *	      |---------------------- margin --------------------------|-- late --|
 */
#include "probes/bpf/sums.bpf.h"

#include "probes/bpf/hdec.h"

#if defined(__TARGET_ARCH_powerpc)

struct ev_entry {
	__s64 margin;
} __attribute__((btf_decl_tag("help:a guest is entered: timebase ticks to the CPU's next timer")));
DECLARE_EVENT(ev_entry);

struct ev_exit {
	hex32_t trap;
	__u32 pad;
	__s64 past;
	__s64 margin;
} __attribute__((btf_decl_tag("help:the guest left: ticks past the timer that limited it, and its margin at entry")));
DECLARE_EVENT(ev_exit);

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* The clock that bpf_ktime_get_ns() reads. */
struct tk_read_base {
	__u64 cycle_last;
	__u32 mult, shift;
	__u64 xtime_nsec;
	__s64 base;
};

struct seqcount {
	unsigned int sequence;
};

struct seqcount_latch {
	struct seqcount seqcount;
};

struct tk_fast {
	struct seqcount_latch seq;
	struct tk_read_base base[2];
};

#pragma clang attribute pop

extern const void tk_fast_mono __ksym __weak;
extern const void decrementers_next_tb __ksym __weak;	/* of each CPU: timebase of its next timer */
extern const void __per_cpu_offset __ksym __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hdec_clock);
} clocks SEC(".maps");

const volatile struct hdec_clock clock_at_start;

struct entry {
	__u64 limit;	/* timebase; 0: none seen */
	__s64 margin;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct entry);
} entries SEC(".maps");

/* What was the timebase at @ns? The kernel made @ns of it, by numbers that are there to be read. */
static __always_inline __u64 timebase_by_kernel(__u64 ns)
{
	const struct tk_fast *fast = &tk_fast_mono;
	const struct tk_read_base *b;
	__u64 last, xtime, delta;
	__u32 mult, shift, seq;
	__s64 base;

	seq = BPF_CORE_READ(fast, seq.seqcount.sequence);
	b = seq & 1 ? &fast->base[1] : &fast->base[0];
	last = BPF_CORE_READ(b, cycle_last);
	mult = BPF_CORE_READ(b, mult);
	shift = BPF_CORE_READ(b, shift) & 31;
	xtime = BPF_CORE_READ(b, xtime_nsec);
	base = BPF_CORE_READ(b, base);
	if (!mult)
		return 0;
	/* A read in the middle of an update is before the base. */
	if ((__s64)ns < base)
		return 0;
	delta = ((ns - base) << shift);
	return last + (delta > xtime ? (delta - xtime) / mult : 0);
}

static __always_inline __u64 timebase_by_clock(__u64 ns)
{
	__u32 zero = 0;
	struct hdec_clock *later = bpf_map_lookup_elem(&clocks, &zero);
	__u64 ticks = clock_at_start.ticks, hz = clock_at_start.ticks_per_s, d = ns - clock_at_start.ns;

	if (later && later->ticks_per_s && ns >= later->ns) {
		ticks = later->ticks;
		d = ns - later->ns;
	}
	/* In two steps: the product of both would overflow after seconds. */
	return hz ? ticks + d / 1000000000 * hz + d % 1000000000 * hz / 1000000000 : 0;
}

static __always_inline __u64 timebase(__u64 ns)
{
	__u64 tb = 0;

	if (&tk_fast_mono && bpf_core_type_exists(struct tk_fast))
		tb = timebase_by_kernel(ns);
	return tb ? tb : timebase_by_clock(ns);
}

static __always_inline __u64 next_timer(void)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u64 offset = 0, next = 0;

	if (!&decrementers_next_tb || !&__per_cpu_offset)
		return 0;
	if (bpf_probe_read_kernel(&offset, sizeof(offset), (void *)&__per_cpu_offset + 8ull * cpu) ||
	    bpf_probe_read_kernel(&next, sizeof(next), (void *)&decrementers_next_tb + offset))
		return 0;
	return next;
}

static __always_inline int entered(__u32 vcpu)
{
	__u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns(), tb, next;
	struct ev_entry_record *r;
	struct entry e = { 0 };
	__u32 tid = (__u32)id;
	void *ring;

	if (filtered(id))
		return 0;
	hit(HDEC_PART_MARGIN);
	thread_is_vcpu(vcpu);
	tb = timebase(now);
	next = next_timer();
	if (!tb || !next)
		return 0;
	e.limit = next;
	e.margin = (__s64)(next - tb);
	bpf_map_update_elem(&entries, &tid, &e, BPF_ANY);
	if (e.margin > 0)
		sum_put(HDEC_MARGIN, 0, 0, (__u64)e.margin);
	else
		sum_put(HDEC_PAST, 0, 0, (__u64)-e.margin);
	if (!want_events)
		return 0;
	r = event_reserve(ev_entry, vcpu, now, &ring);
	if (!r)
		return 0;
	r->ev.margin = e.margin;
	event_submit(r, ring);
	return 0;
}

static __always_inline void exit_sum(__u32 trap, const struct entry *e, __s64 past)
{
	if (trap == HDEC_TRAP && e->margin <= 0)
		sum_put(HDEC_REFUSED, 0, 0, (__u64)-e->margin);
	else if (trap == HDEC_TRAP && past >= 0)
		sum_put(HDEC_LATE, 0, 0, (__u64)past);
	else if (trap == HDEC_TRAP)
		sum_put(HDEC_EARLY, 0, 0, (__u64)-past);
	else if (past > HDEC_SLACK_TICKS)
		sum_put(HDEC_OVERDUE, trap, 0, (__u64)past);
}

static __always_inline int left(__u32 vcpu, __u32 trap)
{
	__u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns(), tb;
	struct ev_exit_record *r;
	__u32 tid = (__u32)id;
	struct entry *e;
	void *ring;
	__s64 past;

	if (filtered(id))
		return 0;
	e = bpf_map_lookup_elem(&entries, &tid);
	tb = timebase(now);
	if (!e || !e->limit || !tb) {
		if (trap == HDEC_TRAP)
			sum_put(HDEC_UNKNOWN, 0, 0, 0);
		return 0;
	}
	past = (__s64)(tb - e->limit);
	exit_sum(trap, e, past);
	if (want_events) {
		r = event_reserve(ev_exit, vcpu, now, &ring);
		if (r) {
			r->ev.trap = trap;
			r->ev.pad = 0;
			r->ev.past = past;
			r->ev.margin = e->margin;
			event_submit(r, ring);
		}
	}
	e->limit = 0;
	return 0;
}

SEC("raw_tp/kvm_guest_enter")
int raw_guest_enter(struct bpf_raw_tracepoint_args *ctx)
{
	return entered(vcpu_id_of((void *)ctx->args[0]));
}

SEC("raw_tp/kvm_guest_exit")
int raw_guest_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct kvm_vcpu *vcpu = (void *)ctx->args[0];

	return left(vcpu_id_of(vcpu), BPF_CORE_READ(vcpu, arch.trap));
}

SEC("tp/kvm_hv/kvm_guest_enter")
int tp_guest_enter(struct trace_event_raw_kvm_guest_enter *ctx)
{
	return entered(BPF_CORE_READ(ctx, vcpu_id));
}

SEC("tp/kvm_hv/kvm_guest_exit")
int tp_guest_exit(struct trace_event_raw_kvm_guest_exit *ctx)
{
	return left(BPF_CORE_READ(ctx, vcpu_id), BPF_CORE_READ(ctx, trap));
}

#endif
