/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Parameters and return values of kernel functions, at the places the running kernel's BTF says (the
 * probe's prototypes tell what is expected; probes/params.c compares). A parameter that is gone reads as 0.
 *
 *	PARAMS(kvm_pmu_rdpmc, 3)		how many there are: the return value of a fexit lies behind them
 *	PARAM(kvm_pmu_rdpmc, idx, 1)		third and first words as in the prototype, and its place there
 *
 *	SEC("fexit/kvm_pmu_rdpmc") int BTF-ish(__u64 *ctx)  { param(ctx, kvm_pmu_rdpmc, idx); result(ctx, kvm_pmu_rdpmc); }
 *	SEC("kprobe/kvm_pmu_rdpmc") int f(struct pt_regs *ctx)  { kparam(ctx, kvm_pmu_rdpmc, idx); }
 *	SEC("kretprobe/kvm_pmu_rdpmc") int f(struct pt_regs *ctx)  { kresult(ctx); }
 */
#pragma once

#include "probes/bpf/common.bpf.h"

#define PARAM_GONE 0xff
#define PARAMS(function, n) const volatile __u8 params_##function = n
#define PARAM(function, name, at) const volatile __u8 param_##function##_##name = at

/* Loads at fixed offsets, each its own instruction: a context may not be read at a computed place, and the
 * compiler must not make one place of several. The verifier knows the index and sees only one of them. */
#define context_load(ctx, offset) ({ \
	__u64 value__; \
	asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(value__) : "r"(ctx), "i"(offset)); \
	value__; \
})

static __always_inline __u64 trampoline_arg(void *ctx, __u8 at)
{
	switch (at) {
	case 0: return context_load(ctx, 0);
	case 1: return context_load(ctx, 8);
	case 2: return context_load(ctx, 16);
	case 3: return context_load(ctx, 24);
	case 4: return context_load(ctx, 32);
	case 5: return context_load(ctx, 40);
	case 6: return context_load(ctx, 48);
	default: return 0;
	}
}

#if defined(__TARGET_ARCH_x86)
static __always_inline __u64 register_arg(void *ctx, __u8 at)
{
	switch (at) {
	case 0: return context_load(ctx, __builtin_offsetof(struct pt_regs, rdi));
	case 1: return context_load(ctx, __builtin_offsetof(struct pt_regs, rsi));
	case 2: return context_load(ctx, __builtin_offsetof(struct pt_regs, rdx));
	case 3: return context_load(ctx, __builtin_offsetof(struct pt_regs, rcx));
	case 4: return context_load(ctx, __builtin_offsetof(struct pt_regs, r8));
	case 5: return context_load(ctx, __builtin_offsetof(struct pt_regs, r9));
	default: return 0;
	}
}
#define kresult(ctx) context_load(ctx, __builtin_offsetof(struct pt_regs, rax))
#elif defined(__TARGET_ARCH_powerpc)
#define GPR(n) (__builtin_offsetof(struct pt_regs, gpr) + 8 * (n))
static __always_inline __u64 register_arg(void *ctx, __u8 at)
{
	switch (at) {
	case 0: return context_load(ctx, GPR(3));
	case 1: return context_load(ctx, GPR(4));
	case 2: return context_load(ctx, GPR(5));
	case 3: return context_load(ctx, GPR(6));
	case 4: return context_load(ctx, GPR(7));
	case 5: return context_load(ctx, GPR(8));
	default: return 0;
	}
}
#define kresult(ctx) context_load(ctx, GPR(3))
#endif

#define param(ctx, function, name) trampoline_arg(ctx, param_##function##_##name)
#define result(ctx, function) trampoline_arg(ctx, params_##function)
#define kparam(ctx, function, name) register_arg(ctx, param_##function##_##name)
