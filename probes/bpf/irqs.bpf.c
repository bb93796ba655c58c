/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Interrupts on their way into a guest.
 *
 *	line or MSI --> IOAPIC --> LAPIC accepts         injected at entry          EOI
 *	                               |----- delivery -------|------ service -------|
 *	                               |-- the same vector again: coalesced
 */
#include "probes/bpf/sums.bpf.h"

#include "probes/bpf/params.bpf.h"

#include "probes/bpf/irqs.h"

#if defined(__TARGET_ARCH_x86)

struct ev_delivery {
	__u32 vector;
	bool8_t reinjected;
	__u8 pad[3];
	ns_t waited;
} __attribute__((btf_decl_tag("help:an interrupt is injected into the guest, after it has waited")));
DECLARE_EVENT(ev_delivery);

struct ev_eoi {
	__u32 vector;
	bool8_t spurious;
	__u8 pad[3];
	ns_t service;
} __attribute__((btf_decl_tag("help:the guest ends an interrupt")));
DECLARE_EVENT(ev_eoi);

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kvm_lapic {
	struct kvm_vcpu *vcpu;
};

#pragma clang attribute pop

#define DM_MASK 0x700
#define DM_LOWEST 0x100

struct vector_key {
	__u32 tgid, vcpu, vector;
};

struct vector {
	__u64 accept_ns;	/* 0: not waiting */
	__u64 inject_ns;	/* 0: not in service */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct vector_key);
	__type(value, struct vector);
} vectors SEC(".maps");

struct vcpu_key {
	__u32 tgid, vcpu;
};

/* Thread of a vCPU, as far as one was seen. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct vcpu_key);
	__type(value, __u32);
} tids SEC(".maps");

/* Whose LAPIC this CPU is sending to: the tracepoint in the middle does not say. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vcpu_key);
} sending SEC(".maps");

static __always_inline void learn(struct kvm_vcpu *vcpu, struct vcpu_key *ret)
{
	struct kvm *kvm = BPF_CORE_READ(vcpu, kvm);
	__u32 tid = tid_of_vcpu(vcpu);

	ret->tgid = tgid_of_kvm(kvm);
	ret->vcpu = vcpu_id_of(vcpu);
	if (!tid || bpf_map_lookup_elem(&tids, ret))
		return;
	bpf_map_update_elem(&tids, ret, &tid, BPF_ANY);
	thread_note(tid, ret->tgid, ret->vcpu);
}

static __always_inline __u32 tid_of(__u32 tgid, __u32 vcpu)
{
	struct vcpu_key key = { tgid, vcpu };
	__u32 *tid = bpf_map_lookup_elem(&tids, &key);

	return tid ? *tid : 0;
}

static __always_inline struct vector *vector_get(__u32 tgid, __u32 vcpu, __u32 vector)
{
	struct vector_key key = { tgid, vcpu, vector };
	struct vector fresh = { 0 }, *v = bpf_map_lookup_elem(&vectors, &key);

	if (v)
		return v;
	bpf_map_update_elem(&vectors, &key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&vectors, &key);
}

/* ---- who sends ----------------------------------------------------------------------------------- */

static __always_inline int sends(struct kvm_vcpu *vcpu)
{
	__u32 zero = 0;
	struct vcpu_key *to = bpf_map_lookup_elem(&sending, &zero);

	if (!to || kvm_filtered(BPF_CORE_READ(vcpu, kvm)))
		return 0;
	hit(IRQ_PART_SENDER);
	learn(vcpu, to);
	return 0;
}

PARAM(kvm_apic_set_irq, vcpu, 0);

SEC("fentry/kvm_apic_set_irq")
int fentry_kvm_apic_set_irq(__u64 *ctx)
{
	return sends((void *)param(ctx, kvm_apic_set_irq, vcpu));
}

SEC("kprobe/kvm_apic_set_irq")
int kprobe_kvm_apic_set_irq(struct pt_regs *ctx)
{
	return sends((void *)kparam(ctx, kvm_apic_set_irq, vcpu));
}

/* ---- accept, inject, end ------------------------------------------------------------------------- */

