/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* One lock of a KVM object, as the iterator of probes/bpf/lock_names.bpf.h finds it. */
#pragma once

#include <stdint.h>

struct lock_object {
	uint64_t addr;
	uint64_t kvm;		/* struct kvm it belongs to; of mmap_lock: that of the file */
	uint32_t tgid, fd;
	int32_t vcpu;		/* -1: of the VM */
	uint32_t pad;
	char name[32];		/* "kvm->lock" */
};
