/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of KVM's locks: an iterator over the files of all tasks tells what lies where. Include once. */
#pragma once

#include "probes/bpf/common.bpf.h"

#include "probes/bpf/lock_object.h"

#define tell(base, type, member, text) do { \
	if (bpf_core_field_exists(type, member)) { \
		o.addr = (__u64)(base) + bpf_core_field_offset(type, member); \
		__builtin_memcpy(o.name, text, sizeof(text)); \
		bpf_seq_write(ctx->meta->seq, &o, sizeof(o)); \
		__builtin_memset(o.name, 0, sizeof(o.name)); \
	} \
} while (0)

/* Files of KVM know their object: the locks in it, by the running kernel's offsets. */
SEC("iter/task_file")
int iter_objects(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct lock_object o = { .vcpu = -1 };
	struct kvm_vcpu *vcpu;
	struct mm_struct *mm;
	char name[12] = "";
	void *object;

	if (!task || !file || (filter_kernel_tgid && (__u32)task->tgid != filter_kernel_tgid))
		return 0;
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (name[0] != 'k' || name[1] != 'v' || name[2] != 'm' || name[3] != '-')
		return 0;
	object = BPF_CORE_READ(file, private_data);
	/* Of the process that is asked for, by the number that it was asked for by. */
	o.tgid = filter_tgid ? filter_tgid : task->tgid;
	o.fd = ctx->fd;
	if (name[4] == 'v' && name[5] == 'm' && !name[6]) {
		o.kvm = (__u64)object;
		tell(object, struct kvm, mmu_lock, "kvm->mmu_lock");
		tell(object, struct kvm, slots_lock, "kvm->slots_lock");
		tell(object, struct kvm, slots_arch_lock, "kvm->slots_arch_lock");
		tell(object, struct kvm, lock, "kvm->lock");
		tell(object, struct kvm, irq_lock, "kvm->irq_lock");
		tell(object, struct kvm, ring_lock, "kvm->ring_lock");
		tell(object, struct kvm, mn_invalidate_lock, "kvm->mn_invalidate_lock");
		tell(object, struct kvm, gpc_lock, "kvm->gpc_lock");
		tell(object, struct kvm, srcu, "kvm->srcu");
		tell(object, struct kvm, irq_srcu, "kvm->irq_srcu");
		tell(object, struct kvm, arch.apic_map_lock, "kvm->arch.apic_map_lock");
		tell(object, struct kvm, arch.tsc_write_lock, "kvm->arch.tsc_write_lock");
		tell(object, struct kvm, arch.tdp_mmu_pages_lock, "kvm->arch.tdp_mmu_pages_lock");
		tell(object, struct kvm, arch.mmu_unsync_pages_lock, "kvm->arch.mmu_unsync_pages_lock");
		tell(object, struct kvm, arch.mmu_setup_lock, "kvm->arch.mmu_setup_lock");
		tell(object, struct kvm, arch.rtas_token_lock, "kvm->arch.rtas_token_lock");
		tell(object, struct kvm, arch.uvmem_lock, "kvm->arch.uvmem_lock");
		mm = BPF_CORE_READ(task, mm);
		if (mm)
			tell(mm, struct mm_struct, mmap_lock, "mmap_lock");
	} else if (name[4] == 'v' && name[5] == 'c' && name[8] == ':') {
		vcpu = object;
		o.kvm = (__u64)BPF_CORE_READ(vcpu, kvm);
		o.vcpu = BPF_CORE_READ(vcpu, vcpu_id);
		tell(vcpu, struct kvm_vcpu, mutex, "vcpu->mutex");
	}
	return 0;
}