/* (apicid, delivery mode, trigger mode, vector): the first is the vCPU's number. */
SEC("raw_tp/kvm_apic_accept_irq")
int raw_kvm_apic_accept_irq(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 vcpu = (__u32)ctx->args[0], mode = (__u16)ctx->args[1] & DM_MASK, vector = (__u8)ctx->args[3], zero = 0;
	struct vcpu_key *to = bpf_map_lookup_elem(&sending, &zero);
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tgid = id >> 32;
	struct vector *v;

	if (to && to->tgid && to->vcpu == vcpu) {
		tgid = to->tgid;
		to->tgid = 0;
	} else if (filtered(id)) {
		return 0;
	}
	if (mode && mode != DM_LOWEST)
		return 0; /* NMI, INIT, SIPI: no vector that is delivered */
	hit(IRQ_PART_ACCEPT);
	v = vector_get(tgid, vcpu, vector);
	if (!v)
		return 0;
	if (v->accept_ns) {
		sum_put_for(tid_of(tgid, vcpu), IRQ_COALESCED, vector, 0, 0);
		return 0;
	}
	v->accept_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline void delivery_event(__u32 vcpu, __u32 vector, bool reinjected, __u64 waited, __u64 now)
{
	struct ev_delivery_record *r;
	void *ring;

	if (!want_events)
		return;
	r = event_reserve(ev_delivery, vcpu, now, &ring);
	if (!r)
		return;
	r->ev.vector = vector;
	r->ev.reinjected = reinjected;
	__builtin_memset(r->ev.pad, 0, sizeof(r->ev.pad));
	r->ev.waited = waited;
	event_submit(r, ring);
}

/* (vector, soft, reinjected); before 6.0 the vector alone: then the others are not read, see below. */
SEC("raw_tp/kvm_inj_virq")
int raw_kvm_inj_virq(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns(), waited;
	__u32 vector = (__u32)ctx->args[0], tid = (__u32)id;
	struct sum_thread *t;
	struct vector *v;

	if (filtered(id) || vector > 255)
		return 0;
	hit(IRQ_PART_DELIVER);
	t = bpf_map_lookup_elem(&threads, &tid);
	if (!t || t->vcpu == NO_VCPU)
		return 0;
	v = vector_get(t->tgid, t->vcpu, vector);
	if (!v)
		return 0;
	/* Nobody accepted it since it was injected: it is made again, or software asked for it. */
	if (!v->accept_ns) {
		if (v->inject_ns)
			sum_put(IRQ_REINJECTED, vector, 0, 0);
		delivery_event(t->vcpu, vector, true, 0, now);
		return 0;
	}
	waited = now - v->accept_ns;
	v->accept_ns = 0;
	v->inject_ns = now;
	sum_put(IRQ_DELIVERY, vector, 0, waited);
	if (waited > IRQ_DELAYED_NS)
		sum_put(IRQ_DELAYED, vector, 0, 0);
	delivery_event(t->vcpu, vector, false, waited, now);
	return 0;
}

static __always_inline int ended(struct kvm_lapic *apic, __s32 vector)
{
	__u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns(), service = 0;
	struct kvm_vcpu *vcpu = BPF_CORE_READ(apic, vcpu);
	struct ev_eoi_record *r;
	struct vcpu_key who;
	struct vector *v;
	bool spurious;
	void *ring;

	if (filtered(id) || vector < 0 || vector > 255)
		return 0;
	learn(vcpu, &who);
	v = vector_get(who.tgid, who.vcpu, vector);
	if (!v)
		return 0;
	spurious = !v->inject_ns && !v->accept_ns;
	if (spurious) {
		sum_put(IRQ_SPURIOUS, vector, 0, 0);
	} else if (!v->inject_ns) {
		service = now - v->accept_ns;
		v->accept_ns = 0;
		sum_put(IRQ_WHOLE, vector, 0, service);
	} else {
		service = now - v->inject_ns;
		sum_put(IRQ_SERVICE, vector, 0, service);
	}
	v->inject_ns = 0;
	if (!want_events)
		return 0;
	r = event_reserve(ev_eoi, who.vcpu, now, &ring);
	if (!r)
		return 0;
	r->ev.vector = vector;
	r->ev.spurious = spurious;
	__builtin_memset(r->ev.pad, 0, sizeof(r->ev.pad));
	r->ev.service = service;
	event_submit(r, ring);
	return 0;
}

SEC("raw_tp/kvm_eoi")
int raw_kvm_eoi(struct bpf_raw_tracepoint_args *ctx)
{
	return ended((void *)ctx->args[0], (__s32)ctx->args[1]);
}

/* Comes beside kvm_eoi. */
SEC("raw_tp/kvm_pv_eoi")
int raw_kvm_pv_eoi(struct bpf_raw_tracepoint_args *ctx)
{
	if (!filtered(bpf_get_current_pid_tgid()))
		sum_put(IRQ_PV_EOI, (__u32)ctx->args[1], 0, 0);
	return 0;
}

/* ---- lines and messages -------------------------------------------------------------------------- */

static __always_inline bool not_ours(void)
{
	return filtered(bpf_get_current_pid_tgid());
}

/* (gsi, level, source) */
SEC("raw_tp/kvm_set_irq")
int raw_kvm_set_irq(struct bpf_raw_tracepoint_args *ctx)
{
	if (not_ours() || !(__s32)ctx->args[1])
		return 0;
	hit(IRQ_PART_LINES);
	sum_put_for(0, IRQ_LINE, (__u32)ctx->args[0], 0, 0);
	return 0;
}

/* (redirection entry, pin, coalesced) */
SEC("raw_tp/kvm_ioapic_set_irq")
int raw_kvm_ioapic_set_irq(struct bpf_raw_tracepoint_args *ctx)
{
	if (not_ours())
		return 0;
	hit(IRQ_PART_LINES);
	sum_put_for(0, (__u8)ctx->args[2] ? IRQ_IOAPIC_COALESCED : IRQ_IOAPIC, (__u32)ctx->args[1], 0, 0);
	return 0;
}

/* (address, data) */
SEC("raw_tp/kvm_msi_set_irq")
int raw_kvm_msi_set_irq(struct bpf_raw_tracepoint_args *ctx)
{
	if (not_ours())
		return 0;
	hit(IRQ_PART_LINES);
	sum_put_for(0, IRQ_MSI, (__u8)ctx->args[1], 0, 0);
	return 0;
}

#elif defined(__TARGET_ARCH_powerpc)

struct ev_hcall {
	hex32_t number;
	__u32 pad;
	ns_t took;
} __attribute__((btf_decl_tag("help:the guest made a hypercall about interrupts")));
DECLARE_EVENT(ev_hcall);

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs___kernel {
	unsigned long gpr[32];
};

struct kvm_vcpu_arch___ppc {
	struct pt_regs___kernel regs;
};

struct kvm_vcpu___ppc {
	struct kvm_vcpu_arch___ppc arch;
};

#pragma clang attribute pop

struct under_way {
	__u64 hcall_ns, number, push_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct under_way);
} under_way SEC(".maps");

