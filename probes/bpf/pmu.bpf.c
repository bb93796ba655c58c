/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A guest and the PMU: its accesses to counters and what becomes of them, and what counters of the host
 * count while it runs and while the host works for it.
 */
#include "probes/bpf/sums.bpf.h"

#include "probes/bpf/params.bpf.h"

#include "probes/bpf/pmu.h"

/* ---- accesses (x86) ------------------------------------------------------------------------------ */

#if defined(__TARGET_ARCH_x86)

struct ev_msr {
	hex32_t msr;
	bool8_t write;
	bool8_t gp;
	__u16 pad;
	hex_t value;
} __attribute__((btf_decl_tag("help:the guest reads or writes an MSR of the PMU")));
DECLARE_EVENT(ev_msr);

struct ev_rdpmc {
	hex32_t index;
	bool8_t gp;
	__u8 version;
	__u16 pad;
} __attribute__((btf_decl_tag("help:the guest reads a counter by RDPMC")));
DECLARE_EVENT(ev_rdpmc);

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct fetch_cache {
	__u8 data[15];
};

struct x86_emulate_ctxt {
	struct fetch_cache fetch;
};

struct kvm_pmu {
	__u8 version;
};

struct kvm_vcpu_arch___pmu {
	unsigned long regs[17];
	struct x86_emulate_ctxt *emulate_ctxt;
	struct kvm_pmu pmu;
};

struct kvm_vcpu___pmu {
	struct kvm_vcpu_arch___pmu arch;
};

#pragma clang attribute pop

#define REG_RCX 1
#define VECTOR_GP 13

static __always_inline bool in_range(__u32 msr, __u32 from, __u32 n)
{
	return msr - from < n;
}

/* Those of Intel's and AMD's architectures (facts: SDM vol. 4, APM vol. 2 appendix A). */
static __always_inline bool is_pmu_msr(__u32 msr)
{
	return in_range(msr, 0xc1, 8) || in_range(msr, 0x186, 8) || in_range(msr, 0x309, 4) || msr == 0x329 ||
	       in_range(msr, 0x345, 1) || in_range(msr, 0x38d, 4) || msr == 0x3f1 || msr == 0x3f2 || msr == 0x600 ||
	       in_range(msr, 0x4c1, 8) || in_range(msr, 0xc0000300, 4) || in_range(msr, 0xc0010000, 8) ||
	       in_range(msr, 0xc0010200, 12);
}

/* (write, ecx, data, exception) */
SEC("raw_tp/kvm_msr")
int raw_kvm_msr(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 write = (__u32)ctx->args[0], msr = (__u32)ctx->args[1], what;
	bool gp = (__u8)ctx->args[3];
	struct ev_msr_record *r;
	void *ring;

	if (!is_pmu_msr(msr) || filtered(bpf_get_current_pid_tgid()))
		return 0;
	hit(PMU_PART_MSR);
	what = write ? (gp ? PMU_WRMSR_GP : PMU_WRMSR) : gp ? PMU_RDMSR_GP : PMU_RDMSR;
	sum_put(what, msr, 0, 0);
	if (!want_events)
		return 0;
	r = event_reserve(ev_msr, NO_VCPU, bpf_ktime_get_ns(), &ring);
	if (!r)
		return 0;
	r->ev.msr = msr;
	r->ev.write = !!write;
	r->ev.gp = gp;
	r->ev.pad = 0;
	r->ev.value = ctx->args[2];
	event_submit(r, ring);
	return 0;
}

static __always_inline void rdpmc(__u32 vcpu, __u32 index, __u8 version, bool gp)
{
	struct ev_rdpmc_record *r;
	void *ring;

	hit(PMU_PART_RDPMC);
	if (vcpu != NO_VCPU)
		thread_is_vcpu(vcpu);
	sum_put(gp ? PMU_RDPMC_GP : PMU_RDPMC, index, version, 0);
	if (!want_events)
		return;
	r = event_reserve(ev_rdpmc, vcpu, bpf_ktime_get_ns(), &ring);
	if (!r)
		return;
	r->ev.index = index;
	r->ev.gp = gp;
	r->ev.version = version;
	r->ev.pad = 0;
	event_submit(r, ring);
}

static __always_inline __u8 version_of(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu___pmu *v = (void *)vcpu;

	return bpf_core_field_exists(v->arch.pmu.version) ? BPF_CORE_READ(v, arch.pmu.version) : PMU_VERSION_UNKNOWN;
}

/* An RDPMC that is under way in a thread. */
struct reading {
	__u64 vcpu;
	__u32 index, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct reading);
} readings SEC(".maps");

PARAMS(kvm_pmu_rdpmc, 3);
PARAM(kvm_pmu_rdpmc, vcpu, 0);
PARAM(kvm_pmu_rdpmc, idx, 1);

SEC("fexit/kvm_pmu_rdpmc")
int fexit_kvm_pmu_rdpmc(__u64 *ctx)
{
	struct kvm_vcpu *vcpu = (void *)param(ctx, kvm_pmu_rdpmc, vcpu);

	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	rdpmc(vcpu_id_of(vcpu), (__u32)param(ctx, kvm_pmu_rdpmc, idx), version_of(vcpu),
	      (__u32)result(ctx, kvm_pmu_rdpmc) != 0);
	return 0;
}

SEC("kprobe/kvm_pmu_rdpmc")
int kprobe_kvm_pmu_rdpmc(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct reading r = { .vcpu = kparam(ctx, kvm_pmu_rdpmc, vcpu), .index = (__u32)kparam(ctx, kvm_pmu_rdpmc, idx) };
	__u32 tid = (__u32)id;

	if (!filtered(id))
		bpf_map_update_elem(&readings, &tid, &r, BPF_ANY);
	return 0;
}

