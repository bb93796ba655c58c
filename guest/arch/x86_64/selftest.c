/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which stop mechanisms does this host's KVM really serve? A throw-away VM with one vCPU in long mode
 * tries each: a KVM that emulates ring 0 ignores data breakpoints and cannot deliver int3, whatever its
 * capabilities say.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "guest/arch/x86_64/x86.h"

#define RAM (64u << 10)
#define CODE 0x1000u
#define DATA 0x2000u
#define ROM 0x20000u	/* guest-physical, read-only slot */
#define PML4 0x4000u
#define MAX_EXITS 16

struct test {
	int vm, vcpu;
	uint8_t *ram;
	struct kvm_run *run;
	size_t run_size;
	struct kvm_sregs sregs;
};

/* nop; nop; movb $1, (DATA); movb $2, (ROM); nop; nop; hlt */
static const uint8_t code[] = {
	0x90, 0x90,
	0xc6, 0x04, 0x25, DATA & 0xff, DATA >> 8, 0, 0, 1,
	0xc6, 0x04, 0x25, ROM & 0xff, (ROM >> 8) & 0xff, ROM >> 16, 0, 2,
	0x90, 0x90, 0xf4,
};
enum {
	AT_SECOND_NOP = CODE + 1, AT_STORE = CODE + 2, AT_ROM_STORE = CODE + 10, AT_THIRD_NOP = CODE + 18,
};

static void test_close(struct test *t)
{
	if (t->run && t->run != MAP_FAILED)
		munmap(t->run, t->run_size);
	if (t->ram && t->ram != MAP_FAILED)
		munmap(t->ram, RAM);
	if (t->vcpu >= 0)
		close(t->vcpu);
	if (t->vm >= 0)
		close(t->vm);
}

static bool map_slot(struct test *t, unsigned slot, uint64_t gpa, uint64_t len, uint32_t flags)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot, .flags = flags, .guest_phys_addr = gpa, .memory_size = len,
		.userspace_addr = (uintptr_t)t->ram,
	};

	return ioctl(t->vm, KVM_SET_USER_MEMORY_REGION, &r) == 0;
}

/* Long mode, first 2 MiB identity mapped. */
static bool set_long_mode(struct test *t)
{
	struct kvm_segment cs = { .limit = ~0u, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1 };
	struct kvm_segment ds = { .limit = ~0u, .selector = 16, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1 };

	le64_write(t->ram + PML4, (PML4 + 0x1000) | 3);
	le64_write(t->ram + PML4 + 0x1000, (PML4 + 0x2000) | 3);
	le64_write(t->ram + PML4 + 0x2000, 0x83);
	if (ioctl(t->vcpu, KVM_GET_SREGS, &t->sregs))
		return false;
	t->sregs.cs = cs;
	t->sregs.ds = t->sregs.es = t->sregs.fs = t->sregs.gs = t->sregs.ss = ds;
	t->sregs.cr0 = 0x80000011;
	t->sregs.cr3 = PML4;
	t->sregs.cr4 = X86_CR4_PAE;
	t->sregs.efer = X86_EFER_LME | X86_EFER_LMA;
	return true;
}

static struct error *test_open(struct test *t, int kvm_fd)
{
	int size = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	uint64_t identity = 0xfffbc000;

	*t = (struct test){ .vm = -1, .vcpu = -1, .run_size = size > 0 ? (size_t)size : 0 };
	t->vm = ioctl(kvm_fd, KVM_CREATE_VM, 0);
	t->ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->vm < 0 || t->ram == MAP_FAILED)
		goto fail;
	ioctl(t->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity);
	ioctl(t->vm, KVM_SET_TSS_ADDR, 0xfffbd000);
	if (!map_slot(t, 0, 0, RAM, 0))
		goto fail;
	t->vcpu = ioctl(t->vm, KVM_CREATE_VCPU, 0);
	if (t->vcpu < 0)
		goto fail;
	t->run = mmap(NULL, t->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, t->vcpu, 0);
	if (t->run == MAP_FAILED || !set_long_mode(t))
		goto fail;
	return NULL;
fail:
	return error_errno(errno, "cannot create the self-test guest");
}