static __always_inline struct under_way *under_way_get(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct under_way fresh = { 0 }, *u = bpf_map_lookup_elem(&under_way, &tid);

	if (u)
		return u;
	bpf_map_update_elem(&under_way, &tid, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&under_way, &tid);
}

/* H_EOI, H_CPPR, H_IPI, H_IPOLL, H_XIRR, H_XIRR_X, and H_INT_*. */
static __always_inline bool is_interrupt_hcall(__u64 n)
{
	return (n >= 0x64 && n <= 0x74) || n == 0x2fc || (n >= 0x3a8 && n <= 0x3d0);
}

/* (vcpu) */
SEC("raw_tp/kvm_hcall_enter")
int raw_kvm_hcall_enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct kvm_vcpu___ppc *vcpu = (void *)ctx->args[0];
	__u64 number = BPF_CORE_READ(vcpu, arch.regs.gpr[3]);
	struct under_way *u;

	if (filtered(bpf_get_current_pid_tgid()) || !is_interrupt_hcall(number))
		return 0;
	u = under_way_get();
	if (!u)
		return 0;
	thread_is_vcpu(vcpu_id_of((void *)vcpu));
	u->number = number;
	u->hcall_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("raw_tp/kvm_hcall_exit")
int raw_kvm_hcall_exit(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 now = bpf_ktime_get_ns(), took;
	struct under_way *u;
	struct ev_hcall_record *r;
	void *ring;

	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	u = under_way_get();
	if (!u || !u->hcall_ns)
		return 0;
	hit(IRQ_PART_HCALLS);
	took = now - u->hcall_ns;
	u->hcall_ns = 0;
	sum_put(IRQ_HCALL, u->number, 0, took);
	if (!want_events)
		return 0;
	r = event_reserve(ev_hcall, vcpu_id_of((void *)ctx->args[0]), now, &ring);
	if (!r)
		return 0;
	r->ev.number = (__u32)u->number;
	r->ev.pad = 0;
	r->ev.took = took;
	event_submit(r, ring);
	return 0;
}

PARAM(kvmppc_xive_push_vcpu, vcpu, 0);

SEC("kprobe/kvmppc_xive_push_vcpu")
int kprobe_xive_push(struct pt_regs *ctx)
{
	struct under_way *u;

	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	u = under_way_get();
	if (!u)
		return 0;
	thread_is_vcpu(vcpu_id_of((void *)kparam(ctx, kvmppc_xive_push_vcpu, vcpu)));
	u->push_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("kprobe/kvmppc_xive_pull_vcpu")
int kprobe_xive_pull(struct pt_regs *ctx)
{
	struct under_way *u;

	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	u = under_way_get();
	if (!u || !u->push_ns)
		return 0;
	hit(IRQ_PART_XIVE);
	sum_put(IRQ_PUSHED, 0, 0, bpf_ktime_get_ns() - u->push_ns);
	u->push_ns = 0;
	return 0;
}

#endif
