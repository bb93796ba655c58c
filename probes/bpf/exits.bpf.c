/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why guests leave, and what each exit costs. Sums per vCPU thread and reason are kept in the kernel.
 *
 *	KVM_RUN begins      guest entry   guest exit     guest entry        KVM_RUN returns   KVM_RUN begins
 *	     |------------------|-- guest ----|-- host, by reason --|-- ... ------|-- user, by reason --|
 *	     |-------------------------- run, by the reason it returns with ------|
 *
 * Where KVM enters no guest by hardware (it interprets, or is a paravirtual backend), entry and exit
 * never fire, and `run` and `user` are what there is.
 */
#include "probes/bpf/common.bpf.h"

#include "probes/bpf/exits.h"
#include "probes/bpf/params.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct exit_vcpu);
} vcpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EXIT_ENTRIES);
	__type(key, struct exit_key);
	__type(value, struct hist);
} sums SEC(".maps");

/* A value of zeros to insert; the stack has no room for one. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hist);
} zeros SEC(".maps");

enum ev_isa { VMX = EXIT_VMX, SVM = EXIT_SVM, HV = EXIT_HV };

struct ev_hardware {
	enum ev_isa isa;
	__u32 pad;
	hex_t reason;
	hex_t info1;
	hex_t info2;
	gva_t rip;
	ns_t guest_ns;
	ns_t ns;
} __attribute__((btf_decl_tag("help:the host is done with a hardware exit: ns in the host, guest_ns in the guest before")));
DECLARE_EVENT(ev_hardware);

struct ev_user {
	__u32 reason;
	__s32 error;
	hex_t detail;
	gva_t rip;
	ns_t run_ns;
} __attribute__((btf_decl_tag("help:KVM_RUN returned to user space")));
DECLARE_EVENT(ev_user);

static __always_inline struct exit_vcpu *vcpu_get(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct exit_vcpu fresh = { .tgid = id >> 32, .vcpu = NO_VCPU }, *v;
	__u32 tid = (__u32)id;

	if (filtered(id))
		return 0;
	v = bpf_map_lookup_elem(&vcpus, &tid);
	if (v)
		return v;
	bpf_map_update_elem(&vcpus, &tid, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&vcpus, &tid);
}

/* Of its own to the verifier: inlined, its paths would multiply with those of each program. */
__noinline int sum(__u32 kind, __u64 reason, __u64 detail, __u64 ns)
{
	struct exit_key key = {
		.tid = (__u32)bpf_get_current_pid_tgid(), .kind = kind, .reason = reason, .detail = detail,
	};
	struct hist *h = bpf_map_lookup_elem(&sums, &key), *fresh;
	__u32 zero = 0;

	if (!h) {
		fresh = bpf_map_lookup_elem(&zeros, &zero);
		if (!fresh)
			return 0;
		bpf_map_update_elem(&sums, &key, fresh, BPF_NOEXIST);
		h = bpf_map_lookup_elem(&sums, &key);
	}
	if (h)
		hist_put(h, ns);
	else
		hit(EXIT_PART_UNKEPT);
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EXIT_PLACES);
	__type(key, struct exit_place);
	__type(value, struct exit_place_sum);
} places SEC(".maps");

/* Two vCPUs at one place may lose a count to each other here; `sums` is what is exact. */
__noinline int place(__u32 kind, __u64 reason, __u64 rip, __u64 detail, __u64 ns)
{
	struct exit_place key = { .kind = kind, .reason = reason, .rip = rip };
	struct exit_place_sum *p = bpf_map_lookup_elem(&places, &key), fresh = { .detail = detail };

	if (!rip)
		return 0;
	if (!p) {
		bpf_map_update_elem(&places, &key, &fresh, BPF_NOEXIST);
		p = bpf_map_lookup_elem(&places, &key);
		if (!p)
			return 0;
	}
	p->count++;
	p->total += ns;
	p->detail = detail;
	if (ns > p->max) {
		p->max = ns;
		p->max_time_ns = bpf_ktime_get_ns();
		p->max_tid = (__u32)bpf_get_current_pid_tgid();
	}
	return 0;
}