static bool start(struct test *t)
{
	struct kvm_regs regs = { .rip = CODE, .rsp = 0x3000, .rflags = 2 };

	memcpy(t->ram + CODE, code, sizeof(code));
	memset(t->ram + DATA, 0, 16);
	return ioctl(t->vcpu, KVM_SET_SREGS, &t->sregs) == 0 && ioctl(t->vcpu, KVM_SET_REGS, &regs) == 0;
}

static bool debug(struct test *t, uint32_t control, uint64_t dr0, uint64_t dr7)
{
	struct kvm_guest_debug g = { .control = control };

	g.arch.debugreg[0] = dr0;
	g.arch.debugreg[7] = dr7 | 0x400;
	return ioctl(t->vcpu, KVM_SET_GUEST_DEBUG, &g) == 0;
}

/* Runs to the first exit that is not a hiccup; 0 when KVM_RUN fails. */
static uint32_t run(struct test *t)
{
	for (unsigned i = 0; i < MAX_EXITS; i++) {
		if (ioctl(t->vcpu, KVM_RUN, 0) == 0)
			return t->run->exit_reason;
		if (errno != EINTR && errno != EAGAIN)
			break;
	}
	return 0;
}

static bool debug_at(struct test *t, uint64_t pc)
{
	return run(t) == KVM_EXIT_DEBUG && t->run->debug.arch.pc == pc;
}

static uint64_t rip(struct test *t)
{
	struct kvm_regs regs = { 0 };

	ioctl(t->vcpu, KVM_GET_REGS, &regs);
	return regs.rip;
}

/*
 * Hardware steps by the guest's trap flag, which a KVM that emulates an instruction drops when it writes
 * the flags back: the next step then runs away, unless KVM is told again.
 */
static bool step_lasts(struct test *t)
{
	if (!start(t) || !debug(t, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP, 0, 0))
		return false;
	for (unsigned i = 0; i < MAX_EXITS && rip(t) < AT_THIRD_NOP; i++)
		run(t); /* steps, and the store's MMIO exit */
	if (rip(t) != AT_THIRD_NOP)
		return false;
	/* The exit for the store itself may still have to be completed. */
	if (t->run->exit_reason == KVM_EXIT_MMIO) {
		t->run->immediate_exit = 1;
		ioctl(t->vcpu, KVM_RUN, 0);
		t->run->immediate_exit = 0;
	}
	return rip(t) == AT_THIRD_NOP && debug_at(t, AT_THIRD_NOP + 1);
}

static void try_all(struct test *t, struct mech_support *ret)
{
	const uint32_t on = KVM_GUESTDBG_ENABLE, hw = on | KVM_GUESTDBG_USE_HW_BP;
	uint32_t reason;

	ret->step = start(t) && debug(t, on | KVM_GUESTDBG_SINGLESTEP, 0, 0) && debug_at(t, AT_SECOND_NOP);
	ret->break_dr = start(t) && debug(t, hw, AT_STORE, 0x302) && debug_at(t, AT_STORE);
	/* A write watchpoint traps after the store. */
	ret->watch_dr = start(t) && debug(t, hw, DATA, 0x302 | 1 << 16) && debug_at(t, AT_ROM_STORE);
	if (start(t) && debug(t, on | KVM_GUESTDBG_USE_SW_BP, 0, 0)) {
		t->ram[AT_SECOND_NOP] = 0xcc;
		reason = run(t);
		ret->break_byte = reason == KVM_EXIT_DEBUG && t->run->debug.arch.exception == 3 &&
				  t->run->debug.arch.pc == AT_SECOND_NOP;
		ret->byte_by_failure = ret->break_byte ||
				       (reason == KVM_EXIT_INTERNAL_ERROR && rip(t) == AT_SECOND_NOP);
	}
	ret->step_lasts = ret->step && step_lasts(t);
	ret->readonly = map_slot(t, 1, ROM, RAM, KVM_MEM_READONLY) && start(t) && debug(t, 0, 0, 0) &&
			run(t) == KVM_EXIT_MMIO && t->run->mmio.is_write && t->run->mmio.phys_addr == ROM;
}

struct error *x86_selftest(int kvm_fd, struct mech_support *ret)
{
	struct test t;
	struct error *err = test_open(&t, kvm_fd);

	memset(ret, 0, sizeof(*ret));
	if (!err)
		try_all(&t, ret);
	test_close(&t);
	return err;
}
