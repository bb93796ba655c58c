/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Samples of where guest and host are. An interrupt that ends a sampling period in the guest first leaves
 * it, so the sample is taken in the host; KVM notes meanwhile that it handles an interrupt of the guest.
 *
 *	guest ---interrupt--> exit, KVM: "an interrupt from the guest" --> sample (regs: host's; the guest's: vCPU's)
 */
#include "probes/bpf/sums.bpf.h"

#include "probes/bpf/profile.h"

enum ev_side { guest = SIDE_GUEST, kernel = SIDE_KERNEL, user = SIDE_USER };

struct ev_sample {
	enum ev_side side;
	__u32 pad;
	gva_t pc;
} __attribute__((btf_decl_tag("help:a sample: where the thread was")));
DECLARE_EVENT(ev_sample);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SAMPLE_ENTRIES);
	__type(key, struct sample_key);
	__type(value, __u64);
} samples SEC(".maps");

/* What a thread's vCPU is, as far as it has entered a guest. */
struct entered {
	__u64 vcpu;
	__u64 rip;	/* x86: where the last exit that told was */
	__u32 from_guest; /* POWER: an interrupt ended the guest's run and nobody has claimed it */
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct entered);
} entered SEC(".maps");

/* Of uapi/linux/bpf_perf_event.h. */
struct perf_event_data {
	struct pt_regs regs;
	__u64 sample_period, addr;
};

static __always_inline void note_entry(struct kvm_vcpu *vcpu)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct entered fresh = { .vcpu = (__u64)vcpu }, *e;
	__u32 tid = (__u32)id;

	e = bpf_map_lookup_elem(&entered, &tid);
	if (e) {
		e->vcpu = (__u64)vcpu;
		e->from_guest = 0;
		return;
	}
	if (filtered(id))
		return;
	hit(PROFILE_PART_GUEST);
	thread_is_vcpu(vcpu_id_of(vcpu));
	bpf_map_update_elem(&entered, &tid, &fresh, BPF_ANY);
}

#if defined(__TARGET_ARCH_x86)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kvm_vcpu_arch___x86 {
	unsigned long regs[17];
	__u32 regs_avail;
	__u8 handling_intr_from_guest;
};

struct kvm_vcpu___x86 {
	struct kvm_vcpu_arch___x86 arch;
};

#pragma clang attribute pop

#define REG_RIP 16
#define PC(ctx) ((ctx)->regs.rip)
#define IS_USER(ctx) ((ctx)->regs.cs & 3)

SEC("raw_tp/kvm_entry")
int raw_kvm_entry(struct bpf_raw_tracepoint_args *ctx)
{
	note_entry((void *)ctx->args[0]);
	return 0;
}

SEC("tp/kvm/kvm_exit")
int tp_kvm_exit(struct trace_event_raw_kvm_exit *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct entered *e = bpf_map_lookup_elem(&entered, &tid);

	if (e)
		e->rip = BPF_CORE_READ(ctx, guest_rip);
	return 0;
}

/* True: the sample is of the guest, at *ret_pc. */
static __always_inline bool of_guest(struct entered *e, __u64 *ret_pc)
{
	struct kvm_vcpu___x86 *vcpu = (void *)e->vcpu;

	if (!bpf_core_field_exists(vcpu->arch.handling_intr_from_guest) ||
	    !BPF_CORE_READ(vcpu, arch.handling_intr_from_guest))
		return false;
	/* VMX leaves it in the VMCS until somebody wants it; the exit told. */
	*ret_pc = BPF_CORE_READ(vcpu, arch.regs_avail) >> REG_RIP & 1 ? BPF_CORE_READ(vcpu, arch.regs[REG_RIP]) : e->rip;
	return true;
}

#elif defined(__TARGET_ARCH_powerpc)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs___kernel {
	unsigned long nip;
};

struct kvm_vcpu_arch___ppc {
	struct pt_regs___kernel regs;
	int trap;
};

struct kvm_vcpu___ppc {
	struct kvm_vcpu_arch___ppc arch;
};

#pragma clang attribute pop

#define MSR_PR 0x4000
#define PC(ctx) ((ctx)->regs.nip)
#define IS_USER(ctx) ((ctx)->regs.msr & MSR_PR)

SEC("raw_tp/kvm_guest_enter")
int raw_guest_enter(struct bpf_raw_tracepoint_args *ctx)
{
	note_entry((void *)ctx->args[0]);
	return 0;
}

/* Interrupts of the host are still off: the first one after is what ended the run. */
SEC("raw_tp/kvm_guest_exit")
int raw_guest_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct kvm_vcpu___ppc *vcpu = (void *)ctx->args[0];
	__u32 tid = (__u32)bpf_get_current_pid_tgid(), trap = BPF_CORE_READ(vcpu, arch.trap);
	struct entered *e = bpf_map_lookup_elem(&entered, &tid);

	if (e)
		e->from_guest = trap == 0x980 || trap == 0x500 || trap == 0xea0 || trap == 0xf00;
	return 0;
}

static __always_inline bool of_guest(struct entered *e, __u64 *ret_pc)
{
	struct kvm_vcpu___ppc *vcpu = (void *)e->vcpu;

	if (!e->from_guest)
		return false;
	e->from_guest = 0;
	*ret_pc = BPF_CORE_READ(vcpu, arch.regs.nip);
	return true;
}

#endif

static __always_inline void sample_put(const struct sample_key *key)
{
	__u64 one = 1, *n = bpf_map_lookup_elem(&samples, key);

	if (n) {
		__sync_fetch_and_add(n, 1);
		return;
	}
	if (bpf_map_update_elem(&samples, key, &one, BPF_NOEXIST))
		hit(PROFILE_PART_UNKEPT);
}

SEC("perf_event")
int on_sample(struct perf_event_data *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct sample_key key = { .tid = (__u32)id, .pc = PC(ctx) };
	struct ev_sample_record *r;
	struct sum_thread *t;
	struct entered *e;
	void *ring;

	/* The idle task is nobody's. */
	if (filtered(id) || !key.tid)
		return 0;
	key.side = IS_USER(ctx) ? SIDE_USER : SIDE_KERNEL;
	e = bpf_map_lookup_elem(&entered, &key.tid);
	if (e && key.side == SIDE_KERNEL && of_guest(e, &key.pc))
		key.side = SIDE_GUEST;
	hit(PROFILE_PART_SAMPLES);
	t = bpf_map_lookup_elem(&threads, &key.tid);
	if (!t)
		thread_note(key.tid, id >> 32, NO_VCPU);
	sample_put(&key);
	if (!want_events)
		return 0;
	r = event_reserve(ev_sample, t ? t->vcpu : NO_VCPU, bpf_ktime_get_ns(), &ring);
	if (!r)
		return 0;
	r->ev.side = key.side;
	r->ev.pad = 0;
	r->ev.pc = key.pc;
	event_submit(r, ring);
	return 0;
}
