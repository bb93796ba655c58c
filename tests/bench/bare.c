/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The controls: KVM as a hundred-line C program drives it, nothing of ours. */
#include "tests/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define STEPS 20000
#define EXITS 20000
#define HITS 4000
#define SEARCH_BYTES (256u << 20)

struct bare {
	int kvm, vm, vcpu;
	size_t run_size;
	struct kvm_run *run;
	uint8_t *ram;
};

#define RAM_SIZE (1u << 20)

static void bare_close(struct bare *b)
{
	if (b->run)
		munmap(b->run, b->run_size);
	if (b->ram)
		munmap(b->ram, RAM_SIZE);
	close(b->vcpu);
	close(b->vm);
	close(b->kvm);
}

static bool bare_open(struct bare *b, const uint8_t *code, size_t len, const char **why)
{
	struct kvm_userspace_memory_region region = { .memory_size = RAM_SIZE };
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rip = BENCH_ADDR, .rflags = 2 };
	struct kvm_pit_config pit = { 0 };

	memset(b, 0, sizeof(*b));
	b->vm = b->vcpu = -1;
	b->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (b->kvm < 0) {
		*why = "no /dev/kvm";
		return false;
	}
	b->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	b->vm = ioctl(b->kvm, KVM_CREATE_VM, 0);
	region.userspace_addr = (uintptr_t)b->ram;
	memcpy(b->ram + BENCH_ADDR, code, len);
	ioctl(b->vm, KVM_SET_TSS_ADDR, 0xfffbd000);
	if (ioctl(b->vm, KVM_CREATE_IRQCHIP, 0) || ioctl(b->vm, KVM_CREATE_PIT2, &pit) ||
	    ioctl(b->vm, KVM_SET_USER_MEMORY_REGION, &region)) {
		*why = "KVM cannot create the control's VM";
		bare_close(b);
		return false;
	}
	b->vcpu = ioctl(b->vm, KVM_CREATE_VCPU, 0);
	b->run_size = (size_t)ioctl(b->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	b->run = mmap(NULL, b->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, b->vcpu, 0);
	ioctl(b->vcpu, KVM_GET_SREGS, &sregs);
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(b->vcpu, KVM_SET_SREGS, &sregs) || ioctl(b->vcpu, KVM_SET_REGS, &regs)) {
		*why = "KVM refuses the control's registers";
		bare_close(b);
		return false;
	}
	return true;
}

static bool bare_debug(struct bare *b, uint32_t control, uint64_t dr0)
{
	struct kvm_guest_debug dbg = { .control = control };

	dbg.arch.debugreg[0] = dr0;
	dbg.arch.debugreg[7] = control & KVM_GUESTDBG_USE_HW_BP ? 0x402 : 0x400;
	return ioctl(b->vcpu, KVM_SET_GUEST_DEBUG, &dbg) == 0;
}

#ifndef KVM_GUESTDBG_BLOCKIRQ
#define KVM_GUESTDBG_BLOCKIRQ 0x00100000
#endif
#define STEP_FLAGS (KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_BLOCKIRQ)

bool bare_step_rate(double *ret, const char **why)
{
	struct bare b;
	uint64_t t0;
	bool ok = false;

	if (!bare_open(&b, bench_loop_code, bench_loop_len, why))
		return false;
	*why = "single-step does not work here";
	if (bare_debug(&b, STEP_FLAGS, 0)) {
		t0 = bench_now_ns();
		ok = true;
		for (unsigned i = 0; i < STEPS && ok; i++)
			ok = ioctl(b.vcpu, KVM_RUN, 0) == 0 && b.run->exit_reason == KVM_EXIT_DEBUG;
		*ret = STEPS * 1e9 / (double)(bench_now_ns() - t0);
	}
	bare_close(&b);
	return ok;
}

bool bare_io_rate(double *ret, const char **why)
{
	struct bare b;
	volatile uint8_t sink = 0;
	uint64_t t0;
	bool ok = true;

	if (!bare_open(&b, bench_io_code, bench_io_len, why))
		return false;
	*why = "the control saw an unexpected exit";
	t0 = bench_now_ns();
	for (unsigned i = 0; i < EXITS && ok; i++) {
		ok = ioctl(b.vcpu, KVM_RUN, 0) == 0 && b.run->exit_reason == KVM_EXIT_IO;
		sink = ((uint8_t *)b.run)[b.run->io.data_offset];
	}
	(void)sink;
	*ret = EXITS * 1e9 / (double)(bench_now_ns() - t0);
	bare_close(&b);
	return ok;
}

/* A hit, slot off, one step, slot on: the least anybody needs for a condition that is false. */
bool bare_false_break_rate(double *ret, const char **why)
{
	const uint32_t bp = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
	struct bare b;
	uint64_t t0;
	bool ok;

	if (!bare_open(&b, bench_loop_code, bench_loop_len, why))
		return false;
	*why = "hardware breakpoints do not work here";
	ok = bare_debug(&b, bp, BENCH_ADDR);
	t0 = bench_now_ns();
	for (unsigned i = 0; i < HITS && ok; i++) {
		ok = ioctl(b.vcpu, KVM_RUN, 0) == 0 && b.run->exit_reason == KVM_EXIT_DEBUG &&
		     bare_debug(&b, STEP_FLAGS, 0) && ioctl(b.vcpu, KVM_RUN, 0) == 0 &&
		     b.run->exit_reason == KVM_EXIT_DEBUG && bare_debug(&b, bp, BENCH_ADDR);
	}
	*ret = HITS * 1e9 / (double)(bench_now_ns() - t0);
	bare_close(&b);
	return ok;
}

bool bare_memcpy_rate(double *ret, const char **why)
{
	static uint8_t *src, *dst;
	uint64_t t0;

	if (!src) {
		src = malloc(SEARCH_BYTES);
		dst = malloc(SEARCH_BYTES);
		if (!src || !dst) {
			*why = "not enough memory for the control";
			return false;
		}
		memset(src, 0x5a, SEARCH_BYTES);
		memset(dst, 0, SEARCH_BYTES);
	}
	t0 = bench_now_ns();
	memcpy(dst, src, SEARCH_BYTES);
	*ret = SEARCH_BYTES * 1e9 / (double)(bench_now_ns() - t0);
	__asm__ volatile("" : : "r"(dst) : "memory");
	return true;
}
