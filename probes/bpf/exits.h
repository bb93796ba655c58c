/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* Maps of the probe `exits`, as its programs fill and user space reads them. */
#pragma once

#include "probes/hist.h"

/* What a duration is the time of, and what its reason means. */
enum exit_kind {
	EXIT_GUEST,	/* in the guest: entry to exit; no reason */
	EXIT_VMX,	/* host: exit to the next entry (or to user space), by VMX basic reason */
	EXIT_SVM,	/* the same by SVM exit code */
	EXIT_HV,	/* the same by POWER interrupt vector */
	EXIT_RUN,	/* inside KVM_RUN: its begin to its return, by KVM exit reason */
	EXIT_USER,	/* in user space: KVM_RUN's return to its next begin, by the reason it handles */
};

/* KVM_RUN gave errno instead of an exit: reason is this plus errno. */
#define EXIT_REASON_ERRNO 0x10000

/*
 * @detail says more of some reasons: of port accesses EXIT_DETAIL_IO, of MMIO the page with bit 0 for a
 * write, of hypercalls the number, of MSR accesses EXIT_DETAIL_MSR. EXIT_DETAIL_NONE: not known.
 */
#define EXIT_DETAIL_NONE UINT64_MAX
#define EXIT_DETAIL_IO(port, size, write) ((uint64_t)(port) | (uint64_t)(size) << 16 | (uint64_t)(write) << 24)

#define EXIT_DETAIL_MSR(index, write) ((uint64_t)(uint32_t)(index) | (uint64_t)!!(write) << 32)

/* Exit reasons of uapi/linux/kvm.h that have one. */
enum { REASON_IO = 2, REASON_HYPERCALL = 3, REASON_MMIO = 6, REASON_PAPR_HCALL = 19, REASON_RDMSR = 29,
       REASON_WRMSR = 30 };

struct exit_key {
	uint32_t tid, kind;
	uint64_t reason, detail;
};

/* Per vCPU thread. */
struct exit_vcpu {
	uint64_t entry_ns;	/* of the guest; 0: not in it */
	uint64_t exit_ns;	/* of a hardware exit whose end is not seen yet; 0: none */
	uint64_t run_ns;	/* KVM_RUN began; 0: not seen, or it is over */
	uint64_t user_ns;	/* KVM_RUN returned; 0: not seen */
	uint64_t exit_reason, exit_detail, user_reason, user_detail;
	uint64_t kvm_vcpu;	/* the kernel's struct; 0: not seen yet */
	uint64_t exit_rip, exit_info1, exit_info2; /* of the hardware exit */
	uint64_t guest_ns;	/* in the guest before it */
	uint32_t exit_kind, tgid;
	uint32_t vcpu;		/* number; ~0: not told yet */
	uint32_t pad;
};

/* Where in the guest exits come from. */
struct exit_place {
	uint64_t reason, rip;
	uint32_t kind, pad;
};

struct exit_place_sum {
	uint64_t count, total, max;
	uint64_t detail;	/* of the last one */
	uint64_t max_time_ns;	/* when the longest one ended */
	uint32_t max_tid, pad;
};

#define EXIT_PLACES 4096	/* the least recently used go */

#define EXIT_ENTRIES 2048	/* of the map of sums; more are counted as not kept */

/* Parts of the ladder, and indexes of their hit counters. */
enum exit_part { EXIT_PART_HARDWARE, EXIT_PART_RUNS, EXIT_PART_EMULATE, EXIT_PART_UNKEPT };