SEC("kretprobe/kvm_pmu_rdpmc")
int kretprobe_kvm_pmu_rdpmc(struct pt_regs *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct reading *r = bpf_map_lookup_elem(&readings, &tid);

	if (!r)
		return 0;
	rdpmc(vcpu_id_of((void *)r->vcpu), r->index, version_of((void *)r->vcpu), (__u32)kresult(ctx) != 0);
	bpf_map_delete_elem(&readings, &tid);
	return 0;
}

/* Where no function can be had and KVM interprets: the instruction, and the #GP that follows or does not. */
static __always_inline void reading_done(__u32 tid, bool gp)
{
	struct reading *r = bpf_map_lookup_elem(&readings, &tid);

	if (!r)
		return;
	rdpmc(vcpu_id_of((void *)r->vcpu), r->index, version_of((void *)r->vcpu), gp);
	bpf_map_delete_elem(&readings, &tid);
}

/* (vcpu, failed) */
SEC("raw_tp/kvm_emulate_insn")
int raw_kvm_emulate_insn(struct bpf_raw_tracepoint_args *ctx)
{
	struct kvm_vcpu___pmu *vcpu = (void *)ctx->args[0];
	__u64 id = bpf_get_current_pid_tgid();
	struct x86_emulate_ctxt *emulate;
	struct reading r = { .vcpu = ctx->args[0] };
	__u32 tid = (__u32)id;
	__u8 insn[2] = { 0 };

	if (filtered(id))
		return 0;
	reading_done(tid, false);
	emulate = BPF_CORE_READ(vcpu, arch.emulate_ctxt);
	if (!emulate || BPF_CORE_READ_INTO(&insn, emulate, fetch.data) || insn[0] != 0x0f || insn[1] != 0x33)
		return 0;
	r.index = (__u32)BPF_CORE_READ(vcpu, arch.regs[REG_RCX]);
	bpf_map_update_elem(&readings, &tid, &r, BPF_ANY);
	return 0;
}

/* (exception, ...): 5.x passes the same first. */
SEC("raw_tp/kvm_inj_exception")
int raw_kvm_inj_exception(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (!filtered(id) && (__u32)ctx->args[0] == VECTOR_GP)
		reading_done((__u32)id, true);
	return 0;
}

#endif

/* ---- counters at entry and exit ------------------------------------------------------------------ */

struct bpf_perf_event_value {
	__u64 counter, enabled, running;
};

#define COUNTER_MAP(n) \
struct { \
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); \
	__type(key, __u32); \
	__type(value, __u32); \
} counter##n SEC(".maps")

COUNTER_MAP(0);
COUNTER_MAP(1);

struct counted {
	__u64 at[PMU_COUNTERS];
	__u32 cpu;
	__u32 side;	/* 1: in the guest */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct counted);
} counted SEC(".maps");

#define CURRENT_CPU 0xffffffffull

static __always_inline bool read_counters(struct counted *c)
{
	struct bpf_perf_event_value v;

	if (bpf_perf_event_read_value(&counter0, CURRENT_CPU, (void *)&v, sizeof(v)))
		return false;
	c->at[0] = v.counter;
	/* The second one may not be there. */
	c->at[1] = bpf_perf_event_read_value(&counter1, CURRENT_CPU, (void *)&v, sizeof(v)) ? 0 : v.counter;
	return true;
}

static __always_inline void crossed(__u32 vcpu, bool into_guest)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct counted now = { .cpu = bpf_get_smp_processor_id(), .side = into_guest }, *before;
	__u32 tid = (__u32)id;

	if (filtered(id) || !read_counters(&now))
		return;
	hit(PMU_PART_COUNTERS);
	if (vcpu != NO_VCPU)
		thread_is_vcpu(vcpu);
	before = bpf_map_lookup_elem(&counted, &tid);
	if (!before) {
		bpf_map_update_elem(&counted, &tid, &now, BPF_ANY);
		return;
	}
	/* Of the same CPU's counters, and of a side that was seen to begin. What the thread slept is in between:
	 * it is another's then. */
	if (before->cpu == now.cpu && before->side != now.side) {
		__u32 what = before->side ? PMU_GUEST0 : PMU_HOST0;

		sum_put(what, 0, 0, now.at[0] - before->at[0]);
		if (now.at[1])
			sum_put(what + 1, 0, 0, now.at[1] - before->at[1]);
	}
	*before = now;
}

/* The thread leaves its CPU: what is counted until it is back is not its own. */
SEC("raw_tp/sched_switch")
int raw_sched_switch(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *prev = (void *)ctx->args[1];
	__u32 tid = BPF_CORE_READ(prev, pid);

	bpf_map_delete_elem(&counted, &tid);
	return 0;
}

#if defined(__TARGET_ARCH_x86)
SEC("raw_tp/kvm_entry")
int raw_kvm_entry(struct bpf_raw_tracepoint_args *ctx)
{
	crossed(vcpu_id_of((void *)ctx->args[0]), true);
	return 0;
}

SEC("raw_tp/kvm_exit")
int raw_kvm_exit(struct bpf_raw_tracepoint_args *ctx)
{
	crossed(NO_VCPU, false);
	return 0;
}
#elif defined(__TARGET_ARCH_powerpc)
SEC("raw_tp/kvm_guest_enter")
int raw_guest_enter(struct bpf_raw_tracepoint_args *ctx)
{
	crossed(vcpu_id_of((void *)ctx->args[0]), true);
	return 0;
}

SEC("raw_tp/kvm_guest_exit")
int raw_guest_exit(struct bpf_raw_tracepoint_args *ctx)
{
	crossed(vcpu_id_of((void *)ctx->args[0]), false);
	return 0;
}
#endif
