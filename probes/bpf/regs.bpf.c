/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which CPUs guests have run on. What a guest must not leave behind in a CPU can not be read by programs
 * in the kernel; a thread of ours reads it on those CPUs (probes/regs.c).
 */
#include "probes/bpf/sums.bpf.h"

#include "probes/bpf/regs.h"

struct ev_exit {
	__u32 cpu;
	__u32 pad;
} __attribute__((btf_decl_tag("help:a guest left this CPU")));
DECLARE_EVENT(ev_exit);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, REGS_CPUS);
	__type(key, __u32);
	__type(value, __u64);
} cpus SEC(".maps");

static __always_inline int left(void)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct ev_exit_record *r;
	void *ring;
	__u64 *n;

	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	hit(REGS_PART_EXITS);
	n = bpf_map_lookup_elem(&cpus, &cpu);
	if (n)
		++*n;
	if (!want_events)
		return 0;
	r = event_reserve(ev_exit, NO_VCPU, bpf_ktime_get_ns(), &ring);
	if (!r)
		return 0;
	r->ev.cpu = cpu;
	r->ev.pad = 0;
	event_submit(r, ring);
	return 0;
}

/* Registers that user space can read are given back before KVM_RUN returns. */
SEC("raw_tp/kvm_userspace_exit")
int raw_kvm_userspace_exit(struct bpf_raw_tracepoint_args *ctx)
{
	return left();
}

#if defined(__TARGET_ARCH_powerpc)
SEC("raw_tp/kvm_guest_exit")
int raw_guest_exit(struct bpf_raw_tracepoint_args *ctx)
{
	return left();
}

SEC("tp/kvm_hv/kvm_guest_exit")
int tp_guest_exit(void *ctx)
{
	return left();
}
#endif
