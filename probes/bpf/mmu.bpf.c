/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Guest memory as the host manages it: faults, ranges that other parts of the kernel take away, and
 * faults that follow from that.
 *
 *	mapped ... invalidate start (unmap) ... end ... fault: mapped again
 *	           |-- duration --|                |
 *	           |------------- held ------------|	   |-- refault, from the unmap on --|
 */
#include "probes/bpf/sums.bpf.h"

#include "probes/bpf/params.bpf.h"

#include "probes/bpf/mmu.h"

struct ev_fault {
	gpa_t addr;
	hex_t error;
	ns_t took;
} __attribute__((btf_decl_tag("help:KVM handled a page fault of the guest")));
DECLARE_EVENT(ev_fault);

enum ev_invalidate { UNMAP, CLEAR, PROTECTION_VMA, PROTECTION_PAGE, SOFT_DIRTY, RELEASE, MIGRATE, EXCLUSIVE };

struct ev_unmap {
	gva_t start;
	gva_t end;
	enum ev_invalidate event;
	bool8_t may_block;
	bool8_t slept;
	__u16 pad;
	ns_t took;
} __attribute__((btf_decl_tag("help:a range of the VMM's memory was taken out of the guest's page tables")));
DECLARE_EVENT(ev_unmap);

struct ev_range {
	gva_t start;
	gva_t end;
} __attribute__((btf_decl_tag("help:a range is unmapped (no duration is seen here)")));
DECLARE_EVENT(ev_range);

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct mmu_notifier {
	void *ops;
};

struct kvm___mmu {
	struct mmu_notifier mmu_notifier;
	int userspace_pid;
};

enum mmu_notifier_event { MMU_NOTIFY_UNMAP };

struct mmu_notifier_range {
	unsigned long start, end;
	unsigned flags;
	enum mmu_notifier_event event;
};

#pragma clang attribute pop

#define RANGE_BLOCKABLE 1

/* ---- faults -------------------------------------------------------------------------------------- */

struct fault {
	__u64 since_ns, addr, error;
	__u32 vcpu, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct fault);
} faults SEC(".maps");

static __always_inline int fault_begin(struct kvm_vcpu *vcpu, __u64 addr, __u64 error)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct fault f = { .since_ns = bpf_ktime_get_ns(), .addr = addr, .error = error, .vcpu = vcpu_id_of(vcpu) };
	__u32 tid = (__u32)id;

	if (filtered(id))
		return 0;
	thread_is_vcpu(f.vcpu);
	bpf_map_update_elem(&faults, &tid, &f, BPF_ANY);
	return 0;
}

static __always_inline int fault_end(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct fault *f = bpf_map_lookup_elem(&faults, &tid);
	struct ev_fault_record *r;
	__u64 now, took;
	void *ring;

	if (!f || !f->since_ns)
		return 0;
	hit(MMU_PART_FAULT);
	now = bpf_ktime_get_ns();
	took = now - f->since_ns;
	sum_put(MMU_FAULT, f->error & 0x1f, 0, took);
	if (want_events) {
		r = event_reserve(ev_fault, f->vcpu, now, &ring);
		if (r) {
			r->ev.addr = f->addr;
			r->ev.error = f->error;
			r->ev.took = took;
			event_submit(r, ring);
		}
	}
	f->since_ns = 0;
	return 0;
}

#if defined(__TARGET_ARCH_x86)
PARAMS(kvm_mmu_page_fault, 5);
PARAM(kvm_mmu_page_fault, vcpu, 0);
PARAM(kvm_mmu_page_fault, cr2_or_gpa, 1);
PARAM(kvm_mmu_page_fault, error_code, 2);

SEC("fentry/kvm_mmu_page_fault")
int fentry_page_fault(__u64 *ctx)
{
	return fault_begin((void *)param(ctx, kvm_mmu_page_fault, vcpu), param(ctx, kvm_mmu_page_fault, cr2_or_gpa),
			   param(ctx, kvm_mmu_page_fault, error_code));
}

SEC("fexit/kvm_mmu_page_fault")
int fexit_page_fault(__u64 *ctx)
{
	return fault_end();
}

SEC("kprobe/kvm_mmu_page_fault")
int kprobe_page_fault(struct pt_regs *ctx)
{
	return fault_begin((void *)kparam(ctx, kvm_mmu_page_fault, vcpu), kparam(ctx, kvm_mmu_page_fault, cr2_or_gpa),
			   kparam(ctx, kvm_mmu_page_fault, error_code));
}

SEC("kretprobe/kvm_mmu_page_fault")
int kretprobe_page_fault(struct pt_regs *ctx)
{
	return fault_end();
}

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct trace_event_raw_kvm_page_fault {
	__u64 fault_address;
	__u64 error_code;
};
#pragma clang attribute pop