static __always_inline void hardware_event(struct exit_vcpu *v, __u64 now)
{
	struct ev_hardware_record *r;
	void *ring;

	if (!want_events)
		return;
	r = event_reserve(ev_hardware, v->vcpu, now, &ring);
	if (!r)
		return;
	r->ev.isa = v->exit_kind;
	r->ev.pad = 0;
	r->ev.reason = v->exit_reason;
	r->ev.info1 = v->exit_info1;
	r->ev.info2 = v->exit_info2;
	r->ev.rip = v->exit_rip;
	r->ev.guest_ns = v->guest_ns;
	r->ev.ns = now - v->exit_ns;
	event_submit(r, ring);
}

/* The host is done with a hardware exit: the guest goes on, or user space must help. */
static __always_inline void exit_done(struct exit_vcpu *v, __u64 now)
{
	if (!v->exit_ns)
		return;
	sum(v->exit_kind, v->exit_reason, v->exit_detail, now - v->exit_ns);
	place(v->exit_kind, v->exit_reason, v->exit_rip, v->exit_detail, now - v->exit_ns);
	hardware_event(v, now);
	v->exit_ns = 0;
}

/* @vcpu of a tracepoint: read with care, older kernels pass something else there. */
static __always_inline void know_vcpu(struct exit_vcpu *v, struct kvm_vcpu *vcpu)
{
	int id;

	/* Without the kernel's types nothing can be read through it. */
	if (!bpf_core_field_exists(vcpu->vcpu_id))
		return;
	v->kvm_vcpu = (__u64)vcpu;
	if (v->vcpu == NO_VCPU && !BPF_CORE_READ_INTO(&id, vcpu, vcpu_id))
		v->vcpu = id;
}

static __always_inline void guest_entry(struct kvm_vcpu *vcpu)
{
	struct exit_vcpu *v = vcpu_get();
	__u64 now = bpf_ktime_get_ns();

	if (!v)
		return;
	know_vcpu(v, vcpu);
	exit_done(v, now);
	/* Where nothing tells of KVM_RUN's begin, the first entry is it. */
	if (v->user_ns)
		sum(EXIT_USER, v->user_reason, v->user_detail, now - v->user_ns);
	v->user_ns = 0;
	if (!v->run_ns)
		v->run_ns = now;
	v->entry_ns = now;
}

static __always_inline void guest_exit(struct exit_vcpu *v, __u32 kind, __u64 reason, __u64 detail, __u64 now)
{
	hit(EXIT_PART_HARDWARE);
	v->guest_ns = v->entry_ns ? now - v->entry_ns : 0;
	if (v->entry_ns)
		sum(EXIT_GUEST, 0, EXIT_DETAIL_NONE, v->guest_ns);
	v->entry_ns = 0;
	v->exit_ns = now;
	v->exit_kind = kind;
	v->exit_reason = reason;
	v->exit_detail = detail;
}

/* ---- hardware exits: x86 ------------------------------------------------------------------------- */

#if defined(__TARGET_ARCH_x86)
/* What VMX' exit qualification and SVM's EXITINFO1 say of the few reasons whose sums are kept apart by it. */
static __always_inline __u64 exit_detail(struct exit_vcpu *v, __u32 isa, __u64 reason, __u64 info1)
{
	struct kvm_vcpu *vcpu = (void *)v->kvm_vcpu;
	bool msr = isa == 1 ? reason == 31 || reason == 32 : reason == 0x7c;
	bool hypercall = isa == 1 ? reason == 18 : reason == 0x81;

	/* The guest's RCX and RAX are saved on the way out. */
	if (bpf_core_field_exists(vcpu->arch) && vcpu && msr)
		return EXIT_DETAIL_MSR(BPF_CORE_READ(vcpu, arch.regs[1]), isa == 1 ? reason == 32 : info1 & 1);
	if (bpf_core_field_exists(vcpu->arch) && vcpu && hypercall)
		return BPF_CORE_READ(vcpu, arch.regs[0]);
	if (isa == 1 && (reason & 0xffff) == 30)
		return EXIT_DETAIL_IO(info1 >> 16 & 0xffff, (info1 & 7) + 1, !(info1 >> 3 & 1));
	if (isa == 2 && reason == 0x7b)
		return EXIT_DETAIL_IO(info1 >> 16 & 0xffff, info1 >> 4 & 7, !(info1 & 1));
	return EXIT_DETAIL_NONE;
}

SEC("raw_tp/kvm_entry")
int raw_kvm_entry(struct bpf_raw_tracepoint_args *ctx)
{
	guest_entry((void *)ctx->args[0]);
	return 0;
}

