/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sums of a probe (probes/bpf/sums.h): sum_put() in the thread that is measured, sum_put_for() elsewhere. */
#pragma once

#include "probes/bpf/common.bpf.h"

#include "probes/bpf/sums.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SUM_ENTRIES);
	__type(key, struct sum_key);
	__type(value, struct hist);
} sums SEC(".maps");

/* A value of zeros to insert; the stack has no room for one. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hist);
} zeros SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct sum_thread);
} threads SEC(".maps");

static __always_inline void sum_key_put(const struct sum_key *key, __u64 value)
{
	struct hist *h = bpf_map_lookup_elem(&sums, key), *fresh;
	__u32 zero = 0;

	if (!h) {
		fresh = bpf_map_lookup_elem(&zeros, &zero);
		if (!fresh)
			return;
		bpf_map_update_elem(&sums, key, fresh, BPF_NOEXIST);
		h = bpf_map_lookup_elem(&sums, key);
	}
	if (h)
		hist_put(h, value);
	else
		hit(SUM_HIT_UNKEPT);
}

static __always_inline void sum_put(__u32 what, __u64 a, __u64 b, __u64 value)
{
	struct sum_key key = {
		.tid = (__u32)bpf_get_current_pid_tgid(), .cpu = SUM_NO_CPU, .what = what, .a = a, .b = b,
	};

	sum_key_put(&key, value);
}

/* For thread @tid (0: none), from wherever we are: an interrupt, another thread. */
static __always_inline void sum_put_for(__u32 tid, __u32 what, __u64 a, __u64 b, __u64 value)
{
	struct sum_key key = { .tid = tid, .cpu = bpf_get_smp_processor_id(), .what = what, .a = a, .b = b };

	sum_key_put(&key, value);
}

static __always_inline void thread_note(__u32 tid, __u32 tgid, __u32 vcpu)
{
	struct sum_thread fresh = { .tgid = tgid, .vcpu = vcpu }, *t = bpf_map_lookup_elem(&threads, &tid);

	if (!t)
		bpf_map_update_elem(&threads, &tid, &fresh, BPF_ANY);
	else if (t->vcpu != vcpu && vcpu != NO_VCPU)
		t->vcpu = vcpu;
}

/* The current thread runs vCPU @id. */
static __always_inline void thread_is_vcpu(__u32 id)
{
	__u64 current = bpf_get_current_pid_tgid();

	thread_note((__u32)current, current >> 32, id);
}

static __always_inline __u32 vcpu_id_of(struct kvm_vcpu *vcpu)
{
	int id;

	return BPF_CORE_READ_INTO(&id, vcpu, vcpu_id) ? NO_VCPU : (__u32)id;
}

/* The thread that runs @vcpu, from a context that is not its own; 0: not known. */
static __always_inline __u32 tid_of_vcpu(struct kvm_vcpu *vcpu)
{
	struct pid *pid;

	if (BPF_CORE_READ_INTO(&pid, vcpu, pid) || !pid)
		return 0;
	return BPF_CORE_READ(pid, numbers[0].nr);
}

static __always_inline __u32 tgid_of_kvm(struct kvm *kvm)
{
	return bpf_core_field_exists(kvm->userspace_pid) ? BPF_CORE_READ(kvm, userspace_pid) : 0;
}

/* Is it of a VM that nobody asked for? In contexts where the current thread says nothing. */
static __always_inline bool kvm_filtered(struct kvm *kvm)
{
	return filter_kernel_tgid && tgid_of_kvm(kvm) != filter_kernel_tgid;
}