SEC("tp/kvm/kvm_page_fault")
int tp_page_fault(struct trace_event_raw_kvm_page_fault *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (filtered(id))
		return 0;
	hit(MMU_PART_FAULT);
	thread_note((__u32)id, id >> 32, NO_VCPU);
	sum_put(MMU_FAULT_SEEN, BPF_CORE_READ(ctx, error_code) & 0x1f, 0, 0);
	return 0;
}
#elif defined(__TARGET_ARCH_powerpc)
PARAM(kvmppc_book3s_radix_page_fault, vcpu, 0);
PARAM(kvmppc_book3s_radix_page_fault, ea, 1);
PARAM(kvmppc_book3s_radix_page_fault, dsisr, 2);

/* DSISR's store bit where x86 has its write bit. */
SEC("kprobe/kvmppc_book3s_radix_page_fault")
int kprobe_radix_fault(struct pt_regs *ctx)
{
	__u64 dsisr = kparam(ctx, kvmppc_book3s_radix_page_fault, dsisr);

	return fault_begin((void *)kparam(ctx, kvmppc_book3s_radix_page_fault, vcpu),
			   kparam(ctx, kvmppc_book3s_radix_page_fault, ea), dsisr & 0x02000000 ? 2 : 0);
}

SEC("kretprobe/kvmppc_book3s_radix_page_fault")
int kretprobe_radix_fault(struct pt_regs *ctx)
{
	return fault_end();
}
#endif

/* ---- mappings, and made again -------------------------------------------------------------------- */

/* Of each process: when a range of it was last unmapped. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} unmapped SEC(".maps");

struct page_key {
	__u32 tgid, pad;
	__u64 gfn;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct page_key);
	__type(value, __u64);
} pages SEC(".maps");

#if defined(__TARGET_ARCH_x86)
/* (level, gfn, sptep) */
SEC("raw_tp/kvm_mmu_set_spte")
int raw_kvm_mmu_set_spte(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns(), *before, *unmap;
	struct page_key key = { .tgid = id >> 32, .gfn = ctx->args[1] };

	if (filtered(id))
		return 0;
	hit(MMU_PART_MAP);
	if (!bpf_map_lookup_elem(&threads, &(__u32){ (__u32)id }))
		thread_note((__u32)id, id >> 32, NO_VCPU);
	sum_put(MMU_MAP_MADE, (__u32)ctx->args[0], 0, 0);
	before = bpf_map_lookup_elem(&pages, &key);
	unmap = bpf_map_lookup_elem(&unmapped, &key.tgid);
	if (before && unmap && *before < *unmap)
		sum_put(MMU_REFAULT, (__u32)ctx->args[0], 0, now - *unmap);
	bpf_map_update_elem(&pages, &key, &now, BPF_ANY);
	return 0;
}
#endif

/* ---- ranges taken away --------------------------------------------------------------------------- */

struct range {
	__u64 since_ns, start, end;
	__u32 event, may_block, slept, starting;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct range);
} ranges SEC(".maps");

/* Ranges are taken by whoever frees memory: the VM decides, not the thread. */
static __always_inline int unmap_begin(struct mmu_notifier *mn, struct mmu_notifier_range *range)
{
	struct kvm___mmu *kvm = (void *)mn - bpf_core_field_offset(struct kvm___mmu, mmu_notifier);
	__u32 tid = (__u32)bpf_get_current_pid_tgid(), tgid = BPF_CORE_READ(kvm, userspace_pid);
	__u64 now = bpf_ktime_get_ns();
	struct range r = { .since_ns = now, .starting = 1 };

	if (filter_kernel_tgid && tgid != filter_kernel_tgid)
		return 0;
	r.start = BPF_CORE_READ(range, start);
	r.end = BPF_CORE_READ(range, end);
	r.event = BPF_CORE_READ(range, event);
	r.may_block = BPF_CORE_READ(range, flags) & RANGE_BLOCKABLE;
	bpf_map_update_elem(&ranges, &tid, &r, BPF_ANY);
	bpf_map_update_elem(&unmapped, &tgid, &now, BPF_ANY);
	return 0;
}

static __always_inline int unmap_done(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct range *range = bpf_map_lookup_elem(&ranges, &tid);
	struct ev_unmap_record *r;
	__u64 now, took;
	void *ring;

	if (!range || !range->starting)
		return 0;
	hit(MMU_PART_UNMAP);
	now = bpf_ktime_get_ns();
	took = now - range->since_ns;
	range->starting = 0;
	sum_put(MMU_UNMAP, range->event, range->may_block, took);
	sum_put(MMU_RANGE, range->event, 0, range->end - range->start);
	if (range->slept && !range->may_block)
		sum_put(MMU_SLEPT, range->event, 0, 0);
	if (!want_events)
		return 0;
	r = event_reserve(ev_unmap, NO_VCPU, now, &ring);
	if (!r)
		return 0;
	r->ev.start = range->start;
	r->ev.end = range->end;
	r->ev.event = range->event;
	r->ev.may_block = !!range->may_block;
	r->ev.slept = !!range->slept;
	r->ev.pad = 0;
	r->ev.took = took;
	event_submit(r, ring);
	return 0;
}