SEC("tp/kvm/kvm_exit")
int tp_kvm_exit(struct trace_event_raw_kvm_exit *ctx)
{
	/* Read by helper: a context may not be read through a pointer the compiler moved. */
	__u64 now = bpf_ktime_get_ns(), info1 = BPF_CORE_READ(ctx, info1);
	__u64 reason = BPF_CORE_READ(ctx, exit_reason);
	struct exit_vcpu *v = vcpu_get();
	__u32 isa = BPF_CORE_READ(ctx, isa);

	if (!v)
		return 0;
	if (bpf_core_field_exists(ctx->vcpu_id))
		v->vcpu = BPF_CORE_READ(ctx, vcpu_id);
	/* The flags above the basic reason would tear one reason apart; entry failure (bit 31) is one. */
	if (isa == 1)
		reason &= 0x8000ffff;
	guest_exit(v, isa == 1 ? EXIT_VMX : EXIT_SVM, reason, exit_detail(v, isa, reason, info1), now);
	v->exit_info1 = info1;
	v->exit_info2 = BPF_CORE_READ(ctx, info2);
	v->exit_rip = BPF_CORE_READ(ctx, guest_rip);
	return 0;
}

/* AMD's vendor module keeps all of it in memory: no perf event, whose end waits for all CPUs. */
PARAM(btf_trace_kvm_exit, vcpu, 0);

SEC("raw_tp/kvm_exit")
int raw_svm_exit(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 vcpu = param(ctx, btf_trace_kvm_exit, vcpu), now = bpf_ktime_get_ns(), reason;
	struct vcpu_svm *svm = (void *)(vcpu - bpf_core_field_offset(struct vcpu_svm, vcpu));
	struct exit_vcpu *v = vcpu_get();
	struct vmcb *vmcb;

	if (!v)
		return 0;
	vmcb = BPF_CORE_READ(svm, vmcb);
	reason = BPF_CORE_READ(vmcb, control.exit_code);
	know_vcpu(v, (void *)vcpu);
	v->exit_info1 = BPF_CORE_READ(vmcb, control.exit_info_1);
	v->exit_info2 = BPF_CORE_READ(vmcb, control.exit_info_2);
	v->exit_rip = BPF_CORE_READ(vmcb, save.rip);
	guest_exit(v, EXIT_SVM, reason, exit_detail(v, 2, reason, v->exit_info1), now);
	return 0;
}

/* Where KVM interprets, this is passed for each instruction: the vCPU is looked up for a few of them only. */
#define EMULATE_LOOK 64

SEC("raw_tp/kvm_emulate_insn")
int raw_kvm_emulate_insn(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 part = EXIT_PART_EMULATE;
	struct exit_vcpu *v;
	__u64 *n;

	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	n = bpf_map_lookup_elem(&hits, &part);
	if (!n || ((++*n) % EMULATE_LOOK && *n > EMULATE_LOOK))
		return 0;
	v = vcpu_get();
	if (v && !v->kvm_vcpu)
		know_vcpu(v, (void *)ctx->args[0]);
	return 0;
}

/* KVM_RUN takes the guest's FPU first and gives it back last. */
SEC("raw_tp/kvm_fpu")
int raw_kvm_fpu(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	struct exit_vcpu *v;

	if (!(__u32)ctx->args[0])
		return 0;
	v = vcpu_get();
	if (!v)
		return 0;
	if (v->user_ns)
		sum(EXIT_USER, v->user_reason, v->user_detail, now - v->user_ns);
	v->user_ns = 0;
	v->run_ns = now;
	return 0;
}
#endif

/* ---- hardware exits: POWER ----------------------------------------------------------------------- */

#if defined(__TARGET_ARCH_powerpc)
SEC("raw_tp/kvm_guest_enter")
int raw_guest_enter(struct bpf_raw_tracepoint_args *ctx)
{
	guest_entry((void *)ctx->args[0]);
	return 0;
}

SEC("raw_tp/kvm_guest_exit")
int raw_guest_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct kvm_vcpu *vcpu = (void *)ctx->args[0];
	__u64 now = bpf_ktime_get_ns();
	struct exit_vcpu *v = vcpu_get();

	if (!v)
		return 0;
	v->exit_rip = BPF_CORE_READ(vcpu, arch.regs.nip);
	guest_exit(v, EXIT_HV, BPF_CORE_READ(vcpu, arch.trap), EXIT_DETAIL_NONE, now);
	return 0;
}

