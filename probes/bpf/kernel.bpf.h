/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's structures as far as our programs touch them. Only names and types matter: offsets come
 * from the running kernel's BTF when a program is loaded (CO-RE), so members may be left out and their
 * order is free. Nothing here is generated from the kernel of a build machine.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef uint8_t __u8;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef uint64_t __u64;
typedef int8_t __s8;
typedef int16_t __s16;
typedef int32_t __s32;
typedef int64_t __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;

/* Of uapi/linux/bpf.h, by number: an ABI. */
enum {
	BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_ARRAY = 2, BPF_MAP_TYPE_PERF_EVENT_ARRAY = 4, BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9, BPF_MAP_TYPE_ARRAY_OF_MAPS = 12, BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_RB_AVAIL_DATA = 0 };

struct bpf_raw_tracepoint_args {
	__u64 args[0];
};

/* What kprobes and kretprobes get: as asm/ptrace.h of uapi, an ABI. */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	__u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs, eflags,
	      rsp, ss;
};
#elif defined(__TARGET_ARCH_powerpc)
struct pt_regs {
	__u64 gpr[32], nip, msr, orig_gpr3, ctr, link, xer, ccr, softe, trap, dar, dsisr, result;
};
#endif

/* Of uapi/linux/kvm.h: what the exits' details are read from. An ABI, so no relocation. */
struct kvm_run_exit {
	union {
		struct { __u8 direction, size; __u16 port; } io;		/* KVM_EXIT_IO, 2 */
		struct { __u64 phys_addr; __u8 data[8]; __u32 len; __u8 is_write; } mmio; /* KVM_EXIT_MMIO, 6 */
		struct { __u64 nr; } hcall;	/* KVM_EXIT_HYPERCALL, 3, and KVM_EXIT_PAPR_HCALL, 19 */
		struct { __u8 error, pad[7]; __u32 reason, index; } msr;	/* KVM_EXIT_X86_RDMSR, 29, WRMSR, 30 */
	};
};
#define KVM_RUN_EXIT_OFFSET 32	/* of that union in struct kvm_run */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct { long counter; } atomic_long_t;

/* A task in @owner, with flags in its low bits. */
struct mutex {
	atomic_long_t owner;
};

struct rw_semaphore {
	atomic_long_t owner;
};

struct mm_struct {
	struct rw_semaphore mmap_lock;
};

struct task_struct {
	int pid, tgid;
	struct mm_struct *mm;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	void *private_data;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

/* Only where the locks are matters here, so each of them may be a struct mutex. */
struct kvm_arch {
	struct mutex apic_map_lock, tsc_write_lock, tdp_mmu_pages_lock, mmu_unsync_pages_lock;	/* x86 */
	struct mutex mmu_setup_lock, rtas_token_lock, uvmem_lock;				/* powerpc */
};

struct kvm {
	struct mutex mmu_lock, slots_lock, slots_arch_lock, lock, irq_lock, ring_lock, mn_invalidate_lock, gpc_lock;
	int userspace_pid;
	struct mutex srcu, irq_srcu;
	struct kvm_arch arch;
};

struct kvm_vcpu_arch {
	int trap;	/* powerpc: the interrupt vector that ended the guest's run */
#if defined(__TARGET_ARCH_x86)
	unsigned long regs[17];	/* 16: the instruction pointer */
#elif defined(__TARGET_ARCH_powerpc)
	struct pt_regs regs;
#endif
};

struct kvm_run;

struct upid {
	int nr;
};

struct pid {
	struct upid numbers[1];
};

struct kvm_vcpu {
	struct kvm *kvm;
	struct pid *pid;	/* of the thread that runs it */
	struct kvm_run *run;
	struct mutex mutex;
	int vcpu_id;
	struct kvm_vcpu_arch arch;
};

/* x86, AMD: of the vendor module. */
struct vmcb_control_area {
	__u32 exit_code;
	__u64 exit_info_1, exit_info_2;
};

struct vmcb_save_area {
	__u64 rip;
};

struct vmcb {
	struct vmcb_control_area control;
	struct vmcb_save_area save;
};

struct vcpu_svm {
	struct kvm_vcpu vcpu;
	struct vmcb *vmcb;
};

/* What the perf tracepoints of kvm_hv record; where there is no BTF, tracefs describes them. */
struct trace_event_raw_kvm_guest_enter {
	int vcpu_id;
};

struct trace_event_raw_kvm_guest_exit {
	int vcpu_id, trap;
	unsigned long pc;
};

/* What the perf tracepoint kvm:kvm_exit records; the reason comes from the vendor module. */
struct trace_event_raw_kvm_exit {
	unsigned int exit_reason;
	unsigned long guest_rip;
	__u32 isa;
	__u64 info1, info2;
	unsigned int vcpu_id;
};

#pragma clang attribute pop