static __always_inline int unmap_end(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct range *range = bpf_map_lookup_elem(&ranges, &tid);

	if (!range)
		return 0;
	sum_put(MMU_HELD, range->event, range->may_block, bpf_ktime_get_ns() - range->since_ns);
	bpf_map_delete_elem(&ranges, &tid);
	return 0;
}

PARAMS(kvm_mmu_notifier_invalidate_range_start, 2);
PARAM(kvm_mmu_notifier_invalidate_range_start, mn, 0);
PARAM(kvm_mmu_notifier_invalidate_range_start, range, 1);

SEC("fentry/kvm_mmu_notifier_invalidate_range_start")
int fentry_range_start(__u64 *ctx)
{
	return unmap_begin((void *)param(ctx, kvm_mmu_notifier_invalidate_range_start, mn),
			   (void *)param(ctx, kvm_mmu_notifier_invalidate_range_start, range));
}

SEC("fexit/kvm_mmu_notifier_invalidate_range_start")
int fexit_range_start(__u64 *ctx)
{
	return unmap_done();
}

SEC("fentry/kvm_mmu_notifier_invalidate_range_end")
int fentry_range_end(__u64 *ctx)
{
	return unmap_end();
}

SEC("kprobe/kvm_mmu_notifier_invalidate_range_start")
int kprobe_range_start(struct pt_regs *ctx)
{
	return unmap_begin((void *)kparam(ctx, kvm_mmu_notifier_invalidate_range_start, mn),
			   (void *)kparam(ctx, kvm_mmu_notifier_invalidate_range_start, range));
}

SEC("kretprobe/kvm_mmu_notifier_invalidate_range_start")
int kretprobe_range_start(struct pt_regs *ctx)
{
	return unmap_done();
}

SEC("kprobe/kvm_mmu_notifier_invalidate_range_end")
int kprobe_range_end(struct pt_regs *ctx)
{
	return unmap_end();
}

/* (preempt, prev, next): one that goes of itself sleeps. */
SEC("raw_tp/sched_switch")
int raw_sched_switch(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *prev = (void *)ctx->args[1];
	struct range *range;
	__u32 tid;

	if ((__u8)ctx->args[0])
		return 0;
	tid = BPF_CORE_READ(prev, pid);
	range = bpf_map_lookup_elem(&ranges, &tid);
	if (range && range->starting)
		range->slept = 1;
	return 0;
}

/* (start, end) */
SEC("raw_tp/kvm_unmap_hva_range")
int raw_kvm_unmap_hva_range(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();
	__u32 tgid = id >> 32;
	__u32 tid = (__u32)id;
	struct ev_range_record *r;
	struct range *range;
	void *ring;

	if (filtered(id))
		return 0;
	hit(MMU_PART_RANGE);
	range = bpf_map_lookup_elem(&ranges, &tid);
	if (range && range->starting)
		return 0; /* its end tells all of it */
	bpf_map_update_elem(&unmapped, &tgid, &now, BPF_ANY);
	if (!bpf_map_lookup_elem(&threads, &tid))
		thread_note(tid, tgid, NO_VCPU);
	sum_put(MMU_RANGE, ~0ull, 0, ctx->args[1] - ctx->args[0]);
	if (!want_events)
		return 0;
	r = event_reserve(ev_range, NO_VCPU, now, &ring);
	if (!r)
		return 0;
	r->ev.start = ctx->args[0];
	r->ev.end = ctx->args[1];
	event_submit(r, ring);
	return 0;
}

/* (start, end) */
SEC("raw_tp/kvm_age_hva")
int raw_kvm_age_hva(struct bpf_raw_tracepoint_args *ctx)
{
	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	hit(MMU_PART_AGE);
	sum_put_for(0, MMU_AGE, 0, 0, 0);
	return 0;
}

/* ---- dirty pages --------------------------------------------------------------------------------- */

#if defined(__TARGET_ARCH_x86)
/* (vcpu, fault, sptep, old_spte, ret); before 5.16 one more in front of it, so the result is not read. */
SEC("raw_tp/fast_page_fault")
int raw_fast_page_fault(struct bpf_raw_tracepoint_args *ctx)
{
	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	hit(MMU_PART_DIRTY);
	sum_put(MMU_FAST, 0, 0, 0);
	return 0;
}

SEC("raw_tp/kvm_dirty_ring_push")
int raw_kvm_dirty_ring_push(struct bpf_raw_tracepoint_args *ctx)
{
	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	hit(MMU_PART_DIRTY);
	sum_put(MMU_DIRTY, 0, 0, 0);
	return 0;
}
#endif

static __always_inline int log_protect(void)
{
	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	hit(MMU_PART_LOG);
	sum_put(MMU_LOG, 0, 0, 0);
	return 0;
}

SEC("fentry/kvm_arch_mmu_enable_log_dirty_pt_masked")
int fentry_log_dirty(__u64 *ctx)
{
	return log_protect();
}

SEC("kprobe/kvm_arch_mmu_enable_log_dirty_pt_masked")
int kprobe_log_dirty(struct pt_regs *ctx)
{
	return log_protect();
}