/* The same from what the tracepoints record, for kernels that do not describe their types. */
SEC("tp/kvm_hv/kvm_guest_enter")
int tp_guest_enter(struct trace_event_raw_kvm_guest_enter *ctx)
{
	struct exit_vcpu *v = vcpu_get();

	if (v)
		v->vcpu = BPF_CORE_READ(ctx, vcpu_id);
	guest_entry(0);
	return 0;
}

SEC("tp/kvm_hv/kvm_guest_exit")
int tp_guest_exit(struct trace_event_raw_kvm_guest_exit *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	struct exit_vcpu *v = vcpu_get();

	if (!v)
		return 0;
	v->exit_rip = BPF_CORE_READ(ctx, pc);
	guest_exit(v, EXIT_HV, BPF_CORE_READ(ctx, trap), EXIT_DETAIL_NONE, now);
	return 0;
}
#endif

/* ---- exits to user space ------------------------------------------------------------------------- */

/* What the shared page tells user space of this exit. */
static __always_inline __u64 user_detail(struct exit_vcpu *v, __u64 reason)
{
	struct kvm_vcpu *vcpu = (void *)v->kvm_vcpu;
	struct kvm_run_exit x;
	struct kvm_run *run;

	if (reason != REASON_IO && reason != REASON_MMIO && reason != REASON_HYPERCALL &&
	    reason != REASON_PAPR_HCALL && reason != REASON_RDMSR && reason != REASON_WRMSR)
		return EXIT_DETAIL_NONE;
	if (!bpf_core_field_exists(vcpu->run) || !vcpu || BPF_CORE_READ_INTO(&run, vcpu, run) ||
	    bpf_probe_read_kernel(&x, sizeof(x), (void *)run + KVM_RUN_EXIT_OFFSET))
		return EXIT_DETAIL_NONE;
	switch (reason) {
	case REASON_IO: return EXIT_DETAIL_IO(x.io.port, x.io.size, x.io.direction & 1);
	case REASON_MMIO: return (x.mmio.phys_addr & ~0xfffull) | (x.mmio.is_write & 1);
	case REASON_RDMSR:
	case REASON_WRMSR: return EXIT_DETAIL_MSR(x.msr.index, reason == REASON_WRMSR);
	default: return x.hcall.nr;
	}
}

/* Where the guest is, as KVM keeps it while the guest is out. */
static __always_inline __u64 guest_rip(struct exit_vcpu *v)
{
	struct kvm_vcpu *vcpu = (void *)v->kvm_vcpu;

	if (!bpf_core_field_exists(vcpu->arch) || !vcpu)
		return 0;
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(vcpu, arch.regs[16]);
#else
	return BPF_CORE_READ(vcpu, arch.regs.nip);
#endif
}

/* (reason, errno) */
SEC("raw_tp/kvm_userspace_exit")
int raw_kvm_userspace_exit(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 now = bpf_ktime_get_ns(), run_ns = 0, rip;
	__s32 err = (__s32)ctx->args[1];
	struct exit_vcpu *v = vcpu_get();
	struct ev_user_record *r;
	void *ring;

	if (!v)
		return 0;
	hit(EXIT_PART_RUNS);
	exit_done(v, now);
	v->entry_ns = 0;
	v->user_reason = err < 0 ? EXIT_REASON_ERRNO + (__u32)-err : (__u32)ctx->args[0];
	v->user_detail = user_detail(v, v->user_reason);
	/* Without a begin seen (we came in the middle, or this architecture has none) only the count. */
	if (v->run_ns)
		run_ns = now - v->run_ns;
	sum(EXIT_RUN, v->user_reason, v->user_detail, run_ns);
	rip = guest_rip(v);
	place(EXIT_RUN, v->user_reason, rip, v->user_detail, run_ns);
	v->run_ns = 0;
	v->user_ns = now;
	if (!want_events)
		return 0;
	r = event_reserve(ev_user, v->vcpu, now, &ring);
	if (!r)
		return 0;
	r->ev.reason = (__u32)ctx->args[0];
	r->ev.error = err;
	r->ev.detail = v->user_detail;
	r->ev.rip = rip;
	r->ev.run_ns = run_ns;
	event_submit(r, ring);
	return 0;
}
