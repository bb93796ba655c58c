/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Doorbells and interrupts of virtio devices, where the kernel passes them on.
 *
 *	guest writes --> ioeventfd --> vhost's worker, or a thread of the VMM
 *	guest's vector <-- irqfd <-- vhost signals, or a thread of the VMM
 */
#include "probes/bpf/sums.bpf.h"

#include "probes/bpf/params.bpf.h"

#include "probes/bpf/virtio.h"

struct ev_doorbell {
	gpa_t addr;
	hex_t value;
} __attribute__((btf_decl_tag("help:an ioeventfd took a doorbell of the guest")));
DECLARE_EVENT(ev_doorbell);

struct ev_irqfd {
	__u32 gsi;
	__u32 pad;
} __attribute__((btf_decl_tag("help:an irqfd was signalled: an interrupt for the guest")));
DECLARE_EVENT(ev_irqfd);

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kvm_kernel_irq_routing_entry {
	__u32 gsi, type;
};

#pragma clang attribute pop

/* ---- doorbells ----------------------------------------------------------------------------------- */

struct doorbell {
	__u64 since_ns, addr, value;
	__u32 vcpu, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct doorbell);
} doorbells SEC(".maps");

static __always_inline int kick_begin(struct kvm_vcpu *vcpu, __u64 addr, __u64 value_at)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct doorbell d = { .since_ns = bpf_ktime_get_ns(), .addr = addr };
	__u32 tid = (__u32)id;
	__u16 value = 0;

	if (filtered(id))
		return 0;
	/* Queue numbers have 16 bits, and a write has at least one byte. */
	bpf_probe_read_kernel(&value, sizeof(value), (void *)value_at);
	d.value = value;
	d.vcpu = vcpu ? vcpu_id_of(vcpu) : NO_VCPU;
	bpf_map_update_elem(&doorbells, &tid, &d, BPF_ANY);
	return 0;
}

static __always_inline int kick_end(__s32 result)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct doorbell *d = bpf_map_lookup_elem(&doorbells, &tid);
	struct ev_doorbell_record *r;
	void *ring;

	if (!d || !d->since_ns)
		return 0;
	/* Another ioeventfd's address, or not its data. */
	if (result) {
		d->since_ns = 0;
		return 0;
	}
	hit(VIRTIO_PART_KICK);
	if (d->vcpu != NO_VCPU)
		thread_is_vcpu(d->vcpu);
	sum_put(VIRTIO_KICK, d->addr, 0, now - d->since_ns);
	d->since_ns = 0;
	if (!want_events)
		return 0;
	r = event_reserve(ev_doorbell, d->vcpu, now, &ring);
	if (!r)
		return 0;
	r->ev.addr = d->addr;
	r->ev.value = d->value;
	event_submit(r, ring);
	return 0;
}

PARAMS(ioeventfd_write, 5);
PARAM(ioeventfd_write, vcpu, 0);
PARAM(ioeventfd_write, addr, 2);
PARAM(ioeventfd_write, val, 4);

SEC("fentry/ioeventfd_write")
int fentry_ioeventfd_write(__u64 *ctx)
{
	return kick_begin((void *)param(ctx, ioeventfd_write, vcpu), param(ctx, ioeventfd_write, addr),
			  param(ctx, ioeventfd_write, val));
}

SEC("fexit/ioeventfd_write")
int fexit_ioeventfd_write(__u64 *ctx)
{
	return kick_end((__s32)result(ctx, ioeventfd_write));
}

SEC("kprobe/ioeventfd_write")
int kprobe_ioeventfd_write(struct pt_regs *ctx)
{
	return kick_begin((void *)kparam(ctx, ioeventfd_write, vcpu), kparam(ctx, ioeventfd_write, addr),
			  kparam(ctx, ioeventfd_write, val));
}

SEC("kretprobe/ioeventfd_write")
int kretprobe_ioeventfd_write(struct pt_regs *ctx)
{
	return kick_end((__s32)kresult(ctx));
}

#if defined(__TARGET_ARCH_x86)
/* (gpa) */
SEC("raw_tp/kvm_fast_mmio")
int raw_kvm_fast_mmio(struct bpf_raw_tracepoint_args *ctx)
{
	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	hit(VIRTIO_PART_FAST);
	sum_put(VIRTIO_FAST, ctx->args[0], 0, 0);
	return 0;
}
#endif

/* ---- interrupts ---------------------------------------------------------------------------------- */

/* Whoever signals the eventfd runs this (irqfd_wakeup itself has namesakes elsewhere in the kernel). Of a
 * line that goes to several controllers the entry is empty. */
static __always_inline int irqfd_signalled(struct kvm_kernel_irq_routing_entry *e, struct kvm *kvm)
{
	struct ev_irqfd_record *r;
	__u32 gsi;
	void *ring;

	if (kvm_filtered(kvm))
		return 0;
	hit(VIRTIO_PART_IRQFD);
	gsi = BPF_CORE_READ(e, type) ? BPF_CORE_READ(e, gsi) : VIRTIO_GSI_SEVERAL;
	sum_put_for(0, VIRTIO_IRQFD, gsi, 0, 0);
	if (!want_events)
		return 0;
	r = event_reserve(ev_irqfd, NO_VCPU, bpf_ktime_get_ns(), &ring);
	if (!r)
		return 0;
	r->ev.gsi = gsi;
	r->ev.pad = 0;
	event_submit(r, ring);
	return 0;
}

PARAM(kvm_arch_set_irq_inatomic, e, 0);
PARAM(kvm_arch_set_irq_inatomic, kvm, 1);

SEC("fentry/kvm_arch_set_irq_inatomic")
int fentry_irqfd(__u64 *ctx)
{
	return irqfd_signalled((void *)param(ctx, kvm_arch_set_irq_inatomic, e),
			       (void *)param(ctx, kvm_arch_set_irq_inatomic, kvm));
}

SEC("kprobe/kvm_arch_set_irq_inatomic")
int kprobe_irqfd(struct pt_regs *ctx)
{
	return irqfd_signalled((void *)kparam(ctx, kvm_arch_set_irq_inatomic, e),
			       (void *)kparam(ctx, kvm_arch_set_irq_inatomic, kvm));
}

/* ---- vhost --------------------------------------------------------------------------------------- */

/* Queues of vhost are told apart by address; from a kick to the signal is what the guest waits. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} kicked SEC(".maps");

SEC("kprobe/vhost_poll_queue")
int kprobe_vhost_poll_queue(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();
	__u32 tgid = id >> 32;

	if (filtered(id))
		return 0;
	hit(VIRTIO_PART_VHOST);
	sum_put_for(0, VIRTIO_QUEUE, 0, 0, 0);
	bpf_map_update_elem(&kicked, &tgid, &now, BPF_NOEXIST);
	return 0;
}

/* In vhost's worker: a thread of the VMM's process from 6.4 on, a kernel thread before. */
SEC("kprobe/vhost_signal")
int kprobe_vhost_signal(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *since;
	__u32 tgid = id >> 32;

	if (filtered(id))
		return 0;
	hit(VIRTIO_PART_VHOST);
	sum_put_for(0, VIRTIO_SIGNAL, 0, 0, 0);
	since = bpf_map_lookup_elem(&kicked, &tgid);
	if (!since)
		return 0;
	sum_put_for(0, VIRTIO_WORK, 0, 0, bpf_ktime_get_ns() - *since);
	bpf_map_delete_elem(&kicked, &tgid);
	return 0;
}
